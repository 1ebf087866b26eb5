// SPDX-License-Identifier: MIT
// What one guest's interface may take from others (dom0/net/netback*.c): work, memory, bytes a second.
#include "tests/host/cmocka_all.h"

#include <string.h>

#include "tests/host/dom0.h"
#include "tests/host/netfront.h"

#define NONE (-100)
#define BIG 40000u

static struct netfront *const a = &netfronts[0], *const b = &netfronts[1];
static uint8_t frame[NET_PACKET_MAX];
static const uint8_t everybody[NET_MAC] = { 255, 255, 255, 255, 255, 255 };

static int begin(void **state)
{
	(void)state;
	netfront_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	netfront_end();
	assert_int_equal(net_packets_used(), 0);
	return 0;
}

static unsigned receive(struct netfront *f)
{
	struct netif_extra_info extra;
	unsigned flags;

	return netfront_receive(f, frame, sizeof(frame), &flags, &extra);
}

static void turn_is_bounded(void **state)
{
	unsigned i;

	(void)state;
	netfront_post_rx(b, 100, 200);
	for (i = 0; i < 200; i++)
		netfront_send(a, i, b->nb.port.mac, 60, 1);
	assert_int_equal(netback_tx_turn(&a->nb, 0), TX_MORE);
	assert_int_equal(a->nb.rings.tx.req_cons, TX_TURN_PACKETS);
	netfront_turns(a, 10);
	for (i = 0; i < 200; i++)
		assert_int_equal(receive(b), 60);
}

static void broadcasts_cost_turns(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 128; i++)
		netfront_send(a, i, everybody, 60, 1);
	/* Each goes to two: a turn of 64 is followed by one that only waits. */
	assert_int_equal(netfront_turns(a, 20), 3);
	assert_int_equal(netfront_tx_status(a, NULL), NETIF_RSP_OKAY);
}

static void who_takes_nothing_holds_little(void **state)
{
	unsigned i, round;

	(void)state;
	for (round = 0; round < 40; round++) {
		for (i = 0; i < 50; i++)
			netfront_send(a, i, b->nb.port.mac, 60, 1);
		netfront_turns(a, 10);
		while (netfront_tx_status(a, NULL) != NONE)
			;
	}
	assert_true(b->nb.queue_count <= RX_QUEUE_PACKETS);
	assert_true(b->nb.queue_bytes <= RX_QUEUE_BYTES);
	assert_true(netback_rx_serve(&b->nb, 1000));
	assert_false(netback_rx_serve(&b->nb, 2 * RX_STALL_NS));
	assert_int_equal(b->nb.queue_count, 0);
	/* From now on nothing is kept, until it takes something again. */
	netfront_send(a, 1, b->nb.port.mac, 60, 1);
	netfront_turns(a, 1);
	assert_int_equal(b->nb.queue_count, 0);
	netfront_post_rx(b, 100, 1);
	netfront_send(a, 1, b->nb.port.mac, 62, 1);
	netfront_turns(a, 1);
	assert_int_equal(receive(b), 62);
	netfront_send(a, 1, b->nb.port.mac, 63, 1);
	netfront_turns(a, 1);
	assert_int_equal(b->nb.queue_count, 1);
}

/* Sends until the receiver, who posts no buffers, keeps no more; returns how many it keeps. */
static unsigned fill_queue(const uint8_t *to, unsigned length)
{
	unsigned i, before;

	do {
		before = b->nb.queue_count;
		for (i = 0; i < 32; i++)
			netfront_send(a, i, to, length, 1);
		netfront_turns(a, 10);
		while (netfront_tx_status(a, NULL) != NONE)
			;
	} while (b->nb.queue_count != before);
	return before;
}

/* One frame takes a page here, however short it is: the bytes run out before the packets do. */
static void queue_is_bounded_in_bytes(void **state)
{
	unsigned most = RX_QUEUE_BYTES / NET_PAGE;
	uint64_t lost;

	(void)state;
	assert_true(most < RX_QUEUE_PACKETS);
	assert_int_equal(fill_queue(everybody, 60), most / 2);
	assert_int_equal(fill_queue(b->nb.port.mac, 60), most);
	assert_int_equal(b->nb.queue_bytes, RX_QUEUE_BYTES);
	lost = b->nb.port.sent.dropped;
	assert_true(lost > 0);
	netfront_send(a, 1, b->nb.port.mac, 60, 1);
	netfront_turns(a, 1);
	assert_int_equal(b->nb.port.sent.dropped, lost + 1);
	/* What was kept arrives, and then there is room again. */
	netfront_post_rx(b, 0, 256);
	assert_false(netback_rx_serve(&b->nb, 1));
	assert_int_equal(b->nb.port.sent.packets, most);
	assert_int_equal(b->nb.queue_bytes, 0);
}

/* A TCP packet to b that is to be cut. */
static void send_long(unsigned length)
{
	unsigned done = 54, ref = 20, size;

	netfront_tcp_headers(a->pages[10], 2, 1, length);
	netfront_add_tx(a, 10, 0, length, NETTXF_csum_blank | NETTXF_extra_info | NETTXF_more_data,
			10);
	netfront_add_gso(a, XEN_NETIF_GSO_TYPE_TCPV4, 1400);
	for (; done < length; done += size) {
		size = length - done < NET_PAGE ? length - done : NET_PAGE;
		netfront_add_tx(a, ref++, 0, size, done + size < length ? NETTXF_more_data : 0, 1);
	}
	netfront_push_tx(a);
}

/* A long packet counts as what it holds; a shorter one that still fits is kept. */
static void queue_counts_long_packets(void **state)
{
	unsigned count = 0;

	(void)state;
	do {
		count = b->nb.queue_count;
		send_long(BIG);
		netfront_turns(a, 1);
		while (netfront_tx_status(a, NULL) != NONE)
			;
	} while (b->nb.queue_count > count);
	assert_int_equal(count, RX_QUEUE_BYTES / b->nb.queue[0]->capacity);
	assert_true(b->nb.queue_bytes <= RX_QUEUE_BYTES);
	netfront_send(a, 1, b->nb.port.mac, 60, 1);
	netfront_turns(a, 1);
	assert_int_equal(b->nb.queue_count, count + 1);
}

static void rate_is_kept(void **state)
{
	unsigned i, id;

	(void)state;
	rate_init(&a->nb.rate, 1000, 50000000, 0);
	for (i = 0; i < 100; i++)
		netfront_send(a, i, b->nb.port.mac, 500, 1);
	assert_int_equal(netback_tx_turn(&a->nb, 0), TX_WAIT);
	assert_int_equal(a->nb.rings.tx.req_cons, 2);
	assert_int_equal(netback_tx_turn(&a->nb, 49999999), TX_WAIT);
	assert_int_equal(a->nb.rings.tx.req_cons, 2);
	assert_int_equal(netback_tx_turn(&a->nb, 50000000), TX_WAIT);
	assert_int_equal(a->nb.rings.tx.req_cons, 4);
	/* Time that was not used gives no more than one interval's bytes. */
	assert_int_equal(netback_tx_turn(&a->nb, 1000000000), TX_WAIT);
	assert_int_equal(a->nb.rings.tx.req_cons, 6);
	assert_int_equal(netfront_tx_status(a, &id), NETIF_RSP_OKAY);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	static const struct CMUnitTest tests[] = {
		T(turn_is_bounded),
		T(broadcasts_cost_turns),
		T(who_takes_nothing_holds_little),
		T(queue_is_bounded_in_bytes),
		T(queue_counts_long_packets),
		T(rate_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
