/* SPDX-License-Identifier: MIT */
/* Bridges, their members, and where a frame goes: see bridge.h; bridge_table.c has the addresses. */
#include "dom0/net/bridge.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/loop.h"
#include "dom0/net/bridge_table.h"
#include "dom0/net/offload.h"
#include "dom0/net/source.h"

static struct net_bridge *bridges;
static struct net_port *touched; /* got packets since the last flush */

/* ---- bridges and members ---- */

bool bridge_name_valid(const char *name)
{
	unsigned i;

	if (name[0] != 'b' || name[1] != 'r')
		return false;
	for (i = 2; name[i]; i++)
		if (!isdigit((unsigned char)name[i]))
			return false;
	return i > 2 && i <= 5;
}

struct net_bridge *bridge_first(void)
{
	return bridges;
}

struct net_bridge *bridge_find(const char *name)
{
	struct net_bridge *bridge;

	for (bridge = bridges; bridge; bridge = bridge->next)
		if (!strcmp(bridge->name, name))
			return bridge;
	return NULL;
}

static struct net_bridge *create(const char *name, const char **error)
{
	struct net_bridge *bridge, **at;
	unsigned count = 0;

	*error = "is no bridge: br0 to br999 are names of bridges";
	if (!bridge_name_valid(name))
		return NULL;
	for (at = &bridges; *at; at = &(*at)->next)
		count++;
	*error = "too many bridges";
	if (count == BRIDGES_MAX)
		return NULL;
	*error = "not enough memory";
	bridge = calloc(1, sizeof(*bridge));
	if (!bridge)
		return NULL;
	strcpy(bridge->name, name);
	bridge->seed = (uint32_t)rand() * 2654435761u | 1;
	*at = bridge;
	return bridge;
}

static void destroy(struct net_bridge *bridge)
{
	struct net_bridge **at;

	for (at = &bridges; *at != bridge; at = &(*at)->next)
		;
	*at = bridge->next;
	free(bridge);
}

const char *bridge_add_port(const char *name, struct net_port *port)
{
	struct net_bridge *bridge = bridge_find(name);
	struct net_port **at;
	const char *error;

	if (!bridge)
		bridge = create(name, &error);
	if (!bridge)
		return error;
	if (port->filtered && !table_fix(bridge, port)) {
		if (!bridge->members)
			destroy(bridge);
		return "its hardware address is in use on that bridge, or memory is short";
	}
	for (at = &bridge->members; *at; at = &(*at)->next_member)
		;
	port->next_member = NULL;
	*at = port;
	bridge->nr_members++;
	port->bridge = bridge;
	return NULL;
}

static void forget_touched(struct net_port *port)
{
	struct net_port **at;

	if (!port->touched)
		return;
	for (at = &touched; *at != port; at = &(*at)->next_touched)
		;
	*at = port->next_touched;
	port->touched = false;
}

void bridge_remove_port(struct net_port *port)
{
	struct net_bridge *bridge = port->bridge;
	struct net_port **at;

	if (!bridge)
		return;
	forget_touched(port);
	table_remove_port(bridge, port);
	for (at = &bridge->members; *at != port; at = &(*at)->next_member)
		;
	*at = port->next_member;
	port->bridge = NULL;
	if (!--bridge->nr_members)
		destroy(bridge);
}

/* ---- frames ---- */

static bool is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

/* 01:80:C2:00:00:00 to 0F (IEEE 802.1D): what neighbours tell each other ends at the bridge. */
static bool is_link_local(const uint8_t *mac)
{
	static const uint8_t prefix[NET_MAC - 1] = { 0x01, 0x80, 0xc2, 0, 0 };

	return !memcmp(mac, prefix, sizeof(prefix)) && mac[5] < 16;
}

static bool length_allowed(const struct net_packet *packet)
{
	return packet->length >= NET_HEADER &&
	       (packet->length <= NET_FRAME_MAX || packet->gso != NET_GSO_NONE);
}

/* Whether the frame may enter; counts it. */
static bool admit(struct net_port *port, const struct net_packet *packet)
{
	const uint8_t *source = packet->data + NET_MAC;

	if (!length_allowed(packet) || is_group(source) || !offload_check(packet)) {
		port->received.errors++;
		return false;
	}
	port->received.packets++;
	port->received.bytes += packet->length;
	if (!port->bridge || is_link_local(packet->data) ||
	    (port->filtered && !source_allowed(port, packet))) {
		port->received.dropped++;
		return false;
	}
	return true;
}

static void send_segment(void *arg, struct net_packet *segment)
{
	struct net_port *port = arg;

	port->transmit(port, segment);
}

static unsigned send_segments(struct net_port *port, struct net_packet *packet)
{
	bool blank = port->features & (packet->gso == NET_GSO_TCPV4 ? NET_CSUM : NET_CSUM6);
	unsigned count = offload_segment(packet, blank, send_segment, port);

	net_packet_put(packet);
	return count;
}

/* Takes over the reference. Returns the work done, in packets. */
static unsigned send(struct net_port *port, struct net_packet *packet)
{
	unsigned missing = offload_needs(packet) & ~port->features;

	if ((missing || !(port->features & NET_DIRECT)) && !net_packet_complete(packet)) {
		port->sent.errors++;
		net_packet_put(packet);
		return 1;
	}
	if (port->flush && !port->touched) {
		port->touched = true;
		port->next_touched = touched;
		touched = port;
	}
	if (missing && packet->gso != NET_GSO_NONE)
		return send_segments(port, packet);
	if (missing)
		offload_checksum(packet);
	port->transmit(port, packet);
	return 1;
}

/* One that cannot sum decides for all: the packet must not change once somebody has it. */
static void prepare_for_all(struct net_port *from, struct net_packet *packet)
{
	struct net_port *port;

	if (!packet->csum_blank || packet->gso != NET_GSO_NONE)
		return;
	for (port = from->bridge->members; port; port = port->next_member)
		if (offload_needs(packet) & ~port->features) {
			offload_checksum(packet);
			return;
		}
}

/*
 * Takes over the reference. What is not for a group is not for a filtered port either: its only address
 * would be known.
 */
static unsigned send_to_others(struct net_port *from, struct net_packet *packet)
{
	bool group = is_group(packet->data);
	struct net_port *port;
	unsigned count = 0;

	prepare_for_all(from, packet);
	for (port = from->bridge->members; port; port = port->next_member) {
		if (port == from || (port->filtered && !group))
			continue;
		net_packet_get(packet);
		count += send(port, packet);
	}
	net_packet_put(packet);
	return count;
}

unsigned net_receive(struct net_port *port, struct net_packet *packet)
{
	struct net_port *target = NULL;

	if (!admit(port, packet)) {
		net_packet_put(packet);
		return 0;
	}
	if (!port->filtered)
		table_learn(port->bridge, packet->data + NET_MAC, port, loop_now());
	if (!is_group(packet->data))
		target = table_find(port->bridge, packet->data, loop_now());
	if (!target)
		return send_to_others(port, packet);
	if (target == port) {
		net_packet_put(packet);
		return 0;
	}
	return send(target, packet);
}

void net_flush(void)
{
	while (touched) {
		struct net_port *port = touched;

		touched = port->next_touched;
		port->touched = false;
		port->flush(port);
	}
}
