/* SPDX-License-Identifier: MIT */
/*
 * The memory and string functions. The compiler calls the first four on its own
 * account, in the hypervisor as in every freestanding program, so their loops must
 * not be turned into calls of themselves.
 */
#include "core/lib.h"

#ifdef __clang__
#define NO_LIBCALL
#else
#define NO_LIBCALL __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

typedef uint32_t __attribute__((may_alias)) word_t;

/* The processor reads words at any address; only writes are worth aligning. */
struct __attribute__((packed, may_alias)) loose_word {
	uint32_t value;
};

#define WORDS_A_ROUND 8u

/* Whole words, to an aligned place; returns the bytes copied. */
static inline size_t copy_words(word_t *d, const struct loose_word *s, size_t len)
{
	size_t left = len;

	for (; left >= WORDS_A_ROUND * sizeof(*d); left -= WORDS_A_ROUND * sizeof(*d)) {
		d[0] = s[0].value;
		d[1] = s[1].value;
		d[2] = s[2].value;
		d[3] = s[3].value;
		d[4] = s[4].value;
		d[5] = s[5].value;
		d[6] = s[6].value;
		d[7] = s[7].value;
		d += WORDS_A_ROUND;
		s += WORDS_A_ROUND;
	}
	for (; left >= sizeof(*d); left -= sizeof(*d))
		*d++ = (s++)->value;
	return len - left;
}

NO_LIBCALL void *memcpy(void *dst, const void *src, size_t len)
{
	uint8_t *d = dst;
	const uint8_t *s = src;
	size_t words;

	for (; (uintptr_t)d & (sizeof(word_t) - 1) && len; len--)
		*d++ = *s++;
	words = copy_words((word_t *)d, (const struct loose_word *)s, len);
	d += words;
	s += words;
	len -= words;
	while (len--)
		*d++ = *s++;
	return dst;
}

NO_LIBCALL void *memmove(void *dst, const void *src, size_t len)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= len)
		return memcpy(dst, src, len);
	while (len--)
		d[len] = s[len];
	return dst;
}

/* Whole words, to an aligned place; returns the bytes set. Pages are what it is for. */
static inline size_t set_words(word_t *d, word_t pattern, size_t len)
{
	size_t left = len;

	for (; left >= 2 * WORDS_A_ROUND * sizeof(*d); left -= 2 * WORDS_A_ROUND * sizeof(*d)) {
#pragma GCC unroll 16
		for (unsigned i = 0; i < 2 * WORDS_A_ROUND; i++)
			d[i] = pattern;
		d += 2 * WORDS_A_ROUND;
	}
	for (; left >= sizeof(*d); left -= sizeof(*d))
		*d++ = pattern;
	return len - left;
}

NO_LIBCALL void *memset(void *dst, int byte, size_t len)
{
	uint8_t *d = dst;
	size_t words;

	for (; (uintptr_t)d & (sizeof(word_t) - 1) && len; len--)
		*d++ = (uint8_t)byte;
	words = set_words((word_t *)d, (uint8_t)byte * 0x01010101u, len);
	d += words;
	len -= words;
	while (len--)
		*d++ = (uint8_t)byte;
	return dst;
}

NO_LIBCALL int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

NO_LIBCALL size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max; max--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (!*a)
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strstr(const char *haystack, const char *needle)
{
	size_t len = strlen(needle);

	for (;; haystack++) {
		if (!strncmp(haystack, needle, len))
			return (char *)haystack;
		if (!*haystack)
			return NULL;
	}
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size) {
		size_t n = MIN(len, size - 1);

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return UINT32_MAX;
}

uint64_t parse_u64(const char *s, const char **end)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16) {
		base = 16;
		s += 2;
	}
	for (; digit_value(*s) < base; s++) {
		unsigned digit = digit_value(*s);

		if (value > (UINT64_MAX - digit) / base)
			value = UINT64_MAX;
		else
			value = value * base + digit;
	}
	if (end)
		*end = s;
	return value;
}
