/* SPDX-License-Identifier: MIT */
/* Privileged hypercalls: see ctl.h. */
#include "dom0/ctl.h"

#include <string.h>

#include <xen/memory.h>
#include <xen/sched.h>

#include "guests/pvrt/event.h"
#include "guests/pvrt/hypercall.h"

const char *ctl_strerror(int rc)
{
	switch (-rc) {
	case 0:
		return "success";
	case XEN_EPERM:
		return "not permitted";
	case XEN_ENOENT:
		return "no such thing";
	case XEN_ESRCH:
		return "no such domain";
	case XEN_E2BIG:
		return "too big";
	case XEN_EAGAIN:
		return "try again";
	case XEN_ENOMEM:
		return "not enough memory";
	case XEN_EACCES:
		return "access denied";
	case XEN_EFAULT:
		return "bad address";
	case XEN_EBUSY:
		return "busy";
	case XEN_EEXIST:
		return "exists already";
	case XEN_EINVAL:
		return "invalid argument";
	case XEN_ENOSPC:
		return "no space";
	case XEN_ENOSYS:
	case XEN_EOPNOTSUPP:
		return "not supported by the hypervisor";
	default:
		return "unexpected error";
	}
}

static int domctl(struct xen_domctl *op, unsigned cmd, domid_t domain)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = domain;
	return hypercall1(__HYPERVISOR_domctl, PTR32(op));
}

static int simple(unsigned cmd, domid_t domain)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, cmd, domain);
}

/* ---- one domain ---- */

/* 4096 grants: many for one guest's rings, and little of the hypervisor's heap, which all guests share. */
#define GUEST_GRANT_FRAMES 8

int ctl_create(domid_t *domain, const xen_domain_handle_t handle, unsigned vcpus)
{
	struct xen_domctl op = { 0 };
	struct xen_domctl_createdomain *create = &op.u.createdomain;
	int rc;

	memcpy(create->handle, handle, sizeof(xen_domain_handle_t));
	create->max_vcpus = vcpus;
	create->max_evtchn_port = EVTCHN_2L_NR_CHANNELS - 1;
	create->max_grant_frames = GUEST_GRANT_FRAMES;
	create->max_maptrack_frames = -1;
	create->grant_opts = XEN_DOMCTL_GRANT_version(1);
	rc = domctl(&op, XEN_DOMCTL_createdomain, *domain);
	*domain = op.domain;
	return rc;
}

int ctl_destroy(domid_t domain)
{
	return simple(XEN_DOMCTL_destroydomain, domain);
}

int ctl_pause(domid_t domain)
{
	return simple(XEN_DOMCTL_pausedomain, domain);
}

int ctl_unpause(domid_t domain)
{
	return simple(XEN_DOMCTL_unpausedomain, domain);
}

int ctl_max_mem(domid_t domain, uint64_t kib)
{
	struct xen_domctl op = { .u.max_mem.max_memkb = kib };

	return domctl(&op, XEN_DOMCTL_max_mem, domain);
}

int ctl_max_vcpus(domid_t domain, unsigned vcpus)
{
	struct xen_domctl op = { .u.max_vcpus.max = vcpus };

	return domctl(&op, XEN_DOMCTL_max_vcpus, domain);
}

/* The hypercall finds the next domain with a number of at least domain: that is none of ours. */
int ctl_info(domid_t domain, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl op = { 0 };
	int rc = domctl(&op, XEN_DOMCTL_getdomaininfo, domain);

	*info = op.u.getdomaininfo;
	return !rc && info->domain != domain ? -XEN_ESRCH : rc;
}

int ctl_set_vcpu(domid_t domain, unsigned vcpu, struct vcpu_guest_context *context)
{
	struct xen_domctl op = { .u.vcpucontext.vcpu = vcpu };

	set_xen_guest_handle(op.u.vcpucontext.ctxt, context);
	return domctl(&op, XEN_DOMCTL_setvcpucontext, domain);
}

int ctl_get_vcpu(domid_t domain, unsigned vcpu, struct vcpu_guest_context *context)
{
	struct xen_domctl op = { .u.vcpucontext.vcpu = vcpu };

	set_xen_guest_handle(op.u.vcpucontext.ctxt, context);
	return domctl(&op, XEN_DOMCTL_getvcpucontext, domain);
}

int ctl_get_xstate(domid_t domain, unsigned vcpu, void *buffer, uint32_t *size, uint64_t *features)
{
	struct xen_domctl op = { .u.vcpuextstate.vcpu = vcpu };
	int rc = domctl(&op, XEN_DOMCTL_getvcpuextstate, domain);

	if (!rc && op.u.vcpuextstate.size > *size)
		rc = -XEN_E2BIG;
	if (rc)
		return rc;
	*size = (uint32_t)op.u.vcpuextstate.size;
	*features = op.u.vcpuextstate.xfeature_mask;
	set_xen_guest_handle(op.u.vcpuextstate.buffer, buffer);
	return domctl(&op, XEN_DOMCTL_getvcpuextstate, domain);
}

int ctl_set_xstate(domid_t domain, unsigned vcpu, void *buffer, uint32_t size)
{
	struct xen_domctl op = { .u.vcpuextstate = { .vcpu = vcpu, .size = size } };

	set_xen_guest_handle(op.u.vcpuextstate.buffer, buffer);
	return domctl(&op, XEN_DOMCTL_setvcpuextstate, domain);
}

int ctl_resume(domid_t domain)
{
	return simple(XEN_DOMCTL_resumedomain, domain);
}

int ctl_vcpu_info(domid_t domain, unsigned vcpu, struct xen_domctl_getvcpuinfo *info)
{
	struct xen_domctl op = { .u.getvcpuinfo.vcpu = vcpu };
	int rc = domctl(&op, XEN_DOMCTL_getvcpuinfo, domain);

	*info = op.u.getvcpuinfo;
	return rc;
}

