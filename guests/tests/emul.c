/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions of ring 1: control and debug registers, model-specific registers, the
 * forced-emulation prefix, and those that are refused (ABI: XEN_EMULATE_PREFIX in
 * <xen/arch-x86/xen.h>, <xen/arch-x86/cpuid.h>).  Port accesses are in ioport.c.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/version.h>

#define CR0_PE 0x00000001u
#define CR0_TS 0x00000008u
#define CR0_WP 0x00010000u
#define CR0_PG 0x80000000u
#define CR4_TSD 0x00000004u
#define CR4_PAE 0x00000020u
#define DR7_FIXED 0x400u

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define MSR_SYSENTER_EIP 0x176
#define MSR_DEBUGCTL 0x1d9
#define MSR_PAT 0x277
#define MSR_EFER 0xc0000080
#define MSR_NONE 0x12345678

static uint32_t read_cr0(void)
{
	uint32_t value;

	__asm__ __volatile__("movl %%cr0, %0" : "=r"(value));
	return value;
}

static uint32_t read_cr4(void)
{
	uint32_t value;

	__asm__ __volatile__("movl %%cr4, %0" : "=r"(value));
	return value;
}

/* --- Control registers --- */

static void test_cr0_read(void)
{
	uint32_t cr0 = read_cr0();

	CHECK((cr0 & (CR0_PE | CR0_PG | CR0_WP)) == (CR0_PE | CR0_PG | CR0_WP), "cr0 is 0x%x", cr0);
	CHECK_EQ(HYPERVISOR_fpu_taskswitch(1), 0, "set TS");
	CHECK(read_cr0() & CR0_TS, "TS is not visible in cr0");
	CHECK_EQ(HYPERVISOR_fpu_taskswitch(0), 0, "clear TS");
	CHECK(!(read_cr0() & CR0_TS), "TS is still visible in cr0");
}

static void test_cr0_write(void)
{
	uint32_t cr0 = read_cr0();
	struct fault fault;

	TRY_ASM(&fault, "movl %0, %%cr0", : : "r"(cr0 | CR0_TS));
	check_no_fault(&fault, "setting TS by mov");
	CHECK(read_cr0() & CR0_TS, "TS is clear");
	TRY_ASM(&fault, "movl %0, %%cr0", : : "r"(cr0 & ~CR0_TS));
	check_no_fault(&fault, "clearing TS by mov");
	CHECK(!(read_cr0() & CR0_TS), "TS is set");
	TRY_ASM(&fault, "movl %0, %%cr0", : : "r"(cr0 & ~CR0_WP));
	check_fault_error(&fault, X86_GP, 0, "clearing WP");
	TRY_ASM(&fault, "movl %0, %%cr0", : : "r"(cr0 & ~CR0_PG));
	check_fault_error(&fault, X86_GP, 0, "clearing PG");
	CHECK_EQ(read_cr0(), cr0 & ~CR0_TS, "cr0 at the end");
}

static void test_clts(void)
{
	HYPERVISOR_fpu_taskswitch(1);
	__asm__ __volatile__("clts");
	CHECK(!(read_cr0() & CR0_TS), "TS is set after clts");
}

static void test_cr2(void)
{
	uint32_t value;
	struct fault fault;

	try_read((void *)0x1234, &fault);
	__asm__ __volatile__("movl %%cr2, %0" : "=r"(value));
	CHECK_EQ(value, 0x1234, "cr2 after a fault");
	__asm__ __volatile__("movl %0, %%cr2" : : "r"(0x5678));
	CHECK_EQ(vcpu_info->arch.cr2, 0x5678, "vcpu_info's cr2 after mov to cr2");
	__asm__ __volatile__("movl %%cr2, %0" : "=r"(value));
	CHECK_EQ(value, 0x5678, "cr2 after mov to cr2");
}

static void test_cr3(void)
{
	uint32_t top = xen_pfn_to_cr3(va_to_mfn(mm_top_table())), value;
	struct fault fault;

	__asm__ __volatile__("movl %%cr3, %0" : "=r"(value));
	CHECK_EQ(value & PAGE_MASK, top & PAGE_MASK, "cr3");
	TRY_ASM(&fault, "movl %0, %%cr3", : : "r"(top) : "memory");
	check_no_fault(&fault, "mov to cr3 of the same table");
	TRY_ASM(&fault, "movl %0, %%cr3", : : "r"(xen_pfn_to_cr3(va_to_mfn(page_alloc()))));
	check_fault_error(&fault, X86_GP, 0, "mov to cr3 of a page that is no table");
	TRY_ASM(&fault, "movl %0, %%cr3", : : "r"(0));
	check_fault_error(&fault, X86_GP, 0, "mov to cr3 of frame 0");
}

