/* SPDX-License-Identifier: MIT */
/* Two-level event channels: masks, dispatch, and the operations on ports. */
#include "guests/pvrt/event.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/string.h"
#include "guests/pvrt/time.h"

#include <xen/sched.h>
#include <xen/version.h>

#define WORD_BITS 32
#define NR_PORTS EVTCHN_2L_NR_CHANNELS

#define barrier() __asm__ __volatile__("" : : : "memory")

struct port {
	event_handler_t handler;
	void *data;
};

static struct port ports[NR_PORTS];

static inline bool bit_set(volatile xen_ulong_t *bits, unsigned int nr)
{
	bool old;

	__asm__ __volatile__("lock btsl %2, %1; setc %0"
			     : "=q"(old), "+m"(bits[nr / WORD_BITS])
			     : "r"(nr % WORD_BITS)
			     : "memory", "cc");
	return old;
}

static inline bool bit_clear(volatile xen_ulong_t *bits, unsigned int nr)
{
	bool old;

	__asm__ __volatile__("lock btrl %2, %1; setc %0"
			     : "=q"(old), "+m"(bits[nr / WORD_BITS])
			     : "r"(nr % WORD_BITS)
			     : "memory", "cc");
	return old;
}

static inline bool bit_test(const volatile xen_ulong_t *bits, unsigned int nr)
{
	return bits[nr / WORD_BITS] >> (nr % WORD_BITS) & 1;
}

void event_init(void)
{
	memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
}

bool events_disable(void)
{
	bool masked = vcpu_info->evtchn_upcall_mask;

	vcpu_info->evtchn_upcall_mask = 1;
	barrier();
	return masked;
}

void events_enable(void)
{
	barrier();
	vcpu_info->evtchn_upcall_mask = 0;
	barrier();
	/* Every way out of a hypercall delivers what is pending and unmasked. */
	if (vcpu_info->evtchn_upcall_pending)
		HYPERVISOR_xen_version(XENVER_version, NULL);
}

void events_restore(bool masked)
{
	if (masked)
		vcpu_info->evtchn_upcall_mask = 1;
	else
		events_enable();
}

int event_alloc_unbound(domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = remote };
	int rc = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op);

	return rc ? rc : (int)op.port;
}

int event_bind_interdomain(domid_t remote, evtchn_port_t remote_port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = remote_port };
	int rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &op);

	return rc ? rc : (int)op.local_port;
}

int event_bind_virq(unsigned int virq, unsigned int vcpu)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
	int rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &op);

	return rc ? rc : (int)op.port;
}

int event_bind_ipi(unsigned int vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };
	int rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &op);

	return rc ? rc : (int)op.port;
}

int event_send(evtchn_port_t port)
{
	struct evtchn_send op = { .port = port };

	return HYPERVISOR_event_channel_op(EVTCHNOP_send, &op);
}

int event_close(evtchn_port_t port)
{
	struct evtchn_close op = { .port = port };

	return HYPERVISOR_event_channel_op(EVTCHNOP_close, &op);
}

int event_status(evtchn_port_t port, struct evtchn_status *status)
{
	status->dom = DOMID_SELF;
	status->port = port;
	return HYPERVISOR_event_channel_op(EVTCHNOP_status, status);
}

void event_bind(evtchn_port_t port, event_handler_t handler, void *data)
{
	BUG_ON(port >= NR_PORTS);
	ports[port].data = data;
	ports[port].handler = handler;
	event_unmask(port);
}

void event_unbind(evtchn_port_t port)
{
	BUG_ON(port >= NR_PORTS);
	event_mask(port);
	event_clear(port);
	ports[port].handler = NULL;
}

void event_mask(evtchn_port_t port)
{
	bit_set(shared_info->evtchn_mask, port);
}

/* The hypercall re-raises what became pending while masked. */
void event_unmask(evtchn_port_t port)
{
	struct evtchn_unmask op = { .port = port };

	HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &op);
}

bool event_is_pending(evtchn_port_t port)
{
	return bit_test(shared_info->evtchn_pending, port);
}

bool event_clear(evtchn_port_t port)
{
	return bit_clear(shared_info->evtchn_pending, port);
}

static void dispatch_word(unsigned int word)
{
	xen_ulong_t active;

	while ((active = shared_info->evtchn_pending[word] & ~shared_info->evtchn_mask[word])) {
		unsigned int port = word * WORD_BITS + __builtin_ctzl(active);

		bit_clear(shared_info->evtchn_pending, port);
		if (ports[port].handler)
			ports[port].handler(port, ports[port].data);
	}
}

void event_dispatch(void)
{
	while (vcpu_info->evtchn_upcall_pending) {
		xen_ulong_t selector = 0;

		vcpu_info->evtchn_upcall_pending = 0;
		__asm__ __volatile__("xchgl %0, %1"
				     : "+r"(selector), "+m"(vcpu_info->evtchn_pending_sel)
				     :
				     : "memory");
		for (; selector; selector &= selector - 1)
			dispatch_word(__builtin_ctzl(selector));
	}
}

void events_wait_count(const volatile unsigned int *count, unsigned int wanted, uint64_t ns)
{
	uint64_t end = time_system_ns() + ns;

	events_enable();
	while (*count < wanted && time_system_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	events_disable();
}

void event_block(void)
{
	HYPERVISOR_sched_op(SCHEDOP_block, NULL);
}
