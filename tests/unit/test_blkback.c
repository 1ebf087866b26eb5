// SPDX-License-Identifier: MIT
// The block ring's back end against a simulated guest and a simulated disk.
#include "tests/host/cmocka_all.h"

#include <errno.h>
#include <string.h>

#include "dom0/block/memdisk.h"
#include "tests/host/blkfront.h"
#include "tests/host/dom0.h"

#define TURNS 10000u

static int begin(void **state)
{
	(void)state;
	front_begin(&front_disk);
	return 0;
}

static int end(void **state)
{
	(void)state;
	front_end();
	return 0;
}

/* One segment: that page, these sectors of it. */
static blkif_request_t *add(uint8_t operation, uint64_t id, uint64_t sector, grant_ref_t ref,
			    uint8_t first, uint8_t last)
{
	blkif_request_t *req = front_add();

	assert_non_null(req);
	*req = (blkif_request_t){ .operation = operation,
				  .nr_segments = 1,
				  .id = id,
				  .sector_number = sector,
				  .seg = { { ref, first, last } } };
	return req;
}

static void go(void)
{
	front_push();
	assert_true(host_loop_run(TURNS));
}

static void end_all(int error)
{
	while (front_disk_held())
		front_disk_end(error);
	assert_true(host_loop_run(TURNS));
}

static void expect(uint64_t id, uint8_t operation, int16_t status)
{
	const blkif_response_t *answer = front_answer();

	assert_non_null(answer);
	assert_int_equal(answer->id, id);
	assert_int_equal(answer->operation, operation);
	assert_int_equal(answer->status, status);
}

/* ---- what works ---- */

