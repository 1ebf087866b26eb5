/* SPDX-License-Identifier: MIT */
/* XENMEM_exchange. Tests of a known class of holes are named after its advisory (Xen Security Advisory). */
#include "tests/unit/memory_test.h"

static void test_exchange_for_contiguous(void **state)
{
	struct guest *g = *state;
	struct xen_memory_exchange x = exchange_of(g, 4, 0, 1, 2);
	uint32_t in[4], out = 500, i, *result = (uint32_t *)((char *)guest_page(g, 0) + OUT_LIST);

	for (i = 0; i < 4; i++) {
		in[i] = g->page[4 + i];
		assert_int_equal(guest_unmap(g, 4 + i), 0);
	}
	set_list(g, LIST, in, 4);
	set_list(g, OUT_LIST, &out, 1);
	assert_int_equal(exchange(g, &x), 0);
	assert_int_equal(x.nr_exchanged, 4);
	assert_int_equal(result[0] % 4, 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(m2p[result[0] + i], 500 + i);
		assert_ptr_equal(mfn_to_page(result[0] + i)->owner, g->d);
	}
	assert_int_equal(g->d->tot_pages, PAGES);
}

static void test_exchange_splits_and_restarts(void **state)
{
	struct guest *g = *state;
	struct xen_memory_exchange x = exchange_of(g, 2, 1, 4, 0);
	uint32_t list[2] = { 100, 102 }, out[4] = { 1, 2, 3, 4 };
	uint32_t restarts = machine.restarts;

	set_list(g, LIST, list, 2);
	assert_int_equal(reserve(g, XENMEM_populate_physmap, 2, 1), 2);
	set_list(g, OUT_LIST, out, 4);
	machine.preempt = PREEMPT_ALWAYS;
	assert_int_equal(exchange(g, &x), 0);
	machine.preempt = PREEMPT_NEVER;
	assert_int_equal(x.nr_exchanged, 2);
	assert_int_equal(machine.restarts - restarts, 1);
	assert_int_equal(g->d->tot_pages, PAGES + 4);
}

/* An exchange needs no room below max_pages: what is given counts. */
static void test_exchange_at_the_limit(void **state)
{
	struct guest *g = *state;
	struct xen_memory_exchange x = exchange_of(g, 1, 0, 1, 0);

	assert_int_equal(guest_unmap(g, 4), 0);
	g->d->max_pages = g->d->tot_pages;
	set_list(g, LIST, &g->page[4], 1);
	assert_int_equal(exchange(g, &x), 0);
	assert_int_equal(g->d->tot_pages, PAGES);
}

static void test_xsa214_217_284_287_exchange_of_what_is_in_use(void **state)
{
	struct guest *g = *state;
	uint32_t used[3] = { g->page[g->l1[0]], g->page[5], heap_page_mfn(g->d->shared_info) },
		 twice[2], i;
	struct xen_memory_exchange x;

	for (i = 0; i < 3; i++) {
		x = exchange_of(g, 1, 0, 1, 0);
		set_list(g, LIST, &used[i], 1);
		assert_true(exchange(g, &x) < 0);
		assert_int_equal(x.nr_exchanged, 0);
		machine_check("a refused exchange");
	}
	assert_int_equal(guest_unmap(g, 4), 0);
	twice[0] = twice[1] = g->page[4];
	x = exchange_of(g, 2, 0, 1, 1);
	set_list(g, LIST, twice, 2);
	assert_int_equal(exchange(g, &x), -EBUSY);
	assert_int_equal(page_count(g->page[4]), 1);
}

static void test_xsa29_212_exchange_into_the_hypervisor(void **state)
{
	static const uint32_t bases[] = { HV_START,   HV_START - 4, HV_START - 8,
					  0xfffffffc, 0xffffffff,   0x80000000,
					  0 };
	struct guest *g = *state;
	uint32_t nr[] = { 0, 1, 2, 0x3fffffff, 0x40000000, 0x7fffffff, 0xfffffffe }, i, j;

	assert_int_equal(guest_unmap(g, 4), 0);
	set_list(g, LIST, &g->page[4], 1);
	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		for (j = 0; j < ARRAY_SIZE(nr); j++) {
			/* base + nr_exchanged * 4 lands anywhere. */
			struct xen_memory_exchange x = exchange_of(g, nr[j] + 1, 0, nr[j] + 1, 0);

			x.nr_exchanged = nr[j];
			x.out.extent_start.p = (void *)(uintptr_t)bases[i];
			assert_true(exchange(g, &x) < 0);
			assert_int_equal(x.nr_exchanged, nr[j]);
			x.in.extent_start.p = (void *)(uintptr_t)bases[i];
			assert_true(exchange(g, &x) < 0);
		}
	}
	assert_int_equal(page_count(g->page[4]), 1);
	assert_int_equal(hypercall2(memory_op, XENMEM_exchange, HV_START - 4), -EFAULT);
	assert_int_equal(hypercall2(memory_op, XENMEM_exchange, guest_va(g, g->l1[0])), -EFAULT);
}

static void test_xsa159_exchange_without_memory(void **state)
{
	struct guest *g = *state;
	struct xen_memory_exchange x = exchange_of(g, 2, 0, 2, 0);
	struct page_info *taken[4096];
	unsigned n = 0;

	assert_int_equal(guest_unmap(g, 4), 0);
	assert_int_equal(guest_unmap(g, 5), 0);
	set_list(g, LIST, &g->page[4], 2);
	while (n < ARRAY_SIZE(taken) && (taken[n] = alloc_pages(0, 0)))
		n++;
	assert_true(exchange(g, &x) < 0);
	assert_int_equal(x.nr_exchanged, 0);
	/* With room for what the call itself needs, but not for new frames. */
	while (n > 2 && alloc_free_count() < 3)
		free_pages(taken[--n], 0);
	(void)!exchange(g, &x);
	while (n)
		free_pages(taken[--n], 0);
	assert_int_equal(g->d->tot_pages, PAGES);
}

static void test_exchange_argument_rules(void **state)
{
	struct guest *g = *state;
	struct xen_memory_exchange x = exchange_of(g, 2, 0, 1, 0);

	assert_int_equal(exchange(g, &x), -EINVAL);
	x = exchange_of(g, 1, 0, 1, 0);
	x.out.domid = 5;
	assert_int_equal(exchange(g, &x), -EINVAL);
	x = exchange_of(g, 1, 0, 1, 0);
	x.nr_exchanged = 2;
	assert_int_equal(exchange(g, &x), -EINVAL);
	x = exchange_of(g, 0, 0, 0, 0);
	assert_int_equal(exchange(g, &x), 0);
	x = exchange_of(g, 1, 10, 1, 10);
	assert_int_equal(exchange(g, &x), -EPERM);
	assert_int_equal(hypercall2(memory_op, XENMEM_exchange | 1 << 6, guest_va(g, 0)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEMORY_TEST(test_exchange_for_contiguous),
		MEMORY_TEST(test_exchange_splits_and_restarts),
		MEMORY_TEST(test_exchange_at_the_limit),
		MEMORY_TEST(test_xsa214_217_284_287_exchange_of_what_is_in_use),
		MEMORY_TEST(test_xsa29_212_exchange_into_the_hypervisor),
		MEMORY_TEST(test_xsa159_exchange_without_memory),
		MEMORY_TEST(test_exchange_argument_rules),
	};

	machine_ram_frames = 2048;
	machine_init();
	return cmocka_run_group_tests_name("memory_exchange", tests, NULL, NULL);
}
