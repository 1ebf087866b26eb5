/* SPDX-License-Identifier: MIT */
/*
 * What crossing from one domain to another costs, in units of the TSC: cycles on a real machine,
 * instructions under QEMU's `-icount shift=0`. One line each, as guests/bench prints them:
 * `BENCH <name> <cost>`; the best of several runs.
 */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"

#include <xen/vcpu.h>

#include "guests/payload/gnttab.h"

#define ITERATIONS 200u
#define RUNS 5u

static struct child a;
static evtchn_port_t port;
static void *window;

typedef void operation(void);

static void bench(const char *name, operation *op, unsigned int iterations, unsigned int share)
{
	uint32_t best = ~0u;
	unsigned int r, i;

	for (r = 0; r < RUNS; r++) {
		uint64_t start = rdtsc();
		uint32_t cost;

		for (i = 0; i < iterations; i++)
			op();
		cost = (uint32_t)(rdtsc() - start);
		best = cost < best ? cost : best;
	}
	pv_printf("BENCH %s %u\n", name, best / (iterations * share));
}

/* Sends, and sleeps until the answer is there: two events, two world switches. */
static void round_trip(void)
{
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle_raw(poll.ports, &port);
	event_send(port);
	while (!event_clear(port))
		HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

static void yield_to_other(void)
{
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

static void grant_map_unmap(void)
{
	grant_handle_t handle;

	gnttab_map(window, a.id, 8, 0, &handle);
	gnttab_unmap(window, handle);
}

static void copy(unsigned int len)
{
	struct gnttab_copy op = { .flags = GNTCOPY_source_gref, .len = len };

	op.source.u.ref = 9;
	op.source.domid = a.id;
	op.dest.u.gmfn = va_to_mfn(window);
	op.dest.domid = DOMID_SELF;
	HYPERVISOR_grant_table_op(GNTTABOP_copy, &op, 1);
}

static void grant_copy_64(void)
{
	copy(64);
}

static void grant_copy_page(void)
{
	copy(PAGE_SIZE);
}

static void foreign_map_unmap(void)
{
	foreign_unmap(foreign_map(a.id, a.mfn[3], PTE_KERNEL_RW));
}

static void create_destroy(void)
{
	if (child_make(&a, "exit", 1))
		child_destroy(&a);
}

/* From nothing to its first own instruction's effect, and away again. */
static void whole_life(void)
{
	unsigned int reason;

	if (child_make(&a, "exit", CHILD_STEPS)) {
		child_wait_shutdown(&a, &reason);
		child_destroy(&a);
	}
}

static bool start(const char *what)
{
	if (!child_make(&a, what, CHILD_STEPS))
		return false;
	if (child_wait_stage(&a, 2))
		return true;
	child_destroy(&a);
	return false;
}

int bench_run(void)
{
	void *own = page_alloc();

	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	if (start("poll")) {
		port = event_bind_interdomain(a.id, a.mailbox->port);
		bench("event-round-trip-domains", round_trip, ITERATIONS, 1);
		child_destroy(&a);
		event_close(port);
	}
	if (start("yield")) {
		bench("world-switch", yield_to_other, ITERATIONS, 2);
		child_destroy(&a);
	}
	if (start("grant")) {
		CHECK_EQ(domctl_simple(XEN_DOMCTL_pausedomain, a.id), 0, "pause");
		window = own;
		bench("grant-copy-64", grant_copy_64, ITERATIONS, 1);
		bench("grant-copy-4096", grant_copy_page, ITERATIONS, 1);
		bench("grant-map-unmap", grant_map_unmap, ITERATIONS, 1);
		bench("foreign-map-unmap", foreign_map_unmap, ITERATIONS, 1);
		child_destroy(&a);
	}
	bench("domain-create-destroy", create_destroy, 20, 1);
	bench("domain-life", whole_life, 20, 1);
	return 0;
}
