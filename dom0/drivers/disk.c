/* SPDX-License-Identifier: MIT */
/* Names and announcement of disks: see disk.h. */
#include "dom0/drivers/disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dom0/shell.h"

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
