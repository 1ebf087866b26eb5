/* SPDX-License-Identifier: MIT */
/*
 * The frame table and general references; what frames that are no RAM may be mapped.
 *
 * Invariants: a frame whose count reaches zero has no type reference and is not allocated; the
 * domain structure of a released frame's owner stays until its last reference goes. No lock: counts
 * change by compare-and-swap.
 */
#include "core/domain.h"
#include "core/errno.h"
#include "core/rights.h"
#include "mm/page.h"

struct page_info *frame_table RO_AFTER_INIT;
mfn_t max_mfn RO_AFTER_INIT;
uint64_t supported_pte_flags RO_AFTER_INIT;
bool nonpresent_pte_leaks RO_AFTER_INIT;

#define MAX_DENIED_IO 16
static struct {
	mfn_t start, end;
} denied_io[MAX_DENIED_IO] RO_AFTER_INIT;
static unsigned nr_denied_io RO_AFTER_INIT;

bool get_page(struct page_info *page, struct domain *d)
{
	uint32_t found, count = page->count_info;

	for (;;) {
		if (unlikely(!(count & PGC_ALLOCATED) ||
			     (count & PGC_COUNT_MASK) >= PGC_COUNT_LIMIT || page->owner != d))
			return false;
		found = cmpxchg32(&page->count_info, count, count + 1);
		if (likely(found == count))
			break;
		count = found;
	}
	/* The owner cannot change any more; it may have before the reference was ours. */
	if (likely(page->owner == d))
		return true;
	put_page(page);
	return false;
}

/* The last reference is gone: nobody can find the frame any more. */
static COLD void page_free(struct page_info *page, uint32_t count)
{
	struct domain *d = page->owner;

	BUG_ON(count & PGC_ALLOCATED);
	BUG_ON(page->type_info & PGT_COUNT_MASK);
	if (!(count & PGC_HYPERVISOR)) {
		m2p[page_to_mfn(page)] = INVALID_M2P_ENTRY;
		__atomic_fetch_sub(&d->tot_pages, 1, __ATOMIC_SEQ_CST);
	}
	free_pages(page, 0);
	if (count & PGC_RELEASED)
		domain_put(d);
}

void put_page(struct page_info *page)
{
	uint32_t count = __atomic_sub_fetch(&page->count_info, 1, __ATOMIC_SEQ_CST);

	ASSERT((count & PGC_COUNT_MASK) != PGC_COUNT_MASK);
	if (unlikely((count & PGC_COUNT_MASK) == 0))
		page_free(page, count);
}

bool page_drop_allocation(struct page_info *page)
{
	uint32_t found, count = page->count_info;

	for (;;) {
		if (!(count & PGC_ALLOCATED))
			return false;
		found = cmpxchg32(&page->count_info, count,
				  (count & ~PGC_ALLOCATED) | PGC_RELEASED);
		if (found == count)
			break;
		count = found;
	}
	__atomic_fetch_add(&page->owner->refs, 1, __ATOMIC_SEQ_CST);
	put_page(page);
	return true;
}

int get_page_and_type(mfn_t mfn, struct domain *d, uint32_t type, bool preemptible)
{
	struct page_info *page;
	int rc;

	if (!mfn_valid(mfn))
		return -EINVAL;
	page = mfn_to_page(mfn);
	if (!get_page(page, d))
		return -EINVAL;
	rc = get_page_type(page, type, preemptible);
	if (rc)
		put_page(page);
	return rc;
}

INIT void frame_mark_io(mfn_t start, mfn_t end)
{
	for (; start < MIN(end, max_mfn); start++) {
		struct page_info *page = mfn_to_page(start);

		ASSERT(page->count_info == 0);
		page->count_info = PGC_IO;
	}
}

INIT void frame_deny_io(mfn_t start, mfn_t end)
{
	BUG_ON(nr_denied_io == MAX_DENIED_IO);
	denied_io[nr_denied_io].start = start;
	denied_io[nr_denied_io++].end = end;
}

bool frame_io_allowed(const struct domain *d, mfn_t mfn)
{
	unsigned i;

	if (!domain_is_control(d) && !rights_cover(d, RIGHT_IOMEM, mfn, mfn))
		return false;
	if (mfn_valid(mfn) && !(mfn_to_page(mfn)->count_info & PGC_IO))
		return false;
	for (i = 0; i < nr_denied_io; i++)
		if (mfn >= denied_io[i].start && mfn < denied_io[i].end)
			return false;
	return true;
}
