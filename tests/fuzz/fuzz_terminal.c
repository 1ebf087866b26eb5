/* SPDX-License-Identifier: MIT */
/*
 * Fuzz harness of the screen's terminal (dom0/terminal/terminal.h): what guests print goes there. The
 * first two bytes choose the size, the rest is the text.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "dom0/terminal/terminal.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static struct terminal t;

static void check(void)
{
	REQUIRE(t.cursor.x < t.columns && t.cursor.y < t.rows);
	REQUIRE(t.saved.x < t.columns && t.saved.y < t.rows);
	REQUIRE(t.top < t.bottom && t.bottom <= t.rows);
	REQUIRE(t.dirty_from <= t.dirty_to && t.dirty_to <= t.rows);
	REQUIRE(t.nr_parameters <= TERMINAL_PARAMETERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i;

	if (size < 2)
		return 0;
	terminal_init(&t, data[0], data[1]);
	for (i = 2; i < size; i++) {
		terminal_write(&t, (const char *)&data[i], 1);
		check();
		if (i % 16 == 0)
			terminal_clean(&t);
	}
	return 0;
}
