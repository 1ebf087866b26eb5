/* SPDX-License-Identifier: MIT */
/*
 * Further virtual CPUs, as 32-bit PV Linux of 2.6.32 to 5.8 brings them up, uses them, takes them
 * away and brings them back: the calls and the context of its SMP code for Xen and
 * what cpu_init() does on the new one, the sleep and kick of its spinlocks, events. Where that
 * code stops for good when a call is refused, a case fails here.
 *
 * Boot: hv="dom0_max_vcpus=4"
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

#define MAX_CPUS 4
#define STACK_BYTES 8192

/* Linux's selectors. */
#define GDT_ENTRIES 32
#define LINUX_KERNEL_CS 0x60
#define LINUX_KERNEL_DS 0x68
#define LINUX_USER_DS 0x7b
#define KERNEL_PERCPU 0xd8
#define KERNEL_STACK_CANARY 0xe0

#define IOPL_RING1 0x1000
#define CR4_TSD 0x004u
#define CR4_DE 0x008u

/* In the order of binding. */
enum { RESCHEDULE, CALL_FUNCTION, CALL_SINGLE, LOCK_KICK, NR_IPIS };

/* What Linux has in its per-CPU area, found by %fs. */
static struct cpu {
	uint32_t id, info_at; /* read by the upcall's assembly */
	struct vcpu_info info __attribute__((aligned(64)));
	struct vcpu_runstate_info runstate;
	uint32_t canary[6];
	uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(4096)));
	uint8_t stack[STACK_BYTES] __attribute__((aligned(4096)));
	int ipi[NR_IPIS], timer, debug;
	/* Written by the CPU itself. */
	volatile uint32_t stage, wakes, failed;
	volatile uint32_t taken[NR_IPIS], ticks;
	volatile uint32_t order; /* what the first CPU wants it to do */
} cpus[MAX_CPUS] __attribute__((aligned(4096)));

enum { STAGE_DOWN, STAGE_ONLINE, STAGE_POLLING, STAGE_POLLED };
enum { ORDER_IDLE, ORDER_POLL, ORDER_DIE };

static unsigned int nr_cpus;

static struct cpu *this_cpu(void)
{
	uint32_t id;

	__asm__ __volatile__("movl %%fs:0, %0" : "=r"(id));
	return &cpus[id];
}

/* No CHECK on another CPU: it may not print. The line is the first CPU's to show. */
#define AP_CHECK(cpu, cond)                       \
	do {                                      \
		if (!(cond) && !(cpu)->failed)    \
			(cpu)->failed = __LINE__; \
	} while (0)

/* ---- upcalls of the others ---- */

static bool take(struct cpu *cpu, int port)
{
	uint32_t word = (uint32_t)port / 32, bit = 1u << port % 32;

	if (!(shared_info->evtchn_pending[word] & ~shared_info->evtchn_mask[word] & bit))
		return false;
	__atomic_fetch_and(&shared_info->evtchn_pending[word], ~(unsigned long)bit,
			   __ATOMIC_SEQ_CST);
	return cpu->stage != STAGE_DOWN;
}

__attribute__((used)) static void ap_upcall_c(void)
{
	struct cpu *cpu = this_cpu();

	cpu->info.evtchn_upcall_pending = 0;
	__atomic_exchange_n(&cpu->info.evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < NR_IPIS; i++)
		if (take(cpu, cpu->ipi[i]))
			cpu->taken[i]++;
	if (take(cpu, cpu->timer))
		cpu->ticks++;
}

/* The frame is a kernel's own, and xen_iret() returns to it: unmask, then iret from ring 1. */
void ap_upcall(void);
__asm__(".globl ap_upcall\n"
	"ap_upcall:\n\t"
	"cld\n\t"
	"pushal\n\t"
	"call ap_upcall_c\n\t"
	"popal\n\t"
	"pushl %eax\n\t"
	"movl %fs:4, %eax\n\t"
	"movb $0, 1(%eax)\n\t"
	"popl %eax\n\t"
	"iret\n");

