/* SPDX-License-Identifier: MIT */
/*
 * The audit: counts every reference to every frame again, from page tables, pins, vCPUs, grants and
 * allocations, and compares with the frame table. What differs is a hole or a leak. As the types
 * exclude each other in the recount too, equal counts also mean: no page table, descriptor table or
 * hypervisor frame can be written by a guest, and nobody maps a frame without a reference.
 *
 * Runs between hypercalls, with everything else at rest. Its own counters are frames from the
 * allocator.
 */
#include "core/console.h"
#include "core/lib.h"
#include "core/pirq.h"
#include "mm/grant.h"
#include "mm/mmu.h"
#include "mm/pte.h"

#define REPORT_LIMIT 16

/* What the recount finds for a frame. */
struct tally {
	uint32_t general;
	uint32_t type; /* a PGT_ type with PGT_PAE_XEN_L2, TALLY_CONFLICT, and the count */
};
#define TALLY_CONFLICT PGT_PINNED
#define TALLY_TYPE (PGT_TYPE_MASK | PGT_PAE_XEN_L2)
#define TALLIES_PER_PAGE (PAGE_SIZE / sizeof(struct tally))
#define NO_TYPE 0x00000001u

static mfn_t *tally_frame;
static unsigned nr_tally_frames, nr_bad;

static struct tally *tally_open(mfn_t mfn)
{
	struct tally *page = frame_map(tally_frame[mfn / TALLIES_PER_PAGE]);

	return &page[mfn % TALLIES_PER_PAGE];
}

/* A general reference, and one of `type` unless NO_TYPE. */
static void count_ref(mfn_t mfn, uint32_t type)
{
	struct tally *t;

	if (!mfn_valid(mfn) || mfn_to_page(mfn)->count_info & PGC_IO)
		return;
	t = tally_open(mfn);
	t->general++;
	if (type != NO_TYPE) {
		if ((t->type & PGT_COUNT_MASK) && (t->type & TALLY_TYPE) != type)
			t->type |= TALLY_CONFLICT;
		t->type = (t->type & ~TALLY_TYPE) + 1;
		t->type |= type;
	}
	frame_unmap(t);
}

static void count_entry(unsigned level, unsigned slot, pte_t e)
{
	if (!(e & PTE_P))
		return;
	if (level == 1)
		count_ref(pte_mfn(e), e & PTE_RW ? PGT_WRITABLE : NO_TYPE);
	else if (level == 2)
		count_ref(pte_mfn(e), PGT_L1);
	else
		count_ref(pte_mfn(e), PGT_L2 | (slot == L3_SLOTS - 1 ? PGT_PAE_XEN_L2 : 0));
}

static void count_table(mfn_t mfn, const struct page_info *page)
{
	unsigned level = table_level(page->type_info), i, n = 0;
	const pte_t *table;

	if (level < 1 || level > 3 || !(page->type_info & PGT_COUNT_MASK))
		return;
	if (page->type_info & PGT_VALIDATED)
		n = table_entries(page->type_info);
	else if (page->type_info & PGT_PARTIAL)
		n = page->nr_done;
	table = frame_map(mfn);
	for (i = 0; i < n; i++)
		count_entry(level, i, table[i]);
	frame_unmap(table);
}

/* References that a frame's own state stands for. */
static void count_own(mfn_t mfn, const struct page_info *page)
{
	uint32_t type = page->type_info & TALLY_TYPE;

	if ((page->count_info & (PGC_ALLOCATED | PGC_HYPERVISOR)) ==
	    (PGC_ALLOCATED | PGC_HYPERVISOR))
		count_ref(mfn, type);
	else if (page->count_info & PGC_ALLOCATED)
		count_ref(mfn, NO_TYPE);
	if (page->type_info & PGT_PINNED)
		count_ref(mfn, type);
	if ((page->type_info & PGT_PARTIAL) && page->partial != PARTIAL_DROPPING)
		count_ref(mfn, type);
}

static void count_vcpu(const struct vcpu *v)
{
	unsigned i;

	if (v->arch.top != INVALID_MFN)
		count_ref(v->arch.top, PGT_L3);
	if (v->arch.old_table)
		count_ref(v->arch.old_table,
			  mfn_to_page(v->arch.old_table)->type_info & TALLY_TYPE);
	for (i = 0; i < GUEST_GDT_FRAMES; i++)
		count_ref(v->arch.gdt_frame[i], PGT_SEG_DESC);
	for (i = 0; i < GUEST_LDT_PAGES; i++)
		count_ref(v->arch.ldt_frame[i], PGT_SEG_DESC);
	if (v->info_mfn != INVALID_MFN)
		count_ref(v->info_mfn, PGT_WRITABLE);
}