static void test_cr4(void)
{
	uint32_t cr4 = read_cr4();
	struct fault fault;
	uint64_t before, after;

	CHECK(cr4 & CR4_PAE, "cr4 is 0x%x", cr4);
	TRY_ASM(&fault, "movl %0, %%cr4", : : "r"(cr4));
	check_no_fault(&fault, "mov to cr4 of what it held");
	TRY_ASM(&fault, "movl %0, %%cr4", : : "r"(0));
	CHECK(read_cr4() & CR4_PAE, "PAE was cleared");
	TRY_ASM(&fault, "movl %0, %%cr4", : : "r"(~CR4_TSD));
	CHECK(read_cr4() & CR4_PAE, "PAE was cleared");
	TRY_ASM(&fault, "movl %0, %%cr4", : : "r"(cr4));
	before = rdtsc();
	after = rdtsc();
	CHECK(after >= before, "the TSC runs backwards");
}

/* --- Debug registers by instruction --- */

static void test_debug_registers(void)
{
	struct fault fault;
	uint32_t value;

	__asm__ __volatile__("movl %%dr7, %0" : "=r"(value));
	CHECK(!(value & 0xff), "dr7 enables something at start: 0x%x", value);
	TRY_ASM(&fault, "movl %0, %%dr0", : : "r"(0xc0001000));
	check_no_fault(&fault, "mov to dr0");
	CHECK_EQ(HYPERVISOR_get_debugreg(0), 0xc0001000, "get_debugreg after mov");
	HYPERVISOR_set_debugreg(0, 0x4321);
	TRY_ASM(&fault, "movl %%dr0, %0", : "=r"(value));
	CHECK_EQ(value, 0x4321, "mov from dr0 after set_debugreg");
	TRY_ASM(&fault, "movl %0, %%dr1", : : "r"(HYPERVISOR_VIRT_START));
	check_fault_error(&fault, X86_GP, 0, "a breakpoint address in the hypervisor");
	HYPERVISOR_set_debugreg(0, 0);
}

/* --- Model-specific registers --- */

static bool try_rdmsr(uint32_t msr, uint64_t *value, struct fault *fault)
{
	uint32_t low = 0, high = 0;

	TRY_ASM(fault, "rdmsr", : "+a"(low), "+d"(high) : "c"(msr));
	*value = (uint64_t)high << 32 | low;
	return fault->vector == NO_FAULT;
}

static bool try_wrmsr(uint32_t msr, uint64_t value, struct fault *fault)
{
	TRY_ASM(fault, "wrmsr", : : "a"(LO32(value)), "d"(HI32(value)), "c"(msr) : "memory");
	return fault->vector == NO_FAULT;
}

static void test_msr_unknown(void)
{
	struct fault fault;
	uint64_t value;

	try_rdmsr(MSR_NONE, &value, &fault);
	check_fault_error(&fault, X86_GP, 0, "rdmsr of a register that does not exist");
}

static void test_msr_sweep_range(uint32_t first, uint32_t count)
{
	struct fault fault;
	uint64_t value;
	uint32_t msr;

	for (msr = first; msr < first + count; msr++) {
		if (!try_rdmsr(msr, &value, &fault))
			check_fault_error(&fault, X86_GP, 0, "rdmsr");
	}
}

static void test_msr_sweep(void)
{
	test_msr_sweep_range(0, 0x2000);
	test_msr_sweep_range(0xc0000000, 0x2000);
	test_msr_sweep_range(0x40000000, 0x20);
}

/* What the hypervisor's own safety rests on cannot be changed, whatever the answer is. */
static void test_msr_dangerous(void)
{
	static const uint32_t msrs[] = {
		MSR_SYSENTER_EIP, MSR_EFER, MSR_PAT, MSR_APIC_BASE, MSR_DEBUGCTL, 0x174, 0x175,
		0xc0000081,	  0x2ff,    0x1a0
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		uint64_t before, after;
		struct fault fault;
		bool readable = try_rdmsr(msrs[i], &before, &fault);

		try_wrmsr(msrs[i], before ^ 0x801, &fault);
		if (readable && try_rdmsr(msrs[i], &after, &fault))
			CHECK(after == before, "MSR 0x%x changed from 0x%llx to 0x%llx", msrs[i],
			      before, after);
	}
}

