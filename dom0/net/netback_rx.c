/* SPDX-License-Identifier: MIT */
/*
 * The rx ring: what a guest receives. Packets wait in a bounded queue until the guest has posted enough
 * buffers; a burst of them is copied by one hypercall. A guest that takes nothing for a while loses what waits,
 * and gets nothing more until it posts buffers: it does not hold memory that others need. See netback.h.
 */
#include "dom0/net/netback.h"
#include "dom0/net/pages.h"
#include "guests/pvrt/event.h"

/* A buffer that is being filled. */
struct rx_slot {
	uint16_t id, flags;
	uint16_t offset, size;
	unsigned first_copy, nr_copies;
	uint16_t gso_size; /* an extra info instead of a buffer, unless gso is NONE */
	enum net_gso gso;
};

#define RX_BATCH_SLOTS 256u
static struct rx_slot slots[RX_BATCH_SLOTS];
static struct netback_batch batch;

/* ---- the queue ---- */

static struct net_packet *queue_peek(const struct netback *nb, unsigned index)
{
	return nb->queue[(nb->queue_first + index) % RX_QUEUE_PACKETS];
}

/* Takes the first packet out; its reference is the caller's. */
static struct net_packet *queue_take(struct netback *nb)
{
	struct net_packet *packet = queue_peek(nb, 0);

	nb->queue_first = (nb->queue_first + 1) % RX_QUEUE_PACKETS;
	nb->queue_count--;
	nb->queue_bytes -= packet->capacity;
	return packet;
}

void netback_rx_drop(struct netback *nb)
{
	while (nb->queue_count) {
		net_packet_put(queue_take(nb));
		nb->port.sent.dropped++;
	}
}

/* What is for everybody leaves half of the queue to what is for this guest: a flood cuts nobody off. */
static bool queue_has_room(const struct netback *nb, const struct net_packet *packet)
{
	unsigned share = packet->data[0] & 1 ? 2 : 1;

	return nb->queue_count < RX_QUEUE_PACKETS / share &&
	       nb->queue_bytes + packet->capacity <= RX_QUEUE_BYTES / share;
}

void netback_transmit(struct net_port *port, struct net_packet *packet)
{
	struct netback *nb = port->driver;

	if (!nb->connected || nb->broken || !queue_has_room(nb, packet)) {
		port->sent.dropped++;
		net_packet_put(packet);
		return;
	}
	nb->queue[(nb->queue_first + nb->queue_count) % RX_QUEUE_PACKETS] = packet;
	nb->queue_count++;
	nb->queue_bytes += packet->capacity;
}

/* ---- buffers ---- */

static unsigned slots_for(const struct net_packet *packet, bool *mirrors)
{
	return netback_buffers(packet, mirrors) + (packet->gso != NET_GSO_NONE);
}

/* Buffers that the guest has posted; the index is its own to break. */
static unsigned slots_posted(struct netback *nb)
{
	netif_rx_back_ring_t *ring = &nb->rings.rx;
	RING_IDX end = *(volatile RING_IDX *)&ring->sring->req_prod;

	xen_rmb();
	if (RING_REQUEST_PROD_OVERFLOW(ring, end)) {
		nb->broken = "the rx ring's index is out of range";
		return 0;
	}
	return end - ring->req_cons;
}

/* Whether there are so many; when not, an event is asked for that says so. */
static bool have_slots(struct netback *nb, unsigned needed)
{
	netif_rx_back_ring_t *ring = &nb->rings.rx;

	if (slots_posted(nb) >= needed)
		return true;
	ring->sring->req_event = ring->req_cons + needed;
	xen_mb();
	return slots_posted(nb) >= needed;
}

static struct rx_slot *take_slot(struct netback *nb, unsigned index, netif_rx_request_t *request)
{
	netif_rx_back_ring_t *ring = &nb->rings.rx;

	RING_COPY_REQUEST(ring, ring->req_cons, request);
	ring->req_cons++;
	slots[index] = (struct rx_slot){ .id = request->id, .first_copy = batch.count };
	return &slots[index];
}

static uint16_t first_flags(const struct net_packet *packet)
{
	uint16_t flags = 0;

	if (packet->csum_blank)
		flags |= NETRXF_csum_blank | NETRXF_data_validated;
	else if (packet->csum_valid)
		flags |= NETRXF_data_validated;
	return flags;
}

/* What follows the first buffer of a packet that is to be segmented. */
static void add_extra(struct netback *nb, const struct net_packet *packet, unsigned index)
{
	netif_rx_request_t request;
	struct rx_slot *slot = take_slot(nb, index, &request);

	slot->gso = packet->gso;
	slot->gso_size = packet->gso_size;
}

