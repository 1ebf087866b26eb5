/* SPDX-License-Identifier: MIT */
/*
 * CPUID as a guest sees it: the processor's answer reduced to what a ring-1 guest can use, and the
 * hypervisor's own leaves (<xen/arch-x86/cpuid.h>). Features are listed by what is let through, so
 * that a new one is hidden until somebody thought about it. Left out on purpose: SEP (no SYSENTER),
 * PSE and PGE (no such mappings), VME, MTRR, machine check, monitor, VMX, SVM, x2APIC, TSC
 * deadline, PCID, SMEP, SMAP, HLE, RTM, MPX, AVX-512, protection keys, UMIP, CET, LA57, everything
 * of long mode.
 *
 * Only guests that ask through the forced-emulation prefix get this answer: the plain instruction
 * never traps.
 */
#include <xen/arch-x86/cpuid.h>

#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/platform.h"
#include "core/domain.h"
#include "core/lib.h"
#include "core/version.h"

#define MAX_BASIC 0xdu
#define MAX_EXTENDED 0x80000008u

#define GUEST_1D                                                                                  \
	(FEATURE(FPU) | FEATURE(DE) | FEATURE(TSC) | FEATURE(MSR) | FEATURE(PAE) | FEATURE(CX8) | \
	 FEATURE(CMOV) | FEATURE(PAT) | FEATURE(CLFLUSH) | FEATURE(MMX) | FEATURE(FXSR) |         \
	 FEATURE(SSE) | FEATURE(SSE2) | FEATURE(SS))
#define GUEST_1C                                                                                \
	(FEATURE(SSE3) | FEATURE(PCLMULQDQ) | FEATURE(SSSE3) | FEATURE(FMA) | FEATURE(SSE4_1) | \
	 FEATURE(SSE4_2) | FEATURE(MOVBE) | FEATURE(POPCNT) | FEATURE(AESNI) | FEATURE(XSAVE) | \
	 FEATURE(AVX) | FEATURE(F16C) | FEATURE(RDRAND))
#define GUEST_1C_AVX (FEATURE(FMA) | FEATURE(AVX) | FEATURE(F16C))
#define GUEST_7B                                                                           \
	(FEATURE(BMI1) | FEATURE(AVX2) | FEATURE(BMI2) | FEATURE(ERMS) | FEATURE(RDSEED) | \
	 FEATURE(ADX) | FEATURE(CLFLUSHOPT) | FEATURE(CLWB) | FEATURE(SHA))
#define GUEST_7C (FEATURE(GFNI) | FEATURE(VAES) | FEATURE(VPCLMULQDQ))
#define GUEST_7C_AVX (FEATURE(VAES) | FEATURE(VPCLMULQDQ))
#define GUEST_7D (FEATURE(FSRM) | FEATURE(MD_CLEAR))
#define GUEST_DA (FEATURE(XSAVEOPT) | FEATURE(XSAVEC) | FEATURE(XGETBV1))
/* The bits that leaf 0x80000001 repeats on AMD. */
#define GUEST_ED_REPEATED                                                                         \
	(FEATURE(FPU) | FEATURE(DE) | FEATURE(TSC) | FEATURE(MSR) | FEATURE(PAE) | FEATURE(CX8) | \
	 FEATURE(APIC) | FEATURE(CMOV) | FEATURE(PAT) | FEATURE(MMX) | FEATURE(FXSR))
#define GUEST_ED \
	(GUEST_ED_REPEATED | FEATURE(NX) | FEATURE(MMXEXT) | FEATURE(3DNOWEXT) | FEATURE(3DNOW))
#define GUEST_EC                                                                         \
	(FEATURE(ABM) | FEATURE(SSE4A) | FEATURE(MISALIGNSSE) | FEATURE(3DNOWPREFETCH) | \
	 FEATURE(XOP) | FEATURE(FMA4) | FEATURE(TBM))
#define GUEST_EC_AVX (FEATURE(XOP) | FEATURE(FMA4))

/*
 * Of early Athlons (AMD, family 6): certified for machines with several. Kernels complain of virtual
 * processors without it, which take turns on one.
 */
#define K7_MULTIPROCESSOR (1u << 19)
#define FAMILY(signature) ((signature) >> 8 & 0xf)

#define CACHE_LEAF_SHARING 0xffffc000u /* leaf 4, eax: threads and cores that share the cache */

static bool avx_offered(void)
{
	return fpu_xcr0_mask() & XCR0_AVX;
}

static uint32_t hidden_1d(const struct domain *d)
{
	return ~(GUEST_1D | (domain_is_control(d) ? FEATURE(APIC) : 0));
}

/*
 * Which processor, caches of one CPU only, features. The APIC number is the vCPU's, spaced as
 * without hyper-threads.
 */
static void leaf_features(const struct vcpu *v, struct cpuid_regs *r)
{
	r->ebx = (r->ebx & 0xffff) | v->id << 25;
	r->ecx &= GUEST_1C;
	if (!fpu_xcr0_mask())
		r->ecx &= ~FEATURE(XSAVE);
	else
		r->ecx |= FEATURE(
			OSXSAVE); /* Linux takes its absence for "XSAVE is not for guests" */
	if (!avx_offered())
		r->ecx &= ~GUEST_1C_AVX;
	r->ecx |= FEATURE(HYPERVISOR);
	r->edx &= ~hidden_1d(v->domain);
}

