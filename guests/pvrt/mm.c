/* SPDX-License-Identifier: MIT */
/*
 * Page allocator and page-table helpers.  Free memory starts behind the last boot object; the boot
 * tables map only its first part, so the allocator adds level-1 tables as it goes (page_alloc_run).
 */
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/string.h"

#include <xen/memory.h>

struct free_page {
	struct free_page *next;
};

const unsigned long *m2p_table = (const unsigned long *)MACH2PHYS_VIRT_START;
unsigned long m2p_entries = MACH2PHYS_NR_ENTRIES;

static struct free_page *free_pages;
static unsigned long next_pfn, end_pfn, nr_free;

static unsigned long max_ul(unsigned long a, unsigned long b)
{
	return a > b ? a : b;
}

static unsigned long page_up(unsigned long va)
{
	return (va + PAGE_SIZE - 1) & PAGE_MASK;
}

/* The boot objects' order is the builder's business: free memory starts behind the last one. */
static unsigned long first_free_address(void)
{
	const struct start_info *si = start_info;
	unsigned long end = page_up(boot_stack_top);

	end = max_ul(end, page_up(PTR32(si) + sizeof(*si)));
	end = max_ul(end, si->pt_base + si->nr_pt_frames * PAGE_SIZE);
	end = max_ul(end, page_up(si->mfn_list + si->nr_pages * sizeof(unsigned long)));
	if (si->mod_len && !(si->flags & SIF_MOD_START_PFN))
		end = max_ul(end, page_up(si->mod_start + si->mod_len));
	return end;
}

void mm_init(void)
{
	struct xen_machphys_mapping mapping;
	unsigned long limit;

	if (!HYPERVISOR_memory_op(XENMEM_machphys_mapping, &mapping)) {
		m2p_table = (const unsigned long *)mapping.v_start;
		m2p_entries = mapping.max_mfn + 1;
	}
	next_pfn = va_to_pfn((void *)first_free_address());
	limit = (HYPERVISOR_VIRT_START - VIRT_BASE) >> PAGE_SHIFT;
	end_pfn = start_info->nr_pages < limit ? start_info->nr_pages : limit;
}

unsigned long mfn_to_pfn(unsigned long mfn)
{
	return mfn < m2p_entries ? m2p_table[mfn] : INVALID_MFN;
}

/* --- Page tables --- */

pte_t *mm_top_table(void)
{
	return (pte_t *)start_info->pt_base;
}

const volatile pte_t *pte_find(uint32_t va, unsigned int level)
{
	const volatile pte_t *table = mm_top_table();
	unsigned int at;

	for (at = 3; at > level; at--) {
		pte_t entry = table[table_index(va, at)];

		if (!(entry & PTE_P))
			return NULL;
		table = pfn_to_va(mfn_to_pfn(pte_mfn(entry)));
	}
	return &table[table_index(va, level)];
}

uint64_t pte_maddr(uint32_t va, unsigned int level)
{
	const volatile pte_t *entry = pte_find(va, level);

	if (!entry)
		return 0;
	return ((uint64_t)va_to_mfn((const void *)entry) << PAGE_SHIFT) |
	       (PTR32(entry) & ~PAGE_MASK);
}

pte_t pte_read(const void *va)
{
	const volatile pte_t *entry = pte_find(PTR32(va), 1);

	return entry ? *entry : 0;
}

int mm_map(void *va, pte_t pte)
{
	return HYPERVISOR_update_va_mapping(PTR32(va), pte, UVMF_INVLPG | UVMF_LOCAL);
}

int page_protect(void *page, pte_t flags)
{
	return mm_map(page, mfn_pte(va_to_mfn(page), flags));
}

int mmu_write(uint64_t maddr, pte_t value)
{
	struct mmu_update update = { .ptr = maddr | MMU_NORMAL_PT_UPDATE, .val = value };

	return HYPERVISOR_mmu_update(&update, 1, NULL, DOMID_SELF);
}

