/* SPDX-License-Identifier: MIT */
/* The cases, by file. */
#ifndef MULTI_TESTS_H
#define MULTI_TESTS_H

/* life.c */
void test_create_and_run(void);
void test_two_at_once(void);
void test_shutdown_reasons(void);
void test_crash(void);
void test_console(void);
void test_pause(void);
void test_numbers(void);
void test_remote_shutdown(void);
void test_watchdog(void);
void test_dom_exc(void);
void test_cycles(void);
void test_killed_at_random(void);

#endif
