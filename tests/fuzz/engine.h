/* SPDX-License-Identifier: MIT */
/*
 * Random guests: turns bytes into what three guests do - hypercalls, stores to their memory, writes
 * to their page tables - and checks isolation, counts and leaks after each step. The grammar
 * prefers what nearly makes sense, because that gets further.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

#include "tests/host/guest.h"

/* Plays one input to its end; aborts when something is wrong. */
void engine_play(const uint8_t *data, size_t size);

/* ---- between engine.c and calls.c ---- */

struct engine_map {
	grant_handle_t handle;
	uint64_t host_addr, dev_bus_addr;
};

#define ENGINE_GUESTS 3

struct engine {
	const uint8_t *data;
	size_t left;
	uint64_t random; /* what follows when the input is used up */
	struct guest *guest[ENGINE_GUESTS];
	unsigned running; /* which of them */
	domid_t last_domid;
	/* What scenarios made last: pages that are tables of level 1 to 3, and a mapped grant. */
	unsigned table[ENGINE_GUESTS][3];
	struct engine_map map[ENGINE_GUESTS];
};

uint32_t engine_byte(struct engine *e);
uint32_t engine_word(struct engine *e);
/* 0 .. n-1 */
uint32_t engine_choose(struct engine *e, uint32_t n);
/* The running one, one of the others, any of them. */
struct guest *engine_guest(struct engine *e);
struct guest *engine_other(struct engine *e);
struct guest *engine_any(struct engine *e);

mfn_t engine_frame(struct engine *e);
gva_t engine_address(struct engine *e);
pte_t engine_pte(struct engine *e);
uint32_t engine_domid(struct engine *e);

/*
 * One hypercall's number and arguments; buffers for it lie in the guest's
 * page 0 from *buffer on, which moves.
 */
struct call {
	uint32_t op, args[6];
};
void engine_scenario(struct engine *e);
struct call engine_call(struct engine *e, unsigned *buffer, bool in_multicall);
/* Arguments of domctl and sysctl, put into the buffer (CONTROL_SIZE bytes); their size. */
#define CONTROL_SIZE 256
uint32_t engine_domctl(struct engine *e, void *buffer);
uint32_t engine_sysctl(struct engine *e, void *buffer);
/* The domains that guests made go. */
void engine_destroy_extra(void);
