/* SPDX-License-Identifier: MIT */
/* The driver of virtio network cards with a card that is the test's: it may write anything into the rings. */
#include "tests/unit/virtio_net_test.h"

/* ---- start ---- */

static void test_start(void **state)
{
	struct chain chain;

	(void)state;
	assert_memory_equal(port->mac, "\x52\x54\x00\x12\x34\x56", 6);
	assert_true(port->features & NET_TSO4);
	assert_int_equal(card->header_bytes, 12);
	/* It asked for all addresses. */
	assert_true(take(VIRTIO_NET_CONTROL, &chain));
	assert_int_equal(chain.count, 3);
	assert_memory_equal((void *)(uintptr_t)chain.desc[0]->address, "\0\0", 2);
	assert_memory_equal((void *)(uintptr_t)chain.desc[1]->address, "\1", 1);
	assert_int_equal(nr_logs, 1);
	*(uint8_t *)(uintptr_t)chain.desc[2]->address = 1;
	finish(VIRTIO_NET_CONTROL, chain.head, 1);
	host_loop_advance(SECOND);
	assert_int_equal(nr_logs, 2);
	assert_non_null(strstr(last_log, "its own address only"));
}

/* ---- receiving ---- */

static void test_receive(void **state)
{
	(void)state;
	put_in_one((struct virtio_net_header){ 0 }, 60);
	put_in_one((struct virtio_net_header){ .flags = VIRTIO_NET_HDR_DATA_VALID }, 1514);
	put_in_one((struct virtio_net_header){ .flags = VIRTIO_NET_HDR_NEEDS_CSUM,
					       .csum_start = 34,
					       .csum_offset = 16 },
		   1514);
	run();
	assert_int_equal(nr_kept, 3);
	assert_int_equal(kept[0]->length, 60);
	assert_memory_equal(kept[0]->data, frame, 60);
	assert_false(kept[0]->csum_valid || kept[0]->csum_blank);
	assert_true(kept[1]->csum_valid);
	assert_true(kept[2]->csum_blank);
	assert_int_equal(kept[2]->csum_start + kept[2]->csum_offset, 50);
}

static void test_receive_merged(void **state)
{
	struct virtio_net_header header = { .flags = VIRTIO_NET_HDR_NEEDS_CSUM,
					    .gso_type = VIRTIO_NET_GSO_TCPV4,
					    .gso_size = 1448,
					    .csum_start = 34,
					    .csum_offset = 16,
					    .nr_buffers = 16 };

	(void)state;
	put_in(header, frame, 65535, NET_PAGE);
	header.nr_buffers = 3;
	put_in(header, frame, 2010, 1000);
	run();
	assert_int_equal(nr_kept, 2);
	assert_int_equal(kept[0]->length, 65535);
	assert_memory_equal(kept[0]->data, frame, 65535);
	assert_int_equal(kept[0]->gso, NET_GSO_TCPV4);
	assert_int_equal(kept[0]->gso_size, 1448);
	assert_int_equal(kept[1]->length, 2010);
	assert_memory_equal(kept[1]->data, frame, 2010);
	assert_int_equal(packets_out, RX_BUFFERS + 2);
}

/* Headers that contradict the frame or the agreed features cost the frame. */
static void test_receive_bad(void **state)
{
	static const struct virtio_net_header bad[] = {
		{ .flags = 1, .csum_start = 1513, .csum_offset = 0 },
		{ .flags = 1, .csum_start = 34, .csum_offset = 0xffff },
		{ .flags = 1, .csum_start = 0, .csum_offset = 16 },
		{ .gso_type = VIRTIO_NET_GSO_TCPV4, .gso_size = 1448 },
		{ .flags = 1, .gso_type = VIRTIO_NET_GSO_TCPV4, .csum_start = 34 },
		{ .flags = 1, .gso_type = 3, .gso_size = 1448, .csum_start = 34 },
		{ .flags = 1, .gso_type = 0xff, .gso_size = 1448, .csum_start = 34 },
	};
	uint64_t errors = port->received.errors;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_in_one(bad[i], 1514);
		run();
		assert_int_equal(nr_kept, 0);
		assert_int_equal(port->received.errors - errors, i + 1);
	}
	put_in_one((struct virtio_net_header){ 0 }, 13);
	put_in_one((struct virtio_net_header){ 0 }, 0);
	run();
	assert_int_equal(port->received.errors - errors, i + 2);
	assert_int_equal(nr_stops, 0);
}

