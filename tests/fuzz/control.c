/* SPDX-License-Identifier: MIT */
/*
 * domctl and sysctl of the grammar: what a control domain, or one that is none, says about the
 * others. The guests themselves are not destroyed by each other, because the harness holds on to
 * them; a few further domains are made and destroyed instead.
 */
#include "hypercall/control.h"

#include "tests/fuzz/engine.h"

#define FIRST_EXTRA_DOMAIN 1000u
#define NR_EXTRA_DOMAINS 3u
#define SMALL_DOMAIN_KIB (48 * 4)

static domid_t extra_domain(struct engine *e)
{
	return (domid_t)(FIRST_EXTRA_DOMAIN + engine_choose(e, NR_EXTRA_DOMAINS));
}

static domid_t some_domain(struct engine *e)
{
	return engine_choose(e, 3) ? (domid_t)engine_domid(e) : extra_domain(e);
}

static void fill_create(struct engine *e, struct xen_domctl *op)
{
	struct xen_domctl_createdomain *c = &op->u.createdomain;

	op->domain = extra_domain(e);
	c->max_vcpus = engine_choose(e, 3);
	c->max_evtchn_port = engine_byte(e);
	c->max_grant_frames = (int32_t)engine_choose(e, 4) - 1;
	c->grant_opts = engine_choose(e, 2);
	if (engine_choose(e, 8) == 0)
		c->flags = engine_byte(e);
}

static void fill_vcpu(struct engine *e, struct xen_domctl *op)
{
	op->u.vcpucontext.vcpu = engine_choose(e, 4);
	op->u.vcpucontext.ctxt.q = engine_address(e);
}

static void fill_frames(struct engine *e, struct xen_domctl *op)
{
	op->u.getpageframeinfo3.num = engine_choose(e, 8) ? engine_choose(e, 16) : engine_word(e);
	op->u.getpageframeinfo3.array.q = engine_address(e);
}

static void fill_shares(struct engine *e, struct xen_domctl *op)
{
	op->u.scheduler_op.sched_id = engine_choose(e, 8) ? XEN_SCHEDULER_CREDIT2 : engine_byte(e);
	op->u.scheduler_op.cmd = engine_choose(e, 4);
	op->u.scheduler_op.u.credit2.weight = (uint16_t)engine_word(e);
	op->u.scheduler_op.u.credit2.cap = engine_choose(e, 2) ? 0 : (uint16_t)engine_byte(e);
}

static void fill_affinity(struct engine *e, struct xen_domctl *op)
{
	op->u.vcpuaffinity.vcpu = engine_choose(e, 3);
	op->u.vcpuaffinity.flags = engine_choose(e, 8);
	op->u.vcpuaffinity.cpumap_hard.nr_bits = engine_byte(e);
	op->u.vcpuaffinity.cpumap_hard.bitmap.q = engine_address(e);
	op->u.vcpuaffinity.cpumap_soft = op->u.vcpuaffinity.cpumap_hard;
}

static void fill_arguments(struct engine *e, struct xen_domctl *op)
{
	switch (op->cmd) {
	case XEN_DOMCTL_createdomain:
		fill_create(e, op);
		break;
	case XEN_DOMCTL_destroydomain:
		op->domain = extra_domain(e);
		break;
	case XEN_DOMCTL_max_mem:
		op->domain = extra_domain(e);
		op->u.max_mem.max_memkb = engine_choose(e, SMALL_DOMAIN_KIB);
		break;
	case XEN_DOMCTL_max_vcpus:
		op->u.max_vcpus.max = engine_choose(e, 3);
		break;
	case XEN_DOMCTL_scheduler_op:
		fill_shares(e, op);
		break;
	case XEN_DOMCTL_setvcpuaffinity:
	case XEN_DOMCTL_getvcpuaffinity:
		fill_affinity(e, op);
		break;
	case XEN_DOMCTL_ioport_permission:
		op->u.ioport_permission.first_port = engine_word(e) % 0x10010;
		op->u.ioport_permission.nr_ports = engine_byte(e);
		op->u.ioport_permission.allow_access = engine_choose(e, 2) != 0;
		break;
	case XEN_DOMCTL_hypercall_init:
		op->u.hypercall_init.gmfn = engine_frame(e);
		break;
	case XEN_DOMCTL_getpageframeinfo3:
		fill_frames(e, op);
		break;
	default:
		fill_vcpu(e, op);
	}
}

