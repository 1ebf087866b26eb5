/* SPDX-License-Identifier: MIT */
/*
 * What the control domain's parts stand on, for tests on the host: the event loop, pages, the terminal.
 * dom0/loop.h, dom0/memory.h and dom0/shell.h are the interfaces.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Forgets ports, timers and work, as after a start. Time is 0. */
void host_loop_reset(void);
/* Runs work until there is none, or that many pieces: false when there is more. */
bool host_loop_run(unsigned pieces);
/* Lets time pass and runs the timers that are due. */
void host_loop_advance(uint64_t ns);
/* Calls the port's function; false when nobody listens. */
bool host_loop_fire(uint32_t port);

/* Notices since the last reset, and the last of them. */
unsigned host_notices(void);
const char *host_last_notice(void);

/* Pages that dma_page_get() has given and nobody has put back; the most that it gives (0: no limit). */
unsigned host_pages_out(void);
void host_pages_limit(unsigned limit);
