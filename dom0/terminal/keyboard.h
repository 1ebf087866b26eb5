/* SPDX-License-Identifier: MIT */
/* The keyboard at the PS/2 controller (8042), and what stands in for one. */
#pragma once

#include <stddef.h>

/* What is typed goes to `typed`, as a terminal sends it. Without a controller nothing ever comes. */
void keyboard_init(void (*typed)(const char *text, size_t len));
