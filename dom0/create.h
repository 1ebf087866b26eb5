/* SPDX-License-Identifier: MIT */
/* From a description file to a running guest, with messages on the terminal. */
#pragma once

#include <stdbool.h>

struct guest;
struct guest_spec;

struct create_request {
	const char *path;
	/* KEY=VALUE; several may be joined by semicolons. */
	char **overrides;
	int nr_overrides;
	bool paused;
	bool quiet;   /* no word about what is read */
	bool dry_run; /* show what would be created, and do not */
};

/* Only reads it, for the verb named; false after an error. */
bool create_read_spec(const char *verb, const struct create_request *request,
		      struct guest_spec *spec);

/* NULL after an error, and after a dry run. */
struct guest *create_from_file(const struct create_request *request);

/* Starts every description among the modules that says autostart=1. */
void create_autostart(void);
