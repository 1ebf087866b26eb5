/* SPDX-License-Identifier: MIT */
/* xenstore's ring, byte by byte: see xenstore.h. */
#include "guests/pvrt/xenstore.h"

#include <xen/sched.h>

#include "guests/pvrt/pvrt.h"

static volatile struct xenstore_domain_interface *ring;
static char body[XENSTORE_PAYLOAD_MAX + 1];
static char event[256];
static bool have_event;

void xenstore_init(void)
{
	ring = pfn_to_va(mfn_to_pfn(start_info->store_mfn));
}

volatile struct xenstore_domain_interface *xenstore_ring(void)
{
	return ring;
}

/* ---- bytes ---- */

static void wait(void)
{
	event_send(start_info->store_evtchn);
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

void xenstore_put(const void *bytes, uint32_t len)
{
	const char *from = bytes;

	while (len--) {
		while (ring->req_prod - ring->req_cons == XENSTORE_RING_SIZE)
			wait();
		ring->req[MASK_XENSTORE_IDX(ring->req_prod)] = *from++;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		ring->req_prod++;
	}
}

static void get(void *bytes, uint32_t len)
{
	char *to = bytes;

	while (len--) {
		while (ring->rsp_prod == ring->rsp_cons)
			wait();
		*to++ = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons)];
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		ring->rsp_cons++;
	}
}

/* ---- messages ---- */

/* Reads one message into body; an event is kept and not a reply. */
static bool get_reply(void)
{
	struct xsd_sockmsg header;

	get(&header, sizeof(header));
	BUG_ON(header.len > XENSTORE_PAYLOAD_MAX);
	get(body, header.len);
	body[header.len] = '\0';
	if (header.type != XS_WATCH_EVENT)
		return true;
	memcpy(event, body, header.len < sizeof(event) ? header.len : sizeof(event) - 1);
	have_event = true;
	return false;
}

/* Values have no NUL at their end, other strings do. */
const char *xenstore_ask(uint32_t type, uint32_t transaction, const char *first, const char *second)
{
	uint32_t len1 = strlen(first) + 1, len2 = second ? strlen(second) : 0;
	struct xsd_sockmsg header = { .type = type, .req_id = 1, .tx_id = transaction };

	if (second && type != XS_WRITE)
		len2++;
	header.len = len1 + len2;
	xenstore_put(&header, sizeof(header));
	xenstore_put(first, len1);
	xenstore_put(second, len2);
	while (!get_reply())
		;
	return body;
}

const char *xenstore_read(const char *path)
{
	return xenstore_ask(XS_READ, 0, path, NULL);
}

const char *xenstore_write(const char *path, const char *value)
{
	return xenstore_ask(XS_WRITE, 0, path, value);
}

void xenstore_write_number(const char *path, uint32_t value)
{
	char text[12];

	pv_snprintf(text, sizeof(text), "%u", value);
	xenstore_write(path, text);
}

uint32_t xenstore_transaction(void)
{
	const char *digit = xenstore_ask(XS_TRANSACTION_START, 0, "", NULL);
	uint32_t number = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++)
		number = number * 10 + (uint32_t)(*digit - '0');
	return number;
}

const char *xenstore_event(void)
{
	if (!have_event)
		return NULL;
	have_event = false;
	return event;
}
