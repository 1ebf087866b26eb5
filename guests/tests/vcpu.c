/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_vcpu_op: state, registration of vcpu_info, a second virtual CPU from initialise to
 * down where the domain has one, and the errors where not (ABI: <xen/vcpu.h>).  Timers and
 * run-state areas are in time.c.  Registering vcpu_info works once, so its cases come last.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

#define NO_SUCH_VCPU 99
#define BAD_POINTER ((void *)HYPERVISOR_VIRT_START)

static long vcpu_op(int cmd, unsigned int vcpu, void *arg)
{
	return HYPERVISOR_vcpu_op(cmd, vcpu, arg);
}

static void test_is_up(void)
{
	CHECK_EQ(vcpu_op(VCPUOP_is_up, 0, NULL), 1, "vcpu 0");
	CHECK_EQ(vcpu_op(VCPUOP_is_up, NO_SUCH_VCPU, NULL), -XEN_ENOENT, "a vcpu beyond");
	CHECK_EQ(vcpu_op(VCPUOP_is_up, ~0u, NULL), -XEN_ENOENT, "vcpu ~0");
}

static void test_unknown(void)
{
	CHECK_EQ(vcpu_op(99, 0, NULL), -XEN_ENOSYS, "operation 99");
	CHECK_EQ(vcpu_op(-1, 0, NULL), -XEN_ENOSYS, "operation -1");
	CHECK_EQ(vcpu_op(99, NO_SUCH_VCPU, NULL), -XEN_ENOENT, "the vcpu is looked at first");
}

static void test_up_again(void)
{
	CHECK_EQ(vcpu_op(VCPUOP_up, 0, NULL), 0, "up of a vcpu that is up");
	CHECK_EQ(vcpu_op(VCPUOP_up, NO_SUCH_VCPU, NULL), -XEN_ENOENT, "a vcpu beyond");
	CHECK_EQ(vcpu_op(VCPUOP_down, NO_SUCH_VCPU, NULL), -XEN_ENOENT, "a vcpu beyond");
}

static struct vcpu_guest_context context;

static void test_initialise_errors(void)
{
	CHECK_EQ(vcpu_op(VCPUOP_initialise, 0, BAD_POINTER), -XEN_EFAULT, "bad pointer");
	CHECK_EQ(vcpu_op(VCPUOP_initialise, 0, &context), -XEN_EEXIST, "a vcpu that runs");
	CHECK_EQ(vcpu_op(VCPUOP_initialise, NO_SUCH_VCPU, &context), -XEN_ENOENT, "a vcpu beyond");
}

static void test_runstate_errors(void)
{
	CHECK_EQ(vcpu_op(VCPUOP_get_runstate_info, 0, BAD_POINTER), -XEN_EFAULT, "bad pointer");
	CHECK_EQ(vcpu_op(VCPUOP_get_runstate_info, NO_SUCH_VCPU, &context), -XEN_ENOENT,
		 "a vcpu beyond");
}

/* --- A second virtual CPU --- */

static volatile uint32_t second_alive, second_stop;
static uint8_t second_stack[4096] __attribute__((aligned(16)));

static void second_main(void)
{
	while (!second_stop)
		second_alive++;
	HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL);
	__builtin_trap();
}

static void fill_context(void)
{
	unsigned int vector;

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_in_kernel;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ds = FLAT_KERNEL_DS;
	context.user_regs.es = FLAT_KERNEL_DS;
	context.user_regs.ss = FLAT_KERNEL_SS;
	context.user_regs.eip = PTR32(second_main);
	context.user_regs.esp = PTR32(second_stack + sizeof(second_stack));
	context.user_regs.eflags = EFLAGS_FIXED;
	for (vector = 0; vector < 256; vector++)
		context.trap_ctxt[vector] = trap_entry(vector, 0, false);
	context.kernel_ss = FLAT_KERNEL_SS;
	context.kernel_sp = context.user_regs.esp;
	context.event_callback_cs = FLAT_KERNEL_CS;
	context.event_callback_eip = PTR32(event_entry);
	context.failsafe_callback_cs = FLAT_KERNEL_CS;
	context.failsafe_callback_eip = PTR32(failsafe_entry);
	context.ctrlreg[3] = xen_pfn_to_cr3(va_to_mfn(mm_top_table()));
}

static bool has_second(void)
{
	if (vcpu_op(VCPUOP_is_up, 1, NULL) >= 0)
		return true;
	CHECK_EQ(vcpu_op(VCPUOP_initialise, 1, &context), -XEN_ENOENT, "initialise without one");
	CHECK_EQ(vcpu_op(VCPUOP_up, 1, NULL), -XEN_ENOENT, "up without one");
	test_skip("the domain has one virtual CPU");
	return false;
}

static bool wait_until(bool (*done)(void))
{
	uint64_t limit = time_system_ns() + 5 * NS_PER_S;

	while (!done() && time_system_ns() < limit)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return done();
}

static bool second_runs(void)
{
	return second_alive > 1000;
}

static bool second_is_down(void)
{
	return !vcpu_op(VCPUOP_is_up, 1, NULL);
}

