/* SPDX-License-Identifier: MIT */
/*
 * Which frames a domain has: allocation, giving up, teardown.
 *
 * page_list holds the frames with PGC_ALLOCATED. tot_pages also counts those that were given up but
 * are still referenced, so a guest cannot hold more than max_pages by keeping mappings of what it
 * returned. It falls without the lock, when the last reference goes.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/descriptor.h"
#include "core/errno.h"
#include "core/lib.h"
#include "mm/mmu.h"

/* d->page_lock is held. */
static void list_add_page(struct domain *d, struct page_info *page)
{
	mfn_t mfn = page_to_mfn(page);

	page->prev = INVALID_MFN;
	page->next = d->page_list;
	if (d->page_list != INVALID_MFN)
		mfn_to_page(d->page_list)->prev = mfn;
	d->page_list = mfn;
}

static void list_del_page(struct domain *d, struct page_info *page)
{
	if (page->next != INVALID_MFN)
		mfn_to_page(page->next)->prev = page->prev;
	if (page->prev != INVALID_MFN)
		mfn_to_page(page->prev)->next = page->next;
	else
		d->page_list = page->next;
}

/* Owner before count: whoever finds PGC_ALLOCATED may look at the owner. */
static void adopt(struct domain *d, struct page_info *page)
{
	page->type_info = PGT_NONE;
	__atomic_store_n(&page->owner, d, __ATOMIC_RELEASE);
	m2p[page_to_mfn(page)] = INVALID_M2P_ENTRY;
	list_add_page(d, page);
	__atomic_store_n(&page->count_info, PGC_ALLOCATED | 1, __ATOMIC_RELEASE);
}

/* Books n frames; false: over the limit. */
static bool reserve(struct domain *d, uint32_t n)
{
	bool fits;

	spin_lock(&d->page_lock);
	fits = d->state < DOMAIN_DYING && n <= d->max_pages && d->tot_pages <= d->max_pages - n;
	if (fits)
		__atomic_fetch_add(&d->tot_pages, n, __ATOMIC_SEQ_CST);
	spin_unlock(&d->page_lock);
	return fits;
}

enum contents { CONTENTS_AS_WERE, CONTENTS_ZERO };

static void zero_frame(mfn_t mfn)
{
	void *va = frame_map(mfn);

	memset(va, 0, PAGE_SIZE);
	frame_unmap(va);
}

static struct page_info *alloc_for(struct domain *d, unsigned order, mfn_t max,
				   enum contents contents)
{
	struct page_info *page;
	unsigned i;

	if (order > MAX_ORDER || !reserve(d, 1u << order))
		return NULL;
	page = alloc_pages(order, max);
	if (!page) {
		__atomic_fetch_sub(&d->tot_pages, 1u << order, __ATOMIC_SEQ_CST);
		return NULL;
	}
	for (i = 0; contents == CONTENTS_ZERO && i < 1u << order; i++)
		zero_frame(page_to_mfn(&page[i]));
	spin_lock(&d->page_lock);
	for (i = 1u << order; i--;)
		adopt(d, &page[i]);
	spin_unlock(&d->page_lock);
	return page;
}

struct page_info *domain_page_alloc(struct domain *d, unsigned order, mfn_t max)
{
	return alloc_for(d, order, max, CONTENTS_ZERO);
}

struct page_info *domain_page_alloc_dirty(struct domain *d, unsigned order, mfn_t max)
{
	return alloc_for(d, order, max, CONTENTS_AS_WERE);
}

void domain_page_assign(struct domain *d, struct page_info *page)
{
	BUG_ON(page->owner || page->count_info & (PGC_COUNT_MASK | PGC_FREE | PGC_IO));
	spin_lock(&d->page_lock);
	__atomic_fetch_add(&d->tot_pages, 1, __ATOMIC_SEQ_CST);
	adopt(d, page);
	spin_unlock(&d->page_lock);
}

/* What a guest may give up: nothing but the allocation and one plain mapping refer to it. */
static bool releasable(const struct page_info *page)
{
	uint32_t type = page->type_info, refs = page->count_info & PGC_COUNT_MASK;

	if (type & (PGT_PINNED | PGT_PARTIAL) || refs > 2)
		return false;
	return (type & PGT_COUNT_MASK) == 0 || (type & PGT_TYPE_MASK) == PGT_WRITABLE;
}

int domain_page_unpin_unused(struct domain *d, mfn_t mfn)
{
	struct page_info *page;
	int rc = 0;

	if (!mfn_valid(mfn))
		return -EINVAL;
	page = mfn_to_page(mfn);
	spin_lock(&d->page_lock);
	if (page->owner == d && page->type_info & PGT_PINNED) {
		if ((page->type_info & PGT_COUNT_MASK) == 1 &&
		    (page->count_info & PGC_COUNT_MASK) == 2) {
			__atomic_fetch_and(&page->type_info, ~PGT_PINNED, __ATOMIC_SEQ_CST);
			rc = mmu_drop_table(page);
		} else {
			rc = -EBUSY;
		}
	}
	spin_unlock(&d->page_lock);
	return rc;
}

