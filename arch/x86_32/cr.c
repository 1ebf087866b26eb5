/* SPDX-License-Identifier: MIT */
/*
 * CR0 and CR4 as a guest sees them: the processor's, but for the few bits that are the guest's own
 * (TS; TSD, DE and OSXSAVE) and those whose features it is not offered. Source: Xen's emulation of
 * moves to and from control registers.
 */
#include "arch/x86_32/asm.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/cpu.h"
#include "core/domain.h"

/* A guest can do without them, or learns of them through CPUID. */
#define CR4_HIDDEN (CR4_PGE | CR4_PSE | CR4_MCE)

static uint32_t own_bits(void)
{
	return CR4_TSD | (cpu_has_de ? CR4_DE : 0) | (fpu_xcr0_mask() ? CR4_OSXSAVE : 0);
}

uint32_t guest_read_cr0(const struct vcpu *v)
{
	return (read_cr0() & ~CR0_TS) | (v->arch.ts ? CR0_TS : 0);
}

uint32_t guest_cr4_clean(uint32_t value)
{
	return (cpu_cr4_base() & ~(CR4_HIDDEN | own_bits())) | (value & own_bits());
}

uint32_t guest_read_cr4(const struct vcpu *v)
{
	return guest_cr4_clean(v->arch.guest_cr4);
}
