/* SPDX-License-Identifier: MIT */
/*
 * Port accesses and the interrupt flag under a virtual I/O privilege level: set_iopl, set_iobitmap,
 * IN, OUT and their string forms from ring 1 and ring 3, CLI and STI (ABI: <xen/physdev.h>).  Ports
 * are for privileged domains; 0x80, the delay port of a PC, may be read and written without harm.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/physdev.h>

#define DELAY_PORT 0x80
#define NR_PORTS 65536

static long set_iopl(uint32_t iopl)
{
	struct physdev_set_iopl op = { .iopl = iopl };

	return HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &op);
}

static long set_iobitmap(uint8_t *bitmap, uint32_t ports)
{
	struct physdev_set_iobitmap op = { .nr_ports = ports };

	set_xen_guest_handle(op.bitmap, bitmap);
	return HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, &op);
}

static void test_set_iopl(void)
{
	uint32_t iopl;

	for (iopl = 0; iopl < 4; iopl++)
		CHECK_EQ(set_iopl(iopl), 0, "a valid level");
	CHECK_EQ(set_iopl(4), -XEN_EINVAL, "level 4");
	CHECK_EQ(set_iopl(~0u), -XEN_EINVAL, "level ~0");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, NULL), -XEN_EFAULT, "null pointer");
	set_iopl(0);
}

static bool out_delay(struct fault *fault)
{
	TRY_ASM(fault, "outb %%al, %1", : : "a"(0), "i"(DELAY_PORT));
	return fault->vector == NO_FAULT;
}

static void test_iopl_kernel(void)
{
	struct fault fault;

	if (!test_is_privileged())
		return;
	CHECK_EQ(set_iopl(1), 0, "set_iopl");
	CHECK(out_delay(&fault), "out with level 1: vector %u", fault.vector);
	CHECK_EQ(set_iopl(0), 0, "set_iopl");
	CHECK(!out_delay(&fault), "out with level 0 went through");
	check_fault_error(&fault, X86_GP, 0, "out with level 0");
}

static void test_widths(void)
{
	struct fault fault;
	uint32_t value;

	if (!test_is_privileged())
		return;
	set_iopl(1);
	value = 0x12345678;
	TRY_ASM(&fault, "inb %1, %%al", : "+a"(value) : "i"(DELAY_PORT));
	check_no_fault(&fault, "inb");
	CHECK_EQ(value >> 8, 0x123456, "inb changed more than al");
	value = 0x12345678;
	TRY_ASM(&fault, "inw %1, %%ax", : "+a"(value) : "i"(DELAY_PORT));
	check_no_fault(&fault, "inw");
	CHECK_EQ(value >> 16, 0x1234, "inw changed more than ax");
	TRY_ASM(&fault, "inl %%dx, %%eax", : "=a"(value) : "d"(DELAY_PORT));
	check_no_fault(&fault, "inl");
	TRY_ASM(&fault, "outw %%ax, %%dx; outl %%eax, %%dx", : : "a"(0), "d"(DELAY_PORT));
	check_no_fault(&fault, "outw and outl");
	set_iopl(0);
}

static void test_strings(void)
{
	uint8_t buf[8] = { 0 };
	uint8_t *at = buf;
	struct fault fault;
	uint32_t count = 4;

	if (!test_is_privileged())
		return;
	set_iopl(1);
	TRY_ASM(&fault, "rep outsb", : "+S"(at), "+c"(count) : "d"(DELAY_PORT) : "memory");
	check_no_fault(&fault, "rep outsb");
	CHECK_EQ(count, 0, "ecx after rep outsb");
	CHECK(at == buf + 4, "esi moved by %d", at - buf);
	memset(buf, 0x5a, sizeof(buf));
	at = buf;
	count = 4;
	TRY_ASM(&fault, "rep insb", : "+D"(at), "+c"(count) : "d"(DELAY_PORT) : "memory");
	check_no_fault(&fault, "rep insb");
	CHECK(at == buf + 4 && !count, "edi moved by %d, ecx %u", at - buf, count);
	CHECK_EQ(buf[4], 0x5a, "byte behind the buffer");
	set_iopl(0);
}

/* A bad buffer is the guest's page fault, not the hypervisor's. */
static void test_string_faults(void)
{
	struct fault fault;

	if (!test_is_privileged())
		return;
	set_iopl(1);
	TRY_ASM(&fault, "outsb", : : "S"(0x1000), "d"(DELAY_PORT) : "memory");
	check_fault(&fault, X86_PF, "outsb from nothing");
	CHECK_EQ(fault.cr2, 0x1000, "cr2");
	TRY_ASM(&fault, "insb", : : "D"(start_info->pt_base), "d"(DELAY_PORT) : "memory");
	check_fault(&fault, X86_PF, "insb into a read-only page");
	CHECK_EQ(fault.cr2, start_info->pt_base, "cr2");
	TRY_ASM(&fault, "insb", : : "D"(HYPERVISOR_VIRT_START), "d"(DELAY_PORT) : "memory");
	CHECK(fault.vector == X86_PF || fault.vector == X86_GP, "insb into the hypervisor: %u",
	      fault.vector);
	set_iopl(0);
}

