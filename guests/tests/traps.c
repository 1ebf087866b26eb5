/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and their delivery into the guest: each exception that code can cause, from ring 1 and
 * from ring 3, with its error code and %cr2; the frame; set_trap_table's flags (ABI: struct
 * trap_info in <xen/arch-x86/xen.h>).  INT n has a file of its own, softint.c.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#define UNMAPPED 0x00001000u
#define DR6_BS (1u << 14)

/* --- Exceptions of ring 1 --- */

static void test_divide(void)
{
	struct fault fault;

	TRY_ASM(&fault, "xorl %%edx, %%edx; movl %0, %%ecx; divl %%ecx",
		:
		: "i"(0)
		: "eax", "ecx", "edx", "cc");
	check_fault_error(&fault, X86_DE, 0, "division by zero");
}

static void test_breakpoint(void)
{
	struct fault fault;
	uint32_t address;

	TRY_ASM(&fault, "movl $1f, %0; int3; 1:", : "=r"(address));
	check_fault_error(&fault, X86_BP, 0, "int3");
	CHECK_EQ(fault.frame.eip, address, "eip behind int3");
}

static void test_overflow(void)
{
	struct fault fault;

	TRY_ASM(&fault, "movb $0x7f, %%al; addb $1, %%al; into", : : : "eax", "cc");
	check_fault_error(&fault, X86_OF, 0, "into");
	TRY_ASM(&fault, "xorl %%eax, %%eax; into", : : : "eax", "cc");
	check_no_fault(&fault, "into without overflow");
}

static void test_bound(void)
{
	int32_t bounds[2] = { 3, 5 };
	struct fault fault;

	TRY_ASM(&fault, "boundl %0, %1", : : "r"(7), "m"(bounds) : "memory");
	check_fault_error(&fault, X86_BR, 0, "bound");
	TRY_ASM(&fault, "boundl %0, %1", : : "r"(4), "m"(bounds) : "memory");
	check_no_fault(&fault, "bound within range");
}

static void test_invalid_opcode(void)
{
	struct fault fault;

	TRY_ASM(&fault, "ud2");
	check_fault_error(&fault, X86_UD, 0, "ud2");
	/* The start of the forced-emulation prefix, with nothing known behind it. */
	TRY_ASM(&fault, ".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; nop");
	check_fault_error(&fault, X86_UD, 0, "emulation prefix before nop");
}

static void test_protection(void)
{
	struct fault fault;

	TRY_ASM(&fault, "movl %0, %%fs", : : "r"(0x7ff3));
	check_fault_error(&fault, X86_GP, 0x7ff0, "selector beyond the GDT");
	TRY_ASM(&fault, "movl %0, %%fs", : : "r"(0x0107));
	check_fault_error(&fault, X86_GP, 0x0104, "selector in an empty LDT");
}

static void test_stack_fault(void)
{
	struct fault fault;

	TRY_ASM(&fault, "movl %0, %%ss", : : "r"(FLAT_USER_SS));
	check_fault_error(&fault, X86_GP, FLAT_USER_SS & ~3, "stack segment of ring 3 in ring 1");
	TRY_ASM(&fault, "movl %0, %%ss", : : "r"(0));
	check_fault_error(&fault, X86_GP, 0, "null stack segment");
}

static void test_page_fault(void)
{
	struct fault fault;

	try_read((void *)(UNMAPPED + 5), &fault);
	check_fault_error(&fault, X86_PF, 0, "read of nothing");
	CHECK_EQ(fault.cr2, UNMAPPED + 5, "cr2 of a read");
	try_write((void *)(UNMAPPED + 6), &fault);
	check_fault_error(&fault, X86_PF, PF_WRITE, "write to nothing");
	CHECK_EQ(fault.cr2, UNMAPPED + 6, "cr2 of a write");
}

static void test_page_fault_read_only(void)
{
	char *page = page_alloc();
	struct fault fault;

	CHECK_EQ(page_protect(page, PTE_KERNEL_RO), 0, "read-only mapping");
	try_write(page + 8, &fault);
	check_fault_error(&fault, X86_PF, PF_PRESENT | PF_WRITE, "write to a read-only page");
	CHECK_EQ(fault.cr2, PTR32(page) + 8, "cr2");
	try_read(page, &fault);
	check_no_fault(&fault, "read of a read-only page");
	CHECK_EQ(page_protect(page, PTE_KERNEL_RW), 0, "writable again");
	try_write(page, &fault);
	check_no_fault(&fault, "write to the writable page");
	page_free(page);
}

