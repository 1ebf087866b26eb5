/* SPDX-License-Identifier: MIT */
/*
 * Event channels in the 2-level form: every operation, its results and errors, polling, exhaustion,
 * and the refusal of the FIFO form (ABI: <xen/event_channel.h>, SCHEDOP_poll in <xen/sched.h>).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

#define NR_PORTS 1024
#define NO_SUCH_DOMAIN 0x1234
#define NO_SUCH_VCPU 99
#define MAX_POLL_PORTS 128
#define BAD_POINTER ((void *)HYPERVISOR_VIRT_START)

static uint32_t status_of(evtchn_port_t port, struct evtchn_status *status)
{
	CHECK_EQ(event_status(port, status), 0, "status");
	return status->status;
}

static void check_closed(evtchn_port_t port)
{
	struct evtchn_status status;

	CHECK_EQ(status_of(port, &status), EVTCHNSTAT_closed, "status of a closed port");
}

/* Two ports of this domain, bound to each other. */
static void make_pair(int *a, int *b)
{
	*a = event_alloc_unbound(DOMID_SELF);
	*b = event_bind_interdomain(DOMID_SELF, *a);
	CHECK(*a > 0 && *b > 0, "ports %d and %d", *a, *b);
}

/* --- Channels between domains, looped back --- */

static void test_unbound(void)
{
	struct evtchn_status status;
	int port = event_alloc_unbound(DOMID_SELF);

	CHECK(port > 0 && port < NR_PORTS, "port %d", port);
	CHECK_EQ(status_of(port, &status), EVTCHNSTAT_unbound, "status");
	CHECK_EQ(status.vcpu, 0, "vcpu");
	CHECK_EQ(event_send(port), 0, "sending into the void");
	CHECK_EQ(event_close(port), 0, "close");
	check_closed(port);
	CHECK_EQ(event_close(port), -XEN_EINVAL, "closing it again");
}

static void test_interdomain(void)
{
	struct evtchn_status status;
	int a, b;

	make_pair(&a, &b);
	CHECK(event_clear(b), "a fresh binding is not pending");
	CHECK_EQ(status_of(a, &status), EVTCHNSTAT_interdomain, "status of the listener");
	CHECK_EQ(status.u.interdomain.port, b, "its peer");
	CHECK_EQ(status_of(b, &status), EVTCHNSTAT_interdomain, "status of the binder");
	CHECK_EQ(status.u.interdomain.port, a, "its peer");
	event_clear(a);
	CHECK_EQ(event_send(b), 0, "send");
	CHECK(event_is_pending(a) && !event_is_pending(b), "the wrong end became pending");
	event_clear(a);
	CHECK_EQ(event_send(a), 0, "send the other way");
	CHECK(event_is_pending(b) && !event_is_pending(a), "the wrong end became pending");
	event_clear(b);
	CHECK_EQ(event_close(b), 0, "close");
	CHECK_EQ(status_of(a, &status), EVTCHNSTAT_unbound, "status of the end that is left");
	CHECK_EQ(event_close(a), 0, "close the other");
}

static void test_interdomain_errors(void)
{
	int a, b;

	make_pair(&a, &b);
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, a), -XEN_EINVAL, "a port that is bound");
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, NR_PORTS), -XEN_EINVAL, "a port beyond");
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, ~0u), -XEN_EINVAL, "port ~0");
	CHECK_EQ(event_bind_interdomain(NO_SUCH_DOMAIN, a), -XEN_ESRCH, "no such domain");
	event_close(a);
	event_close(b);
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, a), -XEN_EINVAL, "a closed port");
}

/* An unbound port accepts the domain that it names, and no other. */
static void test_unbound_for_other(void)
{
	int port = event_alloc_unbound(NO_SUCH_DOMAIN);

	if (port < 0) {
		CHECK_EQ(port, -XEN_ESRCH, "listening for a domain that does not exist");
		return;
	}
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, port), -XEN_EINVAL,
		 "binding by another domain");
	event_close(port);
}

/* --- VIRQs and IPIs --- */

