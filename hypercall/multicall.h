/* SPDX-License-Identifier: MIT */
/*
 * How a multicall and the calls in it talk about restarts.
 */
#pragma once

#include "core/types.h"

#define HYPERCALL_ARGS 6

/* Values of pcpu.multicall_active. */
enum multicall_state {
	MULTICALL_NONE,
	MULTICALL_RUNNING,
	/* the running entry wants to be issued again, as multicall_restart[cpu] says */
	MULTICALL_RESTART,
};

/*
 * What hypercall_restart() was given while MULTICALL_RUNNING: the first nr_args arguments change.
 */
struct multicall_restart {
	uint32_t op;
	uint32_t nr_args;
	uint32_t args[HYPERCALL_ARGS];
};
extern struct multicall_restart multicall_restart[NR_CPUS];
