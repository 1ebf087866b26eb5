/* SPDX-License-Identifier: MIT */
/* Multicalls, restarts, and the table of hypercalls. */
#include "tests/host/cmocka_all.h"

#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/version.h>

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include "hypercall/hypercall.h"
#include "mm/mmu.h"
#include "tests/host/guest.h"
#include "tests/host/machine.h"

#define PAGES 64
#define LISTS 2048 /* offset of other arguments in page 0 */

static int guest_setup(void **state)
{
	machine.preempt = PREEMPT_NEVER;
	*state = guest_create(1, GUEST_ORDINARY, PAGES, PAGES + 32);
	return 0;
}

/* The result field is preset, so that an untouched one shows. */
#define UNTOUCHED 0x5555

static struct multicall_entry entry(uint32_t op, uint32_t a, uint32_t b)
{
	return (struct multicall_entry){ .op = op, .result = UNTOUCHED, .args = { a, b } };
}

static void test_each_entry_has_a_result(void **state)
{
	struct guest *g = *state;
	struct multicall_entry list[20];
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = entry(i % 2 ? 63 : __HYPERVISOR_xen_version, XENVER_version, 0);
	assert_int_equal(hypercall2(multicall, guest_arg(g, list), ARRAY_SIZE(list)), 0);
	guest_get(g, 0, list, sizeof(list));
	for (i = 0; i < ARRAY_SIZE(list); i++) {
		if (i % 2)
			assert_int_equal((int)list[i].result, -ENOSYS);
		else
			assert_true((int)list[i].result > 0);
	}
}

static void test_empty_and_bad_lists(void **state)
{
	static const struct {
		gva_t list;
		uint32_t n;
		long result;
	} lists[] = {
		{ 0, 0, 0 },
		{ GUEST_BASE, 0, 0 },
		{ 0x1000, 1, -EFAULT },
		{ HV_START, 1, -EFAULT },
		{ HV_START - 16, 1, -EFAULT },
		{ 0xffffffe0, 2, -EFAULT },
		{ GUEST_BASE, 0x80000000, -EFAULT },
		{ GUEST_BASE, 0xffffffff, -EFAULT },
		{ GUEST_BASE, 0x08000001, -EFAULT },
		{ GUEST_BASE, 0x08000000, -EFAULT },
	};
	struct guest *g = *state;
	unsigned i;

	memset(guest_page(g, 0), 0xff, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		assert_int_equal(hypercall2(multicall, lists[i].list, lists[i].n), lists[i].result);
}

static void test_nested_is_refused(void **state)
{
	struct guest *g = *state;
	struct multicall_entry list[2] = { entry(__HYPERVISOR_multicall, guest_va(g, 0), 2),
					   entry(63, 0, 0) };

	assert_int_equal(hypercall2(multicall, guest_arg(g, list), 2), 0);
	guest_get(g, 0, list, sizeof(list));
	assert_int_equal((int)list[0].result, -EINVAL);
	assert_int_equal((int)list[1].result, -ENOSYS);
}

/* The list ends there: what follows would be done for a guest that is in another mode already. */
static void test_xsa213_iret_in_a_multicall(void **state)
{
	struct guest *g = *state;
	struct multicall_entry list[2] = { entry(__HYPERVISOR_iret, 0, 0), entry(63, 0, 0) };
	struct {
		uint32_t eax, eip, cs, eflags, esp, ss;
	} user = { 0x1234, 0x00401000, 0xe02b, EFLAGS_IF | EFLAGS_IOPL, 0x00402000, 0xe033 };

	memcpy(guest_page(g, 3), &user, sizeof(user));
	guest_frame()->esp = guest_va(g, 3);
	assert_int_equal(hypercall2(multicall, guest_arg(g, list), 2), user.eax);
	guest_get(g, 0, list, sizeof(list));
	assert_int_equal((int)list[1].result, UNTOUCHED);
	assert_int_equal(guest_frame()->eip, user.eip);
	assert_int_equal(guest_frame()->cs, user.cs);
	assert_int_equal(guest_frame()->eflags & (EFLAGS_IF | EFLAGS_IOPL), EFLAGS_IF);
	assert_int_equal(this_cpu()->multicall_active, 0);
	assert_null(g->d->crash_reason);
}

static void test_numbers_beyond_the_table(void **state)
{
	static const uint32_t numbers[] = { NR_HYPERCALLS, NR_HYPERCALLS + 1, 0x80000000,
					    0xffffffff };
	struct guest *g = *state;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct multicall_entry list[1] = { entry(numbers[i], 0, 0) };

		assert_int_equal(hypercall2(multicall, guest_arg(g, list), 1), 0);
		guest_get(g, 0, list, sizeof(list));
		assert_int_equal((int)list[0].result, -ENOSYS);
	}
	for (i = 0; i < NR_HYPERCALLS; i++)
		assert_non_null(hypercall_table[i]);
}