static void test_virq(void)
{
	struct evtchn_status status;
	int port = event_bind_virq(VIRQ_TIMER, 0);

	CHECK(port > 0, "bind_virq: %d", port);
	CHECK_EQ(event_bind_virq(VIRQ_TIMER, 0), -XEN_EEXIST, "binding it twice");
	CHECK_EQ(status_of(port, &status), EVTCHNSTAT_virq, "status");
	CHECK_EQ(status.u.virq, VIRQ_TIMER, "virq");
	CHECK_EQ(event_send(port), -XEN_EINVAL, "sending to a VIRQ");
	CHECK_EQ(event_close(port), 0, "close");
	port = event_bind_virq(VIRQ_TIMER, 0);
	CHECK(port > 0, "binding it after close: %d", port);
	event_close(port);
	port = event_bind_virq(VIRQ_DEBUG, 0);
	CHECK(port > 0, "VIRQ_DEBUG: %d", port);
	event_close(port);
}

static void test_virq_errors(void)
{
	CHECK_EQ(event_bind_virq(NR_VIRQS, 0), -XEN_EINVAL, "a VIRQ beyond");
	CHECK_EQ(event_bind_virq(~0u, 0), -XEN_EINVAL, "VIRQ ~0");
	CHECK_EQ(event_bind_virq(VIRQ_TIMER, NO_SUCH_VCPU), -XEN_ENOENT, "no such vcpu");
	CHECK_EQ(event_bind_virq(VIRQ_TIMER, ~0u), -XEN_ENOENT, "vcpu ~0");
	CHECK_EQ(event_bind_virq(VIRQ_DOM_EXC, 1), -XEN_EINVAL, "a global VIRQ on another vcpu");
}

static void test_ipi(void)
{
	struct evtchn_status status;
	int port = event_bind_ipi(0);

	CHECK(port > 0, "bind_ipi: %d", port);
	CHECK_EQ(status_of(port, &status), EVTCHNSTAT_ipi, "status");
	CHECK_EQ(status.vcpu, 0, "vcpu");
	CHECK_EQ(event_send(port), 0, "send");
	CHECK(event_clear(port), "not pending");
	CHECK_EQ(event_close(port), 0, "close");
	CHECK_EQ(event_bind_ipi(NO_SUCH_VCPU), -XEN_ENOENT, "no such vcpu");
}

static long bind_vcpu(evtchn_port_t port, unsigned int vcpu)
{
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

	return HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &op);
}

static void test_bind_vcpu(void)
{
	int unbound = event_alloc_unbound(DOMID_SELF), ipi = event_bind_ipi(0);
	int virq = event_bind_virq(VIRQ_DEBUG, 0);

	CHECK_EQ(bind_vcpu(unbound, 0), 0, "an unbound port");
	CHECK_EQ(bind_vcpu(unbound, NO_SUCH_VCPU), -XEN_ENOENT, "no such vcpu");
	CHECK_EQ(bind_vcpu(ipi, 0), -XEN_EINVAL, "an IPI");
	CHECK_EQ(bind_vcpu(virq, 0), -XEN_EINVAL, "a VIRQ of a vcpu");
	CHECK_EQ(bind_vcpu(NR_PORTS, 0), -XEN_EINVAL, "a port beyond");
	event_close(unbound);
	event_close(ipi);
	event_close(virq);
	CHECK_EQ(bind_vcpu(unbound, 0), -XEN_EINVAL, "a closed port");
}

/* --- Bad ports, pointers, operations --- */

static long unmask(evtchn_port_t port)
{
	struct evtchn_unmask op = { .port = port };

	return HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &op);
}

static void test_bad_ports(void)
{
	static const evtchn_port_t ports[] = { NR_PORTS, NR_PORTS + 1, 4096,
					       0x20000,	 0x7fffffff,   ~0u };
	struct evtchn_status status;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		CHECK_EQ(event_send(ports[i]), -XEN_EINVAL, "send");
		CHECK_EQ(event_close(ports[i]), -XEN_EINVAL, "close");
		CHECK_EQ(unmask(ports[i]), -XEN_EINVAL, "unmask");
		CHECK_EQ(event_status(ports[i], &status), -XEN_EINVAL, "status");
	}
	CHECK_EQ(event_close(0), -XEN_EINVAL, "closing port 0");
	CHECK_EQ(event_send(NR_PORTS - 1), -XEN_EINVAL, "sending to a port that was never there");
}

