/* SPDX-License-Identifier: MIT */
/* A save under way: what dom0/save/save*.c share. */
#pragma once

#include "dom0/guest.h"
#include "dom0/save/frames.h"
#include "dom0/save/image_disk.h"
#include "dom0/save/save.h"

struct save {
	struct guest *guest;
	struct save_options options;
	struct guest_spec spec; /* what the image says of it */
	struct image_writer writer;
	struct frames frames;
	uint32_t *p2m; /* the frames that hold its frame list: the machine's numbers, then the guest's */
	uint32_t nr_p2m;
	uint32_t next;	/* how far the present step is */
	unsigned stage; /* of the records */
};

/* ---- save_memory.c: which frames it has, and what they are ---- */
const char *save_memory_begin(struct save *save);
/* A bounded piece of it; *done says whether it was the last. */
const char *save_memory_turn(struct save *save, bool *done);
void save_memory_free(struct save *save);

/* ---- save_records.c ---- */
/* Writes what the writer takes, and no more than a turn's worth. */
const char *save_records_turn(struct save *save, bool *done);
/* The most that the image of a guest with so many pages can take. */
uint64_t save_records_size(uint64_t pages);
