/* SPDX-License-Identifier: MIT */
/*
 * The scheduler.
 *
 * Every vCPU has a virtual run time: the time it ran, scaled by the share that its
 * domain's weight gives it. The queue is ordered by it, and the first one runs, for a
 * slice. A vCPU that slept or yielded is placed at most SLEEPER_CREDIT before the others, so
 * it is served soon when it wakes, but cannot save up time.
 *
 * Who has just come onto the CPU keeps it for LEAST_RUN, whoever wakes: a guest and the domain that serves it
 * then hand each other work in batches, where a switch for each request would cost more than the request.
 * Who sleeps before lets the other run at once, and who has run for longer gives way at once.
 *
 * Caps: a domain may use its budget in each CAP_WINDOW. What it used beyond is charged to the next
 * ones. A vCPU whose domain has nothing left waits on a list of its own until the window ends.
 *
 * Virtual times are compared by difference, so they may wrap.
 *
 *   vCPU                   running  on_queue  where it is linked
 *   runs                   yes      no        nowhere
 *   is runnable            no       yes       queue, or throttled
 *   blocked, paused, down  no       no        nowhere
 */
#include "core/sched.h"

#include "arch/x86_32/arch.h"
#include "core/console.h"
#include "core/time.h"

#define SLICE (6 * NSEC_PER_MSEC)
#define SLEEPER_CREDIT (6 * NSEC_PER_MSEC)
#define WAKEUP_GRANULARITY (NSEC_PER_MSEC / 2)
#define LEAST_RUN (NSEC_PER_MSEC / 2)
#define CAP_WINDOW (50 * NSEC_PER_MSEC)

struct run_queue {
	/* all below, and the scheduler's fields of the vCPUs and domains on this CPU */
	spinlock_t lock;
	struct list queue;
	struct list throttled;
	uint64_t min_vruntime; /* never goes back; about the least of those that are runnable */
	struct timer slice;    /* due at slice_end, or before, and then set again */
	s_time_t slice_end;    /* the running vCPU has had its turn; STIME_MAX: it may go on */
	struct timer refill;   /* the first throttled domain's next window */
	s_time_t idle_time;    /* nobody wanted to run */
	bool yielding;	       /* the running vCPU lets another go first */
};

static struct run_queue run_queues[NR_CPUS];

static struct run_queue *this_queue(void)
{
	return &run_queues[cpu_id()];
}

/* Where v queues. With several CPUs this becomes a field of v. */
static struct run_queue *queue_of(UNUSED const struct vcpu *v)
{
	return &run_queues[0];
}

static bool vruntime_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* ---- shares ---- */

/* Run time as it counts for v. The vCPUs of a domain that want to run divide its weight. */
static uint64_t weighted(const struct vcpu *v, s_time_t ran)
{
	const struct domain *d = v->domain;

	if (likely(d->weight == SCHED_DEFAULT_WEIGHT && d->runnable_vcpus <= 1))
		return ran;
	return ran * SCHED_DEFAULT_WEIGHT * MAX(d->runnable_vcpus, 1u) / d->weight;
}

static s_time_t cap_budget(const struct domain *d)
{
	return CAP_WINDOW / 100 * d->cap;
}

/* What d may still use in this window; opens a new window first when the time has come. */
static s_time_t cap_left(struct domain *d, s_time_t now)
{
	s_time_t budget = cap_budget(d);
	uint64_t windows;

	if (!d->cap)
		return STIME_MAX;
	windows = (now - d->cap_window) / CAP_WINDOW;
	if (windows) {
		s_time_t paid = windows * budget;

		d->cap_window += windows * CAP_WINDOW;
		d->cap_used = d->cap_used > paid ? d->cap_used - paid : 0;
	}
	return d->cap_used < budget ? budget - d->cap_used : 0;
}

static void advance_min_vruntime(struct run_queue *q, const struct vcpu *running)
{
	uint64_t least = running->vruntime;

	if (!list_empty(&q->queue)) {
		const struct vcpu *first = list_entry(q->queue.next, struct vcpu, run_link);

		if (vruntime_before(first->vruntime, least))
			least = first->vruntime;
	}
	if (vruntime_before(q->min_vruntime, least))
		q->min_vruntime = least;
}

