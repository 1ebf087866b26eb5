/* SPDX-License-Identifier: MIT */
/*
 * The event loop: see loop.h. Sleeps in SCHEDOP_block, which unmasks
 * upcalls and blocks in one step.
 */
#include "dom0/loop.h"

#include "dom0/loop_queue.h"
#include "guests/pvrt/event.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/time.h"

static struct {
	loop_fn fn;
	void *arg;
} ports[EVTCHN_2L_NR_CHANNELS];

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

uint64_t loop_now(void)
{
	return time_system_ns();
}

/* ---- the loop ---- */

/* What is due is found by loop_run_timers(): the interrupt only has to end the sleep. */
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
		loop_run_timers();
		if (loop_run_work())
			continue;
		HYPERVISOR_set_timer_op(loop_next_deadline());
		/* Handlers run inside this call, on top of nothing but the loop. */
		event_block();
	}
}
