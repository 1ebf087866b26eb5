// SPDX-License-Identifier: MIT
// Rings of guests' network interfaces (dom0/net/netback*.c), with front ends that behave and others.
#include "tests/host/cmocka_all.h"

#include <string.h>

#include "dom0/net/bridge.h"
#include "dom0/net/headers.h"
#include "tests/host/dom0.h"
#include "tests/host/netfront.h"

#define NONE (-100)
#define BIG 40000u

static struct netfront *const a = &netfronts[0], *const b = &netfronts[1], *const c = &netfronts[2];
static uint8_t frame[NET_PACKET_MAX], sent[NET_PACKET_MAX];
static unsigned flags;
static struct netif_extra_info extra;
static const uint8_t everybody[NET_MAC] = { 255, 255, 255, 255, 255, 255 };

static uint8_t version;	      /* of IP, as an extra info has it */
static unsigned first_offset; /* of a long packet's data in their page */

static int begin(void **state)
{
	(void)state;
	version = XEN_NETIF_GSO_TYPE_TCPV4;
	first_offset = 1000;
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
	return netfront_receive(f, frame, sizeof(frame), &flags, &extra);
}

/* ---- frames ---- */

static void frame_arrives(void **state)
{
	unsigned id;

	(void)state;
	netfront_post_rx(b, 100, 4);
	netfront_send(a, 5, b->nb.port.mac, 60, 0xaa);
	netfront_turns(a, 1);
	assert_int_equal(receive(b), 60);
	assert_memory_equal(frame + NET_MAC, a->nb.port.mac, NET_MAC);
	assert_int_equal(frame[59], 0xaa);
	assert_int_equal(flags, 0);
	assert_int_equal(netfront_tx_status(a, &id), NETIF_RSP_OKAY);
	assert_int_equal(id, 5);
	assert_int_equal(netfront_tx_status(a, NULL), NONE);
	assert_true(a->events && b->events);
	assert_int_equal(receive(c), 0);
	assert_int_equal(netfront_hypercalls, 2);
}

static void many_frames_take_two_hypercalls(void **state)
{
	unsigned i;

	(void)state;
	netfront_post_rx(b, 100, 64);
	for (i = 0; i < 20; i++)
		netfront_send(a, i, b->nb.port.mac, 100 + i, (uint8_t)i);
	netfront_turns(a, 1);
	for (i = 0; i < 20; i++) {
		assert_int_equal(receive(b), 100 + i);
		assert_int_equal(frame[99], i);
	}
	assert_int_equal(netfront_hypercalls, 2);
}

static void broadcast_reaches_the_others(void **state)
{
	(void)state;
	netfront_post_rx(a, 100, 4);
	netfront_post_rx(b, 100, 4);
	netfront_post_rx(c, 100, 4);
	netfront_send(a, 1, everybody, 60, 1);
	netfront_turns(a, 1);
	assert_int_equal(receive(a), 0);
	assert_int_equal(receive(b), 60);
	assert_int_equal(receive(c), 60);
}

static void foreign_source_is_dropped(void **state)
{
	(void)state;
	netfront_post_rx(b, 100, 4);
	netfront_send(a, 1, b->nb.port.mac, 60, 1);
	a->pages[1][NET_MAC + 5] = 0x77;
	netfront_turns(a, 1);
	assert_int_equal(receive(b), 0);
	assert_int_equal(a->nb.port.received.dropped, 1);
	assert_int_equal(netfront_tx_status(a, NULL), NETIF_RSP_OKAY);
}

/* ---- long packets ---- */

/* Headers in a buffer of their own, then data in buffers that begin in the middle of a page. */
static unsigned send_tcp(struct netfront *f, unsigned to, unsigned from, unsigned length,
			 unsigned head)
{
	unsigned i, done = head, ref = 20, slots = 1;

	for (i = 54; i < length; i++)
		sent[i] = (uint8_t)(i * 7 + i / 256);
	if (version == XEN_NETIF_GSO_TYPE_TCPV4)
		netfront_tcp_headers(sent, to, from, length);
	else
		netfront_tcp6_headers(sent, to, from, length);
	memcpy(f->pages[10] + 100, sent, head);
	netfront_add_tx(f, 10, 100, length,
			NETTXF_csum_blank | NETTXF_extra_info | NETTXF_more_data, 10);
	netfront_add_gso(f, version, 1400);
	while (done < length) {
		unsigned offset = ref == 20 ? first_offset : 0;
		unsigned size = length - done < NET_PAGE - offset ? length - done
								  : NET_PAGE - offset;

		memcpy(f->pages[ref] + offset, sent + done, size);
		done += size;
		netfront_add_tx(f, ref, offset, size, done < length ? NETTXF_more_data : 0, ref);
		ref++;
		slots++;
	}
	netfront_push_tx(f);
	return slots;
}

