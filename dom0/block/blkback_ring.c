/* SPDX-License-Identifier: MIT */
/* Requests from a ring and answers to it: see blkback_ring.h. */
#include "dom0/block/blkback_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/block/blkback_memory.h"

#define xen_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

#define PAGE 4096u
#define PAGE_SECTORS (PAGE / BLOCK_SECTOR)

/* Requests that a ring may start in one turn. */
#define BUDGET 8u

/* Most requests are small; the arrays of a slot grow when a larger one comes. */
#define FEW_SEGMENTS 32u

_Static_assert(BLKBACK_RING_SIZE == __CONST_RING_SIZE(blkif, PAGE), "slots of a ring");
_Static_assert(BLKBACK_MAX_SEGMENTS * sizeof(struct blkif_request_segment) <= PAGE,
	       "indirect segments in one page");
_Static_assert(sizeof(struct blkif_request_indirect) <= sizeof(struct blkif_request) &&
		       sizeof(struct blkif_request_discard) <= sizeof(struct blkif_request),
	       "one slot holds any request");

/* ---- answers ---- */

static void respond(struct blkback_ring *ring, uint64_t id, uint8_t operation, int16_t status)
{
	blkif_response_t response = { .id = id, .operation = operation, .status = status };
	int notify;

	if (status != BLKIF_RSP_OKAY)
		ring->statistics.errors++;
	if (!ring->ring.sring || ring->halted)
		return;
	*RING_GET_RESPONSE(&ring->ring, ring->ring.rsp_prod_pvt) = response;
	ring->ring.rsp_prod_pvt++;
	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&ring->ring, notify);
	if (notify)
		ring->ops->notify(ring->arg);
}

static bool is_barrier(const struct blkback_request *req)
{
	return req->operation == BLKIF_OP_WRITE_BARRIER;
}

static int16_t status_of(const struct blkback_request *req, int error)
{
	if (!error)
		return BLKIF_RSP_OKAY;
	if (error == -EOPNOTSUPP)
		return BLKIF_RSP_EOPNOTSUPP;
	if (req->operation == BLKIF_OP_FLUSH_DISKCACHE || is_barrier(req))
		return BLKBACK_FLUSH_FAILED;
	return BLKIF_RSP_ERROR;
}

static void put_back(struct blkback_request *req)
{
	struct blkback_ring *ring = req->ring;

	req->next = ring->free;
	ring->free = req;
	ring->in_flight--;
}

static void finish(struct blkback_request *req, int error)
{
	respond(req->ring, req->id, req->operation, status_of(req, error));
	put_back(req);
}

/* A request has ended. A barrier waits for it, or who stopped the ring. */
static void one_less(struct blkback_ring *ring)
{
	if (!ring->ring.sring && !ring->in_flight)
		ring->ops->idle(ring->arg);
	else if (ring->ring.sring && ring->parked && is_barrier(ring->parked))
		loop_work_queue(&ring->work);
}

static void note_flush(struct blkback_ring *ring, int error)
{
	if (error && error != -EOPNOTSUPP)
		ring->flush_failed = true;
}

static void request_done(struct block_request *block, int error)
{
	struct blkback_request *req = block->arg;
	struct blkback_ring *ring = req->ring;

	if (!blkback_memory_put(req, error) && !error)
		error = -EFAULT;
	if (block->op == BLOCK_FLUSH)
		note_flush(ring, error);
	finish(req, error);
	one_less(ring);
}

/* ---- parts of a request ---- */

static void free_arrays(struct blkback_request *req)
{
	free(req->segments);
	free(req->block_segments);
	free(req->dma);
	req->segments = NULL;
	req->block_segments = NULL;
	req->dma = NULL;
	req->room = 0;
}

