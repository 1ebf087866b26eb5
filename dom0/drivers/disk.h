/* SPDX-License-Identifier: MIT */
/* What the drivers of disks share: names, the line that announces a disk, how long one may take. */
#ifndef DOM0_DRIVERS_DISK_H
#define DOM0_DRIVERS_DISK_H

#include "dom0/block/block.h"
#include "dom0/drivers/pci.h"

/* A request that takes longer is stuck: its device is reset. A disk may have to spin up first. */
#define DISK_TIMEOUT_NS 30000000000ULL
/* How often that is looked after while requests are under way. */
#define DISK_CHECK_NS 500000000ULL
/* A completion that still waits after this time had no interrupt. */
#define DISK_MISSED_NS 10000000ULL
/* As often a disk is looked at whose interrupts do not arrive. */
#define DISK_POLL_NS 1000000ULL
/* A request is given to the device so many times before it fails. */
#define DISK_TRIES 2u

/*
 * Names the device (prefix "sd": the first free of sda, sdb, ...), registers it and says so; kind is a
 * word for people. Returns 0 or -errno, after a message.
 */
int disk_register(struct block_device *dev, const char *prefix, const char *kind);

extern const struct pci_driver virtio_blk_driver;

#endif
