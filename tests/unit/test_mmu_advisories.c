/* SPDX-License-Identifier: MIT */
/*
 * Page tables: what was once a hole in a hypervisor of this interface, each test named after the
 * Xen Security Advisory. The page-type rules themselves are in test_mmu.c.
 */
#include "tests/unit/mmu_test.h"

static void test_xsa148_superpage_over_page_tables(void **state)
{
	struct guest *g = *state;
	unsigned slot = l2_index(GUEST_BASE);
	pte_t l2e = pte_make(g->page[g->l1[0]], RW | PTE_US);

	assert_int_equal(guest_mmu_update(g, entry_of(g, g->l2, slot), l2e | PTE_PSE), -EINVAL);
	assert_int_equal(guest_mmu_update(g, entry_of(g, g->l2, slot + 1),
					  pte_make(0, RW | PTE_PSE)),
			 -EINVAL);
	/* The fast path that keeps the frame and changes flags. */
	assert_int_equal(guest_mmu_update(g, entry_of(g, g->l2, slot), l2e), 0);
	assert_int_equal(guest_mmu_update(g, entry_of(g, g->l2, slot), l2e | PTE_PSE), -EINVAL);
}

static void test_xsa182_only_rw_changes(void **state)
{
	struct guest *g = *state;
	gva_t va = guest_va(g, g->l1[0]);
	pte_t now = guest_l1e(g, va);

	assert_int_not_equal(guest_set_l1e(g, va, now | PTE_RW), 0);
	assert_int_not_equal(guest_update_va(va, now | PTE_RW, UVMF_INVLPG), 0);
	assert_int_not_equal(guest_mmu_update(g, guest_l1e_maddr(g, va) | MMU_PT_UPDATE_PRESERVE_AD,
					      now | PTE_RW),
			     0);
	assert_int_equal(guest_l1e(g, va) & PTE_RW, 0);
}

static void test_xsa185_l3_in_itself(void **state)
{
	struct guest *g = *state;

	assert_int_equal(guest_mmu_update(g, entry_of(g, g->l3, 1),
					  pte_make(g->page[g->l3], PTE_P)),
			 -EINVAL);
}

static void test_xsa240_309_tables_of_the_same_level(void **state)
{
	struct guest *g = *state;
	pte_t none = 0;

	make_table(g, A, &none, 1);
	assert_int_equal(pin(g, 2, A), 0);
	assert_int_equal(guest_mmu_update(g, entry_of(g, A, 0), pte_make(g->page[A], PTE_P)),
			 -EINVAL);
	assert_int_equal(guest_mmu_update(g, entry_of(g, A, 0),
					  pte_make(g->page[g->low_l2], PTE_P)),
			 -EINVAL);
	assert_int_equal(guest_mmu_update(g, entry_of(g, g->low_l2, 0),
					  pte_make(g->page[A], PTE_P)),
			 -EINVAL);
	/* Chains: of what is no table yet. */
	none = pte_make(g->page[A], PTE_P);
	make_table(g, B, &none, 1);
	assert_int_equal(pin(g, 2, B), -EINVAL);
	assert_int_equal(unpin(g, A), 0);
}

static void test_xsa167_frame_ranges_of_mmuext(void **state)
{
	static const uint32_t bad[] = { 0xffffffff, 0x80000000, 0x00400000 };
	struct guest *g = *state;
	unsigned cmd, i;

	assert_int_equal(guest_mmuext(g, MMUEXT_MARK_SUPER, g->page[A], 0), -ENOSYS);
	assert_int_equal(guest_mmuext(g, MMUEXT_UNMARK_SUPER, g->page[A], 0), -ENOSYS);
	for (cmd = 0; cmd < 64; cmd++) {
		for (i = 0; i < ARRAY_SIZE(bad) + 1; i++) {
			long rc = guest_mmuext(g, cmd, i < ARRAY_SIZE(bad) ? bad[i] : max_mfn, 1);

			if (cmd <= MMUEXT_PIN_L3_TABLE || cmd == MMUEXT_UNPIN_TABLE ||
			    cmd == MMUEXT_NEW_BASEPTR || cmd == MMUEXT_CLEAR_PAGE ||
			    cmd == MMUEXT_COPY_PAGE)
				assert_int_equal(rc, -EINVAL);
			else
				assert_true(rc <= 0);
		}
	}
}

