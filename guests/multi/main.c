/* SPDX-License-Identifier: MIT */
/*
 * An initial domain that makes others, runs and destroys them. What the others do is in guests/payload.
 *
 * Boot: hv="dom0_mem=32" memory=128 timeout=400
 */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"

static const struct test_case cases[] = {
	{ "multi.create-and-run", test_create_and_run },
	{ "multi.two-at-once", test_two_at_once },
	{ "multi.shutdown-reasons", test_shutdown_reasons },
	{ "multi.crash", test_crash },
	{ "multi.console", test_console },
	{ "multi.pause", test_pause },
	{ "multi.numbers", test_numbers },
	{ "multi.remote-shutdown", test_remote_shutdown },
	{ "multi.watchdog", test_watchdog },
	{ "multi.dom-exc", test_dom_exc },
	{ "multi.1000-cycles", test_cycles },
	{ "multi.killed-at-random", test_killed_at_random },
};

int main(void)
{
	child_init();
	return test_run(cases, ARRAY_SIZE(cases));
}
