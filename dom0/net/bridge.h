/* SPDX-License-Identifier: MIT */
/*
 * Learning switches: br0, br1, ... join ports. A frame goes to the port behind which its destination was
 * last seen, or to all others. Each bridge remembers a bounded number of addresses for a bounded time.
 *
 * The address of a filtered port (a guest's) is fixed: nobody else can take it over, and the guest cannot
 * send with another.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dom0/net/net.h"

/* Learned addresses of one bridge, and how long one is believed that is not seen again. */
#define BRIDGE_ADDRESSES_MAX 1024u
#define BRIDGE_AGE_NS 300000000000ull
#define BRIDGES_MAX 16u

struct bridge_address;

#define BRIDGE_BUCKETS 256u

struct net_bridge {
	struct net_bridge *next;
	char name[NET_NAME_MAX];
	struct net_port *members; /* by next_member */
	unsigned nr_members;
	struct bridge_address *buckets[BRIDGE_BUCKETS];
	unsigned nr_learned;
	uint32_t seed;	/* of the hash */
	uint64_t swept; /* when old addresses were last removed all at once */
};

/* Whether this is a name for a bridge: "br" and a number below 1000. */
bool bridge_name_valid(const char *name);

/*
 * Puts a port that is in no bridge into this one, which is made when it does not exist. NULL, or what
 * is wrong: no such name, too many bridges, the address of a filtered port is taken, no memory.
 */
const char *bridge_add_port(const char *name, struct net_port *port);
/* With the last port the bridge goes. A port that is in none may be given. */
void bridge_remove_port(struct net_port *port);

struct net_bridge *bridge_first(void);
struct net_bridge *bridge_find(const char *name);
