/* SPDX-License-Identifier: MIT */
/* The driver of Intel's 8254x with a card of memory: what it writes may be anything, and it may do nothing. */
#include "tests/unit/nic_test.h"

#include "dom0/drivers/e1000.h"

#define SECOND 1000000000ull
#define MEMORY_BYTES E1000_REGISTER_BYTES

static uint8_t registers[MEMORY_BYTES] __attribute__((aligned(4096)));
static struct e1000 *card;
static unsigned card_next; /* the card's place in the receive ring */

volatile void *pci_map(const struct pci_device *dev, unsigned bar, uint64_t offset, size_t length)
{
	(void)dev;
	return !bar && !offset && length <= sizeof(registers) ? registers : NULL;
}

static uint32_t *reg(unsigned offset)
{
	return (uint32_t *)(registers + offset);
}

static void plug_in(void)
{
	memset(registers, 0, sizeof(registers));
	*reg(E1000_STATUS) = E1000_STATUS_LU;
	*reg(E1000_RAL0) = 0x12005452;
	*reg(E1000_RAH0) = E1000_RAH_AV | 0x5634;
}

/* ---- the card ---- */

static struct e1000_rx_desc *rx_desc(unsigned index)
{
	return (struct e1000_rx_desc *)(uintptr_t)*reg(E1000_RDBAL) + index % E1000_RING;
}

static union e1000_tx_desc *tx_desc(unsigned index)
{
	return (union e1000_tx_desc *)(uintptr_t)*reg(E1000_TDBAL) + index % E1000_RING;
}

static void put_in(unsigned length, unsigned status, unsigned errors)
{
	struct e1000_rx_desc *desc = rx_desc(card_next++);

	memset((void *)(uintptr_t)desc->address, 0x5a, length < NET_PAGE ? length : NET_PAGE);
	desc->length = (uint16_t)length;
	desc->errors = (uint8_t)errors;
	desc->status = (uint8_t)(E1000_RXD_DD | status);
}

static void interrupt_and_run(void)
{
	*reg(E1000_ICR) = E1000_INT_RXT0;
	interrupt();
	*reg(E1000_ICR) = 0;
	assert_true(host_loop_run(100));
}

/* The card has sent all that it was told of. */
static void send_all(void)
{
	while (*reg(E1000_TDH) != *reg(E1000_TDT)) {
		tx_desc(*reg(E1000_TDH))->data.status |= E1000_TXS_DD;
		*reg(E1000_TDH) = (*reg(E1000_TDH) + 1) % E1000_RING;
	}
}

static void transmit(struct net_packet *packet)
{
	port->transmit(port, packet);
	port->flush(port);
}

/* ---- set-up: one card for all tests ---- */

static int setup(void **state)
{
	(void)state;
	nic_test_begin();
	if (card) {
		loop_timer_set(&card->nic.timer, 1, card->nic.timer.fn, card->nic.timer.arg);
		host_loop_advance(10 * SECOND);
		host_loop_run(100);
		return 0;
	}
	plug_in();
	if (e1000_driver.probe(&pci))
		return -1;
	card = (struct e1000 *)port->driver;
	host_loop_run(100);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	send_all();
	card->nic.ops->reclaim(&card->nic);
	drop_kept();
	assert_int_equal(packets_out, E1000_RING);
	return 0;
}

/* ---- probing ---- */

static void test_start(void **state)
{
	(void)state;
	assert_memory_equal(port->mac, "\x52\x54\x00\x12\x34\x56", 6);
	assert_true(card->nic.link);
	assert_int_equal(*reg(E1000_RDLEN), 4096);
	assert_int_equal(*reg(E1000_RDT), E1000_RING - 1);
	assert_true(*reg(E1000_RCTL) & E1000_RCTL_EN);
	assert_true(*reg(E1000_TCTL) & E1000_TCTL_EN);
}

/* Cards that cannot be driven are refused with a message. */
static void test_refused(void **state)
{
	static uint8_t saved[MEMORY_BYTES];

	(void)state;
	memcpy(saved, registers, sizeof(saved));
	plug_in();
	*reg(E1000_RAH0) = 0x5634;
	assert_int_not_equal(e1000_driver.probe(&pci), 0);
	assert_int_equal(nr_logs, 1);
	memset(registers, 0xff, sizeof(registers));
	assert_int_not_equal(e1000_driver.probe(&pci), 0);
	assert_int_equal(nr_logs, 2);
	memcpy(registers, saved, sizeof(saved));
}

