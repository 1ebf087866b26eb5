/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine itself: that guests live and die on it, and
 * that its oracle sees what it is for.
 */
#include "tests/host/cmocka_all.h"

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include "mm/mmu.h"
#include "tests/host/guest.h"
#include "tests/host/machine.h"

static void test_life(void **state)
{
	struct guest *g = guest_create(1, GUEST_ORDINARY, 64, 0);

	(void)state;
	machine_check("the start");
	assert_int_equal(g->d->tot_pages, 64);
	assert_ptr_equal(current_vcpu(), g->v);
	guest_destroy(g);
	assert_nothing_left();
}

static void test_access(void **state)
{
	struct guest *g = guest_create(1, GUEST_ORDINARY, 64, 0);
	uint32_t value = 0x12345678, seen;

	(void)state;
	assert_int_equal(machine_access(guest_va(g, 3), &value, 4, true), 0);
	assert_int_equal(*(uint32_t *)guest_page(g, 3), value);
	assert_int_equal(machine_access(guest_va(g, g->l1[0]), &seen, 4, false), 0);
	assert_int_equal(machine_access(guest_va(g, g->l1[0]), &value, 4, true), -EFAULT);
	assert_int_equal(machine_access(HV_START, &seen, 4, false), -EFAULT);
	assert_int_equal(machine_access(0x1000, &seen, 4, false), -EFAULT);
	guest_destroy(g);
	assert_nothing_left();
}

/* A test of the test: changes behind the hypervisor's back are found. */
static void test_oracle_sees_writable_table(void **state)
{
	struct guest *g = guest_create(1, GUEST_ORDINARY, 64, 0);
	pte_t *entry = (pte_t *)guest_page(g, g->l1[0]) + g->l3;

	(void)state;
	assert_int_equal(machine_check_isolation(), 0);
	*entry |= PTE_RW;
	assert_int_not_equal(machine_check_isolation(), 0);
	assert_int_not_equal(mm_audit(), 0);
	*entry &= ~PTE_RW;
	assert_int_equal(machine_check_isolation(), 0);
	guest_destroy(g);
	assert_nothing_left();
}

static void test_two_guests(void **state)
{
	struct guest *a = guest_create(1, GUEST_ORDINARY, 64, 0),
		     *b = guest_create(2, GUEST_CONTROL, 600, 0);

	(void)state;
	machine_check("two guests");
	guest_destroy(a);
	machine_check("one guest");
	guest_destroy(b);
	assert_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_oracle_sees_writable_table),
		cmocka_unit_test(test_two_guests),
	};

	machine_init();
	return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
