/* SPDX-License-Identifier: MIT */
/*
 * The console (core/console.h): the hypervisor's lines, the ring, what
 * guests may print (XSA-152), and input.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86_32/arch.h"
#include "core/console.h"
#include "core/options.h"
#include "tests/host/machine.h"

#define CTRL_A "\x01"

static char text[70000];
static struct domain *guest;

static int set_up(void **state)
{
	uint32_t index = 0;

	(void)state;
	machine_init();
	guest = domain_create(1, DOMAIN_ORDINARY, 1, 16);
	assert_non_null(guest);
	console_line_write("\n", 1);
	console_ring_read(text, 0, &index, true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(domain_kill(guest), 0);
	assert_int_equal(machine_leaks(), 0);
	return 0;
}

/* What was said since the ring was last emptied. */
static const char *said(void)
{
	uint32_t index = 0, n = console_ring_read(text, sizeof(text) - 1, &index, false);

	text[n] = 0;
	return text;
}

static void empty(void)
{
	uint32_t index = 0;

	console_ring_read(text, sizeof(text) - 1, &index, true);
}

static unsigned count(const char *needle)
{
	unsigned n = 0;

	for (const char *s = said(); (s = strstr(s, needle)); s++)
		n++;
	return n;
}

static void type(const char *keys)
{
	while (*keys)
		console_input(*keys++);
}

static const char *typed(void)
{
	uint32_t n = console_input_peek(text, sizeof(text) - 1);

	console_input_consume(n);
	text[n] = 0;
	return text;
}

/* ---- tests ---- */

static void lines_have_the_prefix(void **state)
{
	(void)state;
	printk("one %d\n", 1);
	printk("two\nthree\n");
	assert_string_equal(said(), "(RL) one 1\n(RL) two\n(RL) three\n");
}

static void message_starts_a_new_line(void **state)
{
	(void)state;
	machine.said[0] = 0;
	console_raw_write("login: ", 7);
	printk("hello\n");
	assert_string_equal(machine.said, "login: \n(RL) hello\n");
	assert_string_equal(said(), "(RL) hello\n");
}

static void long_message_is_cut_at_a_line_end(void **state)
{
	char *long_text = malloc(2000);

	(void)state;
	memset(long_text, 'x', 1999);
	long_text[1999] = 0;
	printk("%s\n", long_text);
	free(long_text);
	assert_in_range(strlen(said()), 100, 600);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void ring_keeps_the_newest(void **state)
{
	uint32_t index = 0, n;

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		printk("message %u\n", i);
	n = console_ring_read(text, sizeof(text), &index, false);
	assert_int_equal(n, 65536);
	assert_memory_equal(text + n - 13, "message 9999\n", 13);
	/* A reader that keeps its index sees only what is new. */
	assert_int_equal(console_ring_read(text, sizeof(text), &index, false), 0);
	printk("new\n");
	n = console_ring_read(text, 3, &index, false);
	assert_int_equal(n, 3);
	n += console_ring_read(text + n, sizeof(text) - n, &index, false);
	text[n] = 0;
	assert_string_equal(text, "(RL) new\n");
	empty();
	assert_string_equal(said(), "");
}

static void control_domain_writes_raw(void **state)
{
	(void)state;
	guest->privilege = DOMAIN_CONTROL;
	machine.said[0] = 0;
	console_guest_write(guest, "a\x1b[1mb", 6);
	assert_string_equal(machine.said, "a\x1b[1mb");
	assert_string_equal(said(), "");
}

static void guest_lines_carry_its_number(void **state)
{
	char *long_line = malloc(300);

	(void)state;
	console_guest_write(guest, "hel", 3);
	assert_string_equal(said(), "");
	console_guest_write(guest, "lo\nwo\x1b[2Jr\rld\n", 15);
	assert_string_equal(said(), "(d1) hello\n(d1) wo[2Jrld\n");
	empty();
	memset(long_line, 'y', 300);
	console_guest_write(guest, long_line, 300);
	console_guest_write(guest, "\n", 1);
	free(long_line);
	assert_int_equal(count("(d1) yyy"), 3);
}

static void guest_cannot_flood(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		console_guest_write(guest, "flood\n", 6);
	for (unsigned i = 0; i < 1000; i++)
		guest_printk(guest, "a complaint %u\n", i);
	assert_int_equal(count("\n"), MESSAGE_BURST);
	empty();
	machine_advance(10 * NSEC_PER_SEC);
	guest_printk(guest, "later");
	assert_non_null(strstr(said(), "(RL) d1: 100936 lines dropped\n(RL) d1: later\n"));
}

/* Nor can many guests together, each within its own limits (XSA-152). */
static void guests_together_cannot_flood(void **state)
{
	struct domain *others[16];
	unsigned i, line;

	(void)state;
	machine_advance(60 * NSEC_PER_SEC);
	empty();
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i] = domain_create((domid_t)(10 + i), DOMAIN_ORDINARY, 1, 16);
		assert_non_null(others[i]);
		for (line = 0; line < MESSAGE_BURST; line++)
			console_guest_write(others[i], "flood\n", 6);
	}
	assert_int_equal(count("flood"), 4 * MESSAGE_BURST);
	empty();
	machine_advance(NSEC_PER_SEC);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		for (line = 0; line < MESSAGE_BURST; line++)
			console_guest_write(others[i], "flood\n", 6);
		assert_int_equal(domain_kill(others[i]), 0);
	}
	assert_in_range(count("flood"), 20, 40);
	machine_advance(60 * NSEC_PER_SEC);
}

