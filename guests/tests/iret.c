/* SPDX-License-Identifier: MIT */
/*
 * Returning: the iret hypercall and the plain instruction, to ring 1 and ring 3, and what becomes
 * of each flag.  The hypercall's frame is eax, eip, cs, eflags, esp, ss; its IF is the inverted
 * event mask; the real IF stays set and the real IOPL stays 0 (escape class: flags at an exit).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#define BAD_SELECTOR 0x7ff3
#define FREE_FLAGS (EFLAGS_CF | EFLAGS_ZF | EFLAGS_OF | EFLAGS_ID)

/* What the code behind an iret saw. */
struct landing {
	uint32_t eax;
	uint32_t eflags;
	uint8_t mask;
};

/* Not static: assembly names them. */
struct landing seen;
uint32_t new_flags, esp_before, esp_after;

/* Ring 1 to ring 1 by hypercall; the landing stores what it finds. */
static void iret_hypercall_kernel(void *arg)
{
	(void)arg;
	__asm__ __volatile__("movl	%%esp, esp_before\n\t"
			     "pushl	new_flags\n\t"
			     "pushl	%[cs]\n\t"
			     "pushl	$1f\n\t"
			     "pushl	$0x12345678\n\t"
			     "movl	$23, %%eax\n\t"
			     "int	$0x82\n"
			     "1:	movl	%%eax, seen\n\t"
			     "movl	%%esp, esp_after\n\t"
			     "pushfl\n\t"
			     "popl	seen + 4\n\t"
			     "pushl	$0\n\t"
			     "popfl\n\t"
			     "cld"
			     :
			     : [cs] "i"(FLAT_KERNEL_CS)
			     : "eax", "memory", "cc");
	seen.mask = vcpu_info->evtchn_upcall_mask;
}

static void land_in_kernel(uint32_t flags, struct fault *fault)
{
	new_flags = flags | EFLAGS_FIXED;
	memset(&seen, 0, sizeof(seen));
	try_call(iret_hypercall_kernel, NULL, fault);
	vcpu_info->evtchn_upcall_mask = 1;
}

static void test_kernel(void)
{
	struct fault fault;

	land_in_kernel(EFLAGS_IF, &fault);
	check_no_fault(&fault, "iret hypercall to ring 1");
	CHECK_EQ(seen.eax, 0x12345678, "eax comes from the frame");
	CHECK_EQ(esp_after, esp_before, "esp behind the frame");
	CHECK_EQ(seen.mask, 0, "mask with IF set");
	land_in_kernel(0, &fault);
	CHECK_EQ(seen.mask, 1, "mask with IF clear");
}

static void test_kernel_flags(void)
{
	struct fault fault;

	land_in_kernel(FREE_FLAGS, &fault);
	CHECK_EQ(seen.eflags & FREE_FLAGS, FREE_FLAGS, "arithmetic flags");
	CHECK(seen.eflags & EFLAGS_IF, "the real IF is clear: 0x%x", seen.eflags);
	land_in_kernel(EFLAGS_IOPL | EFLAGS_IF, &fault);
	CHECK_EQ(seen.eflags & EFLAGS_IOPL, 0, "the real IOPL");
	land_in_kernel(EFLAGS_NT | EFLAGS_RF | EFLAGS_AC | EFLAGS_IF, &fault);
	check_no_fault(&fault, "NT, RF and AC");
	CHECK(seen.eflags & EFLAGS_IF, "the real IF is clear: 0x%x", seen.eflags);
}

static void test_kernel_trap_flag(void)
{
	struct fault fault;

	land_in_kernel(EFLAGS_TF | EFLAGS_IF, &fault);
	check_fault(&fault, X86_DB, "TF in the frame");
	HYPERVISOR_set_debugreg(6, 0);
}

/* An event that waits is delivered on arrival. */
static unsigned int upcalls;

static bool count_upcall(struct trap_frame *frame)
{
	(void)frame;
	upcalls++;
	event_dispatch();
	return true;
}

static void test_kernel_pending(void)
{
	int port = event_bind_ipi(0);
	struct fault fault;

	upcalls = 0;
	trap_set_hook(VECTOR_EVENT, count_upcall);
	event_unmask(port);
	event_send(port);
	CHECK_EQ(upcalls, 0, "upcalls while masked");
	land_in_kernel(EFLAGS_IF, &fault);
	CHECK_EQ(upcalls, 1, "upcalls on arrival");
	trap_set_hook(VECTOR_EVENT, NULL);
	event_close(port);
}

