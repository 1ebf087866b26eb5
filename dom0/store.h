/* SPDX-License-Identifier: MIT */
/*
 * What the rest of the control domain asks of xenstore: a connection and the standard paths for each
 * guest, and requests to guests through their control nodes.
 */
#ifndef DOM0_STORE_H
#define DOM0_STORE_H

#include <stdbool.h>

struct guest;

void store_init(void);

/* Connects a new guest and writes its paths; NULL when that is not possible. */
void *store_introduce(struct guest *guest);
void store_release(struct guest *guest);
void store_renamed(struct guest *guest);

/* Writes a node below the guest's home, such as control/shutdown; false when it has no connection. */
bool store_write_control(struct guest *guest, const char *node, const char *value);

#endif