int domain_page_release(struct domain *d, mfn_t mfn)
{
	struct page_info *page;
	int rc = -EINVAL;

	if (!mfn_valid(mfn))
		return -EINVAL;
	page = mfn_to_page(mfn);
	spin_lock(&d->page_lock);
	if (page->owner == d &&
	    (page->count_info & (PGC_ALLOCATED | PGC_HYPERVISOR)) == PGC_ALLOCATED) {
		rc = releasable(page) ? 0 : -EBUSY;
		if (!rc) {
			list_del_page(d, page);
			page_drop_allocation(page);
		}
	}
	spin_unlock(&d->page_lock);
	return rc;
}

void domain_share_heap_page(struct domain *d, void *heap_page, bool writable)
{
	struct page_info *page = mfn_to_page(heap_page_mfn(heap_page));

	BUG_ON(page->owner || page->count_info != (PGC_HYPERVISOR | 1));
	/* The type reference belongs to the heap: a guest can make nothing else of the page. */
	page->type_info = (writable ? PGT_WRITABLE : PGT_NONE) | PGT_VALIDATED | 1;
	__atomic_store_n(&page->owner, d, __ATOMIC_RELEASE);
	m2p[page_to_mfn(page)] = INVALID_M2P_ENTRY;
	__atomic_store_n(&page->count_info, PGC_HYPERVISOR | PGC_ALLOCATED | 1, __ATOMIC_RELEASE);
}

/* ---- teardown ---- */

/* Tables of d whose last reference some vCPU, of any domain, was dropping. */
static int finish_drops(struct domain *d)
{
	struct list *pos;
	struct vcpu *v;
	unsigned i;
	int rc = 0;

	spin_lock(&domain_list_lock);
	list_for_each(pos, &domain_list) {
		for_each_vcpu(list_entry(pos, struct domain, link), v, i) {
			if (rc == 0 && v->arch.old_table &&
			    mfn_to_page(v->arch.old_table)->owner == d)
				rc = mmu_finish_drop(v);
		}
	}
	spin_unlock(&domain_list_lock);
	return rc;
}

/* What v's registers refer to. v does not run any more (arch_vcpu_unload). */
static int drop_vcpu_tables(struct vcpu *v)
{
	gdt_drop(v);
	spin_lock(&v->domain->page_lock);
	ldt_drop(v);
	spin_unlock(&v->domain->page_lock);
	if (!v->arch.old_table && v->arch.top != INVALID_MFN) {
		v->arch.old_table = v->arch.top;
		v->arch.top = INVALID_MFN;
	}
	return mmu_finish_drop(v);
}

static int drop_all_vcpu_tables(struct domain *d)
{
	struct vcpu *v;
	unsigned i;
	int rc;

	for_each_vcpu(d, v, i) {
		rc = drop_vcpu_tables(v);
		if (rc)
			return rc;
	}
	return 0;
}

/*
 * The first frame of the list: its pin, or a check that nobody went on with, and its allocation.
 * PGT_PINNED stays until the type reference has gone, so that after a restart the rest of the work
 * is known to be ours: a table that is half undone without it belongs to an upper one later in the
 * list.
 */
static int drop_first_page(struct domain *d)
{
	struct page_info *page = mfn_to_page(d->page_list);

	if ((page->type_info & PGT_PARTIAL) && page->partial != PARTIAL_DROPPING) {
		page->partial = PARTIAL_DROPPING;
		__atomic_fetch_or(&page->type_info, PGT_PINNED, __ATOMIC_SEQ_CST);
	}
	if (page->type_info & PGT_PINNED) {
		if (put_page_type(page, true))
			return -ERESTART;
		__atomic_fetch_and(&page->type_info, ~PGT_PINNED, __ATOMIC_SEQ_CST);
		put_page(page);
	}
	list_del_page(d, page);
	page_drop_allocation(page);
	return 0;
}

#define PAGES_BETWEEN_CHECKS 64

static int drop_pages(struct domain *d)
{
	unsigned n;
	int rc = 0;

	spin_lock(&d->page_lock);
	for (n = 0; rc == 0 && n < PAGES_BETWEEN_CHECKS && d->page_list != INVALID_MFN; n++)
		rc = drop_first_page(d);
	if (d->page_list != INVALID_MFN)
		rc = -ERESTART;
	spin_unlock(&d->page_lock);
	return rc;
}

int domain_relinquish_memory(struct domain *d)
{
	int rc;

	BUG_ON(d->state < DOMAIN_DYING);
	do {
		rc = finish_drops(d);
		if (rc == 0)
			rc = drop_all_vcpu_tables(d);
		if (rc == 0)
			rc = drop_pages(d);
	} while (rc == -ERESTART && !preempt_needed());
	return rc;
}
