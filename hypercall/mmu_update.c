/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_mmu_update (<xen/xen.h>): a list of changes to page-table entries, of any level, and
 * to the machine-to-physical table. Also the handling of lists that mmuext_op shares.
 *
 * Results and their order are Xen 4.2's. A request that fails ends the list; those before it stay
 * done, and *pdone says how many those were. The whole list restarts where it was interrupted, with
 * MMU_UPDATE_PREEMPTED in its count: *pdone carries the sum.
 */
#include "hypercall/mmu.h"

#include "hypercall/hypercall.h"

#define MMU_UPDATE_PREEMPTED 0x80000000u
/* Requests read at a time, and between two looks at whether something else is waiting. */
#define CHUNK 16

/* Owns nothing: a frame of RAM is never this domain's. */
static struct domain io_domain = { .id = DOMID_IO, .privilege = DOMAIN_CONTROL };

struct domain *mmuop_foreign(uint16_t domid)
{
	struct domain *self = current_vcpu()->domain, *d;

	if (likely(domid == DOMID_SELF))
		return self;
	if (domid == self->id)
		return NULL;
	if (domid == DOMID_IO)
		return &io_domain;
	d = domain_by_id(domid);
	return d && domain_is_control(self) ? d : NULL;
}

/* ---- lists ---- */

int mmuop_batch_begin(struct mmuop_batch *b, uint32_t list, uint32_t count, uint32_t pdone,
		      uint32_t size)
{
	b->list = list;
	b->count = count & ~MMU_UPDATE_PREEMPTED;
	b->pdone = pdone;
	b->done = 0;
	/* Only the guest looks at what comes of the sum. */
	if ((count & MMU_UPDATE_PREEMPTED) && pdone && get_guest_u32(&b->done, pdone))
		b->done = 0;
	if (b->count > HV_START / size || !guest_range_ok(list, b->count * size))
		return -EFAULT;
	return 0;
}

long mmuop_batch_end(const struct mmuop_batch *b, uint32_t op, uint32_t foreigndom, int rc)
{
	/* A bad pointer here is the guest's loss, not an error. */
	if (b->pdone)
		(void)!put_guest_u32(b->pdone, b->done);
	if (rc == -ERESTART)
		return hypercall_restart(op, 4, b->list, b->count | MMU_UPDATE_PREEMPTED, b->pdone,
					 foreigndom);
	return rc;
}

/* ---- one request ---- */

struct target {
	struct domain *table_owner;
	struct domain *frame_owner;
};

/* Plain memory of the guest is fine too: it gets the eight bytes. */
static int write_plain(struct page_info *page, struct domain *d, unsigned index, pte_t value)
{
	pte_t *va;

	if (!get_page(page, d))
		return -EINVAL;
	if (get_page_type(page, PGT_WRITABLE, false)) {
		put_page(page);
		return -EINVAL;
	}
	va = frame_map(page_to_mfn(page));
	va[index] = value;
	frame_unmap(va);
	put_page_and_type(page);
	return 0;
}

/* A live table of the domain's stays one while page_lock is held. 0: it is none. */
static unsigned live_level(const struct page_info *page, const struct domain *d)
{
	uint32_t type = page->type_info;

	if (page->owner != d || !(type & PGT_VALIDATED) || !(type & PGT_COUNT_MASK))
		return 0;
	switch (type & PGT_TYPE_MASK) {
	case PGT_L1:
		return 1;
	case PGT_L2:
		return 2;
	case PGT_L3:
		return 3;
	default:
		return 0;
	}
}

static int pt_update(const struct target *t, const struct mmu_update *req, bool keep_ad)
{
	struct domain *d = t->table_owner;
	unsigned index = (uint32_t)req->ptr % PAGE_SIZE / sizeof(pte_t), level;
	struct page_info *page;
	int rc;

	if (req->ptr >> PAGE_SHIFT >= max_mfn)
		return -EINVAL;
	page = mfn_to_page((mfn_t)(req->ptr >> PAGE_SHIFT));
	spin_lock(&d->page_lock);
	level = live_level(page, d);
	if (likely(level))
		rc = mmu_write_pte(d, t->frame_owner, page, level, index, req->val, keep_ad);
	else
		rc = write_plain(page, d, index, req->val);
	spin_unlock(&d->page_lock);
	return rc;
}

