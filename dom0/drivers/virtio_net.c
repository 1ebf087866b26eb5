/* SPDX-License-Identifier: MIT */
/* virtio network cards: features, the link, and the control queue, by which all addresses are let in. */
#include "dom0/drivers/virtio_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/drivers/dma.h"

#define DEVICE_TRANSITIONAL 0x1000u
#define DEVICE_MODERN 0x1041u

#define BIT(feature) VIRTIO_BIT(VIRTIO_NET_F_##feature)
#define SEGMENTS_RECEIVED (BIT(GUEST_TSO4) | BIT(GUEST_TSO6))
#define WANTED                                                                            \
	(BIT(CSUM) | BIT(GUEST_CSUM) | BIT(MAC) | BIT(HOST_TSO4) | BIT(HOST_TSO6) |       \
	 BIT(MRG_RXBUF) | BIT(STATUS) | BIT(CTRL_VQ) | BIT(CTRL_RX) | SEGMENTS_RECEIVED | \
	 VIRTIO_BIT(VIRTIO_F_ANY_LAYOUT))

/* Long chains that can wait to be sent besides those in the ring itself. */
#define TX_TABLES 16u

/* ---- configuration space (5.1.4) ---- */

#define CONFIG_MAC 0u
#define CONFIG_STATUS 6u
#define STATUS_LINK_UP 1u

static bool read_link(const struct virtio_net *card)
{
	uint16_t status;

	if (!virtio_has(&card->device, VIRTIO_NET_F_STATUS))
		return true;
	virtio_config_read(&card->device, CONFIG_STATUS, &status, sizeof(status));
	return status & STATUS_LINK_UP;
}

/* A card without an address gets a random one of the locally administered kind. */
static void read_address(struct virtio_net *card)
{
	uint8_t *mac = card->nic.port.mac;
	unsigned i;

	if (virtio_has(&card->device, VIRTIO_NET_F_MAC)) {
		virtio_config_read(&card->device, CONFIG_MAC, mac, NET_MAC);
		if (!(mac[0] & 1))
			return;
	}
	for (i = 0; i < NET_MAC; i++)
		mac[i] = (uint8_t)rand();
	mac[0] = (uint8_t)((mac[0] & ~1u) | 2);
}

/* ---- the control queue (5.1.6.5) ---- */

struct virtio_net_control {
	uint8_t class, command, value;
	volatile uint8_t answer;
};

#define CONTROL_RX 0u
#define CONTROL_PROMISCUOUS 0u
#define CONTROL_PENDING 0xffu

/* Frames for guests' addresses are wanted, too. A card without this queue lets in what it likes. */
static void let_all_in(struct virtio_net *card)
{
	struct vring *ring = card->device.queue[VIRTIO_NET_CONTROL];
	struct vring_buffer buffers[] = {
		{ card->control_maddr, 2 },
		{ card->control_maddr + offsetof(struct virtio_net_control, value), 1 },
		{ card->control_maddr + offsetof(struct virtio_net_control, answer), 1 },
	};

	if (!card->control)
		return;
	*card->control =
		(struct virtio_net_control){ CONTROL_RX, CONTROL_PROMISCUOUS, 1, CONTROL_PENDING };
	if (vring_add(ring, buffers, 2, 1, card->control))
		vring_kick(ring);
}

static void check_answer(struct virtio_net *card)
{
	struct vring *ring = card->device.queue[VIRTIO_NET_CONTROL];
	uint32_t length;

	if (card->control && vring_get(ring, &length) && card->control->answer)
		pci_log(card->nic.pci, "%s: it takes in frames for its own address only",
			card->nic.port.name);
}

/* ---- struct nic_ops ---- */

static bool has_received(struct nic *nic)
{
	return vring_is_waiting(virtio_net_of(nic)->device.queue[VIRTIO_NET_RX]);
}

static bool listen(struct nic *nic)
{
	return vring_enable_interrupts(virtio_net_of(nic)->device.queue[VIRTIO_NET_RX]);
}

static void check(struct nic *nic)
{
	struct virtio_net *card = virtio_net_of(nic);

	check_answer(card);
	if (virtio_failed(&card->device))
		nic_break(nic, "it failed, is reset");
	else
		nic_set_link(nic, read_link(card));
}

static void start_queues(struct virtio_net *card)
{
	vring_disable_interrupts(card->device.queue[VIRTIO_NET_TX]);
	virtio_net_rx_start(card);
	let_all_in(card);
}

static int reset(struct nic *nic)
{
	struct virtio_net *card = virtio_net_of(nic);

	virtio_stop(&card->device);
	virtio_net_tx_drop(card);
	if (virtio_restart(&card->device))
		return -EIO;
	start_queues(card);
	return 0;
}

