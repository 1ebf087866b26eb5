/* SPDX-License-Identifier: MIT */
/*
 * Port accesses that the processor makes by itself: at virtual privilege level 3, which allows
 * ports to ring 1 and ring 3 alike. The same ports at lower levels, and those that the hypervisor
 * keeps or shares, are emulated and must look as before.
 */
#include "guests/pvrt/hw.h"
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#define DELAY_PORT 0x80
#define PIC_MASK_PORT 0x21
#define PIC_LEVEL_PORT 0x4d0
#define COM1_LINE_STATUS 0x3fd
#define PIT_PORT 0x40
#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define CMOS_MONTH 8
#define LAST_PORT 0xffff

/* --- The same answers --- */

static void test_own_ports(void)
{
	static const uint16_t ports[] = { PIC_MASK_PORT, PIC_LEVEL_PORT, COM1_LINE_STATUS,
					  PIT_PORT };
	size_t i;

	if (!test_is_privileged())
		return;
	pv_set_iopl(3);
	for (i = 0; i < ARRAY_SIZE(ports); i++)
		CHECK_EQ(inb(ports[i]), 0xff, "a port of the hypervisor's");
	outb(PIC_MASK_PORT, 0xff);
	CHECK_EQ(inw(PIC_MASK_PORT + 1) >> 8, 0xff, "ports behind it");
	pv_set_iopl(0);
}

/* A double word at the configuration address stays this domain's own. */
static void test_pci(void)
{
	uint32_t bridge;

	if (!test_is_privileged())
		return;
	pv_set_iopl(1);
	bridge = pci_read(0, 0);
	pv_set_iopl(3);
	outl(PCI_ADDRESS_PORT, 0x80000000u);
	CHECK_EQ(inl(PCI_ADDRESS_PORT), 0x80000000u, "the address written");
	CHECK_EQ(inl(PCI_DATA_PORT), bridge, "the host bridge");
	CHECK_EQ(inw(PCI_DATA_PORT), bridge & 0xffff, "its vendor");
	CHECK_EQ(inb(PCI_DATA_PORT + 3), bridge >> 24, "its last byte");
	pv_set_iopl(0);
}

static void test_cmos(void)
{
	uint8_t emulated;

	if (!test_is_privileged())
		return;
	pv_set_iopl(1);
	outb(CMOS_INDEX, CMOS_MONTH);
	emulated = inb(CMOS_DATA);
	pv_set_iopl(3);
	outb(CMOS_INDEX, CMOS_MONTH);
	CHECK_EQ(inb(CMOS_DATA), emulated, "the month");
	pv_set_iopl(0);
}

/* Beyond the last port there is nothing, and no way round the check. */
static void test_last_port(void)
{
	struct fault fault;
	uint32_t value = 0;

	if (!test_is_privileged())
		return;
	pv_set_iopl(3);
	TRY_ASM(&fault, "inb %%dx, %%al", : "+a"(value) : "d"(LAST_PORT));
	check_no_fault(&fault, "inb");
	TRY_ASM(&fault, "inl %%dx, %%eax", : "+a"(value) : "d"(LAST_PORT));
	check_no_fault(&fault, "inl");
	pv_set_iopl(0);
}

/* --- Levels --- */

extern char user_in[];
__asm__(".pushsection .user.text, \"ax\"; user_in: inb $0x80, %al; int $0x80; .popsection");

static unsigned int in_from_user(void)
{
	struct user_state state = user_state_for(user_in);
	struct fault exit;

	user_run(&state, &exit);
	return exit.vector;
}

static unsigned int in_from_kernel(void)
{
	struct fault fault;
	uint32_t value = 0;

	TRY_ASM(&fault, "inb %1, %%al", : "+a"(value) : "i"(DELAY_PORT));
	return fault.vector;
}

/* When the level sinks the bitmap goes: ring 3 must not have ports that its kernel denies it. */
static void test_levels(void)
{
	if (!test_is_privileged())
		return;
	pv_set_iopl(3);
	CHECK_EQ(in_from_kernel(), NO_FAULT, "ring 1, level 3");
	CHECK_EQ(in_from_user(), USER_RETURN_VECTOR, "ring 3, level 3");
	pv_set_iopl(1);
	CHECK_EQ(in_from_kernel(), NO_FAULT, "ring 1, level 1");
	CHECK_EQ(in_from_user(), X86_GP, "ring 3, level 1");
	pv_set_iopl(2);
	CHECK_EQ(in_from_user(), X86_GP, "ring 3, level 2");
	pv_set_iopl(0);
	CHECK_EQ(in_from_kernel(), X86_GP, "ring 1, level 0");
	CHECK_EQ(in_from_user(), X86_GP, "ring 3, level 0");
}

/* --- Breakpoints on ports are emulated, so they must stop the bitmap --- */

#define CR4_DE 0x8u
#define DR7_PORT_BREAKPOINT 0x00020001u /* register 0, on a port of one byte */

static void test_breakpoint(void)
{
	struct fault fault;
	uint32_t cr4, value = 0;

	if (!test_is_privileged())
		return;
	TRY_ASM(&fault, "movl %%cr4, %0", : "=r"(cr4));
	TRY_ASM(&fault, "movl %0, %%cr4", : : "r"(cr4 | CR4_DE));
	pv_set_iopl(3);
	HYPERVISOR_set_debugreg(0, DELAY_PORT);
	if (HYPERVISOR_set_debugreg(7, DR7_PORT_BREAKPOINT)) {
		test_skip("no breakpoints on ports in this processor");
	} else {
		TRY_ASM(&fault, "inb %1, %%al; nop", : "+a"(value) : "i"(DELAY_PORT));
		check_fault(&fault, X86_DB, "a port with a breakpoint");
		CHECK_EQ(HYPERVISOR_set_debugreg(7, 0), 0, "taking it away");
		CHECK_EQ(in_from_kernel(), NO_FAULT, "the port without it");
	}
	HYPERVISOR_set_debugreg(7, 0);
	HYPERVISOR_set_debugreg(6, 0);
	TRY_ASM(&fault, "movl %0, %%cr4", : : "r"(cr4));
	pv_set_iopl(0);
}

/* --- What it is good for --- */

#define ACCESSES 1000

static uint32_t cycles_at_level(uint32_t level)
{
	uint64_t start, took;
	unsigned int i;

	pv_set_iopl(level);
	start = rdtsc();
	for (i = 0; i < ACCESSES; i++)
		inb(DELAY_PORT);
	took = rdtsc() - start;
	pv_set_iopl(0);
	return (uint32_t)div_u64_u32(took, ACCESSES, NULL);
}

static void test_speed(void)
{
	uint32_t emulated, direct;

	if (!test_is_privileged())
		return;
	emulated = cycles_at_level(1);
	direct = cycles_at_level(3);
	pv_printf("one port read: %u cycles emulated, %u by the processor\n", emulated, direct);
	CHECK(direct < emulated, "%u cycles emulated, %u by the processor", emulated, direct);
}

static const struct test_case cases[] = {
	{ "portdirect.own_ports", test_own_ports }, { "portdirect.pci", test_pci },
	{ "portdirect.cmos", test_cmos },	    { "portdirect.last_port", test_last_port },
	{ "portdirect.levels", test_levels },	    { "portdirect.breakpoint", test_breakpoint },
	{ "portdirect.speed", test_speed },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
