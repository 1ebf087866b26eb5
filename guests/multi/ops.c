/* SPDX-License-Identifier: MIT */
/* The smaller control operations: vCPUs and their contexts, rights, what is told of the machine. */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"

#define KEYBOARD_STATUS 0x64
#define NOTHING_THERE 0xff

static struct child a;

/* ---- vCPUs ---- */

static int get_context(unsigned int vcpu, vcpu_guest_context_t *context)
{
	struct xen_domctl op = { 0 };

	op.u.vcpucontext.vcpu = vcpu;
	set_xen_guest_handle_raw(op.u.vcpucontext.ctxt, context);
	return domctl(XEN_DOMCTL_getvcpucontext, a.id, &op);
}

static int set_context(unsigned int vcpu, vcpu_guest_context_t *context)
{
	struct xen_domctl op = { 0 };

	op.u.vcpucontext.vcpu = vcpu;
	set_xen_guest_handle_raw(op.u.vcpucontext.ctxt, context);
	return domctl(XEN_DOMCTL_setvcpucontext, a.id, &op);
}

void test_contexts(void)
{
	static vcpu_guest_context_t context;
	uint32_t seen;

	if (!child_make(&a, "spin", 3))
		return;
	CHECK_EQ(get_context(0, &context), -XEN_ENODATA, "context of a vCPU that has none");
	CHECK_EQ(get_context(1, &context), -XEN_EINVAL, "context of a vCPU that is not there");
	CHECK_EQ(set_context(1, &context), -XEN_EINVAL, "set it");
	memset(&context, 0, sizeof(context));
	CHECK_EQ(set_context(0, &context), -XEN_EINVAL, "a context without page tables");
	context.ctrlreg[3] = xen_pfn_to_cr3(va_to_mfn(mm_top_table()));
	CHECK_EQ(set_context(0, &context), -XEN_EINVAL, "a context with our page tables");
	CHECK_EQ(child_set_context(&a), 0, "a good one");
	CHECK_EQ(child_map_mailbox(&a), 0, "map its mailbox");
	CHECK_EQ(child_start(&a), 0, "unpause");
	if (child_wait_stage(&a, 1)) {
		domctl_simple(XEN_DOMCTL_pausedomain, a.id);
		CHECK_EQ(get_context(0, &context), 0, "its context");
		CHECK_EQ(context.ctrlreg[3], xen_pfn_to_cr3(a.mfn[a.top_pfn]), "its page tables");
		CHECK((context.flags & (VGCF_in_kernel | VGCF_online)) ==
			      (VGCF_in_kernel | VGCF_online),
		      "flags 0x%x", (unsigned int)context.flags);
		CHECK_EQ(set_context(0, &context), 0, "the same again");
		check_audit("a context was set");
		seen = a.mailbox->counter;
		domctl_simple(XEN_DOMCTL_unpausedomain, a.id);
		time_delay_ns(30 * NS_PER_MS);
		CHECK(a.mailbox->counter != seen, "it does not run on");
	}
	child_destroy(&a);
}

/* ---- extended state ---- */

#define XMM0 160 /* in an XSAVE area */
#define XSTATE_BV 512
#define XCOMP_BV 520

/* What XEN_DOMCTL_getvcpuextstate writes. */
static struct {
	uint64_t xcr0, ever;
	uint8_t area[4096];
} state;
static uint64_t features;

static int move_state(unsigned int cmd, uint64_t *size)
{
	struct xen_domctl op = { 0 };
	int rc;

	op.u.vcpuextstate.size = *size;
	set_xen_guest_handle_raw(op.u.vcpuextstate.buffer, (uint64_t *)&state);
	rc = domctl(cmd, a.id, &op);
	*size = op.u.vcpuextstate.size;
	if (cmd == XEN_DOMCTL_getvcpuextstate)
		features = op.u.vcpuextstate.xfeature_mask;
	return rc;
}

static int set_state(uint64_t size)
{
	return move_state(XEN_DOMCTL_setvcpuextstate, &size);
}

