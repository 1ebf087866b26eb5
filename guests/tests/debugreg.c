/* SPDX-License-Identifier: MIT */
/*
 * Debug registers: setting and reading them back, what is refused (a breakpoint must never
 * watch the hypervisor), and breakpoints that hit in ring 1 and ring 3 (ABI:
 * HYPERVISOR_set_debugreg and get_debugreg in <xen/arch-x86/xen.h>).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#define DR7_ALWAYS 0x400u
#define DR7_GENERAL_DETECT (1u << 13)
#define DR7_LOCAL(n) (1u << (2 * (n)))
#define DR7_GLOBAL(n) (2u << (2 * (n)))
#define DR7_ON_EXECUTE(n) 0u
#define DR7_ON_WRITE(n) (1u << (16 + 4 * (n)))
#define DR7_ON_IO(n) (2u << (16 + 4 * (n)))
#define DR7_ON_ACCESS(n) (3u << (16 + 4 * (n)))
#define DR7_FOUR_BYTES(n) (3u << (18 + 4 * (n)))
#define DR6_HIT(n) (1u << (n))
#define DR6_STEP (1u << 14)

static void clear_all(void)
{
	int reg;

	HYPERVISOR_set_debugreg(7, 0);
	HYPERVISOR_set_debugreg(6, 0);
	for (reg = 0; reg < 4; reg++)
		HYPERVISOR_set_debugreg(reg, 0);
}

static void test_addresses(void)
{
	int reg;

	for (reg = 0; reg < 4; reg++) {
		CHECK_EQ(HYPERVISOR_set_debugreg(reg, 0x1000 * (reg + 1)), 0, "set");
		CHECK_EQ(HYPERVISOR_get_debugreg(reg), 0x1000 * (reg + 1), "get");
	}
	clear_all();
}

static void test_addresses_refused(void)
{
	static const uint32_t addresses[] = { MACH2PHYS_VIRT_END, 0xf8000000, 0xffc00000,
					      0xffffffff };
	size_t i;
	int reg;

	for (reg = 0; reg < 4; reg++) {
		for (i = 0; i < ARRAY_SIZE(addresses); i++)
			CHECK_EQ(HYPERVISOR_set_debugreg(reg, addresses[i]), -XEN_EPERM,
				 "an address in the hypervisor");
	}
}

static void test_numbers(void)
{
	CHECK(HYPERVISOR_set_debugreg(8, 0) < 0, "set 8");
	CHECK(HYPERVISOR_set_debugreg(-1, 0) < 0, "set -1");
	CHECK_EQ((int32_t)HYPERVISOR_get_debugreg(8), -XEN_EINVAL, "get 8");
	CHECK_EQ((int32_t)HYPERVISOR_get_debugreg(-1), -XEN_EINVAL, "get -1");
}

static void test_control_refused(void)
{
	CHECK_EQ(HYPERVISOR_set_debugreg(7, DR7_GENERAL_DETECT), -XEN_EPERM, "general detect");
	CHECK_EQ(HYPERVISOR_set_debugreg(7, DR7_LOCAL(0) | DR7_ON_IO(0)), -XEN_EPERM,
		 "a port breakpoint");
	CHECK(!(HYPERVISOR_get_debugreg(7) & 0xff), "something is enabled: 0x%x",
	      HYPERVISOR_get_debugreg(7));
}

/* Bits that must be one or zero are made so. */
static void test_control_fixed_bits(void)
{
	uint32_t value;

	CHECK_EQ(HYPERVISOR_set_debugreg(7, 0xd800), 0, "bits that must be zero");
	value = HYPERVISOR_get_debugreg(7);
	CHECK_EQ(value & 0xd800, 0, "bits that must be zero");
	CHECK_EQ(HYPERVISOR_set_debugreg(7, DR7_LOCAL(3)), 0, "set");
	value = HYPERVISOR_get_debugreg(7);
	CHECK_EQ(value & 0xff, DR7_LOCAL(3), "enable bits");
	CHECK(value & DR7_ALWAYS, "the bit that is always one: 0x%x", value);
	CHECK_EQ(HYPERVISOR_set_debugreg(6, 0xffffffff), 0, "all status bits");
	CHECK_EQ(HYPERVISOR_set_debugreg(6, 0), 0, "no status bits");
	CHECK_EQ(HYPERVISOR_get_debugreg(6) & 0xf, 0, "hits");
	clear_all();
}

uint32_t watched __user_data; /* not static: assembly names it */

static void arm_data(uint32_t kind)
{
	clear_all();
	CHECK_EQ(HYPERVISOR_set_debugreg(1, PTR32(&watched)), 0, "address");
	CHECK_EQ(HYPERVISOR_set_debugreg(7,
					 DR7_LOCAL(1) | DR7_GLOBAL(1) | kind | DR7_FOUR_BYTES(1)),
		 0, "control");
}

