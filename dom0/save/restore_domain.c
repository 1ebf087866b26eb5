/* SPDX-License-Identifier: MIT */
/*
 * From pages as they were saved to memory that the hypervisor takes: the guest's own frame list gets the new machine
 * frames, page tables do, and those that were pinned are pinned again, which checks them like any guest's. A
 * table that is not reached by a pinned one is checked when it is used.
 */
#include "dom0/ctl.h"
#include "dom0/memory.h"
#include "dom0/save/restore_internal.h"
#include "guests/pvrt/mm.h"

#define LEAVES_A_TURN 8u
#define TABLES_A_TURN 32u
#define LOOKS_A_TURN 16384u
/* Bits by which Linux marks entries that are not frames of its own. */
#define NOT_OWN 0xc0000000u
#define DAMAGED "the image is damaged: "

enum stage { STAGE_P2M, STAGE_TABLES, STAGE_PINS };

static unsigned table_level(const struct restore *r, uint32_t pfn)
{
	return r->frames.kinds[pfn] & ~FRAMES_PINNED;
}

/* A page that the guest could write to. */
static uint32_t *map_page(const struct restore *r, uint32_t pfn)
{
	xen_pfn_t mfn;

	if (!frames_has(&r->frames, pfn) || table_level(r, pfn))
		return NULL;
	mfn = r->frames.mfns[pfn];
	return foreign_map(r->built.domain, &mfn, 1, true);
}

static const char *fill_leaf(const struct restore *r, uint32_t index)
{
	uint32_t *leaf = map_page(r, r->p2m[index]), pfn, i;

	if (!leaf)
		return DAMAGED "its frame list is not in its memory";
	for (i = 0; i < FRAMES_PER_PAGE; i++) {
		pfn = index * FRAMES_PER_PAGE + i;
		if (frames_has(&r->frames, pfn))
			leaf[i] = r->frames.mfns[pfn];
		else if (!(leaf[i] & NOT_OWN))
			leaf[i] = FRAMES_NONE;
	}
	foreign_unmap(leaf, 1);
	return NULL;
}

static const char *fill_p2m(struct restore *r)
{
	const char *error = NULL;
	unsigned i;

	for (i = 0; i < LEAVES_A_TURN && r->next < r->memory.nr_p2m && !error; i++)
		error = fill_leaf(r, r->next++);
	if (r->next < r->memory.nr_p2m)
		return error;
	r->next = 0;
	r->stage = STAGE_TABLES;
	return error;
}

/* ---- tables ---- */

static const char *convert_table(const struct restore *r, uint32_t pfn)
{
	xen_pfn_t mfn = r->frames.mfns[pfn];
	uint64_t *table = foreign_map(r->built.domain, &mfn, 1, true);
	bool good = table && frames_to_machine(&r->frames, table_level(r, pfn), table);

	foreign_unmap(table, 1);
	return good ? NULL : DAMAGED "a page table maps what the guest does not have";
}

/* The next frame from r->next on with that in its kind, after a bounded look; false: not yet, or no more. */
static bool find_frame(struct restore *r, unsigned *looks, uint8_t mask, uint32_t *pfn)
{
	for (; r->next < r->frames.nr_pfns && *looks; r->next++, --*looks)
		if (r->frames.kinds[r->next] & mask) {
			*pfn = r->next++;
			return true;
		}
	return false;
}

static const char *convert_tables(struct restore *r)
{
	unsigned looks = LOOKS_A_TURN, i;
	const char *error = NULL;
	uint32_t pfn;

	for (i = 0; i < TABLES_A_TURN && !error; i++) {
		if (!find_frame(r, &looks, (uint8_t)~FRAMES_PINNED, &pfn))
			break;
		error = convert_table(r, pfn);
	}
	if (r->next == r->frames.nr_pfns) {
		r->next = 0;
		r->stage = STAGE_PINS;
	}
	return error;
}

static const char *pin_tables(struct restore *r, bool *done)
{
	static const unsigned commands[] = { 0, MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,
					     MMUEXT_PIN_L3_TABLE };
	struct mmuext_op ops[TABLES_A_TURN];
	unsigned looks = LOOKS_A_TURN, count = 0;
	uint32_t pfn;

	while (count < TABLES_A_TURN && find_frame(r, &looks, FRAMES_PINNED, &pfn)) {
		ops[count] = (struct mmuext_op){ .cmd = commands[table_level(r, pfn)] };
		ops[count++].arg1.mfn = r->frames.mfns[pfn];
	}
	*done = r->next == r->frames.nr_pfns;
	return count && ctl_mmuext(r->built.domain, ops, count) ? DAMAGED
		       "the hypervisor refuses its page tables"
								: NULL;
}

const char *restore_domain_turn(struct restore *r, bool *done)
{
	*done = false;
	if (r->stage == STAGE_P2M)
		return fill_p2m(r);
	if (r->stage == STAGE_TABLES)
		return convert_tables(r);
	return pin_tables(r, done);
}