/* ---- receiving ---- */

static void test_receive(void **state)
{
	(void)state;
	put_in(60, E1000_RXD_EOP, 0);
	put_in(1514, E1000_RXD_EOP | E1000_RXD_TCPCS, 0);
	put_in(1514, E1000_RXD_EOP | E1000_RXD_TCPCS | E1000_RXD_IXSM, 0);
	put_in(1514, E1000_RXD_EOP | E1000_RXD_TCPCS, 0x20);
	interrupt_and_run();
	assert_int_equal(nr_kept, 4);
	assert_int_equal(kept[0]->length, 60);
	assert_int_equal(kept[0]->data[59], 0x5a);
	assert_false(kept[0]->csum_valid);
	assert_true(kept[1]->csum_valid);
	assert_false(kept[2]->csum_valid);
	assert_false(kept[3]->csum_valid);
	assert_int_equal(*reg(E1000_RDT), card_next - 1);
}

static void test_receive_bad(void **state)
{
	uint64_t errors = port->received.errors;

	(void)state;
	put_in(0, E1000_RXD_EOP, 0);
	put_in(2049, E1000_RXD_EOP, 0);
	put_in(0xffff, E1000_RXD_EOP, 0);
	put_in(60, E1000_RXD_EOP, 0x01);
	put_in(60, E1000_RXD_EOP, 0x80);
	/* One that is too long for a buffer counts once. */
	put_in(2048, 0, 0);
	put_in(2048, 0, 0);
	put_in(100, E1000_RXD_EOP, 0);
	interrupt_and_run();
	assert_int_equal(nr_kept, 0);
	assert_int_equal(port->received.errors - errors, 6);
	put_in(60, E1000_RXD_EOP, 0);
	interrupt_and_run();
	assert_int_equal(nr_kept, 1);
}

/* Without memory for another packet the frame is lost, and the card keeps its buffer. */
static void test_receive_without_memory(void **state)
{
	uint64_t dropped = port->received.dropped;
	unsigned i;

	(void)state;
	packets_limit = E1000_RING + 3;
	for (i = 0; i < 10; i++)
		put_in(60, E1000_RXD_EOP, 0);
	interrupt_and_run();
	assert_int_equal(nr_kept, 3);
	assert_int_equal(port->received.dropped - dropped, 7);
	drop_kept();
	for (i = 0; i < 3; i++)
		put_in(60, E1000_RXD_EOP, 0);
	interrupt_and_run();
	assert_int_equal(nr_kept, 3);
}

/* A full ring is taken in piece by piece, with the card's interrupt masked until it is empty. */
static void test_receive_budget(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < E1000_RING - 1; i++)
		put_in(60, E1000_RXD_EOP, 0);
	*reg(E1000_ICR) = E1000_INT_RXT0;
	*reg(E1000_IMC) = *reg(E1000_IMS) = 0;
	assert_true(interrupt());
	assert_int_not_equal(*reg(E1000_IMC), 0);
	/* The card's cause is not one that it may interrupt for now. */
	assert_false(interrupt());
	host_loop_run(1);
	assert_in_range(nr_kept, 1, 64);
	assert_int_equal(*reg(E1000_IMS), 0);
	assert_true(host_loop_run(20));
	assert_int_equal(nr_kept, E1000_RING - 1);
	assert_int_not_equal(*reg(E1000_IMS), 0);
	*reg(E1000_ICR) = 0;
}

/* Frames without an interrupt are found, a little later. */
static void test_lost_interrupt(void **state)
{
	(void)state;
	put_in(60, E1000_RXD_EOP, 0);
	host_loop_advance(SECOND);
	host_loop_advance(SECOND / 10);
	host_loop_run(10);
	assert_int_equal(nr_kept, 1);
	assert_int_equal(nr_missed, 1);
}

/* ---- sending ---- */

