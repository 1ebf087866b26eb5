/* SPDX-License-Identifier: MIT */
/* Cuts a long TCP packet into frames, as a network card does: see offload.h. */
#include <string.h>

#include "dom0/net/headers.h"
#include "dom0/net/offload.h"

/* The pseudo header's sum, not complemented, for a transport of that many bytes. */
static uint16_t pseudo_sum(const uint8_t *data, const struct net_headers *h, uint32_t length)
{
	uint8_t tail[4];
	uint32_t from = h->version == 4 ? IPV4_ADDRESSES : IPV6_ADDRESSES;
	uint32_t bytes = h->version == 4 ? 8 : 32;

	put16(tail, length);
	put16(tail + 2, h->protocol);
	return net_sum(data + h->network + from, bytes, net_sum(tail, sizeof(tail), 0));
}

static void finish_ip(struct net_packet *segment, const struct net_headers *h, unsigned number)
{
	uint8_t *ip = segment->data + h->network;
	uint16_t sum;

	if (h->version == 6) {
		put16(ip + IPV6_PAYLOAD, segment->length - h->network - IPV6_HEADER);
		return;
	}
	put16(ip + IPV4_TOTAL, segment->length - h->network);
	put16(ip + IPV4_ID, get16(ip + IPV4_ID) + number);
	put16(ip + IPV4_CSUM, 0);
	sum = (uint16_t)~net_sum(ip, h->transport - h->network, 0);
	memcpy(ip + IPV4_CSUM, &sum, sizeof(sum));
}

/* Only the first segment keeps CWR, only the last FIN and PSH. */
static void finish_tcp(struct net_packet *segment, const struct net_headers *h, uint32_t offset,
		       bool last)
{
	uint8_t *tcp = segment->data + h->transport;
	uint16_t sum = pseudo_sum(segment->data, h, segment->length - h->transport);

	put32(tcp + TCP_SEQUENCE, get32(tcp + TCP_SEQUENCE) + offset);
	if (offset)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	memcpy(tcp + TCP_CSUM, &sum, sizeof(sum));
	segment->csum_start = (uint16_t)h->transport;
	segment->csum_offset = TCP_CSUM;
	segment->csum_blank = true;
}

unsigned offload_segment(const struct net_packet *packet, bool blank,
			 void (*send)(void *arg, struct net_packet *segment), void *arg)
{
	struct net_headers h;
	uint32_t offset, total, bytes;
	unsigned count = 0;

	if (!offload_parse(packet, &h))
		return 0;
	total = packet->length - h.payload;
	for (offset = 0; offset < total; offset += bytes) {
		struct net_packet *segment = net_packet_alloc(h.payload + packet->gso_size);

		if (!segment)
			break;
		bytes = total - offset < packet->gso_size ? total - offset : packet->gso_size;
		memcpy(segment->data, packet->data, h.payload);
		memcpy(segment->data + h.payload, packet->data + h.payload + offset, bytes);
		segment->length = h.payload + bytes;
		finish_ip(segment, &h, count++);
		finish_tcp(segment, &h, offset, offset + bytes == total);
		if (!blank)
			offload_checksum(segment);
		send(arg, segment);
	}
	return count;
}
