/* SPDX-License-Identifier: MIT */
/* What the event loop waits for besides ports, without the waiting: for the loop, and for tests of what it runs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Of the first timer; 0: none is set. */
uint64_t loop_next_deadline(void);
/* Calls all that are due at loop_now(). */
void loop_run_timers(void);
/* Does one piece of work; returns whether there is more. */
bool loop_run_work(void);
/* Forgets everything. */
void loop_queue_reset(void);
