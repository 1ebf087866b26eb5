/* SPDX-License-Identifier: MIT */
/*
 * The map cache for mm/'s own fast paths: frame_map() and frame_unmap() inline, and single reads.
 */
#pragma once

#include "arch/x86_32/arch.h"
#include "mm/page.h"

#define MAPCACHE_SLOTS (MAPCACHE_SIZE / PAGE_SIZE / NR_CPUS)
_Static_assert((MAPCACHE_SLOTS & (MAPCACHE_SLOTS - 1)) == 0, "slots are selected by a mask");

struct mapcache_slot {
	uint32_t tag; /* ~mfn; 0: never used */
	uint32_t users;
};
extern struct mapcache_slot mapcache[NR_CPUS][MAPCACHE_SLOTS];

/* The frame is not in its own slot: finds or makes a window elsewhere. */
void *mapcache_miss(mfn_t mfn);

static inline uintptr_t mapcache_va(unsigned cpu, unsigned i)
{
	return MAPCACHE_START + ((uintptr_t)cpu * MAPCACHE_SLOTS + i) * PAGE_SIZE;
}

static inline void *window_open(mfn_t mfn)
{
	unsigned i = mfn % MAPCACHE_SLOTS;
	struct mapcache_slot *slot = &mapcache[cpu_id()][i];

	if (unlikely(slot->tag != ~mfn))
		return mapcache_miss(mfn);
	slot->users++;
	return (void *)mapcache_va(cpu_id(), i);
}

static inline void window_close(const void *va)
{
	unsigned i = ((uintptr_t)va - MAPCACHE_START) / PAGE_SIZE;

	ASSERT(i < MAPCACHE_SLOTS * NR_CPUS && (&mapcache[0][0])[i].users);
	(&mapcache[0][0])[i].users--;
}

/*
 * One entry of a page table. Nothing can take the window away within this, so it needs no user
 * count.
 */
static inline pte_t window_read_pte(mfn_t mfn, unsigned index)
{
	unsigned i = mfn % MAPCACHE_SLOTS;
	const pte_t *table;
	pte_t entry;

	if (likely(mapcache[cpu_id()][i].tag == ~mfn))
		return ((const pte_t *)mapcache_va(cpu_id(), i))[index];
	table = mapcache_miss(mfn);
	entry = table[index];
	window_close(table);
	return entry;
}
