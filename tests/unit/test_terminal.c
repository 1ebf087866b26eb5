/* SPDX-License-Identifier: MIT */
/* The terminal on the screen (dom0/terminal/terminal.h), and what keys send (dom0/terminal/keymap.h). */
#include "tests/host/cmocka_all.h"

#include <string.h>

#include "dom0/terminal/keymap.h"
#include "dom0/terminal/terminal.h"

#define COLUMNS 20
#define ROWS 5
#define GREY 0x0700

static struct terminal t;

static int setup(void **state)
{
	(void)state;
	terminal_init(&t, COLUMNS, ROWS);
	return 0;
}

static void say(const char *text)
{
	terminal_write(&t, text, strlen(text));
}

/* The text of a row, up to its last character that is no blank. */
static const char *row(unsigned y)
{
	static char text[COLUMNS + 1];
	unsigned x, len = 0;

	for (x = 0; x < COLUMNS; x++) {
		text[x] = (char)t.cell[y * COLUMNS + x];
		if (text[x] != ' ')
			len = x + 1;
	}
	text[len] = '\0';
	return text;
}

static void test_text_and_line_ends(void **state)
{
	(void)state;
	say("one\ntwo\r\nthree\rT\b\tx");
	assert_string_equal(row(0), "one");
	assert_string_equal(row(1), "two");
	assert_string_equal(row(2), "Three   x");
	assert_int_equal(t.cursor.x, 9);
	assert_int_equal(t.cell[0], GREY | 'o');
}

static void test_wrap_waits_for_the_next_character(void **state)
{
	(void)state;
	say("12345678901234567890");
	assert_int_equal(t.cursor.y, 0);
	say("\r\nnext");
	assert_string_equal(row(1), "next");
	say("\x1b[1;20HXY");
	assert_string_equal(row(0), "1234567890123456789X");
	assert_string_equal(row(1), "Yext");
}

static void test_scrolling(void **state)
{
	(void)state;
	say("1\n2\n3\n4\n5\n6");
	assert_string_equal(row(0), "2");
	assert_string_equal(row(4), "6");
	say("\x1b[2;4r\x1b[4;1Hx\n");
	assert_string_equal(row(0), "2");
	assert_string_equal(row(1), "4");
	assert_string_equal(row(2), "x");
	assert_string_equal(row(3), "");
	assert_string_equal(row(4), "6");
	say("\x1b[2;1H\x1bM");
	assert_string_equal(row(1), "");
	assert_string_equal(row(2), "4");
}

static void test_line_editor_sequences(void **state)
{
	(void)state;
	/* As dom0/line.c draws. */
	say("\rringlet# list\x1b[K\x1b[3D");
	assert_string_equal(row(0), "ringlet# list");
	assert_int_equal(t.cursor.x, 10);
	say("\r\x1b[K");
	assert_string_equal(row(0), "");
	say("abc\x1b[H\x1b[J");
	assert_string_equal(row(0), "");
	assert_int_equal(t.cursor.x, 0);
}

static void test_erasing_and_inserting(void **state)
{
	(void)state;
	say("abcdef\x1b[1;3H\x1b[1K");
	assert_string_equal(row(0), "   def");
	say("\x1b[1;4H\x1b[2@");
	assert_string_equal(row(0), "     def");
	say("\x1b[3P");
	assert_string_equal(row(0), "   ef");
	say("\x1b[2;1Hsecond\x1b[1;1H\x1b[L");
	assert_string_equal(row(0), "");
	assert_string_equal(row(2), "second");
	say("\x1b[2M");
	assert_string_equal(row(0), "second");
	say("\x1b[2J");
	assert_string_equal(row(0), "");
}

static void test_colours(void **state)
{
	(void)state;
	say("\x1b[31;44mr\x1b[1mb\x1b[0;7mi\x1b[92;49;27mg\x1b[mx");
	assert_int_equal(t.cell[0], 0x1400 | 'r');
	assert_int_equal(t.cell[1], 0x1c00 | 'b');
	assert_int_equal(t.cell[2], 0x7000 | 'i');
	assert_int_equal(t.cell[3], 0x0a00 | 'g');
	assert_int_equal(t.cell[4], GREY | 'x');
	say("\x1b[38;5;1ma\x1b[38;2;1;2;3mb\x1b[48;5;200;33mc");
	assert_int_equal(t.cell[5], 0x0400 | 'a');
	assert_int_equal(t.cell[6], 0x0400 | 'b');
	assert_int_equal(t.cell[7], 0x0600 | 'c');
}

static void test_utf8(void **state)
{
	(void)state;
	say("\xc3\xa4\xe2\x94\x80\xf0\x9f\x98\x80|\xff\xc3x\x80");
	assert_int_equal(t.cell[0], GREY | 0x84);
	assert_int_equal(t.cell[1], GREY | 0xc4);
	assert_string_equal(row(0) + 2, "?|??x?");
}

