/* SPDX-License-Identifier: MIT */
/*
 * Event channels (core/event.h): every operation with Xen's results, delivery to masks, selectors
 * and pollers, and the life of an interdomain pair. XSA-221, 317, 327: ports past the end, more of
 * them than there are bits, misaligned vcpu_info.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include "core/event.h"
#include "core/sched.h"
#include "core/time.h"
#include "mm/mmu.h"
#include "tests/host/machine.h"

static struct domain *control, *guest, *other;

static struct domain *start(domid_t id, enum domain_privilege privilege)
{
	struct domain *d = domain_create(id, privilege, 2, 64);

	assert_non_null(d);
	assert_int_equal(vcpu_set_periodic(d->vcpu[0], 0), 0);
	d->vcpu[0]->initialised = true;
	domain_unpause_first(d);
	return d;
}

/* d is the one that runs; the others are paused meanwhile. */
static void run(struct domain *d)
{
	struct domain *const all[] = { control, guest, other };

	for (unsigned i = 0; i < 3; i++) {
		if (all[i] != d && !all[i]->pause_count)
			domain_pause(all[i]);
		if (all[i] == d && all[i]->pause_count)
			domain_unpause(all[i]);
	}
	machine_exit_path();
	assert_ptr_equal(current_vcpu(), d->vcpu[0]);
}

static int set_up(void **state)
{
	(void)state;
	machine_init();
	control = start(1, DOMAIN_CONTROL);
	guest = start(2, DOMAIN_ORDINARY);
	other = start(3, DOMAIN_ORDINARY);
	run(guest);
	return 0;
}

static int tear_down(void **state)
{
	struct domain *const all[] = { control, guest, other };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		domain_pause(all[i]);
	machine_exit_path();
	machine_idle();
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(domain_kill(all[i]), 0);
	assert_int_equal(machine_leaks(), 0);
	return 0;
}

/* ---- shorthands; all for the running domain ---- */

static int alloc_unbound(domid_t dom, domid_t remote, evtchn_port_t *port)
{
	evtchn_alloc_unbound_t op = { .dom = dom, .remote_dom = remote };
	int rc = evtchn_op(EVTCHNOP_alloc_unbound, &op);

	*port = op.port;
	return rc;
}

static int bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_port_t *port)
{
	evtchn_bind_interdomain_t op = { .remote_dom = remote, .remote_port = remote_port };
	int rc = evtchn_op(EVTCHNOP_bind_interdomain, &op);

	*port = op.local_port;
	return rc;
}

static int bind_virq(uint32_t virq, uint32_t vcpu, evtchn_port_t *port)
{
	evtchn_bind_virq_t op = { .virq = virq, .vcpu = vcpu };
	int rc = evtchn_op(EVTCHNOP_bind_virq, &op);

	*port = op.port;
	return rc;
}

static int bind_ipi(uint32_t vcpu, evtchn_port_t *port)
{
	evtchn_bind_ipi_t op = { .vcpu = vcpu };
	int rc = evtchn_op(EVTCHNOP_bind_ipi, &op);

	*port = op.port;
	return rc;
}

static int bind_vcpu(evtchn_port_t port, uint32_t vcpu)
{
	evtchn_bind_vcpu_t op = { .port = port, .vcpu = vcpu };

	return evtchn_op(EVTCHNOP_bind_vcpu, &op);
}

/* close, send and unmask: the argument is a port number alone. */
static int port_op(unsigned cmd, evtchn_port_t port)
{
	return evtchn_op(cmd, &port);
}

static evtchn_status_t status_of(domid_t dom, evtchn_port_t port)
{
	evtchn_status_t op = { .dom = dom, .port = port };

	assert_int_equal(evtchn_op(EVTCHNOP_status, &op), 0);
	return op;
}

static bool pending(const struct domain *d, evtchn_port_t port)
{
	return test_bit(d->shared_info->evtchn_pending, port);
}

/* Makes a pair: guest listens on *a, other is bound with *b. The guest runs afterwards. */
static void make_pair(evtchn_port_t *a, evtchn_port_t *b)
{
	assert_int_equal(alloc_unbound(DOMID_SELF, other->id, a), 0);
	run(other);
	assert_int_equal(bind_interdomain(guest->id, *a, b), 0);
	run(guest);
}

/* ---- tests ---- */

static void ports_start_at_one_and_are_used_again(void **state)
{
	evtchn_port_t a, b;

	(void)state;
	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &a), 0);
	assert_int_equal(a, 1);
	assert_int_equal(bind_ipi(0, &b), 0);
	assert_int_equal(b, 2);
	assert_int_equal(port_op(EVTCHNOP_close, a), 0);
	assert_int_equal(port_op(EVTCHNOP_close, a), -EINVAL);
	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &a), 0);
	assert_int_equal(a, 1);
}