static void last_words_are_kept(void **state)
{
	static char last[80000];
	uint32_t n, index = 0;

	(void)state;
	assert_int_equal(console_domain_read(1, last, sizeof(last), &index, false), 0);
	console_guest_write(guest, "short", 5);
	n = console_domain_read(1, last, sizeof(last), &index, false);
	assert_int_equal(n, 5);
	assert_int_equal(index, 5);
	for (unsigned i = 0; i < 10000; i++)
		console_guest_write(guest, "padding\n", 8);
	console_guest_write(guest, "Oops: 0000\n", 11);
	index = 0;
	n = console_domain_read(1, last, sizeof(last), &index, false);
	assert_int_equal(n, 65536);
	assert_memory_equal(last + n - 19, "padding\nOops: 0000\n", 19);
	index -= 5;
	assert_int_equal(console_domain_read(1, last, 5, &index, true), 5);
	assert_memory_equal(last, "0000\n", 5);
	index = 0;
	assert_int_equal(console_domain_read(1, last, 5, &index, false), 0);
}

static void last_words_outlive_the_domain(void **state)
{
	struct domain *other = domain_create(7, DOMAIN_ORDINARY, 1, 16);
	char last[64];
	uint32_t index = 0;

	(void)state;
	console_guest_write(other, "I was here\n", 11);
	assert_int_equal(domain_kill(other), 0);
	assert_int_equal(console_domain_read(7, last, sizeof(last), &index, false), 11);
	assert_memory_equal(last, "I was here\n", 11);
	other = domain_create(7, DOMAIN_ORDINARY, 1, 16);
	index = 0;
	assert_int_equal(console_domain_read(7, last, sizeof(last), &index, false), 0);
	assert_int_equal(domain_kill(other), 0);
}

/* The control domain shows what guests print, unless the hypervisor is told otherwise. */
static void guests_can_be_left_to_the_control_domain(void **state)
{
	(void)state;
	console_leave_guests();
	console_raw_write("prompt# ", 8);
	machine.said[0] = 0;
	console_guest_write(guest, "early\n", 6);
	assert_string_equal(machine.said, "");
	assert_string_equal(said(), "(d1) early\n");
	for (unsigned i = 0; i < 2 * MESSAGE_BURST; i++)
		console_guest_write(guest, "flood\n", 6);
	machine_advance(NSEC_PER_SEC);
	console_guest_write(guest, "later\n", 6);
	assert_string_equal(machine.said, "");
	assert_int_equal(count("(RL) d1: 65 lines dropped\n(d1) later\n"), 1);
	options.guest_output = GUEST_OUTPUT_ON;
	console_guest_write(guest, "shown\n", 6);
	assert_string_equal(machine.said, "\n(d1) shown\n");
	options.guest_output = GUEST_OUTPUT_AUTO;
	printk("the hypervisor's own\n");
	assert_string_equal(machine.said, "\n(d1) shown\n(RL) the hypervisor's own\n");
}

static void input_waits_for_the_reader(void **state)
{
	(void)state;
	type("ls\n");
	assert_int_equal(console_input_peek(text, 2), 2);
	console_input_consume(1);
	assert_string_equal(typed(), "s\n");
	assert_string_equal(typed(), "");
	for (unsigned i = 0; i < 5000; i++)
		console_input('z');
	assert_int_equal(strlen(typed()), 1024);
}

static void escape_switches_to_debug_keys_and_back(void **state)
{
	(void)state;
	type("a" CTRL_A CTRL_A "b");
	assert_string_equal(typed(), "a" CTRL_A CTRL_A "b");
	type(CTRL_A CTRL_A CTRL_A);
	assert_int_equal(count("Input goes to the hypervisor"), 1);
	type("h");
	assert_string_equal(typed(), "");
	assert_true(this_cpu()->work & WORK_KEY);
	debug_key_pending();
	assert_int_equal(count("this list"), 2);
	type(CTRL_A CTRL_A CTRL_A "c");
	assert_string_equal(typed(), "c");
}

static void every_harmless_key_works(void **state)
{
	(void)state;
	for (const char *key = "hdrsmteqx"; *key; key++) {
		empty();
		debug_key(*key);
		assert_string_not_equal(said(), "");
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(lines_have_the_prefix),
		TEST(message_starts_a_new_line),
		TEST(long_message_is_cut_at_a_line_end),
		TEST(ring_keeps_the_newest),
		TEST(control_domain_writes_raw),
		TEST(guest_lines_carry_its_number),
		TEST(guest_cannot_flood),
		TEST(guests_together_cannot_flood),
		TEST(last_words_are_kept),
		TEST(last_words_outlive_the_domain),
		TEST(input_waits_for_the_reader),
		TEST(escape_switches_to_debug_keys_and_back),
		TEST(every_harmless_key_works),
		TEST(guests_can_be_left_to_the_control_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
