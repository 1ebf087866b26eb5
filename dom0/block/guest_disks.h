/* SPDX-License-Identifier: MIT */
/*
 * The disks that a guest's description asks for: opened before the domain is built, so that a target that
 * is missing or in use stops the start, attached when it has a store, closed when it is gone.
 */
#pragma once

#include <stdbool.h>

#include "dom0/block/block.h"
#include "dom0/block/disk_spec.h"

struct guest;
struct guest_spec;

struct guest_disks {
	unsigned count;
	struct block_device *devices[DISK_SPECS_MAX];
};

/* All or nothing. NULL, or what is wrong. */
const char *guest_disks_open(const struct guest_spec *spec, struct guest_disks *disks);
void guest_disks_close(const struct guest_spec *spec, const struct guest_disks *disks);
/* Gives them to the new guest. NULL, or what is wrong: then those that are left are closed. */
const char *guest_disks_attach(struct guest *guest, const struct guest_disks *disks);

/* One more, or one less, while it runs; its description follows. NULL, or what is wrong. */
const char *guest_disk_add(struct guest *guest, const struct disk_spec *spec);
const char *guest_disk_remove(struct guest *guest, uint32_t number, bool force);
