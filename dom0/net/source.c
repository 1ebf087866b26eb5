/* SPDX-License-Identifier: MIT */
/* The addresses that a guest's packets come from: see source.h. RFC 791, 826, 2131. */
#include "dom0/net/source.h"

#include <string.h>

#include "dom0/net/headers.h"

#define NOBODY 0u /* 0.0.0.0: who has no address yet */

static bool listed(const struct net_port *port, uint32_t address)
{
	unsigned i;

	for (i = 0; i < port->nr_addresses; i++)
		if (port->addresses[i] == address)
			return true;
	return false;
}

static bool is_dhcp(const uint8_t *ip, uint32_t length)
{
	uint32_t header = (ip[0] & 0xfu) * 4;

	return ip[IPV4_PROTOCOL] == PROTOCOL_UDP &&
	       !(get16(ip + IPV4_FRAGMENT) & IPV4_FRAGMENTED) && header >= IPV4_HEADER &&
	       length >= header + UDP_HEADER && get16(ip + header) == DHCP_CLIENT &&
	       get16(ip + header + 2) == DHCP_SERVER;
}

static bool ipv4_allowed(const struct net_port *port, const uint8_t *ip, uint32_t length)
{
	uint32_t from;

	if (length < IPV4_HEADER || ip[0] >> 4 != 4)
		return false;
	from = get32(ip + IPV4_ADDRESSES);
	return listed(port, from) || (from == NOBODY && is_dhcp(ip, length));
}

static bool arp_allowed(const struct net_port *port, const uint8_t *arp, uint32_t length)
{
	uint32_t from;

	if (length < ARP_BYTES || memcmp(arp, ARP_IPV4, sizeof(ARP_IPV4) - 1) ||
	    memcmp(arp + ARP_SENDER_MAC, port->mac, NET_MAC))
		return false;
	from = get32(arp + ARP_SENDER_IP);
	return listed(port, from) || from == NOBODY;
}

bool source_allowed(const struct net_port *port, const struct net_packet *packet)
{
	const uint8_t *header = packet->data + NET_HEADER;
	uint32_t length = headers_readable(packet) - NET_HEADER;

	if (memcmp(packet->data + NET_MAC, port->mac, NET_MAC))
		return false;
	if (!port->nr_addresses)
		return true;
	switch (get16(packet->data + ETHERNET_TYPE)) {
	case TYPE_IPV4:
		return ipv4_allowed(port, header, length);
	case TYPE_ARP:
		return arp_allowed(port, header, length);
	default:
		return false;
	}
}
