/* SPDX-License-Identifier: MIT */
/*
 * A guest that talks to xenstore over its ring (<xen/io/xs_wire.h>), as a kernel does: writes, reads,
 * watches, commits a transaction, is refused what is not its own. It leaves "passed", or the step that
 * failed, in its own node data/result, where the control domain's shell finds it, and waits for
 * data/stop. With attack=index or attack=length it breaks the protocol at the end.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/xenstore.h"

#include <xen/sched.h>

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
	return is(xenstore_write("data/a/b", "value"), "OK") &&
	       is(xenstore_read("data/a/b"), "value") &&
	       is(xenstore_ask(XS_DIRECTORY, 0, "data", NULL), "a") &&
	       is(xenstore_read("data/x"), "ENOENT");
}

static bool refused(void)
{
	return is(xenstore_write("name", "mine"), "EACCES") &&
	       is(xenstore_read("/local/domain/0/name"), "EACCES") &&
	       is(xenstore_read("a//b"), "EINVAL") &&
	       is(xenstore_ask(XS_INTRODUCE, 0, "1", "2"), "EACCES");
}

/* Asks for something else until an event has come along. */
static const char *await_event(void)
{
	const char *event;

	while (!(event = xenstore_event()))
		xenstore_read("domid");
	return event;
}

static bool watch(void)
{
	const char *event;

	xenstore_event();
	if (!is(xenstore_ask(XS_WATCH, 0, "data/a", "token"), "OK"))
		return false;
	await_event();
	xenstore_write("data/a/c", "1");
	event = await_event();
	return is(event, "data/a/c") && is(event + sizeof("data/a/c"), "token") &&
	       is(xenstore_ask(XS_UNWATCH, 0, "data/a", "token"), "OK");
}

static bool transaction(void)
{
	uint32_t tx = xenstore_transaction();

	if (!tx || !is(xenstore_ask(XS_READ, tx, "data/a/b", NULL), "value") ||
	    !is(xenstore_ask(XS_WRITE, tx, "data/new", "1"), "OK") ||
	    !is(xenstore_read("data/new"), "ENOENT") ||
	    !is(xenstore_ask(XS_TRANSACTION_END, tx, "T", NULL), "OK") ||
	    !is(xenstore_read("data/new"), "1"))
		return false;
	tx = xenstore_transaction();
	xenstore_ask(XS_WRITE, tx, "data/new", "2");
	xenstore_write("data/new", "3");
	return is(xenstore_ask(XS_TRANSACTION_END, tx, "T", NULL), "EAGAIN") &&
	       is(xenstore_read("data/new"), "3");
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
	volatile struct xenstore_domain_interface *ring = xenstore_ring();
	struct xsd_sockmsg header = { .type = XS_WRITE, .len = ~0u };

	if (strstr((const char *)start_info->cmd_line, "attack=index"))
		ring->req_prod = ring->req_cons + 2 * XENSTORE_RING_SIZE;
	if (strstr((const char *)start_info->cmd_line, "attack=length"))
		xenstore_put(&header, sizeof(header));
	event_send(start_info->store_evtchn);
}

int main(void)
{
	const char *result = "passed";
	unsigned i;

	xenstore_init();
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!steps[i].run()) {
			result = steps[i].name;
			break;
		}
	}
	xenstore_write("data/result", result);
	while (strcmp(xenstore_read("data/stop"), "1"))
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	attack();
	for (;;)
		HYPERVISOR_sched_op(SCHEDOP_block, NULL);
}