static void test_write_hit(void)
{
	struct fault fault;

	arm_data(DR7_ON_WRITE(1));
	TRY_ASM(&fault, "movl watched, %%eax", : : : "eax", "memory");
	check_no_fault(&fault, "a read under a write breakpoint");
	TRY_ASM(&fault, "movl $7, watched; nop", : : : "memory");
	check_fault_error(&fault, X86_DB, 0, "a write");
	CHECK(HYPERVISOR_get_debugreg(6) & DR6_HIT(1), "DR6 0x%x", HYPERVISOR_get_debugreg(6));
	CHECK_EQ(watched, 7, "the write itself");
	clear_all();
	TRY_ASM(&fault, "movl $8, watched; nop", : : : "memory");
	check_no_fault(&fault, "a write after disarming");
}

static void test_access_hit(void)
{
	struct fault fault;

	arm_data(DR7_ON_ACCESS(1));
	TRY_ASM(&fault, "movl watched, %%eax; nop", : : : "eax", "memory");
	check_fault_error(&fault, X86_DB, 0, "a read");
	clear_all();
}

extern char execute_here[];

static void execute_nops(void *arg)
{
	(void)arg;
	__asm__ __volatile__("nop; .globl execute_here; execute_here: nop; nop");
}

static void test_execute_hit(void)
{
	struct fault fault;

	clear_all();
	CHECK_EQ(HYPERVISOR_set_debugreg(0, PTR32(execute_here)), 0, "address");
	CHECK_EQ(HYPERVISOR_set_debugreg(7, DR7_LOCAL(0) | DR7_ON_EXECUTE(0)), 0, "control");
	try_call(execute_nops, NULL, &fault);
	check_fault_error(&fault, X86_DB, 0, "an instruction breakpoint");
	CHECK_EQ(fault.frame.eip, PTR32(execute_here), "eip");
	CHECK(HYPERVISOR_get_debugreg(6) & DR6_HIT(0), "DR6 0x%x", HYPERVISOR_get_debugreg(6));
	clear_all();
}

static uint32_t __user_code user_write(uint32_t value)
{
	*(volatile uint32_t *)&watched = value;
	return value;
}

static void test_user_hit(void)
{
	struct fault exit;

	arm_data(DR7_ON_WRITE(1));
	user_call(user_write, 9, &exit);
	check_fault_error(&exit, X86_DB, 0, "a write of ring 3");
	CHECK_EQ(watched, 9, "the write itself");
	clear_all();
}

/* The hypervisor reading or writing guest memory does not trip the guest's breakpoints. */
static void test_hypercall_argument(void)
{
	struct fault fault;
	static struct multicall_entry entry = { .op = __HYPERVISOR_xen_version };

	clear_all();
	HYPERVISOR_set_debugreg(1, PTR32(&entry.result));
	HYPERVISOR_set_debugreg(7, DR7_LOCAL(1) | DR7_ON_ACCESS(1) | DR7_FOUR_BYTES(1));
	TRY_ASM(&fault, "int $0x82; nop",
		:
		: "a"(__HYPERVISOR_multicall), "b"(&entry), "c"(1)
		: "memory");
	CHECK(fault.vector == NO_FAULT || fault.vector == X86_DB, "vector %u", fault.vector);
	clear_all();
	CHECK(entry.result != 0, "the multicall did not run");
}

static void test_single_step_status(void)
{
	struct fault fault;

	clear_all();
	TRY_ASM(&fault, "pushfl; orl $0x100, (%%esp); popfl; nop", : : : "memory", "cc");
	check_fault_error(&fault, X86_DB, 0, "single step");
	__asm__ __volatile__("pushl $2; popfl" : : : "memory", "cc");
	CHECK_EQ(HYPERVISOR_get_debugreg(6) & (DR6_STEP | 0xf), DR6_STEP, "status");
	clear_all();
}

static const struct test_case cases[] = {
	{ "debugreg.addresses", test_addresses },
	{ "debugreg.addresses_refused", test_addresses_refused },
	{ "debugreg.numbers", test_numbers },
	{ "debugreg.control_refused", test_control_refused },
	{ "debugreg.control_fixed_bits", test_control_fixed_bits },
	{ "debugreg.write_hit", test_write_hit },
	{ "debugreg.access_hit", test_access_hit },
	{ "debugreg.execute_hit", test_execute_hit },
	{ "debugreg.user_hit", test_user_hit },
	{ "debugreg.hypercall_argument", test_hypercall_argument },
	{ "debugreg.single_step_status", test_single_step_status },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
