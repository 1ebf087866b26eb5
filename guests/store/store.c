/* SPDX-License-Identifier: MIT */
/*
 * A guest that talks to xenstore over its ring (<xen/io/xs_wire.h>), as a kernel does: writes, reads,
 * watches, commits a transaction, is refused what is not its own. It leaves "passed", or the step that
 * failed, in its own node data/result, where the control domain's shell finds it, and waits for
 * data/stop. With attack=index or attack=length it breaks the protocol at the end.
 */
#include "guests/pvrt/pvrt.h"

#include <xen/io/xs_wire.h>
#include <xen/sched.h>

static volatile struct xenstore_domain_interface *ring;
static char body[XENSTORE_PAYLOAD_MAX + 1];
static char event[256];
static bool have_event;

/* ---- bytes ---- */

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

/* ---- messages ---- */

/* Reads one message into body; an event is kept and not a reply. */
static bool get_reply(struct xsd_sockmsg *header)
{
	get(header, sizeof(*header));
	BUG_ON(header->len > XENSTORE_PAYLOAD_MAX);
	get(body, header->len);
	body[header->len] = '\0';
	if (header->type != XS_WATCH_EVENT)
		return true;
	memcpy(event, body, header->len < sizeof(event) ? header->len : sizeof(event) - 1);
	have_event = true;
	return false;
}

/* The text is two strings at most; values have no NUL at their end. */
static const char *ask(uint32_t type, uint32_t tx, const char *first, const char *second)
{
	uint32_t len1 = strlen(first) + 1, len2 = second ? strlen(second) : 0;
	struct xsd_sockmsg header = { .type = type, .req_id = 1, .tx_id = tx };

	if (second && type != XS_WRITE)
		len2++;
	header.len = len1 + len2;
	put(&header, sizeof(header));
	put(first, len1);
	put(second, len2);
	while (!get_reply(&header))
		;
	return body;
}

/* A new transaction's number. */
static uint32_t start_transaction(void)
{
	const char *digit = ask(XS_TRANSACTION_START, 0, "", NULL);
	uint32_t tx = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++)
		tx = tx * 10 + (uint32_t)(*digit - '0');
	return tx;
}

/* ---- the steps ---- */

static bool is(const char *got, const char *wanted)
{
	if (!strcmp(got, wanted))
		return true;
	pv_printf("store: got \"%s\", wanted \"%s\"\n", got, wanted);
	return false;
}

static bool write_and_read(void)
{
	return is(ask(XS_WRITE, 0, "data/a/b", "value"), "OK") &&
	       is(ask(XS_READ, 0, "data/a/b", NULL), "value") &&
	       is(ask(XS_DIRECTORY, 0, "data", NULL), "a") &&
	       is(ask(XS_READ, 0, "data/x", NULL), "ENOENT");
}

static bool refused(void)
{
	return is(ask(XS_WRITE, 0, "name", "mine"), "EACCES") &&
	       is(ask(XS_READ, 0, "/local/domain/0/name", NULL), "EACCES") &&
	       is(ask(XS_READ, 0, "a//b", NULL), "EINVAL") &&
	       is(ask(XS_INTRODUCE, 0, "1", "2"), "EACCES");
}

static bool watch(void)
{
	have_event = false;
	if (!is(ask(XS_WATCH, 0, "data/a", "token"), "OK"))
		return false;
	while (!have_event)
		ask(XS_READ, 0, "domid", NULL);
	have_event = false;
	ask(XS_WRITE, 0, "data/a/c", "1");
	while (!have_event)
		ask(XS_READ, 0, "domid", NULL);
	return is(event, "data/a/c") && is(event + sizeof("data/a/c"), "token") &&
	       is(ask(XS_UNWATCH, 0, "data/a", "token"), "OK");
}

static bool transaction(void)
{
	uint32_t tx = start_transaction();

	if (!tx || !is(ask(XS_READ, tx, "data/a/b", NULL), "value") ||
	    !is(ask(XS_WRITE, tx, "data/new", "1"), "OK") ||
	    !is(ask(XS_READ, 0, "data/new", NULL), "ENOENT") ||
	    !is(ask(XS_TRANSACTION_END, tx, "T", NULL), "OK") ||
	    !is(ask(XS_READ, 0, "data/new", NULL), "1"))
		return false;
	tx = start_transaction();
	ask(XS_WRITE, tx, "data/new", "2");
	ask(XS_WRITE, 0, "data/new", "3");
	return is(ask(XS_TRANSACTION_END, tx, "T", NULL), "EAGAIN") &&
	       is(ask(XS_READ, 0, "data/new", NULL), "3");
}

static const struct {
	const char *name;
	bool (*run)(void);
} steps[] = {
	{ "write and read", write_and_read },
	{ "refused", refused },
	{ "watch", watch },
	{ "transaction", transaction },
};

static void attack(void)
{
	struct xsd_sockmsg header = { .type = XS_WRITE, .len = ~0u };

	if (strstr((const char *)start_info->cmd_line, "attack=index"))
		ring->req_prod = ring->req_cons + 2 * XENSTORE_RING_SIZE;
	if (strstr((const char *)start_info->cmd_line, "attack=length"))
		put(&header, sizeof(header));
	event_send(start_info->store_evtchn);
}

int main(void)
{
	const char *result = "passed";
	unsigned i;

	ring = pfn_to_va(mfn_to_pfn(start_info->store_mfn));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!steps[i].run()) {
			result = steps[i].name;
			break;
		}
	}
	ask(XS_WRITE, 0, "data/result", result);
	while (strcmp(ask(XS_READ, 0, "data/stop", NULL), "1"))
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	attack();
	for (;;)
		HYPERVISOR_sched_op(SCHEDOP_block, NULL);
}
