/* SPDX-License-Identifier: MIT */
/* The page allocator, the heap and the map cache. */
#include "tests/host/cmocka_all.h"

#include "arch/x86_32/arch.h"
#include "core/domain.h"
#include "mm/mmu.h"
#include "tests/host/machine.h"

static int setup(void **state)
{
	(void)state;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return machine_leaks();
}

/* ---- page allocator ---- */

static void test_orders(void **state)
{
	uint32_t before = alloc_free_count();
	unsigned order;

	(void)state;
	for (order = 0; order <= MAX_ORDER; order++) {
		struct page_info *page = alloc_pages(order, 0);
		unsigned i;

		assert_non_null(page);
		assert_int_equal(page_to_mfn(page) % (1u << order), 0);
		assert_int_equal(alloc_free_count(), before - (1u << order));
		for (i = 0; i < 1u << order; i++) {
			assert_int_equal(page[i].count_info & PGC_COUNT_MASK, 0);
			assert_null(page[i].owner);
		}
		free_pages(page, order);
		assert_int_equal(alloc_free_count(), before);
	}
	assert_null(alloc_pages(MAX_ORDER + 1, 0));
	assert_null(alloc_pages(~0u, 0));
}

static void test_limit(void **state)
{
	unsigned bits;

	(void)state;
	for (bits = 0; bits < 32; bits++) {
		struct page_info *page = alloc_pages(0, 1u << bits);

		if (!page)
			continue;
		assert_true(page_to_mfn(page) < 1u << bits);
		free_pages(page, 0);
	}
	assert_null(alloc_pages(0, 1));
	assert_null(alloc_pages(0, MACHINE_IMAGE_FRAMES));
}

static void test_exhaustion_and_merging(void **state)
{
	static struct page_info *taken[MACHINE_MAX_FRAMES];
	uint32_t before = alloc_free_count(), n = 0, i;
	struct page_info *large;

	(void)state;
	while ((taken[n] = alloc_pages(0, 0)))
		n++;
	assert_int_equal(n, before);
	assert_int_equal(alloc_free_count(), 0);
	assert_null(heap_page_alloc());
	/* Back in another order: first the odd ones. */
	for (i = 1; i < n; i += 2)
		free_pages(taken[i], 0);
	for (i = 0; i < n; i += 2)
		free_pages(taken[i], 0);
	assert_int_equal(alloc_free_count(), before);
	large = alloc_pages(MAX_ORDER, 0);
	assert_non_null(large);
	free_pages(large, MAX_ORDER);
}

static void test_larger_block_freed_page_by_page(void **state)
{
	struct page_info *page = alloc_pages(4, 0);
	unsigned i;

	(void)state;
	for (i = 0; i < 16; i++)
		free_pages(&page[(i * 7) % 16], 0);
}

/* Nobody gets a frame while a translation of its last use may be cached. */
static void test_stale_translations_are_flushed(void **state)
{
	struct page_info *page = alloc_pages(0, 0);
	uint32_t flushes;

	(void)state;
	tlb_flush_local();
	free_pages(page, 0);
	flushes = machine.flushes;
	page = alloc_pages(0, 0);
	assert_int_equal(machine.flushes, flushes + 1);
	free_pages(page, 0);
	tlb_flush_local();
	flushes = machine.flushes;
	page = alloc_pages(0, 0);
	assert_int_equal(machine.flushes, flushes);
	free_pages(page, 0);
}

/* ---- heap ---- */

static void test_heap_pages(void **state)
{
	uint32_t *pages[20];
	unsigned i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = heap_page_alloc();
		assert_non_null(pages[i]);
		for (j = 0; j < PAGE_SIZE / 4; j++)
			assert_int_equal(pages[i][j], 0);
		memset(pages[i], (int)i + 1, PAGE_SIZE);
		assert_int_equal(((uint8_t *)machine_frame(heap_page_mfn(pages[i])))[7], i + 1);
		assert_true(mfn_to_page(heap_page_mfn(pages[i]))->count_info & PGC_HYPERVISOR);
	}
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		heap_page_free(pages[i]);
	heap_page_free(NULL);
}

static void test_heap_runs(void **state)
{
	uint8_t *a = heap_pages_alloc(3), *b = heap_pages_alloc(5);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	memset(a, 1, 3 * PAGE_SIZE);
	memset(b, 2, 5 * PAGE_SIZE);
	assert_int_equal(a[3 * PAGE_SIZE - 1], 1);
	heap_pages_free(a, 3);
	heap_pages_free(b, 5);
}

static void test_heap_objects(void **state)
{
	static const unsigned sizes[] = { 1,   15,   16,   17,	 63,   64,   100,  128,
					  500, 1000, 2000, 2048, 2049, 4096, 5000, 12288 };
	uint8_t *object[ARRAY_SIZE(sizes)][8];
	unsigned i, j, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < 8; j++) {
			object[i][j] = heap_alloc(sizes[i]);
			assert_non_null(object[i][j]);
			assert_int_equal((uintptr_t)object[i][j] % 16, 0);
			for (k = 0; k < sizes[i]; k++)
				assert_int_equal(object[i][j][k], 0);
			memset(object[i][j], (int)(i * 8 + j), sizes[i]);
		}
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < 8; j++) {
			for (k = 0; k < sizes[i]; k++)
				assert_int_equal(object[i][j][k], (uint8_t)(i * 8 + j));
			heap_free(object[i][j]);
		}
	}
	heap_free(NULL);
}

