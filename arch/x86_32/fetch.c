/* SPDX-License-Identifier: MIT */
/*
 * Fetching the instruction that faulted, and going on behind it. The bytes are read once, through
 * the guest's own code segment and mappings; another vCPU may change them meanwhile, so nothing is
 * assumed of them but what was read.
 */
#include "arch/x86_32/emulate_internal.h"

#include "arch/x86_32/bounce.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/segreg.h"
#include "arch/x86_32/trapnr.h"
#include "arch/x86_32/uaccess.h"

/* How many bytes from eip on the segment holds, up to an instruction's longest. */
static unsigned bytes_in_segment(uint64_t descriptor, uint32_t eip, gva_t *linear)
{
	for (unsigned n = INSN_MAX_LENGTH; n > 0; n--)
		if (segment_linear(descriptor, eip, n, SEGMENT_EXECUTE, linear))
			return n;
	return 0;
}

bool code_fetch(struct vcpu *v, const struct trap_frame *f, struct code_bytes *code)
{
	uint64_t descriptor;
	unsigned n, first;
	gva_t linear;

	if (!segment_descriptor(v, (uint16_t)f->cs, &descriptor))
		return false;
	n = bytes_in_segment(descriptor, f->eip, &linear);
	if (n == 0)
		return false;
	*code = (struct code_bytes){ .code32 = descriptor >> 32 & DESC_BIG };
	/* Page by page, so that an instruction at the end of mapped code is not lost. */
	first = MIN(n, PAGE_SIZE - (linear & (PAGE_SIZE - 1)));
	if (copy_from_guest(code->bytes, linear, first) == 0)
		code->n = first;
	if (code->n == first && n > first &&
	    copy_from_guest(code->bytes + first, linear + first, n - first) == 0)
		code->n = n;
	code->next = linear + code->n;
	code->page_fault = code->n < n;
	return true;
}

bool code_page_fault(struct vcpu *v, const struct trap_frame *f, const struct code_bytes *code)
{
	if (code->page_fault)
		bounce_page_fault(v, code->next, in_guest_kernel(f) ? 0 : PF_USER);
	return code->page_fault;
}

uint16_t segment_selector(const struct trap_frame *f, unsigned segment)
{
	uint32_t fs, gs;

	switch (segment) {
	case INSN_ES:
		return (uint16_t)f->es;
	case INSN_CS:
		return (uint16_t)f->cs;
	case INSN_SS:
		return (uint16_t)f->ss;
	case INSN_DS:
		return (uint16_t)f->ds;
	default:
		segreg_read_fs_gs(&fs, &gs);
		return (uint16_t)(segment == INSN_FS ? fs : gs);
	}
}

void emulation_commit(struct emulation *e)
{
	uint32_t status = e->debug_status;

	insn_regs_store(&e->regs, e->f);
	if (e->f->eflags & EFLAGS_TF)
		status |= DR6_SINGLE_STEP;
	if (likely(!status))
		return;
	e->v->arch.debugreg[6] |= status | DR6_RESERVED_ONE;
	bounce_trap(e->v, TRAP_DEBUG, 0);
}
