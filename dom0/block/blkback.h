/* SPDX-License-Identifier: MIT */
/*
 * Disks of guests: joins a block device, a ring (dom0/block/blkback_ring.h) and the handshake in xenstore
 * (dom0/xenbus.h, and the nodes that <xen/io/blkif.h> names).
 *
 * A disk lives from its attachment until the guest has let go of it or is gone, and everything in
 * flight has ended. The front end may close and open in between as often as it likes.
 */
#pragma once

#include <stdbool.h>

#include <xen/xen.h>

#include "dom0/block/blkback_ring.h"
#include "dom0/block/disk_spec.h"
#include "dom0/xenbus.h"

struct vbd {
	struct vbd *next;
	struct xenbus_device xenbus;
	struct disk_spec spec;
	struct block_device *disk;
	bool attached; /* the device is closed with it */
	struct blkback_ring ring;
	struct grant_page page;
	int port;
};

/*
 * Gives the guest an opened device, which is closed with the disk. NULL, or what is wrong: then the
 * device is still the caller's.
 */
const char *blkback_attach(domid_t domain, const struct disk_spec *spec, struct block_device *disk);

/* All disks, also those that end, by next; the one of that number, unless it ends; whether there is any. */
struct vbd *blkback_first(void);
struct vbd *blkback_find(domid_t domain, uint32_t number);
bool blkback_has_disks(domid_t domain);

/* Who hears when a disk of a domain has ended. */
void blkback_on_end(void (*fn)(domid_t domain));