static void check_big(struct netfront *f, unsigned length)
{
	assert_int_equal(receive(f), length);
	assert_memory_equal(frame, sent, length);
	assert_int_equal(flags & (NETRXF_csum_blank | NETRXF_extra_info),
			 NETRXF_csum_blank | NETRXF_extra_info);
	assert_int_equal(extra.u.gso.size, 1400);
	assert_int_equal(extra.u.gso.type, version);
}

static void big_packet_goes_from_guest_to_guest(void **state)
{
	unsigned slots, i;

	(void)state;
	netfront_post_rx(b, 100, 64);
	slots = send_tcp(a, 2, 1, BIG, 66);
	netfront_turns(a, 1);
	check_big(b, BIG);
	/* One copy for each buffer, and the headers' way in; the headers share a buffer with the first bytes. */
	assert_int_equal(netfront_copies, slots + 1);
	assert_int_equal(b->rx.rsp_cons, slots);
	assert_memory_equal(b->pages[100] + 1000 - 66, sent, 66 + NET_PAGE - 1000);
	assert_memory_equal(b->pages[102], sent + 66 + NET_PAGE - 1000, NET_PAGE);
	assert_int_equal(netfront_tx_status(a, NULL), NETIF_RSP_OKAY);
	assert_int_equal(netfront_tx_status(a, NULL), NETIF_RSP_NULL);
	for (i = 1; i < slots; i++)
		assert_int_equal(netfront_tx_status(a, NULL), NETIF_RSP_OKAY);
	assert_int_equal(netfront_tx_status(a, NULL), NONE);
}

/* Where the sender's first bytes have no room before them, the headers have a buffer of their own. */
static void headers_without_room(void **state)
{
	unsigned slots;

	(void)state;
	first_offset = 65;
	netfront_post_rx(b, 100, 64);
	slots = send_tcp(a, 2, 1, BIG, 66);
	netfront_turns(a, 1);
	check_big(b, BIG);
	assert_int_equal(b->rx.rsp_cons, slots + 1);
	assert_memory_equal(b->pages[100], sent, 66);
	first_offset = 66;
	netfront_post_rx(b, 164, 64);
	slots = send_tcp(a, 2, 1, BIG, 66);
	netfront_turns(a, 1);
	check_big(b, BIG);
	assert_memory_equal(b->pages[b->rx.rsp_cons - slots + 100], sent, NET_PAGE);
}

static void big_packets_of_ipv6(void **state)
{
	unsigned count = 0, length;

	(void)state;
	version = XEN_NETIF_GSO_TYPE_TCPV6;
	netfront_post_rx(b, 100, 100);
	send_tcp(a, 2, 1, BIG, 86);
	netfront_turns(a, 1);
	check_big(b, BIG);
	b->nb.port.features = NET_DIRECT | NET_SG | NET_CSUM | NET_TSO4;
	while (netfront_tx_status(a, NULL) != NONE)
		;
	send_tcp(a, 2, 1, BIG, 86);
	netfront_turns(a, 1);
	for (; (length = receive(b)); count++) {
		assert_int_equal(get16(frame + NET_HEADER + IPV6_PAYLOAD),
				 length - NET_HEADER - IPV6_HEADER);
		assert_int_equal(flags, NETRXF_data_validated);
		assert_memory_equal(frame + 74, sent + 74 + 1400 * count, length - 74);
	}
	assert_int_equal(count, (BIG - 74 + 1399) / 1400);
}

static void headers_may_be_spread(void **state)
{
	(void)state;
	netfront_post_rx(b, 100, 64);
	send_tcp(a, 2, 1, BIG, 20);
	netfront_turns(a, 1);
	check_big(b, BIG);
}

static void big_packet_waits_for_buffers(void **state)
{
	unsigned i;

	(void)state;
	netfront_post_rx(b, 100, 3);
	send_tcp(a, 2, 1, BIG, 66);
	netfront_turns(a, 1);
	assert_int_equal(receive(b), 0);
	/* The sender has its buffers back and writes other things into them. */
	assert_int_equal(netfront_tx_status(a, NULL), NETIF_RSP_OKAY);
	for (i = 10; i < 40; i++)
		memset(a->pages[i], 0xee, NET_PAGE);
	netfront_post_rx(b, 103, 20);
	assert_false(netback_rx_serve(&b->nb, 1));
	check_big(b, BIG);
}

