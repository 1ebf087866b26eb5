// SPDX-License-Identifier: MIT
// A guest with a block ring, simulated: see blkfront.h.
#include "tests/host/blkfront.h"

#include <stdlib.h>
#include <string.h>

#include "tests/host/dom0.h"

#define HANDLE 0x40000000u
#define TURNS 100000u
#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

struct front front;
uint8_t front_disk_bytes[FRONT_DISK_SECTORS * BLOCK_SECTOR];

static unsigned mapped, produced, consumed;
static struct block_request *held, **held_tail;

/* ---- grants ---- */

static bool may(grant_ref_t ref, bool write)
{
	return ref < FRONT_PAGES && front.grants[ref] >= (write ? FRONT_WRITABLE : FRONT_READ_ONLY);
}

bool grant_dma_map(struct grant_dma *pages, unsigned count, domid_t domain, bool read_only)
{
	unsigned i;

	REQUIRE(domain == FRONT_DOMAIN && count <= GRANT_DMA_MAX);
	for (i = 0; i < count; i++)
		if (!may(pages[i].ref, !read_only))
			return false;
	for (i = 0; i < count; i++) {
		pages[i].handle = HANDLE + pages[i].ref;
		pages[i].maddr = (uintptr_t)front.pages[pages[i].ref];
	}
	mapped += count;
	return true;
}

void grant_dma_unmap(const struct grant_dma *pages, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		REQUIRE(pages[i].handle - HANDLE < FRONT_PAGES &&
			pages[i].maddr == (uintptr_t)front.pages[pages[i].handle - HANDLE]);
	REQUIRE(mapped >= count);
	mapped -= count;
}

unsigned front_mapped(void)
{
	return mapped;
}

bool grant_copy(const struct grant_copy *parts, unsigned count, domid_t domain,
		enum grant_direction direction)
{
	unsigned i;

	REQUIRE(domain == FRONT_DOMAIN && count <= GRANT_COPY_MAX);
	for (i = 0; i < count; i++) {
		const struct grant_copy *part = &parts[i];

		if (!may(part->ref, direction == GRANT_TO_GUEST) ||
		    (unsigned)part->offset + part->length > FRONT_PAGE)
			return false;
		if (direction == GRANT_TO_GUEST)
			memcpy(front.pages[part->ref] + part->offset, part->local, part->length);
		else
			memcpy(part->local, front.pages[part->ref] + part->offset, part->length);
	}
	return true;
}

/* ---- the disk ---- */

static bool hold(struct block_device *dev, struct block_request *req)
{
	REQUIRE(dev == &front_disk);
	REQUIRE(req->op == BLOCK_FLUSH || (req->count && req->sector + req->count <= dev->sectors));
	req->next = NULL;
	*held_tail = req;
	held_tail = &req->next;
	return true;
}

static const struct block_ops disk_ops = { .submit = hold };

struct block_device front_disk = { .name = "front",
				   .sectors = FRONT_DISK_SECTORS,
				   .sector_size = 512,
				   .physical_size = 512,
				   .has_flush = true,
				   .has_discard = true,
				   .max_segments = BLKBACK_MAX_SEGMENTS,
				   .max_sectors = BLKBACK_MAX_SEGMENTS * 8,
				   .ops = &disk_ops };

unsigned front_disk_held(void)
{
	const struct block_request *req;
	unsigned n = 0;

	for (req = held; req; req = req->next)
		n++;
	return n;
}

static void move_data(const struct block_request *req)
{
	uint8_t *at = front_disk_bytes + req->sector * BLOCK_SECTOR;
	unsigned i;

	for (i = 0; i < req->nr_segments; i++) {
		uint8_t *page = (uint8_t *)(uintptr_t)req->segments[i].maddr;

		if (req->op == BLOCK_READ)
			memcpy(page, at, req->segments[i].length);
		else
			memcpy(at, page, req->segments[i].length);
		at += req->segments[i].length;
	}
}

void front_disk_end(int error)
{
	struct block_request *req = held;

	if (!req)
		return;
	held = req->next;
	if (!held)
		held_tail = &held;
	if (!error)
		move_data(req);
	block_complete(req, error);
}

/* ---- the front end ---- */

static void notify(void *arg)
{
	(void)arg;
	front.notified++;
}

static void broken(void *arg, const char *why)
{
	(void)arg;
	front.broken = why;
}

static void idle(void *arg)
{
	(void)arg;
	front.idle++;
}

static const struct blkback_ring_ops ops = { .notify = notify, .broken = broken, .idle = idle };

void front_begin(struct block_device *disk)
{
	unsigned i;

	host_loop_reset();
	memset(&front, 0, sizeof(front));
	for (i = 0; i < FRONT_PAGES; i++) {
		front.pages[i] = calloc(1, FRONT_PAGE);
		front.grants[i] = FRONT_WRITABLE;
	}
	front.page = calloc(1, FRONT_PAGE);
	front.page->req_event = front.page->rsp_event = 1;
	produced = consumed = 0;
	held = NULL;
	held_tail = &held;
	memset(front_disk_bytes, 0, sizeof(front_disk_bytes));
	REQUIRE(!block_open(disk, !disk->read_only, BLOCK_EXCLUSIVE));
	blkback_ring_init(&front.ring, disk, FRONT_DOMAIN, &ops, NULL);
	front.ring.discard = disk->has_discard;
	front.ring.read_only = disk->read_only;
	blkback_ring_start(&front.ring, front.page);
}

void front_end(void)
{
	struct block_device *disk = front.ring.disk;
	bool idle_at_once = blkback_ring_stop(&front.ring);
	unsigned i, before = front.idle;

	while (front_disk_held() || !host_loop_run(1))
		front_disk_end(0);
	REQUIRE(host_loop_run(TURNS) && !front.ring.in_flight && !mapped);
	REQUIRE(idle_at_once || front.idle == before + 1);
	blkback_ring_destroy(&front.ring);
	for (i = 0; i < FRONT_PAGES; i++)
		free(front.pages[i]);
	free(front.page);
	block_close(disk, !disk->read_only);
}

blkif_request_t *front_add(void)
{
	if (produced - consumed == BLKBACK_RING_SIZE)
		return NULL;
	return &front.page->ring[produced++ % BLKBACK_RING_SIZE].req;
}

void front_push(void)
{
	front.page->req_prod = produced;
	blkback_ring_kick(&front.ring);
}

const blkif_response_t *front_answer(void)
{
	if (consumed == front.page->rsp_prod)
		return NULL;
	front.page->rsp_event = consumed + 2;
	return &front.page->ring[consumed++ % BLKBACK_RING_SIZE].rsp;
}
