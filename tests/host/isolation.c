/* SPDX-License-Identifier: MIT */
/*
 * The oracle: whatever the hypervisor's counts say, is there a way for a guest to write a page
 * table or a descriptor table, or to reach a frame that it neither owns nor was granted? Looks at
 * the tables themselves and at the TLB, and takes from the frame table only types and owners.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_32/arch.h"
#include "mm/grant.h"
#include "mm/mmu.h"
#include "tests/host/machine.h"
#include "tests/host/machine_internal.h"

#define SHOWN 5

static unsigned violations;

/* What the domain at hand was granted: bit 0 to read, bit 1 to write. */
static unsigned char granted[MACHINE_MAX_FRAMES];

static void violation(const char *what, mfn_t table, unsigned index, mfn_t target)
{
	if (violations++ < SHOWN)
		fprintf(stderr, "isolation: %s (table %x, entry %u, frame %x, count %x, type %x)\n",
			what, table, index, target,
			target < max_mfn ? frame_table[target].count_info : 0,
			target < max_mfn ? frame_table[target].type_info : 0);
}

static void note_grant(void *context, mfn_t frame, enum grant_access access)
{
	(void)context;
	granted[frame] |= access == GRANT_WRITE ? 3 : 1;
}

static bool in_use_as(const struct page_info *page, uint32_t type)
{
	return (page->type_info & PGT_TYPE_MASK) == type && (page->type_info & PGT_VALIDATED) &&
	       (page->type_info & PGT_COUNT_MASK);
}

static bool never_writable(const struct page_info *page)
{
	return in_use_as(page, PGT_L1) || in_use_as(page, PGT_L2) || in_use_as(page, PGT_L3) ||
	       in_use_as(page, PGT_SEG_DESC);
}

static bool may_reach(const struct domain *d, const struct page_info *page, bool write)
{
	if (page->owner == d)
		return page->count_info & (PGC_ALLOCATED | PGC_RELEASED);
	/* Pages of the hypervisor's heap have an owner when they are shared with it. */
	if (!page->owner)
		return false;
	return domain_is_control(d) || granted[page_to_mfn(page)] & (write ? 2 : 1);
}

/* ---- tables ---- */

static void check_leaf(const struct domain *d, mfn_t table, unsigned index, pte_t e)
{
	const struct page_info *page;
	mfn_t mfn = pte_mfn(e);

	if (mfn >= machine_ram_frames) {
		if (!domain_is_control(d))
			violation("an ordinary domain maps a device", table, index, mfn);
		return;
	}
	page = &frame_table[mfn];
	if (!may_reach(d, page, e & PTE_RW))
		violation("a frame of somebody else is mapped", table, index, mfn);
	if ((e & PTE_RW) && !in_use_as(page, PGT_WRITABLE))
		violation("a mapping can be written and is not counted as such", table, index, mfn);
	if (e & (PTE_PWT | PTE_PCD | PTE_PAT))
		violation("cache attributes on RAM", table, index, mfn);
	if (!(page->count_info & PGC_COUNT_MASK))
		violation("a mapped frame has no references", table, index, mfn);
}

static void check_upper(const struct domain *d, mfn_t table, unsigned index, pte_t e, uint32_t type)
{
	mfn_t mfn = pte_mfn(e);

	if (mfn >= machine_ram_frames || frame_table[mfn].owner != d ||
	    !in_use_as(&frame_table[mfn], type))
		violation("an entry does not name a checked table of the right kind", table, index,
			  mfn);
	if (e & PTE_PSE)
		violation("a superpage", table, index, mfn);
}

static void check_table(const struct domain *d, mfn_t mfn)
{
	const struct page_info *page = &frame_table[mfn];
	const pte_t *entry = machine_frame(mfn);
	bool slot3 = page->type_info & PGT_PAE_XEN_L2;
	unsigned i;

	for (i = 0; in_use_as(page, PGT_L1) && i < PTES_PER_PAGE; i++)
		if (entry[i] & PTE_P)
			check_leaf(d, mfn, i, entry[i]);
	for (i = 0; in_use_as(page, PGT_L2) && i < (slot3 ? L2_HV_FIRST : PTES_PER_PAGE); i++)
		if (entry[i] & PTE_P)
			check_upper(d, mfn, i, entry[i], PGT_L1);
	for (i = 0; in_use_as(page, PGT_L3) && i < L3_SLOTS; i++)
		if (entry[i] & PTE_P)
			check_upper(d, mfn, i, entry[i], PGT_L2);
}

/* ---- what the processor holds ---- */

static void check_tlb(const struct domain *d)
{
	unsigned i;

	for (i = 0; i < TLB_ENTRIES; i++) {
		const struct tlb_entry *e = &machine_tlb[i];
		const struct page_info *page;

		if (!e->valid || e->mfn >= machine_ram_frames)
			continue;
		page = &frame_table[e->mfn];
		/* Free: flushed before anybody gets it. */
		if (!(page->count_info & (PGC_COUNT_MASK | PGC_HYPERVISOR)))
			continue;
		if (!may_reach(d, page, e->writable))
			violation("a stale translation of somebody else's frame", 0, i, e->mfn);
		if (e->writable && never_writable(page))
			violation("a stale translation that can write a table", 0, i, e->mfn);
	}
}

static void check_vcpu(const struct vcpu *v)
{
	unsigned i;

	if (v->arch.top != INVALID_MFN && !in_use_as(&frame_table[v->arch.top], PGT_L3))
		violation("a top level that is none", 0, 0, v->arch.top);
	for (i = 0; i < GUEST_GDT_FRAMES; i++)
		if (v->arch.gdt_frame[i] != INVALID_MFN &&
		    !in_use_as(&frame_table[v->arch.gdt_frame[i]], PGT_SEG_DESC))
			violation("a GDT page that is none", 0, i, v->arch.gdt_frame[i]);
	for (i = 0; i < GUEST_LDT_PAGES; i++)
		if (v->arch.ldt_frame[i] != INVALID_MFN &&
		    !in_use_as(&frame_table[v->arch.ldt_frame[i]], PGT_SEG_DESC))
			violation("an LDT page that is none", 0, i, v->arch.ldt_frame[i]);
}

static void check_domain(struct domain *d)
{
	struct vcpu *v;
	unsigned i;
	mfn_t mfn;

	memset(granted, 0, sizeof(granted));
	grant_for_each_handle(d, note_grant, NULL);
	for (mfn = 0; mfn < machine_ram_frames; mfn++)
		if (frame_table[mfn].owner == d && never_writable(&frame_table[mfn]))
			check_table(d, mfn);
	for_each_vcpu(d, v, i)
		check_vcpu(v);
	if (current_vcpu()->domain == d)
		check_tlb(d);
}

unsigned machine_check_isolation(void)
{
	struct list *pos;

	violations = 0;
	list_for_each(pos, &domain_list)
		check_domain(list_entry(pos, struct domain, link));
	return violations;
}

void machine_check(const char *where)
{
	if (machine_check_isolation())
		machine_stop_with("isolation is broken after %s", where);
	if (mm_audit())
		machine_stop_with("the audit found wrong counts after %s", where);
}
