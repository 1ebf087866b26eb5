/* SPDX-License-Identifier: MIT */
/*
 * Ethernet inside the control domain: packets, and the ports that they come from and go to (network
 * cards, guests' interfaces). Ports meet in bridges (dom0/net/bridge.h), which decide where a packet goes.
 *
 * One thread, no locks: everything runs in callbacks of the event loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_PAGE 4096u
#define NET_MAC 6u
/* Of an Ethernet header, and of one with a VLAN tag. */
#define NET_HEADER 14u
#define NET_VLAN_HEADER 18u
/* What one packet can be without segmentation offload, and with it. */
#define NET_MTU 1500u
#define NET_FRAME_MAX (NET_MTU + NET_VLAN_HEADER)
#define NET_PACKET_MAX (65535u + NET_VLAN_HEADER)
#define NET_NAME_MAX 32u
/* Of IPv4 that one port may be bound to. */
#define NET_ADDRESSES_MAX 4u

/* ---- packets ---- */

/* A TCP packet longer than the MTU that is cut into segments of gso_size bytes of data. */
enum net_gso {
	NET_GSO_NONE,
	NET_GSO_TCPV4,
	NET_GSO_TCPV6,
};

/*
 * What is not in data yet: the rest of a long packet of a guest, which may never have to pass through here.
 * Only until the sender's burst is over (net_flush()); whoever keeps the packet longer completes it.
 */
struct net_packet;
struct net_source {
	bool (*complete)(struct net_packet *packet);
};
/* Headers are looked for in so many bytes only. */
#define NET_PULL 256u

/*
 * One Ethernet frame without its check sequence. A driver that receives allocates one, fills data and
 * length, and gives it to net_receive(). One that transmits reads it only: others may hold it as well.
 */
struct net_packet {
	struct net_packet *next; /* for whoever holds the only reference, or a queue of his own */
	/* Page-aligned, linear, in the kernel map; its pages are not next to each other in the machine. */
	uint8_t *data;
	uint32_t length, capacity; /* bytes */
	unsigned users;
	/*
	 * csum_blank: the sum over [csum_start, length) is still to be stored at csum_start + csum_offset,
	 * which holds the sum of the pseudo header. csum_valid: the transport's sum is known to be right.
	 */
	bool csum_blank, csum_valid;
	uint16_t csum_start, csum_offset;
	enum net_gso gso;
	uint16_t gso_size;
	/* NULL: all is in data. Otherwise the first `present` bytes are. Only ports with NET_DIRECT see that. */
	struct net_source *source;
	uint32_t present;
};

/*
 * A packet with one reference, length 0 and room for that many bytes. NULL when packets hold as
 * much memory as they may: the frame is lost, which the caller counts as dropped.
 */
struct net_packet *net_packet_alloc(uint32_t capacity);
void net_packet_get(struct net_packet *packet);
/* Gives one reference back; NULL is allowed. */
void net_packet_put(struct net_packet *packet);

/* Packets that somebody holds. */
unsigned net_packets_used(void);

/* Fetches what is not in data yet; false when that fails: then only the beginning is left of it. */
bool net_packet_complete(struct net_packet *packet);

/* ---- ports ---- */

/* What a port does by itself; a bridge does it in software for the others. */
#define NET_CSUM 0x1u /* takes csum_blank packets of TCP and UDP over IPv4 */
#define NET_TSO4 0x2u /* takes NET_GSO_TCPV4; needs NET_CSUM */
#define NET_TSO6 0x4u /* takes NET_GSO_TCPV6; needs NET_CSUM6 */
#define NET_SG 0x8u   /* takes packets of more than a page */
#define NET_CSUM6 0x10u
#define NET_DIRECT 0x20u /* takes packets with a source: guests' interfaces */

struct net_counters {
	uint64_t packets, bytes;
	uint64_t dropped; /* no room, or not allowed */
	uint64_t errors;  /* malformed, or refused by the device */
};

struct net_bridge;

struct net_port {
	struct net_port *next;
	char name[NET_NAME_MAX];
	uint8_t mac[NET_MAC];
	struct net_bridge *bridge; /* NULL: in none */
	unsigned features;	   /* NET_*; may change between packets */
	/*
	 * Sends the packet and takes over one reference. When it cannot, it counts the packet in
	 * sent.dropped and gives the reference back. It must not call net_receive() before it returns.
	 */
	void (*transmit)(struct net_port *port, struct net_packet *packet);
	/* Follows a burst of transmit(): the place to ring the device's doorbell. NULL is allowed. */
	void (*flush)(struct net_port *port);
	void *driver;
	/* received: what came from the port into the bridge; the bridge counts it. sent: the driver does. */
	struct net_counters received, sent;
	/* Only packets from mac are taken, and from these IPv4 addresses if there are any: ports of guests. */
	bool filtered;
	uint32_t addresses[NET_ADDRESSES_MAX];
	unsigned nr_addresses;
	/* The bridge's own. */
	struct net_port *next_member, *next_touched;
	bool touched;
};

/*
 * Adds a network card: name, mac, features, transmit and driver are filled in. An empty name becomes
 * the next eth0, eth1, ... The card ethN joins bridge brN, others join none.
 */
void net_port_register(struct net_port *port);
/* Takes the port out of its bridge and the list; no packet is given to it afterwards. */
void net_port_unregister(struct net_port *port);

struct net_port *net_port_first(void);
struct net_port *net_port_find(const char *name);

/*
 * A frame came in on the port: takes over the reference. A driver sets csum_blank or csum_valid, and gso
 * (for what it merged), if it knows them. Other ports' transmit functions run inside it. Returns how
 * many packets were sent: the measure of the work done.
 */
unsigned net_receive(struct net_port *port, struct net_packet *packet);
/* Whoever called net_receive(), once or several times in a row, then calls this once. */
void net_flush(void);
