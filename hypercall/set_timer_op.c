/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_set_timer_op: VIRQ_TIMER at an absolute time, which comes in two registers.
 *
 * Old kernels mean "no timer" by a time that has wrapped to negative, or is absurdly far off, while
 * others mean "at once" by it. Xen answers both with an event soon, but not at once, and so do we.
 */
#include "hypercall/hypercall.h"

#include "core/time.h"

#define ABSURD_DISTANCE (1ull << 50)
#define SOON (100 * NSEC_PER_MSEC)

HYPERCALL(set_timer_op, low, high)
{
	const s_time_t timeout = (uint64_t)high << 32 | low;
	struct vcpu *v = current_vcpu();
	s_time_t now;

	if (timeout == 0) {
		timer_stop(&v->singleshot);
		return 0;
	}
	now = time_now();
	if ((int64_t)timeout < 0 || (timeout > now && timeout - now >= ABSURD_DISTANCE))
		timer_set(&v->singleshot, now + SOON);
	else
		timer_set(&v->singleshot, timeout);
	return 0;
}
