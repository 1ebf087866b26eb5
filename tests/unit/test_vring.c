/* SPDX-License-Identifier: MIT */
/* The driver's side of a virtqueue: chains, notifications, and devices that say what cannot be. */
#include "tests/host/cmocka_all.h"

#include "tests/host/vring_test.h"

#define DESC_WRITE 2u

static struct test_ring t;
static int tokens[256];

static int teardown(void **state)
{
	(void)state;
	test_ring_free(&t);
	return 0;
}

/* Adds a chain of that many buffers of 16 bytes, the last of which the device writes. */
static bool add(unsigned count, int *token)
{
	struct vring_buffer buffers[VRING_TABLE_ENTRIES];
	unsigned i;

	for (i = 0; i < count; i++)
		buffers[i] = (struct vring_buffer){ 0x1000 * (i + 1), 16 };
	return vring_add(&t.ring, buffers, count - 1, 1, token);
}

static void *get(void)
{
	uint32_t length;

	return vring_get(&t.ring, &length);
}

/* The device serves what it finds, without looking. */
static void serve_all(void)
{
	int head;

	while ((head = test_device_take(&t)) >= 0)
		test_device_done(&t, (unsigned)head, 1);
}

static void test_chains(void **state)
{
	struct vring_desc seen[VRING_TABLE_ENTRIES];
	uint32_t length;
	unsigned i;
	int head;

	(void)state;
	test_ring_init(&t, 16, 0, false);
	assert_true(add(3, &tokens[0]));
	assert_int_equal(test_device_take(&t), -1);
	vring_kick(&t.ring);
	assert_int_equal(t.notifications, 1);
	head = test_device_take(&t);
	assert_int_equal(test_device_read(&t, (unsigned)head, seen, 16), 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(seen[i].address, 0x1000 * (i + 1));
		assert_int_equal(seen[i].length, 16);
		assert_int_equal(seen[i].flags & DESC_WRITE, i == 2 ? DESC_WRITE : 0);
	}
	assert_null(get());
	test_device_done(&t, (unsigned)head, 7);
	assert_ptr_equal(vring_get(&t.ring, &length), &tokens[0]);
	assert_int_equal(length, 7);
	assert_null(get());
}

static void test_indirect(void **state)
{
	struct vring_desc seen[VRING_TABLE_ENTRIES];
	unsigned i;

	(void)state;
	test_ring_init(&t, 16, TEST_TABLES, false);
	assert_int_equal(vring_max_buffers(&t.ring), VRING_TABLE_ENTRIES);
	for (i = 0; i < TEST_TABLES; i++)
		assert_true(add(VRING_TABLE_ENTRIES, &tokens[i]));
	/* No table is left, and 16 descriptors are too few. */
	assert_false(add(VRING_TABLE_ENTRIES, &tokens[i]));
	assert_true(add(12, &tokens[i]));
	assert_false(add(2, &tokens[i + 1]));
	vring_kick(&t.ring);
	assert_int_equal(test_device_read(&t, (unsigned)test_device_take(&t), seen, 300),
			 VRING_TABLE_ENTRIES);
	assert_int_equal(seen[255].address, 0x100000);
	t.device_avail = 0;
	serve_all();
	for (i = 0; i <= TEST_TABLES; i++)
		assert_ptr_equal(get(), &tokens[i]);
	assert_int_equal(t.ring.nr_free, 16);
	assert_int_equal(t.ring.nr_free_tables, TEST_TABLES);
}

/* Round and round, beyond the 16 bits of the indexes, with completions in another order. */
static void test_wrap(void **state)
{
	unsigned round, i;
	int heads[4];

	(void)state;
	test_ring_init(&t, 8, 0, true);
	for (round = 0; round < 70000 / 4; round++) {
		for (i = 0; i < 4; i++)
			assert_true(add(2, &tokens[i]));
		assert_false(add(1, &tokens[4]));
		vring_kick(&t.ring);
		for (i = 0; i < 4; i++)
			heads[i] = test_device_take(&t);
		for (i = 4; i--;)
			test_device_done(&t, (unsigned)heads[i], 0);
		for (i = 4; i--;)
			assert_ptr_equal(get(), &tokens[i]);
		assert_int_equal(vring_in_flight(&t.ring), 0);
	}
}