static bool make_room(struct blkback_request *req, unsigned count)
{
	unsigned room = count <= FEW_SEGMENTS ? FEW_SEGMENTS : BLKBACK_MAX_SEGMENTS;

	if (count <= req->room)
		return true;
	free_arrays(req);
	req->segments = malloc(room * sizeof(*req->segments));
	req->block_segments = malloc(room * sizeof(*req->block_segments));
	req->dma = req->ring->disk->needs_data ? NULL : malloc(room * sizeof(*req->dma));
	if (!req->segments || !req->block_segments || (!req->dma && !req->ring->disk->needs_data)) {
		free_arrays(req);
		return false;
	}
	req->room = room;
	return true;
}

static int take_segments(struct blkback_request *req, const struct blkif_request_segment *from,
			 unsigned count)
{
	unsigned i;

	if (!make_room(req, count))
		return -ENOMEM;
	req->block.count = 0;
	for (i = 0; i < count; i++) {
		unsigned first = from[i].first_sect, last = from[i].last_sect;

		if (first > last || last >= PAGE_SECTORS)
			return -EINVAL;
		req->segments[i] = (struct blkback_segment){
			.ref = from[i].gref,
			.offset = (uint16_t)(first * BLOCK_SECTOR),
			.length = (uint16_t)((last - first + 1) * BLOCK_SECTOR)
		};
		req->block.count += last - first + 1;
	}
	req->block.nr_segments = count;
	return 0;
}

/* ---- statistics ---- */

static void count_request(struct blkback_ring *ring, const struct block_request *block)
{
	struct blkback_statistics *s = &ring->statistics;

	switch (block->op) {
	case BLOCK_READ:
		s->reads++;
		s->read_sectors += block->count;
		break;
	case BLOCK_WRITE:
		s->writes++;
		s->write_sectors += block->count;
		break;
	case BLOCK_FLUSH:
		s->flushes++;
		break;
	case BLOCK_DISCARD:
		s->discards++;
		break;
	}
}

/* ---- barriers ---- */

/*
 * What was before a barrier is on the medium before its data is written, and the data before anything
 * behind it: it waits for all others, flushes, writes, and flushes again; meanwhile nothing is taken.
 */

static void barrier_end(struct blkback_ring *ring, int error)
{
	struct blkback_request *req = ring->barrier;

	ring->barrier = NULL;
	finish(req, error);
	one_less(ring);
	if (ring->ring.sring)
		loop_work_queue(&ring->work);
}

static void barrier_flushed(struct block_request *block, int error)
{
	struct blkback_ring *ring = block->arg;

	note_flush(ring, error);
	if (error || ring->written || !ring->ring.sring) {
		barrier_end(ring, error);
	} else {
		ring->parked = ring->barrier;
		loop_work_queue(&ring->work);
	}
}

static void barrier_flush(struct blkback_ring *ring)
{
	ring->flush =
		(struct block_request){ .op = BLOCK_FLUSH, .done = barrier_flushed, .arg = ring };
	count_request(ring, &ring->flush);
	block_submit(ring->disk, &ring->flush);
}

static void barrier_written(struct block_request *block, int error)
{
	struct blkback_request *req = block->arg;
	struct blkback_ring *ring = req->ring;

	if (!blkback_memory_put(req, error) && !error)
		error = -EFAULT;
	ring->written = true;
	if (error || !ring->ring.sring)
		barrier_end(ring, error);
	else
		barrier_flush(ring);
}

/* ---- kinds of requests ---- */

static int take_transfer(struct blkback_request *req, const blkif_request_t *from)
{
	req->block.op = from->operation == BLKIF_OP_READ ? BLOCK_READ : BLOCK_WRITE;
	req->block.sector = from->sector_number;
	if (!from->nr_segments || from->nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST)
		return -EINVAL;
	return take_segments(req, from->seg, from->nr_segments);
}

