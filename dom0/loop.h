/* SPDX-License-Identifier: MIT */
/*
 * The one event loop of the control domain. There are no threads and no nested loops: everything is
 * a callback that does a bounded piece of work and returns. Upcalls are masked while callbacks run,
 * so they never interrupt each other; whoever has more to do asks to be called again.
 *
 * Three sources: event-channel ports, timers, and work that was put off (served in turn, one piece
 * each between two looks at the ports, so that no guest can keep the others waiting).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

typedef void (*loop_fn)(void *arg);

/* Calls fn(arg) whenever the port fires. The port is the caller's, who also closes it. */
void loop_add_port(evtchn_port_t port, loop_fn fn, void *arg);
void loop_remove_port(evtchn_port_t port);

/* Binds a VIRQ of vCPU 0 and adds its port; panics when the hypervisor refuses. */
void loop_add_virq(unsigned virq, loop_fn fn, void *arg);

/* Embedded in the owner's structure; zeroed before its first use, cancelled before it is freed. */
struct loop_timer {
	struct loop_timer *next;
	uint64_t deadline; /* system time in ns; 0: not set */
	loop_fn fn;
	void *arg;
};
void loop_timer_set(struct loop_timer *timer, uint64_t delay_ns, loop_fn fn, void *arg);
void loop_timer_cancel(struct loop_timer *timer);

/* Work for later: queued once, however often it is asked for. Same ownership as timers. */
struct loop_work {
	struct loop_work *next;
	bool queued;
	loop_fn fn;
	void *arg;
};
void loop_work_init(struct loop_work *work, loop_fn fn, void *arg);
void loop_work_queue(struct loop_work *work);
void loop_work_cancel(struct loop_work *work);

/* Nanoseconds since the hypervisor started. */
uint64_t loop_now(void);

void loop_init(void);
void loop_run(void) __attribute__((noreturn));
