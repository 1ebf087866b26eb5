/* SPDX-License-Identifier: MIT */
/*
 * Receiving with virtio: a buffer is a header and a packet of one page. A frame in one buffer goes on
 * as it is; one in several (merged segments) is copied into a large packet. A packet that goes to the bridge
 * is replaced first; without memory for that the frame is lost, so the card always has all buffers.
 */
#include <string.h>

#include "dom0/drivers/dma.h"
#include "dom0/drivers/virtio_net.h"

/* Buffers of the largest frame: each has at least one page of it. */
#define MAX_BUFFERS ((NET_PACKET_MAX + NET_PAGE - 1) / NET_PAGE)

/* Gives a buffer to the card. There is room: the ring is never asked for more than nr_rx at once. */
static void give(struct virtio_net *card, struct virtio_net_slot *slot)
{
	struct vring_buffer buffers[] = {
		{ slot->header_maddr, card->header_bytes },
		{ virt_to_maddr(slot->packet->data), NET_PAGE },
	};

	if (!vring_add(card->device.queue[VIRTIO_NET_RX], buffers, 0, 2, slot))
		nic_break(&card->nic, "its receive queue is damaged, is reset");
}

bool virtio_net_rx_create(struct virtio_net *card)
{
	unsigned i;

	card->nr_rx = card->device.queue[VIRTIO_NET_RX]->size / 2;
	if (card->nr_rx > VIRTIO_NET_RING)
		card->nr_rx = VIRTIO_NET_RING;
	card->rx = virtio_net_slots(card->nr_rx);
	if (!card->rx)
		return false;
	for (i = 0; i < card->nr_rx; i++) {
		card->rx[i].packet = net_packet_alloc(NET_PAGE);
		if (!card->rx[i].packet)
			break;
	}
	if (i == card->nr_rx)
		return true;
	while (i--)
		net_packet_put(card->rx[i].packet);
	return false;
}

void virtio_net_rx_start(struct virtio_net *card)
{
	unsigned i;

	for (i = 0; i < card->nr_rx; i++)
		give(card, &card->rx[i]);
	vring_kick(card->device.queue[VIRTIO_NET_RX]);
}

/* ---- what a header says ---- */

static bool set_segments(struct virtio_net *card, struct net_packet *packet,
			 const struct virtio_net_header *header)
{
	bool v4 = header->gso_type == VIRTIO_NET_GSO_TCPV4;

	if (header->gso_type == VIRTIO_NET_GSO_NONE)
		return true;
	if (!v4 && header->gso_type != VIRTIO_NET_GSO_TCPV6)
		return false;
	if (!virtio_has(&card->device, v4 ? VIRTIO_NET_F_GUEST_TSO4 : VIRTIO_NET_F_GUEST_TSO6) ||
	    !header->gso_size || !packet->csum_blank)
		return false;
	packet->gso = v4 ? NET_GSO_TCPV4 : NET_GSO_TCPV6;
	packet->gso_size = header->gso_size;
	return true;
}

/* Fills in what the bridge wants to know of a frame; false: the header makes no sense. */
static bool describe(struct virtio_net *card, struct net_packet *packet,
		     const struct virtio_net_header *header)
{
	if (virtio_has(&card->device, VIRTIO_NET_F_GUEST_CSUM)) {
		packet->csum_blank = header->flags & VIRTIO_NET_HDR_NEEDS_CSUM;
		packet->csum_valid = header->flags & VIRTIO_NET_HDR_DATA_VALID;
	}
	if (packet->csum_blank) {
		packet->csum_start = header->csum_start;
		packet->csum_offset = header->csum_offset;
		if (packet->csum_start < NET_HEADER ||
		    packet->csum_start + packet->csum_offset + 2u > packet->length)
			return false;
	}
	return set_segments(card, packet, header);
}

/* Takes over the packet; returns the work done. */
static unsigned deliver(struct virtio_net *card, struct net_packet *packet,
			const struct virtio_net_header *header)
{
	if (describe(card, packet, header))
		return net_receive(&card->nic.port, packet);
	card->nic.port.received.errors++;
	net_packet_put(packet);
	return 0;
}

/* ---- frames ---- */

