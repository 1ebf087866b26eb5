/* SPDX-License-Identifier: MIT */
/*
 * Feature bits of CPUID (SDM vol. 2, CPUID; AMD's manual vol. 3, appendix E), by leaf and register.
 */
#pragma once

/* Leaf 1, edx; where AMD repeats them in leaf 0x80000001, that too. */
#define ID1D_FPU (1u << 0)
#define ID1D_DE (1u << 2)
#define ID1D_TSC (1u << 4)
#define ID1D_MSR (1u << 5)
#define ID1D_PAE (1u << 6)
#define ID1D_MCE (1u << 7)
#define ID1D_CX8 (1u << 8)
#define ID1D_APIC (1u << 9)
#define ID1D_SEP (1u << 11)
#define ID1D_PGE (1u << 13)
#define ID1D_CMOV (1u << 15)
#define ID1D_PAT (1u << 16)
#define ID1D_CLFLUSH (1u << 19)
#define ID1D_MMX (1u << 23)
#define ID1D_FXSR (1u << 24)
#define ID1D_SSE (1u << 25)
#define ID1D_SSE2 (1u << 26)
#define ID1D_SELF_SNOOP (1u << 27)

/* Leaf 1, ecx. */
#define ID1C_SSE3 (1u << 0)
#define ID1C_PCLMULQDQ (1u << 1)
#define ID1C_SSSE3 (1u << 9)
#define ID1C_FMA (1u << 12)
#define ID1C_SSE4_1 (1u << 19)
#define ID1C_SSE4_2 (1u << 20)
#define ID1C_MOVBE (1u << 22)
#define ID1C_POPCNT (1u << 23)
#define ID1C_AES (1u << 25)
#define ID1C_XSAVE (1u << 26)
#define ID1C_OSXSAVE (1u << 27)
#define ID1C_AVX (1u << 28)
#define ID1C_F16C (1u << 29)
#define ID1C_RDRAND (1u << 30)
#define ID1C_HYPERVISOR (1u << 31)

/* Leaf 7, sub-leaf 0. */
#define ID7B_BMI1 (1u << 3)
#define ID7B_AVX2 (1u << 5)
#define ID7B_BMI2 (1u << 8)
#define ID7B_ERMS (1u << 9)
#define ID7B_RDSEED (1u << 18)
#define ID7B_ADX (1u << 19)
#define ID7B_CLFLUSHOPT (1u << 23)
#define ID7B_CLWB (1u << 24)
#define ID7B_SHA (1u << 29)
#define ID7C_GFNI (1u << 8)
#define ID7C_VAES (1u << 9)
#define ID7C_VPCLMULQDQ (1u << 10)
#define ID7D_FSRM (1u << 4)
#define ID7D_MD_CLEAR (1u << 10)
#define ID7D_ARCH_CAPABILITIES (1u << 29)

/* Leaf 0xd, sub-leaf 1, eax. */
#define IDDA_XSAVEOPT (1u << 0)
#define IDDA_XSAVEC (1u << 1)
#define IDDA_XGETBV1 (1u << 2)

/* Leaf 0x80000001, edx beyond what leaf 1 has, and ecx. */
#define IDED_NX (1u << 20)
#define IDED_MMXEXT (1u << 22)
#define IDED_3DNOWEXT (1u << 30)
#define IDED_3DNOW (1u << 31)
#define IDEC_ABM (1u << 5)
#define IDEC_SSE4A (1u << 6)
#define IDEC_MISALIGNSSE (1u << 7)
#define IDEC_3DNOWPREFETCH (1u << 8)
#define IDEC_XOP (1u << 11)
#define IDEC_FMA4 (1u << 16)
#define IDEC_TBM (1u << 21)

#define ID_INVARIANT_TSC (1u << 8) /* leaf 0x80000007, edx */
