/* SPDX-License-Identifier: MIT */
/* GNTTABOP_copy; transfer, which is refused; and lists of several requests. */
#include <string.h>

#include "tests/unit/grant_test.h"

static struct gnttab_copy copy_base(struct pair *p)
{
	struct gnttab_copy c = { .flags = GNTCOPY_source_gref, .len = 64, .status = 77 };

	c.source.u.ref = REF;
	c.source.domid = p->from->d->id;
	c.dest.u.gmfn = p->to->page[DATA];
	c.dest.domid = DOMID_SELF;
	return c;
}

static int16_t copy(struct pair *p, struct gnttab_copy c)
{
	machine_run(p->to->v);
	assert_int_equal(op1(p->to, GNTTABOP_copy, &c, sizeof(c)), 0);
	assert_true(c.status <= 0);
	return c.status;
}

static void test_copy(void **state)
{
	struct pair *p = *state;
	struct gnttab_copy c = copy_base(p);

	grant(p->from, REF, p->to, p->from->page[DATA], GTF_readonly);
	memset(guest_page(p->from, DATA), 0x3c, PAGE_SIZE);
	c.source.offset = 100;
	c.dest.offset = 200;
	assert_int_equal(copy(p, c), GNTST_okay);
	assert_int_equal(((uint8_t *)guest_page(p->to, DATA))[199], 0);
	assert_int_equal(((uint8_t *)guest_page(p->to, DATA))[200], 0x3c);
	assert_int_equal(((uint8_t *)guest_page(p->to, DATA))[263], 0x3c);
	assert_int_equal(((uint8_t *)guest_page(p->to, DATA))[264], 0);
	assert_int_equal(flags_of(p), 0);
	/* Not in the other direction. */
	c.flags = GNTCOPY_dest_gref;
	c.dest.u.ref = REF;
	c.dest.domid = p->from->d->id;
	c.source.u.gmfn = p->to->page[DATA];
	c.source.domid = DOMID_SELF;
	assert_int_equal(copy(p, c), GNTST_general_error);
	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	assert_int_equal(copy(p, c), GNTST_okay);
}

static void test_xsa226_318_448_copy_arguments(void **state)
{
	struct pair *p = *state;
	struct gnttab_copy c = copy_base(p);

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	c.len = 0;
	assert_int_equal(copy(p, c), GNTST_okay);
	c.source.offset = PAGE_SIZE;
	assert_int_equal(copy(p, c), GNTST_okay);
	c.len = 1;
	assert_int_equal(copy(p, c), GNTST_bad_copy_arg);
	c.source.offset = 0xffff;
	c.len = 0xffff;
	assert_int_equal(copy(p, c), GNTST_bad_copy_arg);
	c = copy_base(p);
	c.dest.offset = PAGE_SIZE - 63;
	assert_int_equal(copy(p, c), GNTST_bad_copy_arg);
	/* Transitive grants do not exist. */
	c = copy_base(p);
	entry_of(p->from, REF)->flags = GTF_transitive;
	assert_int_equal(copy(p, c), GNTST_general_error);
	assert_int_equal(flags_of(p), 0);
}

static void test_copy_onto_itself(void **state)
{
	struct pair *p = *state;
	struct gnttab_copy c = copy_base(p);
	uint8_t *page = guest_page(p->to, DATA);
	unsigned i;

	for (i = 0; i < 256; i++)
		page[i] = (uint8_t)i;
	c.flags = 0;
	c.source = c.dest;
	c.dest.offset = 16;
	c.len = 128;
	assert_int_equal(copy(p, c), GNTST_okay);
	for (i = 0; i < 128; i++)
		assert_int_equal(page[16 + i], i);
}

static void test_copy_refusals(void **state)
{
	struct pair *p = *state;
	struct gnttab_copy c;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	/* Somebody else's frame by number. */
	c = copy_base(p);
	c.flags = 0;
	c.source.u.gmfn = p->from->page[DATA];
	assert_int_equal(copy(p, c), GNTST_permission_denied);
	c.source.domid = DOMID_SELF;
	assert_int_equal(copy(p, c), GNTST_bad_page);
	/* Into a page table. */
	c = copy_base(p);
	c.dest.u.gmfn = p->to->page[p->to->l1[0]];
	assert_int_equal(copy(p, c), GNTST_general_error);
	c.dest.u.gmfn = 1;
	assert_int_equal(copy(p, c), GNTST_bad_page);
	c.dest.u.gmfn = ~0u;
	assert_int_equal(copy(p, c), GNTST_bad_page);
	c = copy_base(p);
	c.source.domid = 99;
	assert_int_equal(copy(p, c), GNTST_bad_domain);
	c = copy_base(p);
	c.source.u.ref = 12345;
	assert_int_equal(copy(p, c), GNTST_bad_gntref);
	assert_int_equal(flags_of(p), 0);
}

