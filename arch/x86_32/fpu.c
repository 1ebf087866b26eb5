/* SPDX-License-Identifier: MIT */
/*
 * Floating-point state. Every vCPU's is in the registers whenever it runs and never anybody else's
 * (eager switching: a lazily switched register file leaks, XSA-267); the hypervisor borrows
 * some to copy (copy.c). CR0.TS is set exactly when the guest wants it so.
 *
 * One instruction pair saves and loads, the newest the processor has: XSAVE (all of XCR0 that is
 * offered, whatever the guest enabled), FXSAVE, or FNSAVE. An image is a heap page, in the layout
 * of that instruction (SDM vol. 1, 8.1.10, 10.5, 13.4). Images that come from a guest are made
 * loadable before; should one fault all the same, the initial state is loaded.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/bounce.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/extable.h"
#include "arch/x86_32/trapnr.h"
#include "core/domain.h"
#include "core/errno.h"
#include "core/lib.h"

#define FXSAVE_SIZE 512
#define FNSAVE_SIZE 108
#define FXSAVE_MXCSR 24
#define FXSAVE_MXCSR_MASK 28
#define XSAVE_HEADER 512 /* XSTATE_BV, XCOMP_BV, then reserved */
#define XSAVE_HEADER_SIZE 64

#define INITIAL_FCW 0x37f
#define INITIAL_MXCSR 0x1f80
#define EMPTY_TAGS 0xffff	  /* FNSAVE's form */
#define MXCSR_MASK_DEFAULT 0xffbf /* where FXSAVE reports none */

static uint32_t xcr0_mask RO_AFTER_INIT; /* 0: no XSAVE */
static uint32_t mxcsr_mask RO_AFTER_INIT = MXCSR_MASK_DEFAULT;
static uint8_t initial_image[FXSAVE_SIZE + XSAVE_HEADER_SIZE + 256] ALIGNED(64) RO_AFTER_INIT;

/* Per CPU: what was last put in XCR0. */
static uint32_t loaded_xcr0[NR_CPUS];

static void set_xcr0(uint32_t value)
{
	if (loaded_xcr0[cpu_id()] == value)
		return;
	xsetbv(0, value);
	loaded_xcr0[cpu_id()] = value;
}

/* A write may cost far more than a look. */
static void set_cr4(uint32_t value)
{
	if (read_cr4() != value)
		write_cr4(value);
}

/*
 * XSAVE needs its own bit in CR4 and every component in XCR0; arch_cr4_load() gives back the
 * guest's choice of both.
 */
static void open_registers(void)
{
	clts();
	if (!xcr0_mask)
		return;
	set_cr4(read_cr4() | CR4_OSXSAVE);
	set_xcr0(xcr0_mask);
}

static void store(void *image)
{
	if (xcr0_mask)
		__asm__ volatile("xsave (%0)" : : "r"(image), "a"(xcr0_mask), "d"(0) : "memory");
	else if (cpu_has_fxsr)
		__asm__ volatile("fxsave (%0)" : : "r"(image) : "memory");
	else
		__asm__ volatile("fnsave (%0)\n\tfwait" : : "r"(image) : "memory");
}

#define TRY_LOAD(insn)                                                \
	__asm__ volatile("1: " insn " (%[image])\n\t"                 \
			 "jmp 3f\n"                                   \
			 "2: xor %[ok], %[ok]\n"                      \
			 "3:\n\t" EXTABLE("1b", "2b")                 \
			 : [ok] "+r"(ok)                              \
			 : [image] "r"(image), "a"(xcr0_mask), "d"(0) \
			 : "memory")

static bool try_load(const void *image)
{
	uint32_t ok = 1;

	if (xcr0_mask)
		TRY_LOAD("xrstor");
	else if (cpu_has_fxsr)
		TRY_LOAD("fxrstor");
	else
		TRY_LOAD("frstor");
	return ok;
}

/*
 * AMD's processors restore the last instruction and data pointers only with an exception pending:
 * without this the next guest would read those of the one before (XSA-52).
 */
static void forget_pointers(void)
{
	static const uint32_t zero;

	if (!cpu_is_intel && cpu_has_fxsr)
		__asm__ volatile("fnclex\n\tffree %%st(7)\n\tfildl %0" : : "m"(zero));
}

static void load(const void *image)
{
	forget_pointers();
	if (unlikely(!try_load(image)))
		(void)!try_load(initial_image);
}

