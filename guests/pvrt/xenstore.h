/* SPDX-License-Identifier: MIT */
/*
 * As little of xenstore as a guest needs, over the ring that it was started with
 * (<xen/io/xs_wire.h>). It yields while it waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

void xenstore_init(void);

/*
 * A request (XS_*) of one or two strings in a transaction (0: none), and its answer, valid until the
 * next. An error is its name, such as "ENOENT".
 */
const char *xenstore_ask(uint32_t type, uint32_t transaction, const char *first,
			 const char *second);
const char *xenstore_read(const char *path);
const char *xenstore_write(const char *path, const char *value);
void xenstore_write_number(const char *path, uint32_t value);
/* A new transaction's number. */
uint32_t xenstore_transaction(void);

/* The newest watch event that came among the answers: path and token, or NULL; it is then forgotten. */
const char *xenstore_event(void);

/* For guests that break the protocol: the ring, and bytes put there as they are. */
volatile struct xenstore_domain_interface *xenstore_ring(void);
void xenstore_put(const void *bytes, uint32_t len);