static void exhaustion_is_enospc(void **state)
{
	evtchn_port_t port, virq;

	(void)state;
	for (unsigned i = 1; i < MAX_EVTCHNS; i++)
		assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &port), 0);
	assert_int_equal(port, MAX_EVTCHNS - 1);
	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &port), -ENOSPC);
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &virq), -ENOSPC);
	assert_int_equal(bind_ipi(0, &port), -ENOSPC);
	assert_int_equal(guest->vcpu[0]->virq_port[VIRQ_TIMER], 0);
	assert_int_equal(port_op(EVTCHNOP_close, 500), 0);
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &virq), 0);
	assert_int_equal(virq, 500);
}

static void bad_ports_are_refused(void **state)
{
	const evtchn_port_t bad[] = {
		0, 1, 255, 256, MAX_EVTCHNS - 1, MAX_EVTCHNS, 0x7fffffff, ~0u
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(port_op(EVTCHNOP_close, bad[i]), -EINVAL);
		assert_int_equal(port_op(EVTCHNOP_send, bad[i]), -EINVAL);
		assert_int_equal(bind_vcpu(bad[i], 0), -EINVAL);
	}
	for (unsigned i = 3; i < sizeof(bad) / sizeof(bad[0]); i++) {
		evtchn_status_t op = { .dom = DOMID_SELF, .port = bad[i] };

		assert_int_equal(evtchn_op(EVTCHNOP_status, &op), -EINVAL);
		assert_int_equal(port_op(EVTCHNOP_unmask, bad[i]), -EINVAL);
		assert_int_equal(evtchn_is_pending(guest, bad[i]), -EINVAL);
	}
}

static void other_domains_are_protected(void **state)
{
	evtchn_port_t port;
	evtchn_status_t op = { .dom = other->id, .port = 0 };
	evtchn_reset_t reset = { .dom = other->id };

	(void)state;
	assert_int_equal(alloc_unbound(other->id, guest->id, &port), -EPERM);
	assert_int_equal(alloc_unbound(77, guest->id, &port), -ESRCH);
	assert_int_equal(evtchn_op(EVTCHNOP_status, &op), -EPERM);
	assert_int_equal(evtchn_op(EVTCHNOP_reset, &reset), -EPERM);
	op.dom = reset.dom = 77;
	assert_int_equal(evtchn_op(EVTCHNOP_status, &op), -ESRCH);
	assert_int_equal(evtchn_op(EVTCHNOP_reset, &reset), -ESRCH);
	run(control);
	assert_int_equal(alloc_unbound(other->id, guest->id, &port), 0);
	assert_int_equal(status_of(other->id, port).u.unbound.dom, guest->id);
}

static void interdomain_pair(void **state)
{
	evtchn_port_t a, b, c;
	evtchn_status_t st;

	(void)state;
	make_pair(&a, &b);
	assert_true(pending(other, b)); /* what was sent before is lost, so it looks once */
	st = status_of(DOMID_SELF, a);
	assert_int_equal(st.status, EVTCHNSTAT_interdomain);
	assert_int_equal(st.u.interdomain.dom, other->id);
	assert_int_equal(st.u.interdomain.port, b);

	other->shared_info->evtchn_pending[0] = 0;
	assert_int_equal(port_op(EVTCHNOP_send, a), 0);
	assert_true(pending(other, b));
	assert_false(pending(guest, a));

	/* Taken: nobody else can bind it, also not its owner. */
	assert_int_equal(bind_interdomain(DOMID_SELF, a, &c), -EINVAL);
	run(other);
	assert_int_equal(port_op(EVTCHNOP_close, b), 0);
	run(guest);
	st = status_of(DOMID_SELF, a);
	assert_int_equal(st.status, EVTCHNSTAT_unbound);
	assert_int_equal(st.u.unbound.dom, other->id);
	assert_int_equal(port_op(EVTCHNOP_send, a), 0); /* and goes nowhere */
}

static void binding_needs_the_right_partner(void **state)
{
	evtchn_port_t a, b;

	(void)state;
	assert_int_equal(alloc_unbound(DOMID_SELF, control->id, &a), 0);
	run(other);
	assert_int_equal(bind_interdomain(guest->id, a, &b), -EINVAL);
	assert_int_equal(bind_interdomain(guest->id, 0, &b), -EINVAL);
	assert_int_equal(bind_interdomain(guest->id, MAX_EVTCHNS, &b), -EINVAL);
	assert_int_equal(bind_interdomain(77, 1, &b), -ESRCH);
}

