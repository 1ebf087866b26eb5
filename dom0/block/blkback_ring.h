/* SPDX-License-Identifier: MIT */
/*
 * The back end's side of a block ring (<xen/io/blkif.h>): takes requests, checks them, passes them on to
 * a block device, answers. The shared page is the guest's: every word of it may change at any time.
 * A request is copied once and only the copy is used; so are the segments of an indirect one.
 *
 * Sectors in requests, in segments and in the "sectors" node have 512 bytes whatever "sector-size" says,
 * as Linux and all who follow it mean them.
 *
 * A flush that failed has lost what was written before it, and Linux's front end, once it is told of that, sends no
 * flush any more and believes that each write is safe. So writes fail from then on, until it connects anew.
 *
 * Bounds: as many requests are in flight as the ring has slots, a turn of the loop takes a few, and the
 * memory of each is limited by max_segments. Every ring has one piece of work in the loop's queue, so
 * that rings get equal turns.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/io/blkif.h>

#include "dom0/block/block.h"
#include "dom0/grants.h"
#include "dom0/loop.h"

/* Of one indirect request; they fit into one page. */
#define BLKBACK_MAX_SEGMENTS 128u
/* Requests that a ring of one page has room for. */
#define BLKBACK_RING_SIZE 32u
/*
 * How a flush has failed. Linux takes BLKIF_RSP_ERROR, as the answer to a flush, for "not supported" and reports
 * success; every other status that is none of <xen/io/blkif.h> is an I/O error there, as in other front ends.
 */
#define BLKBACK_FLUSH_FAILED (-5)

struct blkback_ring;

/* A checked segment: part of one granted page. */
struct blkback_segment {
	grant_ref_t ref;
	uint16_t offset, length;
};

struct blkback_request {
	struct block_request block;
	struct blkback_ring *ring;
	struct blkback_request *next; /* free */
	uint64_t id;
	uint8_t operation; /* for the answer */
	unsigned room;	   /* segments that the arrays have room for */
	struct blkback_segment *segments;
	struct block_segment *block_segments;
	struct grant_dma *dma;
};

struct blkback_ring_ops {
	/* Wakes the front end. */
	void (*notify)(void *arg);
	/* The front end broke the protocol; the ring has stopped taking requests. Called from the loop. */
	void (*broken)(void *arg, const char *why);
	/* After blkback_ring_stop() said false: the last request has ended. Called from the loop. */
	void (*idle)(void *arg);
};

struct blkback_statistics {
	uint64_t reads, writes, flushes, discards, read_sectors, write_sectors, errors;
};

/* Zeroed before blkback_ring_init(); the first part is set by its arguments and constant. */
struct blkback_ring {
	struct block_device *disk;
	domid_t domain;
	bool read_only, discard;
	unsigned max_segments;
	const struct blkback_ring_ops *ops;
	void *arg;

	blkif_back_ring_t ring;		 /* sring NULL: stopped */
	bool halted;			 /* broken: nothing more is taken */
	bool flush_failed;		 /* writes fail, too */
	struct blkback_request *barrier; /* under way: nothing else is */
	struct block_request flush;	 /* before and after its data */
	bool written;			 /* its data: the flush is the second */
	unsigned in_flight;
	struct blkback_request *free;
	struct blkback_request *parked; /* waits for memory, before all others */
	struct blkback_ring *next_waiting;
	bool waiting;
	struct blkback_request requests[BLKBACK_RING_SIZE];
	struct loop_work work;
	struct blkback_statistics statistics;
};

void blkback_ring_init(struct blkback_ring *ring, struct block_device *disk, domid_t domain,
		       const struct blkback_ring_ops *ops, void *arg);
/* Frees what it holds, not itself; nothing is in flight. */
void blkback_ring_destroy(struct blkback_ring *ring);

/* Serves the shared page from now on. Not while something is in flight from before. */
void blkback_ring_start(struct blkback_ring *ring, blkif_sring_t *page);
/* Never touches the page again. False when requests are in flight: idle() follows. */
bool blkback_ring_stop(struct blkback_ring *ring);

/* The front end has called, or there is memory again. */
void blkback_ring_kick(struct blkback_ring *ring);
