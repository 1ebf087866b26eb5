/* SPDX-License-Identifier: MIT */
/*
 * Event channels between domains: delivery to a blocked, polling and paused one,
 * and every order of closing and dying.
 */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"

#define ROUND_TRIPS 1000
#define PATIENCE (5 * NS_PER_S)

static struct child a;
static volatile uint32_t answers;

static void count_answer(evtchn_port_t port, void *data)
{
	(void)port, (void)data;
	answers++;
}

static bool wait_answers(uint32_t n)
{
	uint64_t end = time_system_ns() + PATIENCE;

	while (answers < n && time_system_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return CHECK(answers >= n, "%u answers of %u", answers, n);
}

/* A child that answers, bound; the local port or an error. */
static int start_pair(const char *what)
{
	int port;

	answers = 0;
	if (!child_make(&a, what, CHILD_STEPS))
		return -1;
	if (!child_wait_stage(&a, 2)) {
		child_destroy(&a);
		return -1;
	}
	port = event_bind_interdomain(a.id, a.mailbox->port);
	if (!CHECK(port > 0, "bind_interdomain: %d", port)) {
		child_destroy(&a);
		return -1;
	}
	event_bind(port, count_answer, NULL);
	events_enable();
	/* Both ends are pending from the start, so that nothing sent before is lost. */
	return port;
}

static void end_pair(int port)
{
	events_disable();
	event_unbind(port);
	child_destroy(&a);
	event_close(port);
}

static void round_trips(const char *what)
{
	uint64_t before = free_frames(), start;
	int port = start_pair(what);
	uint32_t i, base;

	if (port < 0)
		return;
	time_delay_ns(5 * NS_PER_MS);
	base = answers;
	start = time_system_ns();
	for (i = 1; i <= ROUND_TRIPS && test_ok(); i++) {
		CHECK_EQ(event_send(port), 0, "send");
		wait_answers(base + i);
	}
	pv_printf("%s: %u ns a round trip\n", what,
		  (unsigned int)div_u64_u32(time_system_ns() - start, ROUND_TRIPS, NULL));
	end_pair(port);
	CHECK_EQ(free_frames(), before, "free frames");
}

void test_round_trips(void)
{
	round_trips("ping");
}

void test_round_trips_polling(void)
{
	round_trips("poll");
}

/* What is sent to a paused domain waits. */
void test_event_while_paused(void)
{
	int port = start_pair("ping");
	uint32_t base;

	if (port < 0)
		return;
	time_delay_ns(5 * NS_PER_MS);
	CHECK_EQ(domctl_simple(XEN_DOMCTL_pausedomain, a.id), 0, "pause");
	base = answers;
	CHECK_EQ(event_send(port), 0, "send");
	time_delay_ns(20 * NS_PER_MS);
	CHECK_EQ(answers, base, "answers while paused");
	CHECK_EQ(domctl_simple(XEN_DOMCTL_unpausedomain, a.id), 0, "unpause");
	wait_answers(base + 1);
	end_pair(port);
}

static int status_of(domid_t domid, evtchn_port_t port, struct evtchn_status *status)
{
	status->dom = domid;
	status->port = port;
	return HYPERVISOR_event_channel_op(EVTCHNOP_status, status);
}

/* Our end outlives the other's domain: it is unbound, and nobody is there to be told. */
void test_partner_dies(void)
{
	int port = start_pair("ping");
	struct evtchn_status status;
	domid_t id = a.id;

	if (port < 0)
		return;
	events_disable();
	child_destroy(&a);
	CHECK_EQ(status_of(DOMID_SELF, port, &status), 0, "status");
	CHECK_EQ(status.status, EVTCHNSTAT_unbound, "state of our end");
	CHECK_EQ(status.u.unbound.dom, id, "whom it waits for");
	CHECK_EQ(event_send(port), 0, "send to nobody");
	CHECK_EQ(event_bind_interdomain(id, 1), -XEN_ESRCH, "bind to a dead domain");
	event_unbind(port);
	CHECK_EQ(event_close(port), 0, "close");
}

/* We close first: the other's end is unbound, and can be bound again. */
void test_we_close_first(void)
{
	int port = start_pair("ping"), again;
	struct evtchn_status status;

	if (port < 0)
		return;
	events_disable();
	event_unbind(port);
	CHECK_EQ(event_close(port), 0, "close");
	CHECK_EQ(status_of(a.id, a.mailbox->port, &status), 0, "status of the other's port");
	CHECK_EQ(status.status, EVTCHNSTAT_unbound, "state of the other's end");
	again = event_bind_interdomain(a.id, a.mailbox->port);
	CHECK(again > 0, "bind again: %d", again);
	CHECK_EQ(event_bind_interdomain(a.id, a.mailbox->port), -XEN_EINVAL, "bind twice");
	child_destroy(&a);
	if (again > 0)
		event_close(again);
}

/* All ports open, half of them bound by us: closing them takes the hypervisor several steps. */
void test_many_ports_die(void)
{
	uint64_t before = free_frames();
	static int ours[600];
	unsigned int n = 0, port, i;

	if (!child_make(&a, "ports", CHILD_STEPS))
		return;
	if (child_wait_stage(&a, 2)) {
		CHECK(a.mailbox->extra > 1000, "it got only %u ports", a.mailbox->extra);
		for (port = 1; port < 1024 && n < 450; port++) {
			int rc = event_bind_interdomain(a.id, port);

			if (rc > 0)
				ours[n++] = rc;
		}
		CHECK_EQ(n, 450, "ports bound");
	}
	child_destroy(&a);
	for (i = 0; i < n; i++)
		CHECK_EQ(event_close(ours[i]), 0, "close");
	/* Our own pages of channels stay with us. */
	CHECK(before - free_frames() <= 3, "%u frames are gone",
	      (unsigned int)(before - free_frames()));
}

/* A port that the builder made for the child (as for its console and xenstore). */
void test_alloc_for_child(void)
{
	struct evtchn_alloc_unbound op = { .remote_dom = DOMID_SELF };
	int port;

	if (!child_make(&a, "block", 2))
		return;
	op.dom = a.id;
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op), 0, "alloc_unbound");
	port = event_bind_interdomain(a.id, op.port);
	CHECK(port > 0, "bind_interdomain: %d", port);
	CHECK_EQ(event_send(port), 0, "send to a domain that never ran");
	child_destroy(&a);
	event_close(port);
}
