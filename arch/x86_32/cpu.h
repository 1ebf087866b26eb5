/* SPDX-License-Identifier: MIT */
/*
 * What this processor can do, what of it a guest is told (CPUID, MSRs, CR4), and the floating-point
 * state.
 */
#pragma once

#include <stdint.h>

#include <xen/arch-x86/cpufeatureset.h>

#include "core/types.h"

struct vcpu;
struct domain;
struct vcpu_guest_context;

/*
 * The bit of a feature within its CPUID register; on AMD leaf 0x80000001 repeats some of leaf 1's.
 * Names and places are Xen's.
 */
#define FEATURE(name) (1u << XEN_X86_FEATURE_##name % 32)

/* ---- features (cpuid.c), fixed by cpu_init_features() ---- */
extern bool cpu_has_nx, cpu_has_pge, cpu_has_de, cpu_has_apic, cpu_has_fxsr, cpu_has_sse,
	cpu_has_xsave, cpu_has_pat, cpu_has_msr;
extern bool cpu_is_intel, cpu_is_amd;
extern uint8_t cpu_phys_bits; /* width of a machine address */
extern uint8_t cpu_family, cpu_model;
/* Is it one of these models of Intel's family 6? */
bool cpu_is_intel_model(const uint8_t *models, unsigned count);
/* It says that speculation respects privilege and presence (IA32_ARCH_CAPABILITIES.RDCL_NO). */
bool cpu_has_rdcl_no(void);

/*
 * Boot, on every CPU, once messages are possible: panics naming each feature that is missing; sets
 * the bits of CR0, CR4 and EFER that the hypervisor itself runs with.
 */
void cpu_init_features(void);
/* The CR4 that the hypervisor wants while no guest has a say. */
uint32_t cpu_cr4_base(void);

/* ---- CPUID as the running domain sees it (cpuid_policy.c); out: eax, ebx, ecx, edx ---- */
void guest_cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4]);

/* ---- MSRs (msr.c). False: #GP is due. ---- */
bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value) MUST_CHECK;
bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value) MUST_CHECK;
/* rdmsr that survives an MSR which the processor lacks; false then. */
bool rdmsr_safe(uint32_t msr, uint64_t *value) MUST_CHECK;

/* ---- CR0 and CR4 of a guest (cr.c) ---- */
uint32_t guest_read_cr0(const struct vcpu *v);
uint32_t guest_read_cr4(const struct vcpu *v);
/* What of `value` a guest may choose; the rest is taken from the hypervisor's. */
uint32_t guest_cr4_clean(uint32_t value);
/* Puts the bits of v->arch.guest_cr4 in force; v is current. Part of a switch of vCPUs. */
void arch_cr4_load(struct vcpu *v);

/* ---- floating point, SSE, AVX (fpu.c) ---- */
/* Boot: which instruction saves, how large an image is, the initial one. */
void fpu_init(void);
/* v's image, a heap page in v->arch.fpu, in its initial state. 0 or -ENOMEM. */
int fpu_alloc(struct vcpu *v) MUST_CHECK;
void fpu_free(struct vcpu *v);
/*
 * Makes the registers v's, saving whose they were; sets CR0.TS as v wants it. Part of a switch of
 * vCPUs; not needed for the idle one.
 */
void fpu_load(struct vcpu *v);
/* Brings v's image in memory up to date. */
void fpu_save(struct vcpu *v);
/* Initial state; v is not running. */
void fpu_reset(struct vcpu *v);
/*
 * An FXSAVE (or FNSAVE, by the processor) image in the form of the ABI, 512 bytes. Hostile input:
 * made loadable. v is not running.
 */
void fpu_set_image(struct vcpu *v, const void *image);
void fpu_get_image(struct vcpu *v, void *image);
/* #NM from a guest: bounces it and clears TS, as Xen does, or just clears a stale TS. */
void fpu_device_not_available(struct vcpu *v);
/* XCR0. False: #GP is due. */
bool fpu_set_xcr0(struct vcpu *v, uint32_t index, uint64_t value) MUST_CHECK;
#define XCR0_X87 1u
#define XCR0_SSE 2u
#define XCR0_AVX 4u
/* Components that a guest may enable; bytes of an XSAVE area for them. */
uint64_t fpu_xcr0_mask(void);
uint32_t fpu_xsave_size(uint64_t xcr0);
