/* SPDX-License-Identifier: MIT */
/* Network interfaces of guests, for who creates guests and for the shell. */
#pragma once

#include <xen/xen.h>

#include "dom0/net/vif.h"

struct net_interface;

/* Gives the domain an interface; spec has an address. NULL, or what is wrong. */
const char *net_interface_create(const struct vif_spec *spec, domid_t domain, unsigned handle);
/* Asks the guest to let go of it, and removes it. It may be gone when this returns. */
void net_interface_detach(struct net_interface *in);

/* The domain's interfaces. */
struct net_interface *net_interface_first(domid_t domain);
struct net_interface *net_interface_next(struct net_interface *in);

struct net_interface_info {
	unsigned handle;
	const uint8_t *mac;
	int state; /* of the back end, enum xenbus_state */
	bool connected;
	int port; /* the event channel here; negative: none */
	unsigned long tx_ref, rx_ref;
	const char *path;
};
struct net_interface_info net_interface_info(const struct net_interface *in);
