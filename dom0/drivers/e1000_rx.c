/* SPDX-License-Identifier: MIT */
/*
 * Receiving with an 8254x: each descriptor has a packet of one page, and a frame that does not fit into one
 * is too long for the network anyway. A packet that goes to the bridge is replaced first; when there
 * is no other, the frame is lost and the packet stays, so the ring is always full.
 */
#include <string.h>

#include "dom0/drivers/dma.h"
#include "dom0/drivers/e1000.h"

#define RING_BYTES (E1000_RING * sizeof(struct e1000_rx_desc))

_Static_assert(RING_BYTES <= NET_PAGE, "one page holds the ring");

bool e1000_rx_create(struct e1000 *card)
{
	struct e1000_rx *rx = &card->rx;
	unsigned i;

	rx->ring = dma_alloc(1, &rx->maddr);
	if (!rx->ring)
		return false;
	for (i = 0; i < E1000_RING; i++) {
		rx->packet[i] = net_packet_alloc(NET_PAGE);
		if (!rx->packet[i])
			break;
	}
	if (i == E1000_RING)
		return true;
	while (i--)
		net_packet_put(rx->packet[i]);
	return false;
}

static void fill(struct e1000_rx *rx, unsigned index)
{
	volatile struct e1000_rx_desc *desc = &rx->ring[index];

	desc->address = virt_to_maddr(rx->packet[index]->data);
	desc->length = 0;
	desc->errors = 0;
	desc->status = 0;
}

/* One entry stays ours: a tail equal to the head would mean that the card has none. */
static void tell_card(struct e1000 *card)
{
	e1000_barrier();
	e1000_write(card, E1000_RDT, (card->rx.next + E1000_RING - 1) % E1000_RING);
}

void e1000_rx_start(struct e1000 *card)
{
	struct e1000_rx *rx = &card->rx;
	unsigned i;

	for (i = 0; i < E1000_RING; i++)
		fill(rx, i);
	rx->next = 0;
	rx->skipping = false;
	e1000_write(card, E1000_RDBAL, (uint32_t)rx->maddr);
	e1000_write(card, E1000_RDBAH, (uint32_t)(rx->maddr >> 32));
	e1000_write(card, E1000_RDLEN, RING_BYTES);
	e1000_write(card, E1000_RDH, 0);
	e1000_write(card, E1000_RDTR, 0);
	e1000_write(card, E1000_RADV, 0);
	e1000_write(card, E1000_RXCSUM, E1000_RXCSUM_IP | E1000_RXCSUM_TCP_UDP);
	tell_card(card);
	e1000_write(card, E1000_RCTL,
		    E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_MPE | E1000_RCTL_BAM |
			    E1000_RCTL_SECRC);
}

/* Whether this is a whole frame of a length that can be; all else is counted as an error, once. */
static bool is_good(struct e1000 *card, unsigned status, unsigned errors, unsigned length)
{
	struct e1000_rx *rx = &card->rx;
	bool rest = rx->skipping, ends = status & E1000_RXD_EOP;

	rx->skipping = !ends;
	if (rest)
		return false;
	if (ends && !(errors & E1000_RXD_BAD_FRAME) && length && length <= E1000_RX_BUFFER)
		return true;
	card->nic.port.received.errors++;
	return false;
}

/* Gives the packet of the ring's entry to the bridge; returns the work done. */
static unsigned deliver(struct e1000 *card, unsigned index, unsigned status, unsigned errors,
			unsigned length)
{
	struct net_packet *packet = card->rx.packet[index], *other = net_packet_alloc(NET_PAGE);

	if (!other) {
		card->nic.port.received.dropped++;
		return 0;
	}
	card->rx.packet[index] = other;
	packet->length = length;
	packet->csum_valid = (status & (E1000_RXD_TCPCS | E1000_RXD_IXSM)) == E1000_RXD_TCPCS &&
			     !(errors & E1000_RXD_BAD_SUM);
	return net_receive(&card->nic.port, packet);
}

bool e1000_has_received(struct nic *nic)
{
	struct e1000_rx *rx = &e1000_of(nic)->rx;

	return rx->ring[rx->next].status & E1000_RXD_DD;
}

unsigned e1000_receive(struct nic *nic, unsigned budget)
{
	struct e1000 *card = e1000_of(nic);
	struct e1000_rx *rx = &card->rx;
	unsigned work = 0, count, index;

	for (count = 0; count < E1000_RING && work < budget; count++) {
		volatile struct e1000_rx_desc *desc = &rx->ring[rx->next];
		unsigned status = desc->status, errors, length;

		if (!(status & E1000_RXD_DD))
			break;
		e1000_barrier();
		errors = desc->errors;
		length = desc->length;
		index = rx->next;
		rx->next = (index + 1) % E1000_RING;
		work++;
		if (is_good(card, status, errors, length))
			work += deliver(card, index, status, errors, length);
		fill(rx, index);
	}
	if (count)
		tell_card(card);
	return work;
}
