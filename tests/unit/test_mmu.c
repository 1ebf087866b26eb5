/* SPDX-License-Identifier: MIT */
/* Page types, validation and the calls that change page tables. */
#include "tests/unit/mmu_test.h"

/* ---- validation, rule by rule ---- */

static void test_l1_accepts_own_frames(void **state)
{
	struct guest *g = *state;
	pte_t entries[] = { pte_make(g->page[A], RW), pte_make(g->page[A], RO),
			    pte_make(g->page[C], RW | PTE_US | PTE_NX), 0 };
	uint32_t refs = page_count(g->page[A]);

	make_table(g, B, entries, 4);
	assert_int_equal(pin(g, 1, B), 0);
	assert_int_equal(page_type(g->page[B]), PGT_L1);
	assert_int_equal(page_count(g->page[A]), refs + 2);
	machine_check("a pin");
	assert_int_equal(unpin(g, B), 0);
	assert_int_equal(page_count(g->page[A]), refs);
	assert_int_equal(page_type_count(g->page[B]), 0);
}

static void test_l1_refuses_foreign_frame(void **state)
{
	struct guest *g = *state, *other = guest_create(2, GUEST_ORDINARY, PAGES, 0);

	machine_run(g->v);
	assert_int_not_equal(pin_l1_with(g, pte_make(other->page[A], RO)), 0);
	assert_int_equal(page_type_count(g->page[B]), 0);
	guest_destroy(other);
	machine_run(g->v);
}

static void test_l1_refuses_hypervisor_frame(void **state)
{
	struct guest *g = *state;

	assert_int_not_equal(pin_l1_with(g, pte_make(1, RO)), 0);
	assert_int_not_equal(pin_l1_with(g, pte_make(heap_page_mfn(g->v), RO)), 0);
}

static void test_l1_refuses_device_frame(void **state)
{
	struct guest *g = *state;

	assert_int_not_equal(pin_l1_with(g, pte_make(machine_ram_frames, RO)), 0);
	assert_int_not_equal(pin_l1_with(g, pte_make(0xfee00, RO)), 0);
	assert_int_not_equal(pin_l1_with(g, pte_make(INVALID_MFN, RO)), 0);
}

static void test_control_domain_maps_device_frame(void **state)
{
	struct guest *control = guest_create(2, GUEST_CONTROL, PAGES, 0);

	(void)state;
	assert_int_equal(guest_update_va(guest_va(control, A),
					 pte_make(machine_ram_frames, RW | PTE_PCD), 0),
			 0);
	machine_check("a device");
	guest_destroy(control);
}

static void test_l1_refuses_writable_table(void **state)
{
	struct guest *g = *state;

	assert_int_not_equal(pin_l1_with(g, pte_make(g->page[g->l1[0]], RW)), 0);
	assert_int_not_equal(pin_l1_with(g, pte_make(g->page[B], RW)), 0);
	/* To look at a table is fine. */
	assert_int_equal(pin_l1_with(g, pte_make(g->page[g->l1[0]], RO)), 0);
	assert_int_equal(unpin(g, B), 0);
}

static void test_writable_page_is_no_table(void **state)
{
	struct guest *g = *state;

	memset(guest_page(g, B), 0, PAGE_SIZE);
	assert_int_not_equal(pin(g, 1, B), 0);
	assert_int_equal(guest_protect(g, B), 0);
	assert_int_equal(pin(g, 1, B), 0);
	assert_int_not_equal(guest_unprotect(g, B), 0);
	assert_int_equal(unpin(g, B), 0);
	assert_int_equal(guest_unprotect(g, B), 0);
}

static void test_reserved_bits_refused(void **state)
{
	struct guest *g = *state;
	unsigned bit;

	for (bit = 44; bit < 63; bit++)
		assert_int_not_equal(pin_l1_with(g, pte_make(g->page[A], RO) | 1ull << bit), 0);
	assert_int_not_equal(pin_l1_with(g, pte_make(g->page[A], RO | PTE_G)), 0);
}

/* Validation passes over groups of absent entries: no slot of a table may be overlooked. */
static void refused_in_every_slot(struct guest *g, unsigned level, pte_t bad)
{
	pte_t *table = guest_page(g, B);
	unsigned slot;

	for (slot = 0; slot < PTES_PER_PAGE; slot++) {
		table[slot] = bad;
		assert_int_not_equal(pin(g, level, B), 0);
		table[slot] = 0;
	}
}

