/* SPDX-License-Identifier: MIT */
/* Rights as sets of ranges, numbers of domains, and the life of one whose memory others hold. */
#include "tests/host/cmocka_all.h"

#include "arch/x86_32/arch.h"
#include "core/domain.h"
#include "core/errno.h"
#include "core/rights.h"
#include "mm/mmu.h"
#include "tests/host/machine.h"

static struct domain *d;

static int set_up(void **state)
{
	(void)state;
	machine_init();
	d = domain_create(1, DOMAIN_ORDINARY, 1, 16);
	assert_non_null(d);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(domain_kill(d), 0);
	assert_int_equal(machine_leaks(), 0);
	return 0;
}

static void give(uint32_t first, uint32_t last)
{
	assert_int_equal(rights_grant(d, RIGHT_IOPORT, first, last), 0);
}

static void take(uint32_t first, uint32_t last)
{
	assert_int_equal(rights_revoke(d, RIGHT_IOPORT, first, last), 0);
}

static bool has(uint32_t first, uint32_t last)
{
	return rights_cover(d, RIGHT_IOPORT, first, last);
}

static void ranges_join(void **state)
{
	(void)state;
	assert_false(has(0, 0));
	give(10, 19);
	give(30, 39);
	assert_true(has(10, 19) && has(35, 35));
	assert_false(has(10, 20) || has(9, 10) || has(19, 30));
	give(20, 29);
	assert_true(has(10, 39));
	give(0, 100);
	assert_true(has(0, 100));
	assert_false(rights_cover(d, RIGHT_IRQ, 0, 0));
}

static void ranges_split(void **state)
{
	(void)state;
	take(5, 6);
	give(0, UINT32_MAX);
	take(100, 199);
	assert_true(has(0, 99) && has(200, UINT32_MAX));
	assert_false(has(100, 100) || has(199, 199));
	take(0, 0);
	take(UINT32_MAX, UINT32_MAX);
	assert_false(has(0, 0) || has(UINT32_MAX, UINT32_MAX));
	assert_true(has(1, 99) && has(200, UINT32_MAX - 1));
	take(0, UINT32_MAX);
	assert_false(has(50, 50));
	give(UINT32_MAX, UINT32_MAX);
	give(0, 0);
	assert_true(has(0, 0) && has(UINT32_MAX, UINT32_MAX));
}

/* Against a plain array, at random. */
static void ranges_at_random(void **state)
{
	static bool expected[64];
	uint32_t x = 1;

	(void)state;
	for (unsigned n = 0; n < 20000; n++) {
		uint32_t first, last;
		bool allow;

		x = x * 1664525 + 1013904223;
		first = x >> 8 & 63;
		last = MIN(first + (x >> 16 & 7), 63u);
		allow = x >> 28 & 1;
		if (allow)
			give(first, last);
		else
			take(first, last);
		for (uint32_t i = first; i <= last; i++)
			expected[i] = allow;
		for (uint32_t i = 0; i < 64; i++)
			assert_int_equal(has(i, i), expected[i]);
	}
}

static void ranges_are_bounded(void **state)
{
	uint32_t n = 0;

	(void)state;
	while (rights_grant(d, RIGHT_IRQ, n * 2, n * 2) == 0)
		n++;
	assert_in_range(n, 10, 1000);
	assert_true(rights_cover(d, RIGHT_IRQ, n * 2 - 2, n * 2 - 2));
	assert_false(rights_cover(d, RIGHT_IRQ, n * 2, n * 2));
	/* Splitting would make one more. */
	assert_int_equal(rights_grant(d, RIGHT_IRQ, 0, n * 2 - 2), 0);
	assert_int_equal(rights_revoke(d, RIGHT_IRQ, 3, 3), 0);
}

/* ---- numbers ---- */

static void numbers_go_up(void **state)
{
	domid_t first = domain_free_id(), second = domain_free_id();

	(void)state;
	assert_int_equal(second, first + 1);
	assert_null(domain_by_id(first));
	assert_ptr_equal(domain_from(0), d);
	assert_null(domain_from(2));
	assert_null(domain_create(1, DOMAIN_ORDINARY, 1, 16));
}

static void a_held_page_keeps_the_number(void **state)
{
	struct domain *other = domain_create(5, DOMAIN_ORDINARY, 1, 16);
	struct page_info *page;

	(void)state;
	assert_non_null(other);
	page = domain_page_alloc(other, 0, 0);
	assert_non_null(page);
	assert_true(get_page(page, other));
	assert_int_equal(domain_kill(other), 0);
	assert_null(domain_by_id(5));
	assert_ptr_equal(domain_from(2), other);
	assert_int_equal(other->state, DOMAIN_DEAD);
	assert_int_equal(other->tot_pages, 1);
	assert_null(domain_create(5, DOMAIN_ORDINARY, 1, 16));
	assert_false(get_page(page, other));
	put_page(page);
	assert_true(this_cpu()->work & WORK_REAP);
	domain_reap();
	assert_null(domain_from(2));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(ranges_join),	  TEST(ranges_split),  TEST(ranges_at_random),
		TEST(ranges_are_bounded), TEST(numbers_go_up), TEST(a_held_page_keeps_the_number),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
