/* SPDX-License-Identifier: MIT */
/* Stores to live page tables through their read-only mappings, in the forms that kernels use. */
#include "tests/host/cmocka_all.h"

#include <xen/xen.h>

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include "hypercall/hypercall.h"
#include "mm/mmu.h"
#include "tests/host/guest.h"
#include "tests/host/machine.h"

#define PAGES 64
#define CODE 1
#define A 4
#define B 5
#define RW (PTE_P | PTE_RW | PTE_A | PTE_D)

static int guest_setup(void **state)
{
	struct guest *g = guest_create(1, GUEST_ORDINARY, PAGES, PAGES + 16);

	g->d->vm_assist |= 1u << VMASST_TYPE_writable_pagetables;
	*state = g;
	return 0;
}

/*
 * Runs the instruction, which stores through %edi, on the entry for the place of
 * page `page`, `offset` bytes into it.
 */
static bool store(struct guest *g, const char *code, unsigned len, unsigned page, unsigned offset)
{
	struct trap_frame *f = guest_frame();
	gva_t va = guest_va(g, g->l1[0]) + page * sizeof(pte_t) + offset;

	memcpy(guest_page(g, CODE), code, len);
	f->eip = guest_va(g, CODE);
	f->cs = FLAT_RING1_CS;
	f->ds = f->es = f->ss = FLAT_RING1_DS;
	f->edi = va;
	assert_int_equal(machine_translate(va, true), INVALID_MFN);
	if (!ptwr_emulate(g->v, va))
		return false;
	assert_int_equal(f->eip, guest_va(g, CODE) + len);
	machine_check("a store to a table");
	return true;
}
#define STORE(g, code, page, offset) store(g, code, sizeof(code) - 1, page, offset)

static pte_t entry(const struct guest *g, unsigned page)
{
	return guest_l1e(g, guest_va(g, page));
}

static void test_mov_clears_an_entry(void **state)
{
	struct guest *g = *state;
	uint32_t refs = page_count(g->page[A]);

	/* As native_pte_clear: the lower half first. */
	guest_frame()->eax = 0;
	assert_true(STORE(g, "\x89\x07", A, 0));
	assert_true(STORE(g, "\x89\x07", A, 4));
	assert_int_equal(entry(g, A), 0);
	assert_int_equal(page_count(g->page[A]), refs - 1);
}

static void test_mov_sets_an_entry(void **state)
{
	struct guest *g = *state;

	assert_int_equal(guest_unmap(g, B), 0);
	guest_frame()->eax = 0;
	assert_true(STORE(g, "\x89\x07", B, 4));
	guest_frame()->eax = (uint32_t)pte_make(g->page[A], RW);
	assert_true(STORE(g, "\x89\x07", B, 0));
	assert_int_equal(entry(g, B), pte_make(g->page[A], RW));
	assert_int_equal(machine_translate(guest_va(g, B), true), g->page[A]);
}

static void test_lock_btr_write_protects(void **state)
{
	struct guest *g = *state;

	assert_int_equal(page_type_count(g->page[A]), 1);
	assert_true(STORE(g, "\xf0\x0f\xba\x37\x01", A, 0));
	assert_int_equal(entry(g, A) & PTE_RW, 0);
	assert_int_equal(page_type_count(g->page[A]), 0);
	assert_int_equal(guest_frame()->eflags & EFLAGS_CF, EFLAGS_CF);
}

static void test_and_clears_bits(void **state)
{
	struct guest *g = *state;

	guest_frame()->eax = ~(uint32_t)(PTE_A | PTE_D);
	assert_true(STORE(g, "\xf0\x21\x07", A, 0));
	assert_int_equal(entry(g, A) & (PTE_A | PTE_D), 0);
}

static void test_xchg_returns_the_old_entry(void **state)
{
	struct guest *g = *state;
	pte_t old = entry(g, A);

	guest_frame()->eax = 0;
	assert_true(STORE(g, "\x87\x07", A, 0));
	assert_int_equal(guest_frame()->eax, (uint32_t)old);
	assert_int_equal((uint32_t)entry(g, A), 0);
}

static void test_cmpxchg8b(void **state)
{
	struct guest *g = *state;
	struct trap_frame *f = guest_frame();
	pte_t old = entry(g, A), new = pte_make(g->page[B], PTE_P);

	f->eax = (uint32_t)old + 0x1000, f->edx = (uint32_t)(old >> 32);
	f->ebx = (uint32_t) new, f->ecx = (uint32_t)(new >> 32);
	assert_true(STORE(g, "\xf0\x0f\xc7\x0f", A, 0));
	/* It was another: nothing is stored, and the guest gets what is there. */
	assert_int_equal(entry(g, A), old);
	assert_int_equal(f->eax, (uint32_t)old);
	assert_true(STORE(g, "\xf0\x0f\xc7\x0f", A, 0));
	assert_int_equal(entry(g, A), new);
}

