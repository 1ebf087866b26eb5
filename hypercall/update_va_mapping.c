/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_update_va_mapping and _otherdomain (<xen/xen.h>): one L1 entry, found by the address
 * that it maps, and the TLB flush that goes with it. The hypercall of page faults: kept short.
 */
#include "hypercall/hypercall.h"
#include "hypercall/mmu.h"

_Static_assert(MAX_VCPUS <= 32, "one word holds a bitmap of vCPUs");

/*
 * Which vCPUs' TLBs: none (the caller's own), all, or a bitmap in guest memory. With one processor
 * the last two mean the caller's too, unless no vCPU is named.
 */
static int flush_wanted(uint32_t flags, bool *wanted)
{
	uint32_t where = flags & ~(uint32_t)UVMF_FLUSHTYPE_MASK, mask;

	*wanted = true;
	if (where == UVMF_LOCAL || where == UVMF_ALL)
		return 0;
	if (get_guest_u32(&mask, where))
		return -EFAULT;
	*wanted = mask != 0;
	return 0;
}

static int flush_as_told(gva_t va, uint32_t flags)
{
	bool wanted;
	int rc;

	rc = flush_wanted(flags, &wanted);
	if (rc || !wanted)
		return rc;
	if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_TLB_FLUSH)
		tlb_flush_local();
	else if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_INVLPG)
		tlb_flush_page(va);
	return 0;
}

static inline long update(struct domain *foreign, gva_t va, uint32_t low, uint32_t high,
			  uint32_t flags)
{
	int rc = mmu_update_va(current_vcpu(), foreign, va, low, high);

	/* A failed update changed nothing, so there is nothing to flush (XSA-279). */
	if (unlikely(rc))
		return rc;
	if (flags & UVMF_FLUSHTYPE_MASK)
		return flush_as_told(va, flags);
	return 0;
}

/* (va, new entry low, high, UVMF_ flags) */
HYPERCALL(update_va_mapping, va, low, high, flags)
{
	return update(current_vcpu()->domain, va, low, high, flags);
}

/* As above for frames of `domid`. */
HYPERCALL(update_va_mapping_otherdomain, va, low, high, flags, domid)
{
	struct domain *foreign = mmuop_foreign((uint16_t)domid);

	if (!foreign)
		return -ESRCH;
	return update(foreign, va, low, high, flags);
}
