/* SPDX-License-Identifier: MIT */
/* Pages for requests: see blkback_memory.h. */
#include "dom0/block/blkback_memory.h"

#include <string.h>

#include "dom0/memory.h"

#define PAGE 4096u

/*
 * Pages of the pool, for all rings together: some of the largest requests at once. Given to one request
 * whole or not at all, so every request gets its turn.
 */
#define POOL_MAX (4 * BLKBACK_MAX_SEGMENTS)

static struct pool_page {
	void *data;
	uint64_t maddr;
} pool[POOL_MAX];
static unsigned nr_free, nr_pages; /* free pages are the first of the array */

static struct blkback_ring *waiting, **waiting_tail = &waiting;

/* ---- the pool ---- */

static bool pool_has(unsigned count)
{
	struct pool_page page;

	while (nr_free < count && nr_pages < POOL_MAX) {
		page.data = dma_page_get(&page.maddr);
		if (!page.data)
			break;
		pool[nr_free++] = page;
		nr_pages++;
	}
	return nr_free >= count;
}

static void wait(struct blkback_ring *ring)
{
	if (ring->waiting)
		return;
	ring->waiting = true;
	ring->next_waiting = NULL;
	*waiting_tail = ring;
	waiting_tail = &ring->next_waiting;
}

/* The longest waiting first; it waits on, in its place, when this is not enough for it. */
static void wake(void)
{
	if (waiting)
		blkback_ring_kick(waiting);
}

void blkback_memory_forget(struct blkback_ring *ring)
{
	struct blkback_ring **at;

	if (!ring->waiting)
		return;
	for (at = &waiting; *at != ring; at = &(*at)->next_waiting)
		;
	*at = ring->next_waiting;
	if (!*at)
		waiting_tail = at;
	ring->waiting = false;
	wake();
}

static void copy_part(struct grant_copy *part, const struct blkback_request *req, unsigned i)
{
	*part = (struct grant_copy){ .ref = req->segments[i].ref,
				     .offset = req->segments[i].offset,
				     .length = req->segments[i].length,
				     .local = req->block_segments[i].data };
}

static bool copy(struct blkback_request *req, enum grant_direction direction)
{
	static struct grant_copy parts[BLKBACK_MAX_SEGMENTS];
	unsigned i;

	for (i = 0; i < req->block.nr_segments; i++)
		copy_part(&parts[i], req, i);
	return grant_copy(parts, req->block.nr_segments, req->ring->domain, direction);
}

static void pool_put(struct blkback_request *req)
{
	unsigned i;

	for (i = 0; i < req->block.nr_segments; i++)
		pool[nr_free++] = (struct pool_page){ req->block_segments[i].data,
						      req->block_segments[i].maddr };
	wake();
}

/* Those who came before go before. Without a page in use nothing would end the wait. */
static enum blkback_memory pool_claim(struct blkback_ring *ring, unsigned count)
{
	bool first = !waiting || waiting == ring;

	if (first && pool_has(count))
		return BLKBACK_READY;
	if (first && nr_free == nr_pages)
		return BLKBACK_REFUSED;
	wait(ring);
	return BLKBACK_WAIT;
}

static enum blkback_memory pool_get(struct blkback_request *req)
{
	unsigned i, count = req->block.nr_segments;
	enum blkback_memory answer = pool_claim(req->ring, count);

	if (answer == BLKBACK_WAIT)
		return answer;
	blkback_memory_forget(req->ring);
	if (answer == BLKBACK_REFUSED)
		return answer;
	for (i = 0; i < count; i++) {
		const struct pool_page *page = &pool[--nr_free];

		req->block_segments[i] = (struct block_segment){
			.data = page->data, .maddr = page->maddr, .length = req->segments[i].length
		};
	}
	if (req->block.op == BLOCK_READ || copy(req, GRANT_FROM_GUEST))
		return BLKBACK_READY;
	pool_put(req);
	return BLKBACK_REFUSED;
}

/* ---- the guest's own pages ---- */

static enum blkback_memory dma_get(struct blkback_request *req)
{
	unsigned i, count = req->block.nr_segments;

	for (i = 0; i < count; i++)
		req->dma[i].ref = req->segments[i].ref;
	if (!grant_dma_map(req->dma, count, req->ring->domain, req->block.op == BLOCK_WRITE))
		return BLKBACK_REFUSED;
	for (i = 0; i < count; i++)
		req->block_segments[i] =
			(struct block_segment){ .maddr =
							req->dma[i].maddr + req->segments[i].offset,
						.length = req->segments[i].length };
	return BLKBACK_READY;
}

/* ---- both ---- */

enum blkback_memory blkback_memory_get(struct blkback_request *req)
{
	req->block.segments = req->block_segments;
	if (!req->block.nr_segments)
		return BLKBACK_READY;
	return req->ring->disk->needs_data ? pool_get(req) : dma_get(req);
}

bool blkback_memory_put(struct blkback_request *req, int error)
{
	bool good = true;

	if (!req->block.nr_segments)
		return true;
	if (!req->ring->disk->needs_data) {
		grant_dma_unmap(req->dma, req->block.nr_segments);
		return true;
	}
	if (req->block.op == BLOCK_READ && !error)
		good = copy(req, GRANT_TO_GUEST);
	pool_put(req);
	return good;
}

bool blkback_copy_segments(domid_t domain, grant_ref_t ref, struct blkif_request_segment *to,
			   unsigned count)
{
	static struct pool_page page;
	struct grant_copy part = { .ref = ref, .length = (uint16_t)(count * sizeof(*to)) };

	if (!page.data)
		page.data = dma_page_get(&page.maddr);
	part.local = page.data;
	if (!page.data || !grant_copy(&part, 1, domain, GRANT_FROM_GUEST))
		return false;
	memcpy(to, page.data, count * sizeof(*to));
	return true;
}
