/* SPDX-License-Identifier: MIT */
/*
 * What a guest can do to the first instructions of the hypervisor: a breakpoint that the load of
 * %ss holds back until the privilege has changed (XSA-260, XSA-265), flags that must not be in
 * force there (XSA-44, XSA-202, XSA-339), timers without number (XSA-20). That the machine goes
 * on, and the guest's own state with it, is the test.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/vcpu.h>
#include <xen/version.h>

/* DR7: breakpoint 0, reads and writes, of two bytes. */
#define WATCH_TWO_BYTES (1u | 3u << 16 | 1u << 18)
#define ROUNDS 1000
#define TIMERS 20000

static volatile uint16_t watched;
static volatile unsigned int debug_traps, soft_traps;

static bool count_debug(struct trap_frame *frame)
{
	debug_traps++;
	frame->eflags &= ~EFLAGS_TF;
	return true;
}

static bool count_soft(struct trap_frame *frame)
{
	(void)frame;
	soft_traps++;
	return true;
}

static void watch(bool on)
{
	CHECK_EQ(HYPERVISOR_set_debugreg(0, PTR32(&watched)), 0, "address");
	CHECK_EQ(HYPERVISOR_set_debugreg(7, on ? WATCH_TWO_BYTES : 0), 0, "control");
}

/* --- A load of %ss from a watched place, then a way into the hypervisor --- */

static void test_hypercall(void)
{
	unsigned int i;
	long rc;

	watched = FLAT_KERNEL_SS;
	trap_set_hook(X86_DB, count_debug);
	watch(true);
	for (i = 0; i < ROUNDS; i++) {
		__asm__ volatile("movw %2, %%ss\n\tint $0x82"
				 : "=a"(rc)
				 : "0"(__HYPERVISOR_xen_version), "m"(watched),
				   "b"(XENVER_pagesize), "c"(0)
				 : "memory");
		if (!CHECK_EQ(rc, PAGE_SIZE, "the hypercall's result"))
			break;
	}
	watch(false);
	trap_set_hook(X86_DB, NULL);
}

static void test_soft_interrupts(void)
{
	unsigned int i;

	watched = FLAT_KERNEL_SS;
	soft_traps = 0;
	trap_set_hook(X86_DB, count_debug);
	trap_set_hook(X86_BP, count_soft);
	watch(true);
	for (i = 0; i < ROUNDS; i++)
		__asm__ volatile("movw %0, %%ss\n\tint3" : : "m"(watched) : "memory");
	watch(false);
	CHECK_EQ(soft_traps, ROUNDS, "breakpoint instructions that were delivered");
	trap_set_hook(X86_DB, NULL);
	trap_set_hook(X86_BP, NULL);
}

/* Emulated, and refused, instructions enter by a fault. */
static void test_faults(void)
{
	struct fault fault;
	uint32_t value;
	unsigned int i;

	watched = FLAT_KERNEL_SS;
	trap_set_hook(X86_DB, count_debug);
	watch(true);
	for (i = 0; i < ROUNDS && test_ok(); i++) {
		__asm__ volatile("movw %1, %%ss\n\tmov %%cr0, %0" : "=r"(value) : "m"(watched));
		CHECK(value & 1, "cr0 is 0x%x", value);
		TRY_ASM(&fault, "movw %0, %%ss\n\thlt", : : "m"(watched));
		check_fault(&fault, X86_GP, "hlt");
		TRY_ASM(&fault, "movw %0, %%ss\n\tud2", : : "m"(watched));
		check_fault(&fault, X86_UD, "ud2");
	}
	watch(false);
	trap_set_hook(X86_DB, NULL);
}

/* --- Flags --- */

static long call_with_flags(uint32_t flags)
{
	long rc;

	__asm__ volatile("pushf\n\t"
			 "orl %2, (%%esp)\n\t"
			 "popf\n\t"
			 "int $0x82\n\t"
			 "pushf\n\t"
			 "andl %3, (%%esp)\n\t"
			 "popf"
			 : "=a"(rc)
			 : "0"(__HYPERVISOR_xen_version), "r"(flags), "r"(~flags),
			   "b"(XENVER_pagesize), "c"(0)
			 : "memory", "cc");
	return rc;
}

static void test_flags(void)
{
	static const uint32_t flags[] = {
		EFLAGS_NT,
		EFLAGS_TF,
		EFLAGS_AC,
		EFLAGS_RF,
		EFLAGS_IOPL,
		EFLAGS_DF,
		EFLAGS_NT | EFLAGS_TF | EFLAGS_AC | EFLAGS_DF | EFLAGS_IOPL | EFLAGS_ID,
	};
	uint32_t now;
	size_t i;

	trap_set_hook(X86_DB, count_debug);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		CHECK_EQ(call_with_flags(flags[i]), PAGE_SIZE, "a hypercall with odd flags");
	trap_set_hook(X86_DB, NULL);
	__asm__ volatile("pushf\n\tpop %0" : "=r"(now));
	CHECK(now & EFLAGS_IF, "interrupts are off in the guest");
	CHECK(!(now & EFLAGS_IOPL), "the guest has I/O privilege");
}

/* --- Timers --- */

/* Every deadline is past when it is set, or a nanosecond off. */
static void test_timers(void)
{
	struct vcpu_set_singleshot_timer timer = { 0 };
	uint64_t start = time_system_ns();
	unsigned int i;

	for (i = 0; i < TIMERS; i++) {
		timer.timeout_abs_ns = i & 1 ? time_system_ns() + 1 : 1;
		CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0, "a timer");
		CHECK_EQ(HYPERVISOR_set_timer_op(time_system_ns() + 1), 0, "another");
	}
	CHECK(time_system_ns() > start, "time stands still");
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0, "stop");
}

/*
 * 0, too short, overflowing: refused, and the timer that was there goes on or is gone, but never
 * without end.
 */
static void test_periods(void)
{
	static const uint64_t periods[] = { 0, 1, 999999, 1ull << 63, ~0ull, ~0ull >> 1 };
	struct vcpu_set_periodic_timer timer;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(periods); i++) {
		timer.period_ns = periods[i];
		CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &timer), -XEN_EINVAL,
			 "a period");
	}
	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
}

static const struct test_case cases[] = {
	{ "xsa_260.hypercall", test_hypercall },
	{ "xsa_260.soft_interrupts", test_soft_interrupts },
	{ "xsa_265.faults", test_faults },
	{ "xsa_44_202_339.flags", test_flags },
	{ "xsa_20.timers", test_timers },
	{ "xsa_20.periods", test_periods },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
