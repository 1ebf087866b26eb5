/* SPDX-License-Identifier: MIT */
/*
 * The tx ring: what a guest sends. One turn reads requests, fetches short packets and the beginnings of long
 * ones in one hypercall, gives the packets to the bridge, and answers. See netback.h.
 */
#include "dom0/net/netback.h"
#include "dom0/net/offload.h"
#include "dom0/net/pages.h"
#include "guests/pvrt/event.h"

/* Ethernet, IPv4, TCP. */
#define HEADERS_MIN 54u

/* A packet as the ring describes it. */
struct tx_packet {
	struct netback_source source;
	uint16_t ids[NETBACK_SLOTS];
	unsigned nr_extras;
	uint16_t flags; /* of the first request */
	uint32_t size;
	uint8_t gso_type;
	uint16_t gso_size;
	int16_t status;
	struct net_packet *packet;
	unsigned first_copy, nr_copies;
};

/* One turn at a time: the memory is shared by all interfaces. */
static struct tx_packet packets[TX_TURN_PACKETS];
static struct netback_batch batch;

struct tx_cursor {
	struct netback *nb;
	netif_tx_back_ring_t *ring;
	RING_IDX end;	/* requests before it are there */
	unsigned slots; /* taken in this turn */
};

static bool fail(struct netback *nb, const char *text)
{
	nb->broken = text;
	return false;
}

/* ---- requests ---- */

static bool next_slot(struct tx_cursor *c, netif_tx_request_t *slot)
{
	if (c->ring->req_cons == c->end)
		return fail(c->nb, "a packet is not complete on the tx ring");
	RING_COPY_REQUEST(c->ring, c->ring->req_cons, slot);
	c->ring->req_cons++;
	c->slots++;
	return true;
}

static bool read_extras(struct tx_cursor *c, struct tx_packet *p)
{
	struct netif_extra_info extra;
	netif_tx_request_t slot;

	do {
		if (p->nr_extras++ == NETBACK_EXTRAS)
			return fail(c->nb, "too many extra infos on the tx ring");
		if (!next_slot(c, &slot))
			return false;
		memcpy(&extra, &slot, sizeof(extra));
		if (!extra.type || extra.type >= XEN_NETIF_EXTRA_TYPE_MAX)
			return fail(c->nb, "an extra info of no known type on the tx ring");
		if (extra.type == XEN_NETIF_EXTRA_TYPE_GSO) {
			p->gso_type = extra.u.gso.type;
			p->gso_size = extra.u.gso.size;
		}
	} while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
	return true;
}

static bool add_slot(struct tx_cursor *c, struct tx_packet *p, const netif_tx_request_t *slot)
{
	struct netback_source *source = &p->source;

	if (source->nr_slots == NETBACK_SLOTS)
		return fail(c->nb, "a packet has too many buffers");
	if ((uint32_t)slot->offset + slot->size > NET_PAGE && source->nr_slots)
		return fail(c->nb, "a buffer on the tx ring crosses a page");
	p->ids[source->nr_slots] = slot->id;
	source->slots[source->nr_slots++] = *slot;
	return true;
}

/* The first request's size is the packet's: what the others hold is taken off. */
static bool settle_sizes(struct tx_cursor *c, struct tx_packet *p)
{
	netif_tx_request_t *first = &p->source.slots[0];
	uint32_t others = 0;
	unsigned i;

	p->size = first->size;
	for (i = 1; i < p->source.nr_slots; i++)
		others += p->source.slots[i].size;
	if (others > p->size)
		return fail(c->nb, "a packet is smaller than its parts");
	first->size = (uint16_t)(p->size - others);
	if ((uint32_t)first->offset + first->size > NET_PAGE)
		return fail(c->nb, "a buffer on the tx ring crosses a page");
	return true;
}

static bool read_packet(struct tx_cursor *c, struct tx_packet *p)
{
	netif_tx_request_t slot;

	p->source.source.complete = netback_complete;
	p->source.domain = c->nb->rings.domain;
	p->source.nr_slots = 0;
	p->nr_extras = 0;
	p->gso_type = XEN_NETIF_GSO_TYPE_NONE;
	p->gso_size = 0;
	p->packet = NULL;
	if (!next_slot(c, &slot) || !add_slot(c, p, &slot))
		return false;
	p->flags = slot.flags;
	if (slot.flags & NETTXF_extra_info && !read_extras(c, p))
		return false;
	while (slot.flags & NETTXF_more_data)
		if (!next_slot(c, &slot) || !add_slot(c, p, &slot))
			return false;
	return settle_sizes(c, p);
}

/* ---- packets ---- */

/*
 * How much of a packet is fetched at once: all of a short one, the headers of a long one. Guests put
 * them into a buffer of their own; the next buffer then stays as it is, in one piece.
 */
static uint32_t fetch_length(const struct tx_packet *p)
{
	uint32_t first = p->source.slots[0].size;

	if (p->size <= NET_PAGE)
		return p->size;
	return first >= HEADERS_MIN && first < NET_PULL ? first : NET_PULL;
}

