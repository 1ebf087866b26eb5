/* SPDX-License-Identifier: MIT */
/*
 * Checksums and TCP segmentation in software, for ports that lack them, and the checks that a packet which
 * asks for either must pass before anybody believes its headers.
 */
#pragma once

#include "dom0/net/net.h"

/* A segment carries no less: a packet then has at most 512 of them. */
#define GSO_SIZE_MIN 128u

/* Where the headers of an unfragmented TCP or UDP packet are; offsets into its data. */
struct net_headers {
	unsigned version; /* 4 or 6 */
	uint8_t protocol;
	uint32_t network, transport;
	uint32_t payload; /* behind the transport's header */
	uint32_t end; /* as the network header says; nothing of the packet is behind it but padding */
};

/* False when it is something else, or not all there. */
bool offload_parse(const struct net_packet *packet, struct net_headers *headers);

/*
 * For a sender that only says that the sum is missing: finds csum_start and csum_offset. False when the
 * packet is neither TCP nor UDP.
 */
bool offload_locate_csum(struct net_packet *packet);

/* Whether csum_blank and gso of the packet make sense; one that fails must not go on. */
bool offload_check(const struct net_packet *packet);

/* Stores the sum of a csum_blank packet, which then is csum_valid. */
void offload_checksum(struct net_packet *packet);

/* NET_* that a port needs to take the packet as it is. */
unsigned offload_needs(const struct net_packet *packet);

/*
 * Cuts a gso packet that has been checked into packets of at most NET_FRAME_MAX, and calls send() with
 * a reference to each. They are csum_blank when blank is set, otherwise summed. Returns how many were made;
 * fewer than there should be when packets run out.
 */
unsigned offload_segment(const struct net_packet *packet, bool blank,
			 void (*send)(void *arg, struct net_packet *segment), void *arg);
