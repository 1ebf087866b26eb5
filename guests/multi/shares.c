/* SPDX-License-Identifier: MIT */
/*
 * Fair shares: processor time by weight within 4 %, caps within 2 %, and waking up
 * within a millisecond while others spin.
 */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"

#include <xen/vcpu.h>

#define MEASURE (2 * NS_PER_S)
#define WEIGHT_TOLERANCE 40 /* of 1000 */
#define CAP_TOLERANCE 20
#define MAX_LATE_US 1000

static struct child a, b;

static uint64_t ran(domid_t domid)
{
	struct xen_domctl_getdomaininfo info;

	return domain_info(domid, &info) ? 0 : info.cpu_time;
}

static void woke(evtchn_port_t port, void *data)
{
	(void)port;
	*(volatile bool *)data = true;
}

/* Leaves the processor to the others. */
static void sleep_ns(uint64_t ns)
{
	volatile bool done = false;
	int port = event_bind_virq(VIRQ_TIMER, 0);

	BUG_ON(port <= 0);
	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	event_bind(port, woke, (void *)&done);
	events_disable();
	HYPERVISOR_set_timer_op(time_system_ns() + ns);
	while (!done)
		event_block();
	events_disable();
	event_unbind(port);
	event_close(port);
}

static uint32_t per_mille(uint64_t part, uint64_t whole)
{
	while (whole >> 32) {
		whole >>= 1;
		part >>= 1;
	}
	return whole ? (uint32_t)div_u64_u32(part * 1000, (uint32_t)whole, NULL) : 0;
}

static void check_near(uint32_t value, uint32_t expected, uint32_t tolerance, const char *what)
{
	CHECK(value + tolerance >= expected && value <= expected + tolerance,
	      "%s: %u of 1000, must be %u", what, value, expected);
}

static bool start_two(void)
{
	if (!child_make(&a, "spin", CHILD_STEPS))
		return false;
	if (child_make(&b, "spin", CHILD_STEPS))
		return child_wait_stage(&a, 1) && child_wait_stage(&b, 1);
	child_destroy(&a);
	return false;
}

static void weigh(unsigned int weight_a, unsigned int weight_b)
{
	uint64_t from_a, from_b, ran_a, ran_b;

	CHECK_EQ(domain_set_shares(a.id, weight_a, 0), 0, "shares of the first");
	CHECK_EQ(domain_set_shares(b.id, weight_b, 0), 0, "shares of the second");
	sleep_ns(100 * NS_PER_MS);
	from_a = ran(a.id);
	from_b = ran(b.id);
	sleep_ns(MEASURE);
	ran_a = ran(a.id) - from_a;
	ran_b = ran(b.id) - from_b;
	check_near(per_mille(ran_a, ran_a + ran_b), weight_a * 1000 / (weight_a + weight_b),
		   WEIGHT_TOLERANCE, "its share");
	check_near(per_mille(ran_a + ran_b, MEASURE), 1000, WEIGHT_TOLERANCE, "both together");
}

void test_weights(void)
{
	if (start_two()) {
		weigh(256, 256);
		weigh(512, 256);
		weigh(100, 900);
	}
	child_destroy(&a);
	child_destroy(&b);
}

/* cap in percent; the other domain is free to use the rest. */
static void cap(unsigned int percent)
{
	uint64_t from;

	CHECK_EQ(domain_set_shares(a.id, 0, percent), 0, "cap");
	sleep_ns(200 * NS_PER_MS);
	from = ran(a.id);
	sleep_ns(MEASURE);
	check_near(per_mille(ran(a.id) - from, MEASURE), percent * 10, CAP_TOLERANCE,
		   "a capped domain");
}

void test_caps(void)
{
	struct xen_domctl op = { 0 };

	if (start_two()) {
		cap(20);
		cap(35);
		CHECK_EQ(domctl_simple(XEN_DOMCTL_pausedomain, b.id), 0, "pause");
		cap(40); /* also with nobody else there */
		op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
		op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
		CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, a.id, &op), 0, "getinfo");
		CHECK_EQ(op.u.scheduler_op.u.credit2.cap, 40, "cap as told");
		CHECK_EQ(op.u.scheduler_op.u.credit2.weight, 256, "weight as told");
	}
	child_destroy(&a);
	child_destroy(&b);
}

/* A domain that sleeps most of the time is served at once, whatever the others do. */
void test_wake_up(void)
{
	static struct child sleeper;

	if (!start_two())
		return;
	if (child_make(&sleeper, "nap", CHILD_STEPS) && child_wait_stage(&sleeper, 2)) {
		sleep_ns(200 * NS_PER_MS);
		sleeper.mailbox->extra = 0;
		sleep_ns(MEASURE);
		CHECK(sleeper.mailbox->counter > 100, "it woke only %u times",
		      sleeper.mailbox->counter);
		CHECK(sleeper.mailbox->extra <= MAX_LATE_US, "it woke %u us late",
		      sleeper.mailbox->extra);
		pv_printf("worst wake-up %u us late\n", sleeper.mailbox->extra);
	}
	child_destroy(&sleeper);
	child_destroy(&a);
	child_destroy(&b);
}
