/* SPDX-License-Identifier: MIT */
/* Page tables between machine and image: see frames.h. */
#include "dom0/save/frames.h"

#include <stdlib.h>

#include "dom0/save/image.h"

#define ENTRIES 512u
#define L3_ENTRIES 4u
#define PRESENT 1u
#define FRAME_SHIFT 12
#define FRAME_BITS 0x000ffffffffff000ull
/* Entries from here on in the last directory of an address space are the hypervisor's. */
#define L2_SHIFT 21
#define L2_FIRST_HV (__HYPERVISOR_VIRT_START >> L2_SHIFT & (ENTRIES - 1))

bool frames_alloc(struct frames *frames, uint32_t nr_pfns)
{
	uint32_t i;

	*frames = (struct frames){ .nr_pfns = nr_pfns };
	if (!nr_pfns || nr_pfns > IMAGE_PFNS_MAX)
		return false;
	frames->mfns = malloc(nr_pfns * sizeof(*frames->mfns));
	frames->kinds = calloc(nr_pfns, 1);
	if (!frames->mfns || !frames->kinds) {
		frames_free(frames);
		return false;
	}
	for (i = 0; i < nr_pfns; i++)
		frames->mfns[i] = FRAMES_NONE;
	return true;
}

void frames_free(struct frames *frames)
{
	free(frames->mfns);
	free(frames->kinds);
	*frames = (struct frames){ 0 };
}

uint32_t frames_pfn(const struct frames *frames, unsigned long mfn, frames_lookup *lookup)
{
	unsigned long pfn = lookup(mfn);

	return pfn < frames->nr_pfns && frames->mfns[pfn] == mfn ? (uint32_t)pfn : FRAMES_NONE;
}

/* ---- tables ---- */

static unsigned entries(unsigned level)
{
	return level == 3 ? L3_ENTRIES : ENTRIES;
}

static bool is_hypervisors(unsigned level, unsigned index)
{
	return level == 2 && index >= L2_FIRST_HV;
}

static uint64_t with_frame(uint64_t entry, uint32_t frame)
{
	return (entry & ~FRAME_BITS) | (uint64_t)frame << FRAME_SHIFT;
}

/* FRAMES_NONE: beyond any frame there is. */
static uint32_t frame_of(uint64_t entry)
{
	uint64_t frame = (entry & FRAME_BITS) >> FRAME_SHIFT;

	return frame < FRAMES_NONE ? (uint32_t)frame : FRAMES_NONE;
}

bool frames_to_guest(const struct frames *frames, unsigned level, uint64_t *table,
		     frames_lookup *lookup)
{
	uint32_t pfn;
	unsigned i;

	for (i = 0; i < entries(level); i++) {
		if (!(table[i] & PRESENT))
			continue;
		pfn = frames_pfn(frames, frame_of(table[i]), lookup);
		if (pfn != FRAMES_NONE)
			table[i] = with_frame(table[i], pfn);
		else if (is_hypervisors(level, i))
			table[i] = 0;
		else
			return false;
	}
	return true;
}

bool frames_to_machine(const struct frames *frames, unsigned level, uint64_t *table)
{
	uint32_t pfn;
	unsigned i;

	for (i = 0; i < entries(level); i++) {
		if (!(table[i] & PRESENT))
			continue;
		pfn = frame_of(table[i]);
		if (frames_has(frames, pfn))
			table[i] = with_frame(table[i], frames->mfns[pfn]);
		else if (is_hypervisors(level, i))
			table[i] = 0;
		else
			return false;
	}
	return true;
}
