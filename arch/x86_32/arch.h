/* SPDX-License-Identifier: MIT */
/*
 * The handful of functions by which core/, mm/ and hypercall/ reach the processor. Free of
 * assembly: the host build (tests/host) implements the same list on a simulated machine.
 */
#pragma once

#include "arch/x86_32/vcpu.h"
#include "core/types.h"

struct vcpu;
struct domain;

/* ---- per CPU ---- */
enum work {
	WORK_SCHEDULE = 1, /* pick another vCPU */
	WORK_TIMER = 2,	   /* timer_run_due() */
	WORK_KEY = 4,	   /* a debug key was typed */
	WORK_REAP = 8,	   /* domain_reap() */
	WORK_VCPU = 16,	   /* current has something of its own to do before it runs on (arch) */
};

struct pcpu {
	uint32_t work; /* bits of enum work; must stay first: the exit path tests it */
	/* never NULL after boot; an idle vCPU (domain == NULL) when nothing runs */
	struct vcpu *current;
	vcpu_info_t *info;	/* current->info; the exit path tests upcall_pending/mask */
	uint32_t tlb_stamp;	/* flush clock at this CPU's last full flush */
	struct vcpu *fpu_owner; /* whose image is in the registers */
	struct vcpu *idle;
	uint32_t multicall_active; /* nesting check and continuation of HYPERVISOR_multicall */
};

extern struct pcpu pcpu[NR_CPUS];

static inline unsigned cpu_id(void)
{
	return 0; /* NR_CPUS == 1 */
}

static inline struct pcpu *this_cpu(void)
{
	return &pcpu[cpu_id()];
}

static inline struct vcpu *current_vcpu(void)
{
	return this_cpu()->current;
}

static inline void raise_work(enum work bit)
{
	__atomic_fetch_or(&this_cpu()->work, bit, __ATOMIC_SEQ_CST);
}

/*
 * True when a long operation should stop and restart: an interrupt is waiting, or work is
 * pending. Opens interrupts for one instruction.
 */
bool preempt_needed(void);

/* The registers of the guest that is running: valid from entry to exit, in the frame page. */
struct trap_frame *guest_frame(void);
/* v's registers: the frame page when v is current, else its save area. */
struct trap_frame *vcpu_frame(struct vcpu *v);

/* ---- time ---- */
s_time_t time_now(void);		    /* ns since boot, monotonic */
void arch_timer_program(s_time_t deadline); /* raises WORK_TIMER then; STIME_MAX: never */
struct vcpu_time_info;
/* tsc_timestamp, system_time, mul, shift; not version */
void arch_time_fill(struct vcpu_time_info *t);

/* ---- address spaces ---- */
/*
 * Makes v's page tables (v->arch.top) the ones in use on this CPU; v is current. Flushes the TLB.
 */
void arch_load_top(struct vcpu *v);
/*
 * The guest changed a top-level entry of the L3 frame `top`, slot 0..2, to
 * `entry`: every CPU that runs on it follows.
 */
void arch_l3_changed(mfn_t top, unsigned slot, pte_t entry);
/* A slot-3 L2 page changed entry `index` (below L2_HV_FIRST). */
void arch_l2_changed(mfn_t l2, unsigned index);
/* Fills the hypervisor's own entries into a new slot-3 L2 page. */
void arch_l2_init_hv_slots(pte_t *l2);
void tlb_flush_local(void);
void tlb_flush_page(gva_t va); /* any address; hypervisor addresses are ignored */
/* Flush clock: a frame whose tlb_stamp is newer than this CPU's may still be cached. */
uint32_t tlb_clock(void);
void tlb_flush_if_stale(uint32_t frame_stamp);
/*
 * Hypervisor mappings: one PTE of a heap, map-cache or fixmap page;
 * flags 0 unmaps. va page aligned.
 */
void hv_map_page(uintptr_t va, mfn_t mfn, uint64_t flags);
void hv_unmap_page(uintptr_t va);

