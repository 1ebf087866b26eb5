/* SPDX-License-Identifier: MIT */
/*
 * The registers of a vCPU that is not running: a fresh one's, those that VCPUOP_initialise or a
 * domain builder asks for, and how they are read back (struct vcpu_guest_context,
 * <xen/arch-x86/xen.h>). Every field of a context is hostile input; what passes here is what the
 * guest could have reached by itself. Checks and their order: Xen's arch_set_info_guest.
 */
#include "arch/x86_32/vcpu.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/descriptor.h"
#include "arch/x86_32/segreg.h"
#include "arch/x86_32/trapnr.h"
#include "arch/x86_32/uaccess.h"
#include "core/domain.h"
#include "core/errno.h"
#include "core/lib.h"
#include "mm/mmu.h"

#define EFLAGS_NOT_CHOSEN (EFLAGS_IOPL | EFLAGS_NT | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP)

/* ---- fresh ---- */

int arch_vcpu_alloc(struct vcpu *v)
{
	return fpu_alloc(v);
}

static void reset_debugregs(struct vcpu *v)
{
	memset(v->arch.debugreg, 0, sizeof(v->arch.debugreg));
	v->arch.debugreg[6] = DR6_RESERVED_ONE;
	v->arch.debugreg[7] = DR7_RESERVED_ONE;
}

void arch_vcpu_init(struct vcpu *v)
{
	struct arch_vcpu *a = &v->arch;
	unsigned i;

	a->top = INVALID_MFN;
	for (i = 0; i < GUEST_GDT_FRAMES; i++)
		a->gdt_frame[i] = INVALID_MFN;
	for (i = 0; i < GUEST_LDT_PAGES; i++)
		a->ldt_frame[i] = INVALID_MFN;
	a->frame.eflags = EFLAGS_FIXED | EFLAGS_IF;
	a->frame.cs = FLAT_KERNEL_CS;
	a->frame.ss = a->frame.ds = a->frame.es = FLAT_KERNEL_DS;
	a->fs = a->gs = 0;
	a->kernel_ss = FLAT_KERNEL_SS;
	a->guest_cr4 = guest_cr4_clean(0);
	a->xcr0 = XCR0_X87;
	reset_debugregs(v);
}

void arch_vcpu_free(struct vcpu *v)
{
	arch_vcpu_unload(v);
	ldt_drop(v);
	gdt_drop(v);
	fpu_free(v);
}

/* ---- set ---- */

/* A selector for data: none of the hypervisor's, and not of its privilege. */
static uint16_t data_selector(uint16_t selector)
{
	if (!(selector & ~SELECTOR_RPL))
		return 0;
	if (!(selector & SELECTOR_LDT) && selector >> 3 >= FIRST_RESERVED_GDT_ENTRY &&
	    (selector & ~SELECTOR_RPL) != (FLAT_KERNEL_DS & ~SELECTOR_RPL) &&
	    (selector & ~SELECTOR_RPL) != (FLAT_USER_DS & ~SELECTOR_RPL))
		return 0;
	return arch_fix_selector(selector);
}

static void set_registers(struct vcpu *v, const struct cpu_user_regs *r)
{
	struct arch_vcpu *a = &v->arch;

	a->frame = (struct trap_frame){
		.es = data_selector(r->es),
		.ds = data_selector(r->ds),
		.edi = r->edi,
		.esi = r->esi,
		.ebp = r->ebp,
		.ebx = r->ebx,
		.edx = r->edx,
		.ecx = r->ecx,
		.eax = r->eax,
		.eip = r->eip,
		.cs = arch_fix_selector(r->cs),
		.eflags = (r->eflags & ~EFLAGS_NOT_CHOSEN) | EFLAGS_FIXED | EFLAGS_IF,
		.esp = r->esp,
		.ss = arch_fix_selector(r->ss),
	};
	a->fs = data_selector(r->fs);
	a->gs = data_selector(r->gs);
	a->iopl = (r->eflags & EFLAGS_IOPL) >> EFLAGS_IOPL_SHIFT;
}

static struct guest_callback callback(uint32_t cs, uint32_t eip, bool masks_events)
{
	return (struct guest_callback){ .eip = eip,
					.cs = arch_fix_selector((uint16_t)cs),
					.masks_events = masks_events };
}