static void refuse_states(uint64_t size)
{
	uint64_t xcr0 = state.xcr0;

	state.xcr0 = 0;
	CHECK_EQ(set_state(size), -XEN_EINVAL, "XCR0 without the x87 state");
	state.xcr0 = state.ever = 5;
	CHECK_EQ(set_state(size), -XEN_EINVAL, "AVX without SSE");
	state.xcr0 = state.ever = 1ULL << 62 | 1;
	CHECK_EQ(set_state(size), -XEN_EINVAL, "what no processor has");
	state.xcr0 = xcr0;
	state.ever = 3;
	state.area[XSTATE_BV] = 7;
	CHECK_EQ(set_state(size), -XEN_EINVAL, "more than was ever enabled");
	state.area[XSTATE_BV] = 3;
	state.area[XCOMP_BV + 7] = 0x80;
	CHECK_EQ(set_state(size), -XEN_EOPNOTSUPP, "the compacted form");
	state.area[XCOMP_BV + 7] = 0;
}

static void check_registers(uint64_t size)
{
	refuse_states(size);
	state.xcr0 = state.ever = 3;
	memset(state.area + XMM0, 0x5a, 16);
	CHECK_EQ(set_state(size), 0, "SSE state");
	memset(&state, 0, sizeof(state));
	CHECK_EQ(move_state(XEN_DOMCTL_getvcpuextstate, &size), 0, "read back");
	CHECK(state.xcr0 == 3 && state.area[XMM0] == 0x5a && state.area[XMM0 + 15] == 0x5a,
	      "XCR0 %llx, xmm0 %x", state.xcr0, state.area[XMM0]);
}

void test_extended_state(void)
{
	uint64_t size = 0, wrong;

	if (!child_make(&a, "spin", CHILD_STEPS))
		return;
	CHECK_EQ(move_state(XEN_DOMCTL_getvcpuextstate, &size), 0, "its size");
	wrong = size - 1;
	CHECK_EQ(move_state(XEN_DOMCTL_getvcpuextstate, &wrong), -XEN_EINVAL, "another size");
	CHECK_EQ(move_state(XEN_DOMCTL_getvcpuextstate, &size), 0, "the state");
	CHECK_EQ(set_state(size), 0, "the same again");
	CHECK_EQ(set_state(size + 1), -XEN_EINVAL, "too long");
	CHECK_EQ(set_state(15), -XEN_EINVAL, "too short");
	if (features)
		check_registers(size);
	else
		CHECK_EQ(size, 16, "size without XSAVE");
	child_destroy(&a);
}

/* ---- smaller ones ---- */

void test_vcpu_ops(void)
{
	struct xen_domctl op = { 0 };
	uint8_t map[2] = { 0, 0 };

	memset(&a, 0, sizeof(a));
	if (!CHECK_EQ(child_create(&a, 3), 0, "create with three vCPUs"))
		return;
	op.u.max_vcpus.max = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, a.id, &op), -XEN_EINVAL, "another number of vCPUs");
	memset(&op, 0, sizeof(op));
	op.u.getvcpuinfo.vcpu = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpuinfo, a.id, &op), 0, "getvcpuinfo");
	CHECK(!op.u.getvcpuinfo.online && !op.u.getvcpuinfo.running && !op.u.getvcpuinfo.cpu_time,
	      "it has run");
	op.u.getvcpuinfo.vcpu = 3;
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpuinfo, a.id, &op), -XEN_EINVAL, "getvcpuinfo of a fourth");
	memset(&op, 0, sizeof(op));
	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 16;
	set_xen_guest_handle_raw(op.u.vcpuaffinity.cpumap_hard.bitmap, map);
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpuaffinity, a.id, &op), -XEN_EINVAL, "no processor");
	map[0] = 0xff;
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpuaffinity, a.id, &op), 0, "all processors");
	CHECK(map[0] == 1 && map[1] == 0, "affinity in force: %x %x", map[0], map[1]);
	op.u.vcpuaffinity.flags = 0;
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpuaffinity, a.id, &op), -XEN_EINVAL,
		 "neither hard nor soft");
	memset(&op, 0, sizeof(op));
	CHECK_EQ(domctl(XEN_DOMCTL_sendtrigger, a.id, &op), 0, "NMI");
	op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_POWER;
	CHECK_EQ(domctl(XEN_DOMCTL_sendtrigger, a.id, &op), -XEN_ENOSYS, "power button");
	op.u.address_size.size = 64;
	CHECK_EQ(domctl(XEN_DOMCTL_set_address_size, a.id, &op), -XEN_EINVAL, "64 bits");
	op.u.address_size.size = 32;
	CHECK_EQ(domctl(XEN_DOMCTL_set_address_size, a.id, &op), 0, "32 bits");
	child_destroy(&a);
}

