/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret: the return of a guest that cannot use the instruction, because the event mask
 * has to change with it. The frame at esp is eax, eip, cs, eflags and, for an outer ring, esp, ss
 * (struct iret_context of 32-bit Xen). EFLAGS.IF in it stands for "events unmasked". What it says
 * of selectors is not checked here: the processor does when the guest is entered, and a refusal
 * there becomes the failsafe callback.
 */
#include "hypercall/hypercall.h"

#include "arch/x86_32/bounce.h"
#include "arch/x86_32/trapnr.h"

struct iret_frame {
	uint32_t eax, eip, cs, eflags;
	uint32_t esp, ss; /* outer rings only */
};
#define INNER_SIZE offsetof(struct iret_frame, esp)
#define LARGEST_FRAME 40 /* with the segments of virtual-8086 mode */

static void resume(struct vcpu *v, struct trap_frame *f, const struct iret_frame *frame)
{
	f->eip = frame->eip;
	f->cs = frame->cs & 0xffff;
	f->eflags = (frame->eflags & ~EFLAGS_IOPL) | EFLAGS_IF | EFLAGS_FIXED;
	if ((f->cs & 3) == 1) {
		f->esp += INNER_SIZE;
	} else {
		f->esp = frame->esp;
		f->ss = frame->ss & 0xffff;
	}
	if (vm_assist_on(v->domain, VMASST_TYPE_architectural_iopl)) {
		v->arch.iopl = (frame->eflags & EFLAGS_IOPL) >> EFLAGS_IOPL_SHIFT;
		arch_iopl_changed(v);
	}
	v->arch.nmi_masked = false;
	v->info->evtchn_upcall_mask = !(frame->eflags & EFLAGS_IF);
}

static bool read_frame(struct iret_frame *frame, gva_t esp)
{
	if (!guest_range_ok(esp, LARGEST_FRAME) || copy_from_guest(frame, esp, INNER_SIZE))
		return false;
	if (!(frame->cs & 3))
		return (frame->eflags & EFLAGS_VM) != 0;
	return (frame->cs & 3) == 1 ||
	       copy_from_guest(&frame->esp, esp + INNER_SIZE, sizeof(*frame) - INNER_SIZE) == 0;
}

/* The result becomes eax, so it is the frame's. */
HYPERCALL(iret)
{
	struct vcpu *v = current_vcpu();
	struct trap_frame *f = guest_frame();
	struct iret_frame frame;

	if (!read_frame(&frame, f->esp)) {
		domain_crash(v->domain, "iret: no usable frame on the stack");
		return 0;
	}
	/* The exit path stores the result, but that of a multicall takes it from here. */
	f->eax = frame.eax;
	if (frame.eflags & EFLAGS_VM) {
		/*
		 * No virtual-8086 mode: the guest's kernel gets a fault it can blame on the task.
		 */
		bounce_trap(v, TRAP_GENERAL_PROTECTION, 0);
		return (long)frame.eax;
	}
	resume(v, f, &frame);
	return (long)frame.eax;
}