int ctl_hypercall_page(domid_t domain, xen_pfn_t mfn)
{
	struct xen_domctl op = { .u.hypercall_init.gmfn = mfn };

	return domctl(&op, XEN_DOMCTL_hypercall_init, domain);
}

int ctl_sched(domid_t domain, struct xen_domctl_sched_credit2 *params, bool put)
{
	struct xen_domctl op = { 0 };
	int rc;

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = put ? XEN_DOMCTL_SCHEDOP_putinfo : XEN_DOMCTL_SCHEDOP_getinfo;
	op.u.scheduler_op.u.credit2 = *params;
	rc = domctl(&op, XEN_DOMCTL_scheduler_op, domain);
	*params = op.u.scheduler_op.u.credit2;
	return rc;
}

int ctl_pin(domid_t domain, unsigned vcpu, uint32_t hard, uint32_t soft)
{
	struct xen_domctl op = { 0 };
	struct xen_domctl_vcpuaffinity *affinity = &op.u.vcpuaffinity;

	affinity->vcpu = vcpu;
	affinity->flags = (hard ? XEN_VCPUAFFINITY_HARD : 0u) | (soft ? XEN_VCPUAFFINITY_SOFT : 0u);
	affinity->cpumap_hard.nr_bits = affinity->cpumap_soft.nr_bits = 32;
	set_xen_guest_handle(affinity->cpumap_hard.bitmap, (uint8_t *)&hard);
	set_xen_guest_handle(affinity->cpumap_soft.bitmap, (uint8_t *)&soft);
	return domctl(&op, XEN_DOMCTL_setvcpuaffinity, domain);
}

int ctl_remote_shutdown(domid_t domain, unsigned reason)
{
	struct sched_remote_shutdown op = { .domain_id = domain, .reason = reason };

	return HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &op);
}

int ctl_alloc_port(domid_t domain)
{
	struct evtchn_alloc_unbound op = { .dom = domain, .remote_dom = 0 };
	int rc = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op);

	return rc ? rc : (int)op.port;
}

/* ---- its memory ---- */

int ctl_populate(domid_t domain, xen_pfn_t first, xen_ulong_t count, unsigned flags,
		 xen_pfn_t *mfns)
{
	xen_ulong_t i;

	for (i = 0; i < count; i++)
		mfns[i] = first + i;
	return ctl_populate_list(domain, count, flags, mfns);
}

int ctl_populate_list(domid_t domain, xen_ulong_t count, unsigned flags, xen_pfn_t *frames)
{
	struct xen_memory_reservation op = { .nr_extents = count,
					     .domid = domain,
					     .mem_flags = flags };
	long done;

	set_xen_guest_handle(op.extent_start, frames);
	done = HYPERVISOR_memory_op(XENMEM_populate_physmap, &op);
	if (done < 0)
		return (int)done;
	return (xen_ulong_t)done == count ? 0 : -XEN_ENOMEM;
}

int ctl_frame_types(domid_t domain, unsigned count, xen_pfn_t *frames)
{
	struct xen_domctl op = { .u.getpageframeinfo3.num = count };

	set_xen_guest_handle(op.u.getpageframeinfo3.array, frames);
	return domctl(&op, XEN_DOMCTL_getpageframeinfo3, domain);
}

int ctl_mmuext(domid_t domain, struct mmuext_op *ops, unsigned count)
{
	return HYPERVISOR_mmuext_op(ops, count, NULL, domain);
}

int ctl_pin_top_table(domid_t domain, xen_pfn_t mfn)
{
	struct mmuext_op op = { .cmd = MMUEXT_PIN_L3_TABLE, .arg1.mfn = mfn };

	return ctl_mmuext(domain, &op, 1);
}

/* ---- the machine ---- */

static int sysctl(struct xen_sysctl *op, unsigned cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_sysctl, PTR32(op));
}

int ctl_list(domid_t first, unsigned max, struct xen_domctl_getdomaininfo *list)
{
	struct xen_sysctl op = { 0 };
	int rc;

	op.u.getdomaininfolist.first_domain = first;
	op.u.getdomaininfolist.max_domains = max;
	set_xen_guest_handle(op.u.getdomaininfolist.buffer, list);
	rc = sysctl(&op, XEN_SYSCTL_getdomaininfolist);
	return rc ? rc : (int)op.u.getdomaininfolist.num_domains;
}

int ctl_physinfo(struct xen_sysctl_physinfo *info)
{
	struct xen_sysctl op = { 0 };
	int rc = sysctl(&op, XEN_SYSCTL_physinfo);

	*info = op.u.physinfo;
	return rc;
}

int ctl_read_log(domid_t domain, char *buf, uint32_t size, uint32_t *index, bool clear)
{
	struct xen_sysctl op = { 0 };
	struct xen_sysctl_readconsole *read = &op.u.readconsole;
	int rc;

	read->pad0 = (uint8_t)domain;
	read->pad1 = (uint8_t)(domain >> 8);
	read->clear = clear;
	read->incremental = 1;
	read->index = *index;
	read->count = size;
	set_xen_guest_handle(read->buffer, buf);
	rc = sysctl(&op, XEN_SYSCTL_readconsole);
	*index = read->index;
	return rc ? rc : (int)read->count;
}

int ctl_debug_keys(const char *keys, unsigned count)
{
	struct xen_sysctl op = { .u.debug_keys.nr_keys = count };

	set_xen_guest_handle(op.u.debug_keys.keys, keys);
	return sysctl(&op, XEN_SYSCTL_debug_keys);
}
