/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_memory_op. Tests of a known class of holes are named after its
 * advisory (Xen Security Advisory).
 */
#include "tests/unit/memory_test.h"

/* ---- the list operations ---- */

static void test_populate_physmap(void **state)
{
	struct guest *g = *state;
	uint32_t list[3] = { 100, 200, 300 }, i,
		 *result = (uint32_t *)((char *)guest_page(g, 0) + LIST);

	set_list(g, LIST, list, 3);
	assert_int_equal(reserve(g, XENMEM_populate_physmap, 3, 0), 3);
	assert_int_equal(g->d->tot_pages, PAGES + 3);
	for (i = 0; i < 3; i++) {
		assert_ptr_equal(mfn_to_page(result[i])->owner, g->d);
		assert_int_equal(m2p[result[i]], list[i]);
	}
}

static void test_populate_larger_extent(void **state)
{
	struct guest *g = *state;
	uint32_t list[1] = { 100 }, i, *result = (uint32_t *)((char *)guest_page(g, 0) + LIST);

	set_list(g, LIST, list, 1);
	assert_int_equal(reserve(g, XENMEM_populate_physmap, 1, 3), 1);
	assert_int_equal(result[0] % 8, 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(m2p[result[0] + i], 100 + i);
}

static void test_increase_reservation(void **state)
{
	struct guest *g = *state;
	struct xen_memory_reservation r = reservation(g, 2, 0);
	uint32_t *result = (uint32_t *)((char *)guest_page(g, 0) + LIST);

	assert_int_equal(hypercall2(memory_op, XENMEM_increase_reservation, guest_arg(g, r)), 2);
	assert_ptr_equal(mfn_to_page(result[1])->owner, g->d);
	/* Without a list nobody is told. */
	r.extent_start.p = NULL;
	assert_int_equal(hypercall2(memory_op, XENMEM_increase_reservation, guest_arg(g, r)), 2);
	assert_int_equal(g->d->tot_pages, PAGES + 4);
}

static void test_decrease_reservation(void **state)
{
	struct guest *g = *state;

	assert_int_equal(guest_unmap(g, 4), 0);
	assert_int_equal(decrease(g, g->page[4]), 1);
	assert_int_equal(g->d->tot_pages, PAGES - 1);
	assert_int_equal(page_count(g->page[4]), 0);
	assert_int_equal(m2p[g->page[4]], INVALID_M2P_ENTRY);
	assert_int_equal(decrease(g, g->page[4]), 0);
	assert_int_equal(decrease(g, max_mfn), 0);
	assert_int_equal(decrease(g, INVALID_MFN), 0);
	assert_int_equal(decrease(g, 1), 0);
	assert_int_equal(decrease(g, heap_page_mfn(g->d->shared_info)), 0);
}

/* A kernel's linear map may still show the frame: it stays until that mapping goes. */
static void test_decrease_of_a_mapped_frame(void **state)
{
	struct guest *g = *state;

	assert_int_equal(decrease(g, g->page[4]), 1);
	assert_int_equal(page_count(g->page[4]), 1);
	assert_int_equal(g->d->tot_pages, PAGES);
	machine_check("a frame that was given up");
	assert_int_not_equal(guest_update_va(guest_va(g, 5), pte_make(g->page[4], PTE_P), 0), 0);
	assert_int_equal(guest_unmap(g, 4), 0);
	assert_int_equal(page_count(g->page[4]), 0);
	assert_int_equal(g->d->tot_pages, PAGES - 1);
}

static void test_restart_goes_on_where_it_stopped(void **state)
{
	struct guest *g = *state;
	uint32_t list[SPARE], restarts = machine.restarts, i;

	for (i = 0; i < SPARE; i++)
		list[i] = 100 + i;
	set_list(g, LIST, list, SPARE);
	machine.preempt = PREEMPT_ALWAYS;
	assert_int_equal(reserve(g, XENMEM_populate_physmap, SPARE, 0), SPARE);
	assert_int_equal(machine.restarts - restarts, SPARE - 1);
	assert_int_equal(g->d->tot_pages, PAGES + SPARE);
	assert_int_equal(reserve(g, XENMEM_decrease_reservation, SPARE, 0), SPARE);
	assert_int_equal(g->d->tot_pages, PAGES);
	machine.preempt = PREEMPT_NEVER;
}

static void test_other_domains_are_not_for_ordinary_ones(void **state)
{
	struct guest *g = *state, *control = guest_create(2, GUEST_CONTROL, PAGES, 0);
	struct xen_memory_reservation r;
	struct xen_memory_domain who = { .domid = 2 };

	machine_run(g->v);
	r = reservation(g, 1, 0);
	r.domid = 2;
	assert_int_equal(hypercall2(memory_op, XENMEM_increase_reservation, guest_arg(g, r)), 0);
	assert_int_equal(hypercall2(memory_op, XENMEM_current_reservation, guest_arg(g, who)),
			 -EPERM);
	who.domid = 77;
	assert_int_equal(hypercall2(memory_op, XENMEM_current_reservation, guest_arg(g, who)),
			 -ESRCH);
	machine_run(control->v);
	r = reservation(control, 1, 0);
	r.domid = 1;
	assert_int_equal(hypercall2(memory_op, XENMEM_increase_reservation, guest_arg(control, r)),
			 1);
	assert_int_equal(g->d->tot_pages, PAGES + 1);
	who.domid = 1;
	assert_int_equal(hypercall2(memory_op, XENMEM_current_reservation, guest_arg(control, who)),
			 PAGES + 1);
	assert_int_equal(hypercall2(memory_op, XENMEM_maximum_reservation, guest_arg(control, who)),
			 PAGES + SPARE);
	guest_destroy(control);
	machine_run(g->v);
}

/* ---- advisories ---- */

static void test_xsa31_158_extent_orders(void **state)
{
	static const unsigned ops[] = { XENMEM_increase_reservation, XENMEM_decrease_reservation,
					XENMEM_populate_physmap };
	struct guest *g = *state;
	unsigned order, i;

	for (order = 0; order < 64; order++) {
		struct xen_memory_exchange x = exchange_of(g, 1, order, 1, order);

		for (i = 0; order > 9 && i < ARRAY_SIZE(ops); i++)
			assert_int_equal(reserve(g, ops[i], 1, order), 0);
		if (order > 9)
			assert_int_equal(exchange(g, &x), -EPERM);
	}
	assert_int_equal(g->d->tot_pages, PAGES);
}

static void test_xsa231_memory_flags(void **state)
{
	struct guest *g = *state;
	unsigned bit, node;

	for (node = 0; node < 256; node++) {
		struct xen_memory_reservation r = reservation(g, 1, 0);
		long done;

		r.mem_flags = XENMEMF_exact_node(node);
		done = hypercall2(memory_op, XENMEM_increase_reservation, guest_arg(g, r));
		assert_true(done == 0 || node == 0xff);
		if (done)
			assert_int_equal(reserve(g, XENMEM_decrease_reservation, 1, 0), 1);
	}
	for (bit = 0; bit < 256; bit++) {
		struct xen_memory_reservation r = reservation(g, 1, 0);
		long done;

		r.mem_flags = XENMEMF_address_bits(bit);
		done = hypercall2(memory_op, XENMEM_increase_reservation, guest_arg(g, r));
		if (bit && bit <= PAGE_SHIFT)
			assert_int_equal(done, 0);
		if (done) {
			uint32_t mfn = *(uint32_t *)((char *)guest_page(g, 0) + LIST);

			assert_true(!bit || bit >= 32 || mfn >> (bit - PAGE_SHIFT) == 0);
			assert_int_equal(reserve(g, XENMEM_decrease_reservation, 1, 0), 1);
		}
	}
	for (bit = 0; bit < 32; bit++) {
		struct xen_memory_reservation r = reservation(g, 1, 0);

		r.mem_flags = 1u << bit;
		if (hypercall2(memory_op, XENMEM_increase_reservation, guest_arg(g, r)) == 1)
			assert_int_equal(reserve(g, XENMEM_decrease_reservation, 1, 0), 1);
	}
}

static void test_xsa385_never_beyond_the_maximum(void **state)
{
	struct guest *g = *state;
	uint32_t list[SPARE + 8] = { 0 };

	set_list(g, LIST, list, ARRAY_SIZE(list));
	assert_int_equal(reserve(g, XENMEM_populate_physmap, SPARE + 8, 0), SPARE);
	assert_int_equal(g->d->tot_pages, PAGES + SPARE);
	assert_int_equal(reserve(g, XENMEM_populate_physmap, 1, 0), 0);
	assert_int_equal(reserve(g, XENMEM_increase_reservation, 1, 9), 0);
	assert_int_equal(g->d->tot_pages, PAGES + SPARE);
	/* What was given up but is still mapped counts. */
	assert_int_equal(decrease(g, g->page[4]), 1);
	assert_int_equal(reserve(g, XENMEM_increase_reservation, 1, 0), 0);
	assert_int_equal(guest_unmap(g, 4), 0);
	assert_int_equal(reserve(g, XENMEM_increase_reservation, 1, 0), 1);
}

/* A lock that an error path keeps would stop the second call. */
static void test_xsa334_every_error_twice(void **state)
{
	static const gva_t args[] = { 0, HV_START - 4, HV_START, GUEST_BASE };
	struct guest *g = *state;
	unsigned op, i, twice;

	memset(guest_page(g, 0), 0xff, PAGE_SIZE);
	for (op = 0; op < 64; op++)
		for (i = 0; i < ARRAY_SIZE(args); i++)
			for (twice = 0; twice < 2; twice++) {
				hypercall2(memory_op, op, args[i]);
				assert_false(spin_is_locked(&g->d->page_lock));
			}
}

static void pin_spare_table(struct guest *g, unsigned page)
{
	memset(guest_page(g, page), 0, PAGE_SIZE);
	assert_int_equal(guest_unmap(g, page), 0);
	assert_int_equal(guest_mmuext(g, MMUEXT_PIN_L1_TABLE, g->page[page], 0), 0);
}

static void test_xsa222_252_pinned_or_mapped_more_than_once(void **state)
{
	struct guest *g = *state;
	struct xen_memory_exchange x;

	/* Pinned, and mapped: the pin stays. */
	pin_spare_table(g, 4);
	assert_int_equal(guest_update_va(guest_va(g, 4), pte_make(g->page[4], PTE_P), 0), 0);
	assert_int_equal(decrease(g, g->page[4]), 0);
	assert_true(mfn_to_page(g->page[4])->type_info & PGT_PINNED);
	machine_check("a pinned frame that is mapped");
	/* Pinned, and a table of somebody's. */
	assert_int_equal(guest_mmuext(g, MMUEXT_PIN_L1_TABLE, g->page[g->l1[0]], 0), 0);
	assert_int_equal(decrease(g, g->page[g->l1[0]]), 0);
	assert_true(mfn_to_page(g->page[g->l1[0]])->type_info & PGT_PINNED);
	assert_int_equal(guest_mmuext(g, MMUEXT_UNPIN_TABLE, g->page[g->l1[0]], 0), 0);
	/* Pinned, but part of a larger extent, or to be exchanged. */
	pin_spare_table(g, 5);
	set_list(g, LIST, &g->page[5], 1);
	assert_int_equal(reserve(g, XENMEM_decrease_reservation, 1, 1), 0);
	x = exchange_of(g, 1, 0, 1, 0);
	assert_int_equal(exchange(g, &x), -EBUSY);
	assert_true(mfn_to_page(g->page[5])->type_info & PGT_PINNED);
	assert_int_equal(guest_mmuext(g, MMUEXT_UNPIN_TABLE, g->page[5], 0), 0);
	/* Mapped twice. */
	assert_int_equal(guest_update_va(guest_va(g, 7), pte_make(g->page[6], PTE_P), 0), 0);
	assert_int_equal(decrease(g, g->page[6]), 0);
	/* A table in use. */
	assert_int_equal(decrease(g, g->page[g->l1[0]]), 0);
	assert_int_equal(decrease(g, g->page[g->l3]), 0);
	assert_int_equal(guest_mmuext(g, MMUEXT_UNPIN_TABLE, g->page[4], 0), 0);
}

/* What a table refers to is released with it. */
static void test_xsa252_decrease_of_a_frame_that_is_only_pinned(void **state)
{
	struct guest *g = *state;
	uint32_t refs = page_count(g->page[8]);

	guest_write(g, 4, 0, &(pte_t){ pte_make(g->page[8], PTE_P) }, sizeof(pte_t));
	assert_int_equal(guest_unmap(g, 4), 0);
	assert_int_equal(guest_mmuext(g, MMUEXT_PIN_L1_TABLE, g->page[4], 0), 0);
	assert_int_equal(page_count(g->page[8]), refs + 1);
	assert_int_equal(decrease(g, g->page[4]), 1);
	assert_int_equal(page_count(g->page[8]), refs);
	assert_int_equal(page_count(g->page[4]), 0);
	assert_int_equal(g->d->tot_pages, PAGES - 1);
	assert_int_equal(guest_mmuext(g, MMUEXT_UNPIN_TABLE, g->page[4], 0), -EINVAL);
}

/* An L2 table with L1 tables below it, of which a call undoes one. */
static void test_decrease_of_a_pinned_frame_restarts(void **state)
{
	struct guest *g = *state;
	unsigned budget = page_type_budget, page;
	uint32_t restarts;

	for (page = 10; page < 18; page++) {
		memset(guest_page(g, page), 0, PAGE_SIZE);
		guest_write(g, 9, (page - 10) * sizeof(pte_t),
			    &(pte_t){ pte_make(g->page[page], PTE_P) }, sizeof(pte_t));
		assert_int_equal(guest_unmap(g, page), 0);
	}
	assert_int_equal(guest_unmap(g, 9), 0);
	assert_int_equal(guest_mmuext(g, MMUEXT_PIN_L2_TABLE, g->page[9], 0), 0);
	page_type_budget = 1;
	machine.preempt = PREEMPT_ALWAYS;
	restarts = machine.restarts;
	assert_int_equal(decrease(g, g->page[9]), 1);
	assert_true(machine.restarts >= restarts + 3);
	machine.preempt = PREEMPT_NEVER;
	page_type_budget = budget;
	assert_int_equal(page_count(g->page[9]), 0);
	for (page = 10; page < 18; page++)
		assert_int_equal(page_count(g->page[page]), 1);
}

static void test_xsa100_165_fresh_memory_is_empty(void **state)
{
	struct guest *g = *state, *old, *fresh;
	unsigned i, j;

	old = guest_create(2, GUEST_ORDINARY, 600, 0);
	for (i = 1; i < old->nr_plain; i++)
		memset(guest_page(old, i), 0xa5, PAGE_SIZE);
	guest_destroy(old);
	fresh = guest_create(3, GUEST_ORDINARY, 600, 640);
	for (i = 0; i < fresh->nr_plain; i++) {
		const uint32_t *page = guest_page(fresh, i);

		for (j = 0; j < PAGE_SIZE / 4; j++)
			assert_int_equal(page[j], 0);
	}
	guest_destroy(fresh);
	machine_run(g->v);
}

static void test_xsa149_many_lives(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 300; i++) {
		guest_destroy(guest_create(2, i % 2 ? GUEST_CONTROL : GUEST_ORDINARY, 16, 0));
	}
	machine_run(((struct guest *)*state)->v);
}

