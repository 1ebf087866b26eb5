/* SPDX-License-Identifier: MIT */
/*
 * A guest's end of xenstore: the page that it shares with the control domain
 * (<xen/io/xs_wire.h>, struct xenstore_domain_interface). The page is the guest's: what
 * is on it is read once and checked, and our own indexes are kept elsewhere. Event
 * channels are the caller's, through callbacks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/io/xs_wire.h>

#include "dom0/xenstore/xenstore.h"

struct xs_ring;

struct xs_ring_ops {
	/* Send the guest an event. */
	void (*notify)(void *arg);
	/*
	 * Call xs_ring_serve() soon. It must only make a note of that: it runs in the middle of a
	 * change of the store.
	 */
	void (*kick)(void *arg);
};

/*
 * Serves the connection through the page; NULL: no memory. Both stay the caller's, who keeps them
 * until after xs_ring_destroy().
 */
struct xs_ring *xs_ring_create(struct xs_connection *conn,
			       volatile struct xenstore_domain_interface *page,
			       const struct xs_ring_ops *ops, void *arg);
void xs_ring_destroy(struct xs_ring *ring);

/*
 * To be called when the guest sent an event, and when kicked. Moves what there is, at most a ring
 * full in each direction; true when more can be done at once, so that others get their turn first.
 */
bool xs_ring_serve(struct xs_ring *ring);

/* XENSTORE_ERROR_*: a guest that broke the rules is served no more; the page says so as well. */
unsigned xs_ring_error(const struct xs_ring *ring);
/* Whether the guest has ever sent anything. */
bool xs_ring_used(const struct xs_ring *ring);
