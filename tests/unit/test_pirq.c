/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts (core/pirq.h, hypercall/physdev_op.c): rights, sharing, the end of an
 * interrupt, storms, and what is left when domains die in the middle.
 */
#include "tests/host/cmocka_all.h"

#include <xen/physdev.h>

#include "core/errno.h"
#include "core/pirq.h"
#include "core/rights.h"
#include "mm/mmu.h"
#include "tests/host/guest.h"
#include "tests/host/interrupts.h"
#include "tests/host/machine.h"

#define EDGE 8
#define LEVEL 20
#define OTHER_LEVEL 21
#define OWN 4
#define ABSENT 2
#define STORM 200 /* core/pirq.c */

static struct guest *control, *guest;

static int set_up(void **state)
{
	(void)state;
	machine_init();
	control = guest_create(1, GUEST_CONTROL, 64, 0);
	guest = guest_create(2, GUEST_ORDINARY, 64, 0);
	assert_true(machine_run(control->v));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (guest)
		guest_destroy(guest);
	guest_destroy(control);
	for (unsigned i = 0; i < HOST_LINES; i++)
		assert_false(host_lines[i].open);
	assert_int_equal(machine_leaks(), 0);
	return 0;
}

/* ---- shorthands ---- */

static int bind_shared(struct guest *g, unsigned pirq, bool share)
{
	evtchn_bind_pirq_t op = { .pirq = pirq, .flags = share ? BIND_PIRQ__WILL_SHARE : 0 };
	int rc;

	assert_true(machine_run(g->v));
	rc = evtchn_op(EVTCHNOP_bind_pirq, &op);
	return rc ? rc : (int)op.port;
}

static int bind(struct guest *g, unsigned pirq)
{
	return bind_shared(g, pirq, true);
}

static int close_port(struct guest *g, int port)
{
	evtchn_close_t op = { .port = (evtchn_port_t)port };

	assert_true(machine_run(g->v));
	return evtchn_op(EVTCHNOP_close, &op);
}

static bool pending(struct guest *g, int port)
{
	return test_bit(g->d->shared_info->evtchn_pending, (unsigned)port);
}

/* The guest sees the event. */
static bool take(struct guest *g, int port)
{
	return atomic_test_and_clear_bit(g->d->shared_info->evtchn_pending, (unsigned)port);
}

static void give_right(struct guest *g, unsigned pirq)
{
	assert_int_equal(rights_grant(g->d, RIGHT_IRQ, pirq, pirq), 0);
}

#define physdev(g, cmd, op)                                    \
	({                                                     \
		assert_true(machine_run((g)->v));              \
		hypercall2(physdev_op, cmd, guest_arg(g, op)); \
	})

/* ---- rights and errors ---- */

static void test_rights(void **state)
{
	int port;

	(void)state;
	assert_int_equal(bind(guest, EDGE), -EPERM);
	give_right(guest, EDGE);
	port = bind(guest, EDGE);
	assert_true(port > 0);
	assert_int_equal(bind(guest, LEVEL), -EPERM);
	/* As in Xen, what is bound stays so when the right goes. */
	assert_int_equal(rights_revoke(guest->d, RIGHT_IRQ, EDGE, EDGE), 0);
	assert_true(host_line_fire(EDGE));
	assert_true(pending(guest, port));
	assert_int_equal(pirq_eoi(guest->d, EDGE), 0);
	assert_int_equal(close_port(guest, port), 0);
	assert_int_equal(bind(guest, EDGE), -EPERM);
}

static void test_bind_errors(void **state)
{
	int port;

	(void)state;
	assert_int_equal(bind(control, NR_PIRQS), -EINVAL);
	assert_int_equal(bind(control, ~0u), -EINVAL);
	assert_int_equal(bind(control, HOST_LINES), -EINVAL);
	assert_int_equal(bind(control, ABSENT), -EINVAL);
	assert_int_equal(bind(control, OWN), -EBUSY);
	port = bind(control, EDGE);
	assert_true(port > 0);
	assert_int_equal(bind(control, EDGE), -EEXIST);
	assert_int_equal(close_port(control, port), 0);
	assert_int_equal(bind(control, EDGE), port);
}

