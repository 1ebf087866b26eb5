/* SPDX-License-Identifier: MIT */
/* Transport of xenstore messages over a guest's ring: see xenstore_link.h. */
#include "dom0/xenstore_link.h"

#include <stdlib.h>
#include <string.h>

#include "dom0/loop.h"
#include "dom0/memory.h"
#include "guests/pvrt/event.h"

#define barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)

struct xenstore_link {
	volatile struct xenstore_domain_interface *ring;
	int port;
	const struct xenstore_link_ops *ops;
	void *owner;
	struct loop_work work;
	bool broken;

	/* The request that is coming in. */
	struct xsd_sockmsg header;
	char body[XENSTORE_PAYLOAD_MAX + 1];
	uint32_t received; /* header and body */

	/* What waits to go out. */
	char *queue;
	size_t queued, queue_size;
};

static void declare_broken(struct xenstore_link *link)
{
	link->broken = true;
	link->ops->broken(link->owner);
}

/* ---- out ---- */

/* Returns whether anything was written. */
static bool flush_queue(struct xenstore_link *link)
{
	uint32_t prod = link->ring->rsp_prod, cons = link->ring->rsp_cons, n = 0;

	if (prod - cons > XENSTORE_RING_SIZE) {
		declare_broken(link);
		return false;
	}
	barrier();
	while (n < link->queued && prod + n - cons < XENSTORE_RING_SIZE) {
		link->ring->rsp[MASK_XENSTORE_IDX(prod + n)] = link->queue[n];
		n++;
	}
	barrier();
	link->ring->rsp_prod = prod + n;
	link->queued -= n;
	memmove(link->queue, link->queue + n, link->queued);
	return n > 0;
}

static bool queue_reserve(struct xenstore_link *link, size_t len)
{
	size_t need = link->queued + len;
	char *larger;

	if (need > XENSTORE_LINK_QUEUE_MAX)
		return false;
	if (need <= link->queue_size)
		return true;
	larger = realloc(link->queue, need);
	if (!larger)
		return false;
	link->queue = larger;
	link->queue_size = need;
	return true;
}

bool xenstore_link_send(struct xenstore_link *link, const struct xsd_sockmsg *header,
			const void *body)
{
	if (link->broken || !queue_reserve(link, sizeof(*header) + header->len))
		return false;
	memcpy(link->queue + link->queued, header, sizeof(*header));
	memcpy(link->queue + link->queued + sizeof(*header), body, header->len);
	link->queued += sizeof(*header) + header->len;
	if (flush_queue(link))
		event_send((evtchn_port_t)link->port);
	return true;
}

/* ---- in ---- */

/* Takes up to want bytes from the ring. */
static uint32_t take(struct xenstore_link *link, char *to, uint32_t want)
{
	uint32_t cons = link->ring->req_cons, have = link->ring->req_prod - cons, i;

	if (have > XENSTORE_RING_SIZE) {
		declare_broken(link);
		return 0;
	}
	if (want > have)
		want = have;
	barrier();
	for (i = 0; i < want; i++)
		to[i] = link->ring->req[MASK_XENSTORE_IDX(cons + i)];
	barrier();
	link->ring->req_cons = cons + want;
	link->received += want;
	return want;
}

/* One step towards a whole message; returns the bytes taken. */
static uint32_t receive(struct xenstore_link *link)
{
	uint32_t at = link->received;

	if (at < sizeof(link->header))
		return take(link, (char *)&link->header + at, sizeof(link->header) - at);
	at -= sizeof(link->header);
	return take(link, link->body + at, link->header.len - at);
}

/* A message is served by itself: others' turn comes in between. */
static void serve(void *arg)
{
	struct xenstore_link *link = arg;
	bool taken = false;

	if (link->broken)
		return;
	if (link->queued && flush_queue(link))
		event_send((evtchn_port_t)link->port);
	while (!link->broken && !link->queued && receive(link)) {
		taken = true;
		if (link->received < sizeof(link->header))
			continue;
		if (link->header.len > XENSTORE_PAYLOAD_MAX) {
			declare_broken(link);
			return;
		}
		if (link->received < sizeof(link->header) + link->header.len)
			continue;
		link->body[link->header.len] = '\0';
		link->received = 0;
		link->ops->message(link->owner, &link->header, link->body);
		loop_work_queue(&link->work);
		break;
	}
	if (taken)
		event_send((evtchn_port_t)link->port);
}

static void port_fired(void *arg)
{
	loop_work_queue(&((struct xenstore_link *)arg)->work);
}

/* ---- ends ---- */

struct xenstore_link *xenstore_link_create(domid_t domain, xen_pfn_t mfn, evtchn_port_t remote_port,
					   const struct xenstore_link_ops *ops, void *owner)
{
	struct xenstore_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->ops = ops;
	link->owner = owner;
	loop_work_init(&link->work, serve, link);
	link->ring = foreign_map(domain, &mfn, 1, true);
	link->port = link->ring ? event_bind_interdomain(domain, remote_port) : -1;
	if (link->port < 0) {
		foreign_unmap((void *)link->ring, 1);
		free(link);
		return NULL;
	}
	loop_add_port((evtchn_port_t)link->port, port_fired, link);
	return link;
}

void xenstore_link_destroy(struct xenstore_link *link)
{
	if (!link)
		return;
	loop_work_cancel(&link->work);
	loop_remove_port((evtchn_port_t)link->port);
	event_close((evtchn_port_t)link->port);
	foreign_unmap((void *)link->ring, 1);
	free(link->queue);
	free(link);
}
