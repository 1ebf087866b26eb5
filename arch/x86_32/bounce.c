/* SPDX-License-Identifier: MIT */
/*
 * Handing control to the guest kernel. The frame is the processor's own for a trap to ring 1, with
 * three differences that xen-x86_32.h defines: bits 16 to 23 of the cs word hold the event mask as
 * it was, eflags.IF is its inverse, and a failsafe frame has the data segments below.
 */
#include "arch/x86_32/bounce.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/extable.h"
#include "arch/x86_32/frame.h"
#include "arch/x86_32/segreg.h"
#include "arch/x86_32/tables.h"
#include "arch/x86_32/trapnr.h"
#include "core/console.h"

/* Vectors with an error code, as a bit set. */
#define HAS_ERROR_CODE 0x00027d00u
/* A handler starts with these clear (SDM vol. 3, 6.12.1). */
#define EFLAGS_CLEARED (EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM | EFLAGS_AC)
#define MAX_FRAME_WORDS 9

/* Stores one word of the frame. Where the guest's stack cannot take it, goes on at the label. */
#define PUT_WORD(p, value, fault)                              \
	__asm__ goto("1: movl %0, %1\n\t" EXTABLE("1b", "%l2") \
		     :                                         \
		     : "r"(value), "m"(*(p))                   \
		     : "memory"                                \
		     : fault)

static COLD void bad_handler(struct vcpu *v, const struct trap_frame *f)
{
	guest_printk(v->domain, "trap without a handler at %04x:%08x\n", f->cs, f->eip);
	domain_crash(v->domain, "trap without a handler");
}

static COLD void bad_stack(struct vcpu *v, uint32_t ss, uint32_t esp)
{
	guest_printk(v->domain, "no room for a trap frame at %04x:%08x\n", ss, esp);
	domain_crash(v->domain, "kernel stack not writable");
}

/*
 * eflags as a guest sees them: IF is the inverse of its event mask,
 * IOPL its own if it asked for that.
 */
static inline uint32_t guest_eflags(const struct vcpu *v, uint32_t eflags, uint8_t mask)
{
	eflags &= ~(EFLAGS_IF | EFLAGS_IOPL);
	if (!mask)
		eflags |= EFLAGS_IF;
	if (unlikely(vm_assist_on(v->domain, VMASST_TYPE_architectural_iopl)))
		eflags |= (uint32_t)v->arch.iopl << EFLAGS_IOPL_SHIFT;
	return eflags;
}

/*
 * Enters ring 1 at (cs, eip) on the stack the processor would use, with nr_extra words at the
 * bottom of the frame. The stack's segment base counts, as it would in hardware; its limit does
 * not: the linear address is checked itself.
 */
static ALWAYS_INLINE void deliver(struct vcpu *v, uint16_t cs, uint32_t eip, bool masks_events,
				  const uint32_t *extra, unsigned nr_extra)
{
	struct trap_frame *f = frame_page();
	uint8_t mask = v->info->evtchn_upcall_mask;
	bool outer = (f->cs & 3) != 1;
	uint32_t esp = outer ? v->arch.kernel_esp : f->esp;
	uint32_t ss = outer ? v->arch.kernel_ss : f->ss;
	uint32_t *p = (uint32_t *)(tables_segment_base(ss) + esp);

	if (unlikely(!eip)) {
		bad_handler(v, f);
		return;
	}
	if (unlikely((gva_t)p > HV_START || (gva_t)p < MAX_FRAME_WORDS * sizeof(*p)))
		goto fault;
	if (outer) {
		PUT_WORD(--p, f->ss, fault);
		PUT_WORD(--p, f->esp, fault);
		esp -= 2 * sizeof(*p);
	}
	PUT_WORD(--p, guest_eflags(v, f->eflags, mask), fault);
	PUT_WORD(--p, (f->cs & 0xffff) | (uint32_t)mask << 16, fault);
	PUT_WORD(--p, f->eip, fault);
	for (unsigned i = nr_extra; i-- > 0;)
		PUT_WORD(--p, extra[i], fault);
	f->esp = esp - (3 + nr_extra) * sizeof(*p);
	f->ss = ss;
	f->eip = eip;
	f->cs = cs;
	f->eflags &= ~EFLAGS_CLEARED;
	if (masks_events)
		v->info->evtchn_upcall_mask = 1;
	return;
fault:
	bad_stack(v, ss, esp);
}

void bounce_trap(struct vcpu *v, unsigned vector, uint32_t error_code)
{
	const struct guest_trap *t = &v->arch.trap[vector];

	if (vector < 32 && (HAS_ERROR_CODE >> vector & 1))
		deliver(v, t->cs, t->address, t->masks_events, &error_code, 1);
	else
		deliver(v, t->cs, t->address, t->masks_events, NULL, 0);
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
	const struct guest_trap *t = &v->arch.trap[TRAP_PAGE_FAULT];

	v->info->arch.cr2 = cr2;
	deliver(v, t->cs, t->address, t->masks_events, &error_code, 1);
}

static void bounce_callback(struct vcpu *v, const struct guest_callback *c)
{
	deliver(v, c->cs, c->eip, true, NULL, 0);
}

void bounce_event(struct vcpu *v)
{
	bounce_callback(v, &v->arch.event_callback);
}

void bounce_nmi(struct vcpu *v)
{
	bounce_callback(v, &v->arch.nmi_callback);
}

void bounce_failsafe(struct vcpu *v, uint32_t fs, uint32_t gs)
{
	const struct guest_callback *c = &v->arch.failsafe_callback;
	struct trap_frame *f = guest_frame();
	uint32_t segments[] = { f->ds & 0xffff, f->es & 0xffff, fs, gs };

	deliver(v, c->cs, c->eip, c->masks_events, segments, 4);
	f->ds = f->es = 0;
	segreg_load_fs_gs(0, 0);
}
