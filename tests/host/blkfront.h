/* SPDX-License-Identifier: MIT */
/*
 * A simulated guest with granted pages and a block ring, and a simulated disk that ends its requests when
 * it is told to, for tests of the block back end. dom0/grants.h is what it takes the place of.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/io/blkif.h>

#include "dom0/block/blkback_ring.h"
#include "dom0/block/block.h"

#define FRONT_PAGES 48u
#define FRONT_PAGE 4096u
#define FRONT_DOMAIN 7u
#define FRONT_DISK_SECTORS 1024u

/* What the guest grants by its reference: the page of the same number. */
enum front_grant { FRONT_REVOKED, FRONT_READ_ONLY, FRONT_WRITABLE };

struct front {
	uint8_t *pages[FRONT_PAGES];
	enum front_grant grants[FRONT_PAGES];
	blkif_sring_t *page; /* the ring, a page of its own */
	struct blkback_ring ring;
	unsigned notified, idle;
	const char *broken;
};

extern struct front front;

/* Everything anew, the ring started on the simulated disk or on another. All pages are granted. */
void front_begin(struct block_device *disk);
/* Stops, lets everything end and checks that nothing is left. */
void front_end(void);

/* Adds a request to the ring without telling; NULL when it is full. */
blkif_request_t *front_add(void);
/* Tells. */
void front_push(void);
/* The answer to the oldest request that has not been looked at; NULL: none yet. */
const blkif_response_t *front_answer(void);

/* Mappings for devices that exist now. */
unsigned front_mapped(void);

/* ---- the disk: reads and writes through machine addresses, which are the simulation's pointers ---- */

extern struct block_device front_disk;
extern uint8_t front_disk_bytes[FRONT_DISK_SECTORS * BLOCK_SECTOR];

/* Requests that it holds. */
unsigned front_disk_held(void);
/* Ends the oldest, with its data moved unless there is an error. */
void front_disk_end(int error);
