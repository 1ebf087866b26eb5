/* SPDX-License-Identifier: MIT */
/*
 * domctl and sysctl: the order of their checks, and the operations that need no running
 * guest, on an empty domain and on the caller itself (ABI: <xen/domctl.h>,
 * <xen/sysctl.h>). Domains that run are guests/multi's. The ABI shows these interfaces to
 * control tools only, hence the first definition.
 */
#define __XEN_TOOLS__ 1

#include <stdint.h>

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#define BAD_POINTER ((void *)HYPERVISOR_VIRT_START)
#define NO_SUCH_DOMAIN 0x1234
#define NO_SUCH_COMMAND 999
#define NO_SUCH_VCPU 100
#define KEYBOARD_PORT 0x60
#define VIDEO_FRAME 0xb8
#define SOME_LINE 5

static domid_t child;

static long domctl(unsigned int cmd, domid_t domain, struct xen_domctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = domain;
	return hypercall1(__HYPERVISOR_domctl, PTR32(op));
}

static long sysctl(unsigned int cmd, struct xen_sysctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_sysctl, PTR32(op));
}

/* --- The order of checks --- */

static void test_domctl_order(void)
{
	struct xen_domctl op = { .cmd = NO_SUCH_COMMAND, .interface_version = 1 };

	if (!pv_is_privileged()) {
		CHECK_EQ(hypercall1(__HYPERVISOR_domctl, PTR32(BAD_POINTER)), -XEN_EPERM, "rc");
		return;
	}
	CHECK_EQ(hypercall1(__HYPERVISOR_domctl, PTR32(BAD_POINTER)), -XEN_EFAULT, "bad pointer");
	CHECK_EQ(hypercall1(__HYPERVISOR_domctl, PTR32(&op)), -XEN_EACCES, "version");
	CHECK_EQ(domctl(NO_SUCH_COMMAND, NO_SUCH_DOMAIN, &op), -XEN_ESRCH, "no such domain");
	CHECK_EQ(domctl(NO_SUCH_COMMAND, 0, &op), -XEN_ENOSYS, "no such command");
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, NO_SUCH_DOMAIN, &op), -XEN_ESRCH, "info");
}

static void test_sysctl_order(void)
{
	struct xen_sysctl op = { .cmd = NO_SUCH_COMMAND, .interface_version = 1 };

	if (!pv_is_privileged()) {
		CHECK_EQ(hypercall1(__HYPERVISOR_sysctl, PTR32(BAD_POINTER)), -XEN_EPERM, "rc");
		return;
	}
	CHECK_EQ(hypercall1(__HYPERVISOR_sysctl, PTR32(BAD_POINTER)), -XEN_EFAULT, "bad pointer");
	CHECK_EQ(hypercall1(__HYPERVISOR_sysctl, PTR32(&op)), -XEN_EACCES, "version");
	CHECK_EQ(sysctl(NO_SUCH_COMMAND, &op), -XEN_ENOSYS, "no such command");
}

/* --- An empty domain --- */

static long create(domid_t wanted, uint32_t vcpus, uint32_t flags)
{
	struct xen_domctl op = { 0 };
	long rc;

	op.u.createdomain.flags = flags;
	op.u.createdomain.max_vcpus = vcpus;
	op.u.createdomain.max_evtchn_port = -1;
	op.u.createdomain.max_grant_frames = -1;
	op.u.createdomain.max_maptrack_frames = -1;
	op.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
	rc = domctl(XEN_DOMCTL_createdomain, wanted, &op);
	if (!rc)
		child = op.domain;
	return rc;
}

static void test_create(void)
{
	CHECK_EQ(create(0, 0, 0), -XEN_EINVAL, "no vCPU");
	CHECK_EQ(create(0, NO_SUCH_VCPU, 0), -XEN_EINVAL, "too many vCPUs");
	CHECK_EQ(create(0, 1, XEN_DOMCTL_CDF_hvm), -XEN_EINVAL, "an HVM domain");
	if (CHECK_EQ(create(0, 1, 0), 0, "create"))
		CHECK_EQ(create(child, 1, 0), -XEN_EEXIST, "the same number again");
}