static int take_indirect(struct blkback_request *req, const blkif_request_t *request)
{
	static struct blkif_request_segment segments[BLKBACK_MAX_SEGMENTS];
	blkif_request_indirect_t from;

	memcpy(&from, request, sizeof(from));
	req->id = from.id;
	req->operation = from.indirect_op; /* what the answer names, too */
	if (from.indirect_op != BLKIF_OP_READ && from.indirect_op != BLKIF_OP_WRITE)
		return -EOPNOTSUPP;
	req->block.op = from.indirect_op == BLKIF_OP_READ ? BLOCK_READ : BLOCK_WRITE;
	req->block.sector = from.sector_number;
	if (!from.nr_segments || from.nr_segments > req->ring->max_segments)
		return -EINVAL;
	if (!blkback_copy_segments(req->ring->domain, from.indirect_grefs[0], segments,
				   from.nr_segments))
		return -EFAULT;
	return take_segments(req, segments, from.nr_segments);
}

/* With data it would be a barrier, which has its own number. */
static int take_flush(struct blkback_request *req, const blkif_request_t *from)
{
	req->block.op = BLOCK_FLUSH;
	return from->nr_segments ? -EOPNOTSUPP : 0;
}

static int take_discard(struct blkback_request *req, const blkif_request_t *request)
{
	blkif_request_discard_t from;

	memcpy(&from, request, sizeof(from));
	if (!req->ring->discard || (from.flag & BLKIF_DISCARD_SECURE))
		return -EOPNOTSUPP;
	if (from.nr_sectors > UINT32_MAX)
		return -EINVAL;
	req->block.op = BLOCK_DISCARD;
	req->block.sector = from.sector_number;
	req->block.count = (uint32_t)from.nr_sectors;
	return 0;
}

/* What front ends before BLKIF_OP_FLUSH_DISKCACHE have in its place; it may have data. */
static int take_barrier(struct blkback_request *req, const blkif_request_t *from)
{
	if (!req->ring->disk->has_flush)
		return -EOPNOTSUPP;
	req->block.done = barrier_written;
	req->block.op = BLOCK_FLUSH;
	return from->nr_segments ? take_transfer(req, from) : 0;
}

static int take(struct blkback_request *req, const blkif_request_t *from)
{
	req->id = from->id;
	req->operation = from->operation;
	switch (from->operation) {
	case BLKIF_OP_READ:
	case BLKIF_OP_WRITE:
		return take_transfer(req, from);
	case BLKIF_OP_INDIRECT:
		return take_indirect(req, from);
	case BLKIF_OP_FLUSH_DISKCACHE:
		return take_flush(req, from);
	case BLKIF_OP_WRITE_BARRIER:
		return take_barrier(req, from);
	case BLKIF_OP_DISCARD:
		return take_discard(req, from);
	default:
		return -EOPNOTSUPP;
	}
}

/* ---- a turn ---- */

static bool writes(const struct blkback_request *req)
{
	return req->block.op == BLOCK_WRITE || req->block.op == BLOCK_DISCARD;
}

/* False: it waits for memory, and everything behind it too. */
static bool transfer(struct blkback_request *req)
{
	switch (blkback_memory_get(req)) {
	case BLKBACK_WAIT:
		req->ring->parked = req;
		return false;
	case BLKBACK_REFUSED:
		req->ring->barrier = NULL;
		finish(req, -EFAULT);
		return true;
	case BLKBACK_READY:
		break;
	}
	count_request(req->ring, &req->block);
	block_submit(req->ring->disk, &req->block);
	return true;
}

/* As transfer(); a barrier waits until it is alone. */
static bool start(struct blkback_request *req)
{
	struct blkback_ring *ring = req->ring;

	if (!is_barrier(req) || ring->barrier == req)
		return transfer(req);
	if (ring->in_flight > 1) {
		ring->parked = req;
		return false;
	}
	if (req->block.nr_segments && ring->flush_failed) {
		finish(req, -EIO);
		return true;
	}
	ring->barrier = req;
	ring->written = !req->block.nr_segments;
	barrier_flush(ring);
	return true;
}

static bool begin(struct blkback_ring *ring, const blkif_request_t *from)
{
	struct blkback_request *req = ring->free;
	int error;

	ring->free = req->next;
	ring->in_flight++;
	req->block = (struct block_request){ .done = request_done, .arg = req };
	error = take(req, from);
	if (!error && writes(req) && (ring->read_only || ring->flush_failed))
		error = ring->read_only ? -EROFS : -EIO;
	if (!error)
		return start(req);
	finish(req, error);
	return true;
}

