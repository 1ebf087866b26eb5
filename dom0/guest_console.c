/* SPDX-License-Identifier: MIT */
/*
 * Console back end: see guest_console.h. The guest owns the ring's indexes; they are checked each time.
 *
 * VIRQ_CON_RING says that some guest has written to the emergency console, but not which: all are
 * looked at, and then not again before a pause is over, so that one that never stops costs little.
 */
#include "dom0/guest_console.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <xen/io/console.h>

#include "dom0/ctl.h"
#include "dom0/loop.h"
#include "dom0/memory.h"
#include "guests/pvrt/event.h"
#include "guests/pvrt/time.h"

#define LOG_START 2048u
/* A part of it is dropped when it is full; the others are what has to be kept. */
#define SPARE 5
#define LOG_MAX (GUEST_LOG_KEPT / (SPARE - 1) * SPARE)
#define TYPE_BUFFER 1024u
#define EARLY_CHUNK 1024u
#define EARLY_PAUSE (10 * NS_PER_MS)
#define OUT_OF_ORDER "\n[console ring out of order: closed]\n"
#define barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)

struct guest_console {
	struct guest_console *next;
	domid_t domain;
	uint32_t early_index; /* how much of what it wrote to the emergency console has been taken */
	volatile struct xencons_interface *ring;
	int port;
	bool broken;
	struct guest_log *log;
	void (*output)(const char *text, size_t len);
	struct loop_work work;
	char typed[TYPE_BUFFER]; /* waits for room in the ring */
	size_t nr_typed;
};

static struct guest_console *consoles;

/* ---- what is kept ---- */

static bool log_grow(struct guest_log *log, size_t need)
{
	size_t size = log->size ? log->size : LOG_START;
	char *larger;

	while (size < need && size < LOG_MAX)
		size *= 2;
	size = size < LOG_MAX ? size : LOG_MAX;
	if (size == log->size)
		return true;
	larger = realloc(log->text, size);
	if (!larger)
		return false;
	log->text = larger;
	log->size = size;
	return true;
}

void guest_log_append(struct guest_log *log, const char *text, size_t len)
{
	size_t drop;

	if (!log_grow(log, log->len + len) && !log->size)
		return;
	if (len > log->size) {
		text += len - log->size;
		len = log->size;
	}
	if (log->len + len > log->size) {
		/* Not each time anew. */
		drop = log->len + len - log->size;
		drop = drop < log->size / SPARE ? log->size / SPARE : drop;
		drop = drop > log->len ? log->len : drop;
		memmove(log->text, log->text + drop, log->len - drop);
		log->len -= drop;
	}
	memcpy(log->text + log->len, text, len);
	log->len += len;
}

void guest_log_free(struct guest_log *log)
{
	free(log->text);
	*log = (struct guest_log){ 0 };
}

static void take(struct guest_console *c, const char *text, size_t len)
{
	if (!len)
		return;
	guest_log_append(c->log, text, len);
	if (c->output)
		c->output(text, len);
}

/* ---- the emergency console ---- */

/* One piece; returns whether there may be more. */
static bool take_early(struct guest_console *c)
{
	char text[EARLY_CHUNK];
	int n = ctl_read_log(c->domain, text, sizeof(text), &c->early_index, false);

	if (n <= 0)
		return false;
	take(c, text, (size_t)n);
	return (size_t)n == sizeof(text);
}

/* All that the hypervisor keeps: the guest does not run meanwhile. */
static void take_early_rest(struct guest_console *c)
{
	unsigned pieces;

	for (pieces = 0; pieces <= GUEST_LOG_KEPT / EARLY_CHUNK && take_early(c); pieces++)
		;
}

static void look_at_all(void *arg)
{
	struct guest_console *c;

	(void)arg;
	for (c = consoles; c; c = c->next)
		loop_work_queue(&c->work);
}