static void test_receive_without_memory(void **state)
{
	uint64_t dropped = port->received.dropped;
	unsigned i;

	(void)state;
	packets_limit = RX_BUFFERS + 2;
	for (i = 0; i < 10; i++)
		put_in_one((struct virtio_net_header){ 0 }, 60);
	put_in((struct virtio_net_header){ .nr_buffers = 3 }, frame, 9000, NET_PAGE);
	run();
	assert_int_equal(nr_kept, 2);
	assert_int_equal(port->received.dropped - dropped, 9);
	drop_kept();
	put_in_one((struct virtio_net_header){ 0 }, 60);
	run();
	assert_int_equal(nr_kept, 1);
}

/* ---- cards that break the rules: they are reset, and work again ---- */

static void assert_reset(unsigned stops)
{
	assert_true(card->nic.broken);
	assert_int_equal(nr_kept, 0);
	wait_for_reset();
	assert_false(card->nic.broken);
	assert_int_equal(nr_stops, stops + 1);
	assert_int_equal(packets_out, RX_BUFFERS);
	put_in_one((struct virtio_net_header){ 0 }, 60);
	run();
	assert_int_equal(nr_kept, 1);
	drop_kept();
}

static void test_frame_without_end(void **state)
{
	struct virtio_net_header header = { .nr_buffers = 5 };
	unsigned stops = nr_stops;

	(void)state;
	put_in(header, frame, 9000, NET_PAGE);
	run();
	assert_reset(stops++);
	header.nr_buffers = 0;
	put_in(header, frame, 60, NET_PAGE);
	run();
	assert_reset(stops++);
	header.nr_buffers = 0xffff;
	put_in(header, frame, 60, NET_PAGE);
	run();
	assert_reset(stops++);
}

static void test_bad_used_entries(void **state)
{
	unsigned stops = nr_stops;
	struct chain chain;

	(void)state;
	finish(VIRTIO_NET_RX, 0xffffffff, 100);
	run();
	assert_reset(stops++);
	assert_true(take(VIRTIO_NET_RX, &chain));
	finish(VIRTIO_NET_RX, chain.head, NET_PAGE + 13);
	run();
	assert_reset(stops++);
	assert_true(take(VIRTIO_NET_RX, &chain));
	finish(VIRTIO_NET_RX, chain.head, 5);
	run();
	assert_reset(stops++);
	transmit(make_packet(60));
	finish(VIRTIO_NET_TX, 12345, 0);
	host_loop_advance(SECOND);
	assert_true(nr_stops == stops + 1 || card->nic.broken);
	wait_for_reset();
	assert_false(card->nic.broken);
	queues[VIRTIO_NET_RX]->used[1] += 1000;
	stops = nr_stops;
	run();
	assert_reset(stops);
}

static void test_stuck(void **state)
{
	uint64_t errors = port->sent.errors;
	unsigned stops = nr_stops, i;

	(void)state;
	for (i = 0; i < 10; i++)
		transmit(make_packet(1514));
	host_loop_advance(SECOND);
	assert_int_equal(nr_stops, stops);
	wait_for_reset();
	assert_int_equal(nr_stops, stops + 1);
	assert_int_equal(port->sent.errors - errors, 10);
	assert_string_equal(last_log, "eth0: sends nothing, is reset");
}

/* The card says that it cannot go on; resetting it works only after a while. */
static void test_failed(void **state)
{
	unsigned stops = nr_stops;

	(void)state;
	failed = cannot_restart = true;
	isr = VIRTIO_ISR_CONFIG;
	interrupt();
	assert_true(card->nic.broken);
	transmit(make_packet(60));
	wait_for_reset();
	assert_true(card->nic.broken);
	assert_in_range(nr_stops - stops, 1, 5);
	cannot_restart = false;
	wait_for_reset();
	wait_for_reset();
	assert_false(card->nic.broken);
}

static void test_link(void **state)
{
	uint64_t dropped = port->sent.dropped;

	(void)state;
	status = 0;
	isr = VIRTIO_ISR_CONFIG;
	interrupt();
	assert_false(card->nic.link);
	transmit(make_packet(60));
	assert_int_equal(port->sent.dropped - dropped, 1);
	status = 1;
	host_loop_advance(SECOND);
	assert_true(card->nic.link);
}

/* ---- sending ---- */

static struct virtio_net_header sent_header(const struct chain *chain)
{
	struct virtio_net_header header;

	assert_int_equal(chain->desc[0]->length, 12);
	memcpy(&header, (void *)(uintptr_t)chain->desc[0]->address, sizeof(header));
	return header;
}