static void test_bad_entry_refused_in_every_slot(void **state)
{
	struct guest *g = *state, *other = guest_create(2, GUEST_ORDINARY, PAGES, 0);
	pte_t foreign = pte_make(other->page[A], 0), none = 0;

	machine_run(g->v);
	make_table(g, B, &none, 1);
	refused_in_every_slot(g, 1, foreign | RW);
	refused_in_every_slot(g, 1, foreign | PTE_P);
	refused_in_every_slot(g, 2, foreign | PTE_P);
	refused_in_every_slot(g, 2, pte_make(g->page[A], RW)); /* mapped writable: no table */
	nonpresent_pte_leaks = true;
	refused_in_every_slot(g, 1, foreign);
	refused_in_every_slot(g, 1, foreign | PTE_P);
	refused_in_every_slot(g, 2, foreign);
	nonpresent_pte_leaks = false;
	guest_destroy(other);
	machine_run(g->v);
}

/* One good entry alone in any slot is counted, and given back. */
static void test_lone_entry_counted_in_every_slot(void **state)
{
	struct guest *g = *state;
	struct page_info *page = mfn_to_page(g->page[A]), *l1 = mfn_to_page(g->page[g->l1[0]]);
	uint32_t count = page->count_info, type = l1->type_info;
	pte_t *table, none = 0;
	unsigned slot;

	make_table(g, B, &none, 1);
	table = guest_page(g, B);
	for (slot = 0; slot < PTES_PER_PAGE; slot++) {
		table[slot] = pte_make(g->page[A], RO);
		assert_int_equal(pin(g, 1, B), 0);
		assert_int_equal(page->count_info, count + 1);
		assert_int_equal(unpin(g, B), 0);
		assert_int_equal(page->count_info, count);
		table[slot] = pte_make(g->page[g->l1[0]], PTE_P);
		assert_int_equal(pin(g, 2, B), 0);
		assert_int_equal(l1->type_info, type + 1);
		assert_int_equal(unpin(g, B), 0);
		assert_int_equal(l1->type_info, type);
		table[slot] = 0;
	}
}

static void test_l3_needs_slot_3(void **state)
{
	struct guest *g = *state;
	pte_t entries[4] = { 0 };

	make_table(g, B, entries, 4);
	assert_int_not_equal(pin(g, 3, B), 0);
}

static void test_slot_3_table_is_not_shared(void **state)
{
	struct guest *g = *state;
	pte_t entries[4] = { [3] = pte_make(g->page[g->l2], PTE_P) };

	make_table(g, B, entries, 4);
	assert_int_not_equal(pin(g, 3, B), 0);
	/* Nor may it sit in another slot. */
	assert_int_not_equal(
		guest_mmu_update(g, entry_of(g, g->l3, 1), pte_make(g->page[g->l2], PTE_P)), 0);
}

static void test_hypervisor_slots_cannot_be_changed(void **state)
{
	struct guest *g = *state;
	pte_t *l2 = guest_page(g, g->l2);
	unsigned i;

	for (i = L2_HV_FIRST; i < PTES_PER_PAGE; i++) {
		pte_t before = l2[i];

		(void)!guest_mmu_update(g, entry_of(g, g->l2, i), pte_make(g->page[g->l1[0]], RW));
		assert_int_equal(l2[i], before);
	}
}

static void test_pin_twice(void **state)
{
	struct guest *g = *state;
	pte_t none = 0;

	make_table(g, B, &none, 1);
	assert_int_equal(pin(g, 1, B), 0);
	assert_int_equal(pin(g, 1, B), -EINVAL);
	assert_int_not_equal(pin(g, 2, B), 0);
	assert_int_equal(unpin(g, B), 0);
	assert_int_equal(unpin(g, B), -EINVAL);
}

static void test_pinned_tables_die_with_the_domain(void **state)
{
	struct guest *g = *state;
	pte_t none = 0;

	make_table(g, B, &none, 1);
	make_table(g, C, &none, 1);
	assert_int_equal(pin(g, 1, B), 0);
	assert_int_equal(pin(g, 2, C), 0);
}

/* ---- changes ---- */

static void test_update_va_mapping(void **state)
{
	struct guest *g = *state;
	uint32_t refs = page_count(g->page[A]);

	assert_int_equal(guest_update_va(guest_va(g, B), pte_make(g->page[A], RW), UVMF_INVLPG), 0);
	assert_int_equal(page_count(g->page[A]), refs + 1);
	assert_int_equal(machine_translate(guest_va(g, B), true), g->page[A]);
	assert_int_equal(guest_unmap(g, B), 0);
	assert_int_equal(page_count(g->page[A]), refs);
	assert_int_equal(machine_translate(guest_va(g, B), false), INVALID_MFN);
	/* No table there. */
	assert_int_not_equal(guest_update_va(0x1000, pte_make(g->page[A], RO), 0), 0);
	assert_int_not_equal(guest_update_va(HV_START, pte_make(g->page[A], RO), 0), 0);
	assert_int_not_equal(guest_update_va(0xfffff000, 0, 0), 0);
}

