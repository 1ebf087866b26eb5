/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine: arch/x86_32/arch.h and uaccess.h on a host process. Physical memory is a
 * file in memory, so the hypervisor's own mappings are real ones, and a use of a page after its end
 * is a real fault; guests' page tables are walked as the processor walks them, through a simulated
 * TLB that keeps stale entries until they are flushed.
 *
 * One machine lives as long as the process. Tests create domains on it and destroy them;
 * whatever is left over shows up in machine_leaks().
 */
#pragma once

#include <stdint.h>

#include "core/domain.h"

/* So many frames of RAM. Fewer make the checks faster: set it before machine_init(). */
#define MACHINE_MAX_FRAMES (MAPCACHE_SIZE / PAGE_SIZE)
extern uint32_t machine_ram_frames;
/* Frames behind the RAM that belong to a device. */
#define MACHINE_IO_FRAMES 16
/* Frames at the start that nobody may have: the hypervisor's image. */
#define MACHINE_IMAGE_FRAMES 16

/* Boots; a second call does nothing. */
void machine_init(void);

/* ---- control ---- */

enum preempt_policy {
	PREEMPT_NEVER,
	PREEMPT_ALWAYS,
	PREEMPT_EVERY,	/* every machine.preempt_every calls */
	PREEMPT_RANDOM, /* one call in machine.preempt_every */
};

extern struct machine {
	enum preempt_policy preempt;
	uint32_t preempt_every;
	uint32_t preempt_calls; /* how often anybody asked */
	uint64_t random;
	s_time_t now;
	s_time_t alarm;	     /* arch_timer_program() */
	uint32_t flushes;    /* full flushes of the TLB */
	uint32_t restarts;   /* of hypercalls, by machine_hypercall() */
	bool crash_expected; /* domain crashes are not shown */
	char said[512];	     /* the end of what the console has shown */
} machine;

uint32_t machine_random(void);
/* Lets time pass; timers fire. */
void machine_advance(s_time_t ns);
/*
 * Makes v the running vCPU, waking it if it sleeps; other domains
 * wait. False: it cannot run any more.
 */
bool machine_run(struct vcpu *v);
/* Nothing runs: current is the idle vCPU. */
void machine_idle(void);
/* d is about to be killed; after machine_idle(). */
void machine_forget(struct domain *d);
/* What the exit path does before it returns to a guest. */
void machine_exit_path(void);

/* ---- hypercalls of the running vCPU ---- */

/* Issues one, restarts included, as the processor would. The result is eax. */
long machine_hypercall(uint32_t op, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5,
		       uint32_t a6);
#define hypercall1(op, a) machine_hypercall(__HYPERVISOR_##op, (uint32_t)(a), 0, 0, 0, 0, 0)
#define hypercall2(op, a, b) \
	machine_hypercall(__HYPERVISOR_##op, (uint32_t)(a), (uint32_t)(b), 0, 0, 0, 0)
#define hypercall3(op, a, b, c) \
	machine_hypercall(__HYPERVISOR_##op, (uint32_t)(a), (uint32_t)(b), (uint32_t)(c), 0, 0, 0)
#define hypercall4(op, a, b, c, d)                                                        \
	machine_hypercall(__HYPERVISOR_##op, (uint32_t)(a), (uint32_t)(b), (uint32_t)(c), \
			  (uint32_t)(d), 0, 0)

/* ---- memory ---- */

/* Physical memory, as a device sees it. */
void *machine_frame(mfn_t mfn);
/* The running guest's kernel touches its memory: 0 or -EFAULT. */
int machine_access(gva_t va, void *buffer, uint32_t len, bool write);
/* The frame that va leads to now, by the TLB or the page tables; INVALID_MFN: a fault. */
mfn_t machine_translate(gva_t va, bool write);

/* ---- checks ---- */

/*
 * Walks every page table that the processor could be given, and looks through the TLB: no frame of
 * type L1, L2, L3 or SEG_DESC can be written, no frame is mapped that its domain neither owns nor
 * was granted. Returns the number of violations and prints the first few. Between hypercalls only.
 */
unsigned machine_check_isolation(void);
/* Both kinds of audit; aborts with a message when something is wrong. */
void machine_check(const char *where);
/*
 * Frames that are neither free nor were in use when the machine had booted and made a first domain.
 */
int machine_leaks(void);