static void set_entries(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct arch_vcpu *a = &v->arch;

	for (unsigned i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
		const struct trap_info *t = &c->trap_ctxt[i];

		a->trap[i] = (struct guest_trap){
			.address = t->address,
			.cs = arch_fix_selector(t->cs),
			.dpl = TI_GET_DPL(t),
			.masks_events = TI_GET_IF(t) != 0,
		};
	}
	a->nmi_callback = callback(a->trap[TRAP_NMI].cs, a->trap[TRAP_NMI].address,
				   a->trap[TRAP_NMI].masks_events);
	a->event_callback = callback(c->event_callback_cs, c->event_callback_eip, true);
	a->failsafe_callback = callback(c->failsafe_callback_cs, c->failsafe_callback_eip,
					c->flags & VGCF_failsafe_disables_events);
	a->kernel_ss = arch_fix_selector((uint16_t)c->kernel_ss);
	a->kernel_esp = c->kernel_sp;
}

static void set_control(struct vcpu *v, const struct vcpu_guest_context *c)
{
	v->arch.ts = c->ctrlreg[0] & CR0_TS;
	v->arch.guest_cr4 = guest_cr4_clean(c->ctrlreg[4]);
	v->arch.xcr0 = XCR0_X87;
	reset_debugregs(v);
	for (unsigned i = 0; i < 8; i++)
		if (i != 4 && i != 5)
			(void)!arch_debugreg_set(v, i, c->debugreg[i]); /* refused: as reset */
	if (c->flags & VGCF_I387_VALID)
		fpu_set_image(v, c->fpu_ctxt.x);
	else
		fpu_reset(v);
}

/*
 * Of a vCPU that was initialised before, tables and address space cannot be changed from outside.
 */
static int check_unchanged(const struct vcpu *v, const struct vcpu_guest_context *c)
{
	const struct arch_vcpu *a = &v->arch;

	if (a->top != xen_cr3_to_pfn(c->ctrlreg[3]) || a->gdt_entries != c->gdt_ents ||
	    a->ldt_entries != c->ldt_ents)
		return -EOPNOTSUPP;
	if (a->ldt_entries && a->ldt_base != c->ldt_base)
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < DIV_ROUND_UP(c->gdt_ents, 512); i++)
		if (a->gdt_frame[i] != c->gdt_frames[i])
			return -EOPNOTSUPP;
	return 0;
}

static int set_tables(struct vcpu *v, const struct vcpu_guest_context *c)
{
	mfn_t frames[GUEST_GDT_FRAMES];
	int rc;

	memcpy(frames, c->gdt_frames, sizeof(frames));
	rc = gdt_set(v, frames, c->gdt_ents);
	if (rc)
		return rc;
	v->arch.ldt_entries = c->ldt_ents;
	v->arch.ldt_base = c->ldt_ents ? c->ldt_base : 0;

	spin_lock(&v->domain->page_lock);
	rc = mmu_new_top(v, xen_cr3_to_pfn(c->ctrlreg[3]));
	spin_unlock(&v->domain->page_lock);
	if (rc)
		gdt_drop(v);
	return rc;
}

static int check_context(const struct vcpu *v, const struct vcpu_guest_context *c)
{
	if ((c->ldt_base & (PAGE_SIZE - 1)) || c->ldt_ents > 8192)
		return -EINVAL;
	if (c->ldt_ents && !guest_range_ok(c->ldt_base, c->ldt_ents * 8))
		return -EINVAL;
	if (v->id == 0 && (c->vm_assist & ~VM_ASSIST_KNOWN))
		return -EINVAL;
	return c->gdt_ents > FIRST_RESERVED_GDT_ENTRY ? -EINVAL : 0;
}

int arch_vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	int rc = check_context(v, c);

	if (rc)
		return rc;
	ASSERT(v != current_vcpu());
	arch_vcpu_unload(v);
	rc = v->initialised ? check_unchanged(v, c) : set_tables(v, c);
	if (rc)
		return rc;
	if (v->id == 0 && !v->initialised)
		v->domain->vm_assist = c->vm_assist;
	set_registers(v, &c->user_regs);
	set_entries(v, c);
	set_control(v, c);
	return 0;
}

/* ---- get ---- */