static void test_mmu_update_list_stops_at_error(void **state)
{
	struct guest *g = *state;
	struct mmu_update req[3] = {
		{ guest_l1e_maddr(g, guest_va(g, A)), pte_make(g->page[A], RO) },
		{ guest_l1e_maddr(g, guest_va(g, B)), pte_make(1, RO) },
		{ guest_l1e_maddr(g, guest_va(g, C)), pte_make(g->page[C], RO) },
	};
	uint32_t done = 99;
	gva_t va = guest_put(g, 0, req, sizeof(req)),
	      pdone = guest_put(g, 512, &done, sizeof(done));

	assert_true(hypercall4(mmu_update, va, 3, pdone, DOMID_SELF) < 0);
	guest_get(g, 512, &done, sizeof(done));
	assert_int_equal(done, 1);
	assert_int_equal(guest_l1e(g, guest_va(g, A)) & PTE_RW, 0);
	assert_int_equal(guest_l1e(g, guest_va(g, C)) & PTE_RW, PTE_RW);
}

/* Requests are read and carried out several at a time, and yet in order, each command as its own. */
static void test_mmu_update_list_of_several_kinds(void **state)
{
	struct guest *g = *state;
	uint64_t a = guest_l1e_maddr(g, guest_va(g, A)),
		 m2p_of_b = (uint64_t)g->page[B] << PAGE_SHIFT;
	struct mmu_update req[] = {
		{ a, pte_make(g->page[A], RO) },
		{ m2p_of_b | MMU_MACHPHYS_UPDATE, 0x1234 },
		{ a | MMU_PT_UPDATE_PRESERVE_AD, pte_make(g->page[A], PTE_P | PTE_RW) },
		{ m2p_of_b, 0x5678 }, /* plain memory */
		{ a, pte_make(g->page[A], RO) },
	};
	uint64_t plain;

	assert_int_equal(hypercall4(mmu_update, guest_put(g, 0, req, sizeof(req)), ARRAY_SIZE(req),
				    0, DOMID_SELF),
			 0);
	assert_int_equal(guest_l1e(g, guest_va(g, A)) & ~(pte_t)(PTE_A | PTE_D),
			 pte_make(g->page[A], RO) & ~(pte_t)(PTE_A | PTE_D));
	assert_int_equal(m2p[g->page[B]], 0x1234);
	memcpy(&plain, guest_page(g, B), sizeof(plain));
	assert_int_equal(plain, 0x5678);
}

static void test_mmu_update_list_ends_in_no_memory(void **state)
{
	struct guest *g = *state;
	struct mmu_update req[2] = {
		{ guest_l1e_maddr(g, guest_va(g, A)), pte_make(g->page[A], RO) },
		{ guest_l1e_maddr(g, guest_va(g, B)), pte_make(g->page[B], RO) },
	};
	uint32_t done = 99;

	guest_write(g, C, PAGE_SIZE - sizeof(req), req, sizeof(req));
	assert_int_equal(guest_unmap(g, C + 1), 0);
	assert_int_equal(hypercall4(mmu_update, guest_va(g, C + 1) - sizeof(req), 5,
				    guest_put(g, 512, &done, sizeof(done)), DOMID_SELF),
			 -EFAULT);
	guest_get(g, 512, &done, sizeof(done));
	assert_int_equal(done, 2);
	assert_int_equal(guest_l1e(g, guest_va(g, A)) & PTE_RW, 0);
	assert_int_equal(guest_l1e(g, guest_va(g, B)) & PTE_RW, 0);
}

static void test_mmu_update_restarts(void **state)
{
	struct guest *g = *state;
	struct mmu_update req[40];
	uint32_t done, restarts = machine.restarts;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(req); i++) {
		req[i].ptr = guest_l1e_maddr(g, guest_va(g, i + 4));
		req[i].val = pte_make(g->page[i + 4], RO);
	}
	machine.preempt = PREEMPT_ALWAYS;
	assert_int_equal(hypercall4(mmu_update, guest_put(g, 0, req, sizeof(req)), ARRAY_SIZE(req),
				    guest_va(g, 0) + 2048, DOMID_SELF),
			 0);
	machine.preempt = PREEMPT_NEVER;
	assert_true(machine.restarts > restarts);
	guest_get(g, 2048, &done, sizeof(done));
	assert_int_equal(done, ARRAY_SIZE(req));
	for (i = 0; i < ARRAY_SIZE(req); i++)
		assert_int_equal(guest_l1e(g, guest_va(g, i + 4)) & PTE_RW, 0);
}

