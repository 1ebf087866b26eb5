/* SPDX-License-Identifier: MIT */
/*
 * The memory of requests. Devices that use DMA get the guest's own pages: they are mapped for the device
 * alone, which costs no page-table entry here and no copy. Disks in memory get pages of a common pool,
 * which the hypervisor copies to or from the guest's.
 */
#pragma once

#include "dom0/block/blkback_ring.h"

enum blkback_memory {
	BLKBACK_READY,
	BLKBACK_WAIT,	 /* the pool is empty: the ring is kicked when it is not */
	BLKBACK_REFUSED, /* the guest did not grant these pages, or memory is short */
};

/* Fills in block.segments, for block.nr_segments of req->segments. */
enum blkback_memory blkback_memory_get(struct blkback_request *req);
/* Gives it back; after a read without an error the guest has the data. False: it cannot be given to it. */
bool blkback_memory_put(struct blkback_request *req, int error);

/* Copies segments of an indirect request; false when the guest did not grant them. */
bool blkback_copy_segments(domid_t domain, grant_ref_t ref, struct blkif_request_segment *to,
			   unsigned count);

/* The ring waits no more. */
void blkback_memory_forget(struct blkback_ring *ring);
