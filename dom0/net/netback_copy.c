/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a packet are, as copies for the hypervisor: see netback.h. The beginning of a packet
 * is in the control domain's pages. The rest of a long one may still be in its sender's buffers; when the receiver
 * is a guest too, the hypervisor copies it from one to the other, once.
 */
#include "dom0/net/netback.h"
#include "dom0/net/pages.h"

/* Up to `length` bytes in one page. */
struct piece {
	struct gnttab_copy_ptr at;
	uint16_t flag; /* GNTCOPY_source_gref, or 0 for our own page */
	uint32_t length;
};

static struct piece local_piece(const uint8_t *data, uint32_t length)
{
	uint32_t offset = (uint32_t)(uintptr_t)data & (NET_PAGE - 1);
	struct piece piece = { .length = length };

	piece.at.u.gmfn = net_frame(data);
	piece.at.domid = DOMID_SELF;
	piece.at.offset = (uint16_t)offset;
	if (piece.length > NET_PAGE - offset)
		piece.length = NET_PAGE - offset;
	return piece;
}

/* The bytes from `from` on; the buffers hold at least that many. */
static struct piece granted_piece(const struct netback_source *source, uint32_t from,
				  uint32_t length)
{
	const netif_tx_request_t *slot = source->slots;
	struct piece piece = { .flag = GNTCOPY_source_gref };

	for (; from >= slot->size; slot++)
		from -= slot->size;
	piece.at.u.ref = slot->gref;
	piece.at.domid = source->domain;
	piece.at.offset = (uint16_t)(slot->offset + from);
	piece.length = slot->size - from < length ? slot->size - from : length;
	return piece;
}

static struct piece packet_piece(const struct net_packet *packet, uint32_t from, uint32_t length)
{
	uint32_t present = packet->source ? NET_PULL : packet->length;

	if (from >= present)
		return granted_piece((const struct netback_source *)packet->source, from, length);
	return local_piece(packet->data + from, length < present - from ? length : present - from);
}

static struct gnttab_copy *add(struct netback_batch *batch, const struct piece *from,
			       uint32_t length)
{
	struct gnttab_copy *copy = &batch->copies[batch->count++];

	copy->source = from->at;
	copy->flags = from->flag;
	copy->len = (uint16_t)length;
	return copy;
}

void netback_batch_fetch(struct netback_batch *batch, const struct netback_source *source,
			 uint32_t from, uint32_t length, uint8_t *here)
{
	while (length) {
		struct piece to = local_piece(here, length);
		struct piece piece = granted_piece(source, from, to.length);
		struct gnttab_copy *copy = add(batch, &piece, piece.length);

		copy->dest = to.at;
		from += piece.length;
		here += piece.length;
		length -= piece.length;
	}
}

void netback_batch_deliver(struct netback_batch *batch, const struct net_packet *packet,
			   uint32_t from, uint32_t length, domid_t domain, grant_ref_t ref)
{
	uint32_t done;

	for (done = 0; done < length;) {
		struct piece piece = packet_piece(packet, from + done, length - done);
		struct gnttab_copy *copy = add(batch, &piece, piece.length);

		copy->dest.u.ref = ref;
		copy->dest.domid = domain;
		copy->dest.offset = (uint16_t)done;
		copy->flags |= GNTCOPY_dest_gref;
		done += piece.length;
	}
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
	netback_batch_fetch(&batch, (struct netback_source *)packet->source, NET_PULL,
			    packet->length - NET_PULL, packet->data + NET_PULL);
	netback_batch_run(&batch);
	return netback_batch_good(&batch, 0, batch.count);
}