static void something_written(void *arg)
{
	static struct loop_timer timer;
	static uint64_t last_look;
	uint64_t next_look = last_look + EARLY_PAUSE, now = loop_now();

	(void)arg;
	if (timer.deadline)
		return;
	last_look = now < next_look ? next_look : now;
	if (now < next_look)
		loop_timer_set(&timer, next_look - now, look_at_all, NULL);
	else
		look_at_all(NULL);
}

/* ---- the ring ---- */

/* At most one ring full; returns whether there was anything. */
static bool take_output(struct guest_console *c)
{
	char text[sizeof(c->ring->out)];
	uint32_t cons = c->ring->out_cons, have = c->ring->out_prod - cons, i;

	if (have > sizeof(text)) {
		c->broken = true;
		guest_log_append(c->log, OUT_OF_ORDER, sizeof(OUT_OF_ORDER) - 1);
		return false;
	}
	barrier();
	for (i = 0; i < have; i++)
		text[i] = c->ring->out[MASK_XENCONS_IDX(cons + i, text)];
	barrier();
	c->ring->out_cons = cons + have;
	take(c, text, have);
	return have > 0;
}

static bool give_input(struct guest_console *c)
{
	uint32_t prod = c->ring->in_prod, used = prod - c->ring->in_cons, n = 0;

	if (used > sizeof(c->ring->in)) {
		c->nr_typed = 0;
		return false;
	}
	barrier();
	while (n < c->nr_typed && used + n < sizeof(c->ring->in)) {
		c->ring->in[(prod + n) % sizeof(c->ring->in)] = c->typed[n];
		n++;
	}
	barrier();
	c->ring->in_prod = prod + n;
	c->nr_typed -= n;
	memmove(c->typed, c->typed + n, c->nr_typed);
	return n > 0;
}

static void serve(void *arg)
{
	struct guest_console *c = arg;
	bool moved;

	if (take_early(c))
		loop_work_queue(&c->work);
	if (c->broken)
		return;
	moved = take_output(c);
	moved |= c->nr_typed && give_input(c);
	if (moved)
		event_send((evtchn_port_t)c->port);
}

static void port_fired(void *arg)
{
	loop_work_queue(&((struct guest_console *)arg)->work);
}

/* ---- interface ---- */

struct guest_console *guest_console_create(domid_t domain, xen_pfn_t mfn, evtchn_port_t remote_port,
					   struct guest_log *log)
{
	struct guest_console *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->domain = domain;
	c->log = log;
	log_grow(log, LOG_START);
	loop_work_init(&c->work, serve, c);
	c->ring = foreign_map(domain, &mfn, 1, true);
	c->port = c->ring ? event_bind_interdomain(domain, remote_port) : -1;
	if (c->port < 0) {
		foreign_unmap((void *)c->ring, 1);
		free(c);
		return NULL;
	}
	loop_add_port((evtchn_port_t)c->port, port_fired, c);
	c->next = consoles;
	consoles = c;
	return c;
}

static void forget(struct guest_console *c)
{
	struct guest_console **at;

	for (at = &consoles; *at != c; at = &(*at)->next)
		;
	*at = c->next;
}

void guest_console_destroy(struct guest_console *c)
{
	if (!c)
		return;
	guest_console_refresh(c);
	forget(c);
	loop_work_cancel(&c->work);
	loop_remove_port((evtchn_port_t)c->port);
	event_close((evtchn_port_t)c->port);
	foreign_unmap((void *)c->ring, 1);
	free(c);
}

void guest_console_tap(struct guest_console *c, void (*output)(const char *text, size_t len))
{
	c->output = output;
}

void guest_console_refresh(struct guest_console *c)
{
	take_early_rest(c);
	serve(c);
}

void guest_consoles_init(void)
{
	loop_add_virq(VIRQ_CON_RING, something_written, NULL);
}

void guest_console_type(struct guest_console *c, const char *text, size_t len)
{
	size_t room = sizeof(c->typed) - c->nr_typed;

	if (len > room)
		len = room;
	memcpy(c->typed + c->nr_typed, text, len);
	c->nr_typed += len;
	loop_work_queue(&c->work);
}