static void data_goes_both_ways(void **state)
{
	(void)state;
	memset(front.pages[3], 0x5a, FRONT_PAGE);
	add(BLKIF_OP_WRITE, 11, 100, 3, 2, 5);
	go();
	assert_int_equal(front_mapped(), 1);
	end_all(0);
	expect(11, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
	assert_int_equal(front_disk_bytes[99 * 512 + 511], 0);
	assert_int_equal(front_disk_bytes[100 * 512], 0x5a);
	assert_int_equal(front_disk_bytes[104 * 512], 0);
	add(BLKIF_OP_READ, 12, 100, 4, 0, 0);
	go();
	end_all(0);
	expect(12, BLKIF_OP_READ, BLKIF_RSP_OKAY);
	assert_int_equal(front.pages[4][511], 0x5a);
	assert_int_equal(front.pages[4][512], 0);
	assert_true(front.notified);
}

static void indirect_segments(void **state)
{
	struct blkif_request_segment *list = (void *)front.pages[0];
	blkif_request_indirect_t *req;
	unsigned i;

	(void)state;
	for (i = 0; i < 40; i++)
		list[i] = (struct blkif_request_segment){ 1 + i % 20, 0, 7 };
	memset(front.pages[1], 0x77, FRONT_PAGE);
	req = (void *)front_add();
	*req = (blkif_request_indirect_t){ .operation = BLKIF_OP_INDIRECT,
					   .indirect_op = BLKIF_OP_WRITE,
					   .nr_segments = 40,
					   .id = 5,
					   .sector_number = 8 };
	go();
	end_all(0);
	/* The answer names what was done. */
	expect(5, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
	assert_int_equal(front_disk_bytes[8 * 512], 0x77);
	assert_int_equal(front_disk_bytes[(8 + 160) * 512], 0x77);
	assert_int_equal(front_disk_bytes[(8 + 8) * 512], 0);
}

static void flush_and_discard(void **state)
{
	blkif_request_discard_t *discard;

	(void)state;
	add(BLKIF_OP_FLUSH_DISKCACHE, 1, 0, 0, 0, 0)->nr_segments = 0;
	discard = (void *)front_add();
	*discard = (blkif_request_discard_t){ .operation = BLKIF_OP_DISCARD,
					      .id = 2,
					      .nr_sectors = 100 };
	go();
	assert_int_equal(front_disk_held(), 2);
	assert_null(front_answer());
	end_all(0);
	expect(1, BLKIF_OP_FLUSH_DISKCACHE, BLKIF_RSP_OKAY);
	expect(2, BLKIF_OP_DISCARD, BLKIF_RSP_OKAY);
}

/* An answer never comes before the device's. */
static void errors_reach_the_guest(void **state)
{
	(void)state;
	add(BLKIF_OP_WRITE, 1, 0, 0, 0, 7);
	add(BLKIF_OP_FLUSH_DISKCACHE, 2, 0, 0, 0, 0)->nr_segments = 0;
	go();
	assert_null(front_answer());
	front_disk_end(-EIO);
	assert_true(host_loop_run(TURNS));
	expect(1, BLKIF_OP_WRITE, BLKIF_RSP_ERROR);
	assert_null(front_answer());
	end_all(-EIO);
	expect(2, BLKIF_OP_FLUSH_DISKCACHE, BLKBACK_FLUSH_FAILED);
	assert_int_equal(front.ring.statistics.errors, 2);
}

/* ---- barriers, as Linux before 3.2 has them ---- */

static void step(int error)
{
	assert_int_equal(front_disk_held(), 1);
	front_disk_end(error);
	assert_true(host_loop_run(TURNS));
}

/* What is before it is on the medium first, then its data, then what is behind it. */
static void barrier_orders(void **state)
{
	(void)state;
	memset(front.pages[2], 0x22, FRONT_PAGE);
	add(BLKIF_OP_WRITE, 1, 0, 1, 0, 7);
	add(BLKIF_OP_WRITE, 2, 8, 1, 0, 7);
	add(BLKIF_OP_WRITE_BARRIER, 3, 16, 2, 0, 7);
	add(BLKIF_OP_WRITE, 4, 24, 1, 0, 7);
	go();
	assert_int_equal(front_disk_held(), 2);
	front_disk_end(0);
	assert_true(host_loop_run(TURNS));
	step(0);
	expect(1, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
	expect(2, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
	assert_int_equal(front.ring.statistics.flushes, 1);
	assert_int_equal(front_disk_bytes[16 * 512], 0);
	step(0); /* the first flush */
	step(0); /* the data */
	assert_int_equal(front_disk_bytes[16 * 512], 0x22);
	assert_null(front_answer());
	assert_int_equal(front.ring.statistics.flushes, 2);
	step(0); /* the second flush */
	expect(3, BLKIF_OP_WRITE_BARRIER, BLKIF_RSP_OKAY);
	step(0);
	expect(4, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
	assert_int_equal(front.ring.statistics.writes, 4);
}

static void empty_barrier(void **state)
{
	(void)state;
	add(BLKIF_OP_WRITE_BARRIER, 1, 0, 0, 0, 0)->nr_segments = 0;
	add(BLKIF_OP_READ, 2, 0, 0, 0, 7);
	go();
	step(0);
	expect(1, BLKIF_OP_WRITE_BARRIER, BLKIF_RSP_OKAY);
	step(0);
	expect(2, BLKIF_OP_READ, BLKIF_RSP_OKAY);
	assert_int_equal(front.ring.statistics.flushes, 1);
}

/* Of the three parts the second and the third fail; then the first, after which nothing is written. */
static void barriers_that_fail(void **state)
{
	(void)state;
	for (uint64_t fails = 1; fails < 3; fails++) {
		add(BLKIF_OP_WRITE_BARRIER, fails, 0, 0, 0, 7);
		go();
		for (uint64_t i = 0; i < fails; i++)
			step(0);
		step(-EIO);
		expect(fails, BLKIF_OP_WRITE_BARRIER, BLKBACK_FLUSH_FAILED);
		assert_int_equal(front_mapped(), 0);
		assert_int_equal(front.ring.flush_failed, fails == 2);
	}
	front.ring.flush_failed = false;
	add(BLKIF_OP_WRITE_BARRIER, 3, 0, 0, 0, 7);
	add(BLKIF_OP_WRITE, 4, 0, 0, 0, 7);
	go();
	step(-EIO);
	expect(3, BLKIF_OP_WRITE_BARRIER, BLKBACK_FLUSH_FAILED);
	expect(4, BLKIF_OP_WRITE, BLKIF_RSP_ERROR);
	add(BLKIF_OP_WRITE_BARRIER, 5, FRONT_DISK_SECTORS, 0, 0, 7);
	front.ring.flush_failed = false;
	go();
	step(0);
	expect(5, BLKIF_OP_WRITE_BARRIER, BLKBACK_FLUSH_FAILED);
	front.grants[9] = FRONT_REVOKED;
	add(BLKIF_OP_WRITE_BARRIER, 6, 0, 9, 0, 7);
	go();
	step(0);
	expect(6, BLKIF_OP_WRITE_BARRIER, BLKBACK_FLUSH_FAILED);
	add(BLKIF_OP_READ, 7, 0, 0, 0, 7);
	go();
	step(0);
	expect(7, BLKIF_OP_READ, BLKIF_RSP_OKAY);
}

/* While it waits, a flush of before fails. */
static void barrier_behind_a_failed_flush(void **state)
{
	(void)state;
	add(BLKIF_OP_FLUSH_DISKCACHE, 1, 0, 0, 0, 0)->nr_segments = 0;
	add(BLKIF_OP_WRITE_BARRIER, 2, 0, 0, 0, 7);
	go();
	step(-EIO);
	expect(1, BLKIF_OP_FLUSH_DISKCACHE, BLKBACK_FLUSH_FAILED);
	expect(2, BLKIF_OP_WRITE_BARRIER, BLKBACK_FLUSH_FAILED);
	assert_int_equal(front_disk_held(), 0);
}

/* At each of its parts, waiting too, the ring can be stopped; it starts anew without a trace. */
static void barrier_is_stopped(void **state)
{
	(void)state;
	for (unsigned parts = 0; parts < 4; parts++) {
		if (parts == 0)
			add(BLKIF_OP_READ, 1, 0, 0, 0, 7);
		add(BLKIF_OP_WRITE_BARRIER, 2, 0, 0, 0, 7);
		go();
		for (unsigned i = 1; i < parts; i++)
			step(0);
		assert_false(blkback_ring_stop(&front.ring));
		step(0);
		assert_int_equal(front.idle, 1);
		assert_null(front.ring.barrier);
		assert_int_equal(front_mapped(), 0);
		front_end();
		front_begin(&front_disk);
	}
}

/* ---- what is refused ---- */

static void refused(blkif_request_t *req, int16_t status)
{
	uint64_t id = req->id;
	uint8_t operation = req->operation;

	go();
	assert_int_equal(front_disk_held(), 0);
	expect(id, operation, status);
	assert_int_equal(front_mapped(), 0);
}

static void bad_segments(void **state)
{
	blkif_request_t *req;

	(void)state;
	refused(add(BLKIF_OP_READ, 1, 0, 0, 5, 4), BLKIF_RSP_ERROR);
	refused(add(BLKIF_OP_READ, 2, 0, 0, 0, 8), BLKIF_RSP_ERROR);
	refused(add(BLKIF_OP_READ, 3, 0, 0, 255, 255), BLKIF_RSP_ERROR);
	req = add(BLKIF_OP_READ, 4, 0, 0, 0, 0);
	req->nr_segments = 0;
	refused(req, BLKIF_RSP_ERROR);
	req = add(BLKIF_OP_READ, 5, 0, 0, 0, 0);
	req->nr_segments = 12;
	refused(req, BLKIF_RSP_ERROR);
}

static void bad_ranges(void **state)
{
	(void)state;
	refused(add(BLKIF_OP_READ, 1, FRONT_DISK_SECTORS, 0, 0, 0), BLKIF_RSP_ERROR);
	refused(add(BLKIF_OP_WRITE, 2, FRONT_DISK_SECTORS - 7, 0, 0, 7), BLKIF_RSP_ERROR);
	refused(add(BLKIF_OP_WRITE, 3, ~0ull, 0, 0, 7), BLKIF_RSP_ERROR);
	refused(add(BLKIF_OP_WRITE, 4, ~0ull - 6, 0, 0, 7), BLKIF_RSP_ERROR);
}

static void not_granted(void **state)
{
	blkif_request_t *req;

	(void)state;
	front.grants[1] = FRONT_REVOKED;
	front.grants[2] = FRONT_READ_ONLY;
	refused(add(BLKIF_OP_WRITE, 1, 0, 1, 0, 7), BLKIF_RSP_ERROR);
	refused(add(BLKIF_OP_READ, 2, 0, 2, 0, 7), BLKIF_RSP_ERROR);
	refused(add(BLKIF_OP_WRITE, 3, 0, 12345678, 0, 7), BLKIF_RSP_ERROR);
	/* One of two: the first is not left mapped. */
	req = add(BLKIF_OP_WRITE, 4, 0, 0, 0, 7);
	req->nr_segments = 2;
	req->seg[1] = (struct blkif_request_segment){ 1, 0, 7 };
	refused(req, BLKIF_RSP_ERROR);
	/* A page that is only to be read can be written to the disk. */
	add(BLKIF_OP_WRITE, 5, 0, 2, 0, 7);
	go();
	end_all(0);
	expect(5, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
}

static void unknown_operations(void **state)
{
	blkif_request_discard_t *discard;

	(void)state;
	front_disk.has_flush = false;
	refused(add(BLKIF_OP_WRITE_BARRIER, 1, 0, 0, 0, 7), BLKIF_RSP_EOPNOTSUPP);
	front_disk.has_flush = true;
	refused(add(BLKIF_OP_FLUSH_DISKCACHE, 2, 0, 0, 0, 7), BLKIF_RSP_EOPNOTSUPP);
	refused(add(200, 3, 0, 0, 0, 7), BLKIF_RSP_EOPNOTSUPP);
	discard = (void *)front_add();
	*discard = (blkif_request_discard_t){ .operation = BLKIF_OP_DISCARD,
					      .flag = BLKIF_DISCARD_SECURE,
					      .id = 4,
					      .nr_sectors = 1 };
	refused((blkif_request_t *)discard, BLKIF_RSP_EOPNOTSUPP);
	discard = (void *)front_add();
	*discard = (blkif_request_discard_t){ .operation = BLKIF_OP_DISCARD,
					      .id = 5,
					      .nr_sectors = 1ull << 32 };
	refused((blkif_request_t *)discard, BLKIF_RSP_ERROR);
}

static void read_only(void **state)
{
	(void)state;
	front.ring.read_only = true;
	refused(add(BLKIF_OP_WRITE, 1, 0, 0, 0, 7), BLKIF_RSP_ERROR);
	add(BLKIF_OP_READ, 2, 0, 0, 0, 7);
	go();
	end_all(0);
	expect(2, BLKIF_OP_READ, BLKIF_RSP_OKAY);
}

static void large_sectors(void **state)
{
	(void)state;
	front_disk.sector_size = front_disk.physical_size = 4096;
	refused(add(BLKIF_OP_READ, 1, 4, 0, 0, 7), BLKIF_RSP_ERROR);
	refused(add(BLKIF_OP_READ, 2, 8, 0, 0, 3), BLKIF_RSP_ERROR);
	add(BLKIF_OP_READ, 3, 8, 0, 0, 7);
	go();
	end_all(0);
	expect(3, BLKIF_OP_READ, BLKIF_RSP_OKAY);
	front_disk.sector_size = front_disk.physical_size = 512;
}

/* Who was told that a flush has failed may never flush again: no write is acknowledged until it connects anew. */
static void nothing_is_written_after_a_failed_flush(void **state)
{
	(void)state;
	add(BLKIF_OP_FLUSH_DISKCACHE, 1, 0, 0, 0, 0)->nr_segments = 0;
	add(BLKIF_OP_WRITE, 2, 0, 0, 0, 7);
	go();
	front_disk_end(-EIO);
	end_all(0);
	expect(1, BLKIF_OP_FLUSH_DISKCACHE, BLKBACK_FLUSH_FAILED);
	/* It was under way before. */
	expect(2, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
	refused(add(BLKIF_OP_WRITE, 3, 0, 0, 0, 7), BLKIF_RSP_ERROR);
	add(BLKIF_OP_READ, 4, 0, 0, 0, 7);
	go();
	end_all(0);
	expect(4, BLKIF_OP_READ, BLKIF_RSP_OKAY);
	assert_true(blkback_ring_stop(&front.ring));
	front_end();
	front_begin(&front_disk);
	add(BLKIF_OP_WRITE, 5, 0, 0, 0, 7);
	go();
	end_all(0);
	expect(5, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
}

/* ---- the ring ---- */

static void wild_index(void **state)
{
	(void)state;
	add(BLKIF_OP_READ, 1, 0, 0, 0, 7);
	front.page->req_prod = 33;
	blkback_ring_kick(&front.ring);
	assert_true(host_loop_run(TURNS));
	assert_non_null(front.broken);
	assert_int_equal(front_disk_held(), 0);
	/* And nothing is taken from now on. */
	front.page->req_prod = 1;
	blkback_ring_kick(&front.ring);
	assert_true(host_loop_run(TURNS));
	assert_int_equal(front_disk_held(), 0);
}

static void index_goes_back(void **state)
{
	(void)state;
	add(BLKIF_OP_READ, 1, 0, 0, 0, 7);
	go();
	front.page->req_prod = 0;
	blkback_ring_kick(&front.ring);
	assert_true(host_loop_run(TURNS));
	assert_non_null(front.broken);
	assert_int_equal(front_disk_held(), 1);
	assert_int_equal(front.ring.statistics.errors, 0);
	end_all(0);
}

/* What is rewritten after the ring was read does not count. */
static void rewritten_request(void **state)
{
	blkif_request_t *req = add(BLKIF_OP_WRITE, 1, 100, 3, 0, 7);

	(void)state;
	memset(front.pages[3], 1, FRONT_PAGE);
	go();
	*req = (blkif_request_t){ .operation = BLKIF_OP_READ, .id = 99, .sector_number = 0 };
	end_all(0);
	expect(1, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
	assert_int_equal(front_disk_bytes[100 * 512], 1);
}

/* A turn takes a few; a full ring is taken in several, and no more is in flight than it has slots. */
static void turns_are_bounded(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < BLKBACK_RING_SIZE; i++)
		add(BLKIF_OP_READ, i, i, i, 0, 0);
	front_push();
	assert_false(host_loop_run(1));
	assert_in_range(front_disk_held(), 1, 8);
	assert_true(host_loop_run(TURNS));
	assert_int_equal(front_disk_held(), BLKBACK_RING_SIZE);
	end_all(0);
	for (i = 0; i < BLKBACK_RING_SIZE; i++)
		expect(i, BLKIF_OP_READ, BLKIF_RSP_OKAY);
}

/* The front end closes while the disk works, and opens again. */
static void stop_in_flight(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 20; i++)
		add(BLKIF_OP_READ, i, i, i, 0, 7);
	front_push();
	host_loop_run(2);
	assert_false(blkback_ring_stop(&front.ring));
	memset(front.page, 0xff, FRONT_PAGE);
	end_all(0);
	assert_int_equal(front.idle, 1);
	assert_int_equal(front_mapped(), 0);
	assert_int_equal(((uint8_t *)front.page)[100], 0xff);
	front_end();
	front_begin(&front_disk);
	add(BLKIF_OP_READ, 1, 0, 0, 0, 7);
	go();
	end_all(0);
	expect(1, BLKIF_OP_READ, BLKIF_RSP_OKAY);
}

/* ---- disks in memory ---- */

static uint8_t image[8192];

static void use_memdisk(bool with_image, bool read_only)
{
	unsigned i;

	front_end();
	for (i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i / 512 + 1);
	front_begin(memdisk_create("mem", with_image ? image : NULL, with_image ? 5000 : 0, 64,
				   read_only));
}

static void run(blkif_request_t *req, int16_t status)
{
	uint64_t id = req->id;
	uint8_t operation = req->operation;

	go();
	expect(id, operation, status);
}

static void copy_on_write(void **state)
{
	(void)state;
	use_memdisk(true, false);
	run(add(BLKIF_OP_READ, 1, 0, 0, 0, 7), BLKIF_RSP_OKAY);
	assert_int_equal(front.pages[0][0], 1);
	assert_int_equal(front.pages[0][7 * 512], 8);
	memset(front.pages[1], 0xee, FRONT_PAGE);
	run(add(BLKIF_OP_WRITE, 2, 1, 1, 3, 3), BLKIF_RSP_OKAY);
	run(add(BLKIF_OP_READ, 3, 0, 0, 0, 7), BLKIF_RSP_OKAY);
	assert_int_equal(front.pages[0][511], 1);
	assert_int_equal(front.pages[0][512], 0xee);
	assert_int_equal(front.pages[0][1024], 3);
	assert_int_equal(image[512], 2);
	/* The image ends in the middle of a sector. */
	run(add(BLKIF_OP_READ, 4, 9, 0, 0, 0), BLKIF_RSP_OKAY);
	assert_int_equal(front.pages[0][391], 10);
	assert_int_equal(front.pages[0][392], 0);
}

static void module_is_read_only(void **state)
{
	(void)state;
	use_memdisk(true, true);
	run(add(BLKIF_OP_WRITE, 1, 0, 0, 0, 7), BLKIF_RSP_ERROR);
	run(add(BLKIF_OP_READ, 2, 8, 0, 0, 7), BLKIF_RSP_OKAY);
	assert_int_equal(front.pages[0][0], 9);
}

static void ram_disk_discards(void **state)
{
	blkif_request_discard_t *discard;

	(void)state;
	use_memdisk(false, false);
	memset(front.pages[1], 0xee, FRONT_PAGE);
	run(add(BLKIF_OP_WRITE, 1, 8, 1, 0, 7), BLKIF_RSP_OKAY);
	discard = (void *)front_add();
	*discard = (blkif_request_discard_t){ .operation = BLKIF_OP_DISCARD,
					      .id = 2,
					      .nr_sectors = 64 };
	run((blkif_request_t *)discard, BLKIF_RSP_OKAY);
	run(add(BLKIF_OP_READ, 3, 8, 1, 0, 7), BLKIF_RSP_OKAY);
	assert_int_equal(front.pages[1][0], 0);
}

/* Grants that go away between the request and its end are an error and not a hole. */
static void grant_goes_away(void **state)
{
	(void)state;
	use_memdisk(true, false);
	add(BLKIF_OP_READ, 1, 0, 5, 0, 7);
	front_push();
	host_loop_run(1);
	front.grants[5] = FRONT_REVOKED;
	assert_true(host_loop_run(TURNS));
	expect(1, BLKIF_OP_READ, BLKIF_RSP_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(data_goes_both_ways, begin, end),
		cmocka_unit_test_setup_teardown(indirect_segments, begin, end),
		cmocka_unit_test_setup_teardown(flush_and_discard, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_written_after_a_failed_flush, begin,
						end),
		cmocka_unit_test_setup_teardown(errors_reach_the_guest, begin, end),
		cmocka_unit_test_setup_teardown(barrier_orders, begin, end),
		cmocka_unit_test_setup_teardown(empty_barrier, begin, end),
		cmocka_unit_test_setup_teardown(barriers_that_fail, begin, end),
		cmocka_unit_test_setup_teardown(barrier_behind_a_failed_flush, begin, end),
		cmocka_unit_test_setup_teardown(barrier_is_stopped, begin, end),
		cmocka_unit_test_setup_teardown(bad_segments, begin, end),
		cmocka_unit_test_setup_teardown(bad_ranges, begin, end),
		cmocka_unit_test_setup_teardown(not_granted, begin, end),
		cmocka_unit_test_setup_teardown(unknown_operations, begin, end),
		cmocka_unit_test_setup_teardown(read_only, begin, end),
		cmocka_unit_test_setup_teardown(large_sectors, begin, end),
		cmocka_unit_test_setup_teardown(wild_index, begin, end),
		cmocka_unit_test_setup_teardown(index_goes_back, begin, end),
		cmocka_unit_test_setup_teardown(rewritten_request, begin, end),
		cmocka_unit_test_setup_teardown(turns_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(stop_in_flight, begin, end),
		cmocka_unit_test_setup_teardown(copy_on_write, begin, end),
		cmocka_unit_test_setup_teardown(module_is_read_only, begin, end),
		cmocka_unit_test_setup_teardown(ram_disk_discards, begin, end),
		cmocka_unit_test_setup_teardown(grant_goes_away, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