static void test_transfer_is_refused(void **state)
{
	struct pair *p = *state;
	struct gnttab_transfer t = {
		.mfn = p->to->page[DATA], .domid = 1, .ref = REF, .status = 77
	};

	machine_run(p->to->v);
	assert_int_equal(op1(p->to, GNTTABOP_transfer, &t, sizeof(t)), 0);
	assert_int_equal(t.status, GNTST_bad_page);
	assert_ptr_equal(mfn_to_page(p->to->page[DATA])->owner, p->to->d);
}

/* The members of a group are done together, and groups one by one when something else waits. */
static void test_batch_restarts(void **state)
{
	struct pair *p = *state;
	struct gnttab_map_grant_ref map[40];
	struct gnttab_unmap_grant_ref un[40];
	uint32_t restarts;
	unsigned i;

	memset(map, 0, sizeof(map));
	memset(un, 0, sizeof(un));
	for (i = 0; i < 8; i++)
		grant(p->from, i, p->to, p->from->page[DATA + i], 0);
	for (i = 0; i < 40; i++)
		map[i] = (struct gnttab_map_grant_ref){
			.host_addr = i < 8 ? guest_va(p->to, 10 + i) : 0,
			.flags = i < 8 ? GNTMAP_host_map : GNTMAP_device_map,
			.ref = i % 8,
			.dom = 1
		};
	machine_run(p->to->v);
	restarts = machine.restarts;
	machine.preempt = PREEMPT_ALWAYS;
	assert_int_equal(
		hypercall3(grant_table_op, GNTTABOP_map_grant_ref, guest_arg(p->to, map), 40), 0);
	assert_int_equal(machine.restarts - restarts, 2);
	guest_get(p->to, 0, map, sizeof(map));
	for (i = 0; i < 40; i++) {
		assert_int_equal(map[i].status, GNTST_okay);
		un[i].handle = map[i].handle;
		un[i].host_addr = map[i].host_addr;
		un[i].dev_bus_addr = i < 8 ? 0 : map[i].dev_bus_addr;
	}
	assert_int_equal(
		hypercall3(grant_table_op, GNTTABOP_unmap_grant_ref, guest_arg(p->to, un), 40), 0);
	machine.preempt = PREEMPT_NEVER;
	for (i = 0; i < 8; i++)
		assert_int_equal(page_count(p->from->page[DATA + i]), 2);
}

/* A list that ends where nothing is mapped: what can be read of it is done. */
static void test_batch_ends_at_a_hole(void **state)
{
	struct pair *p = *state;
	struct gnttab_map_grant_ref map = { .flags = GNTMAP_device_map, .ref = 1, .dom = 1 };
	gva_t list = guest_va(p->to, 11) - sizeof(map);

	grant(p->from, 1, p->to, p->from->page[DATA], 0);
	machine_run(p->to->v);
	assert_int_equal(copy_to_guest(list, &map, sizeof(map)), 0);
	assert_int_equal(guest_unmap(p->to, 11), 0);
	assert_int_equal(hypercall3(grant_table_op, GNTTABOP_map_grant_ref, list, 2), -EFAULT);
	assert_int_equal(copy_from_guest(&map, list, sizeof(map)), 0);
	assert_int_equal(map.status, GNTST_okay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_copy),
		PAIR_TEST(test_xsa226_318_448_copy_arguments),
		PAIR_TEST(test_copy_onto_itself),
		PAIR_TEST(test_copy_refusals),
		PAIR_TEST(test_transfer_is_refused),
		PAIR_TEST(test_batch_restarts),
		PAIR_TEST(test_batch_ends_at_a_hole),
	};

	machine_ram_frames = 2048;
	machine_init();
	return cmocka_run_group_tests_name("grant_copy", tests, NULL, NULL);
}