static void pair_within_one_domain(void **state)
{
	evtchn_port_t a, b;

	(void)state;
	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &a), 0);
	assert_int_equal(bind_interdomain(DOMID_SELF, a, &b), 0);
	guest->shared_info->evtchn_pending[0] = 0;
	assert_int_equal(port_op(EVTCHNOP_send, b), 0);
	assert_true(pending(guest, a));
	assert_int_equal(port_op(EVTCHNOP_close, a), 0);
	assert_int_equal(status_of(DOMID_SELF, b).status, EVTCHNSTAT_unbound);
}

static void death_leaves_the_partner_unbound(void **state)
{
	evtchn_port_t a, b;

	(void)state;
	make_pair(&a, &b);
	assert_int_equal(evtchn_close_all(other), 0);
	assert_int_equal(status_of(DOMID_SELF, a).status, EVTCHNSTAT_unbound);
}

static void virqs(void **state)
{
	evtchn_port_t port, again;

	(void)state;
	assert_int_equal(bind_virq(NR_VIRQS, 0, &port), -EINVAL);
	assert_int_equal(bind_virq(~0u, 0, &port), -EINVAL);
	assert_int_equal(bind_virq(VIRQ_CONSOLE, 1, &port), -EINVAL);
	assert_int_equal(bind_virq(VIRQ_TIMER, 2, &port), -ENOENT);
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &port), 0);
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &again), -EEXIST);
	assert_int_equal(bind_virq(VIRQ_TIMER, 1, &again), 0);
	assert_int_equal(status_of(DOMID_SELF, again).vcpu, 1);
	assert_int_equal(status_of(DOMID_SELF, port).u.virq, VIRQ_TIMER);
	assert_int_equal(port_op(EVTCHNOP_send, port), -EINVAL);
	assert_int_equal(bind_vcpu(port, 1), -EINVAL); /* per vCPU: stays */
	evtchn_send_virq(guest->vcpu[0], VIRQ_TIMER);
	assert_true(pending(guest, port));
	assert_false(pending(guest, again));
	assert_int_equal(port_op(EVTCHNOP_close, port), 0);
	assert_false(pending(guest, port));
	evtchn_send_virq(guest->vcpu[0], VIRQ_TIMER);
	assert_false(pending(guest, port));
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &port), 0);
}

static void global_virq_moves(void **state)
{
	evtchn_port_t port;

	(void)state;
	assert_int_equal(bind_virq(VIRQ_CONSOLE, 0, &port), 0);
	assert_int_equal(bind_vcpu(port, 1), 0);
	assert_int_equal(bind_vcpu(port, 2), -ENOENT);
	evtchn_send_global_virq(guest, VIRQ_CONSOLE);
	assert_true(guest->vcpu[1]->info->evtchn_pending_sel & 1);
	assert_int_equal(guest->vcpu[0]->info->evtchn_pending_sel, 0);
}

static void masked_events_wait(void **state)
{
	vcpu_info_t *info = guest->vcpu[0]->info;
	evtchn_port_t port;

	(void)state;
	assert_int_equal(bind_ipi(0, &port), 0);
	guest->shared_info->evtchn_mask[0] = ~0u;
	assert_int_equal(port_op(EVTCHNOP_send, port), 0);
	assert_true(pending(guest, port));
	assert_int_equal(info->evtchn_pending_sel, 0);
	assert_int_equal(info->evtchn_upcall_pending, 0);
	assert_int_equal(port_op(EVTCHNOP_unmask, port), 0);
	assert_int_equal(info->evtchn_pending_sel, 1);
	assert_int_equal(info->evtchn_upcall_pending, 1);
	assert_false(test_bit(guest->shared_info->evtchn_mask, port));
	/* Unmasking a free port does nothing at all. */
	guest->shared_info->evtchn_mask[0] = ~0u;
	assert_int_equal(port_op(EVTCHNOP_unmask, port + 1), 0);
	assert_int_equal(guest->shared_info->evtchn_mask[0], ~0u);
}

static void selector_bits_follow_the_word(void **state)
{
	evtchn_port_t port = 0;

	(void)state;
	while (port < 999)
		assert_int_equal(bind_ipi(0, &port), 0);
	assert_int_equal(port_op(EVTCHNOP_send, 999), 0);
	assert_int_equal(guest->vcpu[0]->info->evtchn_pending_sel, 1u << (999 / 32));
	assert_int_equal(guest->shared_info->evtchn_pending[999 / 32], 1u << (999 % 32));
}

static void blocked_vcpu_wakes(void **state)
{
	struct vcpu *v = guest->vcpu[0];
	evtchn_port_t a, b;

	(void)state;
	make_pair(&a, &b);
	v->info->evtchn_upcall_pending = 0;
	sched_block();
	machine_exit_path();
	assert_true(v->blocked);
	run(other);
	assert_int_equal(port_op(EVTCHNOP_send, b), 0);
	assert_false(v->blocked);
	run(guest);
}