static void test_bad_pointers(void)
{
	int op;

	for (op = EVTCHNOP_bind_interdomain; op <= EVTCHNOP_reset; op++) {
		if (op == EVTCHNOP_bind_pirq)
			continue;
		CHECK_EQ(HYPERVISOR_event_channel_op(op, BAD_POINTER), -XEN_EFAULT, "bad pointer");
		CHECK_EQ(HYPERVISOR_event_channel_op(op, NULL), -XEN_EFAULT, "null pointer");
	}
	CHECK_EQ(HYPERVISOR_event_channel_op(99, NULL), -XEN_ENOSYS, "operation 99");
	CHECK_EQ(HYPERVISOR_event_channel_op(-1, NULL), -XEN_ENOSYS, "operation -1");
}

static void test_fifo(void)
{
	struct evtchn_init_control init = { .control_gfn = va_to_mfn(page_alloc()) };
	struct evtchn_expand_array expand = { .array_gfn = va_to_mfn(page_alloc()) };
	struct evtchn_set_priority priority = { .port = 1, .priority = 7 };

	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_init_control, &init), -XEN_ENOSYS, "init");
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_expand_array, &expand), -XEN_ENOSYS,
		 "expand");
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_set_priority, &priority), -XEN_ENOSYS,
		 "set_priority");
}

/* The old hypercall: the operation's number inside the structure. */
static void test_compat(void)
{
	struct evtchn_op op = { .cmd = EVTCHNOP_alloc_unbound };

	op.u.alloc_unbound.dom = DOMID_SELF;
	op.u.alloc_unbound.remote_dom = DOMID_SELF;
	CHECK_EQ(HYPERVISOR_event_channel_op_compat(&op), 0, "alloc_unbound");
	CHECK(op.u.alloc_unbound.port > 0, "port %u", op.u.alloc_unbound.port);
	op.u.close.port = op.u.alloc_unbound.port;
	op.cmd = EVTCHNOP_close;
	CHECK_EQ(HYPERVISOR_event_channel_op_compat(&op), 0, "close");
	op.cmd = 99;
	CHECK(HYPERVISOR_event_channel_op_compat(&op) < 0, "operation 99");
	CHECK_EQ(HYPERVISOR_event_channel_op_compat(BAD_POINTER), -XEN_EFAULT, "bad pointer");
}

/* --- Exhaustion and reset --- */

static long reset(domid_t dom)
{
	struct evtchn_reset op = { .dom = dom };

	return HYPERVISOR_event_channel_op(EVTCHNOP_reset, &op);
}

static void test_exhaustion(void)
{
	unsigned int count = 0;
	int port, last = 0;

	while ((port = event_alloc_unbound(DOMID_SELF)) > 0 && count < 2 * NR_PORTS) {
		last = port;
		count++;
	}
	CHECK_EQ(port, -XEN_ENOSPC, "error when no port is left");
	CHECK(count > 900 && count < NR_PORTS, "%u ports", count);
	CHECK(last < NR_PORTS, "last port %d", last);
	CHECK_EQ(event_bind_ipi(0), -XEN_ENOSPC, "bind_ipi");
	CHECK_EQ(event_bind_virq(VIRQ_DEBUG, 0), -XEN_ENOSPC, "bind_virq");
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, last), -XEN_ENOSPC, "bind_interdomain");
	CHECK_EQ(event_close(last), 0, "close");
	port = event_bind_virq(VIRQ_DEBUG, 0);
	CHECK(port > 0, "bind_virq with one port free: %d", port);
	CHECK_EQ(reset(DOMID_SELF), 0, "reset");
	check_closed(last);
	port = event_alloc_unbound(DOMID_SELF);
	CHECK(port > 0, "allocation after reset: %d", port);
	event_close(port);
}

static void test_reset_errors(void)
{
	CHECK(reset(NO_SUCH_DOMAIN) < 0, "resetting a domain that does not exist");
}

/* --- Polling --- */

static long poll(evtchn_port_t *ports, unsigned int count, uint64_t timeout)
{
	struct sched_poll op = { .nr_ports = count, .timeout = timeout };

	set_xen_guest_handle(op.ports, ports);
	return HYPERVISOR_sched_op(SCHEDOP_poll, &op);
}

