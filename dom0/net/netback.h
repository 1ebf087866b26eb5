/* SPDX-License-Identifier: MIT */
/*
 * A guest's network interface, inside: the back end of <xen/io/netif.h>. Two rings of requests that the
 * guest owns: buffers to send from (tx) and to receive into (rx). Every word of the shared pages is hostile:
 * a request is copied once, checked, and used from the copy; indexes are checked against the ring's size; one turn
 * handles a bounded number of slots, and the event loop then serves others.
 *
 *	netback.c	connects to a front end, and is a port of a bridge
 *	netback_tx.c	one turn of the tx ring: requests, one batch of copies, packets, responses
 *	netback_rx.c	queues what the bridge sends, and fills rx buffers
 *	netback_copy.c	where the bytes of a packet are
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>

#define xen_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#include <xen/io/netif.h>

#include "dom0/loop.h"
#include "dom0/net/net.h"
#include "dom0/net/rate.h"

/* Buffers that one packet may have: 64 KiB in any alignment (Linux's MAX_SKB_FRAGS + 1). */
#define NETBACK_SLOTS XEN_NETIF_NR_SLOTS_MIN
/* Extra infos behind the first request; only the one for segmentation means something here. */
#define NETBACK_EXTRAS 4u

/* One turn of the tx ring. */
#define TX_TURN_SLOTS 128u
#define TX_TURN_PACKETS 64u

/* Waiting for rx buffers: packets and bytes; for how long at most while the guest takes none. */
#define RX_QUEUE_PACKETS 256u
#define RX_QUEUE_BYTES (512u << 10)
#define RX_STALL_NS 1000000000ull

struct netback_rings {
	domid_t domain;
	netif_tx_back_ring_t tx;
	netif_rx_back_ring_t rx;
	evtchn_port_t tx_port, rx_port; /* our ends; may be the same */
};

/* The part that serves the rings; netback.c embeds it. */
struct netback {
	struct net_port port;
	struct netback_rings rings;
	bool connected;
	const char *broken; /* the protocol was violated: nothing is served any more */

	/* tx */
	struct rate rate;
	unsigned debt; /* packets sent beyond a turn's share */

	/* rx: a ring of packets */
	struct net_packet *queue[RX_QUEUE_PACKETS];
	unsigned queue_first, queue_count;
	uint32_t queue_bytes;
	uint64_t waiting; /* since when packets wait for buffers; 0: they do not */
	bool stalled; /* the guest takes nothing: packets that it has no buffers for are dropped */
};

/* ---- netback_tx.c ---- */

enum tx_result {
	TX_IDLE, /* the ring is empty; an event will come */
	TX_MORE, /* another turn is needed */
	TX_WAIT, /* the rate allows nothing before nb->rate.next */
};
/* One turn. nb->broken is set when the guest broke the protocol. */
enum tx_result netback_tx_turn(struct netback *nb, uint64_t now);

/* ---- netback_rx.c ---- */

/* The port's functions. */
void netback_transmit(struct net_port *port, struct net_packet *packet);
void netback_flush(struct net_port *port);
/* Fills what buffers there are. True while packets wait: then it must be called again by time. */
bool netback_rx_serve(struct netback *nb, uint64_t now);
/* Gives back all packets that wait. */
void netback_rx_drop(struct netback *nb);

/* ---- netback_copy.c ---- */

/* The buffers of a guest in which the rest of a packet is. */
struct netback_source {
	struct net_source source; /* first: what packets point to */
	domid_t domain;
	unsigned nr_slots;
	netif_tx_request_t slots[NETBACK_SLOTS]; /* size is that of the buffer */
};
bool netback_complete(struct net_packet *packet);

/* Copies that are collected for one hypercall. */
#define BATCH_COPIES 512u
struct netback_batch {
	unsigned count;
	struct gnttab_copy copies[BATCH_COPIES];
};
/* The most that one packet takes: a page's boundary on either side, and the end of what was pulled. */
#define BATCH_PACKET_COPIES (3u * NETBACK_SLOTS + 3u)

/*
 * Adds copies of length bytes of buffers, from their beginning on, to here: within one page if that is the
 * destination's page.
 */
void netback_batch_fetch(struct netback_batch *batch, const struct netback_source *source,
			 uint32_t from, uint32_t length, uint8_t *here);

/* A packet on its way into buffers of a guest. */
struct netback_position {
	const struct netback_source *source;
	const netif_tx_request_t *slot;
	uint32_t into; /* bytes of the slot that are behind us */
};
struct netback_delivery {
	const struct net_packet *packet;
	struct netback_position position;
	uint32_t done;
	bool mirrors; /* each of the sender's buffers goes into one of the receiver's */
	uint32_t joined; /* bytes from here before the sender's first ones; 0: they have a buffer of their own */
};
/* How many buffers the packet takes, and whether they mirror those of its sender. */
unsigned netback_buffers(const struct net_packet *packet, bool *mirrors);
void netback_deliver_start(struct netback_delivery *d, const struct net_packet *packet,
			   bool mirrors);
/* Adds copies into the next buffer; returns the bytes that it will hold, from *offset on. */
uint32_t netback_deliver_next(struct netback_batch *batch, struct netback_delivery *d,
			      domid_t domain, grant_ref_t ref, uint16_t *offset);
/* Runs them; the batch keeps them with their status. */
void netback_batch_run(struct netback_batch *batch);
/* Whether all copies [first, first + count) went well. */
bool netback_batch_good(const struct netback_batch *batch, unsigned first, unsigned count);
