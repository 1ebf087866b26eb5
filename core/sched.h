/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: weighted fair sharing by virtual run time, with caps and wake-up preemption.
 */
#pragma once

#include "core/domain.h"

#define SCHED_DEFAULT_WEIGHT 256
#define SCHED_MAX_WEIGHT 65535

void sched_init(void);
void sched_vcpu_init(struct vcpu *v);
/* v, which is not running, leaves for good. */
void sched_vcpu_remove(struct vcpu *v);

/*
 * The bodies of all pending work but WORK_VCPU, until none is left. On the way to the
 * guest, on the CPU's stack, no lock held.
 */
void do_work(void);
/* Waits for interrupts and does their work until a guest is current. */
void idle_loop(void);
/*
 * WORK_SCHEDULE's body: picks the next vCPU and switches to it. Called with
 * interrupts off, on the CPU's stack.
 */
void schedule(void);

/*
 * A reason to stop running has gone; puts v on a queue if it is runnable now, and preempts if it
 * deserves that. Linear in the number of runnable vCPUs that v must wait for.
 */
void vcpu_wake(struct vcpu *v);
/*
 * Takes v off the queue because it stopped being runnable; a running vCPU leaves at its next exit.
 */
void vcpu_sleep(struct vcpu *v);
/* Ends SCHEDOP_block or SCHEDOP_poll, if v is in one. */
void vcpu_unblock(struct vcpu *v);
/* vcpu_wake(), vcpu_sleep() of each that d has. */
void domain_wake(struct domain *d);
void domain_sleep(struct domain *d);
/* Counted. */
void domain_pause(struct domain *d);
void domain_unpause(struct domain *d);
bool vcpu_runnable(const struct vcpu *v);
/* weight: 1 .. SCHED_MAX_WEIGHT; cap: percent of one CPU, 0 for none. */
void sched_set_shares(struct domain *d, uint32_t weight, uint32_t cap);

/*
 * Bodies of SCHEDOP_*; current. They only ask for a switch, which the way out makes:
 * the result is already the guest's then.
 */
void sched_yield(void);
void sched_block(void); /* unmasks events; goes on at once when one is pending */
/*
 * ports: nr port numbers in guest memory; timeout: absolute, 0 for none. 0, -EINVAL
 * (too many, or no such port), -EFAULT.
 */
int sched_poll(gva_t ports, uint32_t nr, s_time_t timeout) MUST_CHECK;

/*
 * Runstate bookkeeping: RUNSTATE_*; copies to the guest's area happen on the way into that guest.
 */
void vcpu_runstate_change(struct vcpu *v, int state, s_time_t now);
/* v's accounting as of now. */
void vcpu_runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out);
/*
 * Writes v's registered runstate area; v is current, or its address space is still the one in use.
 */
void vcpu_runstate_publish(struct vcpu *v);
/* How long this processor had nobody to run, up to when somebody last did. */
s_time_t sched_idle_time(unsigned cpu);
/* Console (debug key s). */
void sched_dump(void);
