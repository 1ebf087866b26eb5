/* SPDX-License-Identifier: MIT */
/*
 * Packets and the list of ports: see net.h. Packets come in two sizes, one page for ordinary frames and
 * enough for the largest segmentation offload; what was used once is kept for the next.
 */
#include "dom0/net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/net/bridge.h"
#include "dom0/net/pages.h"

/* All packets together; a large one counts as its pages. */
#define PAGES_MAX 2048u

static const uint32_t sizes[] = { NET_PAGE, (NET_PACKET_MAX + NET_PAGE - 1) / NET_PAGE *NET_PAGE };
#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static struct net_packet *unused[NR_SIZES];
static unsigned pages, nr_used;
static struct net_port *ports;

/* ---- packets ---- */

static struct net_packet *create(unsigned size)
{
	struct net_packet *packet;

	if (pages + sizes[size] / NET_PAGE > PAGES_MAX)
		return NULL;
	packet = calloc(1, sizeof(*packet));
	if (!packet)
		return NULL;
	packet->data = net_pages(sizes[size] / NET_PAGE);
	if (!packet->data) {
		free(packet);
		return NULL;
	}
	packet->capacity = sizes[size];
	pages += sizes[size] / NET_PAGE;
	return packet;
}

struct net_packet *net_packet_alloc(uint32_t capacity)
{
	struct net_packet *packet, fresh;
	unsigned size = 0;

	while (size < NR_SIZES && sizes[size] < capacity)
		size++;
	if (size == NR_SIZES)
		return NULL;
	packet = unused[size];
	if (packet)
		unused[size] = packet->next;
	else
		packet = create(size);
	if (!packet)
		return NULL;
	nr_used++;
	fresh = (struct net_packet){ .data = packet->data,
				     .capacity = packet->capacity,
				     .users = 1 };
	*packet = fresh;
	return packet;
}

void net_packet_get(struct net_packet *packet)
{
	packet->users++;
}

void net_packet_put(struct net_packet *packet)
{
	unsigned size;

	if (!packet || --packet->users)
		return;
	nr_used--;
	size = packet->capacity > NET_PAGE;
	packet->next = unused[size];
	unused[size] = packet;
}

unsigned net_packets_used(void)
{
	return nr_used;
}

bool net_packet_complete(struct net_packet *packet)
{
	bool good = !packet->source || packet->source->complete(packet);

	packet->source = NULL;
	if (good)
		return true;
	/* Whoever else has it must not see what was in this memory before. */
	packet->length = packet->present;
	packet->gso = NET_GSO_NONE;
	packet->csum_blank = packet->csum_valid = false;
	return false;
}

/* ---- ports ---- */

struct net_port *net_port_first(void)
{
	return ports;
}

struct net_port *net_port_find(const char *name)
{
	struct net_port *port;

	for (port = ports; port; port = port->next)
		if (!strcmp(port->name, name))
			return port;
	return NULL;
}

static void choose_name(struct net_port *port)
{
	char name[NET_NAME_MAX];
	unsigned i = 0;

	do
		snprintf(name, sizeof(name), "eth%u", i++);
	while (net_port_find(name));
	memcpy(port->name, name, sizeof(name));
}

/* The bridge of card ethN is brN. */
static void join_default(struct net_port *port)
{
	char bridge[NET_NAME_MAX];
	unsigned number;

	if (sscanf(port->name, "eth%u", &number) != 1)
		return;
	snprintf(bridge, sizeof(bridge), "br%u", number);
	bridge_add_port(bridge, port);
}

void net_port_register(struct net_port *port)
{
	struct net_port **at;

	if (!*port->name)
		choose_name(port);
	for (at = &ports; *at; at = &(*at)->next)
		;
	port->next = NULL;
	*at = port;
	join_default(port);
}

void net_port_unregister(struct net_port *port)
{
	struct net_port **at;

	bridge_remove_port(port);
	for (at = &ports; *at != port; at = &(*at)->next)
		;
	*at = port->next;
}
