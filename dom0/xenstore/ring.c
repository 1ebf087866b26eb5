/* SPDX-License-Identifier: MIT */
/* xenstore messages over a page shared with a guest: see ring.h. */
#include "dom0/xenstore/ring.h"

#include <stdlib.h>

#define barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)

struct xs_ring {
	struct xs_connection *conn;
	volatile struct xenstore_domain_interface *page;
	const struct xs_ring_ops *ops;
	void *arg;
	XENSTORE_RING_IDX req_cons, rsp_prod; /* the page has copies that the guest can spoil */
	unsigned error;
	bool used;
};

static void fail(struct xs_ring *ring, unsigned error)
{
	ring->error = error;
	ring->page->error = error;
	ring->ops->notify(ring->arg);
}

/* ---- out ---- */

/* Returns the bytes moved. */
static uint32_t send(struct xs_ring *ring)
{
	uint32_t used = ring->rsp_prod - ring->page->rsp_cons, i, n;
	char buf[XENSTORE_RING_SIZE];

	if (used > XENSTORE_RING_SIZE) {
		fail(ring, XENSTORE_ERROR_RINGIDX);
		return 0;
	}
	barrier();
	n = (uint32_t)xs_output(ring->conn, buf, XENSTORE_RING_SIZE - used);
	for (i = 0; i < n; i++)
		ring->page->rsp[MASK_XENSTORE_IDX(ring->rsp_prod + i)] = buf[i];
	barrier();
	ring->rsp_prod += n;
	ring->page->rsp_prod = ring->rsp_prod;
	return n;
}

/* ---- in ---- */

/* Bytes that the guest has written, or 0 after an error. */
static uint32_t available(struct xs_ring *ring)
{
	uint32_t have = ring->page->req_prod - ring->req_cons;

	if (have <= XENSTORE_RING_SIZE)
		return have;
	fail(ring, XENSTORE_ERROR_RINGIDX);
	return 0;
}

static uint32_t receive(struct xs_ring *ring)
{
	char buf[XENSTORE_RING_SIZE];
	uint32_t have = available(ring), i, n;

	barrier();
	for (i = 0; i < have; i++)
		buf[i] = ring->page->req[MASK_XENSTORE_IDX(ring->req_cons + i)];
	/* What is not taken now is fetched again, and has not been looked at. */
	n = (uint32_t)xs_input(ring->conn, buf, have);
	barrier();
	ring->used |= n > 0;
	ring->req_cons += n;
	ring->page->req_cons = ring->req_cons;
	return n;
}

bool xs_ring_serve(struct xs_ring *ring)
{
	uint32_t moved;

	if (ring->error)
		return false;
	moved = send(ring);
	if (!ring->error && xs_input_ready(ring->conn))
		moved += receive(ring);
	if (!ring->error && xs_error(ring->conn))
		fail(ring, xs_error(ring->conn));
	if (ring->error)
		return false;
	moved += send(ring);
	if (moved)
		ring->ops->notify(ring->arg);
	return !ring->error && xs_input_ready(ring->conn) && available(ring) > 0;
}

/* ---- ends ---- */

static void wake(void *arg)
{
	struct xs_ring *ring = arg;

	ring->ops->kick(ring->arg);
}

struct xs_ring *xs_ring_create(struct xs_connection *conn,
			       volatile struct xenstore_domain_interface *page,
			       const struct xs_ring_ops *ops, void *arg)
{
	struct xs_ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->conn = conn;
	ring->page = page;
	ring->ops = ops;
	ring->arg = arg;
	ring->req_cons = page->req_cons;
	ring->rsp_prod = page->rsp_prod;
	page->server_features = XENSTORE_SERVER_FEATURE_ERROR;
	page->connection = XENSTORE_CONNECTED;
	page->error = XENSTORE_ERROR_NONE;
	xs_set_wake(conn, wake, ring);
	return ring;
}

void xs_ring_destroy(struct xs_ring *ring)
{
	if (!ring)
		return;
	xs_set_wake(ring->conn, NULL, NULL);
	free(ring);
}

unsigned xs_ring_error(const struct xs_ring *ring)
{
	return ring->error;
}

bool xs_ring_used(const struct xs_ring *ring)
{
	return ring->used;
}
