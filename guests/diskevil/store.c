/* SPDX-License-Identifier: MIT */
/* As little of xenstore as a front end needs. */
#include "guests/diskevil/diskevil.h"

#include "guests/pvrt/pvrt.h"

#include <xen/io/xs_wire.h>
#include <xen/sched.h>

static volatile struct xenstore_domain_interface *ring;
static char body[XENSTORE_PAYLOAD_MAX + 1];

void store_init(void)
{
	ring = pfn_to_va(mfn_to_pfn(start_info->store_mfn));
}

static void wait(void)
{
	event_send(start_info->store_evtchn);
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

static void put(const void *bytes, uint32_t len)
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

static const char *ask(uint32_t type, const char *path, const char *value)
{
	uint32_t path_len = strlen(path) + 1, value_len = value ? strlen(value) : 0;
	struct xsd_sockmsg header = { .type = type, .len = path_len + value_len };

	put(&header, sizeof(header));
	put(path, path_len);
	put(value, value_len);
	get(&header, sizeof(header));
	BUG_ON(header.len > XENSTORE_PAYLOAD_MAX);
	get(body, header.len);
	body[header.len] = '\0';
	return body;
}

const char *store_read(const char *path)
{
	return ask(XS_READ, path, NULL);
}

const char *store_write(const char *path, const char *value)
{
	return ask(XS_WRITE, path, value);
}

void store_write_number(const char *path, uint32_t value)
{
	char text[12];

	pv_snprintf(text, sizeof(text), "%u", value);
	store_write(path, text);
}
