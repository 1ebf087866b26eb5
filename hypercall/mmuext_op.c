/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_mmuext_op (struct mmuext_op in <xen/xen.h>): pins, the top level, TLB and cache
 * flushes, the LDT, and clearing and copying of frames that the guest has no mapping of.
 *
 * Results are Xen 4.2's for x86_32; a table of level 4 can be pinned there to no effect. With one
 * processor, the flushes of "all" or of named vCPUs are the local one.
 */
#include "hypercall/hypercall.h"
#include "hypercall/mmu.h"

#include "arch/x86_32/descriptor.h"
#include "core/lib.h"
#include "mm/page.h"

#define MAX_LDT_ENTRIES 8192

/* ---- pins ---- */

/* page_lock of owner is held, and a reference that becomes the pin's, or goes. */
static int pin_held(struct page_info *page, struct domain *owner, uint32_t type)
{
	int rc = owner->state < DOMAIN_DYING ? get_page_type(page, type, true) : -EINVAL;

	if (rc) {
		put_page(page);
		return rc;
	}
	if (__atomic_fetch_or(&page->type_info, PGT_PINNED, __ATOMIC_SEQ_CST) & PGT_PINNED) {
		/* The first pin holds the type, so this is not its last reference. */
		put_page_and_type(page);
		return -EINVAL;
	}
	return 0;
}

static int pin(struct domain *owner, mfn_t mfn, uint32_t type)
{
	int rc;

	if (!mfn_valid(mfn) || !get_page(mfn_to_page(mfn), owner))
		return -EINVAL;
	spin_lock(&owner->page_lock);
	rc = pin_held(mfn_to_page(mfn), owner, type);
	spin_unlock(&owner->page_lock);
	return rc;
}

static int unpin(struct domain *owner, mfn_t mfn)
{
	struct page_info *page;
	int rc = -EINVAL;

	if (!mfn_valid(mfn))
		return -EINVAL;
	page = mfn_to_page(mfn);
	spin_lock(&owner->page_lock);
	if (page->owner == owner && page->type_info & PGT_PINNED &&
	    __atomic_fetch_and(&page->type_info, ~PGT_PINNED, __ATOMIC_SEQ_CST) & PGT_PINNED)
		rc = mmu_drop_table(page);
	spin_unlock(&owner->page_lock);
	return rc;
}

/* ---- top level and LDT ---- */

static int new_baseptr(struct vcpu *v, mfn_t mfn)
{
	int rc;

	spin_lock(&v->domain->page_lock);
	rc = mmu_new_top(v, mfn);
	spin_unlock(&v->domain->page_lock);
	return rc;
}

static int set_ldt(struct vcpu *v, gva_t base, uint32_t entries)
{
	if (base % PAGE_SIZE || entries > MAX_LDT_ENTRIES || !guest_range_ok(base, entries * 8))
		return -EINVAL;
	if (v->arch.ldt_base == base && v->arch.ldt_entries == entries)
		return 0;
	spin_lock(&v->domain->page_lock);
	ldt_drop(v);
	v->arch.ldt_base = base;
	v->arch.ldt_entries = entries;
	arch_load_descriptors(v);
	spin_unlock(&v->domain->page_lock);
	return 0;
}

/* ---- TLB ---- */

static int vcpus_named(gva_t bitmap, bool *any)
{
	uint32_t mask;

	if (get_guest_u32(&mask, bitmap))
		return -EINVAL;
	*any = mask != 0;
	return 0;
}

static int flush(const struct mmuext_op *op)
{
	bool wanted = true;

	if (op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_INVLPG_MULTI) {
		int rc = vcpus_named((gva_t)(uintptr_t)op->arg2.vcpumask.p, &wanted);

		if (rc)
			return rc;
	}
	if (!wanted)
		return 0;
	if (op->cmd == MMUEXT_INVLPG_LOCAL || op->cmd == MMUEXT_INVLPG_MULTI ||
	    op->cmd == MMUEXT_INVLPG_ALL)
		tlb_flush_page((gva_t)op->arg1.linear_addr);
	else
		tlb_flush_local();
	return 0;
}

/* ---- whole frames ---- */

/* Clears a frame of d's, or fills it from one that it may read. */
static int fill_frame(struct domain *d, mfn_t mfn, const void *src)
{
	void *dst;

	if (get_page_and_type(mfn, d, PGT_WRITABLE, false))
		return -EINVAL;
	dst = frame_map(mfn);
	if (src)
		memcpy(dst, src, PAGE_SIZE);
	else
		memset(dst, 0, PAGE_SIZE);
	frame_unmap(dst);
	put_page_and_type(mfn_to_page(mfn));
	return 0;
}