static void test_send(void **state)
{
	struct net_packet *packet = make_packet(1514);
	unsigned first = card->tx.next;
	union e1000_tx_desc *desc = tx_desc(first);

	(void)state;
	transmit(packet);
	assert_int_equal(*reg(E1000_TDT), (first + 1) % E1000_RING);
	assert_int_equal(desc->data.address, (uintptr_t)packet->data);
	assert_int_equal(desc->data.command, 1514 | E1000_TXD_DATA | E1000_TXD_DEXT |
						     E1000_TXD_IFCS | E1000_TXD_EOP | E1000_TXD_RS);
	assert_int_equal(desc->data.options, 0);
	assert_int_equal(packets_out, E1000_RING + 1);
}

static void test_checksum(void **state)
{
	unsigned first = card->tx.next;
	struct net_packet *packet = make_tcp(1000, 0);

	(void)state;
	transmit(packet);
	assert_int_equal(tx_desc(first)->context.start, 34);
	assert_int_equal(tx_desc(first)->context.sum, 50);
	assert_int_equal(tx_desc(first)->context.command, E1000_TXD_DEXT);
	assert_int_equal(tx_desc(first + 1)->data.options, E1000_TXO_TCP_UDP);
	/* The same context is not said again. */
	transmit(make_tcp(500, 0));
	assert_int_equal(card->tx.next, (first + 3) % E1000_RING);
	assert_int_equal(tx_desc(first + 2)->data.options, E1000_TXO_TCP_UDP);
}

/* Headers in a copy, without lengths; what the packet has is left as it is. */
static void test_segments(void **state)
{
	struct net_packet *packet = make_tcp(20000, 1448);
	unsigned first = card->tx.next, i;
	union e1000_tx_desc *context = tx_desc(first), *headers = tx_desc(first + 1);
	const uint8_t *copy;
	uint8_t before[64];
	uint32_t bytes = 0;

	(void)state;
	memcpy(before, packet->data, sizeof(before));
	transmit(packet);
	assert_memory_equal(before, packet->data, sizeof(before));
	assert_int_equal(context->context.ip_start, 14);
	assert_int_equal(context->context.ip_sum, 24);
	assert_int_equal(context->context.ip_end, 33);
	assert_int_equal(context->context.header_length, 54);
	assert_int_equal(context->context.mss, 1448);
	assert_int_equal(context->context.command & 0xfffff, 20000 - 54);
	copy = (const uint8_t *)(uintptr_t)headers->data.address;
	assert_memory_equal(copy, before, 16);
	assert_memory_equal(copy + 16, "\0\0", 2);
	assert_memory_equal(copy + 24, "\0\0", 2);
	/* 0a00 + 0001 + 0a00 + 0002 + 6 */
	assert_memory_equal(copy + 50, "\x14\x09", 2);
	for (i = 1; first + i != card->tx.next; i++) {
		assert_true(tx_desc(first + i)->data.command & E1000_TXD_TSE);
		bytes += tx_desc(first + i)->data.command & 0xfffff;
	}
	assert_int_equal(bytes, 20000);
	assert_true(tx_desc(first + i - 1)->data.command & E1000_TXD_EOP);
}

/* Packets that are not what they say are counted and go nowhere. */
static void test_send_bad(void **state)
{
	uint64_t errors = port->sent.errors;
	unsigned next = card->tx.next;
	struct net_packet *bad[] = {
		make_packet(13),     make_packet(1519),	  make_tcp(1000, 0),  make_tcp(2000, 1),
		make_tcp(2000, 500), make_tcp(2000, 500), make_tcp(54, 1448), make_tcp(2000, 500),
		make_tcp(2000, 500), make_tcp(600, 0),
	};
	unsigned i;

	(void)state;
	bad[2]->csum_start = 999;
	bad[4]->gso = NET_GSO_TCPV6;
	bad[5]->data[14] = 0x46;
	bad[7]->data[46] = 0x40;
	bad[8]->csum_start = 1990;
	bad[9]->csum_start = 300;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		transmit(bad[i]);
		assert_int_equal(port->sent.errors - errors, i + 1);
	}
	assert_int_equal(card->tx.next, next);
}