/* XSA-496: a failure half way leaves nothing behind. */
static void test_ports_exhausted(void **state)
{
	evtchn_bind_ipi_t ipi = { 0 };

	(void)state;
	while (!evtchn_op(EVTCHNOP_bind_ipi, &ipi))
		continue;
	assert_int_equal(bind(control, EDGE), -ENOSPC);
	assert_false(host_lines[EDGE].open);
	assert_int_equal(bind(control, OWN), -ENOSPC);
	assert_int_equal(close_port(control, 7), 0);
	assert_int_equal(bind(control, OWN), -EBUSY);
	assert_int_equal(bind(control, EDGE), 7);
}

/* ---- edge and level ---- */

static void test_edge(void **state)
{
	int port = bind(control, EDGE);

	(void)state;
	assert_true(host_line_fire(EDGE));
	assert_true(take(control, port));
	assert_true(host_line_fire(EDGE));
	assert_true(host_line_fire(EDGE));
	assert_true(take(control, port));
	assert_false(pending(control, port));
	assert_int_equal(close_port(control, port), 0);
	assert_false(host_line_fire(EDGE));
}

static void test_level(void **state)
{
	int port = bind(control, LEVEL);

	(void)state;
	assert_true(host_line_fire(LEVEL));
	assert_true(take(control, port));
	assert_false(host_line_fire(LEVEL));
	assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
	assert_true(host_line_fire(LEVEL));
	assert_true(pending(control, port));
	assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
	assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
	assert_false(host_lines[LEVEL].masked);
}

/* ---- sharing ---- */

static void test_sharing_errors(void **state)
{
	int port;

	(void)state;
	give_right(guest, LEVEL);
	port = bind_shared(control, LEVEL, false);
	assert_true(port > 0);
	assert_int_equal(bind_shared(guest, LEVEL, true), -EBUSY);
	assert_int_equal(close_port(control, port), 0);
	assert_true(bind_shared(control, LEVEL, true) > 0);
	assert_int_equal(bind_shared(guest, LEVEL, false), -EBUSY);
	assert_true(bind_shared(guest, LEVEL, true) > 0);
	assert_true(pirq_is_shared(LEVEL));
}

static void test_shared_level(void **state)
{
	int a = bind(control, LEVEL), b;

	(void)state;
	give_right(guest, LEVEL);
	b = bind(guest, LEVEL);
	assert_true(host_line_fire(LEVEL));
	assert_true(pending(control, a) && pending(guest, b));
	assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
	assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
	assert_true(host_lines[LEVEL].masked);
	assert_int_equal(pirq_eoi(guest->d, LEVEL), 0);
	assert_false(host_lines[LEVEL].masked);
	/* Unbinding is as good. */
	assert_true(host_line_fire(LEVEL));
	assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
	assert_int_equal(close_port(guest, b), 0);
	assert_false(host_lines[LEVEL].masked);
	assert_true(host_lines[LEVEL].open);
}

/* So is death. */
static void test_sharer_dies(void **state)
{
	int a = bind(control, LEVEL);

	(void)state;
	give_right(guest, LEVEL);
	assert_true(bind(guest, LEVEL) > 0);
	assert_true(host_line_fire(LEVEL));
	assert_true(take(control, a));
	assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
	assert_true(host_lines[LEVEL].masked);
	guest_destroy(guest);
	guest = NULL;
	assert_false(host_lines[LEVEL].masked);
	assert_true(host_line_fire(LEVEL));
	assert_true(pending(control, a));
}

