/* SPDX-License-Identifier: MIT */
/*
 * What the processor can do, and the modes the hypervisor puts it in. Bits: SDM vol. 2 (CPUID),
 * vol. 3, 2.5.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/msr.h"
#include "core/lib.h"
#include "core/panic.h"
#include "mm/page.h"

bool cpu_has_nx RO_AFTER_INIT, cpu_has_pge RO_AFTER_INIT, cpu_has_de RO_AFTER_INIT,
	cpu_has_apic RO_AFTER_INIT;
bool cpu_has_fxsr RO_AFTER_INIT, cpu_has_sse RO_AFTER_INIT, cpu_has_xsave RO_AFTER_INIT,
	cpu_has_pat RO_AFTER_INIT;
bool cpu_has_msr RO_AFTER_INIT;
bool cpu_is_intel RO_AFTER_INIT, cpu_is_amd RO_AFTER_INIT;
uint8_t cpu_phys_bits RO_AFTER_INIT, cpu_family RO_AFTER_INIT, cpu_model RO_AFTER_INIT;

static uint32_t cr4_base RO_AFTER_INIT;

static const struct {
	uint32_t bit;
	const char *name;
} required[] INITDATA = {
	{ FEATURE(FPU), "a floating-point unit (FPU)" },
	{ FEATURE(TSC), "a time-stamp counter (TSC)" },
	{ FEATURE(PAE), "physical address extension (PAE)" },
	{ FEATURE(CX8), "CMPXCHG8B (CX8)" },
	{ FEATURE(CMOV), "conditional moves (CMOV)" },
};

static INIT void check_required(uint32_t have)
{
	for (unsigned i = 0; i < ARRAY_SIZE(required); i++)
		if (!(have & required[i].bit))
			panic("this processor lacks %s, which Ringlet needs: use another machine "
			      "or CPU model\n",
			      required[i].name);
}

static INIT bool is_vendor(const char *name)
{
	struct cpuid_regs r = cpuid(0);

	return !memcmp(&r.ebx, name, 4) && !memcmp(&r.edx, name + 4, 4) &&
	       !memcmp(&r.ecx, name + 8, 4);
}

static INIT void find_extended(void)
{
	uint32_t highest = cpuid(0x80000000).eax;

	cpu_phys_bits = 36;
	if (highest < 0x80000001 || highest > 0x8000ffff)
		return;
	cpu_has_nx = cpu_has_msr && (cpuid(0x80000001).edx & FEATURE(NX));
	if (highest >= 0x80000008)
		cpu_phys_bits = (uint8_t)MAX(cpuid(0x80000008).eax & 0xff, 32);
}

void cpu_capabilities(uint32_t caps[8])
{
	uint32_t highest = cpuid(0x80000000).eax;

	memset(caps, 0, 8 * sizeof(*caps));
	caps[0] = cpuid(1).edx;
	caps[1] = cpuid(1).ecx;
	if (highest >= 0x80000001 && highest <= 0x8000ffff) {
		caps[2] = cpuid(0x80000001).edx;
		caps[3] = cpuid(0x80000001).ecx;
	}
	if (highest >= 0x80000007 && highest <= 0x8000ffff)
		caps[7] = cpuid(0x80000007).edx;
	if (cpuid(0).eax >= 0xd)
		caps[4] = cpuid_count(0xd, 1).eax;
	if (cpuid(0).eax >= 7) {
		caps[5] = cpuid_count(7, 0).ebx;
		caps[6] = cpuid_count(7, 0).ecx;
	}
}

bool cpu_is_intel_model(const uint8_t *models, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (cpu_is_intel && cpu_family == 6 && models[i] == cpu_model)
			return true;
	return false;
}

bool cpu_has_rdcl_no(void)
{
	uint64_t capabilities;

	return cpuid(0).eax >= 7 && cpuid(7).edx & FEATURE(ARCH_CAPS) &&
	       rdmsr_safe(MSR_ARCH_CAPABILITIES, &capabilities) &&
	       capabilities & ARCH_CAPABILITIES_RDCL_NO;
}

/*
 * L1TF: Intel's processors from the first Core to 2019's forward the L1 cache's contents through an
 * entry that is not present, unless they say otherwise (ARCH_CAPABILITIES, RDCL_NO). Atoms do not;
 * without SSSE3 it is older than that.
 */
