/* SPDX-License-Identifier: MIT */
/*
 * Spin locks and reference arithmetic. The hypervisor runs with interrupts off but for its explicit
 * preemption points, where no lock may be held; so a lock never needs to mask interrupts.
 *
 * Lock order (outermost first): domain list > domain page_lock > grant table > event
 * channels of the lower domid > of the higher > physical interrupts > scheduler queue >
 * timer heap > page allocator > map cache > console.
 */
#pragma once

#include "core/panic.h"
#include "core/types.h"

typedef struct {
	volatile uint32_t held;
} spinlock_t;

#define SPINLOCK_INIT \
	{             \
		0     \
	}

static inline void spin_lock_init(spinlock_t *l)
{
	l->held = 0;
}

static inline bool spin_trylock(spinlock_t *l)
{
	if (NR_CPUS > 1)
		return __atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE) == 0;
	return l->held ? false : (l->held = 1);
}

static inline void spin_lock(spinlock_t *l)
{
	while (unlikely(!spin_trylock(l))) {
		/* With one CPU a held lock can only be our own: a deadlock, not contention. */
		BUG_ON(NR_CPUS == 1);
		__builtin_ia32_pause();
	}
}

static inline void spin_unlock(spinlock_t *l)
{
	ASSERT(l->held);
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

static inline bool spin_is_locked(const spinlock_t *l)
{
	return l->held != 0;
}

/*
 * Compare and swap that reports the value found, as the processor's; for the hypervisor's own
 * memory only. With one CPU nothing can come between two of its instructions, and then most
 * counting is a plain addition.
 */
static inline uint32_t cmpxchg32(uint32_t *p, uint32_t old, uint32_t new)
{
	if (NR_CPUS > 1)
		__atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
	else if (*p == old)
		*p = new;
	else
		old = *p;
	return old;
}

/* One store of eight bytes that no reader sees half of; a plain one may be two instructions. */
static inline void store64_atomic(uint64_t *p, uint64_t value)
{
	uint64_t old;

	/*
	 * The __atomic form would call a library, because i386 aligns the type to four bytes only.
	 */
	do
		old = *p;
	while (!__sync_bool_compare_and_swap(p, old, value));
}

/*
 * Bit arrays that a guest may write at the same time (event channel bits):
 * bitwise atomics, bit < 32 * words.
 */
static inline bool atomic_test_and_set_bit(volatile void *base, unsigned bit)
{
	volatile uint32_t *word = (volatile uint32_t *)base + bit / 32;
	uint32_t mask = 1u << (bit % 32);

	return __atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST) & mask;
}

static inline bool atomic_test_and_clear_bit(volatile void *base, unsigned bit)
{
	volatile uint32_t *word = (volatile uint32_t *)base + bit / 32;
	uint32_t mask = 1u << (bit % 32);

	return __atomic_fetch_and(word, ~mask, __ATOMIC_SEQ_CST) & mask;
}

static inline bool test_bit(const volatile void *base, unsigned bit)
{
	return ((const volatile uint32_t *)base)[bit / 32] >> (bit % 32) & 1;
}

/*
 * Bounds a guest-supplied index also on mispredicted paths: index when index < size, else
 * 0. The empty asm hides from the compiler what it knows about index after a bounds
 * check; else it would prove the mask away.
 */
static inline uint32_t index_nospec(uint32_t index, uint32_t size)
{
	uint32_t mask;

	__asm__("" : "+r"(index));
	mask = (uint32_t)((int32_t)(~(index | (size - 1u - index))) >> 31);
	return index & mask;
}
