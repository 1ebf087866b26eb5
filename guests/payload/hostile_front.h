/* SPDX-License-Identifier: MIT */
/*
 * What guests share that attack a back end: the handshake of <xen/io/xenbus.h> as far as all devices have
 * it, numbers by chance, and the round of attacks, after each of which the back end must still serve.
 */
#pragma once

#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/xenstore.h"

#include <xen/io/xenbus.h>
#include <xen/sched.h>

/* How often to look for an answer. */
#define PATIENCE 200000u

struct attack {
	const char *name;
	void (*run)(void);
};

struct hostile_front {
	const char *name;   /* of the guest, which begins each line on the console */
	const char *device; /* what it has a front end of */
	const char *state;  /* node of the front end's state */
	const char *back; /* format of the node of the back end's state, with the domain's number */
	bool (*connect)(void);
	bool (*behave)(void); /* true: it is served */
};

static const struct hostile_front front;
static int port;

static inline uint32_t rnd(uint32_t below)
{
	static uint32_t seed = 12345;

	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static inline void kick(void)
{
	event_send((evtchn_port_t)port);
}

static inline bool back_end_is(enum xenbus_state state)
{
	static char node[64];
	uint32_t tries;

	if (!node[0])
		pv_snprintf(node, sizeof(node), front.back, xenstore_read("domid"));
	for (tries = 0; tries < PATIENCE; tries++)
		if (xenstore_read(node)[0] == '0' + (int)state)
			return true;
	return false;
}

static inline void front_state(enum xenbus_state state)
{
	xenstore_write_number(front.state, state);
}

static inline void open_port(void)
{
	port = event_alloc_unbound(0);
	BUG_ON(port < 0);
}

static inline bool reconnect(void)
{
	front_state(XenbusStateClosed);
	if (!back_end_is(XenbusStateClosed))
		return false;
	/* The other side has closed its end of the channel. */
	event_close((evtchn_port_t)port);
	open_port();
	front_state(XenbusStateInitialising);
	return front.connect();
}

/* Round after round; ends only where the back end no longer serves. */
static inline _Noreturn void attack_for_ever(const struct attack *attacks, unsigned count)
{
	unsigned round, i;

	if (!front.connect() || !front.behave())
		pv_printf("%s: no %s to begin with\n", front.name, front.device);
	for (round = 1;; round++) {
		for (i = 0; i < count; i++) {
			attacks[i].run();
			if (reconnect() && front.behave())
				continue;
			pv_printf("%s: FAILED after %s\n", front.name, attacks[i].name);
			HYPERVISOR_sched_op(SCHEDOP_block, NULL);
		}
		pv_printf("%s: round %u passed\n", front.name, round);
	}
}