/* ---- the vCPU's descriptor tables ---- */
/* Brings the CPU's GDT/LDT windows in line with v->arch after a change; v is current. */
void arch_load_descriptors(struct vcpu *v);
/* One that will not load becomes null, and v, which is current, is owed its failsafe callback. */
void arch_load_fs_gs(struct vcpu *v, uint32_t fs, uint32_t gs);
/* May a guest load this? Adjusts limit, DPL and accessed bit in place; false: refuse. */
bool arch_descriptor_check(uint64_t *descriptor);
/*
 * Code selectors for handlers: RPL forced to 1 or above; false when it is one of the hypervisor's.
 */
bool arch_code_selector_ok(uint16_t selector);
uint16_t arch_fix_selector(uint16_t selector);
void arch_trap_table_changed(struct vcpu *v, unsigned vector); /* direct gates follow */
void arch_stack_changed(struct vcpu *v);		       /* kernel_ss, kernel_esp */
/* Checked assignment, and reading as a guest sees it. 0, -EPERM, -EINVAL. */
int arch_debugreg_set(struct vcpu *v, unsigned reg, uint32_t value) MUST_CHECK;
int arch_debugreg_get(const struct vcpu *v, unsigned reg, uint32_t *value) MUST_CHECK;
/* into the processor; v is current. Part of a switch of vCPUs */
void arch_debugreg_load(struct vcpu *v);
/* the processor's own port checks follow v->arch.iopl; v is current, or nothing happens */
void arch_iopl_changed(struct vcpu *v);
/* Bytes that do not overlap, a page of them perhaps; a vCPU is current, with its state in the registers. */
void arch_copy(void *dst, const void *src, uint32_t len);
void arch_ts_changed(struct vcpu *v); /* CR0.TS follows v->arch.ts; v is current */

/* ---- switching and idling ---- */
void arch_switch_to(struct vcpu *next); /* from the scheduler; returns on the same stack */
void arch_switch_init(void);		/* boot, once the heap works */
/*
 * v leaves the processor for good: its frame, tables and top level may go
 * away after this. Not the running vCPU.
 */
void arch_vcpu_unload(struct vcpu *v);
/* v->info moved. */
void arch_info_changed(struct vcpu *v);
void arch_idle(void);		     /* waits for an interrupt, handles it */
void arch_vcpu_init(struct vcpu *v); /* defaults of a fresh vCPU */
/* What it needs of memory: its FPU image. 0 or -ENOMEM. */
int arch_vcpu_alloc(struct vcpu *v) MUST_CHECK;
void arch_vcpu_free(struct vcpu *v);
struct vcpu_guest_context;
/*
 * Everything of *c that is v's to have (VCPUOP_initialise, the domain builder): hostile input,
 * checked and adjusted. v is not running; when it was initialised before, tables and address space
 * stay as they are. 0, -EINVAL, -ERESTART (nothing to undo).
 */
int arch_vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c) MUST_CHECK;
void arch_vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c);
/*
 * XCR0 and the XSAVE area, as XEN_DOMCTL_getvcpuextstate has them; v is not running. The size is the same
 * for all, at most a page. What is set is hostile input: -EINVAL (also: what this processor does not have),
 * -EOPNOTSUPP.
 */
uint64_t arch_xstate_features(void); /* bits of XCR0; 0: no XSAVE */
uint32_t arch_vcpu_xstate_size(void);
void arch_vcpu_get_xstate(struct vcpu *v, void *buffer);
int arch_vcpu_set_xstate(struct vcpu *v, const void *buffer, uint32_t size) MUST_CHECK;

/* ---- machine ---- */
/* For a panic: registers, symbolised backtrace, the running guest's state. */
void arch_dump_state(void);
/* What CPUID says that this processor can do, in the order of <xen/arch-x86/cpufeatureset.h>. */
void cpu_capabilities(uint32_t caps[8]);
void machine_power_off(void) NORETURN;
void machine_reboot(void) NORETURN;
void machine_halt(void) NORETURN;
void serial_write(const char *text, size_t len); /* all consoles of the console= option */
/* The screen is the initial domain's from here on; and, for what ends the machine, ours again. */
void screen_release(void);
void screen_take_back(void);