static void test_unknown_sequences_end(void **state)
{
	(void)state;
	say("\x1b]0;a title\aA\x1b]2;other\x1b\\B\x1b(0C\x1b[?1049hD\x1b[>0cE\x1b[99999999;5zF");
	assert_string_equal(row(0), "ABCDEF");
	say("\x1b[?25l");
	assert_true(t.cursor_hidden);
	say("\x1b[?25h\x1b[12\x18X");
	assert_false(t.cursor_hidden);
	assert_string_equal(row(0), "ABCDEFX");
}

static void test_everything_stays_on_the_screen(void **state)
{
	(void)state;
	say("\x1b[9999;9999Hx\x1b[9999A\x1b[9999D\x1b[9999L\x1b[9999M\x1b[9999P\x1b[9999@\x1b[9999C\x1b[9999B");
	assert_int_equal(t.cursor.x, COLUMNS - 1);
	assert_int_equal(t.cursor.y, ROWS - 1);
	say("\x1b[4;2r\x1b[0;0r\x1b[9;9r");
	assert_int_equal(t.top, 0);
	assert_int_equal(t.bottom, ROWS);
	say("\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;31mx");
	terminal_init(&t, 0, 100000);
	assert_int_equal(t.columns, 1);
	assert_int_equal(t.rows, TERMINAL_MAX_ROWS);
	say("ab\tc\n");
}

static void test_dirty_rows(void **state)
{
	(void)state;
	terminal_clean(&t);
	say("\x1b[3;1Hx");
	assert_int_equal(t.dirty_from, 2);
	assert_int_equal(t.dirty_to, 3);
	say("\x1b[5;1H\n");
	assert_int_equal(t.dirty_from, 0);
	assert_int_equal(t.dirty_to, ROWS);
}

/* ---- keys ---- */

static struct keymap keys;

static int setup_keys(void **state)
{
	(void)state;
	memset(&keys, 0, sizeof(keys));
	return 0;
}

static void expect(const char *codes, size_t n, const char *sent)
{
	char all[64];
	size_t i, len = 0;

	for (i = 0; i < n; i++)
		len += keymap_translate(&keys, (uint8_t)codes[i], all + len);
	assert_int_equal(len, strlen(sent));
	assert_memory_equal(all, sent, len);
}
#define EXPECT(codes, sent) expect(codes, sizeof(codes) - 1, sent)

static void test_letters(void **state)
{
	(void)state;
	EXPECT("\x26\xa6\x17\x97\x1f\x9f\x14\x94\x1c\x9c", "list\r");
	EXPECT("\x2a\x1e\x9e\x03\x83\xaa\x1e\x9e", "A@a");
	EXPECT("\x3a\xba\x1e\x9e\x02\x36\x1e\xb6\x3a\xba\x1e", "A1aa");
	EXPECT("\x0e\x0f\x01\x39\x2b\x29\x35", "\x7f\t\x1b \\`/");
}

static void test_control_and_alt(void **state)
{
	(void)state;
	EXPECT("\x1d\x2e\x1b\x2b\x9d\x2e", "\x03\x1d\x1c"
					   "c");
	EXPECT("\xe0\x1d\x1e\xe0\x9d\x1e", "\x01"
					   "a");
	EXPECT("\x38\x30\xb8", "\x1b"
			       "b");
}

static void test_cursor_keys(void **state)
{
	(void)state;
	EXPECT("\xe0\x48\xe0\xc8\xe0\x50\xe0\x4b\xe0\x4d", "\x1b[A\x1b[B\x1b[D\x1b[C");
	/* With the shift codes that keyboards add. */
	EXPECT("\xe0\x2a\xe0\x47\xe0\xc7\xe0\xaa\xe0\x4f\xe0\x53", "\x1b[H\x1b[F\x1b[3~");
	EXPECT("\x3b\x44\x58", "\x1bOP\x1b[21~\x1b[24~");
	EXPECT("\x47\x45\xc5\x47\x4a\xe0\x1c\xe0\x35", "7\x1b[H-\r/");
}

static void test_odd_codes(void **state)
{
	char out[KEYMAP_MAX];
	unsigned code;

	(void)state;
	/* Pause, then a letter. */
	EXPECT("\xe1\x1d\x45\xe1\x9d\xc5\x1e", "a");
	EXPECT("\xe0\x5b\xe0\xdb\x7f\xff\x1e", "a");
	for (code = 0; code < 65536; code++) {
		assert_true(keymap_translate(&keys, (uint8_t)(code >> 8), out) <= KEYMAP_MAX);
		assert_true(keymap_translate(&keys, (uint8_t)code, out) <= KEYMAP_MAX);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
#define K(name) cmocka_unit_test_setup(name, setup_keys)
	const struct CMUnitTest tests[] = {
		T(test_text_and_line_ends),
		T(test_wrap_waits_for_the_next_character),
		T(test_scrolling),
		T(test_line_editor_sequences),
		T(test_erasing_and_inserting),
		T(test_colours),
		T(test_utf8),
		T(test_unknown_sequences_end),
		T(test_everything_stays_on_the_screen),
		T(test_dirty_rows),
		K(test_letters),
		K(test_control_and_alt),
		K(test_cursor_keys),
		K(test_odd_codes),
	};

	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
