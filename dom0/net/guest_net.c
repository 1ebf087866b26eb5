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

/* One that was detached may still be on its way out. */
static bool is_free(const struct guest *guest, unsigned handle)
{
	struct net_interface *in;

	if (guest->spec.vifs[handle].used)
		return false;
	for (in = net_interface_first(guest->domain); in; in = net_interface_next(in))
		if (net_interface_info(in).handle == handle)
			return false;
	return true;
}

/*
 * The number after the one that was last detached, so that none comes back at once: a guest that is busy
 * may not have noticed that the old one is gone, and would take the new one for it.
 */
static unsigned choose_handle(const struct guest *guest, const struct vif_spec *spec)
{
	unsigned i, handle;

	if (spec->has_devid)
		return is_free(guest, spec->devid) ? spec->devid : SPEC_VIFS_MAX;
	for (i = 0; i < SPEC_VIFS_MAX; i++) {
		handle = (guest->next_vif + i) % SPEC_VIFS_MAX;
		if (is_free(guest, handle))
			return handle;
	}
	return SPEC_VIFS_MAX;
}

const char *guest_net_attach(struct guest *guest, const char *description)
{
	struct vif_spec spec;
	const char *error = vif_parse(&spec, description);
	unsigned handle;

	if (error)
		return error;
	if (guest->state != GUEST_RUNNING || !guest->store)
		return "the guest is not running";
	handle = choose_handle(guest, &spec);
	if (handle == SPEC_VIFS_MAX)
		return spec.has_devid ? "it has an interface of that devid"
				      : "it has as many interfaces as there can be";
	guest->spec.vifs[handle] = spec;
	error = create(guest, handle);
	guest->spec.vifs[handle].used = !error;
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
	unsigned handle;

	if (!in)
		return "no such interface; `network-list` shows them";
	handle = net_interface_info(in).handle;
	guest->spec.vifs[handle].used = false;
	guest->next_vif = handle + 1;
	net_interface_detach(in);
	return NULL;
}
