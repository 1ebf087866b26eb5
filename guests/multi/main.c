/* SPDX-License-Identifier: MIT */
/*
 * An initial domain that makes others, runs and destroys them. What the others do is in guests/payload.
 *
 * Boot: hv="dom0_mem=32" memory=128 timeout=600 icount=yes
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
	{ "multi.reservations", test_reservations },
	{ "multi.foreign-maps", test_foreign_maps },
	{ "multi.foreign-tables", test_foreign_tables },
	{ "multi.frame-info", test_frame_info },
	{ "multi.scrubbed", test_scrubbed },
	{ "multi.exhaustion", test_exhaustion },
	{ "multi.grant-map", test_grant_map },
	{ "multi.grant-copy", test_grant_copy },
	{ "multi.granter-dies", test_granter_dies },
	{ "multi.mapper-dies", test_mapper_dies },
	{ "multi.left-open", test_left_open },
	{ "multi.round-trips", test_round_trips },
	{ "multi.round-trips-polling", test_round_trips_polling },
	{ "multi.event-while-paused", test_event_while_paused },
	{ "multi.partner-dies", test_partner_dies },
	{ "multi.we-close-first", test_we_close_first },
	{ "multi.many-ports-die", test_many_ports_die },
	{ "multi.alloc-for-child", test_alloc_for_child },
	{ "multi.hostile", test_hostile },
	{ "multi.crash-storm", test_crash_storm },
	{ "multi.weights", test_weights },
	{ "multi.caps", test_caps },
	{ "multi.wake-up", test_wake_up },
	{ "multi.1000-cycles", test_cycles },
	{ "multi.killed-at-random", test_killed_at_random },
};

int main(void)
{
	child_init();
	return test_run(cases, ARRAY_SIZE(cases));
}
