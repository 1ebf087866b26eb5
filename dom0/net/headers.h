/* SPDX-License-Identifier: MIT */
/* The protocol headers as far as offloads touch them: offsets in bytes, numbers in network order. */
#pragma once

#include <stdint.h>

#include "dom0/net/net.h"

#define ETHERNET_TYPE 12u
#define TYPE_IPV4 0x0800u
#define TYPE_ARP 0x0806u
#define TYPE_IPV6 0x86ddu
#define TYPE_VLAN 0x8100u

#define IPV4_HEADER 20u
#define IPV4_TOTAL 2u
#define IPV4_ID 4u
#define IPV4_FRAGMENT 6u
#define IPV4_FRAGMENTED 0x3fffu /* more fragments, or an offset */
#define IPV4_PROTOCOL 9u
#define IPV4_CSUM 10u
#define IPV4_ADDRESSES 12u

/* For IPv4 over Ethernet: what it begins with, and who says it. */
#define ARP_BYTES 28u
#define ARP_IPV4 "\0\1\x8\0\6\4"
#define ARP_SENDER_MAC 8u
#define ARP_SENDER_IP 14u

#define DHCP_CLIENT 68u
#define DHCP_SERVER 67u

#define IPV6_HEADER 40u
#define IPV6_PAYLOAD 4u
#define IPV6_NEXT 6u
#define IPV6_ADDRESSES 8u
#define IPV6_EXTENSION 8u /* the unit of their lengths */
#define IPV6_HOP_BY_HOP 0
#define IPV6_ROUTING 43
#define IPV6_DESTINATION 60

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

#define UDP_HEADER 8u
#define UDP_CSUM 6u

#define TCP_HEADER 20u
#define TCP_SEQUENCE 4u
#define TCP_OFFSET 12u
#define TCP_FLAGS 13u
#define TCP_CSUM 16u
#define TCP_FIN 0x01u
#define TCP_PSH 0x08u
#define TCP_CWR 0x80u

/* What is there of a packet's beginning to read headers from. */
static inline uint32_t headers_readable(const struct net_packet *packet)
{
	uint32_t limit = packet->source ? packet->present : packet->length;

	return limit < NET_PULL ? limit : NET_PULL;
}

static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static inline void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* The Internet sum (RFC 1071), not complemented, as it lies in memory; start: a sum so far. */
uint16_t net_sum(const uint8_t *data, uint32_t length, uint32_t start);