/* Room for the packet, and copies that fetch it or its beginning. */
static void plan_fetch(struct netback *nb, struct tx_packet *p)
{
	uint32_t present = fetch_length(p);

	p->first_copy = batch.count;
	p->nr_copies = 0;
	p->status = NETIF_RSP_ERROR;
	if (p->size < NET_HEADER) {
		nb->port.received.errors++;
		return;
	}
	p->packet = net_packet_alloc(p->size);
	if (!p->packet) {
		p->status = NETIF_RSP_DROPPED;
		nb->port.received.dropped++;
		return;
	}
	p->packet->length = p->size;
	if (present < p->size)
		p->packet->source = &p->source.source;
	p->packet->present = present;
	netback_batch_fetch(&batch, &p->source, 0, present, p->packet->data);
	p->nr_copies = batch.count - p->first_copy;
}

/* What the request's flags say about the packet; false when they make no sense. */
static bool set_offloads(struct tx_packet *p)
{
	static const enum net_gso types[] = {
		[XEN_NETIF_GSO_TYPE_TCPV4] = NET_GSO_TCPV4, [XEN_NETIF_GSO_TYPE_TCPV6] = NET_GSO_TCPV6
	};
	struct net_packet *packet = p->packet;

	packet->csum_valid = p->flags & NETTXF_data_validated;
	if (p->gso_type > XEN_NETIF_GSO_TYPE_TCPV6)
		return false;
	packet->gso = types[p->gso_type];
	packet->gso_size = p->gso_size;
	packet->csum_blank = p->flags & NETTXF_csum_blank;
	/* Headers that are spread over buffers are rare: then all of it is fetched. */
	return !packet->csum_blank || offload_locate_csum(packet) ||
	       (packet->source && net_packet_complete(packet) && offload_locate_csum(packet));
}

/* Gives the packet to the bridge; returns the work done there. */
static unsigned forward(struct netback *nb, struct tx_packet *p)
{
	if (!p->packet)
		return 1;
	if (!netback_batch_good(&batch, p->first_copy, p->nr_copies) || !set_offloads(p)) {
		nb->port.received.errors++;
		net_packet_put(p->packet);
		return 1;
	}
	p->status = NETIF_RSP_OKAY;
	return net_receive(&nb->port, p->packet);
}

/* ---- responses ---- */

static void respond(netif_tx_back_ring_t *ring, uint16_t id, int16_t status)
{
	netif_tx_response_t *response = RING_GET_RESPONSE(ring, ring->rsp_prod_pvt);

	response->id = id;
	response->status = status;
	ring->rsp_prod_pvt++;
}

/* One for each request, in their order. */
static void answer(netif_tx_back_ring_t *ring, const struct tx_packet *p)
{
	unsigned i;

	respond(ring, p->ids[0], p->status);
	for (i = 0; i < p->nr_extras; i++)
		respond(ring, 0, NETIF_RSP_NULL);
	for (i = 1; i < p->source.nr_slots; i++)
		respond(ring, p->ids[i], p->status);
}

static void push_responses(struct netback *nb)
{
	netif_tx_back_ring_t *ring = &nb->rings.tx;
	int notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(ring, notify);
	if (notify)
		event_send(nb->rings.tx_port);
}

/* ---- the turn ---- */

/* Reads packets until the share of this turn is used up; returns how many. */
static unsigned gather(struct tx_cursor *c, uint64_t now)
{
	unsigned count = 0;

	batch.count = 0;
	while (c->ring->req_cons != c->end && count < TX_TURN_PACKETS &&
	       c->slots + NETBACK_SLOTS + NETBACK_EXTRAS <= TX_TURN_SLOTS &&
	       batch.count + BATCH_PACKET_COPIES <= BATCH_COPIES &&
	       rate_allows(&c->nb->rate, now)) {
		if (!read_packet(c, &packets[count]))
			break;
		rate_take(&c->nb->rate, packets[count].size);
		plan_fetch(c->nb, &packets[count++]);
	}
	return count;
}

/* A guest that sends to everybody makes more work than it has requests: it waits for others then. */
static bool pays_debt(struct netback *nb)
{
	if (nb->debt < TX_TURN_PACKETS)
		return false;
	nb->debt -= TX_TURN_PACKETS;
	return true;
}

static enum tx_result look_again(struct netback *nb, uint64_t now)
{
	netif_tx_back_ring_t *ring = &nb->rings.tx;
	int more;

	RING_FINAL_CHECK_FOR_REQUESTS(ring, more);
	if (!more)
		return TX_IDLE;
	return rate_allows(&nb->rate, now) ? TX_MORE : TX_WAIT;
}

enum tx_result netback_tx_turn(struct netback *nb, uint64_t now)
{
	struct tx_cursor c = { .nb = nb, .ring = &nb->rings.tx };
	unsigned count, work = 0, i;

	if (pays_debt(nb))
		return TX_MORE;
	c.end = *(volatile RING_IDX *)&c.ring->sring->req_prod;
	xen_rmb();
	if (RING_REQUEST_PROD_OVERFLOW(c.ring, c.end)) {
		fail(nb, "the tx ring's index is out of range");
		return TX_IDLE;
	}
	count = gather(&c, now);
	netback_batch_run(&batch);
	for (i = 0; i < count; i++)
		work += forward(nb, &packets[i]);
	net_flush();
	for (i = 0; i < count; i++)
		answer(c.ring, &packets[i]);
	push_responses(nb);
	nb->debt += work > TX_TURN_PACKETS ? work - TX_TURN_PACKETS : 0;
	return nb->broken ? TX_IDLE : look_again(nb, now);
}
