/* SPDX-License-Identifier: MIT */
/*
 * A xenstore client for tests: sends whole requests and reads what comes back. Bodies
 * and answers are told as text in which '|' stands for NUL; a last '|' of an answer
 * is left out, an error starts with '!'.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#include "dom0/xenstore/xenstore.h"

#define CLIENT_MAX_EVENTS 1024

struct client {
	struct xs_connection *conn;
	uint32_t req_id;
	char answer[XENSTORE_PAYLOAD_MAX + 8];
	char *events[CLIENT_MAX_EVENTS];
	unsigned nr_events;
};

void client_open(struct client *client, struct xs_store *store, domid_t domid);
void client_close(struct client *client);

/* The answer to a request in transaction tx (0: none). */
const char *client_ask(struct client *client, uint32_t type, uint32_t tx, const char *body);
/* The same with any bytes. */
const char *client_ask_bytes(struct client *client, uint32_t type, uint32_t tx, const void *body,
			     uint32_t len);
/* Puts a request in without reading; returns the bytes taken. */
size_t client_send(struct client *client, uint32_t type, uint32_t tx, const void *body,
		   uint32_t len);

/* A new transaction's number, or 0. */
uint32_t client_start(struct client *client);
const char *client_end(struct client *client, uint32_t tx, const char *how);

/* The next event as "path|token", "" when there is none. */
const char *client_event(struct client *client);
/* Drops all events so far. */
void client_drop_events(struct client *client);
