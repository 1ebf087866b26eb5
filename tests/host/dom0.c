// SPDX-License-Identifier: MIT
// Event loop, pages and terminal of the control domain, simulated: see dom0.h.
#include "tests/host/dom0.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/loop.h"
#include "dom0/loop_queue.h"
#include "dom0/memory.h"
#include "dom0/shell.h"

#define PAGE 4096u
#define PORTS 1024u

static struct {
	loop_fn fn;
	void *arg;
} ports[PORTS];

static uint64_t now;
static unsigned notices, pages_out, pages_limit;
static char last_notice[256];

/* ---- the loop ---- */

void host_loop_reset(void)
{
	memset(ports, 0, sizeof(ports));
	loop_queue_reset();
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

void host_loop_advance(uint64_t ns)
{
	now += ns;
	loop_run_timers();
}

bool host_loop_run(unsigned pieces)
{
	bool more = true;

	while (more && pieces--)
		more = loop_run_work();
	return !more;
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