static void test_sharer_limit(void **state)
{
	struct domain *d[PIRQ_MAX_GUESTS + 1];
	unsigned i;

	(void)state;
	for (i = 0; i <= PIRQ_MAX_GUESTS; i++) {
		d[i] = domain_create((domid_t)(10 + i), DOMAIN_ORDINARY, 1, 4);
		assert_non_null(d[i]);
		assert_int_equal(pirq_bind(d[i], LEVEL, 1, true), i < PIRQ_MAX_GUESTS ? 0 : -EBUSY);
	}
	for (i = 0; i <= PIRQ_MAX_GUESTS; i++) {
		pirq_unbind(d[i], LEVEL, 1);
		assert_int_equal(domain_kill(d[i]), 0);
	}
	machine_exit_path();
	assert_false(host_lines[LEVEL].open);
}

/* ---- numbers ---- */

static long map(struct guest *g, domid_t domid, int index)
{
	struct physdev_map_pirq op = {
		.domid = domid, .type = MAP_PIRQ_TYPE_GSI, .index = index, .pirq = -1
	};

	return physdev(g, PHYSDEVOP_map_pirq, op);
}

static long unmap(struct guest *g, domid_t domid, int pirq)
{
	struct physdev_unmap_pirq op = { .domid = domid, .pirq = pirq };

	return physdev(g, PHYSDEVOP_unmap_pirq, op);
}

static void test_map(void **state)
{
	(void)state;
	assert_int_equal(map(control, DOMID_SELF, LEVEL), 0);
	assert_int_equal(map(control, DOMID_SELF, HOST_LINES), -EINVAL);
	assert_int_equal(map(control, 99, LEVEL), -ESRCH);
	assert_int_equal(map(control, guest->d->id, LEVEL), -EPERM);
	assert_int_equal(map(guest, DOMID_SELF, LEVEL), -EPERM);
	assert_int_equal(map(guest, control->d->id, LEVEL), -EPERM);
	give_right(guest, LEVEL);
	assert_int_equal(map(control, guest->d->id, LEVEL), 0);
	assert_int_equal(unmap(guest, control->d->id, LEVEL), -EPERM);
	assert_int_equal(unmap(guest, DOMID_SELF, LEVEL), 0);
	assert_int_equal(unmap(guest, DOMID_SELF, LEVEL), -EINVAL);
	assert_int_equal(pirq_find_free(control->d), 16);
	assert_int_equal(map(control, DOMID_SELF, 16), 0);
	assert_int_equal(pirq_find_free(control->d), 17);
}

/* Unmapping takes the line from the channel. Closing that must not take it from its successor. */
static void test_unmap_bound(void **state)
{
	int old = bind(control, LEVEL), port;

	(void)state;
	assert_int_equal(map(control, DOMID_SELF, LEVEL), 0);
	assert_int_equal(unmap(control, DOMID_SELF, LEVEL), 0);
	assert_false(host_lines[LEVEL].open);
	port = bind(control, LEVEL);
	assert_true(port > 0 && port != old);
	assert_int_equal(close_port(control, old), 0);
	assert_true(host_line_fire(LEVEL));
	assert_true(pending(control, port));
}

static void test_physdev_of_others(void **state)
{
	static const uint32_t control_only[] = {
		PHYSDEVOP_apic_read,	  PHYSDEVOP_apic_write,		PHYSDEVOP_alloc_irq_vector,
		PHYSDEVOP_manage_pci_add, PHYSDEVOP_setup_gsi,		PHYSDEVOP_pci_device_add,
		PHYSDEVOP_restore_msi,	  PHYSDEVOP_pci_mmcfg_reserved,
	};
	physdev_eoi_t eoi = { .irq = EDGE };
	uint8_t zeros[64] = { 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(control_only); i++)
		assert_int_equal(physdev(guest, control_only[i], zeros), -EPERM);
	assert_int_equal(physdev(guest, PHYSDEVOP_eoi, eoi), -EINVAL);
	assert_int_equal(physdev(control, PHYSDEVOP_eoi, eoi), 0);
}

