/* SPDX-License-Identifier: MIT */
/*
 * Handing control to the guest kernel. The frame is the processor's own for a trap to ring 1, with three differences that
 * xen-x86_32.h defines: bits 16 to 23 of the cs word hold the event mask as it was, eflags.IF is its inverse, and a
 * failsafe frame has the data segments below.
 */
#include "arch/x86_32/bounce.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/segreg.h"
#include "arch/x86_32/tables.h"
#include "arch/x86_32/trapnr.h"
#include "arch/x86_32/uaccess.h"
#include "core/console.h"

/* Vectors with an error code, as a bit set. */
#define HAS_ERROR_CODE 0x00027d00u
/* A handler starts with these clear (SDM vol. 3, 6.12.1). */
#define EFLAGS_CLEARED (EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM | EFLAGS_AC)
#define MAX_FRAME_WORDS 9

/*
 * Enters ring 1 at (cs, eip) on the stack the processor would use, with `extra` words at the bottom of the frame. The
 * stack's segment base counts, as it would in hardware; its limit does not: the copy checks the address itself.
 */
static void deliver(struct vcpu *v, uint16_t cs, uint32_t eip, bool masks_events, const uint32_t *extra, unsigned nr_extra)
{
	struct trap_frame *f = guest_frame();
	uint32_t words[MAX_FRAME_WORDS];
	uint8_t mask = v->info->evtchn_upcall_mask;
	bool outer = (f->cs & 3) != 1;
	uint32_t esp = outer ? v->arch.kernel_esp : f->esp;
	uint32_t ss = outer ? v->arch.kernel_ss : f->ss;
	unsigned n = 0;

	if (unlikely(!eip))
		goto bad_handler;
	while (n < nr_extra) {
		words[n] = extra[n];
		n++;
	}
	words[n++] = f->eip;
	words[n++] = (f->cs & 0xffff) | (uint32_t)mask << 16;
	words[n] = f->eflags & ~(EFLAGS_IF | EFLAGS_IOPL);
	if (!mask)
		words[n] |= EFLAGS_IF;
	if (unlikely(vm_assist_on(v->domain, VMASST_TYPE_architectural_iopl)))
		words[n] |= (uint32_t)v->arch.iopl << 12;
	n++;
	if (outer) {
		words[n++] = f->esp;
		words[n++] = f->ss;
	}
	esp -= n * 4;
	if (unlikely(copy_to_guest(tables_segment_base(ss) + esp, words, n * 4)))
		goto bad_stack;
	f->esp = esp;
	f->ss = ss;
	f->eip = eip;
	f->cs = cs;
	f->eflags &= ~EFLAGS_CLEARED;
	if (masks_events)
		v->info->evtchn_upcall_mask = 1;
	return;

bad_handler:
	guest_printk(v->domain, "trap without a handler at %04x:%08x\n", f->cs, f->eip);
	domain_crash(v->domain, "trap without a handler");
	return;
bad_stack:
	guest_printk(v->domain, "no room for a trap frame at %04x:%08x\n", ss, esp);
	domain_crash(v->domain, "kernel stack not writable");
}

void bounce_trap(struct vcpu *v, unsigned vector, uint32_t error_code)
{
	const struct guest_trap *t = &v->arch.trap[vector];
	bool has_code = vector < 32 && (HAS_ERROR_CODE >> vector & 1);

	deliver(v, t->cs, t->address, t->masks_events, &error_code, has_code);
}

void bounce_interrupt(struct vcpu *v, unsigned vector)
{
	const struct guest_trap *t = &v->arch.trap[vector];

	deliver(v, t->cs, t->address, t->masks_events, NULL, 0);
}

void bounce_notify(struct vcpu *v, unsigned vector, uint32_t value)
{
	const struct guest_trap *t = &v->arch.trap[vector];

	deliver(v, t->cs, t->address, t->masks_events, &value, 1);
}

void bounce_page_fault(struct vcpu *v, gva_t cr2, uint32_t error_code)
{
	v->info->arch.cr2 = cr2;
	bounce_trap(v, TRAP_PAGE_FAULT, error_code);
}

void bounce_event(struct vcpu *v)
{
	const struct guest_callback *c = &v->arch.event_callback;

	deliver(v, c->cs, c->eip, true, NULL, 0);
}

void bounce_nmi(struct vcpu *v)
{
	const struct guest_callback *c = &v->arch.nmi_callback;

	deliver(v, c->cs, c->eip, true, NULL, 0);
}

void bounce_failsafe(struct vcpu *v)
{
	const struct guest_callback *c = &v->arch.failsafe_callback;
	struct trap_frame *f = guest_frame();
	uint32_t fs, gs;

	segreg_read_fs_gs(&fs, &gs);
	uint32_t segments[] = { f->ds & 0xffff, f->es & 0xffff, fs, gs };

	deliver(v, c->cs, c->eip, c->masks_events, segments, 4);
	f->ds = f->es = 0;
	segreg_load_fs_gs(0, 0);
}
