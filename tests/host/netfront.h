/* SPDX-License-Identifier: MIT */
/*
 * Simulated guests with network interfaces, for tests of dom0/net: their rings, the pages that they grant, and
 * copies between them (dom0/net/pages.h). A reference is the number of a page. Everything is reset by
 * netfront_begin().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dom0/net/netback.h"

#define FRONTS 3u
#define FRONT_PAGES 320u

struct netfront {
	struct netback nb;
	uint8_t *tx_page, *rx_page;
	netif_tx_front_ring_t tx;
	netif_rx_front_ring_t rx;
	uint8_t (*pages)[NET_PAGE];
	bool revoked[FRONT_PAGES], read_only[FRONT_PAGES];
	unsigned events;
};
extern struct netfront netfronts[FRONTS];

/* Front i is domain i + 1 with address 00:16:3e:00:00:(i + 1), connected, with all features, in br0. */
void netfront_begin(void);
void netfront_end(void);

/* Called in the middle of each hypercall: a guest on another processor, so to speak. NULL: nobody. */
extern void (*netfront_meanwhile)(void);

/* The hypercalls since the start, and the copies in them. */
extern unsigned netfront_hypercalls, netfront_copies;

/* ---- sending ---- */

/* Adds one tx request. */
void netfront_add_tx(struct netfront *f, unsigned ref, unsigned offset, unsigned size,
		     unsigned flags, unsigned id);
/* Adds the extra info of a packet that is to be segmented. */
void netfront_add_gso(struct netfront *f, unsigned type, unsigned size);
void netfront_push_tx(struct netfront *f);
/* Runs turns until the ring is empty, at most that many. Returns how many it took. */
unsigned netfront_turns(struct netfront *f, unsigned most);
/* The next response's status; -100: there is none. */
int netfront_tx_status(struct netfront *f, unsigned *id);

/* Puts a frame of the guest's own into page ref, sends it in one request. */
void netfront_send(struct netfront *f, unsigned ref, const uint8_t *to, unsigned length,
		   uint8_t fill);

/* ---- receiving ---- */

/* Posts buffers: pages [first, first + count). */
void netfront_post_rx(struct netfront *f, unsigned first, unsigned count);
/* A frame put together from its buffers; 0: none. */
unsigned netfront_receive(struct netfront *f, uint8_t *data, unsigned max, unsigned *flags,
			  struct netif_extra_info *extra);

/* An Ethernet, IPv4 and TCP header with the sum of its pseudo header, for a packet of that length. */
void netfront_tcp_headers(uint8_t *data, unsigned to, unsigned from, unsigned length);
/* The same with IPv6. */
void netfront_tcp6_headers(uint8_t *data, unsigned to, unsigned from, unsigned length);