/* Books the time since run_since on v, which runs. */
static void charge(struct run_queue *q, struct vcpu *v, s_time_t now)
{
	s_time_t ran = now - v->run_since;

	v->run_since = now;
	if (!v->domain) {
		q->idle_time += ran;
		return;
	}
	v->vruntime += weighted(v, ran);
	if (v->domain->cap)
		v->domain->cap_used += ran;
	advance_min_vruntime(q, v);
}

/* ---- the queue; its lock is held ---- */

static void throttle(struct run_queue *q, struct vcpu *v)
{
	s_time_t end = v->domain->cap_window + CAP_WINDOW;

	list_add_tail(&v->run_link, &q->throttled);
	if (!timer_armed(&q->refill) || end < q->refill.deadline)
		timer_set(&q->refill, end);
}

static void enqueue(struct run_queue *q, struct vcpu *v, s_time_t now)
{
	struct list *pos;

	v->on_queue = true;
	if (!cap_left(v->domain, now)) {
		throttle(q, v);
		return;
	}
	/* Behind all that are not later: equals take turns. */
	for (pos = q->queue.prev; pos != &q->queue; pos = pos->prev)
		if (!vruntime_before(v->vruntime, list_entry(pos, struct vcpu, run_link)->vruntime))
			break;
	list_add_head(&v->run_link, pos);
}

static void dequeue(struct vcpu *v)
{
	list_del(&v->run_link);
	v->on_queue = false;
}

/* Takes the vCPU that is to run off the queue; NULL: there is none. */
static struct vcpu *take_first(struct run_queue *q, s_time_t now)
{
	while (!list_empty(&q->queue)) {
		struct vcpu *v = list_entry(q->queue.next, struct vcpu, run_link);

		if (cap_left(v->domain, now)) {
			dequeue(v);
			advance_min_vruntime(q, v);
			return v;
		}
		list_del(&v->run_link);
		throttle(q, v);
	}
	return NULL;
}

/* running has been charged up to this moment. */
static bool deserves_cpu(const struct vcpu *v, const struct vcpu *running)
{
	return !running->domain ||
	       vruntime_before(v->vruntime + WAKEUP_GRANULARITY, running->vruntime);
}

/* Setting a timer costs more than most switches: one that is due before is left to find this end. */
static void end_slice_by(struct run_queue *q, s_time_t end)
{
	if (end >= q->slice_end)
		return;
	q->slice_end = end;
	if (!timer_armed(&q->slice) || end < q->slice.deadline)
		timer_set(&q->slice, end);
}

static void slice_due(void *data)
{
	struct run_queue *q = data;

	spin_lock(&q->lock);
	if (q->slice_end <= time_now())
		raise_work(WORK_SCHEDULE);
	else if (q->slice_end != STIME_MAX)
		timer_set(&q->slice, q->slice_end);
	spin_unlock(&q->lock);
}

/* A slice ends only for somebody else's sake, or a cap's. */
static void start_slice(struct run_queue *q, struct vcpu *v, s_time_t now)
{
	q->slice_end = STIME_MAX;
	if (!list_empty(&q->queue))
		end_slice_by(q, now + SLICE);
	if (v->domain && v->domain->cap)
		end_slice_by(q, now + cap_left(v->domain, now));
}

/* Somebody who is queued deserves the CPU more than the one that has it. */
static void preempt(struct run_queue *q, const struct vcpu *running, s_time_t now)
{
	if (!running->domain || now >= running->turn_since + LEAST_RUN)
		raise_work(WORK_SCHEDULE);
	else
		end_slice_by(q, running->turn_since + LEAST_RUN);
}

static void refill_throttled(void *data)
{
	struct run_queue *q = data;
	struct list *pos, *next;
	s_time_t now = time_now();

	spin_lock(&q->lock);
	list_for_each_safe(pos, next, &q->throttled) {
		struct vcpu *v = list_entry(pos, struct vcpu, run_link);

		list_del(&v->run_link);
		if (vruntime_before(v->vruntime, q->min_vruntime - SLEEPER_CREDIT))
			v->vruntime = q->min_vruntime - SLEEPER_CREDIT;
		enqueue(q, v, now);
	}
	spin_unlock(&q->lock);
	raise_work(WORK_SCHEDULE);
}