static void bad_kernel_cs(void *arg)
{
	__asm__ __volatile__(
		"pushl	$0x202; pushl %0; pushl $1f; pushl $0; movl $23, %%eax; int $0x82; 1:"
		:
		: "r"(arg)
		: "eax", "memory");
}

/* A selector that cannot be loaded goes to the failsafe callback, also in ring 1. */
static void test_kernel_bad_cs(void)
{
	struct fault fault;

	try_call(bad_kernel_cs, (void *)(BAD_SELECTOR & ~2), &fault);
	check_fault(&fault, VECTOR_FAILSAFE, "cs of ring 1 beyond the GDT");
	CHECK_EQ(fault.frame.cs, BAD_SELECTOR & ~2, "cs in the failsafe frame");
}

/* --- Ring 3 --- */

extern char user_flags[], user_cli[], user_out[];
__asm__(".pushsection .user.text, \"ax\"\n"
	"user_flags: pushfl; popl %eax; int $0x80\n"
	"user_cli: cli; int $0x80\n"
	"user_out: outb %al, $0x80; int $0x80\n"
	".popsection");

static uint32_t flags_in_user(uint32_t flags)
{
	struct user_state state = user_state_for(user_flags);
	struct fault exit;

	state.eflags = flags | EFLAGS_FIXED;
	user_run(&state, &exit);
	check_fault(&exit, USER_RETURN_VECTOR, "pushf in ring 3");
	return exit.frame.eax;
}

static void test_user_flags(void)
{
	uint32_t flags = flags_in_user(FREE_FLAGS | EFLAGS_IF);

	CHECK_EQ(flags & FREE_FLAGS, FREE_FLAGS, "arithmetic flags");
	CHECK(flags & EFLAGS_IF, "the real IF is clear: 0x%x", flags);
	flags = flags_in_user(0);
	CHECK(flags & EFLAGS_IF, "IF clear in the frame cleared the real IF: 0x%x", flags);
	flags = flags_in_user(EFLAGS_IOPL | EFLAGS_IF);
	CHECK_EQ(flags & EFLAGS_IOPL, 0, "the real IOPL in ring 3");
	flags_in_user(EFLAGS_NT | EFLAGS_IF);
	flags_in_user(EFLAGS_RF | EFLAGS_IF);
}

static void expect_protection(const char *code, const char *what)
{
	struct user_state state = user_state_for(code);
	struct fault exit;

	state.eflags |= EFLAGS_IOPL;
	user_run(&state, &exit);
	check_fault_error(&exit, X86_GP, 0, what);
}

/* IOPL in an iret frame gives ring 3 nothing. */
static void test_user_iopl(void)
{
	expect_protection(user_cli, "cli in ring 3 after iret with IOPL 3");
	expect_protection(user_out, "out in ring 3 after iret with IOPL 3");
}

static void test_user_mask(void)
{
	struct user_state state = user_state_for(user_flags);
	struct fault exit;

	state.eflags = EFLAGS_FIXED;
	user_run(&state, &exit);
	state.eflags |= EFLAGS_IF;
	vcpu_info->evtchn_upcall_mask = 0;
	user_run(&state, &exit);
	CHECK_EQ(vcpu_info->evtchn_upcall_mask, 0, "mask restored by user_run");
	vcpu_info->evtchn_upcall_mask = 1;
}

/* --- The instruction --- */

static void plain_iret(void *arg)
{
	(void)arg;
	__asm__ __volatile__("pushl	new_flags\n\t"
			     "pushl	%[cs]\n\t"
			     "pushl	$1f\n\t"
			     "iret\n"
			     "1:	pushfl\n\t"
			     "popl	seen + 4\n\t"
			     "pushl	$0\n\t"
			     "popfl\n\t"
			     "cld"
			     :
			     : [cs] "i"(FLAT_KERNEL_CS)
			     : "memory", "cc");
}

