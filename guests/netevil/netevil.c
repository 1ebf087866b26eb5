/* SPDX-License-Identifier: MIT */
/*
 * A guest that attacks the back end of its network interface (<xen/io/netif.h>): requests with wild grants, sizes and
 * flags, rewritten while they are served, rx buffers that cannot be written to, or none, indexes that jump, rings full of
 * noise, floods, closing and opening with packets in flight. After each attack it behaves, and finds out whether it is
 * still served: the back end must not only survive. It says so on the console, and begins again.
 */
#include "guests/payload/gnttab.h"
#include "guests/payload/hostile_front.h"

#include <xen/event_channel.h>
#define xen_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() xen_mb()
#define xen_wmb() xen_mb()
#include <xen/io/netif.h>

#define FRONT "device/vif/0/"
#define TX_REF 8u
#define RX_REF 9u
#define FIRST_REF 10u
#define DATA_PAGES 16u
#define SLOTS 256u
#define ATTACK_STEPS 3000u

#define MAC_BYTES 6u
#define FRAME_BYTES 60u
/* For local experiments (IEEE 802). */
#define FRAME_TYPE 0x88b5u

static grant_entry_v1_t *entries;
static volatile netif_tx_sring_t *tx;
static volatile netif_rx_sring_t *rx;
static uint8_t *data[DATA_PAGES];

static volatile netif_tx_request_t *tx_slot(uint32_t index)
{
	return &((volatile union netif_tx_sring_entry *)tx->ring)[index % SLOTS].req;
}

static volatile netif_rx_request_t *rx_slot(uint32_t index)
{
	return &((volatile union netif_rx_sring_entry *)rx->ring)[index % SLOTS].req;
}

/* ---- the handshake ---- */

static bool connect(void)
{
	static const char *const features[] = { "request-rx-copy", "feature-rx-notify",
						"feature-sg", "feature-gso-tcpv4" };
	char node[64];
	unsigned i;

	if (!back_end_is(XenbusStateInitWait))
		return false;
	memset((void *)tx, 0, PAGE_SIZE);
	memset((void *)rx, 0, PAGE_SIZE);
	tx->req_event = tx->rsp_event = rx->req_event = rx->rsp_event = 1;
	xenstore_write_number(FRONT "tx-ring-ref", TX_REF);
	xenstore_write_number(FRONT "rx-ring-ref", RX_REF);
	xenstore_write_number(FRONT "event-channel", (uint32_t)port);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		pv_snprintf(node, sizeof(node), FRONT "%s", features[i]);
		xenstore_write_number(node, 1);
	}
	front_state(XenbusStateConnected);
	return back_end_is(XenbusStateConnected);
}

/* ---- a packet as it should be ---- */

/* A short frame to everybody, from the first data page. */
static void put_frame(volatile netif_tx_request_t *req)
{
	req->gref = FIRST_REF;
	req->offset = 0;
	req->size = FRAME_BYTES;
	req->flags = 0;
	req->id = 77;
}

