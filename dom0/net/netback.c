/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces of guests: devices in xenstore, ports of a bridge, and turns in the event loop. See
 * netback.h for the rings, netif.h (<xen/io/netif.h>) for the nodes.
 */
#include "dom0/net/netback.h"

#include <stdio.h>
#include <stdlib.h>

#include "dom0/grants.h"
#include "dom0/net/bridge.h"
#include "dom0/net/interface.h"
#include "dom0/xenbus.h"
#include "guests/pvrt/event.h"

#define RX_POLL_NS 250000000ull

struct net_interface {
	struct xenbus_device device; /* first */
	struct netback nb;
	struct vif_spec spec;
	struct grant_page tx_page, rx_page;
	unsigned long tx_ref, rx_ref;
	int tx_port, rx_port;
	struct loop_work work;
	struct loop_timer rate_timer, rx_timer;
};

static struct net_interface *from_device(struct xenbus_device *device)
{
	return (struct net_interface *)device;
}

/* ---- turns ---- */

static void serve_rx(void *arg)
{
	struct net_interface *in = arg;

	if (netback_rx_serve(&in->nb, loop_now()))
		loop_timer_set(&in->rx_timer, RX_POLL_NS, serve_rx, in);
}

static void rate_permits(void *arg)
{
	loop_work_queue(&((struct net_interface *)arg)->work);
}

static void serve_tx(struct net_interface *in)
{
	uint64_t now = loop_now();

	switch (netback_tx_turn(&in->nb, now)) {
	case TX_MORE:
		loop_work_queue(&in->work);
		break;
	case TX_WAIT:
		loop_timer_set(&in->rate_timer, in->nb.rate.next > now ? in->nb.rate.next - now : 0,
			       rate_permits, in);
		break;
	case TX_IDLE:
		break;
	}
}

static void turn(void *arg)
{
	struct net_interface *in = arg;

	serve_rx(in);
	if (!in->nb.broken)
		serve_tx(in);
	if (in->nb.broken)
		xenbus_fail(&in->device, in->nb.broken);
}

static void kick(void *arg)
{
	loop_work_queue(&((struct net_interface *)arg)->work);
}

/* After packets were queued: those that found no buffers are looked after by time. */
static void flush(struct net_port *port)
{
	struct netback *nb = port->driver;
	struct net_interface *in =
		(struct net_interface *)((char *)nb - offsetof(struct net_interface, nb));

	netback_flush(port);
	if (nb->broken)
		loop_work_queue(&in->work);
	else if (nb->queue_count && !in->rx_timer.deadline)
		loop_timer_set(&in->rx_timer, RX_POLL_NS, serve_rx, in);
}

/* ---- connecting ---- */

static unsigned read_features(const struct xenbus_device *device)
{
	bool sg = xenbus_read_flag(device, "feature-sg");
	unsigned features = NET_DIRECT;

	if (sg)
		features |= NET_SG;
	if (!xenbus_read_flag(device, "feature-no-csum-offload"))
		features |= NET_CSUM;
	if (xenbus_read_flag(device, "feature-ipv6-csum-offload"))
		features |= NET_CSUM6;
	if (sg && features & NET_CSUM && xenbus_read_flag(device, "feature-gso-tcpv4"))
		features |= NET_TSO4;
	if (sg && features & NET_CSUM6 && xenbus_read_flag(device, "feature-gso-tcpv6"))
		features |= NET_TSO6;
	return features;
}

static bool map_rings(struct net_interface *in)
{
	const struct xenbus_device *device = &in->device;
	struct netback_rings *rings = &in->nb.rings;
	netif_tx_sring_t *tx;
	netif_rx_sring_t *rx;

	if (!xenbus_read_number(device, "tx-ring-ref", UINT32_MAX, &in->tx_ref) ||
	    !xenbus_read_number(device, "rx-ring-ref", UINT32_MAX, &in->rx_ref) ||
	    !grant_page_map(&in->tx_page, device->domain, in->tx_ref) ||
	    !grant_page_map(&in->rx_page, device->domain, in->rx_ref))
		return false;
	tx = in->tx_page.address;
	rx = in->rx_page.address;
	BACK_RING_ATTACH(&rings->tx, tx, *(volatile RING_IDX *)&tx->rsp_prod, NET_PAGE);
	BACK_RING_ATTACH(&rings->rx, rx, *(volatile RING_IDX *)&rx->rsp_prod, NET_PAGE);
	return true;
}

static int bind_port(struct net_interface *in, const char *node)
{
	unsigned long remote;
	int port;

	if (!xenbus_read_number(&in->device, node, UINT32_MAX, &remote))
		return -1;
	port = event_bind_interdomain(in->device.domain, (evtchn_port_t)remote);
	if (port >= 0)
		loop_add_port((evtchn_port_t)port, kick, in);
	return port;
}

/* One port for both rings, or one each. */
static bool bind_ports(struct net_interface *in)
{
	if (xenbus_read_front(&in->device, "event-channel")) {
		in->tx_port = in->rx_port = bind_port(in, "event-channel");
	} else {
		in->tx_port = bind_port(in, "event-channel-tx");
		in->rx_port = bind_port(in, "event-channel-rx");
	}
	in->nb.rings.tx_port = (evtchn_port_t)in->tx_port;
	in->nb.rings.rx_port = (evtchn_port_t)in->rx_port;
	return in->tx_port >= 0 && in->rx_port >= 0;
}