static void test_xsa37_busy_pages(void **state)
{
	struct guest *g = *state;

	assert_true(pin(g, 1, A) < 0);
	assert_true(pin(g, 2, g->l1[0]) < 0);
	assert_true(pin(g, 1, g->l2) < 0);
	assert_true(pin(g, 3, g->l2) < 0);
	assert_int_equal(pin(g, 1, g->l1[0]), 0);
	assert_int_equal(unpin(g, g->l1[0]), 0);
	assert_int_equal(guest_mmuext(g, MMUEXT_NEW_BASEPTR, g->page[g->l2], 0), -EINVAL);
}

/* As many L1 tables as fit, below one L2; *count of them. */
static unsigned build_wide_l2(struct guest *g, unsigned first)
{
	pte_t l2[PTES_PER_PAGE] = { 0 };
	unsigned n = 0, page;

	for (page = first + 1; page < first + 40; page++, n++) {
		pte_t entries[] = { pte_make(g->page[A], RO), pte_make(g->page[A], RO) };

		make_table(g, page, entries, 2);
		l2[n] = pte_make(g->page[page], RW);
	}
	make_table(g, first, l2, PTES_PER_PAGE);
	return n;
}

static void test_xsa45_58_264_290_long_validation_restarts(void **state)
{
	struct guest *g = *state;
	uint32_t restarts = machine.restarts, refs = page_count(g->page[A]);
	unsigned n = build_wide_l2(g, 8);

	page_type_budget = 1;
	machine.preempt = PREEMPT_ALWAYS;
	assert_int_equal(pin(g, 2, 8), 0);
	assert_true(machine.restarts >= restarts + n / 2);
	assert_int_equal(page_count(g->page[A]), refs + 2 * n);
	machine_check("a pin in steps");
	restarts = machine.restarts;
	assert_int_equal(unpin(g, 8), 0);
	assert_true(machine.restarts >= restarts + n / 2);
	assert_int_equal(page_count(g->page[A]), refs);
	machine.preempt = PREEMPT_NEVER;
}

static void test_xsa45_long_destruction_restarts(void **state)
{
	struct guest *g = *state;

	build_wide_l2(g, 8);
	assert_int_equal(pin(g, 2, 8), 0);
	page_type_budget = 1;
	machine.preempt = PREEMPT_ALWAYS;
	/* The teardown does the rest. */
}

/* The first part of a call, without the restarts. */
static void mmuext_once(struct guest *g, unsigned cmd, unsigned page)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.mfn = g->page[page];
	assert_int_equal(do_mmuext_op(guest_arg(g, op), 1, 0, DOMID_SELF, 0, 0),
			 __HYPERVISOR_mmuext_op);
}

static void test_xsa242_299_310_death_in_the_middle_of_a_pin(void **state)
{
	struct guest *g = *state;

	build_wide_l2(g, 8);
	page_type_budget = 1;
	machine.preempt = PREEMPT_ALWAYS;
	mmuext_once(g, MMUEXT_PIN_L2_TABLE, 8);
	assert_true(mfn_to_page(g->page[8])->type_info & PGT_PARTIAL);
	machine_check("half a pin");
}

static void test_xsa242_299_310_death_in_the_middle_of_an_unpin(void **state)
{
	struct guest *g = *state;

	build_wide_l2(g, 8);
	assert_int_equal(pin(g, 2, 8), 0);
	page_type_budget = 1;
	machine.preempt = PREEMPT_ALWAYS;
	mmuext_once(g, MMUEXT_UNPIN_TABLE, 8);
	machine_check("half an unpin");
}

static void test_xsa299_half_a_pin_and_another_use(void **state)
{
	struct guest *g = *state;

	build_wide_l2(g, 8);
	page_type_budget = 1;
	machine.preempt = PREEMPT_ALWAYS;
	mmuext_once(g, MMUEXT_PIN_L2_TABLE, 8);
	machine.preempt = PREEMPT_NEVER;
	assert_int_not_equal(guest_unprotect(g, 8), 0);
	assert_int_not_equal(pin(g, 1, 8), 0);
	machine_check("half a pin, and other uses");
	assert_int_equal(pin(g, 2, 8), 0);
	assert_int_equal(unpin(g, 8), 0);
}

static void test_xsa299_half_a_pin_of_a_bad_table(void **state)
{
	struct guest *g = *state;
	pte_t *l2;

	build_wide_l2(g, 8);
	l2 = guest_page(g, 8);
	l2[30] = pte_make(1, RW);
	page_type_budget = 1;
	machine.preempt = PREEMPT_ALWAYS;
	assert_true(pin(g, 2, 8) < 0);
	machine.preempt = PREEMPT_NEVER;
	machine_check("a refused pin");
	assert_int_equal(page_type_count(g->page[8]), 0);
	assert_int_equal(guest_unprotect(g, 8), 0);
}