static void test_handle(void)
{
	struct xen_domctl op = { 0 };

	op.u.setdomainhandle.handle[3] = 42;
	CHECK_EQ(domctl(XEN_DOMCTL_setdomainhandle, child, &op), 0, "setdomainhandle");
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, child, &op), 0, "getdomaininfo");
	CHECK_EQ(op.u.getdomaininfo.handle[3], 42, "handle");
}

static void test_max_mem(void)
{
	struct xen_domctl op = { 0 };

	op.u.max_mem.max_memkb = 8192;
	CHECK_EQ(domctl(XEN_DOMCTL_max_mem, child, &op), 0, "max_mem");
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, child, &op), 0, "getdomaininfo");
	CHECK_EQ(op.u.getdomaininfo.max_pages, 2048, "pages");
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, 0, &op), 0, "of itself");
	CHECK_EQ(op.u.getdomaininfo.tot_pages, start_info->nr_pages, "own pages");
}

static void test_address_size(void)
{
	struct xen_domctl op = { 0 };

	CHECK_EQ(domctl(XEN_DOMCTL_get_address_size, child, &op), 0, "get_address_size");
	CHECK_EQ(op.u.address_size.size, 32, "size");
	CHECK_EQ(domctl(XEN_DOMCTL_set_address_size, child, &op), 0, "set_address_size");
	op.u.address_size.size = 64;
	CHECK_EQ(domctl(XEN_DOMCTL_set_address_size, child, &op), -XEN_EINVAL, "64 bits");
}

/* --- vCPUs --- */

static void test_contexts(void)
{
	static vcpu_guest_context_t context;
	struct xen_domctl op = { 0 };

	op.u.max_vcpus.max = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, child, &op), -XEN_EINVAL, "another number");
	op.u.max_vcpus.max = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, child, &op), 0, "max_vcpus");
	memset(&op, 0, sizeof(op));
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, child, &op), -XEN_ENODATA, "before the first");
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, 0, &op), -XEN_EINVAL, "of the caller");
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, 0, &op), -XEN_EINVAL, "of itself");
	CHECK(domctl(XEN_DOMCTL_setvcpucontext, child, &op) < 0, "a context without tables");
	set_xen_guest_handle(op.u.vcpucontext.ctxt, (vcpu_guest_context_t *)BAD_POINTER);
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, child, &op), -XEN_EFAULT, "bad pointer");
	op.u.vcpucontext.vcpu = NO_SUCH_VCPU;
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, child, &op), -XEN_EINVAL, "no such vCPU");
}

static void test_vcpu_info(void)
{
	struct xen_domctl op = { 0 };

	CHECK_EQ(domctl(XEN_DOMCTL_getvcpuinfo, 0, &op), 0, "getvcpuinfo");
	CHECK(op.u.getvcpuinfo.online && op.u.getvcpuinfo.running,
	      "it says that this does not run");
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpuinfo, child, &op), 0, "getvcpuinfo");
	CHECK(!op.u.getvcpuinfo.online, "an empty domain is online");
	op.u.getvcpuinfo.vcpu = NO_SUCH_VCPU;
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpuinfo, child, &op), -XEN_EINVAL, "no such vCPU");
	op.u.sendtrigger.vcpu = NO_SUCH_VCPU;
	op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_NMI;
	CHECK_EQ(domctl(XEN_DOMCTL_sendtrigger, child, &op), -XEN_EINVAL, "trigger, no such vCPU");
	op.u.sendtrigger.vcpu = 0;
	op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_POWER;
	CHECK_EQ(domctl(XEN_DOMCTL_sendtrigger, child, &op), -XEN_ENOSYS, "another trigger");
	op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_NMI;
	CHECK_EQ(domctl(XEN_DOMCTL_sendtrigger, child, &op), 0, "NMI");
}