/* Takes the buffers of one packet; returns how many, the extra info included. */
static unsigned fill(struct netback *nb, const struct net_packet *packet, bool mirrors,
		     unsigned index)
{
	struct netback_delivery delivery;
	netif_rx_request_t request;
	unsigned start = index;

	netback_deliver_start(&delivery, packet, mirrors);
	while (delivery.done < packet->length) {
		bool first = !delivery.done;
		struct rx_slot *slot = take_slot(nb, index++, &request);

		slot->size = (uint16_t)netback_deliver_next(&batch, &delivery, nb->rings.domain,
							    request.gref, &slot->offset);
		slot->nr_copies = batch.count - slot->first_copy;
		slot->flags = first ? first_flags(packet) : 0;
		if (delivery.done < packet->length)
			slot->flags |= NETRXF_more_data;
		if (first && packet->gso != NET_GSO_NONE) {
			slot->flags |= NETRXF_extra_info;
			add_extra(nb, packet, index++);
		}
	}
	return index - start;
}

/* ---- responses ---- */

static void put_extra(void *at, const struct rx_slot *slot)
{
	struct netif_extra_info extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	extra.u.gso.size = slot->gso_size;
	extra.u.gso.type = slot->gso == NET_GSO_TCPV4 ? XEN_NETIF_GSO_TYPE_TCPV4
						      : XEN_NETIF_GSO_TYPE_TCPV6;
	memcpy(at, &extra, sizeof(extra));
}

static void respond(netif_rx_back_ring_t *ring, const struct rx_slot *slot)
{
	netif_rx_response_t *response = RING_GET_RESPONSE(ring, ring->rsp_prod_pvt);
	bool good = netback_batch_good(&batch, slot->first_copy, slot->nr_copies);

	ring->rsp_prod_pvt++;
	if (slot->gso != NET_GSO_NONE) {
		put_extra(response, slot);
		return;
	}
	*response = (netif_rx_response_t){ .id = slot->id,
					   .offset = slot->offset,
					   .flags = slot->flags };
	response->status = good ? (int16_t)slot->size : NETIF_RSP_ERROR;
}

static void push_responses(struct netback *nb)
{
	netif_rx_back_ring_t *ring = &nb->rings.rx;
	int notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(ring, notify);
	if (notify)
		event_send(nb->rings.rx_port);
}

/* ---- bursts ---- */

static void count_sent(struct netback *nb, const struct net_packet *packet)
{
	nb->port.sent.packets++;
	nb->port.sent.bytes += packet->length;
}

/* Gives buffers to as many packets as one hypercall can copy; returns how many, and the buffers used. */
static unsigned fill_burst(struct netback *nb, unsigned *used)
{
	unsigned count;

	for (count = 0; count < nb->queue_count; count++) {
		const struct net_packet *packet = queue_peek(nb, count);
		bool mirrors;
		unsigned needed = slots_for(packet, &mirrors);

		if (batch.count + BATCH_PACKET_COPIES > BATCH_COPIES ||
		    *used + needed > RX_BATCH_SLOTS || !have_slots(nb, needed))
			break;
		*used += fill(nb, packet, mirrors, *used);
	}
	return count;
}

/* One hypercall's worth of packets. Returns how many. */
static unsigned burst(struct netback *nb)
{
	unsigned used = 0, count, i;

	batch.count = 0;
	count = fill_burst(nb, &used);
	netback_batch_run(&batch);
	for (i = 0; i < used; i++)
		respond(&nb->rings.rx, &slots[i]);
	if (used)
		push_responses(nb);
	for (i = 0; i < count; i++) {
		count_sent(nb, queue_peek(nb, 0));
		net_packet_put(queue_take(nb));
	}
	return count;
}

bool netback_rx_serve(struct netback *nb, uint64_t now)
{
	if (!nb->connected || nb->broken)
		return false;
	while (nb->queue_count && burst(nb)) {
		nb->stalled = false;
		nb->waiting = 0;
	}
	if (!nb->queue_count)
		return false;
	if (!nb->waiting)
		nb->waiting = now;
	if (!nb->stalled && now - nb->waiting <= RX_STALL_NS)
		return true;
	nb->stalled = true;
	netback_rx_drop(nb);
	return false;
}

/* The senders' buffers are given back after this: what could not be delivered is fetched now. */
static void complete_queue(struct netback *nb)
{
	unsigned i;

	for (i = 0; i < nb->queue_count; i++)
		if (queue_peek(nb, i)->source && !net_packet_complete(queue_peek(nb, i)))
			nb->port.sent.errors++;
}

void netback_flush(struct net_port *port)
{
	struct netback *nb = port->driver;

	netback_rx_serve(nb, loop_now());
	complete_queue(nb);
}
