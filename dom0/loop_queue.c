/* SPDX-License-Identifier: MIT */
/* Timers and put-off work of the event loop: see loop.h and loop_queue.h. */
#include "dom0/loop_queue.h"

#include <stddef.h>

#include "dom0/loop.h"

static struct loop_timer *timers; /* sorted by deadline */
static struct loop_work *work_head, **work_tail = &work_head;

/* ---- timers ---- */

void loop_timer_cancel(struct loop_timer *timer)
{
	struct loop_timer **at;

	for (at = &timers; *at && *at != timer; at = &(*at)->next)
		;
	if (*at)
		*at = timer->next;
	timer->deadline = 0;
}

void loop_timer_set(struct loop_timer *timer, uint64_t delay_ns, loop_fn fn, void *arg)
{
	struct loop_timer **at;

	loop_timer_cancel(timer);
	timer->deadline = loop_now() + delay_ns;
	timer->fn = fn;
	timer->arg = arg;
	for (at = &timers; *at && (*at)->deadline <= timer->deadline; at = &(*at)->next)
		;
	timer->next = *at;
	*at = timer;
}

uint64_t loop_next_deadline(void)
{
	return timers ? timers->deadline : 0;
}

void loop_run_timers(void)
{
	uint64_t now = loop_now();

	while (timers && timers->deadline <= now) {
		struct loop_timer *timer = timers;

		timers = timer->next;
		timer->deadline = 0;
		timer->fn(timer->arg);
	}
}

/* ---- work ---- */

void loop_work_init(struct loop_work *work, loop_fn fn, void *arg)
{
	*work = (struct loop_work){ .fn = fn, .arg = arg };
}

void loop_work_queue(struct loop_work *work)
{
	if (work->queued)
		return;
	work->queued = true;
	work->next = NULL;
	*work_tail = work;
	work_tail = &work->next;
}

void loop_work_cancel(struct loop_work *work)
{
	struct loop_work **at;

	if (!work->queued)
		return;
	for (at = &work_head; *at != work; at = &(*at)->next)
		;
	*at = work->next;
	if (!*at)
		work_tail = at;
	work->queued = false;
}

bool loop_run_work(void)
{
	struct loop_work *work = work_head;

	if (!work)
		return false;
	loop_work_cancel(work);
	work->fn(work->arg);
	return work_head;
}

void loop_queue_reset(void)
{
	timers = NULL;
	while (work_head)
		loop_work_cancel(work_head);
}
