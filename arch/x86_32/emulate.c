/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions of a ring-1 kernel, done in its place: what Xen's emulate_privileged_op
 * does, and nothing else. Everything here acts on state that the guest could reach by hypercall.
 * One-byte instructions are subject to the virtual IOPL, the others to being in the kernel; what is
 * refused goes on as the guest's own #GP.
 */
#include "arch/x86_32/emulate.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/bounce.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/emulate_internal.h"
#include "arch/x86_32/trapnr.h"
#include "core/errno.h"
#include "mm/mmu.h"

#define SOFTWARE_INTERRUPT_LENGTH 2

static uint64_t edx_eax(const struct insn_regs *r)
{
	return (uint64_t)r->gpr[INSN_EDX] << 32 | r->gpr[INSN_EAX];
}

static void set_edx_eax(struct insn_regs *r, uint64_t value)
{
	r->gpr[INSN_EAX] = (uint32_t)value;
	r->gpr[INSN_EDX] = (uint32_t)(value >> 32);
}

static void set_ts(struct vcpu *v, bool ts)
{
	v->arch.ts = ts;
	arch_ts_changed(v);
}

/* Only TS may change. */
static bool write_cr0_of(struct vcpu *v, uint32_t value)
{
	if ((value ^ guest_read_cr0(v)) & ~CR0_TS)
		return false;
	set_ts(v, value & CR0_TS);
	return true;
}

enum outcome { DONE, REFUSED, AGAIN };

static enum outcome write_cr3_of(struct vcpu *v, uint32_t value)
{
	int rc;

	rc = mmu_finish_drop(v);
	if (rc == 0) {
		spin_lock(&v->domain->page_lock);
		rc = mmu_new_top(v, xen_cr3_to_pfn(value));
		spin_unlock(&v->domain->page_lock);
	}
	if (rc == -ERESTART)
		return AGAIN;
	return rc ? REFUSED : DONE;
}

static enum outcome mov_to_cr(struct vcpu *v, unsigned cr, uint32_t value)
{
	switch (cr) {
	case 0:
		return write_cr0_of(v, value) ? DONE : REFUSED;
	case 2:
		v->info->arch.cr2 = value;
		return DONE;
	case 3:
		return write_cr3_of(v, value);
	case 4:
		v->arch.guest_cr4 = guest_cr4_clean(value);
		arch_cr4_load(v);
		return DONE;
	default:
		return REFUSED;
	}
}

static bool mov_from_cr(const struct vcpu *v, unsigned cr, uint32_t *value)
{
	switch (cr) {
	case 0:
		*value = guest_read_cr0(v);
		return true;
	case 2:
		*value = v->info->arch.cr2;
		return true;
	case 3:
		*value = xen_pfn_to_cr3(v->arch.top);
		return true;
	case 4:
		*value = guest_read_cr4(v);
		return true;
	default:
		return false;
	}
}

static bool read_tsc(struct emulation *e)
{
	if ((e->v->arch.guest_cr4 & CR4_TSD) && !in_guest_kernel(e->f))
		return false;
	set_edx_eax(&e->regs, rdtsc());
	if (e->in.op == INSN_OP_RDTSCP)
		e->regs.gpr[INSN_ECX] = 0; /* the auxiliary value is not offered */
	return true;
}

static bool access_msr(struct emulation *e)
{
	struct insn_regs *r = &e->regs;
	uint64_t value;

	if (e->in.op == INSN_OP_WRMSR)
		return guest_wrmsr(e->v, r->gpr[INSN_ECX], edx_eax(r));
	if (!guest_rdmsr(e->v, r->gpr[INSN_ECX], &value))
		return false;
	set_edx_eax(r, value);
	return true;
}

/* A guest without devices has no use for a flush of the caches, and could slow others with it. */
static void flush_caches(const struct vcpu *v)
{
	if (domain_is_control(v->domain))
		wbinvd();
}

static enum outcome done_if(bool ok)
{
	return ok ? DONE : REFUSED;
}

/* The operations of a guest kernel. */
static enum outcome kernel_operation(struct emulation *e)
{
	struct vcpu *v = e->v;
	uint32_t *rm = &e->regs.gpr[e->in.rm];