static void test_apic(void **state)
{
	struct physdev_apic op = { .apic_physbase = HOST_IOAPIC, .reg = 1 };

	(void)state;
	assert_int_equal(physdev(control, PHYSDEVOP_apic_read, op), 0);
	guest_get(control, 0, &op, sizeof(op));
	assert_int_equal(op.value, 1);
	assert_int_equal(physdev(control, PHYSDEVOP_apic_write, op), 0);
	op.apic_physbase++;
	assert_int_equal(physdev(control, PHYSDEVOP_apic_read, op), -EINVAL);
	assert_int_equal(physdev(control, PHYSDEVOP_apic_write, op), -EINVAL);
}

static void test_setup_gsi(void **state)
{
	struct physdev_setup_gsi op = { .gsi = OTHER_LEVEL, .triggering = 0 };

	(void)state;
	assert_int_equal(physdev(control, PHYSDEVOP_setup_gsi, op), 0);
	assert_false(host_lines[OTHER_LEVEL].level);
	op.triggering = 1;
	assert_true(bind(control, OTHER_LEVEL) > 0);
	assert_int_equal(physdev(control, PHYSDEVOP_setup_gsi, op), 0);
	assert_false(host_lines[OTHER_LEVEL].level);
	assert_int_equal(pirq_unmap(control->d, OTHER_LEVEL), -EINVAL);
	op.gsi = HOST_LINES;
	assert_int_equal(physdev(control, PHYSDEVOP_setup_gsi, op), -EINVAL);
}

/* ---- storms ---- */

static unsigned fire_until_masked(unsigned pirq, unsigned most)
{
	unsigned n = 0;

	while (n < most && host_line_fire(pirq))
		n++;
	return n;
}

static void test_edge_storm(void **state)
{
	int port = bind(control, EDGE);

	(void)state;
	/* The first finds nothing pending. */
	assert_int_equal(fire_until_masked(EDGE, 1000), STORM + 1);
	assert_true(take(control, port));
	machine_advance(9 * NSEC_PER_MSEC);
	assert_false(host_line_fire(EDGE));
	machine_advance(2 * NSEC_PER_MSEC);
	assert_true(pending(control, port));
	/* It goes on: the pause is twice as long. */
	assert_int_equal(fire_until_masked(EDGE, 1000), STORM);
	machine_advance(19 * NSEC_PER_MSEC);
	assert_true(host_lines[EDGE].masked);
	machine_advance(2 * NSEC_PER_MSEC);
	assert_false(host_lines[EDGE].masked);
	/* A second later it is a new one. */
	machine_advance(NSEC_PER_SEC);
	assert_int_equal(fire_until_masked(EDGE, 1000), STORM);
	machine_advance(11 * NSEC_PER_MSEC);
	assert_false(host_lines[EDGE].masked);
}

static void test_served_is_no_storm(void **state)
{
	int edge = bind(control, EDGE), level = bind(control, LEVEL);

	(void)state;
	for (unsigned i = 0; i < 5 * STORM; i++) {
		assert_true(host_line_fire(EDGE));
		assert_true(take(control, edge));
		assert_true(host_line_fire(LEVEL));
		assert_true(take(control, level));
		assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
		machine_advance(60 * NSEC_PER_USEC);
	}
	/* Nor is a slow one that nobody serves. */
	for (unsigned i = 0; i < 5 * STORM; i++) {
		assert_true(host_line_fire(EDGE));
		machine_advance(100 * NSEC_PER_USEC);
	}
}

static void test_level_storm(void **state)
{
	unsigned n = 0;

	(void)state;
	bind(control, LEVEL);
	while (host_line_fire(LEVEL)) {
		assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
		n++;
	}
	assert_in_range(n, STORM, STORM + 1);
	assert_true(host_lines[LEVEL].masked);
	machine_advance(11 * NSEC_PER_MSEC);
	assert_false(host_lines[LEVEL].masked);
}

/* The pause ends, but the guest is still at work. */
static void test_pause_ends_first(void **state)
{
	(void)state;
	bind(control, LEVEL);
	for (;;) {
		assert_true(host_line_fire(LEVEL));
		if (machine.alarm <= machine.now + 10 * NSEC_PER_MSEC)
			break;
		assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
	}
	machine_advance(11 * NSEC_PER_MSEC);
	assert_true(host_lines[LEVEL].masked);
	assert_int_equal(pirq_eoi(control->d, LEVEL), 0);
	assert_false(host_lines[LEVEL].masked);
}

