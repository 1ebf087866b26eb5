/* SPDX-License-Identifier: MIT */
/* One entry of `disk = [ ... ]`, in the syntax of xl-disk-configuration(5). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DISK_TARGET_MAX 64
#define DISK_VDEV_MAX 16
#define DISK_SPECS_MAX 16u

struct disk_spec {
	char target[DISK_TARGET_MAX];
	char vdev[DISK_VDEV_MAX]; /* as it was written */
	uint32_t number;	  /* what the front end knows it by */
	bool write, share, cdrom;
	bool no_discard;
};

/*
 * "TARGET, FORMAT, VDEV, ACCESS" and KEY=VALUE words behind or in place of them. NULL, or what is wrong
 * with it.
 */
const char *disk_spec_parse(struct disk_spec *spec, const char *text);

/* The number of "xvda1", "sda", "hdc2", "d0p1" or a plain number; false when it is none. */
bool disk_vdev_number(const char *vdev, uint32_t *number);