static void test_poll_pending(void)
{
	evtchn_port_t ports[2];
	uint64_t start;

	ports[0] = event_alloc_unbound(DOMID_SELF);
	ports[1] = event_bind_ipi(0);
	event_mask(ports[1]);
	event_send(ports[1]);
	start = time_system_ns();
	CHECK_EQ(poll(&ports[1], 1, start + 10 * NS_PER_S), 0, "one port, pending");
	CHECK_EQ(poll(ports, 2, start + 10 * NS_PER_S), 0, "two ports, the second pending");
	CHECK(time_system_ns() - start < 5 * NS_PER_S, "poll slept although a port was pending");
	event_clear(ports[1]);
	event_close(ports[0]);
	event_close(ports[1]);
}

static void test_poll_timeout(void)
{
	evtchn_port_t ports[2];
	uint64_t start = time_system_ns(), end = start + 30 * NS_PER_MS;

	ports[0] = event_alloc_unbound(DOMID_SELF);
	ports[1] = event_alloc_unbound(DOMID_SELF);
	CHECK_EQ(poll(ports, 1, end), 0, "one port");
	CHECK(time_system_ns() >= end, "poll of one came back early");
	end = time_system_ns() + 30 * NS_PER_MS;
	CHECK_EQ(poll(ports, 2, end), 0, "two ports");
	CHECK(time_system_ns() >= end, "poll of two came back early");
	end = time_system_ns() + 30 * NS_PER_MS;
	CHECK_EQ(poll(NULL, 0, end), 0, "no ports");
	CHECK(time_system_ns() >= end, "poll of none came back early");
	CHECK_EQ(poll(ports, 1, 1), 0, "a timeout in the past");
	event_close(ports[0]);
	event_close(ports[1]);
}

/* The timer's VIRQ ends a poll although upcalls and the port are masked. */
static void test_poll_wakes(void)
{
	evtchn_port_t port = event_bind_virq(VIRQ_TIMER, 0);
	uint64_t start = time_system_ns();

	event_mask(port);
	event_clear(port);
	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	HYPERVISOR_set_timer_op(start + 20 * NS_PER_MS);
	CHECK_EQ(poll(&port, 1, start + 20 * NS_PER_S), 0, "poll");
	CHECK(event_is_pending(port), "the port is not pending");
	CHECK(time_system_ns() - start < 10 * NS_PER_S, "the poll slept to its timeout");
	event_close(port);
}

static void test_poll_errors(void)
{
	static evtchn_port_t many[MAX_POLL_PORTS + 1];
	evtchn_port_t bad[2] = { NR_PORTS, ~0u };

	CHECK_EQ(poll(many, MAX_POLL_PORTS + 1, 1), -XEN_EINVAL, "too many ports");
	CHECK_EQ(poll(many, ~0u, 1), -XEN_EINVAL, "~0 ports");
	CHECK_EQ(poll(&bad[0], 1, 1), -XEN_EINVAL, "a port beyond");
	CHECK_EQ(poll(bad, 2, 1), -XEN_EINVAL, "two ports beyond");
	CHECK_EQ(poll(BAD_POINTER, 1, 1), -XEN_EFAULT, "bad list");
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_poll, BAD_POINTER), -XEN_EFAULT, "bad pointer");
}

static const struct test_case cases[] = {
	{ "evtchn.unbound", test_unbound },
	{ "evtchn.interdomain", test_interdomain },
	{ "evtchn.interdomain_errors", test_interdomain_errors },
	{ "evtchn.unbound_for_other", test_unbound_for_other },
	{ "evtchn.virq", test_virq },
	{ "evtchn.virq_errors", test_virq_errors },
	{ "evtchn.ipi", test_ipi },
	{ "evtchn.bind_vcpu", test_bind_vcpu },
	{ "evtchn.bad_ports", test_bad_ports },
	{ "evtchn.bad_pointers", test_bad_pointers },
	{ "evtchn.fifo", test_fifo },
	{ "evtchn.compat", test_compat },
	{ "evtchn.exhaustion", test_exhaustion },
	{ "evtchn.reset_errors", test_reset_errors },
	{ "evtchn.poll_pending", test_poll_pending },
	{ "evtchn.poll_timeout", test_poll_timeout },
	{ "evtchn.poll_wakes", test_poll_wakes },
	{ "evtchn.poll_errors", test_poll_errors },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
