/* SPDX-License-Identifier: MIT */
/* What control sequences do to the cells: see terminal_internal.h. */
#include "dom0/terminal/terminal_internal.h"

#include <string.h>

#define BLANK ' '

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The colours of the sequences are red, green, blue from bit 0 on; VGA has them the other way. */
static uint8_t vga_colour(unsigned colour)
{
	return (uint8_t)((colour & 10) | (colour & 1) << 2 | (colour & 4) >> 2);
}

static uint16_t filled(const struct terminal *t, uint8_t character)
{
	unsigned front = vga_colour(t->cursor.attribute & 15u);
	unsigned back = vga_colour(t->cursor.attribute >> 4) & 7u;

	if (t->cursor.bold)
		front |= 8;
	if (t->cursor.reverse) {
		unsigned was = front;

		front = back;
		back = was & 7;
	}
	return (uint16_t)((back << 4 | front) << 8 | character);
}

void screen_touch(struct terminal *t, unsigned from_row, unsigned to_row)
{
	if (t->dirty_from == t->dirty_to) {
		t->dirty_from = from_row;
		t->dirty_to = to_row;
		return;
	}
	t->dirty_from = min(t->dirty_from, from_row);
	if (to_row > t->dirty_to)
		t->dirty_to = to_row;
}

void screen_erase(struct terminal *t, unsigned from, unsigned to)
{
	uint16_t blank = filled(t, BLANK);
	unsigned i;

	to = min(to, t->columns * t->rows);
	if (from >= to)
		return;
	for (i = from; i < to; i++)
		t->cell[i] = blank;
	screen_touch(t, from / t->columns, (to - 1) / t->columns + 1);
}

/* Rows [from, to) become those that were `by` rows further down, or up; the rest become blank. */
static void scroll_up(struct terminal *t, unsigned from, unsigned to, unsigned by)
{
	unsigned width = t->columns;

	by = min(by, to - from);
	memmove(&t->cell[from * width], &t->cell[(from + by) * width],
		(to - from - by) * width * sizeof(t->cell[0]));
	screen_erase(t, (to - by) * width, to * width);
	screen_touch(t, from, to);
}

static void scroll_down(struct terminal *t, unsigned from, unsigned to, unsigned by)
{
	unsigned width = t->columns;

	by = min(by, to - from);
	memmove(&t->cell[(from + by) * width], &t->cell[from * width],
		(to - from - by) * width * sizeof(t->cell[0]));
	screen_erase(t, from * width, (from + by) * width);
	screen_touch(t, from, to);
}

void screen_move(struct terminal *t, unsigned x, unsigned y)
{
	t->cursor.x = min(x, t->columns - 1);
	t->cursor.y = min(y, t->rows - 1);
	t->wrap_pending = false;
}

void screen_index(struct terminal *t)
{
	if (t->cursor.y + 1 == t->bottom)
		scroll_up(t, t->top, t->bottom, 1);
	else
		screen_move(t, t->cursor.x, t->cursor.y + 1);
	t->wrap_pending = false;
}

void screen_reverse_index(struct terminal *t)
{
	if (t->cursor.y == t->top)
		scroll_down(t, t->top, t->bottom, 1);
	else if (t->cursor.y)
		screen_move(t, t->cursor.x, t->cursor.y - 1);
	t->wrap_pending = false;
}

void screen_put(struct terminal *t, uint8_t character)
{
	if (t->wrap_pending) {
		t->cursor.x = 0;
		screen_index(t);
	}
	t->cell[t->cursor.y * t->columns + t->cursor.x] = filled(t, character);
	screen_touch(t, t->cursor.y, t->cursor.y + 1);
	if (t->cursor.x + 1 < t->columns)
		t->cursor.x++;
	else
		t->wrap_pending = true;
}

static bool in_region(const struct terminal *t)
{
	return t->cursor.y >= t->top && t->cursor.y < t->bottom;
}

void screen_insert_rows(struct terminal *t, unsigned n)
{
	if (in_region(t))
		scroll_down(t, t->cursor.y, t->bottom, n);
}

void screen_delete_rows(struct terminal *t, unsigned n)
{
	if (in_region(t))
		scroll_up(t, t->cursor.y, t->bottom, n);
}

void screen_insert_cells(struct terminal *t, unsigned n)
{
	unsigned at = t->cursor.y * t->columns + t->cursor.x;
	unsigned after = t->columns - t->cursor.x;

	n = min(n, after);
	memmove(&t->cell[at + n], &t->cell[at], (after - n) * sizeof(t->cell[0]));
	screen_erase(t, at, at + n);
}

void screen_delete_cells(struct terminal *t, unsigned n)
{
	unsigned at = t->cursor.y * t->columns + t->cursor.x;
	unsigned after = t->columns - t->cursor.x;

	n = min(n, after);
	memmove(&t->cell[at], &t->cell[at + n], (after - n) * sizeof(t->cell[0]));
	screen_erase(t, at + after - n, at + after);
}

void screen_reset(struct terminal *t)
{
	t->cursor = t->saved = (struct terminal_cursor){ .attribute = 7 };
	t->cursor_hidden = t->wrap_pending = false;
	t->top = 0;
	t->bottom = t->rows;
	screen_erase(t, 0, t->columns * t->rows);
}
