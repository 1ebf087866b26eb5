/* SPDX-License-Identifier: MIT */
/*
 * Floating point: the state at the start holds nothing of others, it survives hypercalls, events
 * and sleep, and the guest's task-switched flag works: an instruction under it is #NM, which clears
 * the flag (ABI: HYPERVISOR_fpu_taskswitch in <xen/arch-x86/xen.h>).  The code is built without use
 * of these registers, so assembly here owns them.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/grant_table.h>
#include <xen/sched.h>
#include <xen/version.h>

#define CPUID_FXSR (1u << 24)
#define CPUID_SSE (1u << 25)
#define CPUID_SSE2 (1u << 26)
#define DEFAULT_FCW 0x37f
#define DEFAULT_MXCSR 0x1f80
#define MXCSR_ZERO_DIVIDE_UNMASKED 0x1d80
#define CR0_TS 8u

static uint32_t features(void)
{
	uint32_t eax = 1, ebx, ecx, edx;

	__asm__ __volatile__(XEN_EMULATE_PREFIX "cpuid"
			     : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
	return edx;
}

static bool has(uint32_t feature)
{
	if ((features() & feature) == feature)
		return true;
	test_skip("this processor lacks it");
	return false;
}

static uint32_t read_cr0(void)
{
	uint32_t value;

	__asm__ __volatile__("movl %%cr0, %0" : "=r"(value));
	return value;
}

/* Taken by the first case, before anything loads a register. */
static void test_initial(void)
{
	static uint8_t image[512] __attribute__((aligned(16)));
	size_t i;

	if (!has(CPUID_FXSR | CPUID_SSE))
		return;
	__asm__ __volatile__("fxsave %0" : "=m"(image));
	CHECK_EQ(*(uint16_t *)image, DEFAULT_FCW, "control word");
	CHECK_EQ(*(uint32_t *)(image + 24), DEFAULT_MXCSR, "mxcsr");
	for (i = 32; i < 288; i++)
		CHECK(!image[i], "byte %u of the registers is 0x%x", i, image[i]);
}

/* --- Preservation --- */

static const uint32_t pattern[4] = { 0x01234567, 0x89abcdef, 0x02468ace, 0x13579bdf };

static void disturb(void)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		HYPERVISOR_xen_version(XENVER_version, NULL);
	for (i = 0; i < 10; i++)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	time_delay_ns(30 * NS_PER_MS); /* interrupts of the hypervisor */
	HYPERVISOR_set_timer_op(time_system_ns() + 5 * NS_PER_MS);
	event_block();
	events_disable();
}

static void test_x87_preserved(void)
{
	uint16_t control = 0x0f7f, after_control;
	double in = 1.5, out = 0;
	int port = event_bind_virq(VIRQ_TIMER, 0);

	event_unmask(port);
	__asm__ __volatile__("fninit; fldl %0; fldcw %1" : : "m"(in), "m"(control));
	disturb();
	__asm__ __volatile__("fnstcw %0; fstpl %1; fninit" : "=m"(after_control), "=m"(out));
	CHECK_EQ(after_control, control, "control word");
	CHECK(!memcmp(&in, &out, sizeof(in)), "st0 changed");
	event_close(port);
}

static void test_sse_preserved(void)
{
	uint32_t mxcsr = 0x1fa0, after_mxcsr, after[2][4] = { { 0 } };
	int port;

	if (!has(CPUID_SSE))
		return;
	port = event_bind_virq(VIRQ_TIMER, 0);
	event_unmask(port);
	__asm__ __volatile__("movups %0, %%xmm0; movups %0, %%xmm7; ldmxcsr %1"
			     :
			     : "m"(pattern), "m"(mxcsr));
	disturb();
	__asm__ __volatile__("movups %%xmm0, %0; movups %%xmm7, %1; stmxcsr %2"
			     : "=m"(after[0]), "=m"(after[1]), "=m"(after_mxcsr));
	CHECK_EQ(after_mxcsr, mxcsr, "mxcsr");
	CHECK(!memcmp(after[0], pattern, sizeof(pattern)), "xmm0 changed");
	CHECK(!memcmp(after[1], pattern, sizeof(pattern)), "xmm7 changed");
	mxcsr = DEFAULT_MXCSR;
	__asm__ __volatile__("ldmxcsr %0" : : "m"(mxcsr));
	event_close(port);
}

/* The hypervisor borrows four registers to copy a page, whatever the flag says. */
static void copy_page(char *from, char *to)
{
	struct gnttab_copy op = { .len = PAGE_SIZE };

	memset(to, 0, PAGE_SIZE);
	op.source.u.gmfn = va_to_mfn(from);
	op.dest.u.gmfn = va_to_mfn(to);
	op.source.domid = op.dest.domid = DOMID_SELF;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_copy, &op, 1), 0, "copy");
	CHECK_EQ(op.status, GNTST_okay, "status of the copy");
	CHECK(!memcmp(from, to, PAGE_SIZE), "what was copied differs");
}

static void test_copy_preserves(void)
{
	char *from = page_alloc(), *to = page_alloc();
	uint32_t after[4][4] = { { 0 } };
	size_t i;

	if (!has(CPUID_SSE))
		return;
	for (i = 0; i < PAGE_SIZE; i++)
		from[i] = (char)(i * 7 + (i >> 8));
	__asm__ __volatile__("movups %0, %%xmm0; movups %0, %%xmm1; movups %0, %%xmm2;"
			     "movups %0, %%xmm3"
			     :
			     : "m"(pattern));
	copy_page(from, to);
	HYPERVISOR_fpu_taskswitch(1);
	copy_page(from, to);
	CHECK(read_cr0() & CR0_TS, "the copy cleared the flag");
	HYPERVISOR_fpu_taskswitch(0);
	__asm__ __volatile__("movups %%xmm0, %0; movups %%xmm1, %1; movups %%xmm2, %2;"
			     "movups %%xmm3, %3"
			     : "=m"(after[0]), "=m"(after[1]), "=m"(after[2]), "=m"(after[3]));
	for (i = 0; i < ARRAY_SIZE(after); i++)
		CHECK(!memcmp(after[i], pattern, sizeof(pattern)), "xmm%u changed", i);
	page_free(from);
	page_free(to);
}