static long affinity(unsigned int cmd, uint32_t flags, uint8_t *map, uint32_t bits)
{
	struct xen_domctl op = { 0 };

	op.u.vcpuaffinity.flags = flags;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, map);
	op.u.vcpuaffinity.cpumap_hard.nr_bits = bits;
	return domctl(cmd, child, &op);
}

static void test_affinity(void)
{
	uint8_t map[2] = { 0xff, 0xff };

	CHECK_EQ(affinity(XEN_DOMCTL_getvcpuaffinity, 0, map, 16), -XEN_EINVAL, "neither kind");
	CHECK_EQ(affinity(XEN_DOMCTL_getvcpuaffinity, XEN_VCPUAFFINITY_HARD, map, 16), 0, "get");
	CHECK(map[0] == 1 && map[1] == 0, "processors %x %x", map[0], map[1]);
	CHECK_EQ(affinity(XEN_DOMCTL_setvcpuaffinity, XEN_VCPUAFFINITY_HARD, map, 16), 0, "set");
	map[0] = 2;
	CHECK_EQ(affinity(XEN_DOMCTL_setvcpuaffinity, XEN_VCPUAFFINITY_HARD, map, 16), -XEN_EINVAL,
		 "without processor 0");
	CHECK_EQ(affinity(XEN_DOMCTL_getvcpuaffinity, XEN_VCPUAFFINITY_HARD, BAD_POINTER, 16),
		 -XEN_EFAULT, "bad pointer");
}

static void test_shares(void)
{
	struct xen_domctl op = { 0 };

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_ARINC653;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, child, &op), -XEN_EINVAL, "another scheduler");
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, child, &op), 0, "getinfo");
	CHECK_EQ(op.u.scheduler_op.u.credit2.weight, 256, "weight");
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo;
	CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, child, &op), -XEN_EINVAL, "shares of a vCPU");
}

/* --- Rights --- */

static void test_permissions(void)
{
	struct xen_domctl op = { 0 };

	op.u.ioport_permission.first_port = KEYBOARD_PORT;
	CHECK_EQ(domctl(XEN_DOMCTL_ioport_permission, child, &op), -XEN_EINVAL, "no ports");
	op.u.ioport_permission.nr_ports = 1;
	op.u.ioport_permission.allow_access = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_ioport_permission, child, &op), 0, "a port");
	op.u.ioport_permission.nr_ports = 0x10000;
	CHECK_EQ(domctl(XEN_DOMCTL_ioport_permission, child, &op), -XEN_EINVAL, "too many ports");
	memset(&op, 0, sizeof(op));
	op.u.iomem_permission.first_mfn = VIDEO_FRAME;
	CHECK_EQ(domctl(XEN_DOMCTL_iomem_permission, child, &op), -XEN_EINVAL, "no frames");
	op.u.iomem_permission.nr_mfns = 1;
	op.u.iomem_permission.allow_access = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_iomem_permission, child, &op), 0, "a frame of video memory");
	op.u.iomem_permission.first_mfn = va_to_mfn(&child);
	CHECK_EQ(domctl(XEN_DOMCTL_iomem_permission, child, &op), -XEN_EPERM, "RAM");
	memset(&op, 0, sizeof(op));
	op.u.irq_permission.pirq = SOME_LINE;
	op.u.irq_permission.allow_access = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_irq_permission, child, &op), 0, "a line");
}

static void test_destroy(void)
{
	struct xen_domctl op = { 0 };

	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 0, &op), -XEN_EINVAL, "itself");
	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, 0, &op), -XEN_EINVAL, "pausing itself");
	CHECK_EQ(domctl(XEN_DOMCTL_resumedomain, 0, &op), -XEN_EINVAL, "resuming itself");
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, child, &op), 0, "destroy");
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, child, &op), -XEN_ESRCH, "it is still there");
}

