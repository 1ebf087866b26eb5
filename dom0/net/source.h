/* SPDX-License-Identifier: MIT */
/* Who a guest may say that it is. */
#pragma once

#include "dom0/net/net.h"

/*
 * Whether a packet of a filtered port bears the port's own hardware address and, if the port has
 * addresses of IPv4, is IPv4 or ARP from one of them (or asks for one by DHCP).
 */
bool source_allowed(const struct net_port *port, const struct net_packet *packet);