/* ---- creation ---- */

static int create(void (*change)(struct xen_domctl_createdomain *c))
{
	struct xen_domctl op = { 0 };
	int rc;

	op.u.createdomain.max_vcpus = 1;
	op.u.createdomain.max_grant_frames = -1;
	change(&op.u.createdomain);
	rc = domctl(XEN_DOMCTL_createdomain, 0, &op);
	if (!rc)
		domctl_simple(XEN_DOMCTL_destroydomain, op.domain);
	return rc;
}

static void as_hvm(struct xen_domctl_createdomain *c)
{
	c->flags = XEN_DOMCTL_CDF_hvm;
}

static void without_vcpus(struct xen_domctl_createdomain *c)
{
	c->max_vcpus = 0;
}

static void with_too_many_vcpus(struct xen_domctl_createdomain *c)
{
	c->max_vcpus = 33;
}

static void with_grants_2(struct xen_domctl_createdomain *c)
{
	c->grant_opts = XEN_DOMCTL_GRANT_version(2);
}

static void in_a_pool(struct xen_domctl_createdomain *c)
{
	c->cpupool_id = 1;
}

static void with_an_apic(struct xen_domctl_createdomain *c)
{
	c->arch.emulation_flags = XEN_X86_EMU_LAPIC;
}

void test_create_errors(void)
{
	CHECK_EQ(create(as_hvm), -XEN_EINVAL, "an HVM domain");
	CHECK_EQ(create(without_vcpus), -XEN_EINVAL, "no vCPU");
	CHECK_EQ(create(with_too_many_vcpus), -XEN_EINVAL, "33 vCPUs");
	CHECK_EQ(create(with_grants_2), -XEN_EINVAL, "grant tables of version 2");
	CHECK_EQ(create(in_a_pool), -XEN_ESRCH, "a processor pool");
	CHECK_EQ(create(with_an_apic), -XEN_EINVAL, "an emulated device");
}

/* A UUID, and the limits of event channels and grant frames that the builder sets. */
void test_limits(void)
{
	struct xen_domctl op = { 0 };
	struct xen_domctl_getdomaininfo info;
	struct gnttab_query_size size = { 0 };
	unsigned int i;

	op.u.createdomain.max_vcpus = 1;
	op.u.createdomain.max_evtchn_port = 5;
	op.u.createdomain.max_grant_frames = 3;
	op.u.createdomain.flags = XEN_DOMCTL_CDF_xs_domain;
	if (!CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 0, &op), 0, "create"))
		return;
	a.id = op.domain;
	for (i = 1; i <= 6; i++) {
		struct evtchn_alloc_unbound alloc = { .dom = a.id, .remote_dom = DOMID_SELF };

		CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc),
			 i <= 5 ? 0 : -XEN_ENOSPC, "alloc_unbound");
	}
	size.dom = a.id;
	HYPERVISOR_grant_table_op(GNTTABOP_query_size, &size, 1);
	CHECK_EQ(size.max_nr_frames, 3, "grant frames");
	memset(op.u.setdomainhandle.handle, 0x5a, sizeof(xen_domain_handle_t));
	CHECK_EQ(domctl(XEN_DOMCTL_setdomainhandle, a.id, &op), 0, "setdomainhandle");
	CHECK_EQ(domain_info(a.id, &info), 0, "getdomaininfo");
	CHECK(info.handle[0] == 0x5a && info.handle[15] == 0x5a, "its handle");
	CHECK(info.flags & XEN_DOMINF_xs_domain, "flags 0x%x", info.flags);
	domctl_simple(XEN_DOMCTL_destroydomain, a.id);
}

/* ---- rights ---- */

static int port_right(unsigned int first, unsigned int n, bool allow)
{
	struct xen_domctl op = { 0 };

	op.u.ioport_permission.first_port = first;
	op.u.ioport_permission.nr_ports = n;
	op.u.ioport_permission.allow_access = allow;
	return domctl(XEN_DOMCTL_ioport_permission, a.id, &op);
}

static int frame_right(uint64_t first, uint64_t n)
{
	struct xen_domctl op = { 0 };

	op.u.iomem_permission.first_mfn = first;
	op.u.iomem_permission.nr_mfns = n;
	op.u.iomem_permission.allow_access = 1;
	return domctl(XEN_DOMCTL_iomem_permission, a.id, &op);
}

