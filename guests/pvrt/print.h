/* SPDX-License-Identifier: MIT */
/* Formatted output to the hypervisor's console. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/*
 * The printf subset: %d %i %u %x %X %p %s %c %%, with flags '0' and '-', a width, and the length
 * modifiers l and ll.  pv_vsnprintf() always terminates the string (size > 0) and returns the
 * length that the full text has.
 */
int pv_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int pv_snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void pv_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void pv_vprintf(const char *fmt, va_list ap);

/* Writes the bytes as they are; waits for nothing and cannot fail visibly. */
void pv_write(const char *buf, size_t len);
