/* SPDX-License-Identifier: MIT */
/* A xenstore client for tests: see xenstore_client.h. */
#include "tests/host/xenstore_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                   \
	do {                                                 \
		if (!(condition)) {                          \
			fprintf(stderr, "%s\n", #condition); \
			abort();                             \
		}                                            \
	} while (0)

void client_open(struct client *client, struct xs_store *store, domid_t domid)
{
	memset(client, 0, sizeof(*client));
	client->conn = xs_connect(store, domid);
	REQUIRE(client->conn);
}

void client_close(struct client *client)
{
	xs_disconnect(client->conn);
	client->conn = NULL;
	while (client->nr_events)
		free(client->events[--client->nr_events]);
}

size_t client_send(struct client *client, uint32_t type, uint32_t tx, const void *body,
		   uint32_t len)
{
	struct xsd_sockmsg header = {
		.type = type,
		.req_id = ++client->req_id,
		.tx_id = tx,
		.len = len,
	};
	size_t n = xs_input(client->conn, &header, sizeof(header));

	return n < sizeof(header) ? n : n + xs_input(client->conn, body, len);
}

/* NULs become '|', except for one at the end. */
static void tell(char *to, const char *body, uint32_t len)
{
	uint32_t i;

	if (len && !body[len - 1])
		len--;
	for (i = 0; i < len; i++)
		to[i] = body[i] ? body[i] : '|';
	to[len] = '\0';
}

/* Reads one message; returns whether there was one. */
static int next_message(struct client *client, struct xsd_sockmsg *header, char *body)
{
	if (!xs_output_ready(client->conn))
		return 0;
	REQUIRE(xs_output(client->conn, header, sizeof(*header)) == sizeof(*header));
	REQUIRE(header->len <= XENSTORE_PAYLOAD_MAX);
	REQUIRE(xs_output(client->conn, body, header->len) == header->len);
	return 1;
}

static void keep_event(struct client *client, const char *body, uint32_t len)
{
	char *event = malloc(len + 1);

	REQUIRE(event && client->nr_events < CLIENT_MAX_EVENTS);
	tell(event, body, len);
	client->events[client->nr_events++] = event;
}

const char *client_ask_bytes(struct client *client, uint32_t type, uint32_t tx, const void *body,
			     uint32_t len)
{
	char reply[XENSTORE_PAYLOAD_MAX];
	struct xsd_sockmsg header;

	client_send(client, type, tx, body, len);
	while (next_message(client, &header, reply)) {
		if (header.type == XS_WATCH_EVENT) {
			REQUIRE(!header.req_id && !header.tx_id);
			keep_event(client, reply, header.len);
			continue;
		}
		REQUIRE(header.req_id == client->req_id && header.tx_id == tx);
		REQUIRE(header.type == type || header.type == XS_ERROR);
		client->answer[0] = '!';
		tell(client->answer + (header.type == XS_ERROR), reply, header.len);
		return client->answer;
	}
	return "(no answer)";
}

const char *client_ask(struct client *client, uint32_t type, uint32_t tx, const char *body)
{
	uint32_t len = (uint32_t)strlen(body), i;
	char bytes[2 * XENSTORE_PAYLOAD_MAX];

	REQUIRE(len <= sizeof(bytes));
	for (i = 0; i < len; i++)
		bytes[i] = body[i] == '|' ? '\0' : body[i];
	return client_ask_bytes(client, type, tx, bytes, len);
}

uint32_t client_start(struct client *client)
{
	return (uint32_t)strtoul(client_ask(client, XS_TRANSACTION_START, 0, "|"), NULL, 10);
}

const char *client_end(struct client *client, uint32_t tx, const char *how)
{
	return client_ask(client, XS_TRANSACTION_END, tx, how);
}

const char *client_event(struct client *client)
{
	char body[XENSTORE_PAYLOAD_MAX];
	struct xsd_sockmsg header;

	while (next_message(client, &header, body)) {
		if (header.type == XS_WATCH_EVENT)
			keep_event(client, body, header.len);
	}
	if (!client->nr_events)
		return "";
	strncpy(client->answer, client->events[0], sizeof(client->answer) - 1);
	free(client->events[0]);
	client->nr_events--;
	memmove(client->events, client->events + 1, client->nr_events * sizeof(client->events[0]));
	return client->answer;
}

void client_drop_events(struct client *client)
{
	while (client_event(client)[0])
		;
}