/* ---- switching ---- */

/* prev goes back on the queue if it can run on, and the first of the queue is taken. */
static struct vcpu *pick(struct run_queue *q, struct vcpu *prev, s_time_t now)
{
	bool stays = prev->domain && vcpu_runnable(prev), yields = stays && q->yielding;
	struct vcpu *next = yields ? take_first(q, now) : NULL;

	q->yielding = false;
	/* Who yields all the time saves up no more than a sleeper does. */
	if (next && vruntime_before(prev->vruntime, next->vruntime - SLEEPER_CREDIT))
		prev->vruntime = next->vruntime - SLEEPER_CREDIT;
	if (stays)
		enqueue(q, prev, now);
	else if (prev->domain)
		prev->domain->runnable_vcpus--;
	if (!next)
		next = take_first(q, now);
	return next ? next : this_cpu()->idle;
}

static int stopped_state(const struct vcpu *v)
{
	return v->blocked ? RUNSTATE_blocked : RUNSTATE_offline;
}

static void switch_vcpu(struct vcpu *prev, struct vcpu *next)
{
	if (prev->domain) {
		vcpu_timers_suspend(prev);
		vcpu_runstate_publish(prev);
	}
	arch_switch_to(next);
	if (next->domain) {
		vcpu_timers_resume(next);
		if (unlikely(next->time_stale))
			vcpu_time_update(next);
		vcpu_runstate_publish(next);
	}
}

void schedule(void)
{
	struct run_queue *q = this_queue();
	struct vcpu *prev = current_vcpu(), *next;
	s_time_t now = time_now();

	spin_lock(&q->lock);
	charge(q, prev, now);
	prev->running = false;
	next = pick(q, prev, now);
	next->running = true;
	next->run_since = now;
	start_slice(q, next, now);
	if (prev != next) {
		next->turn_since = now;
		if (prev->domain)
			vcpu_runstate_change(
				prev, prev->on_queue ? RUNSTATE_runnable : stopped_state(prev),
				now);
		if (next->domain)
			vcpu_runstate_change(next, RUNSTATE_running, now);
	}
	spin_unlock(&q->lock);
	if (prev != next)
		switch_vcpu(prev, next);
}

void do_work(void)
{
	struct pcpu *cpu = this_cpu();
	uint32_t work;

	while ((work = cpu->work & ~(uint32_t)WORK_VCPU)) {
		__atomic_fetch_and(&cpu->work, ~work, __ATOMIC_SEQ_CST);
		if (work & WORK_TIMER)
			timer_run_due();
		if (work & WORK_KEY)
			debug_key_pending();
		if (work & WORK_REAP)
			domain_reap();
		if (work & WORK_SCHEDULE)
			schedule();
	}
}

void idle_loop(void)
{
	while (!current_vcpu()->domain) {
		/* Work of a vCPU that has left the CPU: the switch back to it raises that again. */
		__atomic_fetch_and(&this_cpu()->work, ~(uint32_t)WORK_VCPU, __ATOMIC_SEQ_CST);
		arch_idle();
		do_work();
	}
}

/* ---- waking and sleeping ---- */

bool vcpu_runnable(const struct vcpu *v)
{
	return v->initialised && v->online && !v->blocked && !v->domain->pause_count &&
	       v->domain->state == DOMAIN_RUNNING;
}

/* v is neither running nor queued, and runnable. */
static void make_runnable(struct run_queue *q, struct vcpu *v)
{
	struct vcpu *running = current_vcpu();
	s_time_t now = time_now();

	if (running->running)
		charge(q, running, now);
	v->domain->runnable_vcpus++;
	if (vruntime_before(v->vruntime, q->min_vruntime - SLEEPER_CREDIT))
		v->vruntime = q->min_vruntime - SLEEPER_CREDIT;
	vcpu_runstate_change(v, RUNSTATE_runnable, now);
	enqueue(q, v, now);
	if (list_empty(&q->queue))
		return; /* over its cap */
	if (deserves_cpu(v, running))
		preempt(q, running, now);
	else
		end_slice_by(q, now + SLICE);
}

