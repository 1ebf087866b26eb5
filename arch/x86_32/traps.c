/* SPDX-License-Identifier: MIT */
/*
 * Where the switcher calls C: what each vector means, from a guest and from the hypervisor itself.
 *
 * A trap of a guest ends in one of three ways: the hypervisor does what the guest could not
 * (emulation, page-table writes, LDT pages), the guest's own handler runs (bounce.c), or
 * the domain is crashed. A trap of the hypervisor is an interrupt, a fault on guest memory
 * that the exception table expects, or a bug.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/bounce.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/descriptor.h"
#include "arch/x86_32/dump.h"
#include "arch/x86_32/emulate.h"
#include "arch/x86_32/image.h"
#include "arch/x86_32/paging.h"
#include "arch/x86_32/platform.h"
#include "arch/x86_32/segreg.h"
#include "arch/x86_32/trapnr.h"
#include "core/console.h"
#include "core/event.h"
#include "core/lib.h"
#include "core/sched.h"
#include "mm/mmu.h"

typedef ASMCALL void trap_fn(struct trap_frame *f);

ASMCALL void trap_exit_fault(struct trap_frame *fault);
ASMCALL void trap_hypervisor(struct trap_frame *f);
ASMCALL void trap_nmi(struct trap_frame *f);
ASMCALL void trap_virtual_8086(void);
ASMCALL void exit_work(void);

extern const char exit_restore[], exit_iret[], exit_restore_end[];

/* ---- from a guest ---- */

/* Straight to the guest's handler: exceptions with, and without, an error code. */
static ASMCALL void guest_coded(struct trap_frame *f)
{
	bounce_trap(current_vcpu(), f->vector, f->error_code);
}

static ASMCALL void guest_default(struct trap_frame *f)
{
	bounce_interrupt(current_vcpu(), f->vector);
}

static ASMCALL void guest_debug(struct trap_frame *f)
{
	struct vcpu *v = current_vcpu();

	v->arch.debugreg[6] = read_dr6();
	write_dr6(DR6_RESERVED_ONE);
	bounce_trap(v, f->vector, 0);
}

static ASMCALL void guest_invalid_opcode(struct trap_frame *f)
{
	struct vcpu *v = current_vcpu();

	if (!emulate_forced(v, f))
		bounce_trap(v, f->vector, 0);
}

static ASMCALL void guest_no_device(UNUSED struct trap_frame *f)
{
	fpu_device_not_available(current_vcpu());
}

static ASMCALL void guest_protection(struct trap_frame *f)
{
	struct vcpu *v = current_vcpu();
	bool done;

	if (f->error_code & EC_IDT)
		done = emulate_software_interrupt(v, f);
	else if (f->error_code)
		done = false;
	else
		done = segment_4gb_fixup(v, f) || emulate_privileged(v, f);
	if (!done)
		bounce_trap(v, f->vector, f->error_code);
}

static ASMCALL void guest_stack_fault(struct trap_frame *f)
{
	struct vcpu *v = current_vcpu();

	if (f->error_code || !segment_4gb_fixup(v, f))
		bounce_trap(v, f->vector, f->error_code);
}

/* A processor access to the LDT window: the guest's LDT page was not mapped yet. */
static bool fill_ldt(struct vcpu *v, gva_t cr2)
{
	uint32_t offset = cr2 - (WINDOW(cpu_id()) + WINDOW_LDT);

	return offset < GUEST_LDT_PAGES * PAGE_SIZE && ldt_fault(v, offset);
}

static ASMCALL void guest_page_fault(struct trap_frame *f)
{
	struct vcpu *v = current_vcpu();
	gva_t cr2 = read_cr2();
	uint32_t ec = f->error_code;

	if (unlikely(cr2 >= HV_START)) {
		if (fill_ldt(v, cr2))
			return;
	} else if ((ec & (PF_PRESENT | PF_WRITE | PF_USER | PF_RESERVED)) ==
			   (PF_PRESENT | PF_WRITE) &&
		   ptwr_emulate(v, cr2)) {
		return;
	}
	bounce_page_fault(v, cr2, ec);
}

static ASMCALL void guest_machine_check(UNUSED struct trap_frame *f)
{
	panic("machine check: the processor reports a hardware error\n");
}

/* ---- interrupts, from anywhere ---- */

static void handle_interrupt(unsigned vector)
{
	if (vector >= VECTOR_IOAPIC && vector < VECTOR_8259 + 16) {
		irq_dispatch(vector);
	} else if (vector == VECTOR_APIC_TIMER) {
		apic_eoi();
		clock_timer_interrupt();
	}
	/* What else arrives without a handler is spurious, and needs no end-of-interrupt. */
}

static ASMCALL void guest_interrupt(struct trap_frame *f)
{
	handle_interrupt(f->vector);
}

/* Also from the NMI task, which has no frame. */
ASMCALL void trap_nmi(UNUSED struct trap_frame *f)
{
	uint8_t reason = inb(0x61);

	if (dom0 && dom0->vcpu[0] && dom0->vcpu[0]->arch.nmi_callback.eip) {
		dom0->vcpu[0]->nmi_pending = true;
		raise_work(WORK_VCPU);
		return;
	}
	printk("NMI, reason port %02x\n", reason);
}