void arch_ts_changed(struct vcpu *v)
{
	uint32_t cr0 = read_cr0();
	uint32_t wanted = v->arch.ts ? cr0 | CR0_TS : cr0 & ~CR0_TS;

	if (wanted != cr0)
		write_cr0(wanted);
}

void arch_cr4_load(struct vcpu *v)
{
	uint32_t wanted = cpu_cr4_base() | (v->arch.guest_cr4 & (CR4_TSD | CR4_OSXSAVE));

	set_cr4(wanted);
	if (wanted & CR4_OSXSAVE)
		set_xcr0((uint32_t)v->arch.xcr0);
}

void fpu_save(struct vcpu *v)
{
	struct pcpu *cpu = this_cpu();

	if (cpu->fpu_owner != v)
		return;
	open_registers();
	store(v->arch.fpu);
	cpu->fpu_owner = NULL;
}

void fpu_load(struct vcpu *v)
{
	struct pcpu *cpu = this_cpu();

	if (cpu->fpu_owner != v) {
		if (cpu->fpu_owner)
			fpu_save(cpu->fpu_owner);
		open_registers();
		load(v->arch.fpu);
		cpu->fpu_owner = v;
	}
	arch_cr4_load(v);
	arch_ts_changed(v);
}

void fpu_device_not_available(struct vcpu *v)
{
	bool wanted = v->arch.ts;

	v->arch.ts = false;
	arch_ts_changed(v);
	if (wanted)
		bounce_trap(v, TRAP_NO_DEVICE, 0);
}

/* ---- images ---- */

static void disown(struct vcpu *v)
{
	for (unsigned i = 0; i < NR_CPUS; i++)
		if (pcpu[i].fpu_owner == v)
			pcpu[i].fpu_owner = NULL;
}

int fpu_alloc(struct vcpu *v)
{
	v->arch.fpu = heap_page_alloc();
	if (!v->arch.fpu)
		return -ENOMEM;
	fpu_reset(v);
	return 0;
}

void fpu_free(struct vcpu *v)
{
	disown(v);
	if (v->arch.fpu)
		heap_page_free(v->arch.fpu);
	v->arch.fpu = NULL;
}

void fpu_reset(struct vcpu *v)
{
	disown(v);
	memset(v->arch.fpu, 0, PAGE_SIZE);
	memcpy(v->arch.fpu, initial_image, sizeof(initial_image));
}

static void put32(void *image, unsigned offset, uint32_t value)
{
	memcpy((uint8_t *)image + offset, &value, sizeof(value));
}

static uint32_t get32(const void *image, unsigned offset)
{
	uint32_t value;

	memcpy(&value, (const uint8_t *)image + offset, sizeof(value));
	return value;
}

void fpu_set_image(struct vcpu *v, const void *image)
{
	void *fpu = v->arch.fpu;

	fpu_reset(v); /* the header and what lies behind it */
	if (!cpu_has_fxsr) {
		memcpy(fpu, image, FNSAVE_SIZE);
		return;
	}
	memcpy(fpu, image, FXSAVE_SIZE);
	put32(fpu, FXSAVE_MXCSR, get32(fpu, FXSAVE_MXCSR) & mxcsr_mask);
}

void fpu_get_image(struct vcpu *v, void *image)
{
	bool in_registers = this_cpu()->fpu_owner == v;

	fpu_save(v);
	memset(image, 0, FXSAVE_SIZE);
	memcpy(image, v->arch.fpu, cpu_has_fxsr ? FXSAVE_SIZE : FNSAVE_SIZE);
	if (in_registers)
		fpu_load(v);
}

/* ---- all of it, for another machine or another time (struct xen_domctl_vcpuextstate) ---- */

#define XCR0_FIRST 16u /* XCR0, what was ever in it; the XSAVE area follows */

static uint64_t get64(const void *image, unsigned offset)
{
	return (uint64_t)get32(image, offset + 4) << 32 | get32(image, offset);
}

uint64_t arch_xstate_features(void)
{
	return xcr0_mask;
}

uint32_t arch_vcpu_xstate_size(void)
{
	return xcr0_mask ? XCR0_FIRST + fpu_xsave_size(xcr0_mask) : XCR0_FIRST;
}

void arch_vcpu_get_xstate(struct vcpu *v, void *buffer)
{
	uint8_t *area = (uint8_t *)buffer + XCR0_FIRST;

	memset(buffer, 0, XCR0_FIRST);
	if (!xcr0_mask)
		return;
	fpu_save(v);
	memcpy(area, v->arch.fpu, fpu_xsave_size(xcr0_mask));
	put32(buffer, 0, (uint32_t)v->arch.xcr0);
	put32(buffer, 8, (uint32_t)v->arch.xcr0 | get32(area, XSAVE_HEADER));
}

