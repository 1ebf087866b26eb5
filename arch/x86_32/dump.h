/* SPDX-License-Identifier: MIT */
/* Crash dumps: registers, a backtrace with symbols, the running guest. */
#pragma once

#include "core/domain.h"

/* A trap of the hypervisor that nothing expected. */
void dump_fatal_trap(const struct trap_frame *f) NORETURN;
/* From the double fault's task. */
void dump_double_fault(void) NORETURN;
/* A vCPU's registers and the top of its kernel stack, for debug keys and domain_crash(). */
void arch_dump_vcpu(struct vcpu *v);
/* Name of the function that holds an address of the image, and the offset in it; "?" when none. */
const char *symbol_find(uint32_t address, uint32_t *offset);
