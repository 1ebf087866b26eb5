/* SPDX-License-Identifier: MIT */
#include "guests/multi/control.h"

int domctl(unsigned int cmd, domid_t domid, struct xen_domctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = domid;
	return hypercall1(__HYPERVISOR_domctl, PTR32(op));
}

int sysctl(unsigned int cmd, struct xen_sysctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_sysctl, PTR32(op));
}

int domctl_simple(unsigned int cmd, domid_t domid)
{
	struct xen_domctl op = { 0 };

	return domctl(cmd, domid, &op);
}

int domain_info(domid_t domid, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl op = { 0 };
	int rc = domctl(XEN_DOMCTL_getdomaininfo, domid, &op);

	*info = op.u.getdomaininfo;
	return rc;
}

int domain_set_shares(domid_t domid, unsigned int weight, unsigned int cap)
{
	struct xen_domctl op = { 0 };

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit2.weight = weight;
	op.u.scheduler_op.u.credit2.cap = cap;
	return domctl(XEN_DOMCTL_scheduler_op, domid, &op);
}

int domain_max_mem(domid_t domid, uint64_t kib)
{
	struct xen_domctl op = { 0 };

	op.u.max_mem.max_memkb = kib;
	return domctl(XEN_DOMCTL_max_mem, domid, &op);
}

uint64_t free_frames(void)
{
	struct xen_sysctl op = { 0 };

	BUG_ON(sysctl(XEN_SYSCTL_physinfo, &op));
	return op.u.physinfo.free_pages;
}