static const struct nic_ops ops = {
	.receive = virtio_net_receive,
	.has_received = has_received,
	.listen = listen,
	.reclaim = virtio_net_reclaim,
	.check = check,
	.reset = reset,
};

static bool interrupt(void *arg)
{
	struct virtio_net *card = virtio_net_of(arg);
	uint8_t why = virtio_isr(&card->device);

	if (why & VIRTIO_ISR_CONFIG && !card->nic.broken)
		check(&card->nic);
	if (why & VIRTIO_ISR_QUEUE) {
		vring_disable_interrupts(card->device.queue[VIRTIO_NET_RX]);
		nic_received(&card->nic);
	}
	return why;
}

/* ---- probing ---- */

struct virtio_net_slot *virtio_net_slots(unsigned count)
{
	struct virtio_net_slot *slots = calloc(count, sizeof(*slots));
	unsigned pages = (count * VIRTIO_NET_HEADER_STEP + NET_PAGE - 1) / NET_PAGE, i;
	uint64_t maddr;
	uint8_t *headers = dma_alloc(pages, &maddr);

	if (!slots || !headers)
		return NULL;
	for (i = 0; i < count; i++) {
		slots[i].header = (void *)(headers + i * VIRTIO_NET_HEADER_STEP);
		slots[i].header_maddr = maddr + i * VIRTIO_NET_HEADER_STEP;
	}
	return slots;
}

/* Merged segments need buffers that can be merged: a card without those must not send any. */
static int open_device(struct virtio_net *card)
{
	int error = virtio_open(&card->device, card->nic.pci, WANTED);

	if (!error && card->device.features & SEGMENTS_RECEIVED &&
	    !virtio_has(&card->device, VIRTIO_NET_F_MRG_RXBUF))
		error = virtio_open(&card->device, card->nic.pci, WANTED & ~SEGMENTS_RECEIVED);
	card->header_bytes = VIRTIO_NET_SHORT_HEADER;
	if (virtio_has(&card->device, VIRTIO_F_VERSION_1) ||
	    virtio_has(&card->device, VIRTIO_NET_F_MRG_RXBUF))
		card->header_bytes = sizeof(struct virtio_net_header);
	return error;
}

static bool add_control(struct virtio_net *card)
{
	if (!virtio_has(&card->device, VIRTIO_NET_F_CTRL_VQ) ||
	    !virtio_has(&card->device, VIRTIO_NET_F_CTRL_RX))
		return true;
	card->control = dma_alloc(1, &card->control_maddr);
	return card->control && virtio_add_queue(&card->device, VIRTIO_NET_CONTROL, 4, 0);
}

static int add_queues(struct virtio_net *card)
{
	if (!virtio_add_queue(&card->device, VIRTIO_NET_RX, VIRTIO_NET_RING, 0) ||
	    !virtio_add_queue(&card->device, VIRTIO_NET_TX, VIRTIO_NET_RING, TX_TABLES) ||
	    !add_control(card))
		return -EIO;
	if (virtio_net_rx_create(card) && virtio_net_tx_create(card))
		return 0;
	pci_log(card->nic.pci, "not enough memory");
	return -ENOMEM;
}

static void describe_port(struct virtio_net *card)
{
	struct net_port *port = &card->nic.port;

	read_address(card);
	port->features = NET_SG;
	if (virtio_has(&card->device, VIRTIO_NET_F_CSUM)) {
		port->features |= NET_CSUM | NET_CSUM6;
		if (virtio_has(&card->device, VIRTIO_NET_F_HOST_TSO4))
			port->features |= NET_TSO4;
		if (virtio_has(&card->device, VIRTIO_NET_F_HOST_TSO6))
			port->features |= NET_TSO6;
	}
	port->transmit = virtio_net_transmit;
	port->flush = virtio_net_flush;
}

/* What was allocated for a card that fails stays: this happens once for each card. */
static int probe(struct pci_device *pci)
{
	struct virtio_net *card = calloc(1, sizeof(*card));
	int error;

	if (!card)
		return -ENOMEM;
	card->nic.pci = pci;
	card->nic.ops = &ops;
	card->nic.interrupt = interrupt;
	card->nic.kind = "virtio";
	error = open_device(card);
	if (!error)
		error = add_queues(card);
	if (error) {
		pci_disable(pci);
		return error;
	}
	describe_port(card);
	virtio_start(&card->device);
	start_queues(card);
	card->nic.link = read_link(card);
	nic_start(&card->nic);
	return 0;
}

static const struct pci_match matches[] = {
	{ VIRTIO_VENDOR, DEVICE_TRANSITIONAL, 0, 0 },
	{ VIRTIO_VENDOR, DEVICE_MODERN, 0, 0 },
	{ 0 },
};

const struct pci_driver virtio_net_driver = { "virtio-net", matches, probe };