/* --- The task-switched flag --- */

static void test_task_switched(void)
{
	struct fault fault;

	CHECK_EQ(HYPERVISOR_fpu_taskswitch(1), 0, "set");
	TRY_ASM(&fault, "fnop");
	check_fault_error(&fault, X86_NM, 0, "fnop under the flag");
	CHECK(!(read_cr0() & CR0_TS), "#NM left the flag set");
	TRY_ASM(&fault, "fnop");
	check_no_fault(&fault, "fnop after #NM");
	HYPERVISOR_fpu_taskswitch(1);
	CHECK_EQ(HYPERVISOR_fpu_taskswitch(0), 0, "clear");
	TRY_ASM(&fault, "fnop");
	check_no_fault(&fault, "fnop after clearing");
}

static void test_task_switched_wait(void)
{
	struct fault fault;

	HYPERVISOR_fpu_taskswitch(1);
	TRY_ASM(&fault, "fwait");
	check_fault_error(&fault, X86_NM, 0, "fwait under the flag");
	HYPERVISOR_fpu_taskswitch(0);
}

static void test_task_switched_sse(void)
{
	struct fault fault;

	if (!has(CPUID_SSE))
		return;
	HYPERVISOR_fpu_taskswitch(1);
	TRY_ASM(&fault, "xorps %%xmm0, %%xmm0", : : : "memory");
	check_fault_error(&fault, X86_NM, 0, "an SSE instruction under the flag");
	HYPERVISOR_fpu_taskswitch(0);
}

/* The flag is the virtual CPU's own: it stays over hypercalls and sleep. */
static void test_task_switched_stays(void)
{
	int port = event_bind_virq(VIRQ_TIMER, 0);
	struct fault fault;

	event_unmask(port);
	HYPERVISOR_fpu_taskswitch(1);
	disturb();
	CHECK(read_cr0() & CR0_TS, "the flag was lost");
	TRY_ASM(&fault, "fnop");
	check_fault_error(&fault, X86_NM, 0, "fnop after a sleep");
	HYPERVISOR_fpu_taskswitch(0);
	event_close(port);
}

extern char user_fnop[];
__asm__(".pushsection .user.text, \"ax\"; user_fnop: fnop; int $0x80; .popsection");

static void test_task_switched_user(void)
{
	struct user_state state = user_state_for(user_fnop);
	struct fault exit;

	HYPERVISOR_fpu_taskswitch(1);
	user_run(&state, &exit);
	check_fault_error(&exit, X86_NM, 0, "fnop of ring 3 under the flag");
	CHECK_EQ(exit.frame.eip, PTR32(user_fnop), "eip");
	user_run(&state, &exit);
	check_fault(&exit, USER_RETURN_VECTOR, "fnop of ring 3 again");
}

/* The flag must not hide or leak state: what was loaded before it is there after it. */
static void test_state_under_flag(void)
{
	double in = -2.25, out = 0;
	struct fault fault;

	__asm__ __volatile__("fninit; fldl %0" : : "m"(in));
	HYPERVISOR_fpu_taskswitch(1);
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	TRY_ASM(&fault, "fnop");
	__asm__ __volatile__("fstpl %0; fninit" : "=m"(out));
	CHECK(!memcmp(&in, &out, sizeof(in)), "st0 changed under the flag");
}

static void divide_by_sse_zero(void *arg)
{
	uint32_t unmasked = MXCSR_ZERO_DIVIDE_UNMASKED;
	static const float one[4] = { 1.0f, 1.0f, 1.0f, 1.0f };

	(void)arg;
	__asm__ __volatile__(
		"ldmxcsr %0; movups %1, %%xmm0; xorps %%xmm1, %%xmm1; divps %%xmm1, %%xmm0"
		:
		: "m"(unmasked), "m"(one));
}

static void test_sse_exception(void)
{
	uint32_t mxcsr = DEFAULT_MXCSR;
	struct fault fault;

	if (!has(CPUID_SSE))
		return;
	try_call(divide_by_sse_zero, NULL, &fault);
	__asm__ __volatile__("ldmxcsr %0" : : "m"(mxcsr));
	if (fault.vector == NO_FAULT)
		test_skip("this processor raises no SSE exceptions");
	else
		check_fault_error(&fault, X86_XM, 0, "SSE division by zero");
}

static const struct test_case cases[] = {
	{ "fpu.initial", test_initial },
	{ "fpu.x87_preserved", test_x87_preserved },
	{ "fpu.sse_preserved", test_sse_preserved },
	{ "fpu.copy_preserves", test_copy_preserves },
	{ "fpu.task_switched", test_task_switched },
	{ "fpu.task_switched_wait", test_task_switched_wait },
	{ "fpu.task_switched_sse", test_task_switched_sse },
	{ "fpu.task_switched_stays", test_task_switched_stays },
	{ "fpu.task_switched_user", test_task_switched_user },
	{ "fpu.state_under_flag", test_state_under_flag },
	{ "fpu.sse_exception", test_sse_exception },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