static void big_packet_is_cut_for_who_cannot(void **state)
{
	unsigned count = 0, total = 0, length;

	(void)state;
	b->nb.port.features = NET_DIRECT;
	netfront_post_rx(b, 100, 100);
	send_tcp(a, 2, 1, BIG, 66);
	netfront_turns(a, 1);
	while ((length = receive(b))) {
		const uint8_t *tcp = frame + NET_HEADER + IPV4_HEADER;

		assert_true(length <= NET_FRAME_MAX);
		assert_int_equal(get16(frame + NET_HEADER + IPV4_TOTAL), length - NET_HEADER);
		assert_int_equal((uint32_t)(get32(tcp + TCP_SEQUENCE) + 16), total);
		assert_memory_equal(frame + 54, sent + 54 + total, length - 54);
		total += length - 54;
		assert_int_equal(!!(tcp[TCP_FLAGS] & TCP_FIN), total == BIG - 54);
		assert_int_equal(!!(tcp[TCP_FLAGS] & TCP_CWR), !count);
		count++;
	}
	assert_int_equal(total, BIG - 54);
	assert_int_equal(count, (BIG - 54 + 1399) / 1400);
}

static void buffer_taken_back_in_the_middle(void **state)
{
	(void)state;
	netfront_post_rx(b, 100, 64);
	send_tcp(a, 2, 1, BIG, 66);
	a->revoked[22] = true;
	netfront_turns(a, 1);
	/* The receiver hears of a bad buffer, nobody reads what was not granted. */
	assert_int_equal(receive(b), 0);
	assert_null(a->nb.broken);
	assert_null(b->nb.broken);
}

static void receivers_read_only_buffer(void **state)
{
	(void)state;
	netfront_post_rx(b, 100, 2);
	b->read_only[100] = true;
	netfront_send(a, 1, b->nb.port.mac, 60, 1);
	netfront_send(a, 2, b->nb.port.mac, 61, 1);
	netfront_turns(a, 1);
	assert_int_equal(receive(b), 0);
	assert_int_equal(receive(b), 61);
}

/* A sum is missing, and the receiver wants it there. */
static void sum_is_computed_for_who_cannot(void **state)
{
	uint8_t pseudo[4];
	uint16_t sum;

	(void)state;
	b->nb.port.features = NET_DIRECT;
	netfront_post_rx(b, 100, 4);
	netfront_tcp_headers(a->pages[1], 2, 1, 777);
	netfront_add_tx(a, 1, 0, 777, NETTXF_csum_blank, 1);
	netfront_push_tx(a);
	netfront_turns(a, 1);
	assert_int_equal(receive(b), 777);
	assert_int_equal(flags, NETRXF_data_validated);
	put16(pseudo, 777 - 34);
	put16(pseudo + 2, PROTOCOL_TCP);
	sum = net_sum(frame + NET_HEADER + IPV4_ADDRESSES, 8, net_sum(pseudo, 4, 0));
	assert_int_equal(net_sum(frame + 34, 777 - 34, sum), 0xffff);
}

/* ---- front ends that do not behave ---- */

static void check_broken(struct netfront *f, const char *word)
{
	netfront_push_tx(f);
	netfront_turns(f, 4);
	assert_non_null(f->nb.broken);
	assert_non_null(strstr(f->nb.broken, word));
	/* Nothing is served any more. */
	netfront_post_rx(f, 100, 4);
	netfront_send(a == f ? b : a, 1, f->nb.port.mac, 60, 1);
	netfront_turns(a == f ? b : a, 1);
	assert_int_equal(receive(f), 0);
}

static void index_out_of_range(void **state)
{
	(void)state;
	a->tx.req_prod_pvt = 257;
	check_broken(a, "out of range");
}

static void rx_index_out_of_range(void **state)
{
	(void)state;
	b->rx.sring->req_prod = 1000;
	netfront_send(a, 1, b->nb.port.mac, 60, 1);
	netfront_turns(a, 1);
	assert_non_null(b->nb.broken);
	assert_null(a->nb.broken);
}

static void incomplete_packet(void **state)
{
	(void)state;
	netfront_add_tx(a, 1, 0, 200, NETTXF_more_data, 1);
	check_broken(a, "not complete");
}

