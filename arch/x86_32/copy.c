/* SPDX-License-Identifier: MIT */
/*
 * Copies of about a page between frames, through four SSE registers where the processor has them. They
 * hold the running guest's values (eager switching, fpu.c): saved before, put back after. Moves change
 * neither MXCSR nor what AVX adds to these registers.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/cpu.h"
#include "core/lib.h"

#define BLOCK 128u
#define WORTHWHILE 512u /* below it saving the registers costs as much */

#define REGISTER_BYTES 16u
#define REGISTERS 4u

static void copy_blocks(uint8_t *dst, const uint8_t *src, uint32_t blocks)
{
	uint8_t saved[REGISTERS][REGISTER_BYTES];

	__asm__ volatile("movups %%xmm0, (%[saved])\n\t"
			 "movups %%xmm1, 16(%[saved])\n\t"
			 "movups %%xmm2, 32(%[saved])\n\t"
			 "movups %%xmm3, 48(%[saved])\n"
			 "1:\n\t"
			 "movups (%[src]), %%xmm0\n\t"
			 "movups 16(%[src]), %%xmm1\n\t"
			 "movups 32(%[src]), %%xmm2\n\t"
			 "movups 48(%[src]), %%xmm3\n\t"
			 "movups %%xmm0, (%[dst])\n\t"
			 "movups %%xmm1, 16(%[dst])\n\t"
			 "movups %%xmm2, 32(%[dst])\n\t"
			 "movups %%xmm3, 48(%[dst])\n\t"
			 "movups 64(%[src]), %%xmm0\n\t"
			 "movups 80(%[src]), %%xmm1\n\t"
			 "movups 96(%[src]), %%xmm2\n\t"
			 "movups 112(%[src]), %%xmm3\n\t"
			 "movups %%xmm0, 64(%[dst])\n\t"
			 "movups %%xmm1, 80(%[dst])\n\t"
			 "movups %%xmm2, 96(%[dst])\n\t"
			 "movups %%xmm3, 112(%[dst])\n\t"
			 "sub $-128, %[src]\n\t"
			 "sub $-128, %[dst]\n\t"
			 "dec %[blocks]\n\t"
			 "jnz 1b\n\t"
			 "movups (%[saved]), %%xmm0\n\t"
			 "movups 16(%[saved]), %%xmm1\n\t"
			 "movups 32(%[saved]), %%xmm2\n\t"
			 "movups 48(%[saved]), %%xmm3\n\t"
			 : [src] "+r"(src), [dst] "+r"(dst), [blocks] "+r"(blocks)
			 : [saved] "r"(saved)
			 : "memory", "cc");
}

void arch_copy(void *dst, const void *src, uint32_t len)
{
	uint32_t blocks = len / BLOCK, cr0;

	if (len < WORTHWHILE || !cpu_has_sse) {
		memcpy(dst, src, len);
		return;
	}
	cr0 = read_cr0();
	if (cr0 & CR0_TS)
		clts();
	copy_blocks(dst, src, blocks);
	if (cr0 & CR0_TS)
		write_cr0(cr0);
	memcpy((uint8_t *)dst + blocks * BLOCK, (const uint8_t *)src + blocks * BLOCK, len % BLOCK);
}
