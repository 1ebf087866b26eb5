/* SPDX-License-Identifier: MIT */
/* The guest that each test of HYPERVISOR_memory_op gets, and how it asks. */
#pragma once

#include "tests/host/cmocka_all.h"

#include <xen/memory.h>

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include "hypercall/hypercall.h"
#include "mm/mmu.h"
#include "tests/host/guest.h"
#include "tests/host/machine.h"

#define PAGES 64
#define SPARE 16
#define LIST 1024 /* offset in page 0 */
#define OUT_LIST 2048
#define CANARY 0xc0ffee00u

static inline int guest_setup(void **state)
{
	machine.preempt = PREEMPT_NEVER;
	*state = guest_create(1, GUEST_ORDINARY, PAGES, PAGES + SPARE);
	return 0;
}

static inline void set_list(const struct guest *g, unsigned offset, const uint32_t *list,
			    unsigned n)
{
	memcpy((char *)guest_page(g, 0) + offset, list, n * sizeof(list[0]));
}

static inline struct xen_memory_reservation reservation(struct guest *g, unsigned nr,
							unsigned order)
{
	struct xen_memory_reservation r = { .nr_extents = nr,
					    .extent_order = order,
					    .domid = DOMID_SELF };

	r.extent_start.p = (void *)(uintptr_t)(guest_va(g, 0) + LIST);
	return r;
}

static inline long reserve(struct guest *g, unsigned op, unsigned nr, unsigned order)
{
	struct xen_memory_reservation r = reservation(g, nr, order);

	return hypercall2(memory_op, op, guest_arg(g, r));
}

static inline long decrease(struct guest *g, uint32_t mfn)
{
	set_list(g, LIST, &mfn, 1);
	return reserve(g, XENMEM_decrease_reservation, 1, 0);
}

static inline struct xen_memory_exchange exchange_of(struct guest *g, unsigned nr_in,
						     unsigned in_order, unsigned nr_out,
						     unsigned out_order)
{
	struct xen_memory_exchange x = { .in = reservation(g, nr_in, in_order),
					 .out = reservation(g, nr_out, out_order) };

	x.out.extent_start.p = (void *)(uintptr_t)(guest_va(g, 0) + OUT_LIST);
	return x;
}

static inline long exchange(struct guest *g, struct xen_memory_exchange *x)
{
	long rc = hypercall2(memory_op, XENMEM_exchange, guest_arg(g, *x));

	guest_get(g, 0, x, sizeof(*x));
	return rc;
}

#define MEMORY_TEST(name) cmocka_unit_test_setup_teardown(name, guest_setup, guest_teardown)
