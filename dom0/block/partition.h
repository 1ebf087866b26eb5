/* SPDX-License-Identifier: MIT */
/*
 * Partition tables: GPT (UEFI specification, 5.3) and MBR with logical partitions. What a disk says is
 * hostile input: a guest may have written it. Partitions that reach beyond the disk, overlap each
 * other, or are in a table with a wrong checksum are refused with a line in the log, all of that table.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dom0/block/block.h"

/*
 * Reads the disk's partition table and registers a device for each partition, named like the disk with
 * the partition's number behind it ("vda1", and "nvme0p1" where the name ends with a digit). Holds back
 * guests until that is done (block_probe_begin()).
 */
void partition_scan(struct block_device *disk);