static INIT bool speculates_through_nonpresent(struct cpuid_regs id)
{
	static const uint8_t not_affected[] INITDATA = {
		0x1c, 0x26, 0x27, 0x35, 0x36,	    /* Bonnell, Saltwell */
		0x37, 0x4a, 0x4c, 0x4d, 0x5a, 0x5d, /* Silvermont, Airmont */
		0x5c, 0x5f, 0x7a,		    /* Goldmont */
		0x57, 0x85,			    /* Xeon Phi */
	};

	return cpu_is_intel && cpu_family == 6 && id.ecx & FEATURE(SSSE3) &&
	       !cpu_is_intel_model(not_affected, ARRAY_SIZE(not_affected)) && !cpu_has_rdcl_no();
}

static INIT void find_features(struct cpuid_regs id)
{
	cpu_is_intel = is_vendor("GenuineIntel");
	cpu_is_amd = is_vendor("AuthenticAMD");
	cpu_family = id.eax >> 8 & 0xf;
	cpu_model = (id.eax >> 4 & 0xf) | (id.eax >> 12 & 0xf0);
	cpu_has_msr = id.edx & FEATURE(MSR);
	cpu_has_pge = id.edx & FEATURE(PGE);
	cpu_has_de = id.edx & FEATURE(DE);
	cpu_has_apic = cpu_has_msr && (id.edx & FEATURE(APIC));
	cpu_has_pat = cpu_has_msr && (id.edx & FEATURE(PAT));
	cpu_has_fxsr = id.edx & FEATURE(FXSR);
	cpu_has_sse = cpu_has_fxsr && (id.edx & FEATURE(SSE));
	cpu_has_xsave = cpu_has_sse && (id.ecx & FEATURE(XSAVE)) && cpuid(0).eax >= 0xd;
	find_extended();
}

/*
 * The cache attributes that a page-table entry chooses from: the four of old, then write-combining,
 * which a framebuffer wants, and write-protected. As Xen's, because a guest cannot change it and
 * kernels rely on it (<xen/arch-x86/xen.h> leaves it to them to read).
 */
#define PAT_LAYOUT 0x0000050100070406ull

/*
 * Ways into ring 0 that a guest could use without the hypervisor's tables: SYSENTER; SYSCALL stays
 * off with EFER.SCE.
 */
static INIT void set_msrs(struct cpuid_regs id)
{
	if (cpu_has_msr && (id.edx & FEATURE(SEP)))
		wrmsr(MSR_SYSENTER_CS, 0);
	if (cpu_has_pat)
		wrmsr(MSR_PAT, PAT_LAYOUT);
	if (cpu_has_nx)
		wrmsr(MSR_EFER, (rdmsr(MSR_EFER) | EFER_NXE) & ~(uint64_t)EFER_SCE);
}

INIT void cpu_init_features(void)
{
	struct cpuid_regs id = cpuid(1);

	check_required(id.edx);
	find_features(id);
	cr4_base = CR4_PAE;
	if (id.edx & FEATURE(MCE))
		cr4_base |= CR4_MCE;
	if (cpu_has_fxsr)
		cr4_base |= CR4_OSFXSR;
	if (cpu_has_sse)
		cr4_base |= CR4_OSXMMEXCPT;
	write_cr4(cr4_base);
	set_msrs(id);
	supported_pte_flags = cpu_has_nx ? PTE_NX : 0;
	nonpresent_pte_leaks = speculates_through_nonpresent(id);
}

uint32_t cpu_cr4_base(void)
{
	return cr4_base;
}
