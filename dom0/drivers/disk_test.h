/* SPDX-License-Identifier: MIT */
/*
 * A test of a disk, for people who wonder whether it works or how fast it is: requests of a given size
 * one after the other or all over the place, so many at a time, for some seconds. What is written is
 * known by its place, so that reading it back shows what went wrong.
 */
#pragma once

#include "dom0/block/block.h"

struct disk_test_phase {
	const char *name;
	enum block_op op;
	bool random, verify;
	uint32_t bytes; /* of a request, at most; a multiple of 4096 */
	unsigned depth; /* requests at a time */
};

struct disk_test_result {
	uint64_t requests, bytes, ns;
	uint64_t errors, mismatches; /* requests that failed; requests with wrong data */
	uint64_t first_bad;	     /* a sector, if there are any */
};

#define DISK_TEST_DEPTH_MAX 32u
#define DISK_TEST_BYTES_MAX 1048576u

/*
 * Runs one phase on the first `span` sectors of the device, until all were reached once or the time
 * is over (random: until the time is over), then calls done. One at a time. -ENOMEM.
 */
int disk_test_start(struct block_device *dev, const struct disk_test_phase *phase, uint64_t span,
		    uint64_t ns, void (*done)(const struct disk_test_result *result));
