/* SPDX-License-Identifier: MIT */
/*
 * An initial domain that makes others, runs and destroys them. What the others do is in
 * guests/payload. With the word "bench" on its command line it measures instead (bench.c).
 *
 * Boot: hv="dom0_mem=32" memory=128 timeout=600 icount=yes
 */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"

static const struct test_case cases[] = {
	{ "multi.create_and_run", test_create_and_run },
	{ "multi.overhead", test_overhead },
	{ "multi.two_at_once", test_two_at_once },
	{ "multi.shutdown_reasons", test_shutdown_reasons },
	{ "multi.crash", test_crash },
	{ "multi.console", test_console },
	{ "multi.pause", test_pause },
	{ "multi.numbers", test_numbers },
	{ "multi.remote_shutdown", test_remote_shutdown },
	{ "multi.watchdog", test_watchdog },
	{ "multi.dom_exc", test_dom_exc },
	{ "multi.reservations", test_reservations },
	{ "multi.foreign_maps", test_foreign_maps },
	{ "multi.foreign_tables", test_foreign_tables },
	{ "multi.frame_info", test_frame_info },
	{ "multi.scrubbed", test_scrubbed },
	{ "multi.exhaustion", test_exhaustion },
	{ "multi.latency_of_destruction", test_latency },
	{ "multi.grant_map", test_grant_map },
	{ "multi.grant_copy", test_grant_copy },
	{ "multi.granter_dies", test_granter_dies },
	{ "multi.mapper_dies", test_mapper_dies },
	{ "multi.left_open", test_left_open },
	{ "multi.round_trips", test_round_trips },
	{ "multi.round_trips_polling", test_round_trips_polling },
	{ "multi.event_while_paused", test_event_while_paused },
	{ "multi.partner_dies", test_partner_dies },
	{ "multi.we_close_first", test_we_close_first },
	{ "multi.many_ports_die", test_many_ports_die },
	{ "multi.alloc_for_child", test_alloc_for_child },
	{ "multi.contexts", test_contexts },
	{ "multi.extended_state", test_extended_state },
	{ "multi.vcpu_ops", test_vcpu_ops },
	{ "multi.create_errors", test_create_errors },
	{ "multi.limits", test_limits },
	{ "multi.rights", test_rights },
	{ "multi.machine_info", test_machine_info },
	{ "multi.hostile", test_hostile },
	{ "multi.crash_storm", test_crash_storm },
	{ "multi.weights", test_weights },
	{ "multi.caps", test_caps },
	{ "multi.wake_up", test_wake_up },
	{ "multi.hundred_at_once", test_hundred },
	{ "multi.thousand_cycles", test_cycles },
	{ "multi.killed_at_random", test_killed_at_random },
};

int main(void)
{
	child_init();
	if (strstr((const char *)start_info->cmd_line, "bench"))
		return bench_run();
	return test_run(cases, ARRAY_SIZE(cases));
}