static void count_grant(UNUSED void *context, mfn_t frame, enum grant_access access)
{
	count_ref(frame, access == GRANT_WRITE ? PGT_WRITABLE : NO_TYPE);
}

static void complain(mfn_t mfn, const struct page_info *page, const struct tally *t)
{
	if (nr_bad++ < REPORT_LIMIT)
		printk("audit: frame %x of d%d: count %08x type %08x, found %u and %08x\n", mfn,
		       page->owner ? page->owner->id : -1, page->count_info, page->type_info,
		       t->general, t->type);
}

static bool same(const struct page_info *page, const struct tally *t)
{
	uint32_t count = page->type_info & PGT_COUNT_MASK;

	/* The hypervisor's own frames are nobody's business as long as no guest has a reference. */
	if ((page->count_info & PGC_HYPERVISOR) &&
	    !(page->count_info & (PGC_ALLOCATED | PGC_RELEASED)))
		return t->general == 0;
	return t->general == (page->count_info & PGC_COUNT_MASK) &&
	       count == (t->type & PGT_COUNT_MASK) && !(t->type & TALLY_CONFLICT) &&
	       (count == 0 || (page->type_info & TALLY_TYPE) == (t->type & TALLY_TYPE));
}

static void compare_frames(void)
{
	mfn_t mfn;

	for (mfn = 0; mfn < max_mfn; mfn++) {
		const struct page_info *page = mfn_to_page(mfn);
		struct tally *t;

		if (page->count_info & (PGC_IO | PGC_FREE))
			continue;
		t = tally_open(mfn);
		if (!same(page, t))
			complain(mfn, page, t);
		frame_unmap(t);
	}
}

static void compare_domain(const struct domain *d)
{
	uint32_t owned = 0;
	mfn_t mfn;

	for (mfn = 0; mfn < max_mfn; mfn++)
		if (mfn_to_page(mfn)->owner == d &&
		    !(mfn_to_page(mfn)->count_info & PGC_HYPERVISOR))
			owned++;
	if (owned != d->tot_pages) {
		nr_bad++;
		printk("audit: d%d has %u frames, counted %u\n", d->id, owned, d->tot_pages);
	}
}

static void tally_free(void)
{
	while (nr_tally_frames)
		free_pages(mfn_to_page(tally_frame[--nr_tally_frames]), 0);
	heap_free(tally_frame);
}

static bool tally_alloc(void)
{
	unsigned n = DIV_ROUND_UP(max_mfn, TALLIES_PER_PAGE);
	struct page_info *page;
	void *va;

	tally_frame = heap_alloc(n * sizeof(tally_frame[0]));
	if (!tally_frame)
		return false;
	while (nr_tally_frames < n) {
		page = alloc_pages(0, 0);
		if (!page) {
			tally_free();
			return false;
		}
		tally_frame[nr_tally_frames++] = page_to_mfn(page);
		va = frame_map(page_to_mfn(page));
		memset(va, 0, PAGE_SIZE);
		frame_unmap(va);
	}
	return true;
}

static void count_everything(void)
{
	struct list *pos;
	struct vcpu *v;
	unsigned i;
	mfn_t mfn;

	for (mfn = 0; mfn < max_mfn; mfn++) {
		count_own(mfn, mfn_to_page(mfn));
		count_table(mfn, mfn_to_page(mfn));
	}
	list_for_each(pos, &domain_list) {
		struct domain *d = list_entry(pos, struct domain, link);

		for_each_vcpu(d, v, i)
			count_vcpu(v);
		grant_for_each_handle(d, count_grant, NULL);
		if (pirq_eoi_map_mfn(d) != INVALID_MFN)
			count_ref(pirq_eoi_map_mfn(d), PGT_WRITABLE);
	}
}

unsigned mm_audit(void)
{
	struct list *pos;

	if (!tally_alloc()) {
		printk("audit: not enough memory\n");
		return 0;
	}
	nr_bad = 0;
	count_everything();
	compare_frames();
	tally_free();
	list_for_each(pos, &domain_list)
		compare_domain(list_entry(pos, struct domain, link));
	if (nr_bad)
		printk("audit: %u differences\n", nr_bad);
	return nr_bad;
}
