/* SPDX-License-Identifier: MIT */
/*
 * The shared page through which a guest talks to xenstore (<xen/io/xs_wire.h>, struct
 * xenstore_domain_interface): whole messages in, bytes out. The guest owns every index and every
 * length on that page; what is read from it is checked once and used from the copy.
 */
#ifndef DOM0_XENSTORE_LINK_H
#define DOM0_XENSTORE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/io/xs_wire.h>

struct xenstore_link;

struct xenstore_link_ops {
	/*
	 * A whole request; body has header->len bytes and a NUL behind them that is not the guest's.
	 * It may be answered with xenstore_link_send() at once or later.
	 */
	void (*message)(void *owner, const struct xsd_sockmsg *header, const char *body);
	/* The guest broke the protocol: no message follows. The link must not be destroyed here. */
	void (*broken)(void *owner);
};

/* Bytes that may wait for a guest which does not read its replies. */
#define XENSTORE_LINK_QUEUE_MAX (64u << 10)

/* Maps the page, binds the guest's port. NULL when the hypervisor refuses. */
struct xenstore_link *xenstore_link_create(domid_t domain, xen_pfn_t mfn, evtchn_port_t remote_port,
					   const struct xenstore_link_ops *ops, void *owner);
void xenstore_link_destroy(struct xenstore_link *link);

/*
 * Sends a header and its body, now or when the guest makes room. False, and nothing is sent, when
 * too much waits already. While anything waits no further request is read.
 */
bool xenstore_link_send(struct xenstore_link *link, const struct xsd_sockmsg *header,
			const void *body);

#endif
