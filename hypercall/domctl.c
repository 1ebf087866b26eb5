/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_domctl (<xen/domctl.h>): a control domain makes, watches and ends other domains.
 * The table below is all there is; operations for other kinds of guests, for IOMMUs,
 * debuggers and memory sharing are -ENOSYS.
 *
 * Whoever is no control domain learns nothing here, not even whether its pointer is good.
 */
#include "hypercall/control.h"

static const struct {
	domctl_fn *fn;
	bool copy_back;
} operations[] = {
	[XEN_DOMCTL_destroydomain] = { domctl_destroydomain, false },
	[XEN_DOMCTL_pausedomain] = { domctl_pausedomain, false },
	[XEN_DOMCTL_unpausedomain] = { domctl_unpausedomain, false },
	[XEN_DOMCTL_resumedomain] = { domctl_resumedomain, false },
	[XEN_DOMCTL_max_mem] = { domctl_max_mem, false },
	[XEN_DOMCTL_setdomainhandle] = { domctl_setdomainhandle, false },
	[XEN_DOMCTL_max_vcpus] = { domctl_max_vcpus, false },
	[XEN_DOMCTL_setvcpucontext] = { domctl_setvcpucontext, false },
	[XEN_DOMCTL_getvcpucontext] = { domctl_getvcpucontext, true },
	[XEN_DOMCTL_setvcpuextstate] = { domctl_setvcpuextstate, false },
	[XEN_DOMCTL_getvcpuextstate] = { domctl_getvcpuextstate, true },
	[XEN_DOMCTL_getvcpuinfo] = { domctl_getvcpuinfo, true },
	[XEN_DOMCTL_setvcpuaffinity] = { domctl_setvcpuaffinity, true },
	[XEN_DOMCTL_getvcpuaffinity] = { domctl_getvcpuaffinity, true },
	[XEN_DOMCTL_scheduler_op] = { domctl_scheduler_op, true },
	[XEN_DOMCTL_sendtrigger] = { domctl_sendtrigger, false },
	[XEN_DOMCTL_irq_permission] = { domctl_irq_permission, false },
	[XEN_DOMCTL_iomem_permission] = { domctl_iomem_permission, false },
	[XEN_DOMCTL_ioport_permission] = { domctl_ioport_permission, false },
	[XEN_DOMCTL_getpageframeinfo3] = { domctl_getpageframeinfo3, true },
	[XEN_DOMCTL_hypercall_init] = { domctl_hypercall_init, false },
	[XEN_DOMCTL_set_address_size] = { domctl_set_address_size, false },
	[XEN_DOMCTL_get_address_size] = { domctl_get_address_size, true },
};

static int copy_back(gva_t arg, const struct xen_domctl *op)
{
	return copy_to_guest(arg, op, sizeof(*op)) ? -EFAULT : 0;
}

static int create(gva_t arg, struct xen_domctl *op)
{
	int rc = domctl_createdomain(op);

	return rc ? rc : copy_back(arg, op);
}

/* Of the dead too: they are listed until nobody holds memory of theirs. */
static int get_info(gva_t arg, struct xen_domctl *op)
{
	const struct domain *d = domain_from(op->domain);

	if (!d || d->id != op->domain)
		return -ESRCH;
	domain_info_fill(d, &op->u.getdomaininfo);
	return copy_back(arg, op);
}

static int on_domain(gva_t arg, struct xen_domctl *op)
{
	struct domain *d = domain_by_id(op->domain);
	uint32_t cmd = op->cmd;
	int rc;

	if (!d)
		return -ESRCH;
	if (cmd >= ARRAY_SIZE(operations))
		return -ENOSYS;
	cmd = index_nospec(cmd, ARRAY_SIZE(operations));
	if (!operations[cmd].fn)
		return -ENOSYS;
	rc = operations[cmd].fn(d, op);
	if (operations[cmd].copy_back && (!rc || rc == -ERESTART) && copy_back(arg, op))
		return -EFAULT;
	return rc;
}

HYPERCALL(domctl, arg)
{
	struct xen_domctl op;
	int rc;

	if (!domain_is_control(current_vcpu()->domain))
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	switch (op.cmd) {
	case XEN_DOMCTL_createdomain:
		return create(arg, &op);
	case XEN_DOMCTL_getdomaininfo:
		return get_info(arg, &op);
	default:
		rc = on_domain(arg, &op);
		return rc == -ERESTART ? hypercall_restart(__HYPERVISOR_domctl, 1, arg) : rc;
	}
}