static void too_many_buffers(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 19; i++)
		netfront_add_tx(a, 1, 0, i ? 1 : 4000, i < 18 ? NETTXF_more_data : 0, i);
	check_broken(a, "too many");
}

static void parts_larger_than_the_whole(void **state)
{
	(void)state;
	netfront_add_tx(a, 1, 0, 100, NETTXF_more_data, 1);
	netfront_add_tx(a, 2, 0, 101, 0, 2);
	check_broken(a, "smaller");
}

static void crossing_a_page(void **state)
{
	(void)state;
	netfront_add_tx(a, 1, 4000, 100, 0, 1);
	check_broken(a, "crosses");
}

static void unknown_extra(void **state)
{
	(void)state;
	netfront_add_tx(a, 1, 0, 100, NETTXF_extra_info, 1);
	memset(RING_GET_REQUEST(&a->tx, a->tx.req_prod_pvt++), 0xff, 8);
	check_broken(a, "no known type");
}

static void endless_extras(void **state)
{
	unsigned i;

	(void)state;
	netfront_add_tx(a, 1, 0, 100, NETTXF_extra_info, 1);
	for (i = 0; i < 10; i++) {
		struct netif_extra_info info = { .type = XEN_NETIF_EXTRA_TYPE_HASH,
						 .flags = XEN_NETIF_EXTRA_FLAG_MORE };

		memcpy(RING_GET_REQUEST(&a->tx, a->tx.req_prod_pvt++), &info, sizeof(info));
	}
	check_broken(a, "too many extra");
}

/* Packets that are nonsense but break no ring are answered, and go nowhere. */
static void nonsense_packets(void **state)
{
	(void)state;
	netfront_post_rx(b, 100, 64);
	netfront_add_tx(a, 1, 0, 10, 0, 1);
	netfront_add_tx(a, FRONT_PAGES + 5, 0, 100, 0, 2);
	netfront_tcp_headers(a->pages[3], 2, 1, 1000);
	put16(a->pages[3] + NET_HEADER + IPV4_TOTAL, 60000);
	netfront_add_tx(a, 3, 0, 1000, NETTXF_csum_blank, 3);
	netfront_tcp_headers(a->pages[4], 2, 1, 3000);
	netfront_add_tx(a, 4, 0, 3000, 0, 4);
	netfront_tcp_headers(a->pages[5], 2, 1, 3000);
	netfront_add_tx(a, 5, 0, 3000, NETTXF_csum_blank | NETTXF_extra_info, 5);
	netfront_add_gso(a, XEN_NETIF_GSO_TYPE_TCPV4, 1);
	netfront_tcp_headers(a->pages[6], 2, 1, 3000);
	netfront_add_tx(a, 6, 0, 3000, NETTXF_csum_blank | NETTXF_extra_info, 6);
	netfront_add_gso(a, XEN_NETIF_GSO_TYPE_TCPV6, 1000);
	netfront_push_tx(a);
	netfront_turns(a, 1);
	assert_null(a->nb.broken);
	assert_int_equal(receive(b), 0);
	assert_int_equal(a->nb.port.received.errors, 6);
	assert_int_equal(a->tx.sring->rsp_prod, 8);
}

/* The sender rewrites its headers once they were read: the receiver gets those that were checked. */
static void headers_are_read_once(void **state)
{
	(void)state;
	netfront_post_rx(b, 100, 3);
	send_tcp(a, 2, 1, BIG, 66);
	netfront_turns(a, 1);
	memset(a->pages[10], 0xff, NET_PAGE);
	netfront_post_rx(b, 103, 20);
	netback_rx_serve(&b->nb, 1);
	check_big(b, BIG);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	static const struct CMUnitTest tests[] = {
		T(frame_arrives),
		T(many_frames_take_two_hypercalls),
		T(broadcast_reaches_the_others),
		T(foreign_source_is_dropped),
		T(big_packet_goes_from_guest_to_guest),
		T(headers_without_room),
		T(big_packets_of_ipv6),
		T(headers_may_be_spread),
		T(big_packet_waits_for_buffers),
		T(big_packet_is_cut_for_who_cannot),
		T(buffer_taken_back_in_the_middle),
		T(receivers_read_only_buffer),
		T(sum_is_computed_for_who_cannot),
		T(index_out_of_range),
		T(rx_index_out_of_range),
		T(incomplete_packet),
		T(too_many_buffers),
		T(parts_larger_than_the_whole),
		T(crossing_a_page),
		T(unknown_extra),
		T(endless_extras),
		T(nonsense_packets),
		T(headers_are_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
