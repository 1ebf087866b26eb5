/* SPDX-License-Identifier: MIT */
/*
 * The person's terminal: the hypervisor's serial line (HYPERVISOR_console_io, VIRQ_CONSOLE), and screen
 * and keyboard where there are any, as one: both show everything, either may be typed at. Output goes
 * out at once. Input goes to one reader at a time: the shell's line editor, or the guest whose console
 * is attached.
 */
#pragma once

#include <stddef.h>

typedef void (*console_reader)(const char *text, size_t len);

/* Starts to listen. */
void console_init(console_reader reader);
/* Who gets what is typed from now on; returns who got it before. */
console_reader console_set_reader(console_reader reader);
/* As if it had been typed just now: line by line, each to who reads then. */
void console_feed(const char *text, size_t len);
void console_write(const char *text, size_t len);
