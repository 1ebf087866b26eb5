/* SPDX-License-Identifier: MIT */
/*
 * A terminal's screen in memory: what text with control sequences (ECMA-48, as VT100 and its successors
 * have them) leaves there. Knows no device, so tests drive it. Its input is whatever a guest prints:
 * every sequence ends within bounds, whatever it says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TERMINAL_MAX_COLUMNS 160u
#define TERMINAL_MAX_ROWS 64u
#define TERMINAL_PARAMETERS 16u

struct terminal_cursor {
	unsigned x, y;
	uint8_t attribute; /* the sequences' colours: foreground, and background << 4; 8 is bright */
	bool reverse, bold;
};

struct terminal {
	unsigned columns, rows;
	/* As VGA has it: character of code page 437, attribute << 8. Row after row. */
	uint16_t cell[TERMINAL_MAX_COLUMNS * TERMINAL_MAX_ROWS];
	struct terminal_cursor cursor, saved;
	bool cursor_hidden;
	bool wrap_pending;    /* a character stands in the last column, and the next one wraps */
	unsigned top, bottom; /* rows that scroll: [top, bottom) */
	/* Rows that changed since the owner drew them: [dirty_from, dirty_to). */
	unsigned dirty_from, dirty_to;

	/* What is half read: see terminal.c. */
	uint8_t state;
	bool question;
	unsigned nr_parameters;
	uint16_t parameter[TERMINAL_PARAMETERS];
	uint32_t code_point;
	unsigned continuation; /* bytes of UTF-8 to come */
};

/* An empty screen; columns and rows are cut to the maximum and are at least 1. */
void terminal_init(struct terminal *t, unsigned columns, unsigned rows);
void terminal_write(struct terminal *t, const char *text, size_t len);
/* Everything has been drawn. */
void terminal_clean(struct terminal *t);