static void leaf_structured(uint32_t sub, struct cpuid_regs *r)
{
	if (sub) {
		memset(r, 0, sizeof(*r));
		return;
	}
	r->eax = 0;
	r->ebx &= GUEST_7B & (avx_offered() ? ~0u : ~FEATURE(AVX2));
	r->ecx &= GUEST_7C & (avx_offered() ? ~0u : ~GUEST_7C_AVX);
	r->edx &= GUEST_7D;
}

static void leaf_xsave(const struct vcpu *v, uint32_t sub, struct cpuid_regs *r)
{
	uint32_t size = fpu_xsave_size(v->arch.xcr0), largest = fpu_xsave_size(fpu_xcr0_mask());

	if (sub == 0)
		*r = (struct cpuid_regs){ (uint32_t)fpu_xcr0_mask(), size, largest, 0 };
	else if (sub == 1)
		*r = (struct cpuid_regs){ r->eax & GUEST_DA, r->eax & FEATURE(XSAVEC) ? size : 0, 0,
					  0 };
	else if (sub != 2 || !avx_offered())
		memset(r, 0, sizeof(*r));
	if (!fpu_xcr0_mask())
		memset(r, 0, sizeof(*r));
}

static void basic_leaf(const struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *r)
{
	if (leaf > MIN(cpuid(0).eax, MAX_BASIC)) {
		memset(r, 0, sizeof(*r));
		return;
	}
	*r = cpuid_count(leaf, sub);
	switch (leaf) {
	case 0:
		r->eax = MIN(r->eax, MAX_BASIC);
		break;
	case 1:
		leaf_features(v, r);
		break;
	case 2: /* caches */
		break;
	case 4:
		r->eax &= ~CACHE_LEAF_SHARING;
		break;
	case 7:
		leaf_structured(sub, r);
		break;
	case 0xd:
		leaf_xsave(v, sub, r);
		break;
	default: /* serial number, monitor, power, performance counters, topology */
		memset(r, 0, sizeof(*r));
		break;
	}
}

static void leaf_extended_features(const struct domain *d, struct cpuid_regs *r)
{
	r->ebx = 0;
	r->ecx &= GUEST_EC & (avx_offered() ? ~0u : ~GUEST_EC_AVX);
	r->edx &= GUEST_ED & (cpu_has_nx ? ~0u : ~FEATURE(NX));
	r->edx &= ~(hidden_1d(d) & GUEST_ED_REPEATED);
	if (cpu_is_amd && FAMILY(cpuid(1).eax) == 6)
		r->edx |= K7_MULTIPROCESSOR;
}

static void extended_leaf(const struct vcpu *v, uint32_t leaf, struct cpuid_regs *r)
{
	if (leaf > MIN(cpuid(0x80000000).eax, MAX_EXTENDED)) {
		memset(r, 0, sizeof(*r));
		return;
	}
	*r = cpuid(leaf);
	switch (leaf) {
	case 0x80000000:
		r->eax = MIN(r->eax, MAX_EXTENDED);
		break;
	case 0x80000001:
		leaf_extended_features(v->domain, r);
		break;
	case 0x80000002 ... 0x80000006: /* name, caches */
		break;
	case 0x80000007:
		*r = (struct cpuid_regs){ .edx = r->edx & FEATURE(ITSC) };
		break;
	default: /* 0x80000008: address widths */
		*r = (struct cpuid_regs){ .eax = r->eax & 0xffff };
		break;
	}
}

/* How the TSC becomes time: struct vcpu_time_info once more. */
static void leaf_time(uint32_t sub, struct cpuid_regs *r)
{
	struct vcpu_time_info time;

	arch_time_fill(&time);
	if (sub == 0)
		*r = (struct cpuid_regs){ .ecx = clock_tsc_khz() };
	else if (sub == 1)
		*r = (struct cpuid_regs){ .ecx = time.tsc_to_system_mul,
					  .edx = (uint32_t)time.tsc_shift & 0xff };
	else if (sub == 2)
		*r = (struct cpuid_regs){ .eax = clock_tsc_khz() };
}

static void hypervisor_leaf(uint32_t index, uint32_t sub, struct cpuid_regs *r)
{
	memset(r, 0, sizeof(*r));
	switch (index) {
	case 0:
		*r = (struct cpuid_regs){ XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES),
					  XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
					  XEN_CPUID_SIGNATURE_EDX };
		break;
	case 1:
		r->eax = XEN_MAJOR << 16 | XEN_MINOR;
		break;
	case 2: /* one hypercall page, written through the MSR whose number is in ebx */
		*r = (struct cpuid_regs){ 1, XEN_CPUID_FIRST_LEAF,
					  XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0 };
		break;
	case 3:
		leaf_time(sub, r);
		break;
	case 5:
		if (sub == 0)
			r->ebx = cpu_phys_bits & XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK;
		break;
	default:
		break;
	}
}

void guest_cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	const struct vcpu *v = current_vcpu();
	struct cpuid_regs r = { 0 };

	if (leaf - XEN_CPUID_FIRST_LEAF <= XEN_CPUID_MAX_NUM_LEAVES)
		hypervisor_leaf(leaf - XEN_CPUID_FIRST_LEAF, sub, &r);
	else if (leaf >> 16 == 0x8000)
		extended_leaf(v, leaf, &r);
	else if (leaf < XEN_CPUID_FIRST_LEAF)
		basic_leaf(v, leaf, sub, &r);
	memcpy(out, &r, sizeof(r));
}
