/* SPDX-License-Identifier: MIT */
/*
 * A hash table of hardware addresses. Its seed is not known to guests, so that they cannot fill one
 * chain. When it is full, addresses that are not known yet are not learned: frames to them go to all
 * ports, as on any switch.
 */
#include "dom0/net/bridge_table.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP_PAUSE_NS 1000000000ull

struct bridge_address {
	struct bridge_address *next;
	struct net_port *port;
	uint64_t seen;
	uint8_t mac[NET_MAC];
	bool fixed;
};

static struct bridge_address **bucket(struct net_bridge *bridge, const uint8_t *mac)
{
	uint32_t hash = bridge->seed;
	unsigned i;

	for (i = 0; i < NET_MAC; i++)
		hash = (hash ^ mac[i]) * 0x01000193u + bridge->seed;
	return &bridge->buckets[(hash ^ hash >> 16) % BRIDGE_BUCKETS];
}

static bool is_old(const struct bridge_address *address, uint64_t now)
{
	return !address->fixed && now - address->seen > BRIDGE_AGE_NS;
}

/* The link that points to the address, or the NULL at its chain's end. */
static struct bridge_address **find(struct net_bridge *bridge, const uint8_t *mac)
{
	struct bridge_address **at = bucket(bridge, mac);

	while (*at && memcmp((*at)->mac, mac, NET_MAC))
		at = &(*at)->next;
	return at;
}

static void remove_at(struct net_bridge *bridge, struct bridge_address **at)
{
	struct bridge_address *address = *at;

	*at = address->next;
	if (!address->fixed)
		bridge->nr_learned--;
	free(address);
}

static void insert(struct bridge_address **at, const uint8_t *mac, struct net_port *port,
		   uint64_t now, bool fixed)
{
	struct bridge_address *address = calloc(1, sizeof(*address));

	if (!address)
		return;
	address->next = *at;
	address->port = port;
	address->seen = now;
	address->fixed = fixed;
	memcpy(address->mac, mac, NET_MAC);
	*at = address;
}

/* Removes what is too old, or what is behind the port given. */
static void sweep(struct net_bridge *bridge, const struct net_port *port, uint64_t now)
{
	struct bridge_address **at;
	unsigned i;

	for (i = 0; i < BRIDGE_BUCKETS; i++)
		for (at = &bridge->buckets[i]; *at;)
			if (port ? (*at)->port == port : is_old(*at, now))
				remove_at(bridge, at);
			else
				at = &(*at)->next;
}

bool table_fix(struct net_bridge *bridge, struct net_port *port)
{
	struct bridge_address **at = find(bridge, port->mac);

	if (*at && (*at)->fixed)
		return false;
	if (*at)
		remove_at(bridge, at);
	insert(at, port->mac, port, 0, true);
	return *at && (*at)->port == port;
}

/* Makes room for one more; a full table is searched for old entries once a second at most. */
static bool has_room(struct net_bridge *bridge, uint64_t now)
{
	if (bridge->nr_learned < BRIDGE_ADDRESSES_MAX)
		return true;
	if (now - bridge->swept < SWEEP_PAUSE_NS)
		return false;
	bridge->swept = now;
	sweep(bridge, NULL, now);
	return bridge->nr_learned < BRIDGE_ADDRESSES_MAX;
}

void table_learn(struct net_bridge *bridge, const uint8_t *mac, struct net_port *port, uint64_t now)
{
	struct bridge_address *known = *find(bridge, mac), **at;

	if (known && known->fixed)
		return;
	if (known) {
		known->port = port;
		known->seen = now;
		return;
	}
	if (!has_room(bridge, now))
		return;
	at = bucket(bridge, mac);
	known = *at;
	insert(at, mac, port, now, false);
	if (*at != known)
		bridge->nr_learned++;
}

struct net_port *table_find(struct net_bridge *bridge, const uint8_t *mac, uint64_t now)
{
	struct bridge_address **at = find(bridge, mac);

	if (!*at)
		return NULL;
	if (!is_old(*at, now))
		return (*at)->port;
	remove_at(bridge, at);
	return NULL;
}

void table_remove_port(struct net_bridge *bridge, struct net_port *port)
{
	sweep(bridge, port, 0);
}
