/* SPDX-License-Identifier: MIT */
/*
 * Event channels: what was once a hole in a hypervisor of this interface, each test named after the
 * Xen Security Advisory. What the calls do is in test_event.c.
 */
#include "tests/host/cmocka_all.h"

#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include "core/event.h"
#include "hypercall/hypercall.h"
#include "tests/host/guest.h"
#include "tests/host/machine.h"

#define PAGES 64

static int guest_setup(void **state)
{
	machine.preempt = PREEMPT_NEVER;
	*state = guest_create(1, GUEST_ORDINARY, PAGES, 0);
	return 0;
}

static int preempted_teardown(void **state)
{
	machine.preempt = PREEMPT_NEVER;
	return guest_teardown(state);
}

static long event_op(struct guest *g, unsigned cmd, void *arg, uint32_t size)
{
	long rc = hypercall2(event_channel_op, cmd, guest_put(g, 0, arg, size));

	guest_get(g, 0, arg, size);
	return rc;
}

/* The new port, or an error. */
static long alloc(struct guest *g)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	long rc = event_op(g, EVTCHNOP_alloc_unbound, &op, sizeof(op));

	return rc ? rc : (long)op.port;
}

static unsigned exhaust(struct guest *g)
{
	unsigned n = 0;

	while (alloc(g) > 0)
		n++;
	return n;
}

static void test_xsa47_107_188_358_359_505_no_fifo(void **state)
{
	struct guest *g = *state;
	uint32_t words[8] = { 0 };

	words[0] = g->page[4];
	assert_int_equal(event_op(g, EVTCHNOP_init_control, words, sizeof(words)), -ENOSYS);
	assert_int_equal(event_op(g, EVTCHNOP_expand_array, words, sizeof(words)), -ENOSYS);
	assert_true(event_op(g, EVTCHNOP_set_priority, words, sizeof(words)) < 0);
	assert_true(alloc(g) > 0);
}

static void test_xsa221_ports_that_are_none(void **state)
{
	static const uint32_t ports[] = { 0,	5,    255,	  256,	      1022,
					  1023, 1024, 0x7fffffff, 0x80000000, 0xffffffff };
	static const unsigned cmds[] = { EVTCHNOP_send, EVTCHNOP_unmask, EVTCHNOP_close };
	struct guest *g = *state;
	unsigned i, j;

	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		uint32_t port = ports[i];
		struct evtchn_status status = { .dom = DOMID_SELF, .port = port };
		struct evtchn_bind_vcpu bind = { .port = port };
		struct sched_poll poll = { .nr_ports = 1, .timeout = 1 };
		gva_t va;

		for (j = 0; j < ARRAY_SIZE(cmds); j++)
			assert_true(event_op(g, cmds[j], &port, sizeof(port)) <= 0);
		assert_true(event_op(g, EVTCHNOP_bind_vcpu, &bind, sizeof(bind)) < 0);
		(void)!event_op(g, EVTCHNOP_status, &status, sizeof(status));
		va = guest_put(g, 512, &ports[i], sizeof(ports[i]));
		poll.ports.p = (void *)(uintptr_t)va;
		assert_true(hypercall2(sched_op, SCHEDOP_poll, guest_arg(g, poll)) <= 0);
		assert_true(machine_run(g->v));
	}
}

static void test_xsa317_342_as_many_as_there_are_bits(void **state)
{
	struct guest *g = *state;
	uint8_t before[PAGE_SIZE];

	memcpy(before, g->d->shared_info, PAGE_SIZE);
	/* Port 0 is none. */
	assert_int_equal(exhaust(g), MAX_EVTCHNS - 1);
	assert_int_equal(alloc(g), -ENOSPC);
	/* Nothing else of the page has changed. */
	assert_memory_equal(before, g->d->shared_info, PAGE_SIZE);
}

static void test_xsa338_340_343_344_reset_is_restartable(void **state)
{
	struct guest *g = *state;
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	uint32_t restarts;

	exhaust(g);
	restarts = machine.restarts;
	machine.preempt = PREEMPT_ALWAYS;
	assert_int_equal(event_op(g, EVTCHNOP_reset, &reset, sizeof(reset)), 0);
	machine.preempt = PREEMPT_NEVER;
	assert_true(machine.restarts > restarts);
	assert_int_equal(exhaust(g), MAX_EVTCHNS - 1);
}

