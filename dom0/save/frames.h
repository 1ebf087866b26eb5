/* SPDX-License-Identifier: MIT */
/*
 * Frame numbers in page tables: the guest's own in an image, the machine's in memory. A table is a copy
 * that nobody else changes; what it says is hostile all the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

#define FRAMES_NONE (~0u) /* a frame of the guest's that has no memory */
#define FRAMES_PER_PAGE 1024u

struct frames {
	uint32_t nr_pfns, nr_pages;
	uint32_t *mfns; /* by the guest's number */
	uint8_t *kinds; /* IMAGE_KIND_*, and FRAMES_PINNED */
};
#define FRAMES_PINNED 0x80u

/* False: no memory, or more than IMAGE_PFNS_MAX. */
bool frames_alloc(struct frames *frames, uint32_t nr_pfns);
void frames_free(struct frames *frames);

static inline bool frames_has(const struct frames *frames, uint32_t pfn)
{
	return pfn < frames->nr_pfns && frames->mfns[pfn] != FRAMES_NONE;
}

/*
 * The frame of the guest's that this machine frame is; FRAMES_NONE when it is none, or another than the guest says.
 * lookup() is the machine's table, which the guest can change.
 */
typedef unsigned long frames_lookup(unsigned long mfn);
uint32_t frames_pfn(const struct frames *frames, unsigned long mfn, frames_lookup *lookup);

/*
 * Rewrites the present entries of a table of that level (1 to 3). Entries in the place of the hypervisor's own, which
 * are not the guest's, become 0. False: an entry refers to what is not the guest's memory.
 */
bool frames_to_guest(const struct frames *frames, unsigned level, uint64_t *table,
		     frames_lookup *lookup);
bool frames_to_machine(const struct frames *frames, unsigned level, uint64_t *table);