/* True when there is a request to take; otherwise the front end will call. */
static bool has_request(struct blkback_ring *ring)
{
	int more;

	if (ring->ring.req_cons != *(volatile RING_IDX *)&ring->ring.sring->req_prod)
		return true;
	RING_FINAL_CHECK_FOR_REQUESTS(&ring->ring, more);
	return more;
}

/* Between what was taken and what there is room for: an index may have gone back, too. */
static bool index_is_good(const struct blkback_ring *ring, RING_IDX prod)
{
	return prod - ring->ring.req_cons <= BLKBACK_RING_SIZE &&
	       !RING_REQUEST_PROD_OVERFLOW(&ring->ring, prod);
}

/* False when the ring has nothing (more) to do for now. */
static bool take_one(struct blkback_ring *ring)
{
	blkif_request_t request;
	RING_IDX prod;

	if (!has_request(ring))
		return false;
	prod = *(volatile RING_IDX *)&ring->ring.sring->req_prod;
	if (!index_is_good(ring, prod)) {
		ring->halted = true;
		ring->ops->broken(ring->arg, "wrong index of requests in its ring");
		return false;
	}
	if (prod == ring->ring.req_cons)
		return false;
	xen_rmb();
	RING_COPY_REQUEST(&ring->ring, ring->ring.req_cons, &request);
	ring->ring.req_cons++;
	return begin(ring, &request);
}

static bool take_parked(struct blkback_ring *ring)
{
	struct blkback_request *req = ring->parked;

	ring->parked = NULL;
	return !req || start(req);
}

static void turn(void *arg)
{
	struct blkback_ring *ring = arg;
	unsigned budget = BUDGET;

	if (!ring->ring.sring || ring->halted || !take_parked(ring))
		return;
	while (budget && !ring->barrier && take_one(ring))
		budget--;
	/* halted: broken() may have stopped the ring. */
	if (!budget && ring->ring.sring && !ring->halted)
		loop_work_queue(&ring->work);
}

void blkback_ring_kick(struct blkback_ring *ring)
{
	loop_work_queue(&ring->work);
}

/* ---- life ---- */

void blkback_ring_init(struct blkback_ring *ring, struct block_device *disk, domid_t domain,
		       const struct blkback_ring_ops *ops, void *arg)
{
	uint32_t most = disk->max_sectors / PAGE_SECTORS;
	unsigned i;

	if (most > disk->max_segments)
		most = disk->max_segments;
	ring->disk = disk;
	ring->domain = domain;
	ring->max_segments = most < BLKBACK_MAX_SEGMENTS ? most : BLKBACK_MAX_SEGMENTS;
	ring->ops = ops;
	ring->arg = arg;
	loop_work_init(&ring->work, turn, ring);
	for (i = 0; i < BLKBACK_RING_SIZE; i++) {
		ring->requests[i].ring = ring;
		ring->requests[i].next = ring->free;
		ring->free = &ring->requests[i];
	}
}

void blkback_ring_destroy(struct blkback_ring *ring)
{
	unsigned i;

	for (i = 0; i < BLKBACK_RING_SIZE; i++)
		free_arrays(&ring->requests[i]);
}

/* The front end may have put requests there before it called. */
void blkback_ring_start(struct blkback_ring *ring, blkif_sring_t *page)
{
	RING_IDX done = *(volatile RING_IDX *)&page->rsp_prod;

	BACK_RING_ATTACH(&ring->ring, page, done, PAGE);
	ring->halted = false;
	ring->flush_failed = false;
	blkback_ring_kick(ring);
}

bool blkback_ring_stop(struct blkback_ring *ring)
{
	ring->ring.sring = NULL;
	loop_work_cancel(&ring->work);
	blkback_memory_forget(ring);
	if (ring->parked) {
		if (ring->parked == ring->barrier)
			ring->barrier = NULL;
		put_back(ring->parked);
		ring->parked = NULL;
	}
	return !ring->in_flight;
}
