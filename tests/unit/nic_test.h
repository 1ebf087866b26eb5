/* SPDX-License-Identifier: MIT */
/*
 * What drivers of network cards stand on, simulated: one PCI device, memory for devices (machine addresses
 * are addresses here), packets that are counted, and a bridge that keeps what it was given. Included by one
 * file of a test program; the loop is tests/host/dom0.h's.
 */
#pragma once

#include "tests/host/cmocka_all.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/drivers/dma.h"
#include "dom0/drivers/irq.h"
#include "dom0/drivers/nic.h"
#include "guests/pvrt/time.h"
#include "tests/host/dom0.h"

static struct pci_device pci = { .name = "00:03.0" };
static char last_log[256];
static unsigned nr_logs, nr_missed;
static irq_fn irq_function;
static void *irq_argument;
static struct net_port *port;

#define KEPT_MAX 1024u
static struct net_packet *kept[KEPT_MAX];
static unsigned nr_kept, packets_out, packets_limit;

/* ---- PCI, interrupts, memory ---- */

void pci_enable(struct pci_device *dev)
{
	(void)dev;
}

void pci_disable(struct pci_device *dev)
{
	(void)dev;
}

void pci_log(const struct pci_device *dev, const char *fmt, ...)
{
	va_list args;

	(void)dev;
	nr_logs++;
	va_start(args, fmt);
	vsnprintf(last_log, sizeof(last_log), fmt, args);
	va_end(args);
}

int irq_attach(struct pci_device *dev, irq_fn fn, void *arg)
{
	(void)dev;
	irq_function = fn;
	irq_argument = arg;
	return 0;
}

void irq_missed(struct pci_device *dev)
{
	(void)dev;
	nr_missed++;
}

static inline bool interrupt(void)
{
	return irq_function(irq_argument);
}

void *dma_alloc(unsigned pages, uint64_t *maddr)
{
	void *memory = aligned_alloc(NET_PAGE, pages * NET_PAGE);

	memset(memory, 0, pages * NET_PAGE);
	*maddr = (uintptr_t)memory;
	return memory;
}

uint64_t virt_to_maddr(const void *address)
{
	return (uintptr_t)address;
}

void time_delay_ns(uint64_t ns)
{
	(void)ns;
}

/* ---- packets and the bridge ---- */

struct net_packet *net_packet_alloc(uint32_t capacity)
{
	struct net_packet *packet;

	if (packets_limit && packets_out >= packets_limit)
		return NULL;
	packet = calloc(1, sizeof(*packet));
	packet->capacity = (capacity + NET_PAGE - 1) / NET_PAGE * NET_PAGE;
	packet->data = aligned_alloc(NET_PAGE, packet->capacity);
	packet->users = 1;
	packets_out++;
	return packet;
}

void net_packet_get(struct net_packet *packet)
{
	packet->users++;
}

void net_packet_put(struct net_packet *packet)
{
	if (!packet || --packet->users)
		return;
	free(packet->data);
	free(packet);
	packets_out--;
}

void net_port_register(struct net_port *added)
{
	strcpy(added->name, "eth0");
	port = added;
}

/* As the real one, the bytes are looked at: the sanitizer sees whether they are there. */
unsigned net_receive(struct net_port *from, struct net_packet *packet)
{
	volatile const uint8_t *data = packet->data;
	uint32_t i;

	assert_ptr_equal(from, port);
	assert_true(packet->length >= 1 && packet->length <= packet->capacity);
	for (i = 0; i < packet->length; i++)
		(void)data[i];
	assert_true(nr_kept < KEPT_MAX);
	kept[nr_kept++] = packet;
	return 1;
}

void net_flush(void)
{
}

static inline void drop_kept(void)
{
	while (nr_kept)
		net_packet_put(kept[--nr_kept]);
}

/*
 * Drivers keep their cards for good, so there is one card in a program; tests leave it as they found it. Time
 * goes on from test to test.
 */
static inline void nic_test_begin(void)
{
	static uint64_t begun;

	host_loop_reset();
	host_loop_advance(begun += 1000000000000ull);
	nr_logs = nr_missed = packets_limit = 0;
}

/* ---- packets to send ---- */

static inline struct net_packet *make_packet(uint32_t length)
{
	struct net_packet *packet = net_packet_alloc(length);
	uint32_t i;

	for (i = 0; i < length; i++)
		packet->data[i] = (uint8_t)(i * 7);
	packet->length = length;
	return packet;
}

/* TCP over IPv4 with 20 bytes each, of which the checksum is left to the card. */
static inline struct net_packet *make_tcp(uint32_t length, uint16_t gso_size)
{
	struct net_packet *packet = make_packet(length);
	uint8_t *ip = packet->data + NET_HEADER;

	memcpy(packet->data + 12, "\x08\x00", 2);
	memcpy(ip,
	       "\x45\x00\x00\x00\x00\x01\x00\x00\x40\x06\x12\x34\x0a\x00\x00\x01\x0a\x00\x00\x02",
	       20);
	ip[2] = (uint8_t)((length - NET_HEADER) >> 8);
	ip[3] = (uint8_t)(length - NET_HEADER);
	ip[32] = 0x50;
	packet->csum_blank = true;
	packet->csum_start = NET_HEADER + 20;
	packet->csum_offset = 16;
	packet->gso = gso_size ? NET_GSO_TCPV4 : NET_GSO_NONE;
	packet->gso_size = gso_size;
	return packet;
}

static inline uint32_t next_random(void)
{
	static uint32_t state = 12345;

	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}
