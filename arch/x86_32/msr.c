/* SPDX-License-Identifier: MIT */
/*
 * Model specific registers in ring 1: a list of those that a guest may read, none that it may
 * change but the hypervisor's own.
 *
 *   read     what is listed: the processor's value, less what is not offered; anything else: #GP
 *   write    ignored, with a message when it would have changed something, as Xen does
 *
 * Source: Xen's emulation of rdmsr and wrmsr; XSA-193, XSA-293, XSA-333 are about lists that were
 * too long.
 */
#include "arch/x86_32/msr.h"

#include <xen/arch-x86/cpuid.h>

#include "arch/x86_32/cpu.h"
#include "arch/x86_32/extable.h"
#include "arch/x86_32/trapnr.h"
#include "core/console.h"
#include "core/dom0.h"
#include "mm/page.h"

#define MSR_HYPERCALL_PAGE XEN_CPUID_FIRST_LEAF

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
	uint32_t ok = 1;

	*value = 0;
	__asm__ volatile("1: rdmsr\n\t"
			 "jmp 3f\n"
			 "2: xor %[ok], %[ok]\n"
			 "3:\n\t" EXTABLE("1b", "2b")
			 : "+A"(*value), [ok] "+r"(ok)
			 : "c"(msr)
			 : "memory");
	return ok;
}

/*
 * No handler yet means that a #GP would end the domain: early kernels read what they find. See
 * xen.h of arch-x86.
 */
static bool can_take_fault(const struct vcpu *v)
{
	return v->arch.trap[TRAP_GENERAL_PROTECTION].address != 0;
}

bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case MSR_EFER:
		if (cpu_has_nx && rdmsr_safe(msr, value)) {
			*value &= EFER_NXE;
			return true;
		}
		break;
	case MSR_MISC_ENABLE:
		if (cpu_is_intel && rdmsr_safe(msr, value)) {
			*value &= ~(uint64_t)(MISC_ENABLE_PERFMON | MISC_ENABLE_MONITOR);
			*value |= MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE |
				  MISC_ENABLE_XTPR_DISABLE;
			return true;
		}
		break;
	case MSR_PAT:
	case MSR_APIC_BASE:
	case MSR_MICROCODE:
	case MSR_PLATFORM_ID:
		if (cpu_has_msr && rdmsr_safe(msr, value))
			return true;
		break;
	case MSR_PLATFORM_INFO: /* no CPUID faulting, no ratios */
	case MSR_SYSENTER_CS:
	case MSR_SYSENTER_ESP:
	case MSR_SYSENTER_EIP:
	case MSR_MCG_CAP: /* no banks */
	case MSR_FEATURE_CONTROL:
	case MSR_HYPERCALL_PAGE:
		*value = 0;
		return true;
	default:
		break;
	}
	*value = 0;
	return !can_take_fault(v);
}

/* The low bits number the page, and there is one. */
static bool write_hypercall_page(struct vcpu *v, uint64_t value)
{
	return !(value & (PAGE_SIZE - 1)) &&
	       hypercall_page_write(v->domain, value >> PAGE_SHIFT) == 0;
}

bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
	uint64_t current = 0;

	if (msr == MSR_HYPERCALL_PAGE && write_hypercall_page(v, value))
		return true;
	if (!guest_rdmsr(v, msr, &current) || current != value)
		guest_printk(v->domain, "wrmsr %08x: %08x:%08x ignored\n", msr,
			     (uint32_t)(value >> 32), (uint32_t)value);
	return true;
}
