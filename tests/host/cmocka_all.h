/* SPDX-License-Identifier: MIT */
/*
 * What <cmocka.h> wants to have been included, and the checks that
 * every test of this kind ends with.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Nothing else is left of a guest, and nothing is wrong. */
#define assert_nothing_left()                         \
	do {                                          \
		machine_check("the end of the test"); \
		assert_int_equal(machine_leaks(), 0); \
	} while (0)
