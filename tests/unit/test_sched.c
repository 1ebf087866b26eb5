/* SPDX-License-Identifier: MIT */
/*
 * The scheduler (core/sched.h) in simulated time: shares by weight, caps, latency of waking, yield,
 * and that the runstate times of a vCPU add up to the time there was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "arch/x86_32/arch.h"
#include "core/sched.h"
#include "core/time.h"
#include "tests/host/machine.h"

#define STEP (50 * NSEC_PER_USEC)
#define FIRST_ID 1
#define MAX_DOMAINS 8
#define DOMAIN_PAGES 16

static struct domain *domains[MAX_DOMAINS];
static unsigned nr_domains;

static struct vcpu *start(uint32_t weight, uint32_t cap, uint32_t vcpus)
{
	struct domain *d = domain_create((domid_t)(FIRST_ID + nr_domains), DOMAIN_ORDINARY, vcpus,
					 DOMAIN_PAGES);

	assert_non_null(d);
	domains[nr_domains++] = d;
	d->weight = weight;
	d->cap = cap;
	for (uint32_t i = 0; i < vcpus; i++) {
		struct vcpu *v = domain_vcpu(d, i);

		assert_non_null(v);
		assert_int_equal(vcpu_set_periodic(v, 0), 0);
		v->initialised = v->online = true;
	}
	domain_unpause_first(d);
	machine_exit_path();
	return d->vcpu[0];
}

static int set_up(void **state)
{
	(void)state;
	machine_init();
	nr_domains = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < nr_domains; i++)
		domain_pause(domains[i]);
	machine_exit_path();
	assert_null(current_vcpu()->domain);
	for (unsigned i = 0; i < nr_domains; i++)
		assert_int_equal(domain_kill(domains[i]), 0);
	assert_int_equal(machine_leaks(), 0);
	return 0;
}

/* Everybody who runs spins. */
static void spin(s_time_t ns)
{
	for (s_time_t end = machine.now + ns; machine.now < end;) {
		machine_advance(STEP);
		machine_exit_path();
	}
}

static s_time_t ran(const struct vcpu *v)
{
	struct vcpu_runstate_info r;

	vcpu_runstate_get(v, &r);
	return r.time[RUNSTATE_running];
}

/* Within this many thousandths. */
static void assert_close(s_time_t is, s_time_t wanted, unsigned tolerance)
{
	s_time_t difference = is > wanted ? is - wanted : wanted - is;

	if (difference > wanted * tolerance / 1000)
		fail_msg("%llu, not %llu", is, wanted);
}

static void weights_are_shares(void **state)
{
	const s_time_t total = 7 * NSEC_PER_SEC;
	struct vcpu *a = start(256, 0, 1), *b = start(512, 0, 1), *c = start(1024, 0, 1);

	(void)state;
	spin(total);
	assert_close(ran(a), total / 7, 40);
	assert_close(ran(b), total * 2 / 7, 40);
	assert_close(ran(c), total * 4 / 7, 40);
}

static void vcpus_divide_the_weight_of_their_domain(void **state)
{
	const s_time_t total = 4 * NSEC_PER_SEC;
	struct vcpu *a = start(256, 0, 1), *b = start(256, 0, 3);

	(void)state;
	spin(total);
	assert_close(ran(a), total / 2, 40);
	for (unsigned i = 0; i < 3; i++)
		assert_close(ran(b->domain->vcpu[i]), total / 6, 40);
}

static void caps_hold_alone_and_in_company(void **state)
{
	const s_time_t total = 5 * NSEC_PER_SEC;
	struct vcpu *a = start(256, 10, 1), *b;
	s_time_t before;

	(void)state;
	spin(total);
	assert_close(ran(a), total / 10, 20);
	b = start(256, 0, 1);
	before = ran(a);
	spin(total);
	assert_close(ran(a) - before, total / 10, 20);
	assert_close(ran(b), total * 9 / 10, 20);
}

static void cap_of_several_vcpus_is_the_domain_s(void **state)
{
	const s_time_t total = 5 * NSEC_PER_SEC;
	struct vcpu *a = start(256, 33, 2);

	(void)state;
	start(256, 0, 1);
	spin(total);
	assert_close(ran(a) + ran(a->domain->vcpu[1]), total * 33 / 100, 20);
}

static void sleeper_wakes_within_a_millisecond(void **state)
{
	struct vcpu *sleeper;

	(void)state;
	start(256, 0, 1);
	start(256, 0, 1);
	start(512, 0, 1);
	sleeper = start(256, 0, 1);
	for (unsigned i = 0; i < 500; i++) {
		s_time_t deadline;

		while (current_vcpu() != sleeper)
			spin(STEP);
		deadline = machine.now + (1 + i % 30) * NSEC_PER_MSEC;
		timer_set(&sleeper->poll_timer, deadline);
		sleeper->poll_port = -1;
		sleeper->info->evtchn_upcall_pending = 0;
		sched_block();
		machine_exit_path();
		assert_ptr_not_equal(current_vcpu(), sleeper);
		spin(deadline - machine.now);
		spin(NSEC_PER_MSEC);
		assert_true(sleeper->runstate.state == RUNSTATE_running ||
			    sleeper->runstate.state_entry_time > deadline);
		assert_false(sleeper->blocked);
	}
}

