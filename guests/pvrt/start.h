/* SPDX-License-Identifier: MIT */
/* What the guest finds at its start, and how it ends. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/sched.h>

/* As handed over in %esi and %esp; never null. */
extern struct start_info *start_info;
extern uint32_t boot_stack_top;

/* The other registers as they were at the first instruction. */
struct boot_registers {
	uint32_t eax, ebx, ecx, edx, edi, ebp;
	uint16_t cs, cs_pad, ss, ss_pad, ds, ds_pad, es, es_pad, fs, fs_pad, gs, gs_pad;
	uint32_t eflags;
};
extern struct boot_registers boot_registers;

/* Mapped before main() runs. */
extern char shared_info_page[];
extern struct shared_info *const shared_info;

/* vCPU 0's area: inside shared_info until the guest registers another place for it. */
extern volatile struct vcpu_info *vcpu_info;

/* The guest itself: runs on kernel_stack with traps installed and events masked.  Returning from it
 * powers the domain off. */
int main(void);

/* Whether this is a domain that may do what is for control domains. */
bool pv_is_privileged(void);

/* Ends the domain (SCHEDOP_shutdown). */
void pv_shutdown(unsigned int reason) __attribute__((noreturn));

/* Prints the message, then ends the domain as crashed. */
void pv_panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define BUG_ON(cond)                                                      \
	do {                                                              \
		if (cond)                                                 \
			pv_panic("%s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