void vcpu_wake(struct vcpu *v)
{
	struct run_queue *q = queue_of(v);

	spin_lock(&q->lock);
	if (!v->running && !v->on_queue) {
		if (vcpu_runnable(v))
			make_runnable(q, v);
		else if (!v->blocked && v->runstate.state == RUNSTATE_blocked)
			vcpu_runstate_change(v, RUNSTATE_offline, time_now());
	}
	spin_unlock(&q->lock);
}

void vcpu_sleep(struct vcpu *v)
{
	struct run_queue *q = queue_of(v);

	spin_lock(&q->lock);
	if (!vcpu_runnable(v)) {
		if (v->running) {
			raise_work(WORK_SCHEDULE);
		} else if (v->on_queue) {
			dequeue(v);
			v->domain->runnable_vcpus--;
			vcpu_runstate_change(v, stopped_state(v), time_now());
		}
	}
	spin_unlock(&q->lock);
}

void domain_wake(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	for_each_vcpu(d, v, i)
		vcpu_wake(v);
}

void domain_sleep(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	for_each_vcpu(d, v, i)
		vcpu_sleep(v);
}

void domain_pause(struct domain *d)
{
	d->pause_count++;
	domain_sleep(d);
}

void domain_unpause(struct domain *d)
{
	BUG_ON(d->pause_count == 0);
	if (--d->pause_count == 0)
		domain_wake(d);
}

void sched_set_shares(struct domain *d, uint32_t weight, uint32_t cap)
{
	struct run_queue *q = this_queue();

	spin_lock(&q->lock);
	d->weight = weight;
	if (cap && !d->cap) {
		d->cap_window = time_now();
		d->cap_used = 0;
	}
	d->cap = cap;
	spin_unlock(&q->lock);
	/* The slice of whoever runs follows the new shares; those over their old cap look again. */
	raise_work(WORK_SCHEDULE);
	refill_throttled(q);
}

s_time_t sched_idle_time(unsigned cpu)
{
	return run_queues[cpu].idle_time;
}

void sched_yield(void)
{
	struct run_queue *q = this_queue();

	if (list_empty(&q->queue))
		return;
	q->yielding = true;
	raise_work(WORK_SCHEDULE);
}

/* ---- life of a vCPU ---- */

void sched_init(void)
{
	for (unsigned i = 0; i < NR_CPUS; i++) {
		struct run_queue *q = &run_queues[i];

		spin_lock_init(&q->lock);
		list_init(&q->queue);
		list_init(&q->throttled);
		q->slice_end = STIME_MAX;
		timer_init(&q->slice, slice_due, q);
		timer_init(&q->refill, refill_throttled, q);
	}
}

void sched_vcpu_init(struct vcpu *v)
{
	list_init(&v->run_link);
	v->vruntime = queue_of(v)->min_vruntime;
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = time_now();
}

void sched_vcpu_remove(struct vcpu *v)
{
	BUG_ON(v->running);
	v->online = false;
	vcpu_sleep(v);
	ASSERT(!v->on_queue);
}

static void dump_list(const char *name, struct list *head)
{
	struct list *pos;

	list_for_each(pos, head) {
		struct vcpu *v = list_entry(pos, struct vcpu, run_link);

		printk("  %s d%uv%u at %llu\n", name, v->domain->id, v->id, v->vruntime);
	}
}

void sched_dump(void)
{
	for (unsigned i = 0; i < NR_CPUS; i++) {
		struct run_queue *q = &run_queues[i];
		const struct vcpu *v = pcpu[i].current;

		if (v->domain)
			printk("CPU%u runs d%uv%u since %llu ns\n", i, v->domain->id, v->id,
			       time_now() - v->turn_since);
		else
			printk("CPU%u is idle\n", i);
		printk("  virtual time %llu\n", q->min_vruntime);
		dump_list("queued", &q->queue);
		dump_list("over its cap", &q->throttled);
	}
}