static void test_list_at_the_end_of_memory(void **state)
{
	struct guest *g = *state;
	gva_t va = guest_va(g, g->nr_pages) - 2 * sizeof(struct multicall_entry);
	unsigned last = g->nr_pages - 1;

	/* The last pages of a guest are tables, which are read-only: results cannot be written. */
	assert_int_equal(hypercall2(multicall, va, 1), -EFAULT);
	/* A plain page before an unmapped one: the first two entries are good. */
	assert_int_equal(guest_unmap(g, 5), 0);
	((struct multicall_entry *)guest_page(g, 4))[126] = entry(63, 0, 0);
	((struct multicall_entry *)guest_page(g, 4))[127] = entry(63, 0, 0);
	assert_int_equal(hypercall2(multicall, guest_va(g, 4) + 126 * 32, 3), -EFAULT);
	assert_int_equal((int)((struct multicall_entry *)guest_page(g, 4))[126].result, -ENOSYS);
	assert_int_equal((int)((struct multicall_entry *)guest_page(g, 4))[127].result, -ENOSYS);
	(void)last;
}

static void test_preempted_between_entries(void **state)
{
	struct guest *g = *state;
	struct multicall_entry list[40];
	uint32_t restarts = machine.restarts;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = entry(63, 0, 0);
	machine.preempt = PREEMPT_ALWAYS;
	assert_int_equal(hypercall2(multicall, guest_arg(g, list), ARRAY_SIZE(list)), 0);
	machine.preempt = PREEMPT_NEVER;
	assert_true(machine.restarts > restarts);
	guest_get(g, 0, list, sizeof(list));
	for (i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal((int)list[i].result, -ENOSYS);
}

/* A call within that restarts does so with its own changed arguments, and then the rest follows. */
static void test_entry_that_restarts(void **state)
{
	struct guest *g = *state;
	struct xen_memory_reservation r = { .nr_extents = 16, .domid = DOMID_SELF };
	struct multicall_entry list[3];
	uint32_t restarts = machine.restarts;

	r.extent_start.p = (void *)(uintptr_t)(guest_va(g, 0) + LISTS + 64);
	list[0] = entry(63, 0, 0);
	list[1] = entry(__HYPERVISOR_memory_op, XENMEM_increase_reservation,
			guest_put(g, LISTS, &r, sizeof(r)));
	list[2] = entry(63, 0, 0);
	machine.preempt = PREEMPT_EVERY;
	machine.preempt_every = 3;
	assert_int_equal(hypercall2(multicall, guest_arg(g, list), 3), 0);
	machine.preempt = PREEMPT_NEVER;
	assert_true(machine.restarts > restarts + 2);
	guest_get(g, 0, list, sizeof(list));
	assert_int_equal(list[1].result, 16);
	assert_int_equal((int)list[2].result, -ENOSYS);
	assert_int_equal(g->d->tot_pages, PAGES + 16);
}

/* A yield asks for the scheduler: the list goes on after it. */
static void test_entry_that_schedules(void **state)
{
	struct guest *g = *state;
	struct multicall_entry list[3] = { entry(__HYPERVISOR_sched_op, SCHEDOP_yield, 0),
					   entry(__HYPERVISOR_sched_op, SCHEDOP_block, 0),
					   entry(63, 0, 0) };

	assert_int_equal(hypercall2(multicall, guest_arg(g, list), 3), 0);
	guest_get(g, 0, list, sizeof(list));
	assert_int_equal(list[0].result, 0);
	assert_int_equal(list[1].result, 0);
	assert_int_equal((int)list[2].result, -ENOSYS);
}

static void test_entry_whose_result_cannot_be_written(void **state)
{
	struct guest *g = *state;
	struct multicall_entry *list = guest_page(g, 4);

	list[0] = entry(__HYPERVISOR_xen_version, 0, 0);
	list[1] = entry(__HYPERVISOR_xen_version, 0, 0);
	assert_int_equal(guest_protect(g, 4), 0);
	assert_int_equal(hypercall2(multicall, guest_va(g, 4), 2), -EFAULT);
	assert_int_equal(list[1].result, UNTOUCHED);
}

/* The restart of a call that is alone. */
static void test_restart_in_the_frame(void **state)
{
	struct trap_frame *f = guest_frame();
	uint32_t eip = f->eip;

	(void)state;
	f->edx = 77;
	assert_int_equal(hypercall_restart(__HYPERVISOR_memory_op, 2, 5, 6),
			 __HYPERVISOR_memory_op);
	assert_int_equal(f->eax, __HYPERVISOR_memory_op);
	assert_int_equal(f->ebx, 5);
	assert_int_equal(f->ecx, 6);
	assert_int_equal(f->edx, 77);
	assert_int_equal(f->eip, eip - 2);
	f->eip = eip;
}

static void test_index_nospec(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 64; i++)
		assert_int_equal(index_nospec(i, 64), i);
	assert_int_equal(index_nospec(64, 64), 0);
	assert_int_equal(index_nospec(0x7fffffff, 64), 0);
	assert_int_equal(index_nospec(0xffffffff, 64), 0);
	assert_int_equal(index_nospec(4, 5), 4);
	assert_int_equal(index_nospec(5, 5), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, guest_setup, guest_teardown)
	const struct CMUnitTest tests[] = {
		T(test_each_entry_has_a_result),   T(test_empty_and_bad_lists),
		T(test_nested_is_refused),	   T(test_xsa213_iret_in_a_multicall),
		T(test_numbers_beyond_the_table),  T(test_list_at_the_end_of_memory),
		T(test_preempted_between_entries), T(test_entry_that_restarts),
		T(test_entry_that_schedules),	   T(test_entry_whose_result_cannot_be_written),
		T(test_restart_in_the_frame),	   T(test_index_nospec),
	};

	machine_ram_frames = 1024;
	machine_init();
	return cmocka_run_group_tests_name("multicall", tests, NULL, NULL);
}
