/* SPDX-License-Identifier: MIT */
/*
 * Traps: the table of all 256 vectors, hooks, and probes that expect a fault.
 *
 * Every vector enters with events masked (TI_SET_IF), except USER_RETURN_VECTOR, whose entry has to
 * be suitable for a direct gate.  A trap is offered to the vector's hook, then to the running probe
 * (ring 1) or the running user_enter() (ring 3); a trap that nobody wants ends the guest, or the
 * test that runs (test.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

#include "guests/pvrt/layout.h"

#define X86_DE 0
#define X86_DB 1
#define X86_NMI 2
#define X86_BP 3
#define X86_OF 4
#define X86_BR 5
#define X86_UD 6
#define X86_NM 7
#define X86_DF 8
#define X86_TS 10
#define X86_NP 11
#define X86_SS 12
#define X86_GP 13
#define X86_PF 14
#define X86_MF 16
#define X86_AC 17
#define X86_MC 18
#define X86_XM 19

#define PF_PRESENT 1
#define PF_WRITE 2
#define PF_USER 4
#define PF_RESERVED 8
#define PF_FETCH 16

#define EFLAGS_CF 0x00000001
#define EFLAGS_FIXED 0x00000002
#define EFLAGS_ZF 0x00000040
#define EFLAGS_TF 0x00000100
#define EFLAGS_IF 0x00000200
#define EFLAGS_DF 0x00000400
#define EFLAGS_OF 0x00000800
#define EFLAGS_IOPL 0x00003000
#define EFLAGS_IOPL1 0x00001000
#define EFLAGS_NT 0x00004000
#define EFLAGS_RF 0x00010000
#define EFLAGS_VM 0x00020000
#define EFLAGS_AC 0x00040000
#define EFLAGS_ID 0x00200000

/* What entry.S builds.  esp and ss are there only when from_user(). */
struct trap_frame {
	uint32_t ebx, ecx, edx, esi, edi, ebp, eax;
	uint16_t ds, ds_pad, es, es_pad, fs, fs_pad, gs, gs_pad;
	uint32_t vector;
	uint32_t error;
	uint32_t eip;
	uint16_t cs;
	uint8_t upcall_mask;
	uint8_t cs_pad;
	uint32_t eflags;
	uint32_t esp;
	uint16_t ss, ss_pad;
};

static inline bool from_user(const struct trap_frame *frame)
{
	return (frame->cs & 3) == 3;
}

/* What a probe met.  vector is NO_FAULT when it met nothing. */
#define NO_FAULT 0xffffu
struct fault {
	uint32_t vector;
	uint32_t error;
	uint32_t cr2;
	struct trap_frame frame;
};

/* A hook returns true when it has dealt with the trap: the (changed) frame is then returned to. */
typedef bool (*trap_hook_t)(struct trap_frame *frame);

extern char trap_stubs[], soft_stubs[];
extern char event_entry[], failsafe_entry[], nmi_entry[];
extern char iret_masked[], iret_unmasked[];

/* Selectors of the last failsafe callback: ds, es, fs, gs. */
extern uint32_t failsafe_selectors[4];

/* Set to leave every trap by HYPERVISOR_iret (entry.S says who needs it). */
extern int trap_return_by_hypercall;

/*
 * Installs the table, the event and failsafe callbacks and a kernel stack for entries from ring 3.
 */
void trap_init(void);

/* Installs the standard table again, for tests that replaced it. */
void trap_install_table(void);

/* The standard entry of a vector; soft picks the stub for INT n (no error code). */
struct trap_info trap_entry(unsigned int vector, unsigned int dpl, bool soft);

/* Installs one entry, leaving the others. Returns the hypercall's result. */
int trap_install(struct trap_info entry);

/* Replaces the hook of a vector (VECTOR_FAILSAFE and VECTOR_EVENT included); NULL removes it. */
void trap_set_hook(unsigned int vector, trap_hook_t hook);

/*
 * Runs fn(arg) in ring 1 and comes back even when it traps.  Returns true when it did, with the
 * trap in *fault.  The event mask is afterwards what it was at the trap.
 */
bool try_call(void (*fn)(void *), void *arg, struct fault *fault);

/*
 * One statement of assembly that may trap; the operands follow as in asm.  The instruction must not
 * change %esp or the data segments when it faults.  *fault tells what happened.
 *	TRY_ASM(&fault, "movl (%1), %0", : "=r"(value) : "r"(address));
 */
#define TRY_ASM(fault, insn, ...)                                                  \
	do {                                                                       \
		try_arm(fault);                                                    \
		__asm__ __volatile__("movl $771f, try_resume\n\t" insn             \
				     "\n771:\n\tmovl $0, try_resume" __VA_ARGS__); \
		try_disarm();                                                      \
	} while (0)

void try_arm(struct fault *fault);
void try_disarm(void);
extern uint32_t try_resume;

/* Reads or writes one byte; true when that faulted. */
bool try_read(const volatile void *address, struct fault *fault);
bool try_write(volatile void *address, struct fault *fault);

/* Called for a trap that nobody wants; test.c replaces it. */
extern void (*trap_unexpected)(struct trap_frame *frame);

void trap_print_frame(const struct trap_frame *frame);

/* For C only: the common entry, and the way out of a probe. */
void trap_dispatch(struct trap_frame *frame);
void trap_record(struct fault *fault, const struct trap_frame *frame);
