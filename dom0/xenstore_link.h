/* SPDX-License-Identifier: MIT */
/*
 * The shared page through which a guest talks to xenstore (<xen/io/xs_wire.h>, struct
 * xenstore_domain_interface) in this domain: mapping, event channel and turns in the event loop.
 * dom0/xenstore/ring.h does the talking and checks what is the guest's.
 */
#pragma once

#include <stdbool.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

struct xenstore_link;
struct xs_connection;

/*
 * Maps the page, binds the guest's port, and serves the connection from the event loop. NULL when
 * the hypervisor refuses; the connection stays the caller's.
 */
struct xenstore_link *xenstore_link_create(struct xs_connection *conn, domid_t domain,
					   xen_pfn_t mfn, evtchn_port_t remote_port);
/* Before the connection is closed. NULL is allowed. */
void xenstore_link_destroy(struct xenstore_link *link);

/* Whether the guest has ever sent anything. */
bool xenstore_link_used(const struct xenstore_link *link);
