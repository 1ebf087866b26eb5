/* SPDX-License-Identifier: MIT */
/*
 * Console ring back end: see guest_console.h. The guest owns the
 * indexes; they are checked each time.
 */
#include "dom0/guest_console.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <xen/io/console.h>

#include "dom0/loop.h"
#include "dom0/memory.h"
#include "guests/pvrt/event.h"

#define LOG_START 2048u
#define TYPE_BUFFER 1024u
#define OUT_OF_ORDER "\n[console ring out of order: closed]\n"
#define barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)

struct guest_console {
	volatile struct xencons_interface *ring;
	int port;
	bool broken;
	struct guest_log *log;
	void (*output)(const char *text, size_t len);
	struct loop_work work;
	char typed[TYPE_BUFFER]; /* waits for room in the ring */
	size_t nr_typed;
};

/* ---- what is kept ---- */

static bool log_grow(struct guest_log *log, size_t need)
{
	size_t size = log->size ? log->size : LOG_START;
	char *larger;

	while (size < need && size < GUEST_LOG_MAX)
		size *= 2;
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
		/* Not each time anew: a quarter goes at once. */
		drop = log->len + len - log->size;
		drop = drop < log->size / 4 ? log->size / 4 : drop;
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
	guest_log_append(c->log, text, have);
	if (c->output && have)
		c->output(text, have);
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
	c->log = log;
	loop_work_init(&c->work, serve, c);
	c->ring = foreign_map(domain, &mfn, 1, true);
	c->port = c->ring ? event_bind_interdomain(domain, remote_port) : -1;
	if (c->port < 0) {
		foreign_unmap((void *)c->ring, 1);
		free(c);
		return NULL;
	}
	loop_add_port((evtchn_port_t)c->port, port_fired, c);
	return c;
}

void guest_console_destroy(struct guest_console *c)
{
	if (!c)
		return;
	if (!c->broken)
		take_output(c);
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
	serve(c);
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
