/* SPDX-License-Identifier: MIT */
/*
 * Guest descriptions in xl.cfg syntax: `key = value` lines, where a value is a number, a quoted
 * string, or a list of values in brackets; `#` starts a comment. Parsing is tolerant in what it
 * accepts and exact in what it reports: every message names file and line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_MAX_VALUES 16

struct config_entry {
	struct config_entry *next;
	char *key;
	unsigned line;
	bool is_list;
	unsigned nr_values;
	char *values[CONFIG_MAX_VALUES]; /* numbers too are kept as text */
};

struct config {
	char name[64]; /* of the file, for messages */
	struct config_entry *entries;
};

/* Called with each message, complete with file and line but without a line end. */
typedef void (*config_report)(const char *message);

/* False after an error (reported). config_free() is needed in both cases. */
bool config_parse(struct config *config, const char *name, const char *text, size_t size,
		  config_report report);
void config_free(struct config *config);

/* The last entry with that key wins; NULL when there is none. */
const struct config_entry *config_find(const struct config *config, const char *key);

/* Values with defaults. A number that is none is reported and the default taken. */
const char *config_string(const struct config *config, const char *key, const char *otherwise);
long config_number(const struct config *config, const char *key, long otherwise,
		   config_report report);