/* ---- maps ---- */

struct e820 {
	uint64_t start, size;
	uint32_t type;
} PACKED;

static void test_memory_map(void **state)
{
	struct guest *g = *state;
	struct xen_memory_map map = { .nr_entries = 8 };
	struct xen_foreign_memory_map set = { .domid = DOMID_SELF };
	struct e820 entry[2] = { { 0, 0x100000, 1 }, { 0x200000, 0x1000, 2 } };
	const struct e820 *seen = (void *)((char *)guest_page(g, 0) + LIST);

	map.buffer.p = (void *)(uintptr_t)(guest_va(g, 0) + LIST);
	assert_int_equal(hypercall2(memory_op, XENMEM_memory_map, guest_arg(g, map)), 0);
	guest_get(g, 0, &map, sizeof(map));
	assert_int_equal(map.nr_entries, 1);
	assert_int_equal(seen->size, (PAGES + SPARE) * PAGE_SIZE);
	set.map = map;
	set.map.nr_entries = 2;
	memcpy((char *)guest_page(g, 0) + LIST, entry, sizeof(entry));
	assert_int_equal(hypercall2(memory_op, XENMEM_set_memory_map, guest_arg(g, set)), 0);
	memset((char *)guest_page(g, 0) + LIST, 0, sizeof(entry));
	map.nr_entries = 8;
	assert_int_equal(hypercall2(memory_op, XENMEM_memory_map, guest_arg(g, map)), 0);
	assert_memory_equal(seen, entry, sizeof(entry));
	set.map.nr_entries = 1 << 20;
	assert_int_equal(hypercall2(memory_op, XENMEM_set_memory_map, guest_arg(g, set)), -EINVAL);
	assert_int_equal(hypercall2(memory_op, XENMEM_machine_memory_map, guest_arg(g, map)),
			 -EPERM);
}