	switch (e->in.op) {
	case INSN_OP_MOV_FROM_CR:
		return done_if(mov_from_cr(v, e->in.reg, rm));
	case INSN_OP_MOV_TO_CR:
		return mov_to_cr(v, e->in.reg, *rm);
	case INSN_OP_MOV_FROM_DR:
		return done_if(arch_debugreg_get(v, e->in.reg, rm) == 0);
	case INSN_OP_MOV_TO_DR:
		return done_if(arch_debugreg_set(v, e->in.reg, *rm) == 0);
	case INSN_OP_CLTS:
		set_ts(v, false);
		return DONE;
	case INSN_OP_WBINVD:
		flush_caches(v);
		return DONE;
	case INSN_OP_RDMSR:
	case INSN_OP_WRMSR:
		return done_if(access_msr(e));
	case INSN_OP_XSETBV:
		return done_if(fpu_set_xcr0(v, e->regs.gpr[INSN_ECX], edx_eax(&e->regs)));
	default: /* HLT, INVLPG, INVD, LMSW, table registers: there are hypercalls, or no use */
		return REFUSED;
	}
}

static enum outcome operation(struct emulation *e)
{
	switch (e->in.op) {
	case INSN_OP_CLI: /* the event mask is not touched: popf could not give it back */
	case INSN_OP_STI:
		return done_if(iopl_allows(e->v, e->f));
	case INSN_OP_RDTSC:
	case INSN_OP_RDTSCP:
		return done_if(read_tsc(e));
	default:
		return in_guest_kernel(e->f) ? kernel_operation(e) : REFUSED;
	}
}

static bool is_io(const struct insn *in)
{
	return in->op >= INSN_OP_IN && in->op <= INSN_OP_OUTS;
}

static bool execute(struct emulation *e)
{
	if (is_io(&e->in))
		return emulate_io(e);
	switch (operation(e)) {
	case DONE:
		insn_retire(&e->in, &e->regs);
		emulation_commit(e);
		return true;
	case AGAIN: /* the instruction is executed once more, after what was waiting */
		return true;
	default:
		return false;
	}
}

bool emulate_privileged(struct vcpu *v, struct trap_frame *f)
{
	struct emulation e = { .v = v, .f = f };
	struct code_bytes code;

	if (!code_fetch(v, f, &code))
		return false;
	switch (insn_decode(&e.in, code.bytes, code.n, code.code32)) {
	case INSN_OK:
		break;
	case INSN_NEEDS_MORE:
		return code_page_fault(v, f, &code);
	default:
		return false;
	}
	insn_regs_load(&e.regs, f);
	return execute(&e);
}

bool emulate_forced(struct vcpu *v, struct trap_frame *f)
{
	struct emulation e = { .v = v, .f = f };
	struct code_bytes code;
	uint32_t out[4];

	if (!code_fetch(v, f, &code))
		return false;
	switch (insn_decode_forced_cpuid(&e.in, code.bytes, code.n)) {
	case INSN_OK:
		break;
	case INSN_NEEDS_MORE: /* a ud2 alone at the end of mapped code is just that */
		return code.n > 2 && code_page_fault(v, f, &code);
	default:
		return false;
	}
	insn_regs_load(&e.regs, f);
	guest_cpuid(e.regs.gpr[INSN_EAX], e.regs.gpr[INSN_ECX], out);
	e.regs.gpr[INSN_EAX] = out[0];
	e.regs.gpr[INSN_EBX] = out[1];
	e.regs.gpr[INSN_ECX] = out[2];
	e.regs.gpr[INSN_EDX] = out[3];
	insn_retire(&e.in, &e.regs);
	emulation_commit(&e);
	return true;
}

/*
 * Every gate but a few has privilege level 0, so that no `int n` reaches a handler that expects an
 * exception or a device; it arrives here with its vector in the error code.
 */
bool emulate_software_interrupt(struct vcpu *v, struct trap_frame *f)
{
	unsigned vector = f->error_code >> 3 & 0xff;
	unsigned ring = in_guest_kernel(f) ? 1 : 3;

	if ((f->error_code & (EC_IDT | EC_EXTERNAL)) != EC_IDT || v->arch.trap[vector].dpl < ring)
		return false;
	f->eip += SOFTWARE_INTERRUPT_LENGTH;
	bounce_interrupt(v, vector);
	return true;
}