trap_fn *const trap_handlers[256] = {
	[TRAP_DIVIDE] = guest_default,
	[TRAP_DEBUG] = guest_debug,
	[TRAP_NMI] = trap_nmi,
	[TRAP_INT3... TRAP_BOUND] = guest_default,
	[TRAP_INVALID_OPCODE] = guest_invalid_opcode,
	[TRAP_NO_DEVICE] = guest_no_device,
	[TRAP_DOUBLE_FAULT] = guest_coded,
	[TRAP_COPROCESSOR_SEGMENT] = guest_default,
	[TRAP_INVALID_TSS... TRAP_NO_SEGMENT] = guest_coded,
	[TRAP_STACK] = guest_stack_fault,
	[TRAP_GENERAL_PROTECTION] = guest_protection,
	[TRAP_PAGE_FAULT] = guest_page_fault,
	[TRAP_SPURIOUS... TRAP_FPU] = guest_default,
	[TRAP_ALIGNMENT] = guest_coded,
	[TRAP_MACHINE_CHECK] = guest_machine_check,
	[TRAP_SIMD... 31] = guest_default,
	[32 ... 255] = guest_interrupt,
};

/* ---- from the hypervisor ---- */

static bool fixup(struct trap_frame *f)
{
	for (const uint32_t *entry = extable_start; entry < extable_end; entry += 2) {
		if (entry[0] == f->eip) {
			f->eip = entry[1];
			return true;
		}
	}
	return false;
}

static bool hypervisor_page_fault(struct trap_frame *f)
{
	gva_t cr2 = read_cr2();

	if (cr2 < HV_START && paging_fill_view(cr2))
		return true;
	if (cr2 >= HV_START && current_vcpu()->domain && fill_ldt(current_vcpu(), cr2))
		return true;
	return fixup(f);
}

/*
 * A guest's breakpoint that fired on the hypervisor's own access or
 * entry: remembered, not taken (XSA-260).
 */
static void hypervisor_debug(void)
{
	struct vcpu *v = current_vcpu();

	if (v->domain)
		v->arch.debugreg[6] = read_dr6();
	write_dr6(DR6_RESERVED_ONE);
}

ASMCALL void trap_hypervisor(struct trap_frame *f)
{
	bool handled;

	switch (f->vector) {
	case 32 ... 255:
		handle_interrupt(f->vector);
		return;
	case TRAP_NMI:
		trap_nmi(f);
		return;
	case TRAP_DEBUG:
		hypervisor_debug();
		f->eflags &= ~EFLAGS_TF;
		return;
	case TRAP_PAGE_FAULT:
		handled = hypervisor_page_fault(f);
		break;
	default:
		handled = fixup(f);
	}
	if (!handled)
		dump_fatal_trap(f);
}

/*
 * Loading the guest's state on the way out failed. `fault` is the frame of that fault,
 * on top of (partly over) what was being popped; what had been popped already is in its
 * registers. Rebuilds the guest's frame and gives the guest its failsafe callback,
 * unless the fault only wanted an LDT page.
 */
ASMCALL void trap_exit_fault(struct trap_frame *fault)
{
	struct trap_frame *f = guest_frame();
	struct trap_frame regs = *fault;
	struct vcpu *v = current_vcpu();
	uint32_t fs, gs;

	if (regs.eip == (uintptr_t)exit_iret) {
		memcpy(f, &regs, offsetof(struct trap_frame, vector));
	} else if (regs.eip != (uintptr_t)exit_restore) {
		f->es = regs.es;
	}
	if (regs.vector == TRAP_PAGE_FAULT && fill_ldt(v, read_cr2()))
		return;
	segreg_read_fs_gs(&fs, &gs);
	bounce_failsafe(v, fs, gs);
	/*
	 * The callback may be no better, and so on for ever, with no instruction of the guest in
	 * between: this is where interrupts get in.
	 */
	(void)preempt_needed();
}

ASMCALL void trap_virtual_8086(void)
{
	struct trap_frame *f = guest_frame();

	/*
	 * What the frame holds is shifted; for the crash dump, and nothing
	 * else, it is made one of ring 1.
	 */
	f->cs = FLAT_RING1_CS;
	f->eflags = EFLAGS_FIXED | EFLAGS_IF;
	domain_crash(current_vcpu()->domain, "virtual-8086 mode");
}

/* ---- the way out, when there is something to do ---- */

static void vcpu_work(struct vcpu *v)
{
	if (v->arch.reload_segments) {
		uint32_t fs, gs;

		segreg_read_fs_gs(&fs, &gs);
		arch_load_fs_gs(v, fs, gs);
	}
	if (v->arch.failsafe_pending) {
		v->arch.failsafe_pending = false;
		bounce_failsafe(v, v->arch.failsafe_fs, v->arch.failsafe_gs);
	}
	if (v->nmi_pending && !v->arch.nmi_masked && v->arch.nmi_callback.eip) {
		v->nmi_pending = false;
		v->arch.nmi_masked = true; /* until its iret */
		bounce_nmi(v);
	}
}

ASMCALL void exit_work(void)
{
	struct pcpu *cpu = this_cpu();

	for (;;) {
		struct vcpu *v;

		if (cpu->work & ~WORK_VCPU)
			do_work();
		v = cpu->current;
		if (!v->domain) {
			idle_loop();
			continue;
		}
		if (cpu->work & WORK_VCPU) {
			__atomic_fetch_and(&cpu->work, ~WORK_VCPU, __ATOMIC_SEQ_CST);
			vcpu_work(v);
		}
		if (!cpu->work && vcpu_events_pending(v) && v->arch.event_callback.eip)
			bounce_event(v);
		if (!cpu->work)
			return;
	}
}
