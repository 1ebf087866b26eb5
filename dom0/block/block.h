/* SPDX-License-Identifier: MIT */
/*
 * Block devices of the control domain: what drivers offer and what back ends use.
 *
 * A driver fills in a struct block_device and registers it; a user opens it and submits requests.
 * Nothing waits: a request ends by its done() being called from the event loop, later than the
 * submit, whatever happens. Units are sectors of BLOCK_SECTOR bytes, also where the device's own
 * (logical) sectors are larger.
 *
 * Durability: the completion of a FLUSH means that every write which had completed before the flush
 * was submitted is on the medium. A flush orders nothing else: who needs that waits for completions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0/loop.h"

#define BLOCK_SECTOR 512u
#define BLOCK_NAME_MAX 64

/* What every driver must be able to take in one request. */
#define BLOCK_MIN_SEGMENTS 32u
#define BLOCK_MIN_SECTORS 256u

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH,   /* no sectors, no segments */
	BLOCK_DISCARD, /* any number of sectors, but no segments */
};

/* Memory of a request: part of one page, its length a multiple of BLOCK_SECTOR. */
struct block_segment {
	void *data;	/* NULL allowed unless the device has needs_data */
	uint64_t maddr; /* machine address, for DMA */
	uint32_t length;
};

/*
 * The submitter owns the structure and the memory that it names; both stay until done() is called.
 * From block_submit() to done() only next, device and error are changed, and sector, which becomes
 * the one of the device behind a partition.
 */
struct block_request {
	struct block_request *next;
	struct block_device *device;
	enum block_op op;
	uint64_t sector;
	uint32_t count;
	struct block_segment *segments;
	unsigned nr_segments;
	int error;
	/* error: 0 or -errno. May submit anew, and free the request. */
	void (*done)(struct block_request *req, int error);
	void *arg;
};

struct block_ops {
	/*
	 * Starts a checked request and says true, or false when the device is full: then it is asked
	 * again after block_kick() or the next block_complete(). Never fails otherwise: errors go to
	 * block_complete(), which may be called from inside.
	 */
	bool (*submit)(struct block_device *dev, struct block_request *req);
	/* The last user of an unregistered device is gone; frees it. May be NULL. */
	void (*release)(struct block_device *dev);
};

struct block_device {
	/* Set by the driver before block_register(), and constant from then on. */
	char name[BLOCK_NAME_MAX];
	uint64_t sectors;		     /* of BLOCK_SECTOR bytes */
	uint32_t sector_size, physical_size; /* bytes; 512 or 4096, physical a multiple */
	bool read_only, has_flush, has_discard;
	bool needs_data; /* reads and writes memory itself: segments must have an address */
	unsigned max_segments;
	uint32_t max_sectors; /* of BLOCK_SECTOR bytes */
	const struct block_ops *ops;
	void *driver;

	/* A partition: its requests go to the device that it lies on. */
	struct block_device *parent;
	uint64_t start;

	/* The list's own. */
	struct block_device *next;
	bool registered, failed;
	unsigned readers, writers;
	unsigned inner_readers, inner_writers; /* of its partitions */
	struct block_request *queue, **queue_tail;
	uint64_t reads, writes, read_sectors, write_sectors, errors;
};

/* ---- for drivers ---- */

/*
 * Adds a device to the list and looks for partitions on it. Returns -EEXIST for a name that is taken,
 * -EINVAL for a geometry that makes no sense.
 */
int block_register(struct block_device *dev);
/* The device is gone: its requests and those that come fail with -EIO. Partitions go with it. */
void block_unregister(struct block_device *dev);

/* Ends a request that was given to the driver; done() is called later, from the event loop. */
void block_complete(struct block_request *req, int error);
/* The device has room again. */
void block_kick(struct block_device *dev);

/*
 * Brackets what is still being found out: drivers that probe across several turns of the loop hold
 * guests back until they are done. block_when_probed() calls fn once, when nothing is held.
 */
void block_probe_begin(void);
void block_probe_end(void);
void block_when_probed(void (*fn)(void));

/* ---- for users ---- */

struct block_device *block_find(const char *name);
struct block_device *block_first(void); /* and then dev->next */

/*
 * Opens for reading, or for writing too; a device that is not registered as well. A writer wants the device, what it lies on and its
 * partitions for itself: -EBUSY; share lifts that. -EROFS: cannot be written.
 */
enum block_share { BLOCK_EXCLUSIVE, BLOCK_SHARED };
int block_open(struct block_device *dev, bool write, enum block_share share);
/* After every request of this user has ended. */
void block_close(struct block_device *dev, bool write);

/*
 * Checks range, alignment, rights and size, and passes the request on. Always ends in done(): with
 * -EINVAL, -EROFS, -EOPNOTSUPP (flush and discard that the device does not have) or -EIO.
 */
void block_submit(struct block_device *dev, struct block_request *req);
