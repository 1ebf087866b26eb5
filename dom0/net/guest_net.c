/* SPDX-License-Identifier: MIT */
/* Interfaces of guests: see guest_net.h. */
#include "dom0/net/guest_net.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/guest.h"
#include "dom0/net/interface.h"
#include "dom0/shell.h"

/* An address made from the name can be taken by another guest's: then the next one. */
#define MAC_ATTEMPTS 16u

static const char *create(struct guest *guest, unsigned handle)
{
	struct vif_spec spec = guest->spec.vifs[handle];
	const char *error;
	unsigned attempt = 0;

	do {
		if (!spec.has_mac)
			vif_make_mac(spec.mac, guest->spec.name, handle, attempt++);
		error = net_interface_create(&spec, guest->domain, handle);
	} while (error && !spec.has_mac && attempt < MAC_ATTEMPTS);
	/* Who saves the guest writes down the address that it has. */
	if (!error)
		memcpy(guest->spec.vifs[handle].mac, spec.mac, sizeof(spec.mac));
	return error;
}

void guest_net_start(struct guest *guest)
{
	const char *error;
	unsigned i;

	for (i = 0; i < SPEC_VIFS_MAX; i++) {
		error = guest->spec.vifs[i].used ? create(guest, i) : NULL;
		if (error)
			shell_notice("%s: interface %u: %s", guest->spec.name, i, error);
	}
}

const char *guest_net_attach(struct guest *guest, const char *description)
{
	struct vif_spec spec;
	const char *error = vif_parse(&spec, description);
	unsigned i;

	if (error)
		return error;
	if (guest->state != GUEST_RUNNING || !guest->store)
		return "the guest is not running";
	for (i = 0; i < SPEC_VIFS_MAX && guest->spec.vifs[i].used; i++)
		;
	if (i == SPEC_VIFS_MAX)
		return "it has as many interfaces as there can be";
	guest->spec.vifs[i] = spec;
	error = create(guest, i);
	guest->spec.vifs[i].used = !error;
	return error;
}

static struct net_interface *find(const struct guest *guest, const char *which)
{
	bool by_number = isdigit((unsigned char)*which) && !strchr(which, ':');
	struct net_interface *in;
	uint8_t mac[NET_MAC];

	if (!by_number && !vif_parse_mac(mac, which))
		return NULL;
	for (in = net_interface_first(guest->domain); in; in = net_interface_next(in)) {
		struct net_interface_info info = net_interface_info(in);

		if (by_number ? info.handle == strtoul(which, NULL, 10)
			      : !memcmp(info.mac, mac, NET_MAC))
			return in;
	}
	return NULL;
}

const char *guest_net_detach(struct guest *guest, const char *which)
{
	struct net_interface *in = find(guest, which);

	if (!in)
		return "no such interface; `network-list` shows them";
	guest->spec.vifs[net_interface_info(in).handle].used = false;
	net_interface_detach(in);
	return NULL;
}
