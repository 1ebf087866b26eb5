/* SPDX-License-Identifier: MIT */
/*
 * The timers of a CPU: a pairing heap.
 *
 *            root              the earliest; no other deadline is before its parent's
 *             |child
 *             a ---next--- b   children of one parent, in no order
 *             |child
 *             c
 *
 * Each timer also knows the pointer that leads to it (root, a child or a next), which makes
 * removal of any of them a matter of a few words. Inserting takes constant time, removing
 * the logarithm of their number, amortised.
 *
 * The hardware is programmed when the earliest deadline moves forward. When it moves back the
 * interrupt comes too early once, finds nothing due, and is programmed anew: guests arm
 * timers far more often than they let them fire.
 */
#include "core/timer.h"

#include "arch/x86_32/arch.h"
#include "core/console.h"
#include "core/lock.h"

#define CALLBACKS_PER_RUN 32

static struct {
	spinlock_t lock; /* the fields below, and the links of all timers in the heap */
	struct timer *root;
	uint32_t count;
	s_time_t programmed; /* when the hardware interrupts; STIME_MAX: never */
} heap = { .programmed = STIME_MAX };

static void set_link(struct timer **link, struct timer *t)
{
	*link = t;
	if (t)
		t->link = link;
}

/*
 * Both are roots with no next. The later one becomes the first child
 * of the earlier, which is returned.
 */
static struct timer *meld(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->deadline < a->deadline) {
		struct timer *t = a;

		a = b;
		b = t;
	}
	set_link(&b->next, a->child);
	set_link(&a->child, b);
	return a;
}

/*
 * Makes one heap of a list of siblings: melds pairs from the front, then
 * all pairs together from the back.
 */
static struct timer *meld_siblings(struct timer *first)
{
	struct timer *pairs = NULL, *all = NULL;

	while (first) {
		struct timer *a = first, *b = a->next, *pair;

		first = b ? b->next : NULL;
		a->next = NULL;
		if (b)
			b->next = NULL;
		pair = meld(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct timer *pair = pairs;

		pairs = pair->next;
		pair->next = NULL;
		all = meld(all, pair);
	}
	return all;
}

/* Puts the children of t in its place. */
static void remove_timer(struct timer *t)
{
	struct timer *rest = meld_siblings(t->child);

	heap.count--;
	t->child = NULL;
	if (t->link == &heap.root) {
		set_link(&heap.root, rest);
	} else {
		set_link(t->link, t->next);
		set_link(&heap.root, meld(heap.root, rest));
	}
	t->next = NULL;
	t->link = NULL;
}

static void program(s_time_t deadline)
{
	heap.programmed = deadline;
	if (deadline != STIME_MAX && deadline <= time_now())
		raise_work(WORK_TIMER);
	else
		arch_timer_program(deadline);
}

void timer_init(struct timer *t, void (*callback)(void *data), void *data)
{
	*t = (struct timer){ .callback = callback, .data = data };
}

void timer_set(struct timer *t, s_time_t deadline)
{
	spin_lock(&heap.lock);
	if (t->link)
		remove_timer(t);
	t->deadline = deadline;
	heap.count++;
	set_link(&heap.root, meld(heap.root, t));
	if (heap.root == t && deadline < heap.programmed)
		program(deadline);
	spin_unlock(&heap.lock);
}

void timer_stop(struct timer *t)
{
	spin_lock(&heap.lock);
	if (t->link)
		remove_timer(t);
	spin_unlock(&heap.lock);
}

static struct timer *take_due(s_time_t now)
{
	struct timer *t;

	spin_lock(&heap.lock);
	t = heap.root;
	if (t && t->deadline <= now)
		remove_timer(t);
	else
		t = NULL;
	spin_unlock(&heap.lock);
	return t;
}

void timer_run_due(void)
{
	s_time_t now = time_now();

	for (unsigned i = 0; i < CALLBACKS_PER_RUN; i++) {
		struct timer *t = take_due(now);

		if (!t)
			break;
		t->callback(t->data);
	}
	spin_lock(&heap.lock);
	program(heap.root ? heap.root->deadline : STIME_MAX);
	spin_unlock(&heap.lock);
}

void timer_dump(void)
{
	printk("Timers: %u armed, now %llu ns, hardware set to %llu ns\n", heap.count, time_now(),
	       heap.programmed);
	if (heap.root)
		printk("  the earliest is due at %llu ns\n", heap.root->deadline);
}
