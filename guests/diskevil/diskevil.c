/* SPDX-License-Identifier: MIT */
/*
 * A guest that attacks the back end of its first disk (<xen/io/blkif.h>): indexes that jump, requests
 * with wild grants, sectors and segments, requests that are rewritten while they are served, answers that
 * are never taken, closing and opening with requests in flight. After each attack it behaves, and finds out whether it is
 * still served: the back end must not only survive. It says so on the console, and begins again.
 */
#include "guests/payload/gnttab.h"
#include "guests/payload/hostile_front.h"

#include <xen/io/blkif.h>

#define FRONT "device/vbd/51712/"
#define FIRST_REF 8u
#define DATA_PAGES 32u
#define SLOTS 32u
#define ATTACK_STEPS 3000u

static grant_entry_v1_t *entries;
static volatile blkif_sring_t *ring;
static uint8_t *data[DATA_PAGES];

static volatile blkif_request_t *slot(uint32_t index)
{
	return &((volatile union blkif_sring_entry *)ring->ring)[index % SLOTS].req;
}

/* ---- the handshake ---- */

static bool connect(void)
{
	if (!back_end_is(XenbusStateInitWait))
		return false;
	memset((void *)ring, 0, PAGE_SIZE);
	ring->req_event = ring->rsp_event = 1;
	xenstore_write_number(FRONT "ring-ref", FIRST_REF);
	xenstore_write_number(FRONT "event-channel", (uint32_t)port);
	xenstore_write(FRONT "protocol", "x86_32-abi");
	front_state(XenbusStateInitialised);
	if (!back_end_is(XenbusStateConnected))
		return false;
	front_state(XenbusStateConnected);
	return true;
}

/* ---- a request as it should be ---- */

static bool honest_read(void)
{
	uint32_t index = ring->req_prod, tries;
	volatile blkif_request_t *req = slot(index);

	req->operation = BLKIF_OP_READ;
	req->nr_segments = 1;
	req->id = 77;
	req->sector_number = 0;
	req->seg[0].gref = FIRST_REF + 1;
	req->seg[0].first_sect = 0;
	req->seg[0].last_sect = 7;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring->req_prod = index + 1;
	for (tries = 0; tries < PATIENCE && ring->rsp_prod != index + 1; tries++) {
		kick();
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
	return ring->rsp_prod == index + 1 &&
	       ((volatile blkif_response_t *)slot(index))->status == BLKIF_RSP_OKAY;
}

/* ---- attacks ---- */

static void wild_request(volatile blkif_request_t *req)
{
	static const uint8_t operations[] = { BLKIF_OP_READ,	BLKIF_OP_READ, BLKIF_OP_INDIRECT,
					      BLKIF_OP_DISCARD, 200,	       BLKIF_OP_WRITE };
	uint32_t i;

	/* The test looks at the disk afterwards: what is written goes beyond its end. */
	req->operation = operations[rnd(sizeof(operations))];
	req->nr_segments = (uint8_t)rnd(14);
	req->id = rnd(1000);
	req->sector_number = rnd(4) ? rnd(5000) : ~0ull - rnd(100);
	if (req->operation == BLKIF_OP_WRITE || req->operation == BLKIF_OP_DISCARD)
		req->sector_number = ~0ull - rnd(16);
	for (i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++) {
		req->seg[i].gref = rnd(8) ? FIRST_REF + rnd(DATA_PAGES + 4) : rnd(~0u);
		req->seg[i].first_sect = (uint8_t)rnd(9);
		req->seg[i].last_sect = rnd(5) ? 7 : (uint8_t)rnd(256);
	}
}

/* Fills the ring without ever taking an answer; the slots change while they are served. */
static void attack_requests(void)
{
	uint32_t step;

	for (step = 0; step < ATTACK_STEPS; step++) {
		wild_request(slot(rnd(SLOTS)));
		if (ring->req_prod - ring->rsp_prod < SLOTS - 1)
			ring->req_prod++;
		ring->rsp_event = rnd(2) ? ring->rsp_prod + 1 : rnd(~0u);
		kick();
		if (!rnd(16))
			HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
}

/* As many and as large as can be, from memory that goes away meanwhile. */
static void attack_flood(void)
{
	uint32_t step, i;

	for (step = 0; step < ATTACK_STEPS; step++) {
		volatile blkif_request_t *req = slot(ring->req_prod);

		if (ring->req_prod - ring->rsp_prod == SLOTS) {
			HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
			continue;
		}
		req->operation = BLKIF_OP_READ;
		req->nr_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
		req->sector_number = rnd(1024);
		for (i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++) {
			req->seg[i].gref = FIRST_REF + 1 + rnd(DATA_PAGES);
			req->seg[i].first_sect = 0;
			req->seg[i].last_sect = 7;
		}
		ring->req_prod++;
		kick();
	}
}

static void attack_index_ahead(void)
{
	ring->req_prod += 1000;
	kick();
}

static void attack_index_back(void)
{
	ring->req_prod -= 3;
	kick();
}

static void attack_ring(void)
{
	uint32_t i;

	for (i = 0; i < PAGE_SIZE / 4; i++)
		((volatile uint32_t *)ring)[i] = rnd(~0u);
	kick();
}

static void attack_states(void)
{
	uint32_t i;

	for (i = 0; i < 50; i++) {
		attack_index_ahead();
		front_state((enum xenbus_state)rnd(9));
		xenstore_write_number(FRONT "ring-ref", rnd(40));
	}
}

static const struct attack attacks[] = {
	{ "requests", attack_requests },
	{ "flood", attack_flood },
	{ "index ahead", attack_index_ahead },
	{ "index back", attack_index_back },
	{ "ring", attack_ring },
	{ "states", attack_states },
};

/* ---- */

static void prepare(void)
{
	uint32_t i;

	xenstore_init();
	entries = gnttab_entries();
	BUG_ON(!entries);
	ring = page_alloc();
	gnttab_grant(&entries[FIRST_REF], 0, va_to_mfn((void *)ring), 0);
	for (i = 0; i < DATA_PAGES; i++) {
		data[i] = page_alloc();
		gnttab_grant(&entries[FIRST_REF + 1 + i], 0, va_to_mfn(data[i]), 0);
	}
	open_port();
}

static const struct hostile_front front = {
	.name = "diskevil",
	.device = "disk",
	.state = FRONT "state",
	.back = "/local/domain/0/backend/vbd/%s/51712/state",
	.connect = connect,
	.behave = honest_read,
};

int main(void)
{
	prepare();
	attack_for_ever(attacks, ARRAY_SIZE(attacks));
}
