/* SPDX-License-Identifier: MIT */
/*
 * virtio network cards (Virtual I/O Device 1.1, 5.1): what virtio_net.c (the card), virtio_net_rx.c and
 * virtio_net_tx.c (its queues) share.
 *
 * Every frame has a header, which is in a descriptor of its own, as the older layout wants it. What
 * the card writes there is copied once and checked.
 */
#pragma once

#include "dom0/drivers/nic.h"
#include "dom0/drivers/virtio.h"

/* Feature bits (5.1.3). */
enum virtio_net_feature {
	VIRTIO_NET_F_CSUM = 0,
	VIRTIO_NET_F_GUEST_CSUM = 1,
	VIRTIO_NET_F_MAC = 5,
	VIRTIO_NET_F_GUEST_TSO4 = 7,
	VIRTIO_NET_F_GUEST_TSO6 = 8,
	VIRTIO_NET_F_HOST_TSO4 = 11,
	VIRTIO_NET_F_HOST_TSO6 = 12,
	VIRTIO_NET_F_MRG_RXBUF = 15,
	VIRTIO_NET_F_STATUS = 16,
	VIRTIO_NET_F_CTRL_VQ = 17,
	VIRTIO_NET_F_CTRL_RX = 18,
};

/* Queues of a card with one pair. */
enum virtio_net_queue { VIRTIO_NET_RX = 0, VIRTIO_NET_TX = 1, VIRTIO_NET_CONTROL = 2 };

/* A frame's header (5.1.6). The last field is there with VERSION_1 or MRG_RXBUF only. */
struct virtio_net_header {
	uint8_t flags, gso_type;
	uint16_t header_length, gso_size;
	uint16_t csum_start, csum_offset;
	uint16_t nr_buffers;
};

#define VIRTIO_NET_SHORT_HEADER 10u
#define VIRTIO_NET_HDR_NEEDS_CSUM 1u
#define VIRTIO_NET_HDR_DATA_VALID 2u
#define VIRTIO_NET_GSO_NONE 0u
#define VIRTIO_NET_GSO_TCPV4 1u
#define VIRTIO_NET_GSO_TCPV6 4u

#define VIRTIO_NET_RING 256u
/* Between two headers in the page that has them all. */
#define VIRTIO_NET_HEADER_STEP 16u

/* A buffer that the card has or had: a header and a page of a packet. */
struct virtio_net_slot {
	struct virtio_net_slot *next; /* unused ones of the sender */
	volatile struct virtio_net_header *header;
	uint64_t header_maddr;
	struct net_packet *packet;
};

struct virtio_net {
	struct nic nic; /* the first: a struct nic * of ours is a struct virtio_net * */
	struct virtio_device device;
	unsigned header_bytes;
	struct virtio_net_slot *rx, *tx, *unused;
	unsigned nr_rx;			    /* buffers for receiving; the card has them all */
	struct virtio_net_control *control; /* NULL: it has no such queue */
	uint64_t control_maddr;
};

_Static_assert(sizeof(struct virtio_net_header) == 12, "5.1.6");

static inline struct virtio_net *virtio_net_of(struct nic *nic)
{
	return (struct virtio_net *)nic;
}

/* Headers in one page, for count slots; NULL: no memory. */
struct virtio_net_slot *virtio_net_slots(unsigned count);

/* ---- receiving ---- */

bool virtio_net_rx_create(struct virtio_net *card);
/* The ring is empty: gives the card all buffers. */
void virtio_net_rx_start(struct virtio_net *card);
unsigned virtio_net_receive(struct nic *nic, unsigned budget);

/* ---- sending ---- */

bool virtio_net_tx_create(struct virtio_net *card);
/* The card was reset: what it had to send is lost. */
void virtio_net_tx_drop(struct virtio_net *card);
unsigned virtio_net_reclaim(struct nic *nic);
void virtio_net_transmit(struct net_port *port, struct net_packet *packet);
void virtio_net_flush(struct net_port *port);

extern const struct pci_driver virtio_net_driver;
