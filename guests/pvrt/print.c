/* SPDX-License-Identifier: MIT */
/* A small printf on top of CONSOLEIO_write. */
#include <stdbool.h>
#include <stdint.h>

#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/print.h"
#include "guests/pvrt/string.h"
#include "guests/pvrt/time.h"

#define PRINT_BUFFER 512

struct sink {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	bool zero;
	bool left;
	unsigned int width;
	unsigned int longs;
};

static void put(struct sink *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void put_padded(struct sink *out, const char *text, size_t len, const struct spec *spec)
{
	size_t pad = spec->width > len ? spec->width - len : 0;

	for (; !spec->left && pad; pad--)
		put(out, spec->zero ? '0' : ' ');
	while (len--)
		put(out, *text++);
	for (; pad; pad--)
		put(out, ' ');
}

static void put_number(struct sink *out, uint64_t value, unsigned int base, bool negative,
		       const struct spec *spec)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint32_t digit;

	do {
		value = div_u64_u32(value, base, &digit);
		digits[--at] = "0123456789abcdef"[digit];
	} while (value);
	if (negative)
		digits[--at] = '-';
	put_padded(out, digits + at, sizeof(digits) - at, spec);
}

static const char *parse_spec(const char *fmt, struct spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	for (; *fmt == '0' || *fmt == '-' || *fmt == '#'; fmt++) {
		spec->zero |= *fmt == '0';
		spec->left |= *fmt == '-';
	}
	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		spec->width = spec->width * 10 + (*fmt - '0');
	for (; *fmt == 'l' || *fmt == 'z' || *fmt == 'h'; fmt++)
		spec->longs += *fmt == 'l';
	return fmt;
}

int pv_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct sink out = { buf, size, 0 };
	struct spec spec;

	for (; *fmt; fmt++) {
		const char *text;
		uint64_t value;
		char c;

		if (*fmt != '%') {
			put(&out, *fmt);
			continue;
		}
		fmt = parse_spec(fmt + 1, &spec);
		switch (*fmt) {
		case 'd':
		case 'i':
			value = spec.longs > 1 ? va_arg(ap, int64_t) : (int64_t)va_arg(ap, int32_t);
			put_number(&out, (int64_t)value < 0 ? -value : value, 10,
				   (int64_t)value < 0, &spec);
			break;
		case 'u':
		case 'x':
		case 'X':
		case 'p':
			value = spec.longs > 1 ? va_arg(ap, uint64_t) : va_arg(ap, uint32_t);
			put_number(&out, value, *fmt == 'u' ? 10 : 16, false, &spec);
			break;
		case 's':
			text = va_arg(ap, const char *);
			if (!text)
				text = "(null)";
			put_padded(&out, text, strlen(text), &spec);
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_padded(&out, &c, 1, &spec);
			break;
		case '\0':
			fmt--;
			break;
		default:
			put(&out, *fmt);
		}
	}
	if (size)
		buf[out.len < size ? out.len : size - 1] = '\0';
	return (int)out.len;
}

int pv_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = pv_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

void pv_write(const char *buf, size_t len)
{
	HYPERVISOR_console_io(CONSOLEIO_write, len, buf);
}

void pv_vprintf(const char *fmt, va_list ap)
{
	char buf[PRINT_BUFFER];
	int len = pv_vsnprintf(buf, sizeof(buf), fmt, ap);

	pv_write(buf, len < (int)sizeof(buf) ? (size_t)len : sizeof(buf) - 1);
}

void pv_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pv_vprintf(fmt, ap);
	va_end(ap);
}
