/* SPDX-License-Identifier: MIT */
/* Verbs about disks: testing one, and how long one may take. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/drivers/disk.h"
#include "dom0/drivers/disk_test.h"
#include "dom0/shell.h"
#include "guests/pvrt/time.h"

#define DEFAULT_SECONDS 3u
#define MAX_SECONDS 3600u
#define DISCARD_SECTORS (1u << 21) /* 1 GiB at a time */

static const struct disk_test_phase read_phases[] = {
	{ "sequential read, 1 MiB", BLOCK_READ, false, false, 1048576, 4 },
	{ "random read, 4 KiB", BLOCK_READ, true, false, 4096, 32 },
	{ NULL, 0, false, false, 0, 0 },
};

/* Random reads find what the writes before have left, so each is compared. */
static const struct disk_test_phase write_phases[] = {
	{ "sequential write, 1 MiB", BLOCK_WRITE, false, false, 1048576, 4 },
	{ "sequential read, compared", BLOCK_READ, false, true, 1048576, 4 },
	{ "random write, 4 KiB", BLOCK_WRITE, true, false, 4096, 32 },
	{ "random read, compared", BLOCK_READ, true, true, 4096, 32 },
	{ NULL, 0, false, false, 0, 0 },
};

static struct {
	struct block_device *dev;
	bool write, discard, bad;
	uint64_t span, ns;
	const struct disk_test_phase *phase;
	struct block_request last; /* flush, then discards */
} job;

static void finish(void)
{
	block_close(job.dev, job.write || job.discard);
	printf("%s: %s\n", job.dev->name, job.bad ? "FAILED" : "no errors");
	job.dev = NULL;
	shell_resume();
}

static void next_phase(void);

static void phase_done(const struct disk_test_result *r)
{
	uint64_t us = div_u64_u32(r->ns, 1000, NULL) + 1;

	printf("%-26s %8llu KiB/s %8llu requests/s\n", job.phase->name,
	       (unsigned long long)(r->bytes * 1000 / 1024 * 1000 / us),
	       (unsigned long long)(r->requests * 1000000 / us));
	if (r->errors || r->mismatches) {
		printf("  %llu of %llu requests failed, %llu had wrong data, the first at sector "
		       "%llu\n",
		       (unsigned long long)r->errors, (unsigned long long)r->requests,
		       (unsigned long long)r->mismatches, (unsigned long long)r->first_bad);
		job.bad = true;
	}
	/* What was written in the time there was is all that can be compared. */
	if (job.phase == write_phases)
		job.span = r->bytes / BLOCK_SECTOR;
	job.phase++;
	next_phase();
}

static void end_or_discard(void);

static void last_done(struct block_request *req, int error)
{
	if (error) {
		printf("%s: %s\n", req->op == BLOCK_FLUSH ? "flush" : "discard", strerror(-error));
		job.bad = true;
		finish();
	} else {
		end_or_discard();
	}
}

/* The disk's sectors behind those that were discarded already. */
static void end_or_discard(void)
{
	uint64_t from = job.last.op == BLOCK_DISCARD ? job.last.sector + job.last.count : 0;
	uint64_t left = job.dev->sectors - from;

	if (!job.discard || !left) {
		finish();
		return;
	}
	job.last = (struct block_request){ .op = BLOCK_DISCARD, .done = last_done };
	job.last.sector = from;
	job.last.count = left < DISCARD_SECTORS ? (uint32_t)left : DISCARD_SECTORS;
	block_submit(job.dev, &job.last);
}

static void phases_done(void)
{
	if (!job.write || !job.dev->has_flush) {
		end_or_discard();
		return;
	}
	job.last = (struct block_request){ .op = BLOCK_FLUSH, .done = last_done };
	block_submit(job.dev, &job.last);
}

static void next_phase(void)
{
	int rc = 0;

	if (job.phase->name)
		rc = disk_test_start(job.dev, job.phase, job.span, job.ns, phase_done);
	if (rc) {
		printf("%s: %s\n", job.phase->name, strerror(-rc));
		job.bad = true;
		finish();
	} else if (!job.phase->name) {
		phases_done();
	}
}

/* Fills in job from the arguments; false: they are wrong. */
static bool parse(int argc, char **argv)
{
	unsigned long seconds = DEFAULT_SECONDS;
	int i;

	memset(&job, 0, sizeof(job));
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-w"))
			job.write = true;
		else if (!strcmp(argv[i], "-d"))
			job.discard = true;
		else if (!strcmp(argv[i], "-t") && i + 1 < argc)
			seconds = strtoul(argv[++i], NULL, 10);
		else
			return false;
	}
	if (i != argc - 1 || !seconds || seconds > MAX_SECONDS)
		return false;
	job.ns = seconds * NS_PER_S;
	job.phase = job.write ? write_phases : read_phases;
	return true;
}

static void run_disk_test(int argc, char **argv)
{
	struct block_device *dev;
	int rc;

	if (job.dev) {
		shell_error(argv[0], "another test runs");
		return;
	}
	if (!parse(argc, argv)) {
		shell_usage(argv[0]);
		return;
	}
	dev = block_find(argv[argc - 1]);
	rc = dev ? block_open(dev, job.write || job.discard, BLOCK_EXCLUSIVE) : 0;
	if (!dev || rc) {
		shell_error(argv[0], "%s: %s", argv[argc - 1],
			    dev ? strerror(-rc) : "no such disk");
		return;
	}
	job.dev = dev;
	job.span = dev->sectors;
	shell_suspend();
	next_phase();
}

static void run_disk_timeout(int argc, char **argv)
{
	unsigned long seconds;
	char *end;

	if (argc == 1) {
		printf("%u s\n", (unsigned)div_u64_u32(disk_timeout_ns, NS_PER_S, NULL));
		return;
	}
	seconds = strtoul(argv[1], &end, 10);
	if (argc != 2 || *end || !seconds || seconds > MAX_SECONDS)
		shell_usage(argv[0]);
	else
		disk_timeout_ns = seconds * NS_PER_S;
}

const struct command commands_disk[] = {
	{ "disk-test", "[-w] [-d] [-t SECONDS] DISK",
	  "Measure a disk; -w overwrites it with a pattern and compares, -d discards all of it",
	  run_disk_test },
	{ "disk-timeout", "[SECONDS]",
	  "Show or set how long a disk may take for a request until it is reset",
	  run_disk_timeout },
	{ NULL, NULL, NULL, NULL },
};
