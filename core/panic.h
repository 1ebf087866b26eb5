/* SPDX-License-Identifier: MIT */
/*
 * The failures that stop the machine (docs/errors.md has all four kinds): a hypervisor bug, or a
 * machine that cannot run it. Nothing that a guest controls may reach either.
 */
#pragma once

#include "core/types.h"

/*
 * Stop (or reboot, by the `panic=` and `noreboot` options) with advice for a person. Never returns.
 */
void panic(const char *fmt, ...) PRINTF_LIKE(1, 2) NORETURN COLD;

/* A hypervisor bug: registers, backtrace and the running guest's state, then as panic(). */
void bug(const char *file, int line, const char *what) NORETURN COLD;

/* What `panic=` and `noreboot` ask for when nothing can go on: restart after a while, or stop. */
void machine_stop(void) NORETURN COLD;

#define BUG() bug(__FILE__, __LINE__, "BUG")
/* Stays in release builds: going on would break isolation. */
#define BUG_ON(cond)                                    \
	do {                                            \
		if (unlikely(cond))                     \
			bug(__FILE__, __LINE__, #cond); \
	} while (0)

#ifdef RINGLET_DEBUG
#define ASSERT(cond) BUG_ON(!(cond))
#else
#define ASSERT(cond)               \
	do {                       \
		if (0 && (cond)) { \
		}                  \
	} while (0)
#endif
