/* SPDX-License-Identifier: MIT */
/*
 * Images on block devices, a chunk at a time from the event loop. Header and records as in image.h; what is
 * in the way on a device is recognised before anything is written.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dom0/block/block.h"
#include "dom0/save/image.h"

/* ---- one chunk ---- */

struct image_chunk {
	struct block_request req;
	struct block_segment segments[IMAGE_CHUNK / IMAGE_PAGE];
	uint8_t *data; /* IMAGE_CHUNK bytes, whole pages */
	bool busy;
};

bool image_chunk_alloc(struct image_chunk *chunk);
/* Not while it is busy. */
void image_chunk_free(struct image_chunk *chunk);
/* Whole pages at an offset of whole pages; done() is called later, from the event loop. bytes 0: flush. */
void image_chunk_start(struct image_chunk *chunk, struct block_device *dev, enum block_op op,
		       uint64_t offset, uint32_t bytes,
		       void (*done)(struct block_request *req, int error), void *arg);

/* ---- the device ---- */

/* Opens a disk or partition for one user alone. NULL, or why that cannot be (valid until the next call). */
enum image_access { IMAGE_WRITE, IMAGE_WRITE_IF_POSSIBLE };
const char *image_open(const char *name, enum image_access access, struct block_device **dev,
		       bool *writable);

/* ---- what is on the device already ---- */

/* The first IMAGE_PROBE bytes of a device: what somebody keeps there; NULL: nothing is recognised. */
#define IMAGE_PROBE IMAGE_CHUNK
const char *image_recognise(const uint8_t *bytes, uint64_t length);

/* ---- writing ---- */

#define IMAGE_WRITER_CHUNKS 4u

struct image_writer {
	struct block_device *dev; /* open for writing, the owner's */
	struct image_chunk chunks[IMAGE_WRITER_CHUNKS];
	struct image_header header;
	unsigned current, running; /* the chunk being filled; those being written */
	uint32_t used;		   /* bytes of the current one */
	uint64_t offset;	   /* of the current one on the device */
	int error;
	void (*wake)(void *arg); /* something may go on: from the event loop */
	void *arg;
};

/* False: not enough memory. */
bool image_writer_init(struct image_writer *writer, struct block_device *dev,
		       void (*wake)(void *arg), void *arg);
/* Not while image_writer_busy(). */
void image_writer_free(struct image_writer *writer);

/* Writes the header in the state given, behind a flush and before one. wake() is called behind it. */
void image_writer_header(struct image_writer *writer, enum image_state state);
/* Room for a record of any kind? Otherwise wake() is called when there is. */
bool image_writer_ready(const struct image_writer *writer);
/* One record in pieces: its head, then as many bytes as it says. */
void image_writer_record(struct image_writer *writer, enum image_type type, uint32_t length);
void image_writer_bytes(struct image_writer *writer, const void *bytes, uint32_t length);
/* Pads the record to its end. */
void image_writer_pad(struct image_writer *writer, uint32_t length);
/* Sends what is left. */
void image_writer_finish(struct image_writer *writer);
static inline bool image_writer_busy(const struct image_writer *writer)
{
	return writer->running > 0;
}
