/* SPDX-License-Identifier: MIT */
/* From a description file to a running guest, with messages on the terminal. */
#ifndef DOM0_CREATE_H
#define DOM0_CREATE_H

#include <stdbool.h>

struct guest;

/* overrides are KEY=VALUE words. NULL after an error. */
struct guest *create_from_file(const char *path, int nr_overrides, char **overrides, bool paused);

/* Starts every description among the modules that says autostart=1. */
void create_autostart(void);

#endif