/* What a hypercall would refuse is refused here, and the guest gets its fault. */
static void test_checks_are_those_of_every_update(void **state)
{
	struct guest *g = *state, *other = guest_create(2, GUEST_ORDINARY, PAGES, 0);
	const pte_t bad[] = {
		pte_make(g->page[g->l1[0]], RW),    pte_make(g->page[g->l3], RW),
		pte_make(other->page[A], PTE_P),    pte_make(1, PTE_P),
		pte_make(g->page[A], RW | PTE_PCD), pte_make(machine_ram_frames, PTE_P),
	};
	pte_t before;
	unsigned i;

	machine_run(g->v);
	before = entry(g, B);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		guest_frame()->eax = (uint32_t)bad[i];
		assert_false(STORE(g, "\x89\x07", B, 0));
		assert_int_equal(entry(g, B), before);
	}
	guest_destroy(other);
	machine_run(g->v);
}

static void test_what_is_not_emulated(void **state)
{
	struct guest *g = *state;
	struct trap_frame *f = guest_frame();

	f->eax = 0;
	/* Across two entries; unaligned; not a store; the assist is off. */
	assert_false(STORE(g, "\x89\x07", A, 6));
	assert_false(STORE(g, "\x89\x07", A, 2));
	assert_false(STORE(g, "\x8b\x07", A, 0));
	assert_false(STORE(g, "\x64\x89\x07", A, 0));
	g->d->vm_assist = 0;
	assert_false(STORE(g, "\x89\x07", A, 0));
	/* Elsewhere than the fault. */
	g->d->vm_assist |= 1u << VMASST_TYPE_writable_pagetables;
	f->edi = guest_va(g, A);
	assert_false(ptwr_emulate(g->v, guest_va(g, g->l1[0])));
	/* No code at all. */
	f->eip = 0x1000;
	assert_false(ptwr_emulate(g->v, guest_va(g, g->l1[0])));
	f->eip = HV_START;
	assert_false(ptwr_emulate(g->v, guest_va(g, g->l1[0])));
	assert_false(ptwr_emulate(g->v, HV_START));
	assert_false(ptwr_emulate(g->v, 0xffffffff));
}

static void test_only_level_1(void **state)
{
	struct guest *g = *state;
	struct trap_frame *f = guest_frame();

	memcpy(guest_page(g, CODE), "\x89\x07", 2);
	f->eip = guest_va(g, CODE);
	f->eax = PTE_AVAIL;
	f->edi = guest_va(g, g->low_l2);
	assert_false(ptwr_emulate(g->v, f->edi));
	f->edi = guest_va(g, g->l3);
	assert_false(ptwr_emulate(g->v, f->edi));
	/* Nor of a page that is no table but read-only. */
	assert_int_equal(guest_protect(g, A), 0);
	f->edi = guest_va(g, A);
	assert_false(ptwr_emulate(g->v, f->edi));
}

/* The word that maps the guest's memory; eax is stored there. */
static bool store_to_l2(struct guest *g, uint32_t eax)
{
	struct trap_frame *f = guest_frame();
	gva_t va = guest_va(g, g->l2) + l2_index(GUEST_BASE) * sizeof(pte_t);

	memcpy(guest_page(g, CODE), "\x89\x07", 2);
	f->eip = guest_va(g, CODE);
	f->cs = FLAT_RING1_CS;
	f->ds = f->es = f->ss = FLAT_RING1_DS;
	f->eax = eax;
	f->edi = va;
	return ptwr_emulate(g->v, va);
}

static void test_level_2_store_without_effect(void **state)
{
	struct guest *g = *state;
	const uint32_t *l2 = guest_page(g, g->l2);
	unsigned at = l2_index(GUEST_BASE) * 2;
	uint32_t low = l2[at];

	/* With and without the assist. */
	assert_true(store_to_l2(g, low));
	assert_int_equal(guest_frame()->eip, guest_va(g, CODE) + 2);
	g->d->vm_assist = 0;
	assert_true(store_to_l2(g, low));
	assert_true(store_to_l2(g, low ^ (uint32_t)PTE_A));
	assert_int_equal(l2[at], low);
	assert_false(store_to_l2(g, low ^ (uint32_t)PTE_RW));
	assert_false(store_to_l2(g, low ^ (uint32_t)PTE_PSE));
	assert_false(store_to_l2(g, low ^ (uint32_t)PTE_D));
	assert_false(store_to_l2(g, low + PAGE_SIZE));
	assert_false(store_to_l2(g, 0));
	assert_int_equal(l2[at], low);
}

static void test_level_1_needs_the_assist(void **state)
{
	struct guest *g = *state;

	g->d->vm_assist = 0;
	guest_frame()->eax = 0;
	assert_false(STORE(g, "\x89\x07", A, 0));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, guest_setup, guest_teardown)
	const struct CMUnitTest tests[] = {
		T(test_mov_clears_an_entry),
		T(test_mov_sets_an_entry),
		T(test_lock_btr_write_protects),
		T(test_and_clears_bits),
		T(test_xchg_returns_the_old_entry),
		T(test_cmpxchg8b),
		T(test_checks_are_those_of_every_update),
		T(test_what_is_not_emulated),
		T(test_only_level_1),
		T(test_level_2_store_without_effect),
		T(test_level_1_needs_the_assist),
	};

	machine_ram_frames = 1024;
	machine_init();
	return cmocka_run_group_tests_name("ptwr", tests, NULL, NULL);
}
