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
/* Requests between two looks at whether something else is waiting. */
#define PREEMPT_INTERVAL 16

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

/* ---- requests ---- */

_Static_assert(sizeof(struct mmu_update) == sizeof(struct mmu_request) &&
		       offsetof(struct mmu_update, val) == offsetof(struct mmu_request, low),
	       "ABI");

static COLD int machphys_update(const struct mmu_target *t, struct mmu_requests *list)
{
	const struct mmu_request *r = list->next;
	uint64_t mfn = ((uint64_t)r->ptr_high << 32 | r->ptr_low) >> PAGE_SHIFT;
	struct page_info *page;

	if (mfn >= max_mfn)
		return -EINVAL;
	page = mfn_to_page((mfn_t)mfn);
	if (!get_page(page, t->frame_owner))
		return -EINVAL;
	m2p[page_to_mfn(page)] = r->low;
	put_page(page);
	list->next++;
	return 0;
}

/* At least the next request, if it is good. */
static inline int update_some(const struct mmu_target *t, struct mmu_requests *list)
{
	switch (list->next->ptr_low % sizeof(pte_t)) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_PRESERVE_AD:
	case MMU_PT_UPDATE_NO_TRANSLATE: /* nothing is translated here anyway */
		return mmu_update_entries(t, list);
	case MMU_MACHPHYS_UPDATE:
		return machphys_update(t, list);
	default:
		return -ENOSYS;
	}
}

/* The next requests of the list, each read once: how many. 0: -EFAULT. */
static inline unsigned read_some(const struct mmuop_batch *b, struct mmu_request *requests)
{
	unsigned n = b->count < PREEMPT_INTERVAL ? b->count : PREEMPT_INTERVAL;

	if (likely(!copy_from_guest(requests, b->list, n * sizeof(*requests))))
		return n;
	/* Those before the one that cannot be read are carried out. */
	return !copy_from_guest(requests, b->list, sizeof(*requests));
}

static ALWAYS_INLINE int update_all(const struct mmu_target *t, struct mmuop_batch *b)
{
	struct mmu_request requests[PREEMPT_INTERVAL];
	struct mmu_requests list;
	int rc;

	while (b->count) {
		list.next = requests;
		list.end = requests + read_some(b, requests);
		if (list.next == list.end)
			return -EFAULT;
		do {
			rc = update_some(t, &list);
			if (unlikely(rc == -ERESTART))
				rc = mmuop_finish_drop(current_vcpu());
		} while (rc == 0 && list.next < list.end);
		mmuop_batch_next(b, sizeof(*requests), list.next - requests);
		if (rc)
			return rc;
		if (b->count && preempt_needed())
			return -ERESTART;
	}
	return 0;
}

/* The tables' owner is in the upper half of foreigndom, plus one; 0: the caller. */
static int find_owners(struct mmu_target *t, uint32_t foreigndom)
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
HYPERCALL(mmu_update, list, count, pdone, foreigndom)
{
	struct mmuop_batch b;
	struct mmu_target t;
	int rc;

	if (mmuop_finish_drop(current_vcpu()))
		return hypercall_restart(__HYPERVISOR_mmu_update, 4, list, count, pdone,
					 foreigndom);
	rc = mmuop_batch_begin(&b, list, count, pdone, sizeof(struct mmu_update));
	if (rc == 0)
		rc = find_owners(&t, foreigndom);
	if (rc == 0)
		rc = update_all(&t, &b);
	return mmuop_batch_end(&b, __HYPERVISOR_mmu_update, foreigndom, rc);
}
