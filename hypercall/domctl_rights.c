/* SPDX-License-Identifier: MIT */
/*
 * XEN_DOMCTL_ioport_permission, iomem_permission, irq_permission: a control
 * domain hands on what it may reach itself.
 */
#include "hypercall/control.h"

#include "core/event.h"
#include "core/rights.h"

#define NR_PORTS 0x10000u
/* Frames handed on by one call: each is looked at, and nothing else runs meanwhile. */
#define MAX_FRAMES_AT_ONCE 0x10000u

static int change(struct domain *d, enum right right, uint32_t first, uint32_t last, bool allow)
{
	return allow ? rights_grant(d, right, first, last) : rights_revoke(d, right, first, last);
}

int domctl_ioport_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_ioport_permission *arg = &op->u.ioport_permission;

	if (!arg->nr_ports || arg->first_port >= NR_PORTS ||
	    arg->nr_ports > NR_PORTS - arg->first_port)
		return -EINVAL;
	return change(d, RIGHT_IOPORT, arg->first_port, arg->first_port + arg->nr_ports - 1,
		      arg->allow_access);
}

/* Frames that are RAM, or the hypervisor's devices, are nobody's to hand on. */
static bool caller_may_map(mfn_t first, uint32_t nr)
{
	const struct domain *caller = current_vcpu()->domain;

	for (; nr; first++, nr--)
		if (!frame_io_allowed(caller, first))
			return false;
	return true;
}

int domctl_iomem_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_iomem_permission *arg = &op->u.iomem_permission;

	if (!arg->nr_mfns || arg->first_mfn >= INVALID_MFN ||
	    arg->nr_mfns > INVALID_MFN - arg->first_mfn)
		return -EINVAL;
	if (arg->nr_mfns > MAX_FRAMES_AT_ONCE)
		return -E2BIG;
	if (!caller_may_map((mfn_t)arg->first_mfn, (uint32_t)arg->nr_mfns))
		return -EPERM;
	return change(d, RIGHT_IOMEM, (mfn_t)arg->first_mfn,
		      (mfn_t)(arg->first_mfn + arg->nr_mfns - 1), arg->allow_access);
}

int domctl_irq_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_irq_permission *arg = &op->u.irq_permission;

	if (arg->pirq >= NR_PIRQS)
		return -EINVAL;
	return change(d, RIGHT_IRQ, arg->pirq, arg->pirq, arg->allow_access);
}
