/* SPDX-License-Identifier: MIT */
/*
 * Further virtual CPUs of the guest that is saved, when its description gives it some: number 1 runs all the time, so that
 * it is stopped anywhere, and must go on with all its registers; number 2 was started and is down. In another life
 * nobody knows any more that it was: it is started anew.
 */
#include "guests/suspend/suspend.h"

#include <xen/vcpu.h>

#include "guests/pvrt/pvrt.h"

#define PATIENCE (10 * NS_PER_S)
#define ROUNDS 1000u

static vcpu_guest_context_t context;
static uint8_t stacks[3][4096] __attribute__((aligned(16)));
static struct vcpu_info *area;
static bool has_second, has_third;

volatile uint32_t second_rounds, second_lost;
static volatile uint32_t third_wakes;

/* Every register has a value of its own, the floating-point ones too, and %fs a selector of the guest's own GDT. */
void second_main(void);
__asm__("	.pushsection .rodata\n"
	"second_control: .word 0x0f7f\n" /* round towards zero */
	"second_number: .long 0x1234567\n"
	"	.popsection\n"
	"second_main:\n"
	"	fninit\n"
	"	fldcw second_control\n"
	"	fildl second_number\n"
	"	mov $9, %eax\n"
	"	mov %eax, %fs\n"
	"	mov $0x11111111, %ebx\n"
	"	mov $0x22222222, %ecx\n"
	"	mov $0x33333333, %edx\n"
	"	mov $0x44444444, %esi\n"
	"	mov $0x55555555, %edi\n"
	"	mov %esp, %ebp\n"
	"1:	cmp $0x11111111, %ebx\n"
	"	jne 2f\n"
	"	cmp $0x22222222, %ecx\n"
	"	jne 2f\n"
	"	cmp $0x33333333, %edx\n"
	"	jne 2f\n"
	"	cmp $0x44444444, %esi\n"
	"	jne 2f\n"
	"	cmp $0x55555555, %edi\n"
	"	jne 2f\n"
	"	cmp %esp, %ebp\n"
	"	jne 2f\n"
	"	mov %fs, %eax\n"
	"	cmp $9, %ax\n"
	"	jne 2f\n"
	"	sub $8, %esp\n"
	"	fistl (%esp)\n"
	"	fnstcw 4(%esp)\n"
	"	mov (%esp), %eax\n"
	"	cmp second_number, %eax\n"
	"	lea 8(%esp), %esp\n"
	"	jne 2f\n"
	"	mov -4(%esp), %ax\n"
	"	cmp second_control, %ax\n"
	"	jne 2f\n"
	"	incl second_rounds\n"
	"	jmp 1b\n"
	"2:	incl second_lost\n"
	"	jmp 1b\n");

static void third_main(void)
{
	for (;;) {
		third_wakes++;
		HYPERVISOR_vcpu_op(VCPUOP_down, 2, NULL);
	}
}

static void start(unsigned vcpu, void (*entry)(void), unsigned long gdt_mfn)
{
	unsigned vector;

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_in_kernel;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ds = context.user_regs.es = FLAT_KERNEL_DS;
	context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
	context.user_regs.eip = PTR32(entry);
	context.user_regs.esp = context.kernel_sp = PTR32(stacks[vcpu] + sizeof(stacks[vcpu]));
	context.user_regs.eflags = EFLAGS_FIXED;
	for (vector = 0; vector < 256; vector++)
		context.trap_ctxt[vector] = trap_entry(vector, 0, false);
	context.event_callback_cs = context.failsafe_callback_cs = FLAT_KERNEL_CS;
	context.event_callback_eip = PTR32(event_entry);
	context.failsafe_callback_eip = PTR32(failsafe_entry);
	context.ctrlreg[3] = xen_pfn_to_cr3(va_to_mfn(mm_top_table()));
	context.gdt_ents = 512;
	context.gdt_frames[0] = gdt_mfn;
	BUG_ON(HYPERVISOR_vcpu_op(VCPUOP_initialise, vcpu, &context));
	BUG_ON(HYPERVISOR_vcpu_op(VCPUOP_up, vcpu, NULL));
}

static long register_area(void)
{
	struct vcpu_register_vcpu_info op = { .mfn = va_to_mfn(area) };

	return HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 1, &op);
}

static bool exists(unsigned vcpu)
{
	return HYPERVISOR_vcpu_op(VCPUOP_is_up, vcpu, NULL) >= 0;
}

static bool third_woke(uint32_t before)
{
	return third_wakes > before && !HYPERVISOR_vcpu_op(VCPUOP_is_up, 2, NULL);
}

static bool await_third(uint32_t before)
{
	uint64_t limit = time_system_ns() + PATIENCE;

	while (!third_woke(before) && time_system_ns() < limit)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return third_woke(before);
}

static bool await_second(void)
{
	uint64_t limit = time_system_ns() + PATIENCE;
	uint32_t first = second_rounds;

	while (second_rounds - first < ROUNDS && time_system_ns() < limit)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return second_rounds - first >= ROUNDS;
}

void second_start(unsigned long gdt_mfn)
{
	has_second = exists(1);
	has_third = exists(2);
	if (has_second) {
		area = page_alloc();
		BUG_ON(register_area());
		start(1, second_main, gdt_mfn);
		BUG_ON(!await_second());
	}
	if (has_third) {
		start(2, third_main, gdt_mfn);
		BUG_ON(!await_third(0));
	}
}

/* What a kernel does to the others when it was restored: their vcpu_info is in shared_info again. */
static const char *restart_second(void)
{
	if (HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) || register_area() ||
	    HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL))
		return "where the second virtual CPU has its vcpu_info";
	return area->evtchn_upcall_mask ? NULL : "the second virtual CPU's mask of events";
}

const char *second_check(bool restored)
{
	const char *error = NULL;
	uint32_t wakes = third_wakes;

	if (has_second && HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) != 1)
		return "the second virtual CPU is not up";
	if (has_second && !await_second())
		return "the second virtual CPU stands";
	if (has_second && restored)
		error = restart_second();
	if (!error && has_second && (!await_second() || second_lost))
		error = "a register of the second virtual CPU";
	if (error || !has_third)
		return error;
	if (HYPERVISOR_vcpu_op(VCPUOP_is_up, 2, NULL))
		return "the third virtual CPU is up";
	if (restored)
		start(2, third_main, state_gdt_mfn());
	if ((!restored && HYPERVISOR_vcpu_op(VCPUOP_up, 2, NULL)) || !await_third(wakes))
		return "the third virtual CPU does not come back";
	return exists(3) && HYPERVISOR_vcpu_op(VCPUOP_up, 3, NULL) != -XEN_EINVAL
		       ? "a virtual CPU that was never started"
		       : NULL;
}
