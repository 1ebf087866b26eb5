/* SPDX-License-Identifier: MIT */
/* Puts a guest's xenstore page and event channel under the store's ring code: see xenstore_link.h. */
#include "dom0/xenstore_link.h"

#include <stdlib.h>

#include "dom0/loop.h"
#include "dom0/memory.h"
#include "dom0/xenstore/ring.h"
#include "guests/pvrt/event.h"

struct xenstore_link {
	struct xenstore_domain_interface *page;
	struct xs_ring *ring;
	int port;
	struct loop_work work;
};

static void serve(void *arg)
{
	struct xenstore_link *link = arg;

	if (xs_ring_serve(link->ring))
		loop_work_queue(&link->work);
}

static void kick(void *arg)
{
	loop_work_queue(&((struct xenstore_link *)arg)->work);
}

static void notify(void *arg)
{
	event_send((evtchn_port_t)((struct xenstore_link *)arg)->port);
}

static const struct xs_ring_ops ops = { .notify = notify, .kick = kick };

struct xenstore_link *xenstore_link_create(struct xs_connection *conn, domid_t domain,
					   xen_pfn_t mfn, evtchn_port_t remote_port)
{
	struct xenstore_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	loop_work_init(&link->work, serve, link);
	link->page = foreign_map(domain, &mfn, 1, true);
	link->port = link->page ? event_bind_interdomain(domain, remote_port) : -1;
	if (link->port >= 0) {
		loop_add_port((evtchn_port_t)link->port, kick, link);
		link->ring = xs_ring_create(conn, link->page, &ops, link);
		if (link->ring)
			return link;
	}
	xenstore_link_destroy(link);
	return NULL;
}

void xenstore_link_destroy(struct xenstore_link *link)
{
	if (!link)
		return;
	if (link->ring)
		xs_ring_destroy(link->ring);
	loop_work_cancel(&link->work);
	if (link->port >= 0) {
		loop_remove_port((evtchn_port_t)link->port);
		event_close((evtchn_port_t)link->port);
	}
	foreign_unmap(link->page, 1);
	free(link);
}

bool xenstore_link_used(const struct xenstore_link *link)
{
	return xs_ring_used(link->ring);
}
