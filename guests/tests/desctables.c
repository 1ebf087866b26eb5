/* SPDX-License-Identifier: MIT */
/*
 * Two virtual CPUs with descriptor tables of different lengths: after a switch each finds its own
 * tables, and nothing of the other's behind the end of its own.
 *
 * Boot: hv="dom0_max_vcpus=2"
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

#define GDT_PAGES 3
#define LDT_PAGES 2
#define PER_PAGE (PAGE_SIZE / 8)
#define FLAT_DATA 0x00cff2000000ffffull /* present, level 3, writable, 4 GiB */
/* The first entry of each page. */
#define GDT_SELECTOR(page) (((page)*PER_PAGE + 1) * 8 + 3)
#define LDT_SELECTOR(page) (GDT_SELECTOR(page) | 4)

static struct vcpu_guest_context context;
static uint8_t second_stack[4096] __attribute__((aligned(16)));
static volatile uint32_t second_rounds;
static volatile uint32_t second_saw_foreign, second_lost_own, second_stop;

/* Does not load, which could fault: `verr` looks through the same tables. */
static bool readable(uint32_t selector)
{
	uint8_t ok;

	__asm__ __volatile__("verr %w1; setz %0" : "=q"(ok) : "r"(selector) : "cc");
	return ok;
}

/* It has one page of GDT, and no LDT. */
static void second_main(void)
{
	while (!second_stop) {
		if (!readable(GDT_SELECTOR(0)))
			second_lost_own++;
		if (readable(GDT_SELECTOR(1)) || readable(GDT_SELECTOR(2)) ||
		    readable(LDT_SELECTOR(0)) || readable(LDT_SELECTOR(1)))
			second_saw_foreign++;
		second_rounds++;
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
	HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL);
	__builtin_trap();
}

static uint64_t *new_table(unsigned int pages)
{
	uint64_t *table = page_alloc_run(pages);
	unsigned int i;

	for (i = 0; i < pages; i++) {
		table[i * PER_PAGE + 1] = FLAT_DATA;
		BUG_ON(page_protect(table + i * PER_PAGE, PTE_KERNEL_RO));
	}
	return table;
}

static long set_ldt(const void *base, uint32_t entries)
{
	struct mmuext_op op = { .cmd = MMUEXT_SET_LDT, .arg2.nr_ents = entries };

	op.arg1.linear_addr = PTR32(base);
	return HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static void install_first(void)
{
	uint64_t *gdt = new_table(GDT_PAGES), *ldt = new_table(LDT_PAGES);
	xen_pfn_t frames[GDT_PAGES];
	unsigned int i;

	for (i = 0; i < GDT_PAGES; i++)
		frames[i] = va_to_mfn(gdt + i * PER_PAGE);
	CHECK_EQ(HYPERVISOR_set_gdt(frames, GDT_PAGES * PER_PAGE), 0, "set_gdt");
	CHECK_EQ(set_ldt(ldt, LDT_PAGES * PER_PAGE), 0, "SET_LDT");
}

static void start_second(void)
{
	unsigned int vector;

	context.flags = VGCF_in_kernel;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ds = context.user_regs.es = FLAT_KERNEL_DS;
	context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
	context.user_regs.eip = PTR32(second_main);
	context.user_regs.esp = context.kernel_sp = PTR32(second_stack + sizeof(second_stack));
	context.user_regs.eflags = EFLAGS_FIXED;
	for (vector = 0; vector < 256; vector++)
		context.trap_ctxt[vector] = trap_entry(vector, 0, false);
	context.event_callback_cs = context.failsafe_callback_cs = FLAT_KERNEL_CS;
	context.event_callback_eip = PTR32(event_entry);
	context.failsafe_callback_eip = PTR32(failsafe_entry);
	context.ctrlreg[3] = xen_pfn_to_cr3(va_to_mfn(mm_top_table()));
	context.gdt_ents = PER_PAGE;
	context.gdt_frames[0] = va_to_mfn(new_table(1));
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context), 0, "initialise");
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), 0, "up");
}

static void check_first(void)
{
	unsigned int i;

	for (i = 0; i < GDT_PAGES; i++)
		CHECK(readable(GDT_SELECTOR(i)), "page %u of its GDT is gone", i);
	for (i = 0; i < LDT_PAGES; i++)
		CHECK(readable(LDT_SELECTOR(i)), "page %u of its LDT is gone", i);
}

static void test_each_its_own(void)
{
	uint64_t limit = time_system_ns() + 10 * NS_PER_S;

	install_first();
	check_first();
	start_second();
	while (second_rounds < 20 && test_ok() && time_system_ns() < limit) {
		check_first();
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
	check_first();
	CHECK(second_rounds >= 20, "the second virtual CPU does not run");
	CHECK_EQ(second_lost_own, 0, "times that the second lost its own table");
	CHECK_EQ(second_saw_foreign, 0, "times that the second saw the first's");
	second_stop = 1;
	while (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) == 1 && time_system_ns() < limit)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

static const struct test_case cases[] = {
	{ "desctables.each_its_own", test_each_its_own },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