static void test_xsa338_storm_of_calls(void **state)
{
	struct guest *g = *state, *other = guest_create(2, GUEST_ORDINARY, PAGES, 0);
	struct guest *const both[2] = { g, other };
	unsigned i;

	for (i = 0; i < 4000; i++) {
		struct guest *now = both[machine_random() % 2], *peer = both[now == g];
		uint32_t port = machine_random() % 16;
		struct evtchn_alloc_unbound unbound = { .dom = DOMID_SELF,
							.remote_dom = peer->d->id };
		struct evtchn_bind_interdomain bind = { .remote_dom = peer->d->id,
							.remote_port = machine_random() % 16 };

		machine_run(now->v);
		switch (machine_random() % 5) {
		case 0:
			(void)!event_op(now, EVTCHNOP_alloc_unbound, &unbound, sizeof(unbound));
			break;
		case 1:
			(void)!event_op(now, EVTCHNOP_bind_interdomain, &bind, sizeof(bind));
			break;
		case 2:
			(void)!event_op(now, EVTCHNOP_close, &port, sizeof(port));
			break;
		default:
			(void)!event_op(now, EVTCHNOP_send, &port, sizeof(port));
		}
		assert_false(spin_is_locked(&g->d->event_lock) ||
			     spin_is_locked(&other->d->event_lock));
	}
	guest_destroy(other);
	machine_run(g->v);
}

static void test_xsa496_binding_when_there_is_no_port(void **state)
{
	struct guest *g = *state;
	struct evtchn_bind_virq virq = { .virq = VIRQ_DEBUG };
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF, .remote_port = 1 };
	uint32_t port = 1;

	exhaust(g);
	assert_int_equal(event_op(g, EVTCHNOP_bind_virq, &virq, sizeof(virq)), -ENOSPC);
	assert_int_equal(g->v->virq_port[VIRQ_DEBUG], 0);
	assert_int_equal(event_op(g, EVTCHNOP_bind_ipi, &ipi, sizeof(ipi)), -ENOSPC);
	assert_int_equal(event_op(g, EVTCHNOP_bind_interdomain, &bind, sizeof(bind)), -ENOSPC);
	/* With one free, each is possible again. */
	assert_int_equal(event_op(g, EVTCHNOP_close, &port, sizeof(port)), 0);
	assert_int_equal(event_op(g, EVTCHNOP_bind_virq, &virq, sizeof(virq)), 0);
	assert_int_equal(virq.port, 1);
}

static void test_xsa20_timer_values(void **state)
{
	static const uint64_t periods[] = { 0, 1, 999999, 1ull << 63, ~0ull, ~0ull - 1 };
	struct guest *g = *state;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(periods); i++) {
		struct vcpu_set_periodic_timer periodic = { .period_ns = periods[i] };
		struct vcpu_set_singleshot_timer single = { .timeout_abs_ns = periods[i] };

		assert_true(hypercall3(vcpu_op, VCPUOP_set_periodic_timer, 0,
				       guest_arg(g, periodic)) <= 0);
		machine_advance(NSEC_PER_MSEC);
		assert_true(hypercall3(vcpu_op, VCPUOP_set_singleshot_timer, 0,
				       guest_arg(g, single)) <= 0);
		machine_advance(NSEC_PER_MSEC);
		assert_true(hypercall2(set_timer_op, (uint32_t)periods[i],
				       (uint32_t)(periods[i] >> 32)) <= 0);
		machine_advance(NSEC_PER_MSEC);
	}
	assert_int_equal(hypercall3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0);
}

static void test_xsa327_misaligned_vcpu_info(void **state)
{
	struct guest *g = *state;
	struct vcpu_register_vcpu_info info = { .mfn = g->page[4] };
	unsigned offset;

	for (offset = 1; offset < PAGE_SIZE; offset++) {
		info.offset = offset;
		if (offset % sizeof(uint32_t) || offset + sizeof(vcpu_info_t) > PAGE_SIZE)
			assert_int_equal(hypercall3(vcpu_op, VCPUOP_register_vcpu_info, 0,
						    guest_arg(g, info)),
					 -EINVAL);
	}
	info.offset = 64;
	assert_int_equal(hypercall3(vcpu_op, VCPUOP_register_vcpu_info, 0, guest_arg(g, info)), 0);
	assert_int_equal(hypercall3(vcpu_op, VCPUOP_register_vcpu_info, 0, guest_arg(g, info)),
			 -EINVAL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, guest_setup, preempted_teardown)
	const struct CMUnitTest tests[] = {
		T(test_xsa47_107_188_358_359_505_no_fifo),
		T(test_xsa221_ports_that_are_none),
		T(test_xsa317_342_as_many_as_there_are_bits),
		T(test_xsa338_340_343_344_reset_is_restartable),
		T(test_xsa338_storm_of_calls),
		T(test_xsa496_binding_when_there_is_no_port),
		T(test_xsa20_timer_values),
		T(test_xsa327_misaligned_vcpu_info),
	};

	machine_ram_frames = 1024;
	machine_init();
	return cmocka_run_group_tests_name("event advisories", tests, NULL, NULL);
}
