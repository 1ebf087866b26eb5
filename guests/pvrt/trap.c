/* SPDX-License-Identifier: MIT */
/* The trap table, its dispatcher, and fault-catching probes (ABI: struct trap_info). */
#include <stddef.h>

#include "guests/pvrt/event.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/print.h"
#include "guests/pvrt/string.h"
#include "guests/pvrt/trap.h"
#include "guests/pvrt/user.h"

_Static_assert(offsetof(struct trap_frame, upcall_mask) == FRAME_MASK, "entry.S");

extern char kernel_stack_top[];
extern void *try_stack;

bool try_enter(void (*fn)(void *), void *arg);
void try_leave(void) __attribute__((noreturn));

uint32_t failsafe_selectors[4];
int trap_return_by_hypercall;
uint32_t try_resume;
void (*trap_unexpected)(struct trap_frame *frame);

static trap_hook_t hooks[NR_VECTORS];
static struct fault *try_call_fault, *try_asm_fault;

/* --- The table --- */

struct trap_info trap_entry(unsigned int vector, unsigned int dpl, bool soft)
{
	struct trap_info info = {
		.vector = vector,
		.flags = dpl | (vector == USER_RETURN_VECTOR ? 0 : 1 << 2),
		.cs = FLAT_KERNEL_CS,
		.address = PTR32((soft ? soft_stubs : trap_stubs) + vector * TRAP_STUB_SIZE),
	};

	return info;
}

int trap_install(struct trap_info entry)
{
	struct trap_info table[2] = { entry };

	return HYPERVISOR_set_trap_table(table);
}

void trap_install_table(void)
{
	static struct trap_info table[257];
	unsigned int vector;

	for (vector = 0; vector < 256; vector++) {
		bool user = vector == X86_BP || vector == X86_OF || vector == USER_RETURN_VECTOR;

		table[vector] = trap_entry(vector, user ? 3 : 0, false);
	}
	BUG_ON(HYPERVISOR_set_trap_table(table));
}

void trap_init(void)
{
	trap_install_table();
	BUG_ON(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, PTR32(event_entry), FLAT_KERNEL_CS,
					PTR32(failsafe_entry)));
	BUG_ON(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, PTR32(kernel_stack_top)));
}

void trap_set_hook(unsigned int vector, trap_hook_t hook)
{
	BUG_ON(vector >= NR_VECTORS);
	hooks[vector] = hook;
}

/* --- Dispatch --- */

void trap_record(struct fault *fault, const struct trap_frame *frame)
{
	size_t size = from_user(frame) ? sizeof(*frame) : offsetof(struct trap_frame, esp);

	fault->vector = frame->vector;
	fault->error = frame->error;
	fault->cr2 = vcpu_info->arch.cr2;
	memcpy(&fault->frame, frame, size);
	if (!from_user(frame))
		fault->frame.esp = PTR32(&frame->esp);
}

void trap_print_frame(const struct trap_frame *frame)
{
	pv_printf("vector %u error %08x cr2 %08lx mask %u\n", frame->vector, frame->error,
		  vcpu_info->arch.cr2, frame->upcall_mask);
	pv_printf("eip %04x:%08x eflags %08x\n", frame->cs, frame->eip, frame->eflags);
	if (from_user(frame))
		pv_printf("esp %04x:%08x\n", frame->ss, frame->esp);
	pv_printf("eax %08x ebx %08x ecx %08x edx %08x\n", frame->eax, frame->ebx, frame->ecx,
		  frame->edx);
	pv_printf("esi %08x edi %08x ebp %08x esp %08x\n", frame->esi, frame->edi, frame->ebp,
		  PTR32(&frame->esp));
	pv_printf("ds %04x es %04x fs %04x gs %04x\n", frame->ds, frame->es, frame->fs, frame->gs);
}

/* A trap of ring 1 ends the innermost probe. Returns false when none is running. */
static bool end_probe(struct trap_frame *frame)
{
	if (try_resume) {
		trap_record(try_asm_fault, frame);
		frame->eip = try_resume;
		frame->eflags &= ~EFLAGS_TF;
		try_resume = 0;
		return true;
	}
	if (try_call_fault) {
		trap_record(try_call_fault, frame);
		events_restore(frame->upcall_mask);
		try_leave();
	}
	return false;
}

void trap_dispatch(struct trap_frame *frame)
{
	/* A direct gate stores no mask and changes none. */
	if (frame->vector == USER_RETURN_VECTOR)
		frame->upcall_mask = vcpu_info->evtchn_upcall_mask;
	if (hooks[frame->vector] && hooks[frame->vector](frame))
		return;
	if (frame->vector == VECTOR_EVENT) {
		event_dispatch();
		return;
	}
	if (from_user(frame) ? user_trap(frame) : end_probe(frame))
		return;
	if (trap_unexpected)
		trap_unexpected(frame);
	trap_print_frame(frame);
	pv_panic("unexpected trap");
}

/* --- Probes --- */

bool try_call(void (*fn)(void *), void *arg, struct fault *fault)
{
	struct fault *outer = try_call_fault;
	bool faulted;

	fault->vector = NO_FAULT;
	try_call_fault = fault;
	faulted = try_enter(fn, arg);
	try_call_fault = outer;
	return faulted;
}

void try_arm(struct fault *fault)
{
	BUG_ON(try_asm_fault);
	fault->vector = NO_FAULT;
	try_asm_fault = fault;
}

void try_disarm(void)
{
	try_asm_fault = NULL;
	try_resume = 0;
}

bool try_read(const volatile void *address, struct fault *fault)
{
	uint8_t byte;

	TRY_ASM(fault, "movb (%1), %0", : "=q"(byte) : "r"(address) : "memory");
	return fault->vector != NO_FAULT;
}

bool try_write(volatile void *address, struct fault *fault)
{
	TRY_ASM(fault, "movb $0x5a, (%0)", : : "r"(address) : "memory");
	return fault->vector != NO_FAULT;
}
