/* SPDX-License-Identifier: MIT */
/*
 * What a disk description can name: a device or partition of this machine ("vda", "sda2"), a module
 * ("root.img", only for reading), "cow:MODULE" (a writable view of it, kept in memory), or "ram:SIZE".
 */
#pragma once

#include "dom0/block/block.h"
#include "dom0/block/disk_spec.h"

/* Opens it as the description asks. NULL, or why it cannot be (valid until the next call). */
const char *target_open(const struct disk_spec *spec, struct block_device **device);