static void test_xsa241_401_408_write_through_stale_translation(void **state)
{
	struct guest *g = *state;
	uint32_t word = 0x123;

	/* A translation that can write is in the TLB. */
	memset(guest_page(g, B), 0, PAGE_SIZE);
	assert_int_equal(machine_access(guest_va(g, B), &word, 4, true), 0);
	memset(guest_page(g, B), 0, PAGE_SIZE);
	/* The mapping goes, the guest does not flush, and the page becomes a table. */
	assert_int_equal(guest_update_va(guest_va(g, B), 0, UVMF_NONE), 0);
	assert_int_equal(pin(g, 1, B), 0);
	assert_int_equal(machine_access(guest_va(g, B), &word, 4, true), -EFAULT);
	assert_int_equal(*(uint32_t *)guest_page(g, B), 0);
	assert_int_equal(unpin(g, B), 0);
}

static void test_xsa241_stale_translation_of_a_freed_frame(void **state)
{
	struct guest *g = *state, *other;
	uint32_t word = 0x123;
	mfn_t mfn = g->page[B];
	xen_pfn_t list = mfn;
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	unsigned i;

	assert_int_equal(machine_access(guest_va(g, B), &word, 4, true), 0);
	assert_int_equal(guest_update_va(guest_va(g, B), 0, UVMF_NONE), 0);
	r.extent_start.p = (void *)(uintptr_t)guest_put(g, 64, &list, sizeof(list));
	assert_int_equal(hypercall2(memory_op, XENMEM_decrease_reservation, guest_arg(g, r)), 1);
	/* Somebody else gets it. */
	other = guest_create(2, GUEST_ORDINARY, 600, 0);
	for (i = 0; i < other->nr_pages && other->page[i] != mfn; i++)
		continue;
	machine_run(g->v);
	(void)!machine_access(guest_va(g, B), &word, 4, true);
	assert_int_equal(machine_check_isolation(), 0);
	guest_destroy(other);
	machine_run(g->v);
}

/* As above, but the write comes while the frame is free: nobody may mind. */
static void test_write_to_a_frame_that_is_free(void **state)
{
	struct guest *g = *state;
	uint32_t word = 0x123;
	xen_pfn_t list = g->page[B];
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	unsigned i;

	assert_int_equal(machine_access(guest_va(g, B), &word, 4, true), 0);
	assert_int_equal(guest_update_va(guest_va(g, B), 0, UVMF_NONE), 0);
	r.extent_start.p = (void *)(uintptr_t)guest_put(g, 64, &list, sizeof(list));
	assert_int_equal(hypercall2(memory_op, XENMEM_decrease_reservation, guest_arg(g, r)), 1);
	assert_int_equal(machine_access(guest_va(g, B), &word, 4, true), 0);
	r.extent_start.p = (void *)(uintptr_t)guest_put(g, 64, &list, sizeof(list));
	for (i = 0; i < 16; i++)
		assert_int_equal(
			hypercall2(memory_op, XENMEM_increase_reservation, guest_arg(g, r)), 1);
}

static void test_xsa402_154_cache_attributes_on_ram(void **state)
{
	static const uint64_t bits[] = { PTE_PWT, PTE_PCD, PTE_PAT, PTE_PCD | PTE_PWT };
	struct guest *g = *state;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		assert_int_not_equal(
			guest_update_va(guest_va(g, A), pte_make(g->page[A], RW | bits[i]), 0), 0);
		assert_int_not_equal(pin_l1_with(g, pte_make(g->page[A], RO | bits[i])), 0);
	}
}

/* Of a control domain they are taken out, however it asks; tests/host/isolation.c looks at all entries. */
static void test_xsa402_154_cache_attributes_of_a_control_domain(void **state)
{
	static const uint64_t bits[] = { PTE_PWT, PTE_PCD, PTE_PAT, PTE_PCD | PTE_PWT };
	struct guest *control = guest_create(2, GUEST_CONTROL, PAGES, 0);
	pte_t pinned, a = pte_make(control->page[A], RO);
	unsigned i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		assert_int_equal(guest_update_va(guest_va(control, A), a | bits[i], 0), 0);
		assert_int_equal(guest_l1e(control, guest_va(control, A)), a);
		assert_int_equal(guest_set_l1e(control, guest_va(control, A), a | bits[i]), 0);
		assert_int_equal(guest_l1e(control, guest_va(control, A)), a);
		assert_int_equal(pin_l1_with(control, a | bits[i]), 0);
		memcpy(&pinned, (pte_t *)guest_page(control, B) + 1, sizeof(pinned));
		assert_int_equal(pinned, a);
		machine_check("cache attributes");
		assert_int_equal(unpin(control, B), 0);
	}
	guest_destroy(control);
}