static void ap_trap(void)
{
	this_cpu()->failed = __LINE__;
	HYPERVISOR_vcpu_op(VCPUOP_down, this_cpu()->id, NULL);
}

/* ---- what a new CPU does ---- */

/* A descriptor with its base. */
static uint64_t based(uint64_t descriptor, const void *base)
{
	uint64_t address = PTR32(base);

	return descriptor | (address & 0xffffff) << 16 | (address >> 24) << 56;
}

/* Linux's IDT without its holes: the entries move together, as xen_convert_trap_info() leaves them. */
static void fill_traps(struct trap_info *traps)
{
	unsigned int n = 0;

	for (unsigned int vector = 0; vector < 255; vector++) {
		if (vector == X86_DF) /* a task gate */
			continue;
		traps[n++] = (struct trap_info){ .vector = (uint8_t)vector,
						 .flags = vector == 0x80 ? 3 : 4,
						 .cs = LINUX_KERNEL_CS,
						 .address = PTR32(ap_trap) };
	}
	traps[n].address = 0;
}

static void ap_cpu_init(struct cpu *cpu)
{
	static struct trap_info traps[MAX_CPUS][257];
	struct mmuext_op no_ldt = { .cmd = MMUEXT_SET_LDT };
	xen_pfn_t frame = va_to_mfn(cpu->gdt);
	uint32_t cr4, value;

	__asm__ __volatile__("movl %%cr4, %0" : "=r"(cr4));
	cr4 &= ~(CR4_TSD | CR4_DE);
	__asm__ __volatile__("movl %0, %%cr4; movl %%cr4, %1" : "+r"(cr4), "=r"(value));
	AP_CHECK(cpu, value == cr4);
	fill_traps(traps[cpu->id]);
	AP_CHECK(cpu, HYPERVISOR_set_trap_table(traps[cpu->id]) == 0);
	AP_CHECK(cpu, HYPERVISOR_set_gdt(&frame, GDT_ENTRIES) == 0);
	__asm__ __volatile__("movl %0, %%fs; movl %1, %%gs" ::"r"(KERNEL_PERCPU),
			     "r"(KERNEL_STACK_CANARY));
	__asm__ __volatile__("movl %%gs:20, %0" : "=r"(value));
	AP_CHECK(cpu, value == cpu->id + 100);
	AP_CHECK(cpu,
		 HYPERVISOR_stack_switch(LINUX_KERNEL_DS, PTR32(cpu->stack + STACK_BYTES)) == 0);
	AP_CHECK(cpu, HYPERVISOR_mmuext_op(&no_ldt, 1, NULL, DOMID_SELF) == 0);
	for (int reg = 0; reg < 8; reg++)
		if (reg != 4 && reg != 5)
			AP_CHECK(cpu, HYPERVISOR_set_debugreg(reg, 0) == 0);
	AP_CHECK(cpu, HYPERVISOR_fpu_taskswitch(0) == 0);
	__asm__ __volatile__("fninit; fnclex");
}

/* xen_setup_cpu_clockevents(), and one deadline that has passed. */
static void ap_timer(struct cpu *cpu)
{
	struct vcpu_set_singleshot_timer timer = { .flags = VCPU_SSHOTTMR_future };

	AP_CHECK(cpu, HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, cpu->id, NULL) == 0);
	AP_CHECK(cpu, HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, cpu->id, NULL) == 0);
	timer.timeout_abs_ns = 1;
	AP_CHECK(cpu,
		 HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, cpu->id, &timer) == -XEN_ETIME);
	timer.timeout_abs_ns = time_system_ns();
	do
		timer.timeout_abs_ns += 20 * NS_PER_MS;
	while (HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, cpu->id, &timer) == -XEN_ETIME);
}

