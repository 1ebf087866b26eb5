/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers, kept per CPU in a heap ordered by deadline; the earliest is what the
 * hardware is programmed to. Callbacks run from WORK_TIMER, on the way back to the
 * guest, with interrupts off and no lock held.
 */
#pragma once

#include "core/types.h"

struct timer {
	s_time_t deadline; /* stays readable after the timer has fired or was stopped */
	void (*callback)(void *data);
	void *data;
	/* A pairing heap: no memory to allocate, so arming cannot fail. */
	struct timer *child, *next;
	struct timer **link; /* what points here; NULL: not armed */
};

void timer_init(struct timer *t, void (*callback)(void *data), void *data);
/* Arms, or moves, the timer; one whose deadline has passed fires at the next return to a guest. */
void timer_set(struct timer *t, s_time_t deadline);
void timer_stop(struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
	return t->link != NULL;
}
/*
 * WORK_TIMER's body: runs what is due, a bounded number a call, and
 * programs the hardware for the next.
 */
void timer_run_due(void);
/* Console (debug key t). */
void timer_dump(void);
