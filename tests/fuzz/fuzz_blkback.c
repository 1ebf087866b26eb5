// SPDX-License-Identifier: MIT
// Fuzz harness of the block ring's back end. The input is a script of what a hostile front end does:
// writes requests and any word of the ring, at any time; moves its indexes; grants and revokes pages;
// closes and opens; while the disk ends requests late, with and without errors. After every step nothing
// reaches beyond disk or pages (the sanitizers and the simulated grants see to that), what is in flight is
// bounded, a turn is bounded, and as many answers are given as requests were taken.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/block/memdisk.h"
#include "tests/host/blkfront.h"
#include "tests/host/dom0.h"

#define TURN_MAX 8u
#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static struct {
	const uint8_t *next, *end;
} script;

static struct block_device *disk;
static bool running;

static uint8_t take(void)
{
	return script.next < script.end ? *script.next++ : 0;
}

static void take_bytes(void *to, size_t length)
{
	uint8_t *at = to;

	while (length--)
		*at++ = take();
}

/* ---- what the front end does ---- */

static uint64_t some_sector(void)
{
	uint8_t kind = take();

	if (kind < 200)
		return kind * 5u;
	return kind < 230 ? ~0ull - kind : 1ull << (kind & 63);
}

static struct blkif_request_segment some_segment(void)
{
	uint8_t ref = take(), sectors = take();

	return (struct blkif_request_segment){ .gref = ref < 250 ? ref % (FRONT_PAGES + 2)
								 : ~0u - ref,
					       .first_sect = sectors & 15,
					       .last_sect = sectors >> 4 };
}

static void write_indirect(blkif_request_t *req)
{
	struct blkif_request_segment *list = (void *)front.pages[take() % FRONT_PAGES];
	blkif_request_indirect_t from = { .operation = BLKIF_OP_INDIRECT,
					  .indirect_op = take() & 7,
					  .nr_segments = take(),
					  .id = take(),
					  .sector_number = some_sector(),
					  .indirect_grefs = { take() % (FRONT_PAGES + 1) } };
	unsigned i, n = from.nr_segments % 24;

	for (i = 0; i < n; i++)
		list[i] = some_segment();
	memcpy(req, &from, sizeof(from));
}

static void write_request(blkif_request_t *req)
{
	blkif_request_t from = { .operation = take() & 7, .id = take() };
	unsigned i;

	if (from.operation == BLKIF_OP_INDIRECT) {
		write_indirect(req);
		return;
	}
	from.nr_segments = take() % 14;
	from.sector_number = some_sector();
	for (i = 0; i < from.nr_segments && i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
		from.seg[i] = some_segment();
	memcpy(req, &from, sizeof(from));
}

static void scribble(void)
{
	unsigned at = (take() | (unsigned)take() << 8) % (FRONT_PAGE - 16);

	take_bytes((uint8_t *)front.page + at, take() % 16);
}

/* One turn of the ring never starts more than a few. */
static void one_turn(void)
{
	uint32_t before = front.ring.ring.req_cons;

	host_loop_run(1);
	REQUIRE(!running || front.ring.ring.req_cons - before <= TURN_MAX);
}

static void restart(void)
{
	if (running) {
		running = false;
		if (!blkback_ring_stop(&front.ring))
			return;
	}
	if (front.ring.in_flight)
		return;
	front.page->rsp_prod = take() & 1 ? front.page->rsp_prod : 0;
	front.page->req_prod = front.page->rsp_prod;
	blkback_ring_start(&front.ring, front.page);
	running = true;
}

static void check(void)
{
	const blkif_back_ring_t *ring = &front.ring.ring;

	REQUIRE(front.ring.in_flight <= BLKBACK_RING_SIZE);
	REQUIRE(front_mapped() <= front.ring.in_flight * BLKBACK_MAX_SEGMENTS);
	if (running && !front.ring.halted)
		REQUIRE(ring->req_cons - ring->rsp_prod_pvt == front.ring.in_flight);
}

static void step(void)
{
	blkif_request_t *req;

	switch (take() % 10) {
	case 0:
	case 1:
	case 2:
		req = front_add();
		write_request(req ? req : (void *)&front.page->ring[0]);
		break;
	case 3:
		front_push();
		break;
	case 4:
		front_disk_end(take() < 200 ? 0 : -EIO);
		break;
	case 5:
		one_turn();
		break;
	case 6:
		scribble();
		break;
	case 7:
		front.grants[take() % FRONT_PAGES] = take() % 3;
		break;
	case 8:
		if (front_answer())
			break;
		front.page->req_prod += take() - 8;
		blkback_ring_kick(&front.ring);
		break;
	case 9:
		restart();
		break;
	}
	check();
}

static struct block_device *choose_disk(uint8_t kind)
{
	static const uint8_t image[6000] = { 1, 2, 3 };

	if (kind & 1)
		return memdisk_create("mem", kind & 2 ? image : NULL, kind & 2 ? sizeof(image) : 0,
				      512, kind & 4);
	front_disk.sector_size = front_disk.physical_size = kind & 2 ? 4096 : 512;
	front_disk.read_only = kind & 4;
	return &front_disk;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	script.next = data;
	script.end = data + size;
	disk = choose_disk(take());
	front_begin(disk);
	running = true;
	while (script.next < script.end)
		step();
	front_end();
	return 0;
}