static bool xcr0_valid(uint64_t value)
{
	return value & XCR0_X87 && (!(value & XCR0_AVX) || value & XCR0_SSE);
}

/* The form is XSAVE's, uncompacted: the header's other words are zero, or loading it would fault. */
static int check_xstate(const uint8_t *buffer)
{
	const uint8_t *area = buffer + XCR0_FIRST;
	uint64_t xcr0 = get64(buffer, 0), ever = get64(buffer, 8);
	unsigned i;

	if (!xcr0_valid(xcr0) || !xcr0_valid(ever) || ever & ~(uint64_t)xcr0_mask || xcr0 & ~ever ||
	    get64(area, XSAVE_HEADER) & ~ever)
		return -EINVAL;
	for (i = 8; i < XSAVE_HEADER_SIZE; i += 8)
		if (get64(area, XSAVE_HEADER + i))
			return -EOPNOTSUPP;
	return 0;
}

int arch_vcpu_set_xstate(struct vcpu *v, const void *buffer, uint32_t size)
{
	int rc;

	if (size < XCR0_FIRST || size > arch_vcpu_xstate_size())
		return -EINVAL;
	if (size <
	    XCR0_FIRST + XSAVE_HEADER + XSAVE_HEADER_SIZE) /* nothing, of a machine without */
		return get64(buffer, 0) || get64(buffer, 8) ? -EINVAL : 0;
	rc = check_xstate(buffer);
	if (rc)
		return rc;
	fpu_reset(v);
	memcpy(v->arch.fpu, (const uint8_t *)buffer + XCR0_FIRST, size - XCR0_FIRST);
	put32(v->arch.fpu, FXSAVE_MXCSR, get32(v->arch.fpu, FXSAVE_MXCSR) & mxcsr_mask);
	v->arch.xcr0 = get64(buffer, 0);
	return 0;
}

/* ---- XCR0 ---- */

uint64_t fpu_xcr0_mask(void)
{
	return xcr0_mask;
}

uint32_t fpu_xsave_size(uint64_t xcr0)
{
	struct cpuid_regs avx;

	if (!(xcr0 & XCR0_AVX))
		return FXSAVE_SIZE + XSAVE_HEADER_SIZE;
	avx = cpuid_count(0xd, 2); /* eax: size, ebx: offset */
	return avx.ebx + avx.eax;
}

bool fpu_set_xcr0(struct vcpu *v, uint32_t index, uint64_t value)
{
	if (index != 0 || !(v->arch.guest_cr4 & CR4_OSXSAVE))
		return false;
	if (!xcr0_valid(value) || (value & ~(uint64_t)xcr0_mask))
		return false;
	v->arch.xcr0 = value;
	arch_cr4_load(v);
	return true;
}

/* ---- boot ---- */

static INIT void find_mxcsr_mask(void)
{
	static uint8_t probe[FXSAVE_SIZE] ALIGNED(16) INITDATA = { 0 };

	if (!cpu_has_fxsr)
		return;
	__asm__ volatile("fxsave %0" : "+m"(probe));
	if (get32(probe, FXSAVE_MXCSR_MASK))
		mxcsr_mask = get32(probe, FXSAVE_MXCSR_MASK);
	if (!cpu_has_sse)
		mxcsr_mask = 0;
}

static INIT void fill_initial_image(void)
{
	put32(initial_image, 0, INITIAL_FCW);
	if (!cpu_has_fxsr) {
		put32(initial_image, 8, EMPTY_TAGS);
		return;
	}
	put32(initial_image, FXSAVE_MXCSR, INITIAL_MXCSR & mxcsr_mask);
	if (xcr0_mask)
		put32(initial_image, XSAVE_HEADER, XCR0_X87 | XCR0_SSE);
}

INIT void fpu_init(void)
{
	struct cpuid_regs size;

	write_cr0((read_cr0() | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS));
	__asm__ volatile("fninit");
	find_mxcsr_mask();
	if (cpu_has_xsave) {
		xcr0_mask = cpuid_count(0xd, 0).eax & (XCR0_X87 | XCR0_SSE | XCR0_AVX);
		open_registers();
		size = cpuid_count(0xd, 0);
		BUG_ON(size.ebx > PAGE_SIZE);
		write_cr4(cpu_cr4_base());
	}
	fill_initial_image();
}
