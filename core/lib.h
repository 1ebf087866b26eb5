/* SPDX-License-Identifier: MIT */
/*
 * The small libc that the hypervisor links: the C standard's functions, with their standard
 * meaning, and a printf family that knows %d %i %u %x %X %p %s %c %% with width, the flags 0 - #,
 * precision for %s, * for both numbers, and the length modifiers l, ll, z.
 */
#pragma once

#include <stdarg.h>

#include "core/types.h"

void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strstr(const char *haystack, const char *needle);

/* As C's; always terminates when size > 0; returns the length that the whole text would have. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
int snprintf(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Copies at most size - 1 bytes and always terminates; returns strlen(src). */
size_t strlcpy(char *dst, const char *src, size_t size);

/* Number in base 10 or, with 0x, 16. *end is the first byte not used. Saturates at 2^64-1. */
uint64_t parse_u64(const char *s, const char **end);