static bool honest_send(void)
{
	uint32_t index = tx->req_prod, tries;

	put_frame(tx_slot(index));
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	tx->req_prod = index + 1;
	for (tries = 0; tries < PATIENCE && tx->rsp_prod != index + 1; tries++) {
		kick();
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
	return tx->rsp_prod == index + 1 &&
	       ((volatile netif_tx_response_t *)tx_slot(index))->status == NETIF_RSP_OKAY;
}

/* ---- attacks ---- */

static void wild_request(volatile netif_tx_request_t *req)
{
	req->gref = rnd(8) ? FIRST_REF + rnd(DATA_PAGES + 4) : rnd(~0u);
	req->offset = (uint16_t)(rnd(4) ? rnd(64) : rnd(1u << 16));
	req->size = (uint16_t)(rnd(2) ? FRAME_BYTES + rnd(1500) : rnd(1u << 16));
	req->flags = rnd(4) ? 0 : (uint16_t)rnd(32);
	req->id = (uint16_t)rnd(SLOTS);
}

/* Never takes an answer; slots that are there already change while they are served. */
static void attack_requests(void)
{
	uint32_t step;

	for (step = 0; step < ATTACK_STEPS; step++) {
		wild_request(tx_slot(tx->req_prod));
		wild_request(tx_slot(rnd(SLOTS)));
		if (tx->req_prod - tx->rsp_prod < SLOTS - 1)
			tx->req_prod++;
		tx->rsp_event = rnd(2) ? tx->rsp_prod + 1 : rnd(~0u);
		kick();
	}
}

/* As many frames to everybody as the ring holds, always. */
static void attack_flood(void)
{
	uint32_t step;

	for (step = 0; step < 10 * ATTACK_STEPS; step++) {
		if (tx->req_prod - tx->rsp_prod == SLOTS) {
			kick();
			HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
			continue;
		}
		put_frame(tx_slot(tx->req_prod));
		tx->req_prod++;
	}
}

/* Buffers for what others send that cannot be written to. */
static void attack_buffers(void)
{
	uint32_t step;

	for (step = 0; step < ATTACK_STEPS; step++) {
		rx_slot(rx->req_prod)->gref = rnd(2) ? rnd(~0u) : TX_REF + rnd(DATA_PAGES);
		rx_slot(rnd(SLOTS))->gref = rnd(64);
		if (rx->req_prod - rx->rsp_prod < SLOTS)
			rx->req_prod++;
		rx->rsp_event = rnd(~0u);
		kick();
		if (!rnd(16))
			HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
}

static void attack_index_ahead(void)
{
	tx->req_prod += 1000;
	kick();
}

static void attack_index_back(void)
{
	tx->req_prod -= 3;
	kick();
}

static void attack_rx_index(void)
{
	rx->req_prod += 1000;
	kick();
}

static void attack_rings(void)
{
	uint32_t i;

	for (i = 0; i < PAGE_SIZE / sizeof(uint32_t); i++) {
		((volatile uint32_t *)tx)[i] = rnd(~0u);
		((volatile uint32_t *)rx)[i] = rnd(~0u);
	}
	kick();
}

static void attack_states(void)
{
	uint32_t i;

	for (i = 0; i < 50; i++) {
		attack_index_ahead();
		front_state((enum xenbus_state)rnd(9));
		xenstore_write_number(FRONT "tx-ring-ref", rnd(40));
		xenstore_write_number(FRONT "rx-ring-ref", rnd(40));
	}
}

static const struct attack attacks[] = {
	{ "requests", attack_requests },     { "flood", attack_flood },
	{ "buffers", attack_buffers },	     { "index ahead", attack_index_ahead },
	{ "index back", attack_index_back }, { "rx index", attack_rx_index },
	{ "rings", attack_rings },	     { "states", attack_states },
};

/* ---- */

static uint8_t hex_digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static void write_frame(uint8_t *frame)
{
	const char *mac = xenstore_read(FRONT "mac");
	unsigned i;

	memset(frame, 0xff, MAC_BYTES);
	for (i = 0; i < MAC_BYTES; i++, mac += 3)
		frame[MAC_BYTES + i] = (uint8_t)(hex_digit(mac[0]) << 4 | hex_digit(mac[1]));
	frame[2 * MAC_BYTES] = FRAME_TYPE >> 8;
	frame[2 * MAC_BYTES + 1] = FRAME_TYPE & 0xff;
}

static void *grant_page(uint32_t ref)
{
	void *page = page_alloc();

	gnttab_grant(&entries[ref], 0, va_to_mfn(page), 0);
	return page;
}

static void prepare(void)
{
	uint32_t i;

	xenstore_init();
	entries = gnttab_entries();
	BUG_ON(!entries);
	tx = grant_page(TX_REF);
	rx = grant_page(RX_REF);
	for (i = 0; i < DATA_PAGES; i++)
		data[i] = grant_page(FIRST_REF + i);
	write_frame(data[0]);
	open_port();
}

static const struct hostile_front front = {
	.name = "netevil",
	.device = "network",
	.state = FRONT "state",
	.back = "/local/domain/0/backend/vif/%s/0/state",
	.connect = connect,
	.behave = honest_send,
};

int main(void)
{
	prepare();
	attack_for_ever(attacks, ARRAY_SIZE(attacks));
}
