// SPDX-License-Identifier: MIT
// Two guests do what they like with their rings and pages, also while requests are parsed. A third one
// behaves: whatever it receives comes from an address that a guest may send from, and is complete. The back end
// reads and writes nothing that is not granted (the sanitizers watch), holds a bounded number of packets, and
// gives all of them back.
#include <stdlib.h>
#include <string.h>

#include "tests/host/dom0.h"
#include "tests/host/netfront.h"

#define HOSTILE 2u
#define HONEST 2u
#define RING_BYTES 4096u
#define EVENTS 64u

static const uint8_t *input;
static size_t left;

static uint8_t byte(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

static unsigned word(void)
{
	unsigned low = byte();

	return low | (unsigned)byte() << 8;
}

static void check(bool good)
{
	if (!good)
		abort();
}

/* Overwrites some bytes of a ring, its indexes included. */
static void scribble(void)
{
	struct netfront *f = &netfronts[byte() % HOSTILE];
	uint8_t *page = byte() & 1 ? f->tx_page : f->rx_page;
	unsigned at = word() % RING_BYTES, count = byte() % 16;

	while (count-- && at < RING_BYTES)
		page[at++] = byte();
}

static void meanwhile(void)
{
	if (byte() & 1)
		scribble();
}

static void add_request(struct netfront *f)
{
	unsigned what = byte();

	if (RING_FREE_REQUESTS(&f->tx) < 2 || f->tx.req_prod_pvt - f->tx.sring->rsp_prod > 250)
		return;
	if (what & 0x80)
		netfront_add_gso(f, 1 + (what & 1), word());
	else
		netfront_add_tx(f, byte(), what & 0x40 ? word() : 0, word() % 5000, what & 0x0f,
				what);
	if (what & 0x20)
		netfront_push_tx(f);
}

/* A packet that could be good, with headers that are nearly right. */
static void add_tcp(struct netfront *f)
{
	unsigned to = 1 + byte() % FRONTS, from = f == netfronts ? 1 : 2;
	bool v6 = byte() & 1;
	unsigned done = v6 ? 74 : 54, length = done + word() % 60000, ref = 10, i;
	bool gso = length > NET_FRAME_MAX;

	if (RING_FREE_REQUESTS(&f->tx) < 22 || f->tx.req_prod_pvt - f->tx.sring->rsp_prod > 230)
		return;
	(v6 ? netfront_tcp6_headers : netfront_tcp_headers)(f->pages[9], to, from, length);
	for (i = byte() % 4; i--;)
		f->pages[9][byte() % 80] = byte();
	netfront_add_tx(f, 9, 0, length,
			NETTXF_csum_blank | (gso ? NETTXF_extra_info : 0) |
				(length > done ? NETTXF_more_data : 0),
			1);
	if (gso)
		netfront_add_gso(f, v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4,
				 word() % 1500);
	for (; done < length; ref++) {
		unsigned size = length - done < NET_PAGE ? length - done : NET_PAGE;

		done += size;
		netfront_add_tx(f, ref, 0, size, done < length ? NETTXF_more_data : 0, ref);
	}
	netfront_push_tx(f);
}

static void honest_receives(void)
{
	static uint8_t frame[NET_PACKET_MAX];
	struct netfront *f = &netfronts[HONEST];
	struct netif_extra_info extra;
	unsigned flags, length;

	while (XEN_RING_NR_UNCONSUMED_RESPONSES(&f->rx)) {
		length = netfront_receive(f, frame, sizeof(frame), &flags, &extra);
		if (!length)
			continue;
		check(length >= NET_HEADER);
		check(!memcmp(frame + NET_MAC, netfronts[0].nb.port.mac, NET_MAC - 1) &&
		      (frame[11] == 1 || frame[11] == 2));
		check(length <= NET_FRAME_MAX || extra.type == XEN_NETIF_EXTRA_TYPE_GSO);
	}
	check(!f->nb.broken);
	/* A page for each place of the ring, so that none is posted twice. */
	while (f->rx.req_prod_pvt - f->rx.rsp_cons < 128)
		netfront_post_rx(f, f->rx.req_prod_pvt % 256, 1);
}

static void step(void)
{
	struct netfront *f = &netfronts[byte() % HOSTILE];

	switch (byte() % 12) {
	case 0:
	case 1:
		add_request(f);
		break;
	case 2:
	case 3:
		add_tcp(f);
		break;
	case 4:
		scribble();
		break;
	case 5:
		if (f->rx.req_prod_pvt - f->rx.sring->rsp_prod < 200)
			netfront_post_rx(f, byte(), 1 + byte() % 32);
		break;
	case 6:
		f->revoked[byte()] = !(byte() & 3);
		break;
	case 7:
		f->read_only[byte()] = byte() & 1;
		break;
	case 8:
		f->nb.port.features = NET_DIRECT | (byte() & (NET_CSUM | NET_TSO4 | NET_CSUM6 |
							      NET_TSO6 | NET_SG));
		break;
	case 9:
		host_loop_advance((uint64_t)word() * 100000);
		netback_rx_serve(&f->nb, loop_now());
		break;
	default:
		if (!f->nb.broken)
			check(netfront_turns(f, EVENTS) <= EVENTS + 1);
		honest_receives();
		break;
	}
	check(f->nb.queue_count <= RX_QUEUE_PACKETS && f->nb.queue_bytes <= RX_QUEUE_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	left = size;
	netfront_begin();
	netfront_meanwhile = meanwhile;
	honest_receives();
	while (left)
		step();
	netfront_meanwhile = NULL;
	netfront_end();
	check(!net_packets_used());
	return 0;
}