/* --- CPUID --- */

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static struct cpuid forced_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ __volatile__(XEN_EMULATE_PREFIX "cpuid"
			     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			     : "0"(leaf), "2"(subleaf));
	return r;
}

static struct cpuid native_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ __volatile__("cpuid"
			     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			     : "0"(leaf), "2"(subleaf));
	return r;
}

static void test_cpuid_vendor(void)
{
	struct cpuid forced = forced_cpuid(0, 0), native = native_cpuid(0, 0);

	CHECK(forced.ebx == native.ebx && forced.ecx == native.ecx && forced.edx == native.edx,
	      "vendor strings differ");
	CHECK(forced.eax >= 1, "highest leaf is %u", forced.eax);
}

static void test_cpuid_hypervisor(void)
{
	struct cpuid r = forced_cpuid(XEN_CPUID_LEAF(0), 0);
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);

	CHECK(r.ebx == XEN_CPUID_SIGNATURE_EBX && r.ecx == XEN_CPUID_SIGNATURE_ECX &&
		      r.edx == XEN_CPUID_SIGNATURE_EDX,
	      "no Xen signature");
	CHECK(r.eax >= XEN_CPUID_LEAF(2) && r.eax <= XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES),
	      "highest leaf is 0x%x", r.eax);
	CHECK_EQ(forced_cpuid(XEN_CPUID_LEAF(1), 0).eax, version, "version in leaf 1");
	r = forced_cpuid(XEN_CPUID_LEAF(2), 0);
	CHECK_EQ(r.eax, 1, "hypercall pages");
	CHECK(r.ecx & XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, "no preserve_ad in leaf 2");
}

/* SYSENTER, large and global pages are not offered; protections of the real machine are hidden. */
static void test_cpuid_features(void)
{
	struct cpuid r = forced_cpuid(1, 0);

	CHECK(!(r.edx & 1u << 11), "SYSENTER is announced");
	CHECK(!(r.edx & 1u << 3), "large pages are announced");
	CHECK(!(r.edx & 1u << 17), "36-bit large pages are announced");
	CHECK(!(r.ecx & 1u << 5), "VMX is announced");
	CHECK(!(r.ecx & 1u << 17), "PCID is announced");
	CHECK(r.edx & 1u << 6, "PAE is missing");
	CHECK(r.edx & 1u << 4, "the TSC is missing");
	if (forced_cpuid(0, 0).eax >= 7) {
		r = forced_cpuid(7, 0);
		CHECK(!(r.ebx & 1u << 7), "SMEP is announced");
		CHECK(!(r.ebx & 1u << 20), "SMAP is announced");
	}
	if (forced_cpuid(0x80000000, 0).eax >= 0x80000001) {
		r = forced_cpuid(0x80000001, 0);
		CHECK(!(r.edx & 1u << 29), "long mode is announced");
		CHECK(!(r.ecx & 1u << 2), "SVM is announced");
	}
}

#define AMD_EBX 0x68747541u /* "Auth" */

/* Linux with several processors warns, and is tainted, where an early Athlon does not claim it. */
static void test_cpuid_multiprocessor(void)
{
	if (forced_cpuid(0, 0).ebx != AMD_EBX || (forced_cpuid(1, 0).eax >> 8 & 0xf) != 6) {
		test_skip("not such a processor");
		return;
	}
	CHECK(forced_cpuid(0x80000001, 0).edx & 1u << 19, "not for several processors");
}

extern char user_forced_cpuid[];
__asm__(".pushsection .user.text, \"ax\"; user_forced_cpuid: .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; "
	"cpuid; int $0x80; .popsection");

static void test_cpuid_user(void)
{
	struct user_state state = user_state_for(user_forced_cpuid);
	struct fault exit;

	state.eax = XEN_CPUID_LEAF(0);
	user_run(&state, &exit);
	check_fault(&exit, USER_RETURN_VECTOR, "forced cpuid in ring 3");
	CHECK_EQ(exit.frame.ebx, XEN_CPUID_SIGNATURE_EBX, "signature");
}

/* --- Cache and the rest --- */

static void test_wbinvd(void)
{
	struct fault fault;

	TRY_ASM(&fault, "wbinvd", : : : "memory");
	check_no_fault(&fault, "wbinvd");
}