static int copy_page(struct domain *d, mfn_t dst, mfn_t src)
{
	const void *from;
	int rc;

	if (!mfn_valid(src) || !get_page(mfn_to_page(src), d))
		return -EINVAL;
	from = frame_map(src);
	rc = fill_frame(d, dst, from);
	frame_unmap(from);
	put_page(mfn_to_page(src));
	return rc;
}

/* ---- the list ---- */

static int do_one(struct domain *owner, const struct mmuext_op *op, uint32_t foreigndom)
{
	struct vcpu *v = current_vcpu();
	mfn_t mfn = (mfn_t)op->arg1.mfn;

	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
		return pin(owner, mfn, PGT_L1);
	case MMUEXT_PIN_L2_TABLE:
		return pin(owner, mfn, PGT_L2);
	case MMUEXT_PIN_L3_TABLE:
		return pin(owner, mfn, PGT_L3);
	case MMUEXT_PIN_L4_TABLE:
		return 0;
	case MMUEXT_UNPIN_TABLE:
		return unpin(owner, mfn);
	case MMUEXT_NEW_BASEPTR:
		return owner == v->domain ? new_baseptr(v, mfn) : -EPERM;
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL:
		return owner == v->domain ? flush(op) : -EPERM;
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		if (foreigndom != DOMID_SELF)
			return -EINVAL;
		/* fall through */
	case MMUEXT_FLUSH_CACHE:
		/*
		 * Caches and DMA are coherent on a PC, and device memory is mapped uncached:
		 * nothing to write back.
		 */
		return domain_is_control(v->domain) ? 0 : -EINVAL;
	case MMUEXT_SET_LDT:
		if (owner != v->domain)
			return -EPERM;
		return set_ldt(v, (gva_t)op->arg1.linear_addr, op->arg2.nr_ents);
	case MMUEXT_CLEAR_PAGE:
		return fill_frame(owner, mfn, NULL);
	case MMUEXT_COPY_PAGE:
		return copy_page(owner, mfn, (mfn_t)op->arg2.src_mfn);
	default:
		return -ENOSYS;
	}
}

/* Until it is done, fails, or something else is waiting. */
static int do_one_in_steps(struct domain *owner, const struct mmuext_op *op, uint32_t foreigndom)
{
	struct vcpu *v = current_vcpu();
	int rc;

	for (;;) {
		rc = do_one(owner, op, foreigndom);
		/* An operation that left a table to be dropped has done everything else. */
		if (rc == -ERESTART && v->arch.old_table)
			return mmuop_finish_drop(v) ? -ERESTART : 0;
		if (rc != -ERESTART || preempt_needed())
			return rc;
	}
}

static int do_all(struct domain *owner, struct mmuop_batch *b, uint32_t foreigndom)
{
	struct mmuext_op op;
	int rc;

	while (b->count) {
		if (copy_from_guest(&op, b->list, sizeof(op)))
			return -EFAULT;
		rc = do_one_in_steps(owner, &op, foreigndom);
		if (rc == -ERESTART && current_vcpu()->arch.old_table) {
			mmuop_batch_next(b, sizeof(op), 1);
			return -ERESTART;
		}
		if (rc)
			return rc;
		mmuop_batch_next(b, sizeof(op), 1);
		if (b->count && preempt_needed())
			return -ERESTART;
	}
	return 0;
}

/* (mmuext_op list, count, pdone, foreigndom) */
HYPERCALL(mmuext_op, list, count, pdone, foreigndom)
{
	struct domain *owner;
	struct mmuop_batch b;
	int rc;

	if (mmuop_finish_drop(current_vcpu()))
		return hypercall_restart(__HYPERVISOR_mmuext_op, 4, list, count, pdone, foreigndom);
	rc = mmuop_batch_begin(&b, list, count, pdone, sizeof(struct mmuext_op));
	owner = mmuop_foreign((uint16_t)foreigndom);
	if (rc == 0 && !owner)
		rc = -ESRCH;
	if (rc == 0)
		rc = do_all(owner, &b, foreigndom);
	return mmuop_batch_end(&b, __HYPERVISOR_mmuext_op, foreigndom, rc);
}
