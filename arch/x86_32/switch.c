/* SPDX-License-Identifier: MIT */
/*
 * Which vCPU's state is in the processor. `loaded` is the one whose registers, address space,
 * descriptors and floating point are there; it may differ from `current` only while the idle vCPU
 * runs, so that a guest that blocks and wakes again with nothing in between costs no reload. Nobody
 * but the timer and interrupt handlers runs then, so its state cannot change.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/frame.h"
#include "arch/x86_32/paging.h"
#include "arch/x86_32/segreg.h"
#include "arch/x86_32/tables.h"
#include "core/lib.h"
#include "core/sched.h"
#include "mm/page.h"

struct pcpu pcpu[NR_CPUS];
static struct vcpu *loaded;
/*
 * What is mapped in the GDT window when a guest has no page there:
 * descriptors that are not present.
 */
static mfn_t empty_gdt_page;
/* Pages of the windows that may be other than empty. */
static unsigned shown_gdt, shown_ldt;

_Static_assert(offsetof(struct pcpu, work) == 0, "the exit path tests it");

struct trap_frame *guest_frame(void)
{
	return frame_page();
}

struct trap_frame *vcpu_frame(struct vcpu *v)
{
	return v == loaded ? guest_frame() : &v->arch.frame;
}

/* ---- descriptor tables ---- */

static void empty_windows(void)
{
	for (unsigned i = 0; i < GUEST_GDT_FRAMES; i++)
		window_map(WINDOW_GDT + i * PAGE_SIZE, empty_gdt_page);
	for (unsigned i = 0; i < GUEST_LDT_PAGES; i++)
		window_map(WINDOW_LDT + i * PAGE_SIZE, INVALID_MFN);
	shown_gdt = shown_ldt = 0;
}

void arch_switch_init(void)
{
	void *page = heap_page_alloc();

	if (!page)
		panic("too little memory for the hypervisor's own tables\n");
	empty_gdt_page = heap_page_mfn(page);
	empty_windows();
}

/*
 * The frames behind a vCPU's last entry are none, so only as many pages of a window are looked at as
 * this vCPU or the one before it can have there.
 */
void arch_load_descriptors(struct vcpu *v)
{
	unsigned gdt = DIV_ROUND_UP(v->arch.gdt_entries, DESCRIPTORS_PER_PAGE),
		 ldt = DIV_ROUND_UP(v->arch.ldt_entries, DESCRIPTORS_PER_PAGE);

	for (unsigned i = 0; i < MAX(gdt, shown_gdt); i++) {
		mfn_t mfn = v->arch.gdt_frame[i] == INVALID_MFN ? empty_gdt_page
								: v->arch.gdt_frame[i];

		window_map(WINDOW_GDT + i * PAGE_SIZE, mfn);
	}
	for (unsigned i = 0; i < MAX(ldt, shown_ldt); i++)
		window_map(WINDOW_LDT + i * PAGE_SIZE, v->arch.ldt_frame[i]);
	shown_gdt = gdt;
	shown_ldt = ldt;
	tables_set_ldt(v->arch.ldt_entries);
	v->arch.reload_segments = true;
	raise_work(WORK_VCPU);
}

void arch_trap_table_changed(struct vcpu *v, unsigned vector)
{
	const struct guest_trap *t = &v->arch.trap[VECTOR_SYSCALL];

	if (vector != VECTOR_SYSCALL || v != loaded)
		return;
	/*
	 * The processor cannot set the guest's event mask, so a gate that asks
	 * for it goes through the hypervisor.
	 */
	if (t->masks_events || (t->cs & 3) != 1 || !arch_code_selector_ok(t->cs))
		tables_direct_gate(0, 0, 0);
	else
		tables_direct_gate(t->cs, t->address, t->dpl);
}

void arch_stack_changed(struct vcpu *v)
{
	if (v != loaded)
		return;
	tables_tss()->esp1 = v->arch.kernel_esp;
	tables_tss()->ss1 = v->arch.kernel_ss;
}

/* ---- switching ---- */

static void save(struct vcpu *v)
{
	v->arch.frame = *guest_frame();
	segreg_read_fs_gs(&v->arch.fs, &v->arch.gs);
	segreg_load_fs_gs(0, 0);
	fpu_save(v);
}

/*
 * The frame page is readable to a guest in paging mode without segment limits. Traps of the
 * switcher itself leave registers of the guest before below the frame, at most twice nested.
 */
#define FRAME_RESIDUE (4 * sizeof(struct trap_frame))

void arch_load_fs_gs(struct vcpu *v, uint32_t fs, uint32_t gs)
{
	v->arch.reload_segments = false;
	if (segreg_load_fs_gs(fs, gs))
		return;
	v->arch.failsafe_pending = true;
	v->arch.failsafe_fs = fs;
	v->arch.failsafe_gs = gs;
}

static void load(struct vcpu *v)
{
	struct trap_frame *f = guest_frame();

	*f = v->arch.frame;
	if (isolation_by_paging)
		memset((char *)f - FRAME_RESIDUE, 0, FRAME_RESIDUE);
	arch_load_top(v);
	arch_load_descriptors(v);
	arch_trap_table_changed(v, VECTOR_SYSCALL);
	arch_stack_changed(v);
	arch_debugreg_load(v);
	arch_cr4_load(v);
	fpu_load(v);
	arch_load_fs_gs(v, v->arch.fs, v->arch.gs);
}

static void unload(void)
{
	if (!loaded)
		return;
	save(loaded);
	loaded = NULL;
}

void arch_switch_to(struct vcpu *next)
{
	struct pcpu *cpu = this_cpu();

	if (next->domain && next != loaded) {
		unload();
		cpu->current = loaded = next;
		load(next);
	}
	cpu->current = next;
	cpu->info = next->info;
	raise_work(WORK_VCPU);
}

void arch_vcpu_unload(struct vcpu *v)
{
	if (v != loaded)
		return;
	unload();
	paging_load_idle();
	empty_windows();
	tables_set_ldt(0);
	tables_direct_gate(0, 0, 0);
}

void arch_info_changed(struct vcpu *v)
{
	if (v == current_vcpu())
		this_cpu()->info = v->info;
}

/* ---- interrupts ---- */

bool preempt_needed(void)
{
	/* sti takes effect after the instruction that follows it: one nop is one chance. */
	__asm__ volatile("sti; nop; cli" : : : "memory");
	return this_cpu()->work != 0;
}

void arch_idle(void)
{
	/*
	 * Nothing can arrive between the test and the halt: sti holds
	 * interrupts off for one instruction.
	 */
	if (this_cpu()->work)
		return;
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}
