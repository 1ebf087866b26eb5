/* SPDX-License-Identifier: MIT */
/* The two guests that each test of grants gets: one grants, the other maps or copies. */
#pragma once

#include "tests/host/cmocka_all.h"

#include <xen/grant_table.h>

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include "hypercall/hypercall.h"
#include "mm/grant.h"
#include "mm/mmu.h"
#include "tests/host/guest.h"
#include "tests/host/machine.h"

#define PAGES 64
/* Plain pages that tests use. */
#define DATA 4
#define DATA2 5
#define PLACE 6
#define PLACE2 7
#define REF 8

/* Two guests: one grants, the other maps. */
struct pair {
	struct guest *from, *to;
};

static inline int pair_setup(void **state)
{
	static struct pair pair;

	machine.preempt = PREEMPT_NEVER;
	pair.from = guest_create(1, GUEST_ORDINARY, PAGES, PAGES + 16);
	pair.to = guest_create(2, GUEST_ORDINARY, PAGES, PAGES + 16);
	*state = &pair;
	return 0;
}

static inline int pair_teardown(void **state)
{
	struct pair *p = *state;

	machine_check("the test");
	if (p->to)
		guest_destroy(p->to);
	machine_check("the end of a guest");
	if (p->from)
		guest_destroy(p->from);
	machine_check("the end of both");
	return machine_leaks();
}

/* ---- helpers ---- */

static inline long op1(struct guest *g, unsigned cmd, void *arg, uint32_t size)
{
	gva_t va = guest_put(g, 0, arg, size);
	long rc = hypercall3(grant_table_op, cmd, va, 1);

	guest_get(g, 0, arg, size);
	return rc;
}

static inline int16_t setup_as(struct guest *g, domid_t dom, unsigned nr)
{
	struct gnttab_setup_table op = { .dom = dom, .nr_frames = nr, .status = 77 };

	op.frame_list.p = (void *)(uintptr_t)(guest_va(g, 0) + 1024);
	assert_int_equal(op1(g, GNTTABOP_setup_table, &op, sizeof(op)), 0);
	return op.status;
}

static inline struct grant_entry_v1 *entry_of(struct guest *g, grant_ref_t ref)
{
	if (!grant_table_frames(g->d)) {
		machine_run(g->v);
		assert_int_equal(setup_as(g, DOMID_SELF, 1), GNTST_okay);
	}
	return (struct grant_entry_v1 *)machine_frame(grant_table_mfn(g->d, 0)) + ref;
}

static inline void grant(struct guest *from, grant_ref_t ref, struct guest *to, mfn_t frame,
			 uint16_t flags)
{
	struct grant_entry_v1 *e = entry_of(from, ref);

	e->domid = to->d->id;
	e->frame = frame;
	e->flags = GTF_permit_access | flags;
}

static inline struct gnttab_map_grant_ref map_at(struct guest *to, uint64_t host_addr,
						 uint32_t flags, domid_t dom, grant_ref_t ref)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = host_addr, .flags = flags, .dom = dom, .ref = ref, .status = 77
	};

	machine_run(to->v);
	assert_int_equal(op1(to, GNTTABOP_map_grant_ref, &op, sizeof(op)), 0);
	assert_true(op.status <= 0);
	return op;
}

static inline struct gnttab_map_grant_ref map_place(struct pair *p, unsigned place, uint32_t flags)
{
	return map_at(p->to, guest_va(p->to, place), flags, p->from->d->id, REF);
}

static inline int16_t unmap(struct guest *to, grant_handle_t handle, uint64_t host_addr,
			    uint64_t dev)
{
	struct gnttab_unmap_grant_ref op = {
		.handle = handle, .host_addr = host_addr, .dev_bus_addr = dev, .status = 77
	};

	machine_run(to->v);
	assert_int_equal(op1(to, GNTTABOP_unmap_grant_ref, &op, sizeof(op)), 0);
	return op.status;
}

static inline uint16_t flags_of(struct pair *p)
{
	return entry_of(p->from, REF)->flags & (GTF_reading | GTF_writing);
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)
