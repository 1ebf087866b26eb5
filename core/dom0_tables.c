/* SPDX-License-Identifier: MIT */
/*
 * The initial domain's first page tables. They are written as plain memory, then validated by the
 * same code that checks a guest's tables, which makes every reference count come out right; then
 * the top is pinned and given to vCPU 0.
 *
 * In pseudo-physical memory from page_tables on: L3, the L2s of its four slots, the L1s of the
 * initial region in order. They map themselves read-only: a writable mapping would make validation
 * fail.
 */
#include "core/dom0_internal.h"

#include "core/lib.h"
#include "hypercall/hypercall.h"
#include "mm/mmu.h"

#define L1_FLAGS (PTE_P | PTE_RW | PTE_A)
#define L2_FLAGS (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define L3_FLAGS PTE_P

INIT static pfn_t table_pfn(const struct dom0_build *b, unsigned index)
{
	return start_layout_pfn(&b->layout, b->layout.page_tables) + index;
}

INIT static pfn_t l2_pfn(const struct dom0_build *b, unsigned slot)
{
	return table_pfn(b, 1 + slot);
}

/* Is pfn one of the page tables, the list's own included? */
INIT static bool is_table(const struct dom0_build *b, pfn_t pfn)
{
	const struct start_layout *l = &b->layout;

	return pfn - table_pfn(b, 0) < l->nr_page_tables || pfn - l->p2m_l1_pfn < l->nr_p2m_l1;
}

/*
 * Fills one L1 with the part of [start, end), mapping pfns from first_pfn on, that lies in its 2
 * MiB.
 */
INIT static void fill_l1(struct dom0_build *b, pfn_t l1, gva_t slot_start, gva_t start, gva_t end,
			 pfn_t first_pfn)
{
	gva_t va = MAX(slot_start, start);
	gva_t stop = MIN(slot_start + ((1u << L2_SHIFT) - 1), end - 1);
	pte_t *table = dom0_map(b, l1);

	for (; va <= stop; va += PAGE_SIZE) {
		pfn_t pfn = first_pfn + ((va - start) >> PAGE_SHIFT);

		table[l1_index(va)] = pte_make(dom0_mfn(b, pfn),
					       is_table(b, pfn) ? L1_FLAGS & ~PTE_RW : L1_FLAGS);
	}
	frame_unmap(table);
}

/* Maps [start, end) with L1s from pfn l1 on. Neither end is at 4 GiB. */
INIT static void map_range(struct dom0_build *b, gva_t start, gva_t end, pfn_t first_pfn, pfn_t l1)
{
	gva_t slot = start & ~((1u << L2_SHIFT) - 1);

	for (; slot < end; slot += 1u << L2_SHIFT, l1++) {
		pte_t *l2 = dom0_map(b, l2_pfn(b, l3_index(slot)));

		l2[l2_index(slot)] = pte_make(dom0_mfn(b, l1), L2_FLAGS);
		frame_unmap(l2);
		fill_l1(b, l1, slot, start, end, first_pfn);
	}
}

INIT static void fill_l3(struct dom0_build *b)
{
	pte_t *l3 = dom0_map(b, table_pfn(b, 0));
	unsigned slot;

	for (slot = 0; slot < L3_SLOTS; slot++)
		l3[slot] = pte_make(dom0_mfn(b, l2_pfn(b, slot)), L3_FLAGS);
	frame_unmap(l3);
}

/*
 * One type reference is the pin's, another the vCPU's. Nothing here depends on the kernel image:
 * failing is our bug.
 */
INIT static void validate(struct dom0_build *b)
{
	mfn_t top = dom0_mfn(b, table_pfn(b, 0));
	int rc;

	spin_lock(&b->d->page_lock);
	BUG_ON(get_page_and_type(top, b->d, PGT_L3, false));
	__atomic_fetch_or(&mfn_to_page(top)->type_info, PGT_PINNED, __ATOMIC_SEQ_CST);
	do {
		rc = mmu_new_top(b->v, top);
	} while (rc == -ERESTART);
	spin_unlock(&b->d->page_lock);
	BUG_ON(rc);
}

INIT void dom0_tables_build(struct dom0_build *b)
{
	const struct start_layout *l = &b->layout;

	fill_l3(b);
	map_range(b, l->start, l->end, 0, table_pfn(b, 1 + L3_SLOTS));
	if (b->image.has_init_p2m)
		map_range(b, l->p2m, l->p2m + l->nr_p2m_frames * PAGE_SIZE, l->p2m_pfn,
			  l->p2m_l1_pfn);
	validate(b);
}