static int machphys_update(const struct target *t, const struct mmu_update *req)
{
	struct page_info *page;

	if (req->ptr >> PAGE_SHIFT >= max_mfn)
		return -EINVAL;
	page = mfn_to_page((mfn_t)(req->ptr >> PAGE_SHIFT));
	if (!get_page(page, t->frame_owner))
		return -EINVAL;
	m2p[page_to_mfn(page)] = (uint32_t)req->val;
	put_page(page);
	return 0;
}

static int update_one(const struct target *t, const struct mmu_update *req)
{
	switch ((uint32_t)req->ptr % sizeof(pte_t)) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE: /* nothing is translated here anyway */
		return pt_update(t, req, false);
	case MMU_PT_UPDATE_PRESERVE_AD:
		return pt_update(t, req, true);
	case MMU_MACHPHYS_UPDATE:
		return machphys_update(t, req);
	default:
		return -ENOSYS;
	}
}

/* ---- the list ---- */

/*
 * Copies up to CHUNK requests; only the first if not all of them can be read. Their number, or
 * -EFAULT.
 */
static int fetch(struct mmu_update *req, const struct mmuop_batch *b)
{
	uint32_t n = MIN(b->count, CHUNK);

	if (likely(copy_from_guest(req, b->list, n * sizeof(*req)) == 0))
		return (int)n;
	return copy_from_guest(req, b->list, sizeof(*req)) ? -EFAULT : 1;
}

static int update_chunk(const struct target *t, struct mmuop_batch *b)
{
	struct mmu_update req[CHUNK];
	int n = fetch(req, b), i, rc = 0;

	if (n < 0)
		return n;
	for (i = 0; i < n && rc == 0; i++) {
		rc = update_one(t, &req[i]);
		if (likely(rc == 0))
			mmuop_batch_next(b, sizeof(*req));
	}
	return rc;
}

static int update_all(const struct target *t, struct mmuop_batch *b)
{
	struct vcpu *v = current_vcpu();
	int rc;

	while (b->count) {
		rc = update_chunk(t, b);
		if (rc == -ERESTART)
			rc = mmuop_finish_drop(v);
		if (rc)
			return rc;
		if (b->count && preempt_needed())
			return -ERESTART;
	}
	return 0;
}

/* The tables' owner is in the upper half of foreigndom, plus one; 0: the caller. */
static int find_target(struct target *t, uint32_t foreigndom)
{
	struct domain *self = current_vcpu()->domain;

	t->table_owner = self;
	if (foreigndom >> 16) {
		t->table_owner = domain_by_id((domid_t)((foreigndom >> 16) - 1));
		if (!t->table_owner || !t->table_owner->vcpu[0])
			return -EINVAL;
		if (t->table_owner != self && !domain_is_control(self))
			return -ESRCH;
	}
	t->frame_owner = mmuop_foreign((uint16_t)foreigndom);
	return t->frame_owner ? 0 : -ESRCH;
}

/* (mmu_update list, count, pdone, foreigndom) */
long ASMCALL do_mmu_update(uint32_t list, uint32_t count, uint32_t pdone, uint32_t foreigndom,
			   uint32_t a5, uint32_t a6)
{
	struct mmuop_batch b;
	struct target t;
	int rc;

	(void)a5, (void)a6;
	if (mmuop_finish_drop(current_vcpu()))
		return hypercall_restart(__HYPERVISOR_mmu_update, 4, list, count, pdone,
					 foreigndom);
	rc = mmuop_batch_begin(&b, list, count, pdone, sizeof(struct mmu_update));
	if (rc == 0)
		rc = find_target(&t, foreigndom);
	if (rc == 0)
		rc = update_all(&t, &b);
	return mmuop_batch_end(&b, __HYPERVISOR_mmu_update, foreigndom, rc);
}
