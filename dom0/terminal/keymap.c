/* SPDX-License-Identifier: MIT */
/*
 * Scan codes, set 1 (IBM PC keyboards; what a keyboard controller translates the others into). A code
 * with RELEASED set is a key let go. Keys without a character send the sequences of xterm.
 */
#include "dom0/terminal/keymap.h"

#include <string.h>

#define RELEASED 0x80
#define EXTENDED 0xe0
#define PAUSE 0xe1
#define PAUSE_CODES 5

enum key {
	KEY_CONTROL = 0x1d,
	KEY_LEFT_SHIFT = 0x2a,
	KEY_SLASH = 0x35,
	KEY_RIGHT_SHIFT = 0x36,
	KEY_ALT = 0x38,
	KEY_CAPS = 0x3a,
	KEY_F1 = 0x3b,
	KEY_F10 = 0x44,
	KEY_NUMBERS = 0x45,
	KEY_PAD_FIRST = 0x47,
	KEY_PAD_LAST = 0x53,
	KEY_ENTER = 0x1c,
	KEY_F11 = 0x57,
	KEY_F12 = 0x58,
};

/* From code 0 on. */
static const char plain[] = "\0\x1b"
			    "1234567890-=\x7f\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\x1b"
			      "!@#$%^&*()_+\x7f\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof(plain) == sizeof(shifted) && sizeof(plain) - 1 == KEY_CAPS, "tables");

static const char *const function_keys[] = { "\x1bOP",	 "\x1bOQ",   "\x1bOR",	 "\x1bOS",
					     "\x1b[15~", "\x1b[17~", "\x1b[18~", "\x1b[19~",
					     "\x1b[20~", "\x1b[21~", "\x1b[23~", "\x1b[24~" };

/* Of the number pad: digits, and what else the keys are. */
static const char pad_digits[] = "789-456+1230.";
static const char *const pad_keys[] = { "\x1b[H",  "\x1b[A",  "\x1b[5~", "-",	   "\x1b[D",
					"",	   "\x1b[C",  "+",	 "\x1b[F", "\x1b[B",
					"\x1b[6~", "\x1b[2~", "\x1b[3~" };
_Static_assert(sizeof(pad_digits) - 1 == KEY_PAD_LAST - KEY_PAD_FIRST + 1 &&
		       sizeof(pad_keys) / sizeof(pad_keys[0]) == sizeof(pad_digits) - 1,
	       "tables");

static size_t send(char *out, const char *text)
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	return len;
}

/* True: the key only changes what others mean. */
static bool modifier(struct keymap *k, unsigned key, bool pressed)
{
	switch (key) {
	case KEY_CONTROL:
		k->control[k->extended] = pressed;
		return true;
	case KEY_ALT:
		k->alt[k->extended] = pressed;
		return true;
	case KEY_LEFT_SHIFT:
	case KEY_RIGHT_SHIFT:
		/* The extended ones are made up by the keyboard around its cursor keys. */
		if (!k->extended)
			k->shift[key == KEY_RIGHT_SHIFT] = pressed;
		return true;
	case KEY_CAPS:
		k->caps ^= pressed;
		return true;
	case KEY_NUMBERS:
		k->numbers_off ^= pressed && !k->extended;
		return true;
	}
	return false;
}

static char with_control(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 1);
	switch (c) {
	case '[':
	case '\\':
	case ']':
		return (char)(c & 0x1f);
	case '2':
	case ' ':
		return 0;
	case '6':
		return 0x1e;
	case '-':
	case '/':
		return 0x1f;
	default:
		return c;
	}
}

static size_t character(const struct keymap *k, unsigned key, char *out)
{
	bool letter = plain[key] >= 'a' && plain[key] <= 'z';
	bool shift = (k->shift[0] || k->shift[1]) != (letter && k->caps);
	char c = shift ? shifted[key] : plain[key];
	size_t n = 0;

	if (!c)
		return 0;
	if (k->control[0] || k->control[1])
		c = with_control(plain[key]);
	if (k->alt[0] || k->alt[1])
		out[n++] = '\x1b';
	out[n++] = c;
	return n;
}

static size_t pad(const struct keymap *k, unsigned key, char *out)
{
	char digit[2] = { pad_digits[key - KEY_PAD_FIRST] };

	if (k->extended || k->numbers_off)
		return send(out, pad_keys[key - KEY_PAD_FIRST]);
	return send(out, digit);
}

static size_t press(const struct keymap *k, unsigned key, char *out)
{
	if (k->extended && key != KEY_ENTER && key != KEY_SLASH && key < KEY_PAD_FIRST)
		return 0;
	if (key >= KEY_F1 && key <= KEY_F10)
		return send(out, function_keys[key - KEY_F1]);
	if (key == KEY_F11 || key == KEY_F12)
		return send(out, function_keys[key - KEY_F11 + 10]);
	if (key >= KEY_PAD_FIRST && key <= KEY_PAD_LAST)
		return pad(k, key, out);
	return key < sizeof(plain) - 1 ? character(k, key, out) : 0;
}

size_t keymap_translate(struct keymap *k, uint8_t code, char out[KEYMAP_MAX])
{
	bool pressed = !(code & RELEASED);
	unsigned key = code & ~RELEASED;
	size_t n = 0;

	if (k->skip) {
		k->skip--;
		return 0;
	}
	if (code == PAUSE) {
		k->skip = PAUSE_CODES;
		return 0;
	}
	if (code == EXTENDED) {
		k->extended = true;
		return 0;
	}
	if (!modifier(k, key, pressed) && pressed)
		n = press(k, key, out);
	k->extended = false;
	return n;
}
