/* SPDX-License-Identifier: MIT */
/*
 * The map cache: a window of one page per slot, per CPU, onto any frame. A frame's slot follows
 * from its number, so the usual request finds its window still mapped and only counts a user.
 * While a slot is in use by another frame, a request goes to one of the next slots.
 *
 * Slots are per CPU and the hypervisor does not preempt itself: no lock. An interrupt handler may
 * open windows, as long as it closes them.
 */
#include "mm/window.h"

/* How far from its own slot a frame may end up. More windows are never open at once. */
#define MAX_PROBES 64

struct mapcache_slot mapcache[NR_CPUS][MAPCACHE_SLOTS];

/* An unused slot, the frame's own if possible; or one that has it already. */
static unsigned find_slot(const struct mapcache_slot *slot, mfn_t mfn)
{
	unsigned probe, i;

	for (probe = 0; probe < MAX_PROBES; probe++) {
		i = (mfn + probe) % MAPCACHE_SLOTS;
		if (slot[i].users == 0 || slot[i].tag == ~mfn)
			return i;
	}
	BUG();
}

void *mapcache_miss(mfn_t mfn)
{
	struct mapcache_slot *slot = mapcache[cpu_id()];
	unsigned i = find_slot(slot, mfn);

	if (slot[i].tag != ~mfn) {
		hv_map_page(mapcache_va(cpu_id(), i), mfn, PTE_P | PTE_RW);
		slot[i].tag = ~mfn;
	}
	slot[i].users++;
	return (void *)mapcache_va(cpu_id(), i);
}

void *frame_map(mfn_t mfn)
{
	return window_open(mfn);
}

void frame_unmap(const void *va)
{
	window_close(va);
}
