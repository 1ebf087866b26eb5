/* SPDX-License-Identifier: MIT */
/*
 * What the clock's files share: reference.c (counters of known frequency), clock.c (the TSC),
 * oneshot.c (timer interrupts).
 */
#pragma once

#include "core/types.h"

#define PIT_HZ 1193182u

/* A free-running up-counter of known frequency. */
struct reference {
	const char *name;
	uint32_t hz;
	uint32_t mask; /* its width; wraps after (mask + 1) / hz seconds, at least 50 ms */
	uint32_t (*read)(void);
};

/* The best one this machine has: HPET, else ACPI PM timer, else the PIT's channel 2. Never NULL. */
const struct reference *reference_find(void);

/* Chooses and calibrates the source of timer interrupts; the TSC's frequency is known. */
void oneshot_init(void);
