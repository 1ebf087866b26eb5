/* SPDX-License-Identifier: MIT */
/*
 * Reads text with control sequences: ECMA-48 (the Linux console's and xterm's choice of it), in UTF-8.
 * A sequence that is not known is read to its end and does nothing.
 */
#include "dom0/terminal/terminal.h"

#include <string.h>

#include "dom0/terminal/terminal_internal.h"

#define ESCAPE 0x1b
#define CANCEL 0x18
#define SUBSTITUTE 0x1a
#define TAB_STOPS 8u
#define PARAMETER_MAX 9999u

enum state {
	GROUND,
	AFTER_ESCAPE,
	ONE_MORE, /* of a sequence whose next character ends it: character sets */
	IN_PARAMETERS,
	IN_STRING, /* a title and such, which ends with BEL or ESC \ */
	STRING_ESCAPE,
};

/* Parameter i, where 0 and nothing stand for the default. */
static unsigned parameter(const struct terminal *t, unsigned i, unsigned standard)
{
	return i < t->nr_parameters && t->parameter[i] ? t->parameter[i] : standard;
}

/* ---- colours: CSI ... m ---- */

/* 38 and 48: by number (5;N) or by value (2;R;G;B). Returns how many parameters that takes. */
static unsigned set_extended_colour(struct terminal *t, unsigned i, unsigned shift)
{
	unsigned kind = i + 1 < t->nr_parameters ? t->parameter[i + 1] : 0;
	unsigned colour = i + 2 < t->nr_parameters ? t->parameter[i + 2] : 0;

	if (kind == 5 && colour < 16)
		t->cursor.attribute =
			(uint8_t)((t->cursor.attribute & ~(15u << shift)) | colour << shift);
	return kind == 5 ? 2 : kind == 2 ? 4 : 0;
}

static void set_colour(struct terminal *t, unsigned colour, unsigned shift)
{
	t->cursor.attribute = (uint8_t)((t->cursor.attribute & ~(15u << shift)) | colour << shift);
}

static unsigned set_rendition(struct terminal *t, unsigned i)
{
	unsigned n = t->parameter[i];

	if (n == 0) {
		t->cursor.attribute = 7;
		t->cursor.bold = t->cursor.reverse = false;
	} else if (n == 1 || n == 21 || n == 22) {
		t->cursor.bold = n == 1;
	} else if (n == 7 || n == 27) {
		t->cursor.reverse = n == 7;
	} else if (n >= 30 && n <= 37) {
		set_colour(t, n - 30, 0);
	} else if (n >= 40 && n <= 47) {
		set_colour(t, n - 40, 4);
	} else if (n >= 90 && n <= 97) {
		set_colour(t, n - 90 + 8, 0);
	} else if (n >= 100 && n <= 107) {
		set_colour(t, n - 100 + 8, 4);
	} else if (n == 38 || n == 48) {
		return set_extended_colour(t, i, n == 38 ? 0 : 4);
	} else if (n == 39) {
		set_colour(t, 7, 0);
	} else if (n == 49) {
		set_colour(t, 0, 4);
	}
	return 0;
}

static void set_renditions(struct terminal *t)
{
	unsigned i;

	if (!t->nr_parameters)
		t->parameter[t->nr_parameters++] = 0;
	for (i = 0; i < t->nr_parameters; i++)
		i += set_rendition(t, i);
}

/* ---- other sequences ---- */

static void erase_in_screen(struct terminal *t)
{
	unsigned at = t->cursor.y * t->columns + t->cursor.x, all = t->columns * t->rows;

	switch (parameter(t, 0, 0)) {
	case 0:
		screen_erase(t, at, all);
		break;
	case 1:
		screen_erase(t, 0, at + 1);
		break;
	case 2:
	case 3:
		screen_erase(t, 0, all);
		break;
	}
}

static void erase_in_row(struct terminal *t)
{
	unsigned row = t->cursor.y * t->columns, at = row + t->cursor.x;

	switch (parameter(t, 0, 0)) {
	case 0:
		screen_erase(t, at, row + t->columns);
		break;
	case 1:
		screen_erase(t, row, at + 1);
		break;
	case 2:
		screen_erase(t, row, row + t->columns);
		break;
	}
}

static void set_region(struct terminal *t)
{
	unsigned top = parameter(t, 0, 1) - 1, bottom = parameter(t, 1, t->rows);

	if (bottom > t->rows)
		bottom = t->rows;
	if (top + 1 >= bottom)
		return;
	t->top = top;
	t->bottom = bottom;
	screen_move(t, 0, 0);
}

static unsigned back_by(unsigned from, unsigned n)
{
	return from > n ? from - n : 0;
}

static bool move_cursor(struct terminal *t, char final)
{
	unsigned n = parameter(t, 0, 1), x = t->cursor.x, y = t->cursor.y;

	switch (final) {
	case 'A':
		screen_move(t, x, back_by(y, n));
		return true;
	case 'B':
	case 'e':
		screen_move(t, x, y + n);
		return true;
	case 'C':
	case 'a':
		screen_move(t, x + n, y);
		return true;
	case 'D':
		screen_move(t, back_by(x, n), y);
		return true;
	case 'E':
		screen_move(t, 0, y + n);
		return true;
	case 'F':
		screen_move(t, 0, back_by(y, n));
		return true;
	case 'G':
	case '`':
		screen_move(t, n - 1, y);
		return true;
	case 'd':
		screen_move(t, x, n - 1);
		return true;
	case 'H':
	case 'f':
		screen_move(t, parameter(t, 1, 1) - 1, n - 1);
		return true;
	}
	return false;
}