/* The timer of a pause goes with the binding. */
static void test_close_in_storm(void **state)
{
	int port = bind(control, EDGE);

	(void)state;
	fire_until_masked(EDGE, 1000);
	assert_int_equal(close_port(control, port), 0);
	assert_int_equal(bind(control, EDGE), port);
	assert_false(host_lines[EDGE].masked);
	fire_until_masked(EDGE, 1000);
	give_right(guest, LEVEL);
	bind(guest, LEVEL);
	guest_destroy(guest);
	guest = NULL;
	machine_advance(NSEC_PER_SEC);
}

/* ---- the page of bits ---- */

static bool eoi_bit(const uint32_t *page, unsigned pirq)
{
	return page[pirq / 32] >> pirq % 32 & 1;
}

static long set_page(struct guest *g, unsigned cmd, mfn_t mfn)
{
	physdev_pirq_eoi_gmfn_t op = { .gmfn = mfn };

	return physdev(g, cmd, op);
}

static void test_eoi_page(void **state)
{
	const uint32_t *page = guest_page(control, 5);
	int port = bind(control, LEVEL);

	(void)state;
	assert_int_equal(set_page(control, PHYSDEVOP_pirq_eoi_gmfn_v2, INVALID_MFN), -EINVAL);
	assert_int_equal(set_page(control, PHYSDEVOP_pirq_eoi_gmfn_v2, guest->page[5]), -EINVAL);
	assert_int_equal(set_page(control, PHYSDEVOP_pirq_eoi_gmfn_v2, control->page[control->l3]),
			 -EINVAL);
	assert_int_equal(set_page(control, PHYSDEVOP_pirq_eoi_gmfn_v2, control->page[5]), 0);
	assert_int_equal(set_page(control, PHYSDEVOP_pirq_eoi_gmfn_v2, control->page[6]), -EBUSY);
	assert_true(eoi_bit(page, LEVEL));
	bind(control, EDGE);
	assert_false(eoi_bit(page, EDGE));
	bind(control, OTHER_LEVEL);
	assert_int_equal(eoi_bit(page, OTHER_LEVEL), host_lines[OTHER_LEVEL].level);
	assert_int_equal(close_port(control, port), 0);
	assert_false(eoi_bit(page, LEVEL));
	machine_check("a page of bits");
}

/* Version 1: the end of an interrupt opens the port too. */
static void test_auto_unmask(void **state)
{
	int port;

	(void)state;
	give_right(guest, EDGE);
	port = bind(guest, EDGE);
	assert_int_equal(set_page(guest, PHYSDEVOP_pirq_eoi_gmfn_v1, guest->page[5]), 0);
	atomic_test_and_set_bit(guest->d->shared_info->evtchn_mask, (unsigned)port);
	assert_int_equal(pirq_eoi(guest->d, EDGE), 0);
	assert_false(test_bit(guest->d->shared_info->evtchn_mask, (unsigned)port));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rights),
		TEST(test_bind_errors),
		TEST(test_ports_exhausted),
		TEST(test_edge),
		TEST(test_level),
		TEST(test_sharing_errors),
		TEST(test_shared_level),
		TEST(test_sharer_dies),
		TEST(test_sharer_limit),
		TEST(test_map),
		TEST(test_unmap_bound),
		TEST(test_physdev_of_others),
		TEST(test_apic),
		TEST(test_setup_gsi),
		TEST(test_edge_storm),
		TEST(test_served_is_no_storm),
		TEST(test_level_storm),
		TEST(test_pause_ends_first),
		TEST(test_close_in_storm),
		TEST(test_eoi_page),
		TEST(test_auto_unmask),
	};

	return cmocka_run_group_tests_name("pirq", tests, NULL, NULL);
}
