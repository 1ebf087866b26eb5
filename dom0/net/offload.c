/* SPDX-License-Identifier: MIT */
/* Finding headers and summing: see offload.h. RFC 791, 8200, 768, 9293, 1071. */
#include "dom0/net/offload.h"

#include <string.h>

#include "dom0/net/headers.h"

#define IPV6_EXTENSIONS_MAX 8u

/* ---- headers ---- */

static bool parse_ipv4(const struct net_packet *packet, struct net_headers *h)
{
	const uint8_t *ip = packet->data + h->network;
	uint32_t room = packet->length - h->network, header, total;

	if (h->network + IPV4_HEADER > headers_readable(packet) || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 0xfu) * 4;
	total = get16(ip + IPV4_TOTAL);
	if (header < IPV4_HEADER || total < header || total > room ||
	    get16(ip + IPV4_FRAGMENT) & IPV4_FRAGMENTED)
		return false;
	h->version = 4;
	h->protocol = ip[IPV4_PROTOCOL];
	h->transport = h->network + header;
	h->end = h->network + total;
	return true;
}

static bool is_extension(uint8_t next)
{
	return next == IPV6_HOP_BY_HOP || next == IPV6_ROUTING || next == IPV6_DESTINATION;
}

static bool parse_ipv6(const struct net_packet *packet, struct net_headers *h)
{
	const uint8_t *ip = packet->data + h->network;
	uint32_t room = packet->length - h->network, at = IPV6_HEADER, total;
	unsigned i;

	if (h->network + IPV6_HEADER > headers_readable(packet) || ip[0] >> 4 != 6)
		return false;
	total = IPV6_HEADER + get16(ip + IPV6_PAYLOAD);
	if (total > room)
		return false;
	h->version = 6;
	h->protocol = ip[IPV6_NEXT];
	for (i = 0; is_extension(h->protocol) && i < IPV6_EXTENSIONS_MAX; i++) {
		if (at + IPV6_EXTENSION > total ||
		    h->network + at + IPV6_EXTENSION > headers_readable(packet))
			return false;
		h->protocol = ip[at];
		at += (ip[at + 1] + 1u) * IPV6_EXTENSION;
	}
	h->transport = h->network + at;
	h->end = h->network + total;
	return at <= total;
}

static bool parse_transport(const struct net_packet *packet, struct net_headers *h)
{
	const uint8_t *header = packet->data + h->transport;
	uint32_t room = h->end - h->transport, length;

	if (h->protocol == PROTOCOL_UDP) {
		h->payload = h->transport + UDP_HEADER;
		return room >= UDP_HEADER;
	}
	if (h->protocol != PROTOCOL_TCP || room < TCP_HEADER ||
	    h->transport + TCP_HEADER > headers_readable(packet))
		return false;
	length = (header[TCP_OFFSET] >> 4) * 4u;
	h->payload = h->transport + length;
	return length >= TCP_HEADER && length <= room;
}

bool offload_parse(const struct net_packet *packet, struct net_headers *h)
{
	uint16_t type;

	if (headers_readable(packet) < NET_HEADER)
		return false;
	h->network = NET_HEADER;
	type = get16(packet->data + ETHERNET_TYPE);
	if (type == TYPE_VLAN && headers_readable(packet) >= NET_VLAN_HEADER) {
		h->network = NET_VLAN_HEADER;
		type = get16(packet->data + NET_VLAN_HEADER - 2);
	}
	if (type != TYPE_IPV4 && type != TYPE_IPV6)
		return false;
	return (type == TYPE_IPV4 ? parse_ipv4(packet, h) : parse_ipv6(packet, h)) &&
	       parse_transport(packet, h);
}

/* ---- checks ---- */

static uint16_t csum_offset(const struct net_headers *h)
{
	return h->protocol == PROTOCOL_TCP ? TCP_CSUM : UDP_CSUM;
}

bool offload_locate_csum(struct net_packet *packet)
{
	struct net_headers h;

	if (!offload_parse(packet, &h))
		return false;
	packet->csum_start = (uint16_t)h.transport;
	packet->csum_offset = csum_offset(&h);
	return true;
}

static bool gso_good(const struct net_packet *packet)
{
	struct net_headers h;

	return packet->csum_blank && packet->gso_size >= GSO_SIZE_MIN &&
	       offload_parse(packet, &h) && h.protocol == PROTOCOL_TCP && h.end == packet->length &&
	       h.version == (packet->gso == NET_GSO_TCPV4 ? 4 : 6) &&
	       packet->csum_start == h.transport && packet->csum_offset == TCP_CSUM &&
	       h.payload - h.network + packet->gso_size <= NET_MTU;
}

bool offload_check(const struct net_packet *packet)
{
	if (packet->gso != NET_GSO_NONE)
		return gso_good(packet);
	return !packet->csum_blank ||
	       (packet->csum_start >= NET_HEADER &&
		(uint32_t)packet->csum_start + packet->csum_offset + 2 <= packet->length);
}

static unsigned csum_feature(const struct net_packet *packet)
{
	struct net_headers h;

	return offload_parse(packet, &h) && h.version == 4 ? NET_CSUM : NET_CSUM6;
}

unsigned offload_needs(const struct net_packet *packet)
{
	static const unsigned gso[] = {
		[NET_GSO_NONE] = 0, [NET_GSO_TCPV4] = NET_TSO4, [NET_GSO_TCPV6] = NET_TSO6
	};

	return gso[packet->gso] | (packet->csum_blank ? csum_feature(packet) : 0);
}

/* ---- sums ---- */

uint16_t net_sum(const uint8_t *data, uint32_t length, uint32_t start)
{
	uint64_t sum = start;
	uint32_t word = 0;

	for (; length >= sizeof(word); length -= sizeof(word), data += sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, data, length);
	sum += word;
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffffu) + (sum >> 16 & 0xffffu) + (sum >> 32);
	sum = (sum & 0xffffu) + (sum >> 16);
	return (uint16_t)((sum & 0xffffu) + (sum >> 16));
}

/* The sum is the same in either byte order, and is stored as it comes out of memory. */
void offload_checksum(struct net_packet *packet)
{
	uint8_t *at = packet->data + packet->csum_start + packet->csum_offset;
	uint16_t sum = (uint16_t)~net_sum(packet->data + packet->csum_start,
					  packet->length - packet->csum_start, 0);

	/* No sum at all is what zero means to UDP; to the others both zeros are the same. */
	if (!sum)
		sum = 0xffff;
	memcpy(at, &sum, sizeof(sum));
	packet->csum_blank = false;
	packet->csum_valid = true;
}