/* xen_spin_lock_slow(): the lock's port is never unmasked, events are off; a kick ends the poll. */
static void ap_poll(struct cpu *cpu)
{
	evtchn_port_t port = (evtchn_port_t)cpu->ipi[LOCK_KICK];
	struct sched_poll poll = { .nr_ports = 1, .timeout = 0 };
	uint8_t mask = cpu->info.evtchn_upcall_mask;

	set_xen_guest_handle(poll.ports, &port);
	cpu->info.evtchn_upcall_mask = 1;
	__atomic_fetch_and(&shared_info->evtchn_pending[port / 32], ~(1ul << port % 32),
			   __ATOMIC_SEQ_CST);
	cpu->stage = STAGE_POLLING;
	while (cpu->order == ORDER_POLL) {
		AP_CHECK(cpu, HYPERVISOR_sched_op(SCHEDOP_poll, &poll) == 0);
		cpu->wakes++;
		__atomic_fetch_and(&shared_info->evtchn_pending[port / 32], ~(1ul << port % 32),
				   __ATOMIC_SEQ_CST);
	}
	cpu->stage = STAGE_POLLED;
	cpu->info.evtchn_upcall_mask = mask;
}

/* cpu_bringup(); play_dead() comes back here when the CPU is brought up again. */
static void ap_main(void)
{
	struct cpu *cpu = this_cpu();
	uint32_t cs;

	for (;;) {
		__asm__ __volatile__("movl %%cs, %0" : "=r"(cs));
		AP_CHECK(cpu, cs == (LINUX_KERNEL_CS | 1));
		AP_CHECK(cpu, cpu->info.evtchn_upcall_mask == 1);
		ap_cpu_init(cpu);
		ap_timer(cpu);
		cpu->stage = STAGE_ONLINE;
		while (cpu->order != ORDER_DIE) {
			if (cpu->order == ORDER_POLL)
				ap_poll(cpu);
			/* safe_halt(): it unmasks. */
			AP_CHECK(cpu, HYPERVISOR_sched_op(SCHEDOP_block, NULL) == 0);
		}
		cpu->info.evtchn_upcall_mask = 1;
		cpu->stage = STAGE_DOWN;
		HYPERVISOR_vcpu_op(VCPUOP_down, cpu->id, NULL);
	}
}

/* ---- what the first CPU does for it ---- */

static void fill_gdt(struct cpu *cpu)
{
	cpu->gdt[LINUX_KERNEL_CS >> 3] = 0x00cf9a000000ffffull;
	cpu->gdt[LINUX_KERNEL_DS >> 3] = 0x00cf92000000ffffull;
	cpu->gdt[LINUX_USER_DS >> 3] = 0x00cff2000000ffffull;
	cpu->gdt[KERNEL_PERCPU >> 3] = based(0x00cf92000000ffffull, &cpu->id);
	cpu->gdt[KERNEL_STACK_CANARY >> 3] = based(0x0040900000000018ull, cpu->canary);
	cpu->canary[5] = cpu->id + 100;
}

/* cpu_initialize_context(). No flag for the FPU, no GDT of the hypervisor's, control registers 0. */
static void initialise(struct cpu *cpu)
{
	static struct vcpu_guest_context c;

	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel;
	c.user_regs.ds = c.user_regs.es = LINUX_USER_DS;
	c.user_regs.ss = LINUX_KERNEL_DS;
	c.user_regs.cs = LINUX_KERNEL_CS;
	c.user_regs.fs = KERNEL_PERCPU;
	c.user_regs.gs = KERNEL_STACK_CANARY;
	c.user_regs.eip = PTR32(ap_main);
	c.user_regs.eflags = IOPL_RING1;
	c.user_regs.esp = PTR32(cpu->stack + STACK_BYTES) - 64;
	fill_traps(c.trap_ctxt);
	c.gdt_frames[0] = va_to_mfn(cpu->gdt);
	c.gdt_ents = GDT_ENTRIES;
	c.kernel_ss = LINUX_KERNEL_DS;
	c.kernel_sp = PTR32(cpu->stack + STACK_BYTES);
	c.event_callback_cs = c.failsafe_callback_cs = LINUX_KERNEL_CS;
	c.event_callback_eip = PTR32(ap_upcall);
	c.failsafe_callback_eip = PTR32(ap_trap);
	c.ctrlreg[3] = xen_pfn_to_cr3(va_to_mfn(mm_top_table()));
	BUG_ON(page_protect(cpu->gdt, PTE_KERNEL_RO));
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_initialise, cpu->id, &c), 0, "initialise");
}