static void what_is_not_offered(void **state)
{
	evtchn_bind_pirq_t pirq = { .pirq = 4 };
	evtchn_init_control_t control_block = { 0 };
	evtchn_expand_array_t array = { 0 };
	evtchn_set_priority_t priority = { .port = 0 };
	uint32_t none[8] = { 0 };

	(void)state;
	assert_int_equal(evtchn_op(EVTCHNOP_bind_pirq, &pirq), -EPERM);
	pirq.pirq = ~0u;
	assert_int_equal(evtchn_op(EVTCHNOP_bind_pirq, &pirq), -EINVAL);
	assert_int_equal(evtchn_op(EVTCHNOP_init_control, &control_block), -ENOSYS);
	assert_int_equal(evtchn_op(EVTCHNOP_expand_array, &array), -ENOSYS);
	assert_int_equal(evtchn_op(EVTCHNOP_set_priority, &priority), -ENOSYS);
	priority.port = MAX_EVTCHNS;
	assert_int_equal(evtchn_op(EVTCHNOP_set_priority, &priority), -EINVAL);
	assert_int_equal(evtchn_op(99, none), -ENOSYS);
}

static void reset_closes_everything_and_restarts(void **state)
{
	evtchn_reset_t reset = { .dom = DOMID_SELF };
	evtchn_port_t port;
	unsigned calls = 1;
	int rc;

	(void)state;
	for (unsigned i = 1; i < MAX_EVTCHNS; i++)
		assert_int_equal(bind_ipi(0, &port), 0);
	machine.preempt = PREEMPT_ALWAYS;
	while ((rc = evtchn_op(EVTCHNOP_reset, &reset)) == -ERESTART)
		calls++;
	machine.preempt = PREEMPT_NEVER;
	assert_int_equal(rc, 0);
	assert_in_range(calls, 4, 64);
	for (port = 0; port < MAX_EVTCHNS; port++)
		assert_int_equal(status_of(DOMID_SELF, port).status, EVTCHNSTAT_closed);
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &port), 0);
	assert_int_equal(port, 1);
}

static void registered_info_takes_over(void **state)
{
	struct vcpu *v = guest->vcpu[0];
	struct page_info *page = domain_page_alloc(guest, 0, 0);
	mfn_t mfn;
	vcpu_info_t *info;

	(void)state;
	assert_non_null(page);
	mfn = page_to_mfn(page);
	assert_int_equal(vcpu_info_register(v, mfn, PAGE_SIZE - sizeof(*info) + 4), -EINVAL);
	assert_int_equal(vcpu_info_register(v, mfn, ~0u), -EINVAL);
	for (unsigned offset = 1; offset < 4; offset++)
		assert_int_equal(vcpu_info_register(v, mfn, offset), -EINVAL);
	assert_int_equal(vcpu_info_register(v, INVALID_MFN, 0), -EINVAL);
	assert_int_equal(vcpu_info_register(v, max_mfn, 0), -EINVAL);
	assert_int_equal(vcpu_info_register(v, heap_page_mfn(other->shared_info), 0), -EINVAL);
	assert_ptr_equal(v->info, &guest->shared_info->vcpu_info[0]);

	v->info->evtchn_upcall_mask = 1;
	assert_int_equal(vcpu_info_register(v, mfn, 128), 0);
	assert_int_equal(vcpu_info_register(v, mfn, 256), -EINVAL);
	info = (vcpu_info_t *)((char *)machine_frame(mfn) + 128);
	assert_int_equal(info->evtchn_upcall_mask, 1);
	assert_int_equal(info->evtchn_upcall_pending, 1);
	assert_int_equal(info->evtchn_pending_sel, ~0u);
	assert_ptr_equal(this_cpu()->info, v->info);
	info->evtchn_upcall_mask = 0;
	assert_true(vcpu_events_pending(v));
	/* The page is in use: it cannot become anything but writable memory meanwhile. */
	assert_int_not_equal(get_page_and_type(mfn, guest, PGT_SEG_DESC, false), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(ports_start_at_one_and_are_used_again),
		TEST(exhaustion_is_enospc),
		TEST(bad_ports_are_refused),
		TEST(other_domains_are_protected),
		TEST(interdomain_pair),
		TEST(binding_needs_the_right_partner),
		TEST(pair_within_one_domain),
		TEST(death_leaves_the_partner_unbound),
		TEST(virqs),
		TEST(global_virq_moves),
		TEST(masked_events_wait),
		TEST(selector_bits_follow_the_word),
		TEST(blocked_vcpu_wakes),
		TEST(what_is_not_offered),
		TEST(reset_closes_everything_and_restarts),
		TEST(registered_info_takes_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