static int irq_right(unsigned int pirq)
{
	struct xen_domctl op = { 0 };

	op.u.irq_permission.pirq = pirq;
	op.u.irq_permission.allow_access = 1;
	return domctl(XEN_DOMCTL_irq_permission, a.id, &op);
}

static uint32_t what_it_reads(void)
{
	uint32_t seen = a.mailbox->counter;
	unsigned int i;

	for (i = 0; i < 1000 && a.mailbox->counter - seen < 2; i++)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return a.mailbox->extra;
}

void test_rights(void)
{
	if (!child_make(&a, "inb", CHILD_STEPS))
		return;
	CHECK_EQ(port_right(0x10000, 1, true), -XEN_EINVAL, "a port above the last");
	CHECK_EQ(port_right(0xfff0, 0x11, true), -XEN_EINVAL, "a range beyond the last port");
	CHECK_EQ(frame_right(0, 0), -XEN_EINVAL, "no frame");
	CHECK_EQ(frame_right(a.mfn[3], 1), -XEN_EPERM, "RAM");
	CHECK_EQ(frame_right(0xfee00, 1), -XEN_EPERM, "the local APIC");
	CHECK_EQ(irq_right(100000), -XEN_EINVAL, "an interrupt that does not exist");
	CHECK_EQ(irq_right(5), 0, "an interrupt");
	if (child_wait_stage(&a, 2)) {
		CHECK_EQ(what_it_reads(), NOTHING_THERE, "a port without the right");
		CHECK_EQ(port_right(KEYBOARD_STATUS - 4, 8, true), 0, "give the ports round it");
		CHECK(what_it_reads() != NOTHING_THERE, "it cannot read a port that it was given");
		CHECK_EQ(port_right(KEYBOARD_STATUS, 1, false), 0, "take it back");
		CHECK_EQ(what_it_reads(), NOTHING_THERE, "a port that was taken back");
	}
	child_destroy(&a);
}

/* ---- the machine ---- */

void test_machine_info(void)
{
	struct xen_sysctl op = { 0 };
	xen_sysctl_cpuinfo_t cpu = { 0 };
	xen_sysctl_cputopo_t topology;
	static const char keys[] = "m";

	CHECK_EQ(sysctl(XEN_SYSCTL_physinfo, &op), 0, "physinfo");
	CHECK(op.u.physinfo.total_pages > 20000 &&
		      op.u.physinfo.free_pages < op.u.physinfo.total_pages,
	      "%u pages, %u free", (unsigned int)op.u.physinfo.total_pages,
	      (unsigned int)op.u.physinfo.free_pages);
	CHECK(op.u.physinfo.cpu_khz > 10000, "%u kHz", op.u.physinfo.cpu_khz);
	CHECK_EQ(op.u.physinfo.nr_cpus, 1, "processors");
	CHECK_EQ(sysctl(XEN_SYSCTL_sched_id, &op), 0, "sched_id");
	CHECK_EQ(op.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2, "scheduler");
	op.u.getcpuinfo.max_cpus = 4;
	set_xen_guest_handle_raw(op.u.getcpuinfo.info, &cpu);
	CHECK_EQ(sysctl(XEN_SYSCTL_getcpuinfo, &op), 0, "getcpuinfo");
	CHECK_EQ(op.u.getcpuinfo.nr_cpus, 1, "processors told");
	memset(&op, 0, sizeof(op));
	op.u.cputopoinfo.num_cpus = 1;
	set_xen_guest_handle_raw(op.u.cputopoinfo.cputopo, &topology);
	CHECK_EQ(sysctl(XEN_SYSCTL_cputopoinfo, &op), 0, "cputopoinfo");
	CHECK(!topology.core && !topology.socket, "core %u, socket %u", topology.core,
	      topology.socket);
	set_xen_guest_handle_raw(op.u.debug_keys.keys, keys);
	op.u.debug_keys.nr_keys = 1;
	CHECK_EQ(sysctl(XEN_SYSCTL_debug_keys, &op), 0, "debug_keys");
	CHECK_EQ(sysctl(999, &op), -XEN_ENOSYS, "an unknown operation");
	op.interface_version++;
	CHECK_EQ(hypercall1(__HYPERVISOR_sysctl, PTR32(&op)), -XEN_EACCES, "another version");
	CHECK_EQ(hypercall1(__HYPERVISOR_sysctl, 0xf6000000u), -XEN_EFAULT, "a bad address");
}
