/* SPDX-License-Identifier: MIT */
/* Memory for devices: see dma.h. */
#include "dom0/drivers/dma.h"

#include <stdbool.h>
#include <string.h>

#include <xen/memory.h>

#include "dom0/memory.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"

#define ADDRESS_BITS 32
#define LOW_FRAMES (1ul << (ADDRESS_BITS - PAGE_SHIFT))
#define MAX_PAGES 64u

/* What a run may waste at the end of a page table's reach. */
#define PAGES_TO_SPARE 16u

static bool is_contiguous(const char *first, unsigned pages)
{
	unsigned long mfn = va_to_mfn(first);
	unsigned i;

	for (i = 0; i < pages; i++)
		if (va_to_mfn(first + i * PAGE_SIZE) != mfn + i)
			return false;
	return mfn + pages <= LOW_FRAMES;
}

static void map_run(char *first, unsigned pages)
{
	unsigned i;

	for (i = 0; i < pages; i++)
		BUG_ON(page_protect(first + i * PAGE_SIZE, PTE_KERNEL_RW));
}

/* Swaps the frames behind 2^order pages for such that are next to each other. */
static bool exchange(char *first, unsigned order)
{
	xen_pfn_t in[MAX_PAGES], out = va_to_pfn(first);
	struct xen_memory_exchange swap = {
		.in = { .nr_extents = 1ul << order, .domid = DOMID_SELF },
		.out = { .nr_extents = 1,
			 .extent_order = order,
			 .domid = DOMID_SELF,
			 .mem_flags = XENMEMF_address_bits(ADDRESS_BITS) },
	};
	unsigned i, pages = 1u << order;
	bool done;

	for (i = 0; i < pages; i++) {
		in[i] = va_to_mfn(first + i * PAGE_SIZE);
		BUG_ON(mm_map(first + i * PAGE_SIZE, 0));
	}
	set_xen_guest_handle(swap.in.extent_start, in);
	set_xen_guest_handle(swap.out.extent_start, &out);
	done = !HYPERVISOR_memory_op(XENMEM_exchange, &swap) && swap.nr_exchanged == pages;
	for (i = 0; done && i < pages; i++)
		p2m_table()[va_to_pfn(first) + i] = out + i;
	map_run(first, pages);
	return done;
}

static unsigned order_of(unsigned pages)
{
	unsigned order = 0;

	while (1u << order < pages)
		order++;
	return order;
}

void *dma_alloc(unsigned pages, uint64_t *maddr)
{
	unsigned order = order_of(pages);
	char *run;

	if (!pages || pages > MAX_PAGES || heap_pages_left() < (1u << order) + PAGES_TO_SPARE)
		return NULL;
	run = page_alloc_run(1u << order);
	if (!is_contiguous(run, pages) && !exchange(run, order))
		return NULL;
	*maddr = (uint64_t)va_to_mfn(run) << PAGE_SHIFT;
	return memset(run, 0, pages * PAGE_SIZE);
}

uint64_t virt_to_maddr(const void *address)
{
	pte_t entry = pte_read(address);

	BUG_ON(!(entry & PTE_P));
	return (entry & PTE_FRAME) | (PTR32(address) & ~PAGE_MASK);
}
