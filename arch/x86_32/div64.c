/* SPDX-License-Identifier: MIT */
/*
 * 64-bit division, under the names by which GCC calls it on i386. Libgcc's own would not do: the
 * hypervisor is compiled with arguments in registers, and these calls follow suit.
 */
#include "core/types.h"

uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *rem);
uint64_t __udivdi3(uint64_t n, uint64_t d);
uint64_t __umoddi3(uint64_t n, uint64_t d);

/* (high:low) / d, for high < d. */
static inline uint32_t divide(uint32_t high, uint32_t low, uint32_t d, uint32_t *rem)
{
	uint32_t q;

	__asm__("divl %4" : "=a"(q), "=d"(*rem) : "0"(low), "1"(high), "rm"(d) : "cc");
	return q;
}

/*
 * With a divisor of more than 32 bits the quotient fits 32: estimated from the leading bits, at
 * most one too large before it is decremented, then put right.
 */
static uint64_t divide_by_large(uint64_t n, uint64_t d)
{
	unsigned shift = __builtin_clz((uint32_t)(d >> 32));
	uint64_t half = n >> 1;
	uint32_t rem, q;

	q = divide((uint32_t)(half >> 32), (uint32_t)half, (uint32_t)(d << shift >> 32), &rem);
	q = (uint32_t)((uint64_t)q << shift >> 31);
	if (q)
		q--;
	return n - q * d >= d ? q + 1ull : q;
}

uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *rem)
{
	uint32_t d32 = (uint32_t)d, high, low, r;
	uint64_t q;

	if (d >> 32) {
		q = divide_by_large(n, d);
		if (rem)
			*rem = n - q * d;
		return q;
	}
	high = (uint32_t)(n >> 32) / d32;
	low = divide((uint32_t)(n >> 32) % d32, (uint32_t)n, d32, &r);
	if (rem)
		*rem = r;
	return (uint64_t)high << 32 | low;
}

uint64_t __udivdi3(uint64_t n, uint64_t d)
{
	return __udivmoddi4(n, d, NULL);
}

uint64_t __umoddi3(uint64_t n, uint64_t d)
{
	uint64_t rem;

	__udivmoddi4(n, d, &rem);
	return rem;
}