static void test_heap_without_memory(void **state)
{
	static struct page_info *taken[MACHINE_MAX_FRAMES];
	void *object[64];
	unsigned n = 0, i = 0;

	(void)state;
	while ((taken[n] = alloc_pages(0, 0)))
		n++;
	while (i < ARRAY_SIZE(object) && (object[i] = heap_alloc(1000)))
		i++;
	assert_true(i < ARRAY_SIZE(object));
	assert_null(heap_pages_alloc(2));
	assert_null(domain_create(9, DOMAIN_ORDINARY, 1, 16));
	while (i)
		heap_free(object[--i]);
	while (n)
		free_pages(taken[--n], 0);
}

/* Guests that make the hypervisor allocate all they can do not keep the control domain from its work. */
static void test_heap_reserve(void **state)
{
	static void *page[HEAP_SIZE / PAGE_SIZE];
	struct domain *guest = domain_create(9, DOMAIN_ORDINARY, 1, 16),
		      *control = domain_create(10, DOMAIN_CONTROL, 1, 16), *next;
	struct vcpu *before = this_cpu()->current;
	unsigned n = 0, more;

	(void)state;
	this_cpu()->current = guest->vcpu[0];
	while ((page[n] = heap_page_alloc()))
		n++;
	assert_null(heap_alloc(PAGE_SIZE));
	assert_true(alloc_free_count() > 0);
	this_cpu()->current = control->vcpu[0];
	for (more = 0; more < 400; more++)
		assert_non_null(page[n++] = heap_page_alloc());
	next = domain_create(11, DOMAIN_ORDINARY, 1, 16);
	assert_non_null(next);
	assert_int_equal(domain_kill(next), 0);
	this_cpu()->current = before;
	while (n)
		heap_page_free(page[--n]);
	assert_int_equal(domain_kill(guest), 0);
	assert_int_equal(domain_kill(control), 0);
}

/* A domain that cannot be made whole leaves nothing behind, wherever it failed. */
static void test_domain_creation_fails_at_each_point(void **state)
{
	static struct page_info *taken[MACHINE_MAX_FRAMES];
	unsigned n = 0, room;

	(void)state;
	while ((taken[n] = alloc_pages(0, 0)))
		n++;
	for (room = 0; room < 12; room++) {
		struct domain *d = domain_create(9, DOMAIN_ORDINARY, 1, 16);

		if (d) {
			while (domain_kill(d))
				continue;
			break;
		}
		assert_null(domain_by_id(9));
		free_pages(taken[--n], 0);
	}
	assert_true(room > 0 && room < 12);
	while (n)
		free_pages(taken[--n], 0);
	machine_check("failed creations");
}

/* ---- map cache ---- */

static void test_map_cache(void **state)
{
	struct page_info *page[40];
	uint32_t *va[40];
	unsigned i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = alloc_pages(0, 0);
		va[i] = frame_map(page_to_mfn(page[i]));
		*va[i] = i;
	}
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		/* Nests. */
		assert_ptr_equal(frame_map(page_to_mfn(page[i])), va[i]);
		assert_int_equal(*va[i], i);
		assert_int_equal(*(uint32_t *)machine_frame(page_to_mfn(page[i])), i);
		frame_unmap(va[i]);
	}
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		frame_unmap(va[i]);
		free_pages(page[i], 0);
	}
}

/* ---- references ---- */

static void test_references(void **state)
{
	struct domain *d = domain_create(9, DOMAIN_ORDINARY, 1, 4),
		      *other = domain_create(10, DOMAIN_ORDINARY, 1, 4);
	struct page_info *page = domain_page_alloc(d, 0, 0);

	(void)state;
	assert_non_null(page);
	assert_false(get_page(page, other));
	assert_true(get_page(page, d));
	assert_int_equal(get_page_type(page, PGT_WRITABLE, false), 0);
	assert_int_not_equal(get_page_type(page, PGT_L1, false), 0);
	put_page_and_type(page);
	/* Given up, it is nobody's for new references. */
	assert_true(get_page(page, d));
	assert_int_equal(domain_page_release(d, page_to_mfn(page)), 0);
	assert_false(get_page(page, d));
	assert_int_equal(d->tot_pages, 1);
	put_page(page);
	assert_int_equal(d->tot_pages, 0);
	/* The limit. */
	assert_null(domain_page_alloc(d, 3, 0));
	assert_non_null(domain_page_alloc(d, 2, 0));
	assert_null(domain_page_alloc(d, 0, 0));
	while (domain_kill(d))
		continue;
	while (domain_kill(other))
		continue;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_orders),
		T(test_limit),
		T(test_exhaustion_and_merging),
		T(test_larger_block_freed_page_by_page),
		T(test_stale_translations_are_flushed),
		T(test_heap_pages),
		T(test_heap_runs),
		T(test_heap_objects),
		T(test_heap_without_memory),
		T(test_heap_reserve),
		T(test_domain_creation_fails_at_each_point),
		T(test_map_cache),
		T(test_references),
	};

	machine_init();
	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