static void close_port(int port)
{
	if (port < 0)
		return;
	loop_remove_port((evtchn_port_t)port);
	event_close((evtchn_port_t)port);
}

static void release(struct net_interface *in)
{
	close_port(in->tx_port);
	if (in->rx_port != in->tx_port)
		close_port(in->rx_port);
	in->tx_port = in->rx_port = -1;
	grant_page_unmap(&in->tx_page);
	grant_page_unmap(&in->rx_page);
}

static const char *connect(struct xenbus_device *device)
{
	struct net_interface *in = from_device(device);
	const char *error = NULL;

	if (!xenbus_read_flag(device, "request-rx-copy"))
		return "the guest does not offer request-rx-copy, and there is no other way";
	if (!xenbus_read_flag(device, "feature-rx-notify"))
		return "the guest does not offer feature-rx-notify";
	if (!map_rings(in))
		error = "the guest's rings cannot be mapped";
	else if (!bind_ports(in))
		error = "the guest's event channels cannot be bound";
	if (error) {
		release(in);
		return error;
	}
	in->nb.broken = NULL;
	in->nb.debt = 0;
	in->nb.stalled = false;
	in->nb.waiting = 0;
	in->nb.rings.domain = device->domain;
	in->nb.port.features = read_features(device);
	rate_init(&in->nb.rate, in->spec.rate_bytes, in->spec.rate_interval_ns, loop_now());
	in->nb.connected = true;
	loop_work_queue(&in->work);
	return NULL;
}

static void disconnect(struct xenbus_device *device)
{
	struct net_interface *in = from_device(device);

	in->nb.connected = false;
	loop_work_cancel(&in->work);
	loop_timer_cancel(&in->rate_timer);
	loop_timer_cancel(&in->rx_timer);
	netback_rx_drop(&in->nb);
	release(in);
}

static void removed(struct xenbus_device *device)
{
	struct net_interface *in = from_device(device);

	net_port_unregister(&in->nb.port);
	free(in);
}

static const struct xenbus_class class = {
	.type = "vif",
	.connect = connect,
	.disconnect = disconnect,
	.removed = removed,
};

/* ---- interfaces come and go ---- */

static void write_nodes(struct net_interface *in)
{
	static const char *const features[] = {
		"feature-rx-copy",	     "feature-sg",
		"feature-gso-tcpv4",	     "feature-gso-tcpv6",
		"feature-ipv6-csum-offload", "feature-split-event-channels",
	};
	struct xenbus_device *device = &in->device;
	char mac[VIF_MAC_TEXT];
	unsigned i;

	vif_mac_text(in->nb.port.mac, mac);
	xenbus_write_front(device, "handle", "%u", device->handle);
	xenbus_write_front(device, "mac", "%s", mac);
	xenbus_write_back(device, "handle", "%u", device->handle);
	xenbus_write_back(device, "mac", "%s", mac);
	xenbus_write_back(device, "bridge", "%s", in->spec.bridge);
	xenbus_write_back(device, "type", "vif");
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		xenbus_write_back(device, features[i], "1");
	xenbus_write_back(device, "feature-rx-flip", "0");
	xenbus_write_back(device, "hotplug-status", "connected");
}

static void init_port(struct net_interface *in, const struct vif_spec *spec, domid_t domain,
		      unsigned handle)
{
	struct net_port *port = &in->nb.port;

	in->spec = *spec;
	in->tx_port = in->rx_port = -1;
	loop_work_init(&in->work, turn, in);
	snprintf(port->name, sizeof(port->name), "vif%u.%u", (unsigned)domain, handle);
	memcpy(port->mac, spec->mac, NET_MAC);
	port->filtered = !spec->unfiltered;
	port->nr_addresses = spec->nr_addresses;
	memcpy(port->addresses, spec->addresses, sizeof(port->addresses));
	port->features = NET_DIRECT;
	port->transmit = netback_transmit;
	port->flush = flush;
	port->driver = &in->nb;
	net_port_register(port);
}

const char *net_interface_create(const struct vif_spec *spec, domid_t domain, unsigned handle)
{
	struct net_interface *in = calloc(1, sizeof(*in));
	const char *error;

	if (!in)
		return "not enough memory";
	init_port(in, spec, domain, handle);
	error = bridge_add_port(spec->bridge, &in->nb.port);
	if (!error && !xenbus_create(&in->device, &class, domain, handle))
		error = "not enough memory";
	if (error) {
		net_port_unregister(&in->nb.port);
		free(in);
		return error;
	}
	write_nodes(in);
	return xenbus_announce(&in->device) ? NULL : "not enough memory";
}

static struct net_interface *next_of(struct xenbus_device *device, domid_t domain)
{
	while (device && (device->class != &class || device->domain != domain))
		device = device->next;
	return device ? from_device(device) : NULL;
}

struct net_interface *net_interface_first(domid_t domain)
{
	return next_of(xenbus_first(), domain);
}

struct net_interface *net_interface_next(struct net_interface *in)
{
	return next_of(in->device.next, in->device.domain);
}

struct net_interface_info net_interface_info(const struct net_interface *in)
{
	return (struct net_interface_info){
		.handle = in->device.handle,
		.mac = in->nb.port.mac,
		.state = in->device.state,
		.connected = in->device.connected,
		.port = in->rx_port,
		.tx_ref = in->tx_ref,
		.rx_ref = in->rx_ref,
		.path = in->device.back,
	};
}

void net_interface_detach(struct net_interface *in)
{
	xenbus_detach(&in->device);
}