static void test_second_hostile(void)
{
	if (!has_second())
		return;
	CHECK(vcpu_op(VCPUOP_up, 1, NULL) == -XEN_EINVAL, "up before initialise");
	fill_context();
	context.ctrlreg[3] = xen_pfn_to_cr3(0xffffful);
	CHECK(vcpu_op(VCPUOP_initialise, 1, &context) < 0, "a top-level table beyond memory");
	context.ctrlreg[3] = xen_pfn_to_cr3(va_to_mfn(second_stack));
	CHECK(vcpu_op(VCPUOP_initialise, 1, &context) < 0, "a writable page as top-level table");
	fill_context();
	context.gdt_ents = 512;
	context.gdt_frames[0] = va_to_mfn(second_stack);
	CHECK(vcpu_op(VCPUOP_initialise, 1, &context) < 0, "a writable page as GDT");
}

static void test_second(void)
{
	if (!has_second())
		return;
	fill_context();
	CHECK_EQ(vcpu_op(VCPUOP_initialise, 1, &context), 0, "initialise");
	CHECK_EQ(vcpu_op(VCPUOP_is_up, 1, NULL), 0, "it is not up yet");
	CHECK_EQ(vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EEXIST, "initialise again");
	CHECK_EQ(vcpu_op(VCPUOP_up, 1, NULL), 0, "up");
	CHECK_EQ(vcpu_op(VCPUOP_is_up, 1, NULL), 1, "it is up");
	CHECK(wait_until(second_runs), "it does not run");
	second_stop = 1;
	CHECK(wait_until(second_is_down), "it does not go down");
}

/* --- vcpu_info --- */

static long register_info(unsigned int vcpu, uint64_t mfn, uint32_t offset)
{
	struct vcpu_register_vcpu_info op = { .mfn = mfn, .offset = offset };

	return vcpu_op(VCPUOP_register_vcpu_info, vcpu, &op);
}

static void test_register_errors(void)
{
	char *page = page_alloc();
	unsigned long mfn = va_to_mfn(page);
	uint32_t offset;

	CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_info, 0, BAD_POINTER), -XEN_EFAULT, "bad pointer");
	CHECK(register_info(NO_SUCH_VCPU, mfn, 0) < 0, "a vcpu beyond");
	CHECK(register_info(0, mfn, PAGE_SIZE) < 0, "an offset of a page");
	CHECK(register_info(0, mfn, PAGE_SIZE - sizeof(struct vcpu_info) + 4) < 0,
	      "across the page's end");
	CHECK(register_info(0, mfn, ~0u) < 0, "offset ~0");
	for (offset = 1; offset < 4; offset++)
		CHECK(register_info(0, mfn, offset) < 0, "misaligned by %u", offset);
	CHECK(register_info(0, 0xfffff, 0) < 0, "no such frame");
	CHECK(register_info(0, 1ULL << 40, 0) < 0, "a frame that needs more than 32 bits");
	CHECK(register_info(0, va_to_mfn(mm_top_table()), 0) < 0, "a page table");
	page_free(page);
}

static unsigned int upcalls;

static bool count_upcall(struct trap_frame *frame)
{
	(void)frame;
	upcalls++;
	event_dispatch();
	return true;
}

static void test_register(void)
{
	volatile struct vcpu_info *area = (void *)((char *)page_alloc() + 0x140);
	unsigned long mfn = va_to_mfn((void *)area);
	int port = event_bind_ipi(0);

	vcpu_info->evtchn_upcall_mask = 1;
	CHECK_EQ(register_info(0, mfn, PTR32(area) & ~PAGE_MASK), 0, "register");
	vcpu_info = area;
	trap_return_by_hypercall = 1; /* the mask is no longer where entry.S looks for it */
	CHECK_EQ(area->evtchn_upcall_mask, 1, "mask in the new place");
	CHECK(area->time.tsc_to_system_mul && !(area->time.version & 1),
	      "no time in the new place");
	CHECK_EQ(register_info(0, mfn, 0), -XEN_EINVAL, "registering again");
	trap_set_hook(VECTOR_EVENT, count_upcall);
	events_enable();
	event_unmask(port);
	upcalls = 0;
	event_send(port);
	CHECK_EQ(upcalls, 1, "upcalls by the new place's flags");
	CHECK_EQ(area->evtchn_upcall_mask, 0, "mask after the upcall");
	events_disable();
	event_close(port);
}

static void test_register_cr2(void)
{
	struct fault fault;

	try_read((void *)0x3000, &fault);
	check_fault_error(&fault, X86_PF, 0, "read of nothing");
	CHECK_EQ(vcpu_info->arch.cr2, 0x3000, "cr2 in the new place");
}

static const struct test_case cases[] = {
	{ "vcpu.is_up", test_is_up },
	{ "vcpu.unknown", test_unknown },
	{ "vcpu.up_again", test_up_again },
	{ "vcpu.initialise_errors", test_initialise_errors },
	{ "vcpu.runstate_errors", test_runstate_errors },
	{ "vcpu.second_hostile", test_second_hostile },
	{ "vcpu.second", test_second },
	{ "vcpu.register_errors", test_register_errors },
	{ "vcpu.register", test_register },
	{ "vcpu.register_cr2", test_register_cr2 },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
