/* SPDX-License-Identifier: MIT */
/*
 * Sending with an 8254x. A packet takes an entry for each of its pages; one before them tells the
 * card about checksums and segments if that is new (a context descriptor). Nothing asks for an interrupt
 * when a packet is sent: entries are taken back when others are needed, and by the timer.
 */
#include <string.h>

#include "dom0/drivers/dma.h"
#include "dom0/drivers/e1000.h"

#define RING_BYTES (E1000_RING * sizeof(union e1000_tx_desc))
/* Entries in use from which on they are taken back at each burst. */
#define RECLAIM_FROM (E1000_RING / 4)
/* A context, headers, and the pages of the largest packet. */
#define MAX_ENTRIES (2 + NET_PACKET_MAX / NET_PAGE + 2)
/* Segments shorter than this would only be a way to keep the card busy. */
#define MSS_MIN 64u
#define TCP_HEADER 20u
#define TCP_SUM 16u
#define IPV4_HEADER 20u

_Static_assert(RING_BYTES <= NET_PAGE, "one page holds the ring");
_Static_assert(MAX_ENTRIES < E1000_RING, "every packet fits into the ring");

bool e1000_tx_create(struct e1000 *card)
{
	struct e1000_tx *tx = &card->tx;
	uint64_t maddr;

	tx->ring = dma_alloc(1, &tx->maddr);
	if (!tx->ring)
		return false;
	tx->headers = dma_alloc(E1000_RING * E1000_HEADER_BYTES / NET_PAGE, &maddr);
	return tx->headers;
}

void e1000_tx_start(struct e1000 *card)
{
	struct e1000_tx *tx = &card->tx;

	tx->oldest = tx->next = tx->used = 0;
	tx->context_valid = false;
	tx->waiting = false;
	e1000_write(card, E1000_TDBAL, (uint32_t)tx->maddr);
	e1000_write(card, E1000_TDBAH, (uint32_t)(tx->maddr >> 32));
	e1000_write(card, E1000_TDLEN, RING_BYTES);
	e1000_write(card, E1000_TDH, 0);
	e1000_write(card, E1000_TDT, 0);
	e1000_write(card, E1000_TIDV, 0);
	e1000_write(card, E1000_TADV, 0);
	e1000_write(card, E1000_TIPG, E1000_TIPG_COPPER);
	e1000_write(card, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_COLLISIONS);
}

/* ---- taking back ---- */

/* The packet of the oldest entries has been sent or is lost. */
static void free_oldest(struct e1000_tx *tx)
{
	unsigned first = tx->oldest, last = tx->last[first];

	net_packet_put(tx->packet[first]);
	tx->packet[first] = NULL;
	tx->oldest = (last + 1) % E1000_RING;
	tx->used -= (last + E1000_RING - first) % E1000_RING + 1;
}

unsigned e1000_reclaim(struct nic *nic)
{
	struct e1000_tx *tx = &e1000_of(nic)->tx;

	while (tx->used && tx->ring[tx->last[tx->oldest]].data.status & E1000_TXS_DD) {
		free_oldest(tx);
		nic_progress(nic);
	}
	return tx->used;
}

void e1000_tx_drop(struct e1000 *card)
{
	while (card->tx.used) {
		free_oldest(&card->tx);
		card->nic.port.sent.errors++;
	}
}

/* ---- one packet ---- */

struct layout {
	unsigned first;	       /* entry at which the packet starts */
	unsigned header_bytes; /* of the headers' copy; 0: there is none */
	uint32_t command;
	uint8_t options;
};

static unsigned add(struct e1000_tx *tx, const union e1000_tx_desc *desc)
{
	volatile union e1000_tx_desc *to = &tx->ring[tx->next];
	unsigned index = tx->next, i;

	for (i = 0; i < 4; i++)
		to->words[i] = desc->words[i];
	tx->next = (index + 1) % E1000_RING;
	tx->used++;
	return index;
}

static void add_context(struct e1000_tx *tx, const union e1000_tx_desc *context)
{
	if (tx->context_valid && !memcmp(&tx->context, context, sizeof(*context)))
		return;
	tx->context = *context;
	tx->context_valid = true;
	add(tx, context);
}

