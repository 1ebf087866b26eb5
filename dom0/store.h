/* SPDX-License-Identifier: MIT */
/*
 * What the rest of the control domain asks of xenstore: a connection and the standard paths for each
 * guest, and requests to guests through their control nodes.
 */
#pragma once

#include <stdbool.h>

#include <xen/xen.h>

struct guest;
struct guest_store;
struct xs_store;

void store_init(void);
struct xs_store *store_get(void);

/* A UUID as people write it. */
#define UUID_TEXT 37
void uuid_text(const xen_domain_handle_t uuid, char *text);

/* Connects a new guest and writes its paths; NULL when that is not possible. */
struct guest_store *store_introduce(const struct guest *guest);
/* The domain has shut down but is still there: those who watch hear of it. */
void store_shut_down(const struct guest *guest);
/* Ends the connection and removes everything of the guest. */
void store_release(struct guest *guest);
/* After its name changed. */
void store_renamed(const struct guest *guest);

/* Writes a node below the guest's home; false when the guest has no connection. */
bool store_write(const struct guest *guest, const char *node, const char *value);

/*
 * Whether the guest has said which requests it understands, and this is none of them. Kernels say so once,
 * at their start.
 */
bool store_control_refuses(const struct guest *guest, const char *request);

/*
 * Writes a node below the guest's control directory, such as "shutdown". False when the guest has
 * never spoken to xenstore: then nobody would read it.
 */
bool store_write_control(const struct guest *guest, const char *node, const char *value);