static void test_send(void **state)
{
	struct net_packet *packet = make_tcp(20000, 1448);
	struct virtio_net_header header;
	struct chain chain;

	(void)state;
	transmit(make_packet(1514));
	transmit(packet);
	assert_true(take(VIRTIO_NET_TX, &chain));
	assert_int_equal(chain.count, 2);
	assert_int_equal(chain.desc[1]->length, 1514);
	header = sent_header(&chain);
	assert_int_equal(header.flags | header.gso_type, 0);
	finish(VIRTIO_NET_TX, chain.head, 0);
	assert_true(take(VIRTIO_NET_TX, &chain));
	assert_int_equal(chain.count, 1 + 5);
	assert_int_equal(chain.desc[5]->address, (uintptr_t)packet->data + 4 * NET_PAGE);
	assert_int_equal(chain.desc[5]->length, 20000 - 4 * NET_PAGE);
	header = sent_header(&chain);
	assert_int_equal(header.flags, VIRTIO_NET_HDR_NEEDS_CSUM);
	assert_int_equal(header.gso_type, VIRTIO_NET_GSO_TCPV4);
	assert_int_equal(header.gso_size, 1448);
	assert_int_equal(header.header_length, 54);
	assert_int_equal(header.csum_start, 34);
	assert_int_equal(header.csum_offset, 16);
	finish(VIRTIO_NET_TX, chain.head, 0);
}

static void test_send_bad(void **state)
{
	uint64_t errors = port->sent.errors;
	struct net_packet *bad[] = { make_packet(13),	 make_packet(1519),  make_tcp(1000, 0),
				     make_tcp(2000, 1),	 make_tcp(54, 1448), make_tcp(2000, 500),
				     make_tcp(2000, 500) };
	struct chain chain;
	unsigned i;

	(void)state;
	bad[2]->csum_start = 999;
	bad[5]->data[46] = 0x40;
	bad[6]->csum_blank = false;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		transmit(bad[i]);
		assert_int_equal(port->sent.errors - errors, i + 1);
	}
	assert_false(take(VIRTIO_NET_TX, &chain));
}

static void test_send_full(void **state)
{
	uint64_t dropped = port->sent.dropped;
	unsigned i;

	(void)state;
	for (i = 0; i < 200; i++)
		transmit(make_packet(60));
	assert_in_range(port->sent.dropped - dropped, 200 - RING, 200 - RING / 4);
	dropped = port->sent.dropped;
	for (i = 0; i < 1000; i++) {
		send_all();
		transmit(make_tcp(65000, 1448));
	}
	assert_int_equal(port->sent.dropped, dropped);
}

/* Anything at all in what the card may write. */
static void test_random_card(void **state)
{
	unsigned round, i, j;

	(void)state;
	for (round = 0; round < 2000; round++) {
		struct chain chain;

		for (i = 0; i < 8 && take(VIRTIO_NET_RX, &chain); i++) {
			uint8_t *header = (uint8_t *)(uintptr_t)chain.desc[0]->address;

			for (j = 0; j < 12; j++)
				header[j] = next_random() % 3 ? (uint8_t)(next_random() % 4)
							      : (uint8_t)next_random();
			finish(VIRTIO_NET_RX,
			       next_random() % 40 ? chain.head : next_random() % RING,
			       next_random() % (NET_PAGE + 12 + !(next_random() % 20)));
		}
		transmit(make_tcp(60 + next_random() % 60000, 1448));
		if (next_random() % 4)
			send_all();
		if (!(next_random() % 50))
			queues[next_random() % 2]->used[1] = (uint16_t)next_random();
		packets_limit = next_random() % 2 ? 0 : packets_out + 3;
		run();
		packets_limit = 0;
		drop_kept();
		assert_true(packets_out <= RX_BUFFERS + RING);
		if (card->nic.broken || next_random() % 100 == 0)
			wait_for_reset();
		assert_false(card->nic.broken);
	}
}

/* A second card offers segments but no buffers that merge: segments are not agreed on. */
static void test_without_merging(void **state)
{
	struct net_port *first = port;

	(void)state;
	offered = ALL_FEATURES & ~BIT(MRG_RXBUF) & ~VIRTIO_BIT(VIRTIO_F_VERSION_1) & ~BIT(CTRL_VQ) &
		  ~BIT(CSUM);
	memset(queues, 0, sizeof(queues));
	assert_int_equal(virtio_net_driver.probe(&pci), 0);
	assert_int_equal(((struct virtio_net *)port->driver)->header_bytes, 10);
	assert_int_equal(((struct virtio_net *)port->driver)->device.features &
				 (BIT(GUEST_TSO4) | BIT(GUEST_TSO6)),
			 0);
	assert_int_equal(port->features, NET_SG);
	port = first;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, begin, end)
		TEST(start),
		TEST(receive),
		TEST(receive_merged),
		TEST(receive_bad),
		TEST(receive_without_memory),
		TEST(frame_without_end),
		TEST(bad_used_entries),
		TEST(stuck),
		TEST(failed),
		TEST(link),
		TEST(send),
		TEST(send_bad),
		TEST(send_full),
		TEST(random_card),
		cmocka_unit_test(test_without_merging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