/* --- Ring 3 --- */

extern char user_out[];
__asm__(".pushsection .user.text, \"ax\"; user_out: outb %al, $0x80; int $0x80; .popsection");

static unsigned int out_in_user(void)
{
	struct user_state state = user_state_for(user_out);
	struct fault exit;

	user_run(&state, &exit);
	return exit.vector;
}

static void test_iopl_user(void)
{
	if (!test_is_privileged())
		return;
	set_iopl(1);
	CHECK_EQ(out_in_user(), X86_GP, "ring 3, level 1");
	set_iopl(3);
	CHECK_EQ(out_in_user(), USER_RETURN_VECTOR, "ring 3, level 3");
	set_iopl(0);
	CHECK_EQ(out_in_user(), X86_GP, "ring 3, level 0");
}

static void test_iobitmap(void)
{
	static uint8_t bitmap[NR_PORTS / 8];

	memset(bitmap, 0xff, sizeof(bitmap));
	if (!test_is_privileged())
		return;
	set_iopl(0);
	CHECK_EQ(set_iobitmap(bitmap, NR_PORTS), 0, "set_iobitmap");
	CHECK_EQ(out_in_user(), X86_GP, "a port that the bitmap denies");
	bitmap[DELAY_PORT / 8] = 0xfe;
	CHECK_EQ(out_in_user(), USER_RETURN_VECTOR, "a port that the bitmap allows");
	CHECK_EQ(set_iobitmap(bitmap, DELAY_PORT), 0, "a shorter bitmap");
	CHECK_EQ(out_in_user(), X86_GP, "a port beyond the bitmap");
	CHECK_EQ(set_iobitmap(NULL, 0), 0, "no bitmap");
	CHECK_EQ(out_in_user(), X86_GP, "no bitmap any more");
}

static void test_iobitmap_errors(void)
{
	CHECK_EQ(set_iobitmap(NULL, NR_PORTS + 1), -XEN_EINVAL, "too many ports");
	CHECK_EQ(set_iobitmap(NULL, ~0u), -XEN_EINVAL, "~0 ports");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, NULL), -XEN_EFAULT, "null pointer");
}

/* --- CLI and STI: nothing but a question of the level; the real flag never changes --- */

static void test_cli(void)
{
	struct fault fault;
	uint32_t flags;

	set_iopl(0);
	TRY_ASM(&fault, "cli");
	check_fault_error(&fault, X86_GP, 0, "cli with level 0");
	TRY_ASM(&fault, "sti");
	check_fault_error(&fault, X86_GP, 0, "sti with level 0");
	set_iopl(1);
	TRY_ASM(&fault, "cli");
	check_no_fault(&fault, "cli with level 1");
	__asm__ __volatile__("pushfl; popl %0" : "=r"(flags));
	CHECK(flags & EFLAGS_IF, "cli cleared the real IF: 0x%x", flags);
	CHECK(!(flags & EFLAGS_IOPL), "the real IOPL is set: 0x%x", flags);
	CHECK_EQ(vcpu_info->evtchn_upcall_mask, 1, "event mask after cli");
	TRY_ASM(&fault, "sti");
	check_no_fault(&fault, "sti with level 1");
	CHECK_EQ(vcpu_info->evtchn_upcall_mask, 1, "event mask after sti");
	set_iopl(0);
}

static const struct test_case cases[] = {
	{ "ioport.set_iopl", test_set_iopl },
	{ "ioport.iopl_kernel", test_iopl_kernel },
	{ "ioport.widths", test_widths },
	{ "ioport.strings", test_strings },
	{ "ioport.string_faults", test_string_faults },
	{ "ioport.iopl_user", test_iopl_user },
	{ "ioport.iobitmap", test_iobitmap },
	{ "ioport.iobitmap_errors", test_iobitmap_errors },
	{ "ioport.cli", test_cli },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