static void test_queries(void **state)
{
	struct guest *g = *state;
	struct xen_machphys_mapping m;

	assert_int_equal(hypercall2(memory_op, XENMEM_maximum_ram_page, 0), max_mfn);
	assert_int_equal(hypercall2(memory_op, XENMEM_machphys_mapping, guest_va(g, 0)), 0);
	guest_get(g, 0, &m, sizeof(m));
	assert_int_equal(m.v_start, M2P_START);
	assert_int_equal(m.max_mfn, domain_is_control(g->d) ? max_mfn - 1 : M2P_SIZE / 4 - 1);
	memset(guest_page(g, 0), 0, 64);
	*(uint16_t *)guest_page(g, 0) = DOMID_SELF;
	assert_int_equal(hypercall2(memory_op, XENMEM_add_to_physmap, guest_va(g, 0)), -EACCES);
	assert_int_equal(hypercall2(memory_op, XENMEM_remove_from_physmap, guest_va(g, 0)),
			 -EACCES);
	assert_int_equal(hypercall2(memory_op, 60, guest_va(g, 0)), -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEMORY_TEST(test_populate_physmap),
		MEMORY_TEST(test_populate_larger_extent),
		MEMORY_TEST(test_increase_reservation),
		MEMORY_TEST(test_decrease_reservation),
		MEMORY_TEST(test_decrease_of_a_mapped_frame),
		MEMORY_TEST(test_restart_goes_on_where_it_stopped),
		MEMORY_TEST(test_other_domains_are_not_for_ordinary_ones),
		MEMORY_TEST(test_xsa31_158_extent_orders),
		MEMORY_TEST(test_xsa231_memory_flags),
		MEMORY_TEST(test_xsa385_never_beyond_the_maximum),
		MEMORY_TEST(test_xsa334_every_error_twice),
		MEMORY_TEST(test_xsa222_252_pinned_or_mapped_more_than_once),
		MEMORY_TEST(test_xsa252_decrease_of_a_frame_that_is_only_pinned),
		MEMORY_TEST(test_decrease_of_a_pinned_frame_restarts),
		MEMORY_TEST(test_xsa100_165_fresh_memory_is_empty),
		MEMORY_TEST(test_xsa149_many_lives),
		MEMORY_TEST(test_memory_map),
		MEMORY_TEST(test_queries),
	};

	machine_ram_frames = 2048;
	machine_init();
	return cmocka_run_group_tests_name("memory_op", tests, NULL, NULL);
}