static void test_invlpg(void)
{
	struct fault fault;

	TRY_ASM(&fault, "invlpg (%0)", : : "r"(&fault) : "memory");
	CHECK(fault.vector == NO_FAULT || fault.vector == X86_GP, "vector %u", fault.vector);
}

static void test_rdtsc(void)
{
	uint64_t last = rdtsc();
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		uint64_t now = rdtsc();

		CHECK(now >= last, "the TSC runs backwards");
		last = now;
	}
}

/* Instructions that have no meaning for a guest are refused with #GP(0). */
static void test_refused(void)
{
	static const uint8_t table[10] = { 0xff, 0xff };
	struct fault fault;

	TRY_ASM(&fault, "lgdt %0", : : "m"(table));
	check_fault_error(&fault, X86_GP, 0, "lgdt");
	TRY_ASM(&fault, "lidt %0", : : "m"(table));
	check_fault_error(&fault, X86_GP, 0, "lidt");
	TRY_ASM(&fault, "ltr %w0", : : "r"(8));
	check_fault_error(&fault, X86_GP, 0, "ltr");
	TRY_ASM(&fault, "lldt %w0", : : "r"(0));
	check_fault_error(&fault, X86_GP, 0, "lldt");
	TRY_ASM(&fault, "lmsw %w0", : : "r"(1));
	check_fault_error(&fault, X86_GP, 0, "lmsw");
	TRY_ASM(&fault, "hlt");
	check_fault_error(&fault, X86_GP, 0, "hlt");
	TRY_ASM(&fault, "invd", : : : "memory");
	check_fault_error(&fault, X86_GP, 0, "invd");
}

/* --- SYSENTER is never a way in --- */

extern char user_sysenter[];
__asm__(".pushsection .user.text, \"ax\"; user_sysenter: sysenter; int $0x80; .popsection");

static void test_sysenter(void)
{
	static const uint32_t flags[] = { 0, EFLAGS_NT, EFLAGS_AC, EFLAGS_TF };
	struct fault fault;
	size_t i;

	TRY_ASM(&fault, "sysenter", : : : "memory");
	CHECK(fault.vector == X86_GP || fault.vector == X86_UD, "ring 1: vector %u", fault.vector);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct user_state state = user_state_for(user_sysenter);

		state.eflags |= flags[i];
		user_run(&state, &fault);
		CHECK(fault.vector == X86_GP || fault.vector == X86_UD,
		      "ring 3, flags 0x%x: vector %u", flags[i], fault.vector);
	}
	HYPERVISOR_set_debugreg(6, 0);
}

/* --- vm_assist --- */

static void test_vm_assist(void)
{
	static const unsigned int types[] = {
		VMASST_TYPE_4gb_segments,	 VMASST_TYPE_4gb_segments_notify,
		VMASST_TYPE_writable_pagetables, VMASST_TYPE_pae_extended_cr3,
		VMASST_TYPE_architectural_iopl,	 VMASST_TYPE_runstate_update_flag,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, types[i]), 0, "enable");
		CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_disable, types[i]), 0, "disable");
	}
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, 31), -XEN_EINVAL, "type 31");
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, ~0u), -XEN_EINVAL, "type ~0");
	CHECK_EQ(HYPERVISOR_vm_assist(2, VMASST_TYPE_4gb_segments), -XEN_ENOSYS, "command 2");
}

static const struct test_case cases[] = {
	{ "emul.cr0_read", test_cr0_read },
	{ "emul.cr0_write", test_cr0_write },
	{ "emul.clts", test_clts },
	{ "emul.cr2", test_cr2 },
	{ "emul.cr3", test_cr3 },
	{ "emul.cr4", test_cr4 },
	{ "emul.debug_registers", test_debug_registers },
	{ "emul.msr_unknown", test_msr_unknown },
	{ "emul.msr_sweep", test_msr_sweep },
	{ "emul.msr_dangerous", test_msr_dangerous },
	{ "emul.cpuid_vendor", test_cpuid_vendor },
	{ "emul.cpuid_hypervisor", test_cpuid_hypervisor },
	{ "emul.cpuid_features", test_cpuid_features },
	{ "emul.cpuid_multiprocessor", test_cpuid_multiprocessor },
	{ "emul.cpuid_user", test_cpuid_user },
	{ "emul.wbinvd", test_wbinvd },
	{ "emul.invlpg", test_invlpg },
	{ "emul.rdtsc", test_rdtsc },
	{ "emul.refused", test_refused },
	{ "emul.sysenter", test_sysenter },
	{ "emul.vm_assist", test_vm_assist },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
