/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a packet are, as copies for the hypervisor: see netback.h. The beginning of a packet
 * is in the control domain's pages. The rest of a long one may still be in its sender's buffers; when the receiver
 * is a guest too, the hypervisor copies it from one to the other, once.
 */
#include "dom0/net/netback.h"
#include "dom0/net/pages.h"

/* Bytes in one page. */
struct piece {
	struct gnttab_copy_ptr at;
	uint16_t flag; /* GNTCOPY_source_gref, or 0 for our own page */
	uint32_t length;
};

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static struct piece local_piece(const uint8_t *data, uint32_t length)
{
	uint32_t offset = (uint32_t)(uintptr_t)data & (NET_PAGE - 1);
	struct piece piece = { .length = least(length, NET_PAGE - offset) };

	piece.at.u.gmfn = net_frame(data);
	piece.at.domid = DOMID_SELF;
	piece.at.offset = (uint16_t)offset;
	return piece;
}

/* ---- a position in a sender's buffers ---- */

/* The buffers hold more than `from` bytes. */
static struct netback_position position_at(const struct netback_source *source, uint32_t from)
{
	struct netback_position p = { .source = source, .slot = source->slots, .into = from };

	for (; p.into >= p.slot->size; p.slot++)
		p.into -= p.slot->size;
	return p;
}

/* At most length bytes, of which there must be so many. */
static struct piece take_granted(struct netback_position *p, uint32_t length)
{
	struct piece piece = { .flag = GNTCOPY_source_gref };

	while (p->into == p->slot->size) {
		p->slot++;
		p->into = 0;
	}
	piece.at.u.ref = p->slot->gref;
	piece.at.domid = p->source->domain;
	piece.at.offset = (uint16_t)(p->slot->offset + p->into);
	piece.length = least(length, p->slot->size - p->into);
	p->into += piece.length;
	return piece;
}

/* ---- batches ---- */

static struct gnttab_copy *add(struct netback_batch *batch, const struct piece *from)
{
	struct gnttab_copy *copy = &batch->copies[batch->count++];

	copy->source = from->at;
	copy->flags = from->flag;
	copy->len = (uint16_t)from->length;
	return copy;
}

void netback_batch_fetch(struct netback_batch *batch, const struct netback_source *source,
			 uint32_t from, uint32_t length, uint8_t *here)
{
	struct netback_position position = position_at(source, from);

	while (length) {
		struct piece to = local_piece(here, length);
		struct piece piece = take_granted(&position, to.length);

		add(batch, &piece)->dest = to.at;
		here += piece.length;
		length -= piece.length;
	}
}

static unsigned pages_of(uint32_t length)
{
	return (length + NET_PAGE - 1) / NET_PAGE;
}

/* Where the part is that its sender still has. */
static struct netback_position rest_of(const struct net_packet *packet)
{
	return position_at((const struct netback_source *)packet->source, packet->present);
}

/*
 * Whether the beginning that is here fits before the sender's next bytes in the page where they are: then
 * one buffer takes both, with what the sender has at the place where he has it.
 */
static bool joins(const struct net_packet *packet, const struct netback_position *rest)
{
	return rest->slot->offset + rest->into >= packet->present;
}

/* Buffers when what is in one of the sender's goes into one of the receiver's. */
static unsigned mirrored(const struct net_packet *packet)
{
	const struct netback_source *source = (const struct netback_source *)packet->source;
	struct netback_position rest = rest_of(packet);
	const netif_tx_request_t *slot, *end = source->slots + source->nr_slots;
	unsigned count = !joins(packet, &rest);

	for (slot = rest.slot; slot < end; slot++)
		count += slot->size != 0;
	return count;
}

/*
 * One copy for each buffer, aligned as the sender has it, is best; unless the sender's buffers are
 * many and small.
 */
unsigned netback_buffers(const struct net_packet *packet, bool *mirrors)
{
	unsigned pages = pages_of(packet->length),
		 count = packet->source ? mirrored(packet) : pages;

	*mirrors = count <= NETBACK_SLOTS && count <= pages + 3;
	return *mirrors ? count : pages;
}

static struct piece packet_piece(const struct net_packet *packet, struct netback_position *position,
				 uint32_t from, uint32_t length)
{
	uint32_t present = packet->source ? packet->present : packet->length;

	if (from >= present)
		return take_granted(position, length);
	return local_piece(packet->data + from, least(length, present - from));
}

void netback_deliver_start(struct netback_delivery *d, const struct net_packet *packet,
			   bool mirrors)
{
	*d = (struct netback_delivery){ .packet = packet, .mirrors = mirrors };
	if (!packet->source)
		return;
	d->position = rest_of(packet);
	if (mirrors && joins(packet, &d->position))
		d->joined = packet->present;
}

uint32_t netback_deliver_next(struct netback_batch *batch, struct netback_delivery *d,
			      domid_t domain, grant_ref_t ref, uint16_t *offset)
{
	const struct netback_position *p = &d->position;
	uint32_t size = 0;

	*offset = 0;
	if (d->joined && !d->done)
		*offset = (uint16_t)(p->slot->offset + p->into - d->joined);
	do {
		struct piece piece =
			packet_piece(d->packet, &d->position, d->done,
				     least(NET_PAGE - size, d->packet->length - d->done));
		struct gnttab_copy *copy = add(batch, &piece);

		if (d->mirrors && piece.flag && !size)
			*offset = piece.at.offset;
		copy->dest.u.ref = ref;
		copy->dest.domid = domain;
		copy->dest.offset = (uint16_t)(*offset + size);
		copy->flags |= GNTCOPY_dest_gref;
		size += piece.length;
		d->done += piece.length;
	} while (d->mirrors ? size == d->joined && size == d->done
			    : size < NET_PAGE && d->done < d->packet->length);
	return size;
}

/* Refused as a whole, which would be a bug here, is the same as refused one by one. */
void netback_batch_run(struct netback_batch *batch)
{
	unsigned i;

	if (net_grant_copy(batch->copies, batch->count))
		return;
	for (i = 0; i < batch->count; i++)
		batch->copies[i].status = GNTST_general_error;
}

bool netback_batch_good(const struct netback_batch *batch, unsigned first, unsigned count)
{
	unsigned i;

	for (i = first; i < first + count; i++)
		if (batch->copies[i].status != GNTST_okay)
			return false;
	return true;
}

bool netback_complete(struct net_packet *packet)
{
	static struct netback_batch batch;

	batch.count = 0;
	netback_batch_fetch(&batch, (const struct netback_source *)packet->source, packet->present,
			    packet->length - packet->present, packet->data + packet->present);
	netback_batch_run(&batch);
	return netback_batch_good(&batch, 0, batch.count);
}
