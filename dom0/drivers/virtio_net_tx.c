/* SPDX-License-Identifier: MIT */
/*
 * Sending with virtio: a chain is the header and the packet's pages. Nothing asks for an interrupt when
 * a packet is sent: chains are taken back when others are needed, and by the timer.
 */
#include <string.h>

#include "dom0/drivers/dma.h"
#include "dom0/drivers/virtio_net.h"

/* Chains with the card from which on they are taken back at each burst. */
#define RECLAIM_FROM 32u
/* A header, and the pages of the largest packet. */
#define MAX_BUFFERS (1 + NET_PACKET_MAX / NET_PAGE + 1)
/* Segments shorter than this would only be a way to keep the card busy. */
#define MSS_MIN 64u
#define TCP_HEADER 20u

bool virtio_net_tx_create(struct virtio_net *card)
{
	struct vring *ring = card->device.queue[VIRTIO_NET_TX];
	unsigned count = ring->size < VIRTIO_NET_RING ? ring->size : VIRTIO_NET_RING, i;

	card->tx = virtio_net_slots(count);
	if (!card->tx)
		return false;
	for (i = 0; i < count; i++) {
		card->tx[i].next = card->unused;
		card->unused = &card->tx[i];
	}
	vring_disable_interrupts(ring);
	return true;
}

static void finish(struct virtio_net *card, struct virtio_net_slot *slot)
{
	net_packet_put(slot->packet);
	slot->packet = NULL;
	slot->next = card->unused;
	card->unused = slot;
}

void virtio_net_tx_drop(struct virtio_net *card)
{
	struct virtio_net_slot *slot;

	while ((slot = vring_detach(card->device.queue[VIRTIO_NET_TX]))) {
		finish(card, slot);
		card->nic.port.sent.errors++;
	}
}

unsigned virtio_net_reclaim(struct nic *nic)
{
	struct virtio_net *card = virtio_net_of(nic);
	struct vring *ring = card->device.queue[VIRTIO_NET_TX];
	struct virtio_net_slot *slot;
	uint32_t length;

	while ((slot = vring_get(ring, &length))) {
		finish(card, slot);
		nic_progress(nic);
	}
	if (ring->broken)
		nic_break(nic, "its transmit queue is damaged, is reset");
	return vring_in_flight(ring);
}

/* ---- one packet ---- */

/* Length of the headers of a packet to be segmented; 0: they are not what they should be. */
static unsigned segment_header(const struct net_packet *packet)
{
	unsigned tcp = packet->csum_start, bytes;

	if (!packet->csum_blank || packet->gso_size < MSS_MIN || packet->length < tcp + TCP_HEADER)
		return 0;
	bytes = tcp + (packet->data[tcp + 12] >> 4) * 4u;
	return bytes >= tcp + TCP_HEADER && bytes < packet->length ? bytes : 0;
}

/* False: the packet is not what it says. */
static bool make_header(struct virtio_net_header *header, const struct net_packet *packet)
{
	memset(header, 0, sizeof(*header));
	if (packet->csum_blank) {
		if (packet->csum_start + packet->csum_offset + 2u > packet->length)
			return false;
		header->flags = VIRTIO_NET_HDR_NEEDS_CSUM;
		header->csum_start = packet->csum_start;
		header->csum_offset = packet->csum_offset;
	}
	if (packet->gso != NET_GSO_NONE) {
		header->gso_type = packet->gso == NET_GSO_TCPV4 ? VIRTIO_NET_GSO_TCPV4
								: VIRTIO_NET_GSO_TCPV6;
		header->gso_size = packet->gso_size;
		header->header_length = (uint16_t)segment_header(packet);
		return header->header_length && packet->length <= NET_PACKET_MAX;
	}
	return packet->length >= NET_HEADER && packet->length <= NET_FRAME_MAX;
}

/* Returns the number of buffers. */
static unsigned list_buffers(const struct virtio_net *card, const struct virtio_net_slot *slot,
			     const struct net_packet *packet, struct vring_buffer *buffers)
{
	uint32_t left = packet->length, part;
	const uint8_t *data = packet->data;
	unsigned count = 1;

	buffers[0] = (struct vring_buffer){ slot->header_maddr, card->header_bytes };
	for (; left; left -= part, data += part) {
		part = NET_PAGE - (uint32_t)((uintptr_t)data % NET_PAGE);
		if (part > left)
			part = left;
		buffers[count++] = (struct vring_buffer){ virt_to_maddr(data), part };
	}
	return count;
}

static bool add(struct virtio_net *card, struct net_packet *packet,
		const struct virtio_net_header *header)
{
	struct virtio_net_slot *slot = card->unused;
	struct vring_buffer buffers[MAX_BUFFERS];
	unsigned count;

	if (!slot)
		return false;
	memcpy((void *)slot->header, header, sizeof(*header));
	count = list_buffers(card, slot, packet, buffers);
	if (!vring_add(card->device.queue[VIRTIO_NET_TX], buffers, count, 0, slot))
		return false;
	card->unused = slot->next;
	slot->packet = packet;
	return true;
}

/* ---- the port ---- */

static bool add_reclaiming(struct virtio_net *card, struct net_packet *packet,
			   const struct virtio_net_header *header)
{
	if (add(card, packet, header))
		return true;
	vring_kick(card->device.queue[VIRTIO_NET_TX]);
	virtio_net_reclaim(&card->nic);
	return !card->nic.broken && add(card, packet, header);
}

void virtio_net_transmit(struct net_port *port, struct net_packet *packet)
{
	struct nic *nic = port->driver;
	struct virtio_net *card = virtio_net_of(nic);
	struct virtio_net_header header;

	if (!make_header(&header, packet)) {
		nic_refuse(nic, packet);
		return;
	}
	if (!nic_can_send(nic) || !add_reclaiming(card, packet, &header)) {
		nic_drop(nic, packet);
		return;
	}
	port->sent.packets++;
	port->sent.bytes += packet->length;
}

void virtio_net_flush(struct net_port *port)
{
	struct nic *nic = port->driver;
	struct vring *ring = virtio_net_of(nic)->device.queue[VIRTIO_NET_TX];

	if (vring_in_flight(ring) >= RECLAIM_FROM)
		virtio_net_reclaim(nic);
	vring_kick(ring);
}