/* The only buffer's packet goes on, and another one takes its place. */
static unsigned receive_one(struct virtio_net *card, struct virtio_net_slot *slot,
			    const struct virtio_net_header *header, uint32_t length)
{
	struct net_packet *packet = slot->packet, *other;

	if (length < NET_HEADER) {
		card->nic.port.received.errors++;
		return 0;
	}
	other = net_packet_alloc(NET_PAGE);
	if (!other) {
		card->nic.port.received.dropped++;
		return 0;
	}
	slot->packet = other;
	packet->length = length;
	return deliver(card, packet, header);
}

/* Copies what fits; false: the frame is larger than any may be. A NULL packet takes nothing. */
static bool append(struct net_packet *packet, const void *data, uint32_t length)
{
	if (!packet)
		return true;
	if (length > packet->capacity - packet->length)
		return false;
	memcpy(packet->data + packet->length, data, length);
	packet->length += length;
	return true;
}

/* Buffers behind the first one have data where that has its header. */
static bool append_buffer(struct virtio_net *card, struct net_packet *packet,
			  struct virtio_net_slot *slot, uint32_t length)
{
	uint32_t head = length < card->header_bytes ? length : card->header_bytes;

	return append(packet, (const void *)slot->header, head) &&
	       append(packet, slot->packet->data, length - head);
}

/* The card must have finished all buffers of a frame at once. */
static unsigned receive_merged(struct virtio_net *card, struct virtio_net_slot *slot,
			       const struct virtio_net_header *header, uint32_t length)
{
	struct vring *ring = card->device.queue[VIRTIO_NET_RX];
	struct net_packet *packet = net_packet_alloc(NET_PACKET_MAX);
	bool good = append(packet, slot->packet->data, length);
	unsigned left = header->nr_buffers;

	if (!packet)
		card->nic.port.received.dropped++;
	while (--left) {
		slot = vring_get(ring, &length);
		if (!slot) {
			nic_break(&card->nic, "a received frame has no end, is reset");
			break;
		}
		good = good && append_buffer(card, packet, slot, length);
		give(card, slot);
	}
	if (packet && good && !left && packet->length >= NET_HEADER)
		return deliver(card, packet, header);
	if (packet)
		card->nic.port.received.errors++;
	net_packet_put(packet);
	return 0;
}

/* The header's copy; nr_buffers is 1 where the card does not write it. */
static struct virtio_net_header read_header(const struct virtio_net *card,
					    const struct virtio_net_slot *slot)
{
	struct virtio_net_header header = { .flags = slot->header->flags,
					    .gso_type = slot->header->gso_type,
					    .gso_size = slot->header->gso_size,
					    .csum_start = slot->header->csum_start,
					    .csum_offset = slot->header->csum_offset,
					    .nr_buffers = 1 };

	if (virtio_has(&card->device, VIRTIO_NET_F_MRG_RXBUF))
		header.nr_buffers = slot->header->nr_buffers;
	return header;
}

static unsigned receive_frame(struct virtio_net *card, struct virtio_net_slot *slot,
			      uint32_t length)
{
	struct virtio_net_header header = read_header(card, slot);
	unsigned work = 0;

	if (length < card->header_bytes || !header.nr_buffers || header.nr_buffers > MAX_BUFFERS)
		nic_break(&card->nic, "it received what is no frame, is reset");
	else if (header.nr_buffers == 1)
		work = receive_one(card, slot, &header, length - card->header_bytes);
	else
		work = header.nr_buffers +
		       receive_merged(card, slot, &header, length - card->header_bytes);
	give(card, slot);
	return work;
}

unsigned virtio_net_receive(struct nic *nic, unsigned budget)
{
	struct virtio_net *card = virtio_net_of(nic);
	struct vring *ring = card->device.queue[VIRTIO_NET_RX];
	struct virtio_net_slot *slot;
	unsigned work = 0;
	uint32_t length;

	while (work < budget && !nic->broken) {
		slot = vring_get(ring, &length);
		if (!slot)
			break;
		work += 1 + receive_frame(card, slot, length);
	}
	if (ring->broken)
		nic_break(nic, "its receive queue is damaged, is reset");
	vring_kick(ring);
	return work;
}
