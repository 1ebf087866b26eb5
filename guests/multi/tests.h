/* SPDX-License-Identifier: MIT */
/* The cases, by file. */
#pragma once

/* life.c */
void test_create_and_run(void);
void test_overhead(void);
void test_two_at_once(void);
void test_shutdown_reasons(void);
void test_crash(void);
void test_console(void);
void test_pause(void);
void test_numbers(void);
void test_remote_shutdown(void);
void test_watchdog(void);
void test_dom_exc(void);
void test_hundred(void);
void test_cycles(void);
void test_killed_at_random(void);

/* memory.c */
void test_reservations(void);
void test_foreign_maps(void);
void test_foreign_tables(void);
void test_frame_info(void);
void test_scrubbed(void);
void test_exhaustion(void);
void test_latency(void);

/* grants.c */
void test_grant_map(void);
void test_grant_copy(void);
void test_granter_dies(void);
void test_mapper_dies(void);
void test_left_open(void);

/* events.c */
void test_round_trips(void);
void test_round_trips_polling(void);
void test_event_while_paused(void);
void test_partner_dies(void);
void test_we_close_first(void);
void test_many_ports_die(void);
void test_alloc_for_child(void);

/* shares.c */
void test_weights(void);
void test_caps(void);
void test_wake_up(void);

/* ops.c */
void test_contexts(void);
void test_extended_state(void);
void test_vcpu_ops(void);
void test_create_errors(void);
void test_limits(void);
void test_rights(void);
void test_machine_info(void);

/* hostile.c */
void test_hostile(void);
void test_crash_storm(void);

/* bench.c: no cases; prints BENCH lines. */
int bench_run(void);