static void register_runstate(struct cpu *cpu)
{
	struct vcpu_register_runstate_memory_area area = { 0 };

	area.addr.v = &cpu->runstate;
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, cpu->id, &area), 0,
		 "runstate area");
}

static void bind_ports(struct cpu *cpu)
{
	cpu->timer = event_bind_virq(VIRQ_TIMER, cpu->id);
	for (unsigned int i = 0; i < NR_IPIS; i++)
		cpu->ipi[i] = event_bind_ipi(cpu->id);
	cpu->debug = event_bind_virq(VIRQ_DEBUG, cpu->id);
	CHECK(cpu->timer > 0 && cpu->debug > 0, "VIRQs: %d, %d", cpu->timer, cpu->debug);
	for (unsigned int i = 0; i < NR_IPIS; i++) {
		CHECK(cpu->ipi[i] > 0, "IPI %u: %d", i, cpu->ipi[i]);
		if (i != LOCK_KICK)
			event_unmask((evtchn_port_t)cpu->ipi[i]);
	}
	event_unmask((evtchn_port_t)cpu->timer);
}

static bool wait_stage(const struct cpu *cpu, uint32_t stage)
{
	uint64_t limit = time_system_ns() + 20 * NS_PER_S;

	while (cpu->stage != stage && !cpu->failed && time_system_ns() < limit)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	CHECK(!cpu->failed, "CPU %u failed in line %u", cpu->id, cpu->failed);
	return CHECK(cpu->stage == stage, "CPU %u is in stage %u, not in %u", cpu->id, cpu->stage,
		     stage);
}

/* __cpu_up(), for the first time or again. */
static void cpu_up(struct cpu *cpu, bool first)
{
	cpu->order = ORDER_IDLE;
	register_runstate(cpu);
	bind_ports(cpu);
	cpu->info.evtchn_upcall_mask = 1;
	if (first)
		initialise(cpu);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_up, cpu->id, NULL), 0, "up");
	wait_stage(cpu, STAGE_ONLINE);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_is_up, cpu->id, NULL), 1, "is_up");
}

static void send_ipi(struct cpu *cpu, unsigned int ipi)
{
	CHECK_EQ(event_send((evtchn_port_t)cpu->ipi[ipi]), 0, "IPI");
}

static void wait_count(const volatile uint32_t *count, uint32_t wanted, const char *what)
{
	uint64_t limit = time_system_ns() + 20 * NS_PER_S;

	while (*count < wanted && time_system_ns() < limit)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	CHECK(*count >= wanted, "%s: %u of %u", what, *count, wanted);
}

/* __cpu_die(): it takes itself away, and its ports are given back. */
static void cpu_die(struct cpu *cpu)
{
	cpu->order = ORDER_DIE;
	send_ipi(cpu, RESCHEDULE);
	wait_stage(cpu, STAGE_DOWN);
	while (HYPERVISOR_vcpu_op(VCPUOP_is_up, cpu->id, NULL))
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	for (unsigned int i = 0; i < NR_IPIS; i++)
		CHECK_EQ(event_close((evtchn_port_t)cpu->ipi[i]), 0, "close IPI");
	CHECK_EQ(event_close((evtchn_port_t)cpu->timer), 0, "close timer");
	CHECK_EQ(event_close((evtchn_port_t)cpu->debug), 0, "close debug");
}

/* ---- cases ---- */

static bool has_others(void)
{
	if (nr_cpus > 1)
		return true;
	test_skip("the domain has one virtual CPU");
	return false;
}