int mmuext_one(unsigned int cmd, unsigned long arg1, unsigned long arg2)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = arg1, .arg2.src_mfn = arg2 };

	return HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

int table_pin(void *table, unsigned int level)
{
	return mmuext_one(MMUEXT_PIN_L1_TABLE + level - 1, va_to_mfn(table), 0);
}

int table_unpin(void *table)
{
	return mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(table), 0);
}

/* Makes the page a table of that level by hooking it into the entry above it. */
static int hook_table(uint32_t va, unsigned int level, void *table)
{
	int rc = page_protect(table, PTE_KERNEL_RO);

	if (rc)
		return rc;
	return mmu_write(pte_maddr(va, level + 1),
			 mfn_pte(va_to_mfn(table), level == 2 ? PTE_P : PTE_TABLE));
}

int mm_ensure_tables(uint32_t va)
{
	unsigned int level;
	int rc;

	for (level = 2; level; level--) {
		if (*pte_find(va, level + 1) & PTE_P)
			continue;
		rc = hook_table(va, level, page_alloc());
		if (rc)
			return rc;
	}
	return 0;
}

/* --- Pages --- */

/* Extends the kernel map by the 2 MiB around pfn, with a table that lies in the mapped part. */
static void grow_kernel_map(unsigned long pfn, unsigned long table_pfn)
{
	unsigned long first = pfn & ~(ENTRIES_PER_TABLE - 1ul);
	pte_t *table = pfn_to_va(table_pfn);
	unsigned int i;

	memset(table, 0, PAGE_SIZE);
	for (i = 0; i < ENTRIES_PER_TABLE && first + i < end_pfn; i++)
		table[i] = mfn_pte(pfn_to_mfn(first + i), PTE_KERNEL_RW);
	BUG_ON(hook_table(PTR32(pfn_to_va(pfn)), 1, table));
}

/* True when pfn can be reached in the kernel map. */
static bool is_mapped(unsigned long pfn)
{
	return pte_read(pfn_to_va(pfn)) & PTE_P;
}

/* Takes the next pfn, keeping one mapped page in hand for the table that the next 2 MiB need. */
static unsigned long take_pfn(void)
{
	unsigned long pfn = next_pfn++;

	if (pfn >= end_pfn)
		pv_panic("out of memory: all %lu pages are in use", end_pfn);
	if (next_pfn >= end_pfn || is_mapped(next_pfn))
		return pfn;
	if (pte_find(PTR32(pfn_to_va(next_pfn)), 1)) {
		BUG_ON(page_protect(pfn_to_va(next_pfn), PTE_KERNEL_RW));
		return pfn;
	}
	grow_kernel_map(next_pfn, pfn);
	return take_pfn();
}

void *page_alloc_run(unsigned int pages)
{
	unsigned long first = take_pfn();
	unsigned int taken = 1;

	while (taken < pages) {
		unsigned long pfn = take_pfn();

		taken = pfn == first + taken ? taken + 1 : 1;
		if (taken == 1)
			first = pfn;
	}
	return pfn_to_va(first);
}

void *page_alloc(void)
{
	void *page = free_pages;

	if (page) {
		free_pages = free_pages->next;
		nr_free--;
	} else {
		page = page_alloc_run(1);
	}
	return memset(page, 0, PAGE_SIZE);
}

void page_free(void *page)
{
	struct free_page *entry = page;

	entry->next = free_pages;
	free_pages = entry;
	nr_free++;
}

unsigned long mm_pages_left(void)
{
	return end_pfn - next_pfn + nr_free;
}

void *mm_map_frame(unsigned long mfn, pte_t flags)
{
	void *va = page_alloc();

	if (!mm_map(va, mfn_pte(mfn, flags)))
		return va;
	page_free(va);
	return NULL;
}

void mm_unmap_frame(void *va)
{
	BUG_ON(page_protect(va, PTE_KERNEL_RW));
	page_free(va);
}
