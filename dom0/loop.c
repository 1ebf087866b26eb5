/* SPDX-License-Identifier: MIT */
/*
 * The event loop: see loop.h. Sleeps in SCHEDOP_block, which unmasks
 * upcalls and blocks in one step.
 */
#include "dom0/loop.h"

#include "guests/pvrt/event.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/time.h"

static struct {
	loop_fn fn;
	void *arg;
} ports[EVTCHN_2L_NR_CHANNELS];

static struct loop_timer *timers; /* sorted by deadline */
static struct loop_work *work_head, **work_tail = &work_head;

/* ---- ports ---- */

static void port_fired(evtchn_port_t port, void *data)
{
	(void)data;
	if (ports[port].fn)
		ports[port].fn(ports[port].arg);
}

void loop_add_port(evtchn_port_t port, loop_fn fn, void *arg)
{
	BUG_ON(port >= EVTCHN_2L_NR_CHANNELS);
	ports[port].fn = fn;
	ports[port].arg = arg;
	event_bind(port, port_fired, NULL);
}

void loop_remove_port(evtchn_port_t port)
{
	event_unbind(port);
	ports[port].fn = NULL;
}

void loop_add_virq(unsigned virq, loop_fn fn, void *arg)
{
	int port = event_bind_virq(virq, 0);

	if (port < 0)
		pv_panic("virtual interrupt %u: error %d", virq, port);
	loop_add_port(port, fn, arg);
}

/* ---- timers ---- */

uint64_t loop_now(void)
{
	return time_system_ns();
}

void loop_timer_cancel(struct loop_timer *timer)
{
	struct loop_timer **at;

	if (!timer->deadline)
		return;
	for (at = &timers; *at != timer; at = &(*at)->next)
		;
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

static void run_timers(void)
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

static void run_one_work(void)
{
	struct loop_work *work = work_head;

	if (!work)
		return;
	loop_work_cancel(work);
	work->fn(work->arg);
}

/* ---- the loop ---- */

/* What is due is found by run_timers(): the interrupt only has to end the sleep. */
static void timer_fired(void *arg)
{
	(void)arg;
}

void loop_init(void)
{
	loop_add_virq(VIRQ_TIMER, timer_fired, NULL);
}

void loop_run(void)
{
	for (;;) {
		events_disable();
		event_dispatch();
		run_timers();
		run_one_work();
		if (work_head)
			continue;
		HYPERVISOR_set_timer_op(timers ? timers->deadline : 0);
		/* Handlers run inside this call, on top of nothing but the loop. */
		event_block();
	}
}