/* xen_fill_possible_map(), xen_setup_vcpu_info_placement(): long before any of them is initialised. */
static void test_placement(void)
{
	const struct vcpu_time_info *left = (const void *)&shared_info->vcpu_info[0].time;

	while (nr_cpus < MAX_CPUS && HYPERVISOR_vcpu_op(VCPUOP_is_up, nr_cpus, NULL) >= 0)
		nr_cpus++;
	if (!has_others())
		return;
	for (unsigned int id = 0; id < nr_cpus; id++) {
		struct vcpu_register_vcpu_info place = { .mfn = va_to_mfn(&cpus[id].info),
							 .offset = PTR32(&cpus[id].info) &
								   ~PAGE_MASK };

		cpus[id].id = id;
		cpus[id].info_at = PTR32(&cpus[id].info);
		CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, id, &place), 0, "placement");
		fill_gdt(&cpus[id]);
	}
	vcpu_info = &cpus[0].info;
	trap_return_by_hypercall = 1;
	/* xen_tsc_khz() goes on reading the place that has been left. */
	CHECK(left->tsc_to_system_mul != 0, "no TSC frequency in the first place");
	CHECK(cpus[0].info.time.tsc_to_system_mul == left->tsc_to_system_mul, "nor in the new one");
}

static void test_up(void)
{
	if (!has_others())
		return;
	for (unsigned int id = 1; id < nr_cpus; id++) {
		cpu_up(&cpus[id], true);
		wait_count(&cpus[id].ticks, 1, "timer");
		CHECK(cpus[id].runstate.state != RUNSTATE_offline, "CPU %u is offline", id);
	}
}

static void test_ipis(void)
{
	if (!has_others())
		return;
	for (unsigned int round = 1; round <= 50 && test_ok(); round++) {
		for (unsigned int id = 1; id < nr_cpus; id++)
			for (unsigned int i = 0; i < LOCK_KICK; i++)
				send_ipi(&cpus[id], i);
		for (unsigned int id = 1; id < nr_cpus; id++)
			for (unsigned int i = 0; i < LOCK_KICK; i++)
				wait_count(&cpus[id].taken[i], round, "IPIs");
	}
}

/* A kick for nothing first: it only wakes, and the sleeper looks at its lock again. */
static void test_spinlock(void)
{
	if (!has_others())
		return;
	for (unsigned int id = 1; id < nr_cpus; id++) {
		struct cpu *cpu = &cpus[id];

		cpu->order = ORDER_POLL;
		send_ipi(cpu, RESCHEDULE);
		wait_stage(cpu, STAGE_POLLING);
		send_ipi(cpu, LOCK_KICK);
		wait_count(&cpu->wakes, 1, "kicks");
		cpu->order = ORDER_IDLE;
		send_ipi(cpu, LOCK_KICK);
		wait_stage(cpu, STAGE_POLLED);
		CHECK(cpu->wakes <= 2, "%u wakes for 2 kicks", cpu->wakes);
		cpu->stage = STAGE_ONLINE;
	}
}

static void test_hotplug(void)
{
	if (!has_others())
		return;
	for (unsigned int round = 0; round < 3 && test_ok(); round++) {
		cpu_die(&cpus[1]);
		cpu_up(&cpus[1], false);
		cpus[1].taken[CALL_FUNCTION] = 0;
		send_ipi(&cpus[1], CALL_FUNCTION);
		wait_count(&cpus[1].taken[CALL_FUNCTION], 1, "an IPI of one that came back");
	}
}

/* xen_vcpu_restore() and xen_stop_other_cpus(): down by another's hand, too. */
static void test_end(void)
{
	if (!has_others())
		return;
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL), 0, "down from outside");
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), 0, "is_up");
	register_runstate(&cpus[1]);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), 0, "up again");
	for (unsigned int id = 1; id < nr_cpus; id++)
		cpu_die(&cpus[id]);
}

static const struct test_case cases[] = {
	{ "oldsmp.placement", test_placement }, { "oldsmp.up", test_up },
	{ "oldsmp.ipis", test_ipis },		{ "oldsmp.spinlock", test_spinlock },
	{ "oldsmp.hotplug", test_hotplug },	{ "oldsmp.end", test_end },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