static void run_sequence(struct terminal *t, char final)
{
	unsigned n = parameter(t, 0, 1);

	if (t->question) {
		if ((final == 'h' || final == 'l') && n == 25)
			t->cursor_hidden = final == 'l';
		return;
	}
	if (move_cursor(t, final))
		return;
	switch (final) {
	case 'J':
		erase_in_screen(t);
		break;
	case 'K':
		erase_in_row(t);
		break;
	case 'L':
		screen_insert_rows(t, n);
		break;
	case 'M':
		screen_delete_rows(t, n);
		break;
	case 'P':
		screen_delete_cells(t, n);
		break;
	case '@':
		screen_insert_cells(t, n);
		break;
	case 'm':
		set_renditions(t);
		break;
	case 'r':
		set_region(t);
		break;
	case 's':
		t->saved = t->cursor;
		break;
	case 'u':
		t->cursor = t->saved;
		t->wrap_pending = false;
		break;
	}
}

/* ---- reading ---- */

static void control(struct terminal *t, uint8_t c)
{
	switch (c) {
	case '\b':
		screen_move(t, back_by(t->cursor.x, 1), t->cursor.y);
		break;
	case '\t':
		screen_move(t, (t->cursor.x / TAB_STOPS + 1) * TAB_STOPS, t->cursor.y);
		break;
	case '\n':
	case '\v':
	case '\f':
		/* Programs here leave the carriage return to the terminal. */
		t->cursor.x = 0;
		screen_index(t);
		break;
	case '\r':
		screen_move(t, 0, t->cursor.y);
		break;
	case ESCAPE:
		t->state = AFTER_ESCAPE;
		break;
	case CANCEL:
	case SUBSTITUTE:
		t->state = GROUND;
		break;
	}
}

static void after_escape(struct terminal *t, uint8_t c)
{
	t->state = GROUND;
	switch (c) {
	case '[':
		t->state = IN_PARAMETERS;
		t->nr_parameters = 0;
		t->question = false;
		break;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		t->state = IN_STRING;
		break;
	case ' ':
	case '#':
	case '%':
	case '(':
	case ')':
	case '*':
	case '+':
		t->state = ONE_MORE;
		break;
	case 'c':
		screen_reset(t);
		break;
	case '7':
		t->saved = t->cursor;
		break;
	case '8':
		t->cursor = t->saved;
		t->wrap_pending = false;
		break;
	case 'D':
		screen_index(t);
		break;
	case 'E':
		t->cursor.x = 0;
		screen_index(t);
		break;
	case 'M':
		screen_reverse_index(t);
		break;
	}
}

/* Parameters beyond those that fit are read, and count for the last. */
static void in_parameters(struct terminal *t, uint8_t c)
{
	unsigned last, value;

	if (c >= '0' && c <= '9') {
		if (!t->nr_parameters)
			t->parameter[t->nr_parameters++] = 0;
		last = t->nr_parameters - 1;
		value = t->parameter[last] * 10u + (c - '0');
		t->parameter[last] = (uint16_t)(value < PARAMETER_MAX ? value : PARAMETER_MAX);
	} else if (c == ';' || c == ':') {
		if (!t->nr_parameters)
			t->parameter[t->nr_parameters++] = 0;
		if (t->nr_parameters < TERMINAL_PARAMETERS)
			t->nr_parameters++;
		t->parameter[t->nr_parameters - 1] = 0;
	} else if (c >= '<' && c <= '?') {
		t->question = true;
	} else if (c >= '@') {
		t->state = GROUND;
		if (c <= '~')
			run_sequence(t, (char)c);
	}
}

/* Text in UTF-8; what is malformed shows as question marks. */
static void text(struct terminal *t, uint8_t c)
{
	if (t->continuation && (c & 0xc0) == 0x80) {
		t->code_point = t->code_point << 6 | (c & 0x3f);
		if (--t->continuation == 0)
			screen_put(t, character_of(t->code_point));
		return;
	}
	if (t->continuation)
		screen_put(t, '?');
	t->continuation = c >= 0xf8 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
	t->code_point = c & (0x3fu >> t->continuation);
	if (!t->continuation)
		screen_put(t, c < 0x80 ? character_of(c) : '?');
}

static void in_string(struct terminal *t, uint8_t c)
{
	if (c == '\a' || c == CANCEL || c == SUBSTITUTE)
		t->state = GROUND;
	else
		t->state = c == ESCAPE ? STRING_ESCAPE : IN_STRING;
}

static void read_byte(struct terminal *t, uint8_t c)
{
	if (t->state == IN_STRING) {
		in_string(t, c);
		return;
	}
	if (t->state == STRING_ESCAPE) {
		t->state = GROUND;
		if (c != '\\')
			after_escape(t, c);
		return;
	}
	if (c < ' ') {
		t->continuation = 0;
		control(t, c);
		return;
	}
	switch (t->state) {
	case AFTER_ESCAPE:
		after_escape(t, c);
		break;
	case ONE_MORE:
		t->state = GROUND;
		break;
	case IN_PARAMETERS:
		in_parameters(t, c);
		break;
	default:
		if (c != 0x7f)
			text(t, c);
	}
}

void terminal_write(struct terminal *t, const char *bytes, size_t len)
{
	for (; len; len--, bytes++)
		read_byte(t, (uint8_t)*bytes);
}

void terminal_clean(struct terminal *t)
{
	t->dirty_from = t->dirty_to = 0;
}

static unsigned clamp(unsigned n, unsigned max)
{
	return n == 0 ? 1 : n < max ? n : max;
}

void terminal_init(struct terminal *t, unsigned columns, unsigned rows)
{
	memset(t, 0, sizeof(*t));
	t->columns = clamp(columns, TERMINAL_MAX_COLUMNS);
	t->rows = clamp(rows, TERMINAL_MAX_ROWS);
	screen_reset(t);
}
