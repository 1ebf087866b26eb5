/* SPDX-License-Identifier: MIT */
/*
 * Disks in the control domain's memory: RAM disks, module images, and writable views of module images
 * (copy-on-write). A page takes memory when it is first written to; when there is none left the write
 * fails with -ENOSPC. What is written is gone with the last user of the disk.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0/block/block.h"

/*
 * A disk of that many sectors, a multiple of eight, that shows the image (NULL: none) and zeros behind
 * it. The image is never written to and must stay. read_only needs no memory of its own. The caller
 * registers the disk, or opens it as it is: nobody else will find it then. NULL: no memory.
 */
struct block_device *memdisk_create(const char *name, const uint8_t *image, size_t size,
				    uint64_t sectors, bool read_only);
