/* SPDX-License-Identifier: MIT */
/*
 * What the simulated machine leaves out: descriptor windows, trap tables, debug registers and FPU
 * of the processor. Only calls that have an effect on nothing else.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/bounce.h"
#include "arch/x86_32/dump.h"
#include "arch/x86_32/paging.h"
#include "core/errno.h"
#include "core/lib.h"

void cpu_capabilities(uint32_t caps[8])
{
	memset(caps, 0, 8 * sizeof(*caps));
}

void arch_dump_state(void)
{
}

void arch_dump_vcpu(struct vcpu *v)
{
	(void)v;
}

void arch_load_descriptors(struct vcpu *v)
{
	(void)v;
}

void arch_trap_table_changed(struct vcpu *v, unsigned vector)
{
	(void)v, (void)vector;
}

void arch_stack_changed(struct vcpu *v)
{
	(void)v;
}

void arch_copy(void *dst, const void *src, uint32_t len)
{
	memcpy(dst, src, len);
}

void arch_ts_changed(struct vcpu *v)
{
	(void)v;
}

void bounce_trap(struct vcpu *v, unsigned vector, uint32_t error_code)
{
	(void)v, (void)vector, (void)error_code;
}

void window_map(uint32_t offset_in_window, mfn_t mfn)
{
	(void)offset_in_window, (void)mfn;
}

uint64_t paging_lookup(uintptr_t va)
{
	(void)va;
	return 0;
}

void arch_debugreg_load(struct vcpu *v)
{
	(void)v;
}

int arch_vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	(void)v, (void)c;
	return -EINVAL;
}

void arch_vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
	(void)v, (void)c;
}

uint64_t arch_xstate_features(void)
{
	return 0;
}

uint32_t arch_vcpu_xstate_size(void)
{
	return 16;
}

void arch_vcpu_get_xstate(struct vcpu *v, void *buffer)
{
	(void)v;
	memset(buffer, 0, 16);
}

int arch_vcpu_set_xstate(struct vcpu *v, const void *buffer, uint32_t size)
{
	(void)v, (void)buffer, (void)size;
	return -EINVAL;
}