/* Returns the entry of the last page. */
static unsigned add_pages(struct e1000_tx *tx, const struct layout *layout, const uint8_t *data,
			  uint32_t length, bool ends)
{
	union e1000_tx_desc desc;
	unsigned index = tx->next;
	uint32_t part;

	for (; length; data += part, length -= part) {
		part = NET_PAGE - (uint32_t)((uintptr_t)data % NET_PAGE);
		if (part > length)
			part = length;
		memset(&desc, 0, sizeof(desc));
		desc.data.address = virt_to_maddr(data);
		desc.data.command = layout->command | part;
		if (part == length && ends)
			desc.data.command |= E1000_TXD_EOP | E1000_TXD_RS;
		desc.data.options = layout->options;
		index = add(tx, &desc);
	}
	return index;
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/*
 * The card adds the lengths of the segments itself: the headers must have none, in the pseudo header's
 * sum neither.
 */
static void clear_lengths(uint8_t *headers, unsigned ip, unsigned tcp)
{
	uint32_t sum = headers[ip + 9];
	unsigned i;

	for (i = 12; i < IPV4_HEADER; i += 2)
		sum += get16(headers + ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(headers + ip + 2, 0);
	put16(headers + ip + 10, 0);
	put16(headers + tcp + TCP_SUM, sum);
}

/* Where the IPv4 header starts; 0: this is no IPv4 with that start of the next header. */
static unsigned find_ipv4(const struct net_packet *packet)
{
	const uint8_t *data = packet->data;
	unsigned type = 12, ip;

	if (get16(data + type) == 0x8100)
		type += 4;
	ip = type + 2;
	if (get16(data + type) != 0x0800 || packet->csum_start < ip + IPV4_HEADER ||
	    data[ip] >> 4 != 4 || ip + (data[ip] & 15) * 4u != packet->csum_start)
		return 0;
	return ip;
}

/* Bytes of the headers of a packet to be segmented; 0: they are not what they should be. */
static unsigned header_bytes(const struct net_packet *packet)
{
	unsigned tcp = packet->csum_start, bytes;

	if (packet->length < tcp + TCP_HEADER || packet->csum_offset != TCP_SUM)
		return 0;
	bytes = tcp + (packet->data[tcp + 12] >> 4) * 4u;
	if (bytes < tcp + TCP_HEADER || bytes >= packet->length || bytes >= E1000_HEADER_BYTES)
		return 0;
	return bytes;
}

/* Segmentation: the context, and the headers' copy at the entry behind it. */
static bool begin_segments(struct e1000_tx *tx, const struct net_packet *packet,
			   struct layout *layout)
{
	unsigned ip = find_ipv4(packet), bytes = header_bytes(packet);
	union e1000_tx_desc context = { .words = { 0 } };
	uint8_t *copy;

	if (packet->gso != NET_GSO_TCPV4 || !ip || !bytes || packet->gso_size < MSS_MIN)
		return false;
	context.context.ip_start = (uint8_t)ip;
	context.context.ip_sum = (uint8_t)(ip + 10);
	context.context.ip_end = (uint16_t)(packet->csum_start - 1);
	context.context.start = (uint8_t)packet->csum_start;
	context.context.sum = (uint8_t)(packet->csum_start + TCP_SUM);
	context.context.header_length = (uint8_t)bytes;
	context.context.mss = packet->gso_size;
	context.context.command = E1000_TXD_DEXT | E1000_TXD_TSE | E1000_TXC_TCP | E1000_TXC_IPV4 |
				  (packet->length - bytes);
	add_context(tx, &context);
	copy = tx->headers + tx->next * E1000_HEADER_BYTES;
	memcpy(copy, packet->data, bytes);
	clear_lengths(copy, ip, packet->csum_start);
	layout->header_bytes = bytes;
	layout->command |= E1000_TXD_TSE;
	layout->options = E1000_TXO_IP | E1000_TXO_TCP_UDP;
	add_pages(tx, layout, copy, bytes, false);
	return true;
}

/* A checksum alone. The card's fields for it have 8 bits. */
static bool begin_checksum(struct e1000_tx *tx, const struct net_packet *packet,
			   struct layout *layout)
{
	unsigned sum = packet->csum_start + packet->csum_offset;
	union e1000_tx_desc context = { .words = { 0 } };

	if (sum + 2u > packet->length || sum > UINT8_MAX)
		return false;
	context.context.start = (uint8_t)packet->csum_start;
	context.context.sum = (uint8_t)sum;
	context.context.command = E1000_TXD_DEXT;
	add_context(tx, &context);
	layout->options = E1000_TXO_TCP_UDP;
	return true;
}

static bool begin(struct e1000_tx *tx, const struct net_packet *packet, struct layout *layout)
{
	if (packet->gso != NET_GSO_NONE)
		return begin_segments(tx, packet, layout);
	if (packet->length > NET_FRAME_MAX || packet->length < NET_HEADER)
		return false;
	return !packet->csum_blank || begin_checksum(tx, packet, layout);
}

/* ---- the port ---- */

static bool has_room(struct nic *nic)
{
	struct e1000_tx *tx = &e1000_of(nic)->tx;

	if (E1000_RING - tx->used > MAX_ENTRIES)
		return true;
	e1000_flush(&nic->port);
	return E1000_RING - e1000_reclaim(nic) > MAX_ENTRIES;
}

void e1000_transmit(struct net_port *port, struct net_packet *packet)
{
	struct nic *nic = port->driver;
	struct e1000_tx *tx = &e1000_of(nic)->tx;
	struct layout layout = { .first = tx->next };

	layout.command = E1000_TXD_DATA | E1000_TXD_DEXT | E1000_TXD_IFCS;
	if (!nic_can_send(nic) || !has_room(nic)) {
		nic_drop(nic, packet);
		return;
	}
	if (!begin(tx, packet, &layout)) {
		nic_refuse(nic, packet);
		return;
	}
	tx->last[layout.first] = (uint16_t)add_pages(tx, &layout,
						     packet->data + layout.header_bytes,
						     packet->length - layout.header_bytes, true);
	tx->packet[layout.first] = packet;
	tx->waiting = true;
	port->sent.packets++;
	port->sent.bytes += packet->length;
}

void e1000_flush(struct net_port *port)
{
	struct nic *nic = port->driver;
	struct e1000_tx *tx = &e1000_of(nic)->tx;

	if (!tx->waiting)
		return;
	tx->waiting = false;
	e1000_barrier();
	e1000_write(e1000_of(nic), E1000_TDT, tx->next);
	if (tx->used >= RECLAIM_FROM)
		e1000_reclaim(nic);
}