static void test_preserve_ad(void **state)
{
	struct guest *g = *state;
	uint32_t word = 1;

	assert_int_equal(guest_set_l1e(g, guest_va(g, A), pte_make(g->page[A], PTE_P | PTE_RW)), 0);
	assert_int_equal(machine_access(guest_va(g, A), &word, 4, true), 0);
	assert_int_equal(
		guest_mmu_update(g, guest_l1e_maddr(g, guest_va(g, A)) | MMU_PT_UPDATE_PRESERVE_AD,
				 pte_make(g->page[A], PTE_P)),
		0);
	assert_int_equal(guest_l1e(g, guest_va(g, A)) & (PTE_A | PTE_D | PTE_RW), PTE_A | PTE_D);
}

static void test_machphys_update(void **state)
{
	struct guest *g = *state;

	assert_int_equal(guest_mmu_update(g,
					  (uint64_t)g->page[A] << PAGE_SHIFT | MMU_MACHPHYS_UPDATE,
					  0x1234),
			 0);
	assert_int_equal(m2p[g->page[A]], 0x1234);
	assert_int_equal(guest_mmu_update(g, (uint64_t)g->page[A] << PAGE_SHIFT | 4, 0x1234),
			 -ENOSYS);
}

static void test_new_baseptr(void **state)
{
	struct guest *g = *state;
	pte_t none = 0, l2[PTES_PER_PAGE], l3[4] = { 0 };

	/* A second address space like the first, with an L2 of its own. */
	memcpy(l2, guest_page(g, g->l2), sizeof(l2));
	memset(&l2[L2_HV_FIRST], 0, (PTES_PER_PAGE - L2_HV_FIRST) * sizeof(pte_t));
	make_table(g, A, l2, PTES_PER_PAGE);
	l3[3] = pte_make(g->page[A], PTE_P);
	make_table(g, B, l3, 4);
	make_table(g, C, &none, 1);
	assert_int_not_equal(guest_mmuext(g, MMUEXT_NEW_BASEPTR, g->page[C], 0), 0);
	assert_int_equal(guest_mmuext(g, MMUEXT_NEW_BASEPTR, g->page[B], 0), 0);
	assert_int_equal(g->v->arch.top, g->page[B]);
	machine_check("a new top level");
	assert_int_equal(page_type_count(g->page[g->l3]), 0);
	/* The old one still is a good table. */
	assert_int_equal(guest_mmuext(g, MMUEXT_NEW_BASEPTR, g->page[g->l3], 0), 0);
	assert_int_equal(page_type_count(g->page[B]), 0);
}

static void test_clear_and_copy_page(void **state)
{
	struct guest *g = *state;
	struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE };

	memset(guest_page(g, A), 0x5a, PAGE_SIZE);
	op.arg1.mfn = g->page[B];
	op.arg2.src_mfn = g->page[A];
	assert_int_equal(hypercall4(mmuext_op, guest_arg(g, op), 1, 0, DOMID_SELF), 0);
	assert_memory_equal(guest_page(g, A), guest_page(g, B), PAGE_SIZE);
	assert_int_equal(guest_mmuext(g, MMUEXT_CLEAR_PAGE, g->page[B], 0), 0);
	assert_int_equal(*(uint32_t *)guest_page(g, B), 0);
	assert_int_not_equal(guest_mmuext(g, MMUEXT_CLEAR_PAGE, g->page[g->l1[0]], 0), 0);
}

static void test_foreign_mapping_is_for_control_domains(void **state)
{
	struct guest *g = *state, *control = guest_create(2, GUEST_CONTROL, PAGES, 0);
	uint64_t ptr = guest_l1e_maddr(control, guest_va(control, A));

	assert_int_equal(guest_mmu_update_for(control, ptr, pte_make(g->page[A], RW), 1), 0);
	machine_check("a foreign mapping");
	/* Only of the domain that it names. */
	assert_int_not_equal(guest_mmu_update(control, ptr, pte_make(g->page[B], RW)), 0);
	assert_int_not_equal(guest_mmu_update_for(control, ptr, pte_make(g->page[g->l1[0]], RW), 1),
			     0);
	machine_run(g->v);
	assert_int_equal(guest_mmu_update_for(g, guest_l1e_maddr(g, guest_va(g, A)),
					      pte_make(control->page[A], RW), 2),
			 -ESRCH);
	guest_destroy(control);
	machine_run(g->v);
}