/* Who has just come onto the CPU keeps it for half a millisecond, but who has run for long gives way at once. */
static void newcomer_keeps_the_cpu_for_a_moment(void **state)
{
	struct vcpu *a = start(256, 0, 1), *b = start(256, 0, 1);

	(void)state;
	domain_pause(b->domain);
	machine_exit_path();
	spin(NSEC_PER_SEC);
	domain_unpause(b->domain);
	machine_exit_path();
	assert_ptr_equal(current_vcpu(), b);
	domain_pause(b->domain);
	machine_exit_path();
	domain_unpause(b->domain);
	machine_exit_path();
	assert_ptr_equal(current_vcpu(), a);
	machine_advance(400 * NSEC_PER_USEC);
	machine_exit_path();
	assert_ptr_equal(current_vcpu(), a);
	machine_advance(100 * NSEC_PER_USEC);
	machine_exit_path();
	assert_ptr_equal(current_vcpu(), b);
}

/* Sleeping does not save up time: who wakes gets at most a slice in advance. */
static void long_sleep_gives_no_advantage(void **state)
{
	struct vcpu *a = start(256, 0, 1), *b = start(256, 0, 1);
	s_time_t before;

	(void)state;
	domain_pause(b->domain);
	machine_exit_path();
	spin(NSEC_PER_SEC);
	domain_unpause(b->domain);
	machine_exit_path();
	before = ran(a);
	spin(NSEC_PER_SEC);
	assert_close(ran(a) - before, NSEC_PER_SEC / 2, 20);
}

static void yield_alone_does_nothing(void **state)
{
	(void)state;
	start(256, 0, 1);
	assert_int_equal(this_cpu()->work, 0);
	sched_yield();
	assert_int_equal(this_cpu()->work, 0);
}

static void yield_lets_the_other_go_first(void **state)
{
	struct vcpu *a = start(1024, 0, 1), *b = start(256, 0, 1), *before;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		before = current_vcpu();
		sched_yield();
		machine_exit_path();
		assert_ptr_equal(current_vcpu(), before == a ? b : a);
	}
}

/* After a long time of handing the processor on, it does not have it for as long. */
static void yielder_saves_up_nothing(void **state)
{
	struct vcpu *yielder = start(256, 0, 1), *other = start(256, 0, 1);
	s_time_t ran;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		if (current_vcpu() == yielder) {
			sched_yield();
			machine_exit_path();
		}
		machine_advance(10 * NSEC_PER_MSEC);
	}
	ran = other->runstate.time[RUNSTATE_running];
	for (unsigned i = 0; i < 100; i++)
		machine_advance(NSEC_PER_MSEC);
	assert_true(other->runstate.time[RUNSTATE_running] - ran > 30 * NSEC_PER_MSEC);
}

static void block_with_an_event_pending_goes_on(void **state)
{
	struct vcpu *v = start(256, 0, 1);

	(void)state;
	v->info->evtchn_upcall_pending = 1;
	v->info->evtchn_upcall_mask = 1;
	sched_block();
	machine_exit_path();
	assert_ptr_equal(current_vcpu(), v);
	assert_int_equal(v->info->evtchn_upcall_mask, 0);
	v->info->evtchn_upcall_pending = 0;
	sched_block();
	machine_exit_path();
	assert_null(current_vcpu()->domain);
	/* Nobody runs, so after at most one interrupt that was already set none is. */
	machine_advance(NSEC_PER_SEC);
	assert_int_equal(machine.alarm, STIME_MAX);
	vcpu_unblock(v);
	machine_exit_path();
	assert_ptr_equal(current_vcpu(), v);
}

static void runstates_add_up(void **state)
{
	struct vcpu *a, *b;
	s_time_t begin = machine.now, sum = 0;
	struct vcpu_runstate_info r;

	(void)state;
	a = start(256, 0, 1);
	b = start(256, 20, 1);
	spin(NSEC_PER_SEC);
	domain_pause(a->domain);
	machine_exit_path();
	spin(NSEC_PER_SEC / 10);
	domain_unpause(a->domain);
	spin(NSEC_PER_SEC / 10);
	for (unsigned i = 0; i < 2; i++) {
		vcpu_runstate_get(i ? b : a, &r);
		sum = r.time[0] + r.time[1] + r.time[2] + r.time[3];
		assert_int_equal(sum, machine.now - begin);
	}
	vcpu_runstate_get(a, &r);
	assert_int_equal(r.time[RUNSTATE_offline], NSEC_PER_SEC / 10);
}

static void crashed_domain_never_runs_again(void **state)
{
	struct vcpu *a = start(256, 0, 1), *b = start(256, 0, 1);

	(void)state;
	domain_crash(a->domain, "a test");
	domain_crash(a->domain, "another reason");
	machine_exit_path();
	assert_string_equal(a->domain->crash_reason, "a test");
	assert_ptr_equal(current_vcpu(), b);
	vcpu_wake(a);
	spin(20 * NSEC_PER_MSEC);
	assert_ptr_equal(current_vcpu(), b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(weights_are_shares, set_up, tear_down),
		cmocka_unit_test_setup_teardown(vcpus_divide_the_weight_of_their_domain, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(caps_hold_alone_and_in_company, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cap_of_several_vcpus_is_the_domain_s, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(sleeper_wakes_within_a_millisecond, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(newcomer_keeps_the_cpu_for_a_moment, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(long_sleep_gives_no_advantage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(yield_alone_does_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(yield_lets_the_other_go_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(yielder_saves_up_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(block_with_an_event_pending_goes_on, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(runstates_add_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(crashed_domain_never_runs_again, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
