/* SPDX-License-Identifier: MIT */
/*
 * Guest time. The ABI is struct vcpu_time_info and the wc_ fields of struct shared_info
 * (<xen/xen.h>), the timers those of <xen/vcpu.h>. The clock runs at one rate for good, so
 * the numbers that a guest computes its time from are written once; who registers a place for
 * them gets them there before the vCPU runs on.
 *
 * All of these structures are the guest's to write: nothing in them is read back but the version
 * counters, which only their own guest looks at.
 */
#include "core/time.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/uaccess.h"
#include "core/errno.h"
#include "core/event.h"
#include "core/sched.h"

/* Xen's default for a guest that never asks: 100 ticks a second. */
#define DEFAULT_PERIOD (10 * NSEC_PER_MSEC)
#define MIN_PERIOD NSEC_PER_MSEC
#define MAX_PERIOD (UINT64_MAX >> 2)

/* One TSC for all vCPUs: trivially in step with one processor. */
#define TIME_FLAGS (NR_CPUS == 1 ? XEN_PVCLOCK_TSC_STABLE_BIT : 0)

/* At s_time 0; guarded by domain_list_lock. */
static uint64_t boot_seconds;
static uint32_t boot_nsec;

/* The fences bind the compiler; the processor keeps stores in order. */
static uint32_t version_begin(uint32_t *version)
{
	uint32_t odd = *version | 1;

	__atomic_store_n(version, odd, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return odd;
}

static void version_end(uint32_t *version, uint32_t odd)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(version, odd + 1, __ATOMIC_RELAXED);
}

/* ---- pvclock ---- */

/* The copy that user programs map read-only. -EFAULT: not mapped now, try again later. */
static int write_time_area(gva_t area, const vcpu_time_info_t *t)
{
	const uint32_t offset = offsetof(vcpu_time_info_t, tsc_timestamp);
	uint32_t odd;

	if (get_guest_u32(&odd, area))
		return -EFAULT;
	odd |= 1;
	if (put_guest_u32(area, odd) ||
	    copy_to_guest(area + offset, (const char *)t + offset, sizeof(*t) - offset))
		return -EFAULT;
	return put_guest_u32(area, odd + 1);
}

void vcpu_time_update(struct vcpu *v)
{
	vcpu_time_info_t t = { 0 };
	vcpu_time_info_t *info = &v->info->time;

	arch_time_fill(&t);
	t.flags = TIME_FLAGS;
	t.version = version_begin(&info->version);
	*info = t;
	version_end(&info->version, t.version);

	v->time_stale = v->time_area && (v != current_vcpu() || write_time_area(v->time_area, &t));
}

/* ---- wall clock ---- */

void wallclock_update(struct domain *d)
{
	shared_info_t *s = d->shared_info;
	uint32_t odd = version_begin(&s->wc_version);

	s->wc_sec = (uint32_t)boot_seconds;
	s->xen_wc_sec_hi = (uint32_t)(boot_seconds >> 32);
	s->wc_nsec = boot_nsec;
	version_end(&s->wc_version, odd);
}

void wallclock_set(uint64_t seconds_at_boot, uint32_t nsec)
{
	struct list *pos;

	spin_lock(&domain_list_lock);
	boot_seconds = seconds_at_boot;
	boot_nsec = nsec;
	list_for_each(pos, &domain_list) {
		struct domain *d = list_entry(pos, struct domain, link);

		if (d->shared_info) /* a dead one has none */
			wallclock_update(d);
	}
	spin_unlock(&domain_list_lock);
}

void wallclock_set_at(uint64_t seconds, uint32_t nsec, s_time_t at)
{
	uint64_t boot = seconds * NSEC_PER_SEC + nsec - at;

	wallclock_set(boot / NSEC_PER_SEC, (uint32_t)(boot % NSEC_PER_SEC));
}

/* ---- timers ---- */

static void singleshot_fired(void *data)
{
	evtchn_send_virq(data, VIRQ_TIMER);
}

static void poll_timed_out(void *data)
{
	struct vcpu *v = data;

	if (v->poll_port)
		vcpu_unblock(v);
}

/* The next tick is a whole number of periods after the last one, and in the future. */
static void periodic_tick(void *data)
{
	struct vcpu *v = data;
	s_time_t late = time_now() - v->periodic.deadline;

	evtchn_send_virq(v, VIRQ_TIMER);
	timer_set(&v->periodic,
		  v->periodic.deadline + (late / v->periodic_period + 1) * v->periodic_period);
}

int vcpu_set_periodic(struct vcpu *v, s_time_t period)
{
	if (period && (period < MIN_PERIOD || period > MAX_PERIOD))
		return -EINVAL;
	timer_stop(&v->periodic);
	v->periodic_period = period;
	/* For a vCPU that is not running the deadline says what vcpu_timers_resume() is to arm. */
	v->periodic.deadline = time_now() + period;
	if (period && v->running)
		timer_set(&v->periodic, v->periodic.deadline);
	return 0;
}

void vcpu_timers_init(struct vcpu *v)
{
	timer_init(&v->singleshot, singleshot_fired, v);
	timer_init(&v->periodic, periodic_tick, v);
	timer_init(&v->poll_timer, poll_timed_out, v);
	v->periodic_period = DEFAULT_PERIOD;
}

void vcpu_timers_stop(struct vcpu *v)
{
	timer_stop(&v->singleshot);
	timer_stop(&v->periodic);
	timer_stop(&v->poll_timer);
	v->periodic_period = 0;
}

void vcpu_timers_suspend(struct vcpu *v)
{
	if (v->periodic_period)
		timer_stop(&v->periodic);
}

void vcpu_timers_resume(struct vcpu *v)
{
	if (!v->periodic_period)
		return;
	if (v->periodic.deadline <= time_now())
		periodic_tick(v);
	else
		timer_set(&v->periodic, v->periodic.deadline);
}
