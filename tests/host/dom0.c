// SPDX-License-Identifier: MIT
// Event loop, pages and terminal of the control domain, simulated: see dom0.h.
#include "tests/host/dom0.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/loop.h"
#include "dom0/memory.h"
#include "dom0/shell.h"

#define PAGE 4096u
#define PORTS 1024u

static struct {
	loop_fn fn;
	void *arg;
} ports[PORTS];

static struct loop_timer *timers;
static struct loop_work *work_head, **work_tail = &work_head;
static uint64_t now;
static unsigned notices, pages_out, pages_limit;
static char last_notice[256];

/* ---- the loop ---- */

void host_loop_reset(void)
{
	memset(ports, 0, sizeof(ports));
	timers = NULL;
	while (work_head)
		loop_work_cancel(work_head);
	now = 0;
	notices = 0;
	pages_limit = 0;
	last_notice[0] = '\0';
}

void loop_add_port(evtchn_port_t port, loop_fn fn, void *arg)
{
	ports[port % PORTS].fn = fn;
	ports[port % PORTS].arg = arg;
}

void loop_remove_port(evtchn_port_t port)
{
	ports[port % PORTS].fn = NULL;
}

bool host_loop_fire(uint32_t port)
{
	if (!ports[port % PORTS].fn)
		return false;
	ports[port % PORTS].fn(ports[port % PORTS].arg);
	return true;
}

uint64_t loop_now(void)
{
	return now;
}

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
	*timer = (struct loop_timer){ .deadline = now + delay_ns, .fn = fn, .arg = arg };
	for (at = &timers; *at && (*at)->deadline <= timer->deadline; at = &(*at)->next)
		;
	timer->next = *at;
	*at = timer;
}

void host_loop_advance(uint64_t ns)
{
	now += ns;
	while (timers && timers->deadline <= now) {
		struct loop_timer *timer = timers;

		loop_timer_cancel(timer);
		timer->fn(timer->arg);
	}
}

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

bool host_loop_run(unsigned pieces)
{
	while (work_head && pieces--) {
		struct loop_work *work = work_head;

		loop_work_cancel(work);
		work->fn(work->arg);
	}
	return !work_head;
}

/* ---- the terminal ---- */

void shell_notice(const char *fmt, ...)
{
	va_list args;

	notices++;
	va_start(args, fmt);
	vsnprintf(last_notice, sizeof(last_notice), fmt, args);
	va_end(args);
}

unsigned host_notices(void)
{
	return notices;
}

const char *host_last_notice(void)
{
	return last_notice;
}

/* ---- memory ---- */

unsigned long heap_pages_left(void)
{
	return 1u << 20;
}

void *dma_page_get(uint64_t *maddr)
{
	void *page = pages_limit && pages_out >= pages_limit ? NULL : aligned_alloc(PAGE, PAGE);

	if (!page)
		return NULL;
	memset(page, 0, PAGE);
	*maddr = (uintptr_t)page;
	pages_out++;
	return page;
}

void dma_page_put(void *page)
{
	free(page);
	pages_out--;
}

unsigned host_pages_out(void)
{
	return pages_out;
}

void host_pages_limit(unsigned limit)
{
	pages_limit = limit;
}
