/* SPDX-License-Identifier: MIT */
/*
 * Waiting for events: SCHEDOP_block and SCHEDOP_poll (<xen/sched.h>), and the accounting
 * of where a vCPU's time goes (VCPUOP_get_runstate_info,
 * VCPUOP_register_runstate_memory_area in <xen/vcpu.h>).
 *
 * A poller is marked in its domain's poll_mask; whoever clears the mark wakes it. The mark is set
 * before the ports are looked at, so no event between the two is lost.
 */
#include "core/sched.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/uaccess.h"
#include "core/errno.h"
#include "core/event.h"

#define MAX_POLL_PORTS 128
#define POLL_NOTHING 0
#define POLL_ANY (-1)

void vcpu_unblock(struct vcpu *v)
{
	if (!v->blocked)
		return;
	v->blocked = false;
	if (unlikely(v->poll_port != POLL_NOTHING)) {
		v->poll_port = POLL_NOTHING;
		atomic_test_and_clear_bit(v->domain->poll_mask, v->id);
		timer_stop(&v->poll_timer);
	}
	vcpu_wake(v);
}

void sched_block(void)
{
	struct vcpu *v = current_vcpu();

	v->info->evtchn_upcall_mask = 0;
	v->blocked = true;
	if (vcpu_events_pending(v))
		v->blocked = false;
	else
		vcpu_sleep(v);
}

/* 1: one of the ports is pending, 0: none is; *port is the last one. */
static int check_ports(struct domain *d, gva_t ports, uint32_t nr, uint32_t *port)
{
	for (uint32_t i = 0; i < nr; i++) {
		int rc;

		if (get_guest_u32(port, ports + i * sizeof(*port)))
			return -EFAULT;
		rc = evtchn_is_pending(d, *port);
		if (rc)
			return rc;
	}
	return 0;
}

int sched_poll(gva_t ports, uint32_t nr, s_time_t timeout)
{
	struct vcpu *v = current_vcpu();
	uint32_t port = 0;
	int rc;

	if (nr > MAX_POLL_PORTS)
		return -EINVAL;
	if (!guest_range_ok(ports, nr * sizeof(port)))
		return -EFAULT;
	v->blocked = true;
	v->poll_port = POLL_ANY;
	atomic_test_and_set_bit(v->domain->poll_mask, v->id);

	rc = vcpu_events_pending(v) ? 1 : check_ports(v->domain, ports, nr, &port);
	if (rc) {
		v->poll_port = POLL_NOTHING;
		atomic_test_and_clear_bit(v->domain->poll_mask, v->id);
		v->blocked = false;
		return rc < 0 ? rc : 0;
	}
	if (nr == 1)
		v->poll_port = (int32_t)port;
	if (timeout)
		timer_set(&v->poll_timer, timeout);
	vcpu_sleep(v);
	return 0;
}

/* ---- runstate ---- */

void vcpu_runstate_change(struct vcpu *v, int state, s_time_t now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	r->time[r->state] += now - r->state_entry_time;
	r->state_entry_time = now;
	r->state = state;
}

void vcpu_runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out)
{
	*out = v->runstate;
	out->time[out->state] += time_now() - out->state_entry_time;
}

static int write_runstate(const struct vcpu *v, struct vcpu_runstate_info *r)
{
	/* The word that holds the flag. */
	const gva_t flag = v->runstate_area +
			   offsetof(struct vcpu_runstate_info, state_entry_time) + sizeof(uint32_t);

	if (!vm_assist_on(v->domain, VMASST_TYPE_runstate_update_flag))
		return copy_to_guest(v->runstate_area, r, sizeof(*r));
	r->state_entry_time |= XEN_RUNSTATE_UPDATE;
	if (put_guest_u32(flag, (uint32_t)(r->state_entry_time >> 32)) ||
	    copy_to_guest(v->runstate_area, r, sizeof(*r)))
		return -EFAULT;
	r->state_entry_time &= ~XEN_RUNSTATE_UPDATE;
	return put_guest_u32(flag, (uint32_t)(r->state_entry_time >> 32));
}

/*
 * The guest reads the area without a lock. With the update flag, which is the top bit of
 * state_entry_time, it can tell that it looked in the middle.
 */
void vcpu_runstate_publish(struct vcpu *v)
{
	struct vcpu_runstate_info r;

	if (!v->runstate_area)
		return;
	r = v->runstate;
	if (write_runstate(v, &r))
		/* not mapped in this address space: the guest misses an update, as under Xen */
		return;
}
