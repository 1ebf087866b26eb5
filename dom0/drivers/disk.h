/* SPDX-License-Identifier: MIT */
/* What the drivers of disks share: names, the line that announces a disk, the timer that looks after it. */
#pragma once

#include "dom0/block/block.h"
#include "dom0/drivers/pci.h"

/*
 * A request that takes longer is stuck, and its device is reset; people may change it. A disk may have
 * to spin up first.
 */
extern uint64_t disk_timeout_ns;
/* A request is given to the device so many times before it fails. */
#define DISK_TRIES 2u

/*
 * Looks after a disk while it has requests: for those that take too long, and for interrupts that do
 * not arrive, which makes it look often.
 */
struct disk_watch_ops {
	/* Is something done that was not taken yet? */
	bool (*is_waiting)(void *arg);
	void (*take)(void *arg);
	/* Deals with what takes too long; false: nothing is under way any more. */
	bool (*check)(void *arg);
};

struct disk_watch {
	struct loop_timer timer;
	struct pci_device *pci;
	const struct disk_watch_ops *ops;
	void *arg;
	uint64_t interval;
	bool suspicious; /* something was done, and its interrupt may be on the way */
	uint64_t told;	 /* start of the time in which messages are counted */
	unsigned messages;
};

/* has_interrupt: false if the device was given none. */
void disk_watch_init(struct disk_watch *watch, struct pci_device *pci,
		     const struct disk_watch_ops *ops, void *arg, bool has_interrupt);
/* A request is under way. */
void disk_watch_start(struct disk_watch *watch);
/* The device's interrupt arrived. */
void disk_watch_interrupt(struct disk_watch *watch);
void disk_watch_stop(struct disk_watch *watch);

/* "NAME: WHY" in the log. Of a disk that fails again and again not every message is shown. */
void disk_tell(struct disk_watch *watch, const char *name, const char *why);

/*
 * Names the device (prefix "sd": the first free of sda, sdb, ...), registers it and says so; kind is a
 * word for people. Returns 0 or -errno, after a message.
 */
int disk_register(struct block_device *dev, const char *prefix, const char *kind);

extern const struct pci_driver virtio_blk_driver, ahci_driver;