static void jump_to(void *target)
{
	((void (*)(void))target)();
}

static void test_page_fault_fetch(void)
{
	struct fault fault;

	try_call(jump_to, (void *)UNMAPPED, &fault);
	check_fault(&fault, X86_PF, "jump to nothing");
	CHECK(!(fault.error & ~PF_FETCH), "error code 0x%x", fault.error);
	CHECK_EQ(fault.frame.eip, UNMAPPED, "eip");
	CHECK_EQ(fault.cr2, UNMAPPED, "cr2");
}

static void divide_by_fpu_zero(void *arg)
{
	uint16_t unmasked = 0x033b; /* all but zero-divide masked */

	(void)arg;
	__asm__ __volatile__("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(unmasked));
}

static void test_fpu_error(void)
{
	struct fault fault;

	try_call(divide_by_fpu_zero, NULL, &fault);
	__asm__ __volatile__("fnclex; fninit");
	check_fault_error(&fault, X86_MF, 0, "x87 division by zero");
}

static void single_step(void *arg)
{
	(void)arg;
	__asm__ __volatile__(
		"pushfl; orl $0x100, (%%esp); popfl; nop; .globl step_here; step_here: nop"
		:
		:
		: "memory", "cc");
}

extern char step_here[];

static void test_single_step(void)
{
	struct fault fault;

	try_call(single_step, NULL, &fault);
	check_fault_error(&fault, X86_DB, 0, "single step");
	CHECK_EQ(fault.frame.eip, PTR32(step_here), "eip after one instruction");
	CHECK(fault.frame.eflags & EFLAGS_TF, "TF is missing in the frame: 0x%x",
	      fault.frame.eflags);
	CHECK(HYPERVISOR_get_debugreg(6) & DR6_BS, "DR6 0x%x", HYPERVISOR_get_debugreg(6));
	HYPERVISOR_set_debugreg(6, 0);
}

/* --- Exceptions of ring 3 --- */

struct user_probe {
	const char *name;
	const void *code;
	unsigned int vector;
	uint32_t error;
};

#define USER_SNIPPET(name, code) \
	extern char name[];      \
	__asm__(".pushsection .user.text, \"ax\"; " #name ": " code "; ud2; .popsection")

USER_SNIPPET(user_divide, "xorl %edx, %edx; xorl %ecx, %ecx; divl %ecx");
USER_SNIPPET(user_int3, "int3");
USER_SNIPPET(user_into, "movb $0x7f, %al; addb $1, %al; into");
USER_SNIPPET(user_bound, "pushl $5; pushl $3; movl $7, %eax; boundl %eax, (%esp)");
USER_SNIPPET(user_ud2, "ud2");
USER_SNIPPET(user_selector, "movl $0x7ff3, %eax; movl %eax, %fs");
USER_SNIPPET(user_ring1_selector, "movl $0xe021, %eax; movl %eax, %ds");
USER_SNIPPET(user_hlt, "hlt");
USER_SNIPPET(user_cli, "cli");
USER_SNIPPET(user_sti, "sti");
USER_SNIPPET(user_in, "inb $0x80, %al");
USER_SNIPPET(user_clts, "clts");
USER_SNIPPET(user_read_cr0, "movl %cr0, %eax");
USER_SNIPPET(user_read_dr7, "movl %dr7, %eax");
USER_SNIPPET(user_rdmsr, "movl $0x10, %ecx; rdmsr");
USER_SNIPPET(user_hypercall, "movl $17, %eax; xorl %ebx, %ebx; int $0x82");
USER_SNIPPET(user_read_nothing, "movl $0x1000, %eax; movl (%eax), %eax");
USER_SNIPPET(user_write_nothing, "movl $0x1000, %eax; movl %eax, (%eax)");
USER_SNIPPET(user_read_kernel, "movl $main, %eax; movl (%eax), %eax");
USER_SNIPPET(user_write_kernel, "movl $trap_return_by_hypercall, %eax; movl %eax, (%eax)");
USER_SNIPPET(user_jump_kernel, "movl $main, %eax; jmp *%eax");

static void test_user_exceptions(void)
{
	static const struct user_probe probes[] = {
		{ "division", user_divide, X86_DE, 0 },
		{ "int3", user_int3, X86_BP, 0 },
		{ "into", user_into, X86_OF, 0 },
		{ "bound", user_bound, X86_BR, 0 },
		{ "ud2", user_ud2, X86_UD, 0 },
		{ "bad selector", user_selector, X86_GP, 0x7ff0 },
		{ "ring-1 selector", user_ring1_selector, X86_GP, 0xe020 },
		{ "hlt", user_hlt, X86_GP, 0 },
		{ "cli", user_cli, X86_GP, 0 },
		{ "sti", user_sti, X86_GP, 0 },
		{ "in", user_in, X86_GP, 0 },
		{ "clts", user_clts, X86_GP, 0 },
		{ "mov from cr0", user_read_cr0, X86_GP, 0 },
		{ "mov from dr7", user_read_dr7, X86_GP, 0 },
		{ "rdmsr", user_rdmsr, X86_GP, 0 },
		{ "hypercall", user_hypercall, X86_GP, 0x82 * 8 + 2 },
		{ "read of nothing", user_read_nothing, X86_PF, PF_USER },
		{ "write to nothing", user_write_nothing, X86_PF, PF_USER | PF_WRITE },
		{ "read of kernel data", user_read_kernel, X86_PF, PF_USER | PF_PRESENT },
		{ "write to kernel data", user_write_kernel, X86_PF,
		  PF_USER | PF_PRESENT | PF_WRITE },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		struct user_state state = user_state_for(probes[i].code);
		struct fault fault;

		user_run(&state, &fault);
		check_fault_error(&fault, probes[i].vector, probes[i].error, probes[i].name);
		CHECK_EQ(fault.frame.cs, FLAT_USER_CS, probes[i].name);
		CHECK_EQ(fault.frame.ss, FLAT_USER_SS, probes[i].name);
	}
}

static void test_user_fetch(void)
{
	struct user_state state = user_state_for(user_jump_kernel);
	struct fault fault;

	user_run(&state, &fault);
	check_fault(&fault, X86_PF, "jump into the kernel");
	CHECK((fault.error & ~PF_FETCH) == (PF_USER | PF_PRESENT), "error 0x%x", fault.error);
}

USER_SNIPPET(user_nop, "nop; nop; nop");

static void test_user_single_step(void)
{
	struct user_state state = user_state_for(user_nop);
	struct fault fault;

	state.eflags |= EFLAGS_TF;
	user_run(&state, &fault);
	check_fault_error(&fault, X86_DB, 0, "single step in ring 3");
	CHECK_EQ(fault.frame.eip, PTR32(user_nop) + 1, "eip after one instruction");
	CHECK(fault.frame.eflags & EFLAGS_TF, "TF is missing: 0x%x", fault.frame.eflags);
	HYPERVISOR_set_debugreg(6, 0);
}

USER_SNIPPET(user_misaligned, "movl 1(%esp), %eax; int $0x80");

static void test_alignment(void)
{
	struct user_state state = user_state_for(user_misaligned);
	struct fault fault;

	state.esp -= 16;
	state.eflags |= EFLAGS_AC;
	user_run(&state, &fault);
	if (fault.vector == USER_RETURN_VECTOR)
		test_skip("this processor checks no alignment");
	else
		check_fault_error(&fault, X86_AC, 0, "misaligned access in ring 3");
}

/* --- The frame and the table's flags --- */

USER_SNIPPET(user_registers, "int $0x80");

static void test_user_registers(void)
{
	struct user_state state = user_state_for(user_registers);
	const struct trap_frame *f;
	struct fault fault;

	state.eax = 1;
	state.ebx = 2;
	state.ecx = 3;
	state.edx = 4;
	state.esi = 5;
	state.edi = 6;
	state.ebp = 7;
	state.fs = state.gs = FLAT_USER_DS;
	user_run(&state, &fault);
	f = &fault.frame;
	check_fault(&fault, USER_RETURN_VECTOR, "int 0x80");
	CHECK(f->eax == 1 && f->ebx == 2 && f->ecx == 3 && f->edx == 4 && f->esi == 5 &&
		      f->edi == 6 && f->ebp == 7,
	      "a register changed");
	CHECK(f->ds == FLAT_USER_DS && f->es == FLAT_USER_DS && f->fs == FLAT_USER_DS &&
		      f->gs == FLAT_USER_DS,
	      "a segment register changed");
	CHECK_EQ(f->esp, state.esp, "esp");
	CHECK_EQ(f->eip, PTR32(user_registers) + 2, "eip");
}

static uint8_t seen_mask;

static bool note_mask(struct trap_frame *frame)
{
	seen_mask = vcpu_info->evtchn_upcall_mask;
	frame->eip += 2;
	return true;
}

/* Traps by ud2 with the event mask given; returns the frame's idea of it. */
static void ud2_with_mask(uint8_t mask, bool gate_masks, struct fault *fault)
{
	struct trap_info entry = trap_entry(X86_UD, 0, false);

	if (!gate_masks)
		entry.flags &= ~4;
	CHECK_EQ(trap_install(entry), 0, "set_trap_table");
	trap_set_hook(X86_UD, note_mask);
	vcpu_info->evtchn_upcall_mask = mask;
	__asm__ __volatile__("ud2" : : : "memory");
	CHECK_EQ(vcpu_info->evtchn_upcall_mask, mask, "mask after the trap");
	trap_set_hook(X86_UD, NULL);
	TRY_ASM(fault, "ud2");
	vcpu_info->evtchn_upcall_mask = 1;
	trap_install_table();
}

static void test_gate_masks_events(void)
{
	struct fault fault;

	ud2_with_mask(0, true, &fault);
	CHECK_EQ(seen_mask, 1, "mask inside a handler that asks for it");
	ud2_with_mask(0, false, &fault);
	CHECK_EQ(seen_mask, 0, "mask inside a handler that does not ask for it");
	ud2_with_mask(1, false, &fault);
	CHECK_EQ(seen_mask, 1, "mask that was set before");
}

static void test_saved_mask(void)
{
	struct fault fault;

	ud2_with_mask(0, true, &fault);
	CHECK_EQ(fault.frame.upcall_mask, 0, "saved mask, events on");
	CHECK(fault.frame.eflags & EFLAGS_IF, "IF is clear with events on");
	ud2_with_mask(1, true, &fault);
	CHECK_EQ(fault.frame.upcall_mask, 1, "saved mask, events off");
	CHECK(!(fault.frame.eflags & EFLAGS_IF), "IF is set with events off");
}

static void test_table_pointer(void)
{
	struct trap_info *read_only = (void *)HYPERVISOR_VIRT_START;
	struct trap_info end = { 0 };

	CHECK_EQ(HYPERVISOR_set_trap_table(read_only), -XEN_EFAULT, "table in the hypervisor");
	CHECK_EQ(HYPERVISOR_set_trap_table((void *)UNMAPPED), -XEN_EFAULT, "table in a hole");
	CHECK_EQ(HYPERVISOR_set_trap_table(&end), 0, "a table with nothing");
}

/* The hypervisor forces ring 1 onto a code selector that names ring 0. */
static void test_table_selector(void)
{
	struct trap_info entry = trap_entry(X86_UD, 0, false);
	struct fault fault;

	entry.cs &= ~3;
	CHECK_EQ(trap_install(entry), 0, "set_trap_table");
	TRY_ASM(&fault, "ud2");
	check_fault(&fault, X86_UD, "through a gate with RPL 0");
	trap_install_table();
}

static void test_stack_switch(void)
{
	struct user_state state = user_state_for(user_registers);
	struct fault fault;

	CHECK_EQ(HYPERVISOR_stack_switch(FLAT_KERNEL_SS & ~3, boot_stack_top), 0, "RPL 0");
	user_run(&state, &fault);
	check_fault(&fault, USER_RETURN_VECTOR, "int 0x80");
	user_run(&state, &fault);
	check_fault(&fault, USER_RETURN_VECTOR, "int 0x80 again");
}

static const struct test_case cases[] = {
	{ "traps.divide", test_divide },
	{ "traps.breakpoint", test_breakpoint },
	{ "traps.overflow", test_overflow },
	{ "traps.bound", test_bound },
	{ "traps.invalid_opcode", test_invalid_opcode },
	{ "traps.protection", test_protection },
	{ "traps.stack_fault", test_stack_fault },
	{ "traps.page_fault", test_page_fault },
	{ "traps.page_fault_read_only", test_page_fault_read_only },
	{ "traps.page_fault_fetch", test_page_fault_fetch },
	{ "traps.fpu_error", test_fpu_error },
	{ "traps.single_step", test_single_step },
	{ "traps.user_exceptions", test_user_exceptions },
	{ "traps.user_fetch", test_user_fetch },
	{ "traps.user_single_step", test_user_single_step },
	{ "traps.alignment", test_alignment },
	{ "traps.user_registers", test_user_registers },
	{ "traps.gate_masks_events", test_gate_masks_events },
	{ "traps.saved_mask", test_saved_mask },
	{ "traps.table_pointer", test_table_pointer },
	{ "traps.table_selector", test_table_selector },
	{ "traps.stack_switch", test_stack_switch },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
