/* SPDX-License-Identifier: MIT */
/* Heap and windows on other domains' frames: see memory.h. */
#include "dom0/memory.h"

#include <malloc.h>
#include <string.h>

#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"

#define HEAP_START 0x40000000u
#define HEAP_END 0x80000000u
#define HEAP_STEP (64u * PAGE_BYTES)
#define FOREIGN_START 0x80000000u
#define FOREIGN_SLOTS 4096u
#define BATCH 64u

/* What the allocator may need for tables of its own while the heap takes the last pages. */
#define PAGES_IN_HAND 64u

static uint32_t heap_end = HEAP_START, heap_mapped = HEAP_START;
static uint8_t slot_used[FOREIGN_SLOTS];

/* ---- heap ---- */

unsigned long heap_pages_left(void)
{
	unsigned long pages = mm_pages_left();

	return pages > PAGES_IN_HAND ? pages - PAGES_IN_HAND : 0;
}

unsigned long heap_bytes_left(void)
{
	return heap_pages_left() * PAGE_SIZE + (unsigned long)mallinfo().fordblks;
}

static bool heap_map_to(uint32_t end)
{
	if ((end - heap_mapped) / PAGE_SIZE > heap_pages_left())
		return false;
	for (; heap_mapped < end; heap_mapped += PAGE_SIZE) {
		BUG_ON(mm_ensure_tables(heap_mapped));
		BUG_ON(mm_map((void *)heap_mapped,
			      mfn_pte(va_to_mfn(page_alloc()), PTE_KERNEL_RW)));
	}
	return true;
}

void *heap_extend(ptrdiff_t increment)
{
	uint32_t old = heap_end, end;

	if (increment < 0 || (uint32_t)increment > HEAP_END - heap_end)
		return NULL;
	end = old + (uint32_t)increment;
	if (end > heap_mapped && !heap_map_to((end + HEAP_STEP - 1) & ~(HEAP_STEP - 1)) &&
	    !heap_map_to((end + PAGE_SIZE - 1) & PAGE_MASK))
		return NULL;
	heap_end = end;
	return (void *)old;
}

/* ---- foreign frames ---- */

static uint32_t slot_address(unsigned slot)
{
	return FOREIGN_START + slot * PAGE_SIZE;
}

/* First run of that many free slots; FOREIGN_SLOTS when there is none. */
static unsigned find_slots(unsigned count)
{
	unsigned run = 0, i;

	for (i = 0; i < FOREIGN_SLOTS; i++) {
		run = slot_used[i] ? 0 : run + 1;
		if (run == count)
			return i + 1 - count;
	}
	return FOREIGN_SLOTS;
}

/* mfns NULL: unmap. */
static int set_entries(domid_t domain, unsigned slot, const xen_pfn_t *mfns, unsigned count,
		       pte_t flags)
{
	struct mmu_update updates[BATCH];
	unsigned done, n, i;
	int rc = 0;

	for (done = 0; done < count && !rc; done += n) {
		n = count - done < BATCH ? count - done : BATCH;
		for (i = 0; i < n; i++) {
			updates[i].ptr = pte_maddr(slot_address(slot + done + i), 1) |
					 MMU_NORMAL_PT_UPDATE;
			updates[i].val = mfns ? mfn_pte(mfns[done + i], flags) : 0;
		}
		rc = HYPERVISOR_mmu_update(updates, n, NULL, domain);
	}
	return rc;
}

static void flush(unsigned slot, unsigned count)
{
	unsigned i;

	if (count > BATCH) {
		mmuext_one(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
		return;
	}
	for (i = 0; i < count; i++)
		mmuext_one(MMUEXT_INVLPG_LOCAL, slot_address(slot + i), 0);
}

static void *window_map(domid_t domain, const xen_pfn_t *mfns, unsigned count, pte_t flags)
{
	unsigned slot = find_slots(count), i;

	if (slot == FOREIGN_SLOTS)
		return NULL;
	for (i = 0; i < count; i++)
		if (mm_ensure_tables(slot_address(slot + i)))
			return NULL;
	if (set_entries(domain, slot, mfns, count, flags)) {
		set_entries(DOMID_SELF, slot, NULL, count, 0);
		flush(slot, count);
		return NULL;
	}
	memset(&slot_used[slot], 1, count);
	return (void *)slot_address(slot);
}

void *foreign_map(domid_t domain, const xen_pfn_t *mfns, unsigned count, bool writable)
{
	return window_map(domain, mfns, count, writable ? PTE_KERNEL_RW : PTE_KERNEL_RO);
}

void *device_map(xen_pfn_t first, unsigned count)
{
	xen_pfn_t mfns[DEVICE_PAGES_MAX];
	unsigned i;

	if (!count || count > DEVICE_PAGES_MAX)
		return NULL;
	for (i = 0; i < count; i++)
		mfns[i] = first + i;
	return window_map(DOMID_IO, mfns, count, PTE_KERNEL_RW | PTE_PCD | PTE_PWT);
}

void foreign_unmap(void *address, unsigned count)
{
	unsigned slot;

	if (!address)
		return;
	slot = (PTR32(address) - FOREIGN_START) / PAGE_SIZE;
	BUG_ON(set_entries(DOMID_SELF, slot, NULL, count, 0));
	flush(slot, count);
	memset(&slot_used[slot], 0, count);
}

void *page_window_get(void)
{
	unsigned slot = find_slots(1);

	if (slot == FOREIGN_SLOTS || mm_ensure_tables(slot_address(slot)))
		return NULL;
	slot_used[slot] = 1;
	return (void *)slot_address(slot);
}

void page_window_put(void *address)
{
	slot_used[(PTR32(address) - FOREIGN_START) / PAGE_SIZE] = 0;
}

void *dma_page_get(uint64_t *maddr)
{
	void *page = heap_pages_left() ? page_alloc() : NULL;

	if (page)
		*maddr = (uint64_t)va_to_mfn(page) << PAGE_SHIFT;
	return page;
}

void dma_page_put(void *page)
{
	page_free(page);
}
