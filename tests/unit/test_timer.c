/* SPDX-License-Identifier: MIT */
/*
 * The timer heap (core/timer.h) against a model that is too simple to be
 * wrong: an array that is searched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "arch/x86_32/arch.h"
#include "core/timer.h"
#include "tests/host/machine.h"

#define NR_TIMERS 64
#define STEPS 20000

struct model {
	struct timer timer;
	s_time_t due; /* 0: not armed */
	unsigned fired;
};

static struct model models[NR_TIMERS];
static s_time_t last_fired;

static void fired(void *data)
{
	struct model *m = data;

	assert_true(m->due != 0);
	assert_true(m->due <= machine.now);
	assert_false(timer_armed(&m->timer));
	/* In order of deadlines within one run. */
	assert_true(m->due >= last_fired);
	last_fired = m->due;
	m->due = 0;
	m->fired++;
}

static int set_up(void **state)
{
	(void)state;
	machine_init();
	for (unsigned i = 0; i < NR_TIMERS; i++) {
		timer_init(&models[i].timer, fired, &models[i]);
		models[i].due = 0;
		models[i].fired = 0;
	}
	return 0;
}

static void advance(s_time_t ns)
{
	last_fired = 0;
	machine_advance(ns);
	machine_exit_path();
}

static void fires_at_its_deadline(void **state)
{
	struct model *m = &models[0];

	(void)state;
	m->due = machine.now + 1000;
	timer_set(&m->timer, m->due);
	assert_true(timer_armed(&m->timer));
	assert_true(machine.alarm <= m->due);
	advance(999);
	assert_int_equal(m->fired, 0);
	advance(1);
	assert_int_equal(m->fired, 1);
	assert_int_equal(machine.alarm, STIME_MAX);
}

static void past_deadline_fires_at_once(void **state)
{
	struct model *m = &models[0];

	(void)state;
	m->due = 1;
	timer_set(&m->timer, m->due);
	assert_true(this_cpu()->work & WORK_TIMER);
	last_fired = 0;
	machine_exit_path();
	assert_int_equal(m->fired, 1);
}

static void stopped_timer_does_not_fire(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		models[i].due = machine.now + 100 * (i + 1);
		timer_set(&models[i].timer, models[i].due);
	}
	timer_stop(&models[0].timer);
	timer_stop(&models[0].timer);
	models[0].due = 0;
	advance(1000);
	assert_int_equal(models[0].fired, 0);
	assert_int_equal(models[1].fired, 1);
	assert_int_equal(models[2].fired, 1);
}

static void moved_timer_fires_once(void **state)
{
	struct model *m = &models[0];

	(void)state;
	timer_set(&m->timer, machine.now + 100);
	m->due = machine.now + 500;
	timer_set(&m->timer, m->due);
	advance(400);
	assert_int_equal(m->fired, 0);
	m->due = machine.now + 10;
	timer_set(&m->timer, m->due);
	advance(10);
	assert_int_equal(m->fired, 1);
	advance(1000);
	assert_int_equal(m->fired, 1);
}

static void check_models(void)
{
	for (unsigned i = 0; i < NR_TIMERS; i++) {
		assert_int_equal(timer_armed(&models[i].timer), models[i].due != 0);
		assert_true(models[i].due == 0 || models[i].due > machine.now);
	}
}

static void random_sequence(void **state)
{
	unsigned total = 0;

	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		struct model *m = &models[machine_random() % NR_TIMERS];

		switch (machine_random() % 4) {
		case 0:
		case 1:
			m->due = machine.now + 1 + machine_random() % 5000;
			timer_set(&m->timer, m->due);
			break;
		case 2:
			m->due = 0;
			timer_stop(&m->timer);
			break;
		default:
			advance(machine_random() % 600);
			check_models();
			break;
		}
	}
	advance(10000);
	check_models();
	for (unsigned i = 0; i < NR_TIMERS; i++)
		total += models[i].fired;
	assert_true(total > STEPS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fires_at_its_deadline, set_up),
		cmocka_unit_test_setup(past_deadline_fires_at_once, set_up),
		cmocka_unit_test_setup(stopped_timer_does_not_fire, set_up),
		cmocka_unit_test_setup(moved_timer_fires_once, set_up),
		cmocka_unit_test_setup(random_sequence, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