static void test_xsa113_109_no_reference_is_lost(void **state)
{
	struct guest *g = *state, *other = guest_create(2, GUEST_ORDINARY, PAGES, 0);
	uint32_t refs = page_count(other->page[A]);
	unsigned i;

	machine_run(g->v);
	for (i = 0; i < 4096; i++)
		assert_int_equal(
			guest_mmu_update(
				g, (uint64_t)other->page[A] << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, i),
			-EINVAL);
	assert_int_equal(page_count(other->page[A]), refs);
	for (i = 0; i < 4096; i++)
		assert_int_not_equal(guest_set_l1e(g, guest_va(g, A), pte_make(other->page[A], RO)),
				     0);
	assert_int_equal(page_count(other->page[A]), refs);
	guest_destroy(other);
	machine_run(g->v);
}

static void test_xsa279_flush_of_any_address(void **state)
{
	static const uint32_t va[] = { 0,	  1, 0x1000, HV_START - 1, HV_START, SWITCHER_START,
				       0xffffffff };
	struct guest *g = *state;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(va); i++) {
		assert_int_equal(guest_mmuext(g, MMUEXT_INVLPG_LOCAL, va[i], 0), 0);
		assert_int_equal(guest_mmuext(g, MMUEXT_INVLPG_ALL, va[i], 0), 0);
		/* After an update that failed, too. */
		if (va[i] >= HV_START)
			assert_true(guest_update_va(va[i], pte_make(1, RW), UVMF_INVLPG) < 0);
	}
	assert_true(guest_update_va(guest_va(g, A), pte_make(g->page[A], RW),
				    0x40000000 | UVMF_INVLPG) < 0);
	assert_true(guest_update_va(guest_va(g, A), pte_make(g->page[A], RW),
				    HV_START | UVMF_INVLPG) < 0);
}

static void test_xsa273_absent_entries_with_frames(void **state)
{
	struct guest *g = *state;
	pte_t foreign = pte_make(1, PTE_RW), own = pte_make(g->page[A], PTE_RW),
	      none = pte_make(0x7ffffff, 0);

	nonpresent_pte_leaks = true;
	assert_int_not_equal(guest_update_va(guest_va(g, A), foreign, 0), 0);
	assert_int_not_equal(pin_l1_with(g, foreign), 0);
	assert_int_not_equal(guest_mmu_update(g, entry_of(g, g->low_l2, 3), foreign), 0);
	assert_int_not_equal(guest_mmu_update(g, entry_of(g, g->l3, 1), foreign), 0);
	assert_int_equal(guest_update_va(guest_va(g, A), own, 0), 0);
	assert_int_equal(guest_update_va(guest_va(g, A), none, 0), 0);
	assert_int_equal(guest_update_va(guest_va(g, A), 0, 0), 0);
	nonpresent_pte_leaks = false;
	assert_int_equal(guest_update_va(guest_va(g, A), foreign, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(test_xsa148_superpage_over_page_tables),
		GUEST_TEST(test_xsa182_only_rw_changes),
		GUEST_TEST(test_xsa185_l3_in_itself),
		GUEST_TEST(test_xsa240_309_tables_of_the_same_level),
		GUEST_TEST(test_xsa167_frame_ranges_of_mmuext),
		GUEST_TEST(test_xsa37_busy_pages),
		GUEST_TEST(test_xsa45_58_264_290_long_validation_restarts),
		GUEST_TEST(test_xsa45_long_destruction_restarts),
		GUEST_TEST(test_xsa242_299_310_death_in_the_middle_of_a_pin),
		GUEST_TEST(test_xsa242_299_310_death_in_the_middle_of_an_unpin),
		GUEST_TEST(test_xsa299_half_a_pin_and_another_use),
		GUEST_TEST(test_xsa299_half_a_pin_of_a_bad_table),
		GUEST_TEST(test_xsa241_401_408_write_through_stale_translation),
		GUEST_TEST(test_xsa241_stale_translation_of_a_freed_frame),
		GUEST_TEST(test_write_to_a_frame_that_is_free),
		GUEST_TEST(test_xsa402_154_cache_attributes_on_ram),
		GUEST_TEST(test_xsa402_154_cache_attributes_of_a_control_domain),
		GUEST_TEST(test_xsa113_109_no_reference_is_lost),
		GUEST_TEST(test_xsa279_flush_of_any_address),
		GUEST_TEST(test_xsa273_absent_entries_with_frames),
	};

	machine_ram_frames = 2048;
	machine_init();
	return cmocka_run_group_tests_name("mmu_advisories", tests, NULL, NULL);
}
