/* SPDX-License-Identifier: MIT */
/*
 * Guest time: the pvclock of each vCPU, wall clock, and the timers
 * that vcpu_op and set_timer_op arm.
 */
#pragma once

#include "core/domain.h"

/*
 * Rewrites v->info->time under its version protocol (odd while changing), and v's registered copy
 * of it when v is current; else that is done when v next runs. v is current or not running.
 */
void vcpu_time_update(struct vcpu *v);
/* Wall clock of all domains, and of those to come; secs/nsecs since 1970 at s_time 0. */
void wallclock_set(uint64_t seconds_at_boot, uint32_t nsec);
/* The same, given as the time at s_time `at` (XENPF_settime). */
void wallclock_set_at(uint64_t seconds, uint32_t nsec, s_time_t at);
/* Writes d's shared_info wall clock. */
void wallclock_update(struct domain *d);
/* period 0 stops. -EINVAL below 1 ms or absurdly long, as Xen. */
int vcpu_set_periodic(struct vcpu *v, s_time_t period) MUST_CHECK;
void vcpu_timers_init(struct vcpu *v);
void vcpu_timers_stop(struct vcpu *v);
/*
 * v leaves / comes onto the CPU: a periodic timer ticks once for all
 * the time that its vCPU was away.
 */
void vcpu_timers_suspend(struct vcpu *v);
void vcpu_timers_resume(struct vcpu *v);
