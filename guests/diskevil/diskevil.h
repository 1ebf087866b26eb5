/* SPDX-License-Identifier: MIT */
/* Parts of the guest that attacks its disk's back end: see diskevil.c. */
#ifndef DISKEVIL_H
#define DISKEVIL_H

#include <stdint.h>

/* A request to xenstore (<xen/io/xs_wire.h>) and its answer, valid until the next. */
void store_init(void);
const char *store_read(const char *path);
const char *store_write(const char *path, const char *value);
void store_write_number(const char *path, uint32_t value);

#endif
