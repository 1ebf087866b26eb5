/* SPDX-License-Identifier: MIT */
/*
 * A virtio network card that is the test's: what it offers, the transport that the driver calls, and both rings, into
 * which it may write anything. Included by one file of a test program.
 */
#pragma once

#include "tests/unit/nic_test.h"

#include "dom0/drivers/virtio_net.h"

#define SECOND 1000000000ull
#define RING 64u
#define RX_BUFFERS (RING / 2)
#define BIT(feature) VIRTIO_BIT(VIRTIO_NET_F_##feature)
#define ALL_FEATURES (~0ull)

static uint64_t offered = ALL_FEATURES;
static uint16_t status = 1; /* the link is up */
static uint8_t isr;
static bool failed, cannot_restart;
static unsigned nr_stops;
static struct vring *queues[VIRTIO_MAX_QUEUES];
static uint16_t taken[VIRTIO_MAX_QUEUES]; /* available entries that the card has looked at */
static struct virtio_net *card;

/* ---- the transport ---- */

static void ignore(void *arg)
{
	(void)arg;
}

int virtio_open(struct virtio_device *dev, struct pci_device *device, uint64_t wanted)
{
	dev->pci = device;
	dev->modern = true;
	dev->features = offered & (wanted | VIRTIO_BIT(VIRTIO_F_VERSION_1) |
				   VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC));
	return 0;
}

struct vring *virtio_add_queue(struct virtio_device *dev, unsigned index, unsigned max_size,
			       unsigned tables)
{
	struct vring *ring = calloc(1, sizeof(*ring));

	ring->size = max_size < RING ? max_size : RING;
	ring->desc = dma_alloc((unsigned)(vring_bytes(ring->size) / NET_PAGE), &ring->desc_maddr);
	ring->slots = calloc(ring->size, sizeof(*ring->slots));
	ring->tables = calloc(tables + 1, sizeof(*ring->tables));
	ring->table_maddr = calloc(tables + 1, sizeof(*ring->table_maddr));
	ring->free_table = calloc(tables + 1, sizeof(*ring->free_table));
	for (; ring->nr_tables < tables; ring->nr_tables++)
		ring->tables[ring->nr_tables] = dma_alloc(1, &ring->table_maddr[ring->nr_tables]);
	ring->notify = ignore;
	vring_init(ring);
	queues[index] = dev->queue[index] = ring;
	return ring;
}

void virtio_start(struct virtio_device *dev)
{
	(void)dev;
}

void virtio_stop(struct virtio_device *dev)
{
	(void)dev;
	nr_stops++;
}

int virtio_restart(struct virtio_device *dev)
{
	unsigned i;

	(void)dev;
	if (cannot_restart)
		return -1;
	for (i = 0; i < VIRTIO_MAX_QUEUES; i++)
		if (queues[i])
			vring_init(queues[i]);
	memset(taken, 0, sizeof(taken));
	failed = false;
	return 0;
}

void virtio_config_read(const struct virtio_device *dev, unsigned offset, void *data, size_t length)
{
	static const uint8_t address[] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

	(void)dev;
	if (offset == 6)
		memcpy(data, &status, length);
	else
		memcpy(data, address + offset, length);
}

uint8_t virtio_isr(const struct virtio_device *dev)
{
	uint8_t value = isr;

	(void)dev;
	isr = 0;
	return value;
}

bool virtio_failed(const struct virtio_device *dev)
{
	(void)dev;
	return failed;
}

/* ---- the card ---- */

struct chain {
	unsigned head, count;
	struct vring_desc *desc[20];
};

/* The next chain that the driver has made available. */
static bool take(unsigned queue, struct chain *chain)
{
	struct vring *ring = queues[queue];
	struct vring_desc *table = ring->desc, *at;

	if (taken[queue] == ring->avail[1])
		return false;
	chain->head = ring->avail[2 + taken[queue]++ % ring->size];
	at = &table[chain->head];
	if (at->flags & 4) {
		table = (struct vring_desc *)(uintptr_t)at->address;
		at = table;
	}
	for (chain->count = 1; chain->desc[chain->count - 1] = at, at->flags & 1; chain->count++)
		at = &table[at->next];
	return true;
}

static void finish(unsigned queue, uint32_t id, uint32_t length)
{
	struct vring *ring = queues[queue];
	struct vring_used_entry *entries = (struct vring_used_entry *)(uintptr_t)(ring->used + 2);

	entries[ring->used[1] % ring->size] = (struct vring_used_entry){ id, length };
	ring->used[1]++;
}

static void run(void)
{
	isr = VIRTIO_ISR_QUEUE;
	interrupt();
	assert_true(host_loop_run(100));
}

/* Puts a frame into buffers, as a card that merges them does. part: bytes in each buffer. */
static void put_in(struct virtio_net_header header, const uint8_t *frame, uint32_t length,
		   uint32_t part)
{
	struct chain chain;
	uint32_t done = 0;

	while (done < length || !done) {
		uint32_t some = length - done < part ? length - done : part, head = 0;

		assert_true(take(VIRTIO_NET_RX, &chain));
		assert_int_equal(chain.count, 2);
		if (!done) {
			memcpy((void *)(uintptr_t)chain.desc[0]->address, &header, 12);
		} else {
			head = some < 12 ? some : 12;
			memcpy((void *)(uintptr_t)chain.desc[0]->address, frame + done, head);
		}
		memcpy((void *)(uintptr_t)chain.desc[1]->address, frame + done + head, some - head);
		finish(VIRTIO_NET_RX, chain.head, done ? some : some + 12);
		done += some;
		if (!length)
			break;
	}
}

static uint8_t frame[70000];

static void put_in_one(struct virtio_net_header header, uint32_t length)
{
	header.nr_buffers = 1;
	put_in(header, frame, length, NET_PAGE);
}

static void send_all(void)
{
	struct chain chain;

	while (take(VIRTIO_NET_TX, &chain))
		finish(VIRTIO_NET_TX, chain.head, 0);
}

static void transmit(struct net_packet *packet)
{
	port->transmit(port, packet);
	port->flush(port);
}

/* Time for the timer to find what is wrong, and to reset the card. */
static void wait_for_reset(void)
{
	unsigned i;

	for (i = 0; i < 20; i++) {
		host_loop_advance(SECOND / 2);
		host_loop_run(100);
	}
}

/* ---- set-up ---- */

static int begin(void **state)
{
	unsigned i;

	(void)state;
	nic_test_begin();
	for (i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i * 13);
	if (card) {
		loop_timer_set(&card->nic.timer, 1, card->nic.timer.fn, card->nic.timer.arg);
		wait_for_reset();
		return 0;
	}
	if (virtio_net_driver.probe(&pci))
		return -1;
	card = (struct virtio_net *)port->driver;
	host_loop_run(100);
	return 0;
}

static int end(void **state)
{
	(void)state;
	send_all();
	card->nic.ops->reclaim(&card->nic);
	drop_kept();
	assert_int_equal(packets_out, RX_BUFFERS);
	return 0;
}
