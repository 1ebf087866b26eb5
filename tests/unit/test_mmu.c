/* SPDX-License-Identifier: MIT */
/*
 * Page types, validation and the calls that change page tables. Tests of a known class of holes are
 * named after its advisory (Xen Security Advisory).
 */
#include "tests/host/cmocka_all.h"

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include <xen/memory.h>

#include "hypercall/hypercall.h"
#include "mm/mmu.h"
#include "tests/host/guest.h"
#include "tests/host/machine.h"

#define PAGES 64
#define RW (PTE_P | PTE_RW | PTE_A | PTE_D)
#define RO (PTE_P | PTE_A)
/* Plain pages that tests use. */
#define A 4
#define B 5
#define C 6

static int guest_setup(void **state)
{
	machine.preempt = PREEMPT_NEVER;
	page_type_budget = 32;
	nonpresent_pte_leaks = false;
	*state = guest_create(1, GUEST_ORDINARY, PAGES, PAGES + 16);
	return 0;
}

static int guest_teardown(void **state)
{
	machine_check("the test");
	guest_destroy(*state);
	machine_check("the end of the guest");
	return machine_leaks();
}

/* ---- helpers ---- */

static uint64_t entry_of(const struct guest *g, unsigned table_page, unsigned index)
{
	return ((uint64_t)g->page[table_page] << PAGE_SHIFT) + index * sizeof(pte_t);
}

/* Fills a plain page, which then has no writable mapping any more. */
static void make_table(struct guest *g, unsigned page, const pte_t *entries, unsigned n)
{
	memset(guest_page(g, page), 0, PAGE_SIZE);
	memcpy(guest_page(g, page), entries, n * sizeof(pte_t));
	assert_int_equal(guest_protect(g, page), 0);
}

static long pin(struct guest *g, unsigned level, unsigned page)
{
	return guest_mmuext(g, MMUEXT_PIN_L1_TABLE + level - 1, g->page[page], 0);
}

static long unpin(struct guest *g, unsigned page)
{
	return guest_mmuext(g, MMUEXT_UNPIN_TABLE, g->page[page], 0);
}

/* ---- validation, rule by rule ---- */

static long pin_l1_with(struct guest *g, pte_t entry)
{
	pte_t entries[] = { pte_make(g->page[A], RO), entry };

	make_table(g, B, entries, 2);
	return pin(g, 1, B);
}

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

/* ---- advisories ---- */

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
#define T(name) cmocka_unit_test_setup_teardown(name, guest_setup, guest_teardown)
	const struct CMUnitTest tests[] = {
		T(test_l1_accepts_own_frames),
		T(test_l1_refuses_foreign_frame),
		T(test_l1_refuses_hypervisor_frame),
		T(test_l1_refuses_device_frame),
		T(test_control_domain_maps_device_frame),
		T(test_l1_refuses_writable_table),
		T(test_writable_page_is_no_table),
		T(test_reserved_bits_refused),
		T(test_l3_needs_slot_3),
		T(test_slot_3_table_is_not_shared),
		T(test_hypervisor_slots_cannot_be_changed),
		T(test_pin_twice),
		T(test_pinned_tables_die_with_the_domain),
		T(test_update_va_mapping),
		T(test_mmu_update_list_stops_at_error),
		T(test_mmu_update_restarts),
		T(test_preserve_ad),
		T(test_machphys_update),
		T(test_new_baseptr),
		T(test_clear_and_copy_page),
		T(test_foreign_mapping_is_for_control_domains),
		T(test_foreign_mapping_outlives_its_owner),
		T(test_xsa148_superpage_over_page_tables),
		T(test_xsa182_only_rw_changes),
		T(test_xsa185_l3_in_itself),
		T(test_xsa240_309_tables_of_the_same_level),
		T(test_xsa167_frame_ranges_of_mmuext),
		T(test_xsa37_busy_pages),
		T(test_xsa45_58_264_290_long_validation_restarts),
		T(test_xsa45_long_destruction_restarts),
		T(test_xsa242_299_310_death_in_the_middle_of_a_pin),
		T(test_xsa242_299_310_death_in_the_middle_of_an_unpin),
		T(test_xsa299_half_a_pin_and_another_use),
		T(test_xsa299_half_a_pin_of_a_bad_table),
		T(test_xsa241_401_408_write_through_stale_translation),
		T(test_xsa241_stale_translation_of_a_freed_frame),
		T(test_write_to_a_frame_that_is_free),
		T(test_xsa402_154_cache_attributes_on_ram),
		T(test_xsa113_109_no_reference_is_lost),
		T(test_xsa279_flush_of_any_address),
		T(test_xsa273_absent_entries_with_frames),
		T(test_gdt_page_is_checked_and_kept),
	};

	machine_ram_frames = 2048;
	machine_init();
	return cmocka_run_group_tests_name("mmu", tests, NULL, NULL);
}
