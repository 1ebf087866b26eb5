/* SPDX-License-Identifier: MIT */
/*
 * The new guest's first page tables: written as plain memory, unmapped, then pinned, which has the
 * hypervisor validate them. They map themselves read-only.
 */
#include "dom0/build_internal.h"
#include "dom0/ctl.h"

#define PTE_P 0x001
#define PTE_RW 0x002
#define PTE_US 0x004
#define PTE_A 0x020
#define PTE_D 0x040
#define L1_FLAGS (PTE_P | PTE_RW | PTE_A)
#define L2_FLAGS (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define L3_FLAGS PTE_P

#define ENTRIES 512
#define L2_SPAN (1u << 21)
#define SLOTS 4

static pte_t entry(const struct build *b, pfn_t pfn, unsigned flags)
{
	return (pte_t)b->p2m[pfn] * PAGE_SIZE | flags;
}

static pfn_t table_pfn(const struct build *b, unsigned index)
{
	return start_layout_pfn(&b->layout, b->layout.page_tables) + index;
}

static bool is_table(const struct build *b, pfn_t pfn)
{
	const struct start_layout *l = &b->layout;

	return pfn - table_pfn(b, 0) < l->nr_page_tables || pfn - l->p2m_l1_pfn < l->nr_p2m_l1;
}

/*
 * Writes [start, end) as far as it lies in the table that begins at
 * slot; pages without a frame stay out.
 */
static bool fill_l1(const struct build *b, pfn_t l1, gva_t slot, gva_t start, gva_t end,
		    pfn_t first_pfn)
{
	pte_t *table = build_map(b, l1);
	gva_t va = MAX(slot, start), stop = MIN(slot + (L2_SPAN - 1), end - 1);

	if (!table)
		return false;
	for (; va <= stop; va += PAGE_SIZE) {
		pfn_t pfn = first_pfn + (va - start) / PAGE_SIZE;

		if (pfn < b->nr_pages)
			table[va / PAGE_SIZE % ENTRIES] =
				entry(b, pfn, is_table(b, pfn) ? L1_FLAGS & ~PTE_RW : L1_FLAGS);
	}
	build_unmap(table);
	return true;
}

static bool hook_l1(const struct build *b, pfn_t l1, gva_t slot)
{
	pte_t *l2 = build_map(b, table_pfn(b, 1 + slot / L2_SPAN / ENTRIES));

	if (!l2)
		return false;
	l2[slot / L2_SPAN % ENTRIES] = entry(b, l1, L2_FLAGS);
	build_unmap(l2);
	return true;
}

static bool map_range(const struct build *b, gva_t start, gva_t end, pfn_t first_pfn, pfn_t l1)
{
	gva_t slot;

	for (slot = start & ~(L2_SPAN - 1); slot < end; slot += L2_SPAN, l1++)
		if (!fill_l1(b, l1, slot, start, end, first_pfn) || !hook_l1(b, l1, slot))
			return false;
	return true;
}

static bool fill_l3(const struct build *b)
{
	pte_t *l3 = build_map(b, table_pfn(b, 0));
	unsigned slot;

	if (!l3)
		return false;
	for (slot = 0; slot < SLOTS; slot++)
		l3[slot] = entry(b, table_pfn(b, 1 + slot), L3_FLAGS);
	build_unmap(l3);
	return true;
}

const char *build_tables(struct build *b)
{
	const struct start_layout *l = &b->layout;
	bool done = fill_l3(b) && map_range(b, l->start, l->end, 0, table_pfn(b, 1 + SLOTS));
	int rc;

	if (done && b->image.has_init_p2m)
		done = map_range(b, l->p2m, l->p2m + l->nr_p2m_frames * PAGE_SIZE, l->p2m_pfn,
				 l->p2m_l1_pfn);
	if (!done)
		return build_fail(b, "cannot map the new guest's page tables");
	rc = ctl_pin_top_table(b->result->domain, b->p2m[table_pfn(b, 0)]);
	return rc ? build_fail(b, "the hypervisor refuses the page tables: %s (%d)",
			       ctl_strerror(rc), rc)
		  : NULL;
}