/* --- sysctl --- */

static void test_physinfo(void)
{
	struct xen_sysctl op = { 0 };

	CHECK_EQ(sysctl(XEN_SYSCTL_physinfo, &op), 0, "physinfo");
	CHECK(op.u.physinfo.nr_cpus >= 1 && op.u.physinfo.cpu_khz > 0, "%u processors of %u kHz",
	      op.u.physinfo.nr_cpus, op.u.physinfo.cpu_khz);
	CHECK(op.u.physinfo.total_pages > start_info->nr_pages, "less memory than this domain has");
	CHECK_EQ(sysctl(XEN_SYSCTL_sched_id, &op), 0, "sched_id");
	CHECK_EQ(op.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2, "scheduler");
}

static void test_topology(void)
{
	xen_sysctl_cpuinfo_t cpus[4];
	xen_sysctl_cputopo_t topology[4];
	xen_sysctl_meminfo_t memory[4];
	struct xen_sysctl op = { 0 };

	op.u.getcpuinfo.max_cpus = ARRAY_SIZE(cpus);
	set_xen_guest_handle(op.u.getcpuinfo.info, cpus);
	CHECK_EQ(sysctl(XEN_SYSCTL_getcpuinfo, &op), 0, "getcpuinfo");
	CHECK(op.u.getcpuinfo.nr_cpus >= 1, "no processor");
	memset(&op, 0, sizeof(op));
	op.u.cputopoinfo.num_cpus = ARRAY_SIZE(topology);
	set_xen_guest_handle(op.u.cputopoinfo.cputopo, topology);
	CHECK_EQ(sysctl(XEN_SYSCTL_cputopoinfo, &op), 0, "cputopoinfo");
	CHECK(op.u.cputopoinfo.num_cpus >= 1, "no processor");
	memset(&op, 0, sizeof(op));
	op.u.numainfo.num_nodes = ARRAY_SIZE(memory);
	set_xen_guest_handle(op.u.numainfo.meminfo, memory);
	CHECK_EQ(sysctl(XEN_SYSCTL_numainfo, &op), 0, "numainfo");
	CHECK_EQ(op.u.numainfo.num_nodes, 1, "nodes");
	CHECK(memory[0].memsize >> PAGE_SHIFT > start_info->nr_pages, "too little memory");
}

static void test_debug_keys(void)
{
	static const char key[] = "h";
	struct xen_sysctl op = { 0 };

	set_xen_guest_handle(op.u.debug_keys.keys, key);
	op.u.debug_keys.nr_keys = 1;
	CHECK_EQ(sysctl(XEN_SYSCTL_debug_keys, &op), 0, "debug_keys");
	set_xen_guest_handle(op.u.debug_keys.keys, (const char *)BAD_POINTER);
	CHECK_EQ(sysctl(XEN_SYSCTL_debug_keys, &op), -XEN_EFAULT, "bad pointer");
}

static const struct test_case cases[] = {
	{ "control.domctl_order", test_domctl_order },
	{ "control.sysctl_order", test_sysctl_order },
	{ "control.create", test_create },
	{ "control.handle", test_handle },
	{ "control.max_mem", test_max_mem },
	{ "control.address_size", test_address_size },
	{ "control.contexts", test_contexts },
	{ "control.vcpu_info", test_vcpu_info },
	{ "control.affinity", test_affinity },
	{ "control.shares", test_shares },
	{ "control.permissions", test_permissions },
	{ "control.destroy", test_destroy },
	{ "control.physinfo", test_physinfo },
	{ "control.topology", test_topology },
	{ "control.debug_keys", test_debug_keys },
};

int main(void)
{
	return test_run(cases, pv_is_privileged() ? ARRAY_SIZE(cases) : 2);
}