/* The ring takes what it can; the rest is dropped until the card has sent something. */
static void test_send_full(void **state)
{
	uint64_t dropped = port->sent.dropped;
	unsigned i;

	(void)state;
	for (i = 0; i < 400; i++)
		transmit(make_packet(60));
	assert_in_range(port->sent.dropped - dropped, 400 - E1000_RING, 200);
	assert_in_range(packets_out, E1000_RING + 200, 2 * E1000_RING);
	dropped = port->sent.dropped;
	for (i = 0; i < 1000; i++) {
		send_all();
		transmit(make_tcp(65000, 1448));
	}
	assert_int_equal(port->sent.dropped, dropped);
}

/* ---- cards that fail ---- */

static void test_stuck(void **state)
{
	uint64_t errors = port->sent.errors;
	unsigned i;

	(void)state;
	for (i = 0; i < 10; i++)
		transmit(make_tcp(3000, 1000));
	host_loop_advance(SECOND);
	assert_int_equal(nr_logs, 0);
	for (i = 0; i < 6; i++)
		host_loop_advance(SECOND / 2);
	assert_int_equal(port->sent.errors - errors, 10);
	assert_int_equal(nr_logs, 1);
	assert_string_equal(last_log, "eth0: sends nothing, is reset");
	assert_int_equal(packets_out, E1000_RING);
	card_next = 0;
	put_in(60, E1000_RXD_EOP, 0);
	interrupt_and_run();
	assert_int_equal(nr_kept, 1);
}

static void test_link_down(void **state)
{
	uint64_t dropped = port->sent.dropped;

	(void)state;
	*reg(E1000_STATUS) = 0;
	*reg(E1000_ICR) = E1000_INT_LSC;
	assert_true(interrupt());
	*reg(E1000_ICR) = 0;
	assert_false(card->nic.link);
	transmit(make_packet(60));
	assert_int_equal(port->sent.dropped - dropped, 1);
	*reg(E1000_STATUS) = E1000_STATUS_LU;
	host_loop_advance(SECOND);
	assert_true(card->nic.link);
}

/* A card that was pulled out reads as ones. */
static void test_gone(void **state)
{
	static uint8_t saved[MEMORY_BYTES];
	unsigned i;

	(void)state;
	memcpy(saved, registers, sizeof(saved));
	memset(registers, 0xff, sizeof(registers));
	assert_false(interrupt());
	for (i = 0; i < 100; i++) {
		host_loop_advance(SECOND);
		assert_true(host_loop_run(10));
	}
	assert_true(card->nic.broken);
	assert_in_range(nr_logs, 1, 10);
	transmit(make_packet(60));
	memcpy(registers, saved, sizeof(saved));
	for (i = 0; i < 130; i++)
		host_loop_advance(SECOND);
	assert_false(card->nic.broken);
	card_next = 0;
}

/* Whatever is in the descriptors, addresses that the card was given are the driver's. */
static void test_random_descriptors(void **state)
{
	unsigned round, i, j;

	(void)state;
	for (round = 0; round < 300; round++) {
		for (i = 0; i < E1000_RING; i++)
			for (j = 0; j < 16; j++) {
				((uint8_t *)rx_desc(i))[j] = (uint8_t)next_random();
				if (next_random() % 4 == 0)
					((uint8_t *)tx_desc(i))[j] = (uint8_t)next_random();
			}
		for (i = 0; i < 20; i++)
			transmit(make_tcp(1000 + next_random() % 60000, 1448));
		packets_limit = next_random() % 2 ? 0 : packets_out + 20;
		*reg(E1000_ICR) = E1000_INT_RXT0;
		interrupt();
		host_loop_run(100);
		packets_limit = 0;
		assert_true(packets_out <= 2 * E1000_RING + nr_kept);
		drop_kept();
		host_loop_advance(SECOND);
	}
	*reg(E1000_ICR) = 0;
	card->nic.ops->reset(&card->nic);
	card_next = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
		TEST(start),
		TEST(refused),
		TEST(receive),
		TEST(receive_bad),
		TEST(receive_without_memory),
		TEST(receive_budget),
		TEST(lost_interrupt),
		TEST(send),
		TEST(checksum),
		TEST(segments),
		TEST(send_bad),
		TEST(send_full),
		TEST(stuck),
		TEST(link_down),
		TEST(gone),
		TEST(random_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
