/* SPDX-License-Identifier: MIT */
/* What a guest's description says of a network interface: xl's `vif` (xl-network-configuration). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dom0/net/net.h"

#define VIF_DEFAULT_BRIDGE "br0"
#define SPEC_VIFS_MAX 8

struct vif_spec {
	bool used;
	bool has_devid; /* otherwise the lowest number that is free */
	unsigned devid;
	uint8_t mac[NET_MAC];
	bool has_mac; /* otherwise one is made from the guest's name */
	bool unfiltered;
	/* The only ones of IPv4 that it may send from; none: any, and other protocols. */
	uint32_t addresses[NET_ADDRESSES_MAX];
	unsigned nr_addresses;
	char bridge[NET_NAME_MAX];
	uint64_t rate_bytes; /* in each interval; 0: no limit */
	uint64_t rate_interval_ns;
};

/* Reads `mac=...,bridge=...,rate=...`. NULL, or what is wrong (valid until the next call). */
const char *vif_parse(struct vif_spec *vif, const char *text);

/* Six hexadecimal numbers with colons. */
bool vif_parse_mac(uint8_t *mac, const char *text);
#define VIF_MAC_TEXT 18
const char *vif_mac_text(const uint8_t *mac, char *text);

/*
 * An address in 00:16:3e for the interface of that number: the same each time. attempt counts from 0 when
 * the address turns out to be taken.
 */
void vif_make_mac(uint8_t *mac, const char *guest, unsigned number, unsigned attempt);
