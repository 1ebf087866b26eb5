/* SPDX-License-Identifier: MIT */
/*
 * What waits to be read by a connection: replies and events in the order in which they came to be.
 * Replies are bounded by not reading further requests, events by the watch and by the memory of the
 * domain.
 */
#include "dom0/xenstore/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- queueing ---- */

static size_t message_size(const struct xs_message *m)
{
	return sizeof(*m) + m->header.len;
}

static struct xs_message *new_message(uint32_t type, size_t len)
{
	struct xs_message *m = calloc(1, sizeof(*m) + len);

	if (!m)
		return NULL;
	list_init(&m->link);
	list_init(&m->watch_link);
	m->header.type = type;
	m->header.len = (uint32_t)len;
	return m;
}

static void queue(struct xs_connection *conn, struct xs_message *m)
{
	bool first = list_empty(&conn->output);

	list_add_tail(&m->link, &conn->output);
	if (first && conn->wake)
		conn->wake(conn->wake_arg);
}

void xs_message_free(struct xs_connection *conn, struct xs_message *m)
{
	list_del(&m->link);
	if (m->header.type == XS_WATCH_EVENT)
		conn->account->memory -= message_size(m);
	else
		conn->nr_replies--;
	if (m->watch) {
		m->watch->nr_events--;
		list_del(&m->watch_link);
	}
	free(m);
}

/* ---- replies ---- */

/* The first one, EINVAL, stands for those that have no name. */
static const char *error_name(int error)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(xsd_errors); i++) {
		if (xsd_errors[i].errnum == error)
			return xsd_errors[i].errstring;
	}
	return xsd_errors[0].errstring;
}

void xs_reply(struct xs_connection *conn, uint32_t type, const void *body, size_t len)
{
	struct xs_message *m;

	if (len > XENSTORE_PAYLOAD_MAX) {
		xs_reply_error(conn, E2BIG);
		return;
	}
	m = new_message(type, len);
	if (!m) {
		/* The peer would wait for ever; a small reply may still be possible. */
		if (type != XS_ERROR)
			xs_reply_error(conn, ENOMEM);
		else
			conn->error = XENSTORE_ERROR_COMM;
		return;
	}
	m->header.req_id = conn->header.req_id;
	m->header.tx_id = conn->header.tx_id;
	if (len)
		memcpy(m->body, body, len);
	conn->nr_replies++;
	queue(conn, m);
}

void xs_reply_error(struct xs_connection *conn, int error)
{
	const char *name = error_name(error);

	xs_reply(conn, XS_ERROR, name, strlen(name) + 1);
}

/* ---- events ---- */

bool xs_output_event(struct xs_watch *watch, const char *path, bool force)
{
	struct xs_connection *conn = watch->conn;
	size_t path_len = strlen(path) + 1, token_len = strlen(watch->token) + 1;
	struct xs_message *m;

	/* Longer than any message: nobody can be told. */
	if (path_len + token_len > XENSTORE_PAYLOAD_MAX)
		return false;
	if (!force &&
	    !xs_account_room(conn->store, conn->account, sizeof(*m) + path_len + token_len))
		return false;
	m = new_message(XS_WATCH_EVENT, path_len + token_len);
	if (!m)
		return false;
	memcpy(m->body, path, path_len);
	memcpy(m->body + path_len, watch->token, token_len);
	m->watch = watch;
	watch->nr_events++;
	list_add_tail(&m->watch_link, &watch->events);
	conn->account->memory += message_size(m);
	queue(conn, m);
	return true;
}

void xs_output_recover(struct xs_connection *conn)
{
	while (!list_empty(&conn->lost)) {
		struct xs_watch *watch = list_entry(conn->lost.next, struct xs_watch, lost);

		/* In turn: when there is no room for this one, it goes to the end of the list. */
		list_del(&watch->lost);
		xs_watch_event(watch, watch->path);
		if (!list_empty(&watch->lost))
			return;
	}
}

/* ---- reading it ---- */

static size_t take(struct xs_connection *conn, struct xs_message *m, char *buf, size_t max)
{
	size_t total = sizeof(m->header) + m->header.len, from = conn->sent, n = 0;

	if (from < sizeof(m->header)) {
		n = MIN(max, sizeof(m->header) - from);
		memcpy(buf, (const char *)&m->header + from, n);
		from += n;
	}
	if (from >= sizeof(m->header) && n < max) {
		size_t len = MIN(max - n, total - from);

		memcpy(buf + n, m->body + from - sizeof(m->header), len);
		n += len;
	}
	conn->sent += n;
	if (conn->sent == total) {
		conn->sent = 0;
		xs_message_free(conn, m);
		xs_output_recover(conn);
	}
	return n;
}

size_t xs_output(struct xs_connection *conn, void *buf, size_t max)
{
	size_t n = 0;

	while (n < max && xs_output_ready(conn))
		n += take(conn, list_entry(conn->output.next, struct xs_message, link),
			  (char *)buf + n, max - n);
	return n;
}

bool xs_output_ready(const struct xs_connection *conn)
{
	return !conn->error && !list_empty(&conn->output);
}
