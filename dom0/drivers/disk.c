/* SPDX-License-Identifier: MIT */
/* Names, announcement and supervision of disks: see disk.h. */
#include "dom0/drivers/disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dom0/drivers/irq.h"
#include "dom0/shell.h"
#include "guests/pvrt/time.h"

uint64_t disk_timeout_ns = 30 * NS_PER_S;

#define CHECK_NS (500 * NS_PER_MS)
/* A completion that still waits after this time had no interrupt. */
#define MISSED_NS (10 * NS_PER_MS)
/* As often a disk is looked at whose interrupts do not arrive. */
#define POLL_NS (1 * NS_PER_MS)

/* So many messages of a disk are shown in that time. */
#define MESSAGES 5u
#define MESSAGES_NS (60 * NS_PER_S)

#define LETTERS 26u
#define SECTORS_PER_MIB (1048576u / BLOCK_SECTOR)

static bool choose_name(struct block_device *dev, const char *prefix)
{
	unsigned i;

	for (i = 0; i < LETTERS; i++) {
		snprintf(dev->name, sizeof(dev->name), "%s%c", prefix, (char)('a' + i));
		if (!block_find(dev->name))
			return true;
	}
	return false;
}

static void announce(const struct block_device *dev, const char *kind)
{
	shell_notice("%s: %llu MiB, %s, %u byte sectors%s%s", dev->name,
		     (unsigned long long)(dev->sectors / SECTORS_PER_MIB), kind,
		     (unsigned)dev->sector_size, dev->read_only ? ", read-only" : "",
		     dev->has_discard ? ", discard" : "");
}

int disk_register(struct block_device *dev, const char *prefix, const char *kind)
{
	int rc = choose_name(dev, prefix) ? 0 : -ENOSPC;

	if (!rc) {
		announce(dev, kind);
		rc = block_register(dev);
	}
	if (rc)
		shell_notice("%s: the disk cannot be used: %s", dev->name, strerror(-rc));
	return rc;
}

/* ---- supervision ---- */

void disk_watch_init(struct disk_watch *watch, struct pci_device *pci,
		     const struct disk_watch_ops *ops, void *arg, bool has_interrupt)
{
	*watch = (struct disk_watch){
		.pci = pci, .ops = ops, .arg = arg, .interval = has_interrupt ? CHECK_NS : POLL_NS
	};
}

static void look_for_missed(struct disk_watch *watch)
{
	if (!watch->ops->is_waiting(watch->arg)) {
		watch->suspicious = false;
		return;
	}
	if (watch->suspicious) {
		irq_missed(watch->pci);
		watch->interval = POLL_NS;
	}
	watch->suspicious = watch->interval != POLL_NS;
	if (!watch->suspicious)
		watch->ops->take(watch->arg);
}

static void check(void *arg)
{
	struct disk_watch *watch = arg;

	look_for_missed(watch);
	if (watch->ops->check(watch->arg) && !watch->timer.deadline)
		loop_timer_set(&watch->timer, watch->suspicious ? MISSED_NS : watch->interval,
			       check, watch);
}

void disk_watch_start(struct disk_watch *watch)
{
	if (!watch->timer.deadline)
		loop_timer_set(&watch->timer, watch->interval, check, watch);
}

void disk_watch_interrupt(struct disk_watch *watch)
{
	watch->suspicious = false;
	watch->interval = CHECK_NS;
}

void disk_watch_stop(struct disk_watch *watch)
{
	loop_timer_cancel(&watch->timer);
}

void disk_tell(struct disk_watch *watch, const char *name, const char *why)
{
	uint64_t now = loop_now();

	if (!watch->messages || now - watch->told > MESSAGES_NS) {
		watch->told = now;
		watch->messages = 0;
	}
	if (watch->messages++ < MESSAGES)
		pci_log(watch->pci, "%s: %s%s", name, why,
			watch->messages == MESSAGES ? "; more of this is not shown for a minute"
						    : "");
}