static void get_registers(struct vcpu *v, struct cpu_user_regs *r)
{
	const struct trap_frame *f = vcpu_frame(v);
	uint32_t fs = v->arch.fs, gs = v->arch.gs;

	if (f != &v->arch.frame)
		segreg_read_fs_gs(&fs, &gs);
	*r = (struct cpu_user_regs){
		.ebx = f->ebx,
		.ecx = f->ecx,
		.edx = f->edx,
		.esi = f->esi,
		.edi = f->edi,
		.ebp = f->ebp,
		.eax = f->eax,
		.eip = f->eip,
		.cs = (uint16_t)f->cs,
		.saved_upcall_mask = v->info->evtchn_upcall_mask,
		.eflags = f->eflags | (uint32_t)v->arch.iopl << EFLAGS_IOPL_SHIFT,
		.esp = f->esp,
		.ss = (uint16_t)f->ss,
		.es = (uint16_t)f->es,
		.ds = (uint16_t)f->ds,
		.fs = (uint16_t)fs,
		.gs = (uint16_t)gs,
	};
}

static void get_entries(const struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct arch_vcpu *a = &v->arch;

	for (unsigned i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
		const struct guest_trap *t = &a->trap[i];

		c->trap_ctxt[i] = (struct trap_info){
			.vector = (uint8_t)i,
			.flags = t->dpl | (t->masks_events ? 4 : 0),
			.cs = t->cs,
			.address = t->address,
		};
	}
	c->event_callback_cs = a->event_callback.cs;
	c->event_callback_eip = a->event_callback.eip;
	c->failsafe_callback_cs = a->failsafe_callback.cs;
	c->failsafe_callback_eip = a->failsafe_callback.eip;
	if (a->failsafe_callback.masks_events)
		c->flags |= VGCF_failsafe_disables_events;
	c->kernel_ss = a->kernel_ss;
	c->kernel_sp = a->kernel_esp;
}

static void get_tables(const struct vcpu *v, struct vcpu_guest_context *c)
{
	c->ldt_base = v->arch.ldt_base;
	c->ldt_ents = v->arch.ldt_entries;
	for (unsigned i = 0; i < DIV_ROUND_UP(v->arch.gdt_entries, 512); i++)
		c->gdt_frames[i] = v->arch.gdt_frame[i];
	c->gdt_ents = v->arch.gdt_entries;
}

void arch_vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
	memset(c, 0, sizeof(*c)); /* no byte of the hypervisor's memory leaves in a gap */
	c->flags = VGCF_I387_VALID | (v->online ? VGCF_online : 0);
	fpu_get_image(v, c->fpu_ctxt.x);
	get_registers(v, &c->user_regs);
	if ((c->user_regs.cs & 3) == GUEST_KERNEL_RPL)
		c->flags |= VGCF_in_kernel;
	get_entries(v, c);
	get_tables(v, c);
	c->ctrlreg[0] = guest_read_cr0(v);
	c->ctrlreg[2] = v->info->arch.cr2;
	if (v->arch.top != INVALID_MFN)
		c->ctrlreg[3] = xen_pfn_to_cr3(v->arch.top);
	c->ctrlreg[4] = guest_read_cr4(v);
	for (unsigned i = 0; i < 8; i++)
		if (i != 4 && i != 5)
			(void)!arch_debugreg_get(v, i, (uint32_t *)&c->debugreg[i]);
	if (v->id == 0)
		c->vm_assist = v->domain->vm_assist;
}

/* ---- debug registers ---- */

/* Per CPU: whether DR7 in the processor enables anything. */
static bool breakpoints_armed[NR_CPUS];

void arch_debugreg_load(struct vcpu *v)
{
	const uint32_t *dr = v->arch.debugreg;
	bool wanted = dr[7] & DR7_ACTIVE;
	bool *armed = &breakpoints_armed[cpu_id()];

	/* breakpoints on ports are emulation's, so there may be more or less for it to do */
	arch_iopl_changed(v);
	if (!wanted && !*armed)
		return;
	write_dr7(DR7_RESERVED_ONE);
	if (wanted) {
		write_dr0(dr[0]);
		write_dr1(dr[1]);
		write_dr2(dr[2]);
		write_dr3(dr[3]);
		write_dr6(dr[6]);
		write_dr7(dr[7]);
	}
	*armed = wanted;
}
