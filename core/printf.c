/* SPDX-License-Identifier: MIT */
/*
 * The printf family of core/lib.h. Allocates nothing and takes no lock: usable in a panic.
 */
#include "core/lib.h"

struct output {
	char *buf;
	size_t size;
	size_t used; /* what the whole text needs, also past the end of buf */
};

struct conversion {
	unsigned width;
	int precision; /* -1: none */
	bool left, zero, alternate;
	unsigned longs; /* number of l */
};

static void put(struct output *out, char c)
{
	if (out->used + 1 < out->size)
		out->buf[out->used] = c;
	out->used++;
}

static void pad(struct output *out, char c, size_t have, size_t want)
{
	for (; have < want; have++)
		put(out, c);
}

static void put_string(struct output *out, const struct conversion *conv, const char *s)
{
	size_t len;

	if (!s)
		s = "(null)";
	len = strnlen(s, conv->precision < 0 ? SIZE_MAX : (size_t)conv->precision);
	if (!conv->left)
		pad(out, ' ', len, conv->width);
	for (size_t i = 0; i < len; i++)
		put(out, s[i]);
	if (conv->left)
		pad(out, ' ', len, conv->width);
}

static void put_number(struct output *out, const struct conversion *conv, uint64_t value,
		       bool negative, unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	const char *prefix = negative ? "-" : conv->alternate && base == 16 ? "0x" : "";
	char text[20];
	unsigned len = 0, prefix_len = strlen(prefix), total;

	do {
		text[len++] = digits[value % base];
		value /= base;
	} while (value);
	total = len + prefix_len;
	if (!conv->left && !conv->zero)
		pad(out, ' ', total, conv->width);
	for (unsigned i = 0; i < prefix_len; i++)
		put(out, prefix[i]);
	if (!conv->left && conv->zero)
		pad(out, '0', total, conv->width);
	while (len)
		put(out, text[--len]);
	if (conv->left)
		pad(out, ' ', total, conv->width);
}

/* Digits, or an asterisk: the next argument. */
static const char *parse_number(const char *fmt, unsigned *value, va_list *args)
{
	if (*fmt == '*') {
		*value = va_arg(*args, unsigned);
		return fmt + 1;
	}
	for (*value = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		*value = *value * 10 + (unsigned)(*fmt - '0');
	return fmt;
}

/* Flags, width, precision and length of the conversion after a '%'; returns where its letter is. */
static const char *parse_conversion(const char *fmt, struct conversion *conv, va_list *args)
{
	*conv = (struct conversion){ .precision = -1 };
	for (;; fmt++) {
		if (*fmt == '-')
			conv->left = true;
		else if (*fmt == '0')
			conv->zero = true;
		else if (*fmt == '#')
			conv->alternate = true;
		else
			break;
	}
	fmt = parse_number(fmt, &conv->width, args);
	if (*fmt == '.') {
		unsigned precision;

		fmt = parse_number(fmt + 1, &precision, args);
		conv->precision = (int)precision;
	}
	for (; *fmt == 'l' || *fmt == 'z' || *fmt == 'h'; fmt++)
		conv->longs += *fmt == 'l';
	return fmt;
}

static uint64_t unsigned_argument(const struct conversion *conv, va_list *args)
{
	if (conv->longs >= 2)
		return va_arg(*args, unsigned long long);
	if (conv->longs == 1)
		return va_arg(*args, unsigned long);
	return va_arg(*args, unsigned);
}

static int64_t signed_argument(const struct conversion *conv, va_list *args)
{
	if (conv->longs >= 2)
		return va_arg(*args, long long);
	if (conv->longs == 1)
		return va_arg(*args, long);
	return va_arg(*args, int);
}

static void put_conversion(struct output *out, struct conversion *conv, char letter, va_list *args)
{
	int64_t value;
	char text[2] = { 0 };

	switch (letter) {
	case 'd':
	case 'i':
		value = signed_argument(conv, args);
		put_number(out, conv, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10,
			   false);
		break;
	case 'u':
		put_number(out, conv, unsigned_argument(conv, args), false, 10, false);
		break;
	case 'x':
	case 'X':
		put_number(out, conv, unsigned_argument(conv, args), false, 16, letter == 'X');
		break;
	case 'p':
		conv->alternate = true;
		put_number(out, conv, (uintptr_t)va_arg(*args, void *), false, 16, false);
		break;
	case 's':
		put_string(out, conv, va_arg(*args, const char *));
		break;
	case 'c':
		text[0] = (char)va_arg(*args, int);
		put_string(out, conv, text);
		break;
	default: /* %% and what is not known */
		put(out, letter);
		break;
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct output out = { .buf = buf, .size = size };
	va_list list;

	va_copy(list, args);
	while (*fmt) {
		struct conversion conv;

		if (*fmt != '%') {
			put(&out, *fmt++);
			continue;
		}
		fmt = parse_conversion(fmt + 1, &conv, &list);
		if (!*fmt)
			break;
		put_conversion(&out, &conv, *fmt++, &list);
	}
	va_end(list);
	if (size)
		buf[MIN(out.used, size - 1)] = '\0';
	return (int)out.used;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}
