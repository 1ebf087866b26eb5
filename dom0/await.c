/* SPDX-License-Identifier: MIT */
/* See await.h. One verb waits at a time, for it has the terminal. */
#include "dom0/await.h"

#include <stdio.h>
#include <string.h>

#include "dom0/console.h"
#include "dom0/guest.h"
#include "dom0/line.h"
#include "dom0/shell.h"
#include "guests/pvrt/time.h"

#define LOOK_INTERVAL (100 * NS_PER_MS)
#define CTRL_C 3

static struct loop_timer timer;
static bool (*condition)(const void *arg);
static const void *condition_arg;

static bool reporting;
static domid_t awaited; /* DOMID_INVALID: all guests */

/* Typed meanwhile, for the shell that comes back; what is longer is lost. */
static char ahead[LINE_MAX_LENGTH];
static size_t nr_ahead;

static void stop(void)
{
	char typed[LINE_MAX_LENGTH];
	size_t len = nr_ahead;

	loop_timer_cancel(&timer);
	reporting = false;
	nr_ahead = 0;
	memcpy(typed, ahead, len);
	shell_resume();
	console_feed(typed, len);
}

static void look(void *arg)
{
	(void)arg;
	if (condition(condition_arg))
		loop_timer_set(&timer, LOOK_INTERVAL, look, NULL);
	else
		stop();
}

static void type(const char *text, size_t len)
{
	if (memchr(text, CTRL_C, len)) {
		nr_ahead = 0;
		stop();
	} else if (len <= sizeof(ahead) - nr_ahead) {
		memcpy(ahead + nr_ahead, text, len);
		nr_ahead += len;
	}
}

void await_while(bool (*new_condition)(const void *arg), const void *arg)
{
	condition = new_condition;
	condition_arg = arg;
	shell_suspend();
	console_set_reader(type);
	look(NULL);
}

/* ---- ends ---- */

static bool is_awaited(const struct guest *g)
{
	return (awaited == DOMID_INVALID || g->domain == awaited) &&
	       (g->state == GUEST_RUNNING || g->state == GUEST_DYING);
}

static unsigned count_awaited(void)
{
	const struct guest *g;
	unsigned count = 0;

	for (g = guests_first(); g; g = g->next)
		count += is_awaited(g);
	return count;
}

static bool some_left(const void *arg)
{
	(void)arg;
	return count_awaited();
}

/* Announced when its domain is destroyed, and once more when it is forgotten. */
static void report(struct guest *guest, bool started)
{
	if (!reporting || started || guest->end_reported ||
	    (awaited != DOMID_INVALID && guest->domain != awaited))
		return;
	guest->end_reported = true;
	if (guest->shutdown_reason >= 0)
		printf("Domain %u has been shut down, reason code %d\n", guest->domain,
		       guest->shutdown_reason);
	else
		printf("Domain %u has been destroyed\n", guest->domain);
}

void await_end(domid_t domain)
{
	static bool watching;

	if (!watching)
		guests_watch(report);
	watching = true;
	awaited = domain;
	reporting = true;
	printf("Waiting for %u domains\n", count_awaited());
	await_while(some_left, NULL);
}
