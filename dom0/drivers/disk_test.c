/* SPDX-License-Identifier: MIT */
/* Disk tests: see disk_test.h. */
#include "dom0/drivers/disk_test.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/drivers/dma.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/time.h"

#define MAX_SEGMENTS (DISK_TEST_BYTES_MAX / PAGE_SIZE)
#define WORDS_PER_SECTOR (BLOCK_SECTOR / sizeof(uint32_t))

struct unit {
	struct block_request req;
	struct block_segment segments[MAX_SEGMENTS];
	uint8_t *data;
};

static struct {
	struct block_device *dev;
	const struct disk_test_phase *phase;
	void (*done)(const struct disk_test_result *result);
	struct disk_test_result result;
	struct unit *units;
	uint64_t span, next, started, end;
	uint32_t sectors; /* of a request */
	unsigned running;
} test;

/* ---- data ---- */

/* A word that depends on its place in every bit. */
static uint32_t pattern(uint64_t sector, uint32_t word)
{
	uint32_t x = (uint32_t)sector * 128u + word + (uint32_t)(sector >> 25);

	x = (x ^ x >> 16) * 0x7feb352du;
	x = (x ^ x >> 15) * 0x846ca68bu;
	return x ^ x >> 16;
}

static void fill(struct unit *u)
{
	uint32_t *at = (uint32_t *)u->data, i, word;

	for (i = 0; i < u->req.count; i++)
		for (word = 0; word < WORDS_PER_SECTOR; word++)
			*at++ = pattern(u->req.sector + i, word);
}

static bool is_right(const struct unit *u)
{
	const uint32_t *at = (const uint32_t *)u->data;
	uint32_t i, word;

	for (i = 0; i < u->req.count; i++)
		for (word = 0; word < WORDS_PER_SECTOR; word++)
			if (*at++ != pattern(u->req.sector + i, word))
				return false;
	return true;
}

/* ---- requests ---- */

static uint64_t random_sector(void)
{
	uint64_t places = test.span / test.sectors, number;
	uint32_t rest;

	number = (uint64_t)rand() << 31 ^ (uint64_t)rand();
	if (places >> 32)
		return number % places * test.sectors;
	div_u64_u32(number & 0xffffffffffffULL, (uint32_t)places, &rest);
	return (uint64_t)rest * test.sectors;
}

/* Where the next request goes; false: it is enough. */
static bool choose_place(struct block_request *req)
{
	if (loop_now() >= test.end)
		return false;
	req->count = test.sectors;
	if (test.phase->random) {
		req->sector = random_sector();
		return true;
	}
	if (test.next >= test.span)
		return false;
	req->sector = test.next;
	if (test.span - test.next < test.sectors)
		req->count = (uint32_t)(test.span - test.next);
	test.next += req->count;
	return true;
}

static void unit_done(struct block_request *req, int error);

/* false: nothing more to do. */
static bool unit_start(struct unit *u)
{
	uint32_t left, at = 0;

	if (!choose_place(&u->req))
		return false;
	if (test.phase->op == BLOCK_WRITE)
		fill(u);
	u->req.op = test.phase->op;
	u->req.segments = u->segments;
	u->req.nr_segments = 0;
	u->req.done = unit_done;
	u->req.arg = u;
	for (left = u->req.count * BLOCK_SECTOR; left; left -= u->segments[at++].length) {
		uint8_t *page = u->data + at * PAGE_SIZE;

		u->segments[at].data = page;
		u->segments[at].maddr = virt_to_maddr(page);
		u->segments[at].length = left < PAGE_SIZE ? left : PAGE_SIZE;
		u->req.nr_segments++;
	}
	block_submit(test.dev, &u->req);
	return true;
}

static void finish(void)
{
	unsigned i;

	test.result.ns = loop_now() - test.started;
	for (i = 0; i < test.phase->depth; i++)
		free(test.units[i].data);
	free(test.units);
	test.units = NULL;
	test.done(&test.result);
}

static void note_bad(uint64_t *counter, const struct unit *u)
{
	if (!test.result.errors && !test.result.mismatches)
		test.result.first_bad = u->req.sector;
	++*counter;
}

static void unit_done(struct block_request *req, int error)
{
	struct unit *u = req->arg;

	test.result.requests++;
	test.result.bytes += (uint64_t)req->count * BLOCK_SECTOR;
	if (error)
		note_bad(&test.result.errors, u);
	else if (test.phase->verify && !is_right(u))
		note_bad(&test.result.mismatches, u);
	if (!unit_start(u) && !--test.running)
		finish();
}

/* ---- start ---- */

static bool units_alloc(void)
{
	unsigned i;

	test.units = calloc(test.phase->depth, sizeof(*test.units));
	for (i = 0; test.units && i < test.phase->depth; i++) {
		test.units[i].data = memalign(PAGE_SIZE, test.sectors * BLOCK_SECTOR);
		if (!test.units[i].data)
			break;
	}
	if (test.units && i == test.phase->depth)
		return true;
	while (test.units && i--)
		free(test.units[i].data);
	free(test.units);
	return false;
}

int disk_test_start(struct block_device *dev, const struct disk_test_phase *phase, uint64_t span,
		    uint64_t ns, void (*done)(const struct disk_test_result *result))
{
	uint32_t most = dev->max_segments * (PAGE_SIZE / BLOCK_SECTOR), i;

	memset(&test, 0, sizeof(test));
	test.dev = dev;
	test.phase = phase;
	test.done = done;
	most = dev->max_sectors < most ? dev->max_sectors : most;
	test.sectors = phase->bytes / BLOCK_SECTOR < most ? phase->bytes / BLOCK_SECTOR : most;
	test.span = span;
	if (test.span < test.sectors)
		return -EINVAL;
	if (!units_alloc())
		return -ENOMEM;
	test.started = loop_now();
	test.end = test.started + ns;
	test.running = phase->depth;
	for (i = 0; i < phase->depth; i++)
		if (!unit_start(&test.units[i]))
			test.running--;
	return 0;
}
