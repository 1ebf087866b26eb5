/* SPDX-License-Identifier: MIT */
/* The hypervisor's command line (core/options.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/options.h"
#include "tests/host/machine.h"

static struct options defaults;

static int set_up(void **state)
{
	(void)state;
	machine_init();
	options = defaults;
	machine.said[0] = 0;
	return 0;
}

/*
 * The report of what was not understood is one line, which the last output
 * of the machine holds; or nothing.
 */
static void assert_complaint(const char *about)
{
	machine.said[0] = 0;
	options_report();
	if (about)
		assert_non_null(strstr(machine.said, about));
	else
		assert_string_equal(machine.said, "");
}

static void empty_line_changes_nothing(void **state)
{
	(void)state;
	options_parse("");
	options_parse("   ");
	assert_memory_equal(&options, &defaults, sizeof(options));
	assert_complaint(NULL);
}

static void every_option(void **state)
{
	(void)state;
	options_parse("/boot/hypervisor.elf isolation=paging dom0_mem=2G  dom0_max_vcpus=4 "
		      "console=com2,com4 com2=9600 com4=115200,8n1 loglvl=all noreboot panic=7 "
		      "noapic nohpet timer=pit guest_output=off");
	assert_complaint(NULL);
	assert_int_equal(options.isolation, ISOLATION_PAGING);
	assert_int_equal(options.dom0_mem_mib, 2048);
	assert_int_equal(options.dom0_max_vcpus, 4);
	assert_int_equal(options.com_used, 0xa);
	assert_false(options.vga);
	assert_int_equal(options.com_baud[1], 9600);
	assert_int_equal(options.com_baud[3], 115200);
	assert_int_equal(options.loglevel, LOG_DEBUG);
	assert_int_equal(options.guest_output, GUEST_OUTPUT_OFF);
	assert_true(options.noreboot);
	assert_int_equal(options.panic_seconds, 7);
	assert_true(options.no_apic);
	assert_true(options.no_hpet);
	assert_string_equal(options.timer, "pit");
}

static void isolation_names(void **state)
{
	(void)state;
	options_parse("isolation=segment");
	assert_int_equal(options.isolation, ISOLATION_SEGMENT);
	options_parse("isolation=auto");
	assert_int_equal(options.isolation, ISOLATION_AUTO);
}

static void memory_sizes(void **state)
{
	(void)state;
	options_parse("dom0_mem=64");
	assert_int_equal(options.dom0_mem_mib, 64);
	options_parse("dom0_mem=128M");
	assert_int_equal(options.dom0_mem_mib, 128);
	options_parse("dom0_mem=0x100m");
	assert_int_equal(options.dom0_mem_mib, 256);
}

static void bad_words_change_nothing(void **state)
{
	static const char *const bad[] = {
		"isolation=none",
		"isolation",
		"dom0_mem=",
		"dom0_mem=1K",
		"dom0_mem=99999999999G",
		"dom0_mem=0",
		"dom0_max_vcpus=0",
		"dom0_max_vcpus=33",
		"console=com5",
		"console=com1,",
		"com1=0",
		"com1=115201",
		"com1=9600,7e1",
		"loglvl=9",
		"guest_output",
		"guest_output=all",
		"noreboot=1",
		"panic=-1",
		"panic=1x",
		"timer=hpet",
		"speed=11",
		"noreboots",
		"=",
		"x",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		options_parse(bad[i]);
		assert_complaint(bad[i]);
		assert_memory_equal(&options, &defaults, sizeof(options));
	}
}

static void very_long_words(void **state)
{
	char line[300];

	(void)state;
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = 0;
	options_parse(line);
	assert_complaint("aaaa");
	for (unsigned i = 0; i < 60; i++)
		strcpy(line + i * 2, "b ");
	options_parse(line);
	assert_complaint("more options");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty_line_changes_nothing, set_up),
		cmocka_unit_test_setup(every_option, set_up),
		cmocka_unit_test_setup(isolation_names, set_up),
		cmocka_unit_test_setup(memory_sizes, set_up),
		cmocka_unit_test_setup(bad_words_change_nothing, set_up),
		cmocka_unit_test_setup(very_long_words, set_up),
	};

	defaults = options;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