static void test_notifications(void **state)
{
	(void)state;
	test_ring_init(&t, 8, 0, true);
	*test_avail_event(&t) = 1;
	add(1, &tokens[0]);
	vring_kick(&t.ring);
	assert_int_equal(t.notifications, 0);
	add(1, &tokens[1]);
	vring_kick(&t.ring);
	assert_int_equal(t.notifications, 1);
	vring_kick(&t.ring);
	assert_int_equal(t.notifications, 1);
	assert_true(vring_enable_interrupts(&t.ring));
	serve_all();
	assert_false(vring_enable_interrupts(&t.ring));
	test_ring_free(&t);
	test_ring_init(&t, 8, 0, false);
	*(uint16_t *)(uintptr_t)t.ring.used_maddr = 1;
	add(1, &tokens[0]);
	vring_kick(&t.ring);
	assert_int_equal(t.notifications, 0);
}

/* After a reset the driver gets everything back, each once, and the ring is as new. */
static void test_detach(void **state)
{
	unsigned seen = 0, i;
	int *token;

	(void)state;
	test_ring_init(&t, 16, TEST_TABLES, true);
	for (i = 0; i < 6; i++)
		assert_true(add(i + 1, &tokens[i]));
	vring_kick(&t.ring);
	test_device_done(&t, (unsigned)test_device_take(&t), 0);
	assert_ptr_equal(get(), &tokens[0]);
	while ((token = vring_detach(&t.ring)))
		seen |= 1u << (token - tokens);
	assert_int_equal(seen, 0x3e);
	assert_null(get());
	assert_false(add(1, &tokens[0]));
	vring_init(&t.ring);
	assert_int_equal(t.ring.nr_free, 16);
	assert_true(add(1, &tokens[0]));
}

/* ---- devices that lie ---- */

static void expect_broken(void)
{
	assert_null(get());
	assert_true(t.ring.broken);
	assert_false(vring_is_waiting(&t.ring));
	assert_false(add(1, &tokens[9]));
}

static void start_with_two(void)
{
	test_ring_init(&t, 16, TEST_TABLES, true);
	add(2, &tokens[0]);
	add(6, &tokens[1]);
	vring_kick(&t.ring);
}

static void test_bad_number(void **state)
{
	static const uint32_t numbers[] = { 1, 15, 16, 0x10000, 0xffffffff };
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		start_with_two();
		test_device_done(&t, numbers[i], 0);
		expect_broken();
		if (i + 1 < sizeof(numbers) / sizeof(numbers[0]))
			test_ring_free(&t);
	}
}

static void test_twice(void **state)
{
	int head;

	(void)state;
	start_with_two();
	head = test_device_take(&t);
	test_device_done(&t, (unsigned)head, 0);
	assert_ptr_equal(get(), &tokens[0]);
	test_device_done(&t, (unsigned)head, 0);
	expect_broken();
}

static void test_too_long(void **state)
{
	(void)state;
	start_with_two();
	test_device_done(&t, (unsigned)test_device_take(&t), 17);
	expect_broken();
}

static void test_too_many(void **state)
{
	(void)state;
	start_with_two();
	*test_used_index(&t) = 3;
	expect_broken();
}

/* What was not announced cannot be done yet. */
static void test_too_early(void **state)
{
	(void)state;
	test_ring_init(&t, 16, 0, true);
	add(1, &tokens[0]);
	test_device_done(&t, 0, 0);
	expect_broken();
}

/* The chain's descriptors are the device's to spoil: its links are not read back. */
static void test_spoilt_links(void **state)
{
	unsigned i;

	(void)state;
	test_ring_init(&t, 16, 0, false);
	add(3, &tokens[0]);
	add(3, &tokens[1]);
	vring_kick(&t.ring);
	memset(t.ring.desc, 0xff, 16 * sizeof(struct vring_desc));
	serve_all();
	assert_ptr_equal(get(), &tokens[0]);
	assert_ptr_equal(get(), &tokens[1]);
	for (i = 0; i < 16; i++)
		assert_true(add(1, &tokens[i]));
	assert_false(add(1, &tokens[16]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_chains, teardown),
		cmocka_unit_test_teardown(test_indirect, teardown),
		cmocka_unit_test_teardown(test_wrap, teardown),
		cmocka_unit_test_teardown(test_notifications, teardown),
		cmocka_unit_test_teardown(test_detach, teardown),
		cmocka_unit_test_teardown(test_bad_number, teardown),
		cmocka_unit_test_teardown(test_twice, teardown),
		cmocka_unit_test_teardown(test_too_long, teardown),
		cmocka_unit_test_teardown(test_too_many, teardown),
		cmocka_unit_test_teardown(test_too_early, teardown),
		cmocka_unit_test_teardown(test_spoilt_links, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