static uint32_t flags_after_iret(uint32_t flags)
{
	struct fault fault;

	new_flags = flags | EFLAGS_FIXED;
	try_call(plain_iret, NULL, &fault);
	check_no_fault(&fault, "plain iret in ring 1");
	return seen.eflags;
}

static void test_plain_flags(void)
{
	uint32_t flags = flags_after_iret(FREE_FLAGS);

	CHECK_EQ(flags & FREE_FLAGS, FREE_FLAGS, "arithmetic flags");
	CHECK(flags & EFLAGS_IF, "iret cleared the real IF: 0x%x", flags);
	flags = flags_after_iret(EFLAGS_IOPL);
	CHECK_EQ(flags & EFLAGS_IOPL, 0, "IOPL after a plain iret");
}

static void iret_to_selectors(void *arg)
{
	const uint32_t *cs_ss = arg;

	__asm__ __volatile__("pushl %1; pushl $0; pushl $0x202; pushl %0; pushl $user_flags; iret"
			     :
			     : "r"(cs_ss[0]), "r"(cs_ss[1])
			     : "memory");
}

static void test_plain_bad_selectors(void)
{
	static uint32_t bad_cs[] = { BAD_SELECTOR, FLAT_USER_SS };
	static uint32_t bad_ss[] = { FLAT_USER_CS, BAD_SELECTOR };
	static uint32_t ring0_cs[] = { 0xe008, FLAT_USER_SS };
	struct fault fault;

	try_call(iret_to_selectors, bad_cs, &fault);
	check_fault_error(&fault, X86_GP, BAD_SELECTOR & ~3, "plain iret to a bad cs");
	CHECK_EQ(fault.frame.cs, FLAT_KERNEL_CS, "cs of the faulting iret");
	try_call(iret_to_selectors, bad_ss, &fault);
	check_fault_error(&fault, X86_GP, BAD_SELECTOR & ~3, "plain iret to a bad ss");
	try_call(iret_to_selectors, ring0_cs, &fault);
	check_fault(&fault, X86_GP, "plain iret to ring 0");
}

static void nested_task_iret(void *arg)
{
	(void)arg;
	__asm__ __volatile__(
		"pushfl; pushl %0; pushl $1f; pushfl; orl $0x4000, (%%esp); popfl; iret; 1:"
		:
		: "i"(FLAT_KERNEL_CS)
		: "memory", "cc");
}

/* NT makes iret a task return: the guest gets the fault, the hypervisor does not care. */
static void test_plain_nested_task(void)
{
	struct fault fault;

	try_call(nested_task_iret, NULL, &fault);
	CHECK(fault.vector == X86_TS || fault.vector == X86_GP, "iret with NT: vector %u",
	      fault.vector);
	__asm__ __volatile__("pushl $2; popfl" : : : "memory", "cc");
}

static uint32_t popf_flags(uint32_t flags)
{
	uint32_t result;

	__asm__ __volatile__("pushl %1; popfl; pushfl; popl %0; pushl $2; popfl"
			     : "=r"(result)
			     : "r"(flags)
			     : "memory", "cc");
	return result;
}

static void test_popf(void)
{
	uint32_t flags = popf_flags(EFLAGS_FIXED);

	CHECK(flags & EFLAGS_IF, "popf cleared the real IF: 0x%x", flags);
	flags = popf_flags(EFLAGS_FIXED | EFLAGS_IOPL | EFLAGS_VM | EFLAGS_RF);
	CHECK_EQ(flags & (EFLAGS_IOPL | EFLAGS_VM | EFLAGS_RF), 0, "IOPL, VM, RF after popf");
}

static const struct test_case cases[] = {
	{ "iret.kernel", test_kernel },
	{ "iret.kernel_flags", test_kernel_flags },
	{ "iret.kernel_trap_flag", test_kernel_trap_flag },
	{ "iret.kernel_pending", test_kernel_pending },
	{ "iret.kernel_bad_cs", test_kernel_bad_cs },
	{ "iret.user_flags", test_user_flags },
	{ "iret.user_iopl", test_user_iopl },
	{ "iret.user_mask", test_user_mask },
	{ "iret.plain_flags", test_plain_flags },
	{ "iret.plain_bad_selectors", test_plain_bad_selectors },
	{ "iret.plain_nested_task", test_plain_nested_task },
	{ "iret.popf", test_popf },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