uint32_t engine_domctl(struct engine *e, void *buffer)
{
	static const uint32_t commands[] = {
		XEN_DOMCTL_createdomain,      XEN_DOMCTL_createdomain,
		XEN_DOMCTL_destroydomain,     XEN_DOMCTL_destroydomain,
		XEN_DOMCTL_max_mem,	      XEN_DOMCTL_max_mem,
		XEN_DOMCTL_max_vcpus,	      XEN_DOMCTL_unpausedomain,
		XEN_DOMCTL_getdomaininfo,     XEN_DOMCTL_pausedomain,
		XEN_DOMCTL_scheduler_op,      XEN_DOMCTL_setvcpucontext,
		XEN_DOMCTL_getvcpucontext,    XEN_DOMCTL_getvcpuinfo,
		XEN_DOMCTL_setvcpuaffinity,   XEN_DOMCTL_getvcpuaffinity,
		XEN_DOMCTL_setdomainhandle,   XEN_DOMCTL_ioport_permission,
		XEN_DOMCTL_irq_permission,    XEN_DOMCTL_hypercall_init,
		XEN_DOMCTL_getpageframeinfo3, XEN_DOMCTL_get_address_size,
		XEN_DOMCTL_set_address_size,  XEN_DOMCTL_sendtrigger,
		XEN_DOMCTL_resumedomain,      XEN_DOMCTL_setvcpuextstate,
		XEN_DOMCTL_getvcpuextstate,
	};
	struct xen_domctl *op = buffer;

	*op = (struct xen_domctl){
		.cmd = commands[engine_choose(e, ARRAY_SIZE(commands))],
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION - (engine_choose(e, 64) == 0),
		.domain = some_domain(e),
	};
	fill_arguments(e, op);
	return sizeof(*op);
}

uint32_t engine_sysctl(struct engine *e, void *buffer)
{
	static const uint32_t commands[] = {
		XEN_SYSCTL_readconsole, XEN_SYSCTL_physinfo,	      XEN_SYSCTL_sched_id,
		XEN_SYSCTL_getcpuinfo,	XEN_SYSCTL_cputopoinfo,	      XEN_SYSCTL_numainfo,
		XEN_SYSCTL_readconsole, XEN_SYSCTL_getdomaininfolist,
	};
	struct xen_sysctl *op = buffer;

	*op = (struct xen_sysctl){
		.cmd = commands[engine_choose(e, ARRAY_SIZE(commands))],
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION - (engine_choose(e, 64) == 0),
	};
	switch (op->cmd) {
	case XEN_SYSCTL_readconsole:
		op->u.readconsole.clear = engine_choose(e, 4) == 0;
		op->u.readconsole.incremental = engine_choose(e, 2) != 0;
		op->u.readconsole.index = engine_word(e);
		op->u.readconsole.pad0 = (uint8_t)engine_byte(e);
		op->u.readconsole.pad1 = engine_choose(e, 2) ? 0 : FIRST_EXTRA_DOMAIN >> 8;
		op->u.readconsole.count = engine_choose(e, 8) ? engine_byte(e) : engine_word(e);
		op->u.readconsole.buffer.q = engine_address(e);
		break;
	case XEN_SYSCTL_getdomaininfolist:
		op->u.getdomaininfolist.first_domain = (domid_t)engine_byte(e);
		op->u.getdomaininfolist.max_domains = engine_choose(e, 8);
		op->u.getdomaininfolist.buffer.q = engine_address(e);
		break;
	default:
		op->u.getcpuinfo.max_cpus = engine_choose(e, 3);
		op->u.getcpuinfo.info.q = engine_address(e);
	}
	return sizeof(*op);
}

void engine_destroy_extra(void)
{
	unsigned i;

	for (i = 0; i < NR_EXTRA_DOMAINS; i++) {
		struct domain *d = domain_by_id((domid_t)(FIRST_EXTRA_DOMAIN + i));

		while (d && domain_kill(d))
			continue;
	}
}