static void test_foreign_mapping_outlives_its_owner(void **state)
{
	struct guest *control = guest_create(2, GUEST_CONTROL, PAGES, 0),
		     *dead = guest_create(3, GUEST_ORDINARY, PAGES, 0);
	mfn_t mfn = dead->page[A];

	(void)state;
	machine_run(control->v);
	assert_int_equal(guest_mmu_update_for(control,
					      guest_l1e_maddr(control, guest_va(control, A)),
					      pte_make(mfn, RW), 3),
			 0);
	guest_destroy(dead);
	machine_run(control->v);
	machine_check("the owner's end");
	assert_int_equal(page_count(mfn), 1);
	assert_int_equal(guest_unmap(control, A), 0);
	assert_int_equal(page_count(mfn), 0);
	guest_destroy(control);
}

/* ---- segment descriptor tables ---- */

static void test_gdt_page_is_checked_and_kept(void **state)
{
	struct guest *g = *state;
	uint64_t *gdt = guest_page(g, B);
	uint32_t frame = g->page[B];

	memset(gdt, 0, PAGE_SIZE);
	gdt[1] = 0x00cfba000000ffffull;
	/* Still writable. */
	assert_int_not_equal(hypercall2(set_gdt, guest_arg(g, frame), 512), 0);
	assert_int_equal(guest_protect(g, B), 0);
	assert_int_equal(hypercall2(set_gdt, guest_arg(g, frame), 512), 0);
	assert_int_equal(page_type(g->page[B]), PGT_SEG_DESC);
	assert_int_not_equal(guest_unprotect(g, B), 0);
	machine_check("a GDT");
	assert_int_equal(hypercall2(set_gdt, guest_arg(g, frame), 0), 0);
	assert_int_equal(guest_unprotect(g, B), 0);
	/* A gate never leads to ring 0, nor is there a segment of it. */
	gdt[2] = 0x0000ec000008ffffull;
	gdt[3] = 0x00cf9a000000ffffull;
	assert_int_equal(guest_protect(g, B), 0);
	if (hypercall2(set_gdt, guest_arg(g, frame), 512) == 0) {
		assert_int_not_equal(gdt[2] >> 16 & 3, 0);
		assert_int_not_equal(gdt[3] >> 45 & 3, 0);
		assert_int_equal(hypercall2(set_gdt, guest_arg(g, frame), 0), 0);
	}
	/* A task state segment. */
	assert_int_equal(guest_unprotect(g, B), 0);
	gdt[2] = 0x0000890000000067ull;
	assert_int_equal(guest_protect(g, B), 0);
	assert_int_not_equal(hypercall2(set_gdt, guest_arg(g, frame), 512), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(test_l1_accepts_own_frames),
		GUEST_TEST(test_l1_refuses_foreign_frame),
		GUEST_TEST(test_l1_refuses_hypervisor_frame),
		GUEST_TEST(test_l1_refuses_device_frame),
		GUEST_TEST(test_control_domain_maps_device_frame),
		GUEST_TEST(test_l1_refuses_writable_table),
		GUEST_TEST(test_writable_page_is_no_table),
		GUEST_TEST(test_reserved_bits_refused),
		GUEST_TEST(test_bad_entry_refused_in_every_slot),
		GUEST_TEST(test_lone_entry_counted_in_every_slot),
		GUEST_TEST(test_l3_needs_slot_3),
		GUEST_TEST(test_slot_3_table_is_not_shared),
		GUEST_TEST(test_hypervisor_slots_cannot_be_changed),
		GUEST_TEST(test_pin_twice),
		GUEST_TEST(test_pinned_tables_die_with_the_domain),
		GUEST_TEST(test_update_va_mapping),
		GUEST_TEST(test_mmu_update_list_stops_at_error),
		GUEST_TEST(test_mmu_update_list_of_several_kinds),
		GUEST_TEST(test_mmu_update_list_ends_in_no_memory),
		GUEST_TEST(test_mmu_update_restarts),
		GUEST_TEST(test_preserve_ad),
		GUEST_TEST(test_machphys_update),
		GUEST_TEST(test_new_baseptr),
		GUEST_TEST(test_clear_and_copy_page),
		GUEST_TEST(test_foreign_mapping_is_for_control_domains),
		GUEST_TEST(test_foreign_mapping_outlives_its_owner),
		GUEST_TEST(test_gdt_page_is_checked_and_kept),
	};

	machine_ram_frames = 2048;
	machine_init();
	return cmocka_run_group_tests_name("mmu", tests, NULL, NULL);
}
