/* SPDX-License-Identifier: MIT */
/*
 * What mmu_update, mmuext_op and update_va_mapping have in common.
 */
#pragma once

#include "arch/x86_32/arch.h"
#include "core/domain.h"
#include "core/errno.h"
#include "mm/mmu.h"

/*
 * Whose frames a request is about: DOMID_SELF, DOMID_IO for device memory, or for a control domain
 * any other; as in Xen, not the caller by its number. NULL: -ESRCH.
 */
struct domain *mmuop_foreign(uint16_t domid);

/* Goes on with what an earlier call left undone. 0, or -ERESTART: something else is waiting. */
static inline int mmuop_finish_drop(struct vcpu *v)
{
	int rc;

	if (likely(!v->arch.old_table))
		return 0;
	do
		rc = mmu_finish_drop(v);
	while (rc == -ERESTART && !preempt_needed());
	return rc;
}

/* A batch of requests, as both list hypercalls have it. */
struct mmuop_batch {
	gva_t list;
	uint32_t count; /* left, without the guest's MMU_UPDATE_PREEMPTED */
	gva_t pdone;	/* or 0 */
	uint32_t done;	/* in all, for *pdone */
};

/* 0, or -EFAULT: the list does not lie in guest memory. */
int mmuop_batch_begin(struct mmuop_batch *b, uint32_t list, uint32_t count, uint32_t pdone,
		      uint32_t size) MUST_CHECK;
/* The next n requests are done. */
static inline void mmuop_batch_next(struct mmuop_batch *b, uint32_t size, unsigned n)
{
	b->list += n * size;
	b->count -= n;
	b->done += n;
}
/*
 * Tells the guest how many were done, and makes the result of rc: on -ERESTART the rest is issued
 * again as hypercall `op`.
 */
long mmuop_batch_end(const struct mmuop_batch *b, uint32_t op, uint32_t foreigndom,
		     int rc) MUST_CHECK;
