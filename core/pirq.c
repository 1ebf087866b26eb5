/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts of domains: who gets a line's interrupts, when the line may fire
 * again, and what stops one that never rests.
 *
 * The end of an interrupt, as in Xen:
 *   edge-triggered    the line stays open; a guest need not say that it is done
 *   level-triggered   the line is masked from the interrupt until every domain that was told has
 *                     said PHYSDEVOP_eoi, has unbound, or is gone
 *
 * A storm is STORM_LIMIT interrupts within STORM_WINDOW that found nobody at work on the
 * one before: of an edge-triggered line, while the event was still pending; of a
 * level-triggered one, at once after the guests said that they were done. The line is then
 * masked for a while, which doubles as long as the storm goes on. Edges are lost
 * meanwhile, so afterwards the guests are told once.
 *
 * Lock: pirq_lock, taken inside a domain's event_lock and outside the scheduler's.
 */
#include "core/pirq.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/irq.h"
#include "core/console.h"
#include "core/errno.h"
#include "core/evtchn.h"
#include "core/rights.h"
#include "mm/page.h"

#define STORM_WINDOW (10 * NSEC_PER_MSEC)
#define STORM_LIMIT 200
#define STORM_PAUSE_MIN (10 * NSEC_PER_MSEC)
#define STORM_PAUSE_MAX (640 * NSEC_PER_MSEC)
/* A level that is still there this soon after the end of its interrupt was not served. */
#define REFIRE_TIME (50 * NSEC_PER_USEC)

struct pirq_guest {
	struct domain *domain;
	uint16_t port;
	/* was told, and has not yet said that it is done; level-triggered lines only */
	bool at_work;
};

/* A line that somebody has bound. */
struct pirq {
	unsigned nr;
	bool level, shareable;
	bool paused; /* by a storm */
	uint8_t nr_guests, nr_at_work;
	struct pirq_guest guest[PIRQ_MAX_GUESTS];
	uint32_t fired;	     /* for the console */
	uint32_t unhandled;  /* in this window */
	s_time_t window;     /* its start */
	s_time_t done_at;    /* when the last interrupt ended */
	s_time_t pause;	     /* how long the last one was */
	s_time_t resumed_at; /* when it ended */
	struct timer resume;
};

/* What a domain has beyond rights and bindings; made when first needed. */
struct domain_pirqs {
	uint32_t mapped[NR_PIRQS / 32];
	uint32_t *eoi_map; /* in the guest's page: may hold anything, and is only written */
	mfn_t eoi_map_mfn;
	bool auto_unmask;
};

/* Guards bound[], what it points to, and every domain's pirqs. */
static spinlock_t pirq_lock = SPINLOCK_INIT;
static struct pirq *bound[NR_PIRQS];

static void set_bit(uint32_t *bits, unsigned bit, bool value)
{
	bits[bit / 32] = (bits[bit / 32] & ~(1u << bit % 32)) | (uint32_t)value << bit % 32;
}

/* ---- rights and numbers ---- */

/* d's part, made now if it has none; NULL: no memory. */
static struct domain_pirqs *domain_pirqs(struct domain *d)
{
	if (!d->pirqs)
		d->pirqs = heap_alloc(sizeof(*d->pirqs));
	return d->pirqs;
}

bool pirq_permitted(const struct domain *d, unsigned pirq)
{
	if (pirq >= NR_PIRQS)
		return false;
	return domain_is_control(d) || rights_cover(d, RIGHT_IRQ, pirq, pirq);
}

static struct pirq_guest *find_guest(struct pirq *p, const struct domain *d)
{
	for (unsigned i = 0; p && i < p->nr_guests; i++)
		if (p->guest[i].domain == d)
			return &p->guest[i];
	return NULL;
}

static void unbind_locked(struct domain *d, unsigned pirq);

int pirq_map(struct domain *d, unsigned pirq)
{
	struct domain_pirqs *own;

	if (pirq >= NR_PIRQS || !irq_exists(pirq))
		return -EINVAL;
	if (!pirq_permitted(d, pirq))
		return -EPERM;
	spin_lock(&pirq_lock);
	own = domain_pirqs(d);
	if (own)
		set_bit(own->mapped, pirq, true);
	spin_unlock(&pirq_lock);
	return own ? 0 : -ENOMEM;
}

int pirq_unmap(struct domain *d, unsigned pirq)
{
	int rc = -EINVAL;

	if (pirq >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&pirq_lock);
	if (d->pirqs && test_bit(d->pirqs->mapped, pirq)) {
		set_bit(d->pirqs->mapped, pirq, false);
		unbind_locked(d, pirq);
		rc = 0;
	}
	spin_unlock(&pirq_lock);
	return rc;
}

int pirq_find_free(const struct domain *d)
{
	for (unsigned pirq = NR_ISA_IRQS; pirq < NR_PIRQS; pirq++) {
		if (!irq_exists(pirq) || irq_is_own(pirq) || bound[pirq])
			continue;
		if (!d->pirqs || !test_bit(d->pirqs->mapped, pirq))
			return (int)pirq;
	}
	return -ENOSPC;
}

/* ---- the end of an interrupt; pirq_lock is held ---- */

static void update_eoi_map(struct domain *d, unsigned pirq, bool needs_eoi)
{
	if (!d->pirqs || !d->pirqs->eoi_map)
		return;
	if (needs_eoi)
		atomic_test_and_set_bit(d->pirqs->eoi_map, pirq);
	else
		atomic_test_and_clear_bit(d->pirqs->eoi_map, pirq);
}

static void guest_done(struct pirq *p, struct pirq_guest *g)
{
	if (!g->at_work)
		return;
	g->at_work = false;
	if (--p->nr_at_work)
		return;
	if (!p->paused)
		irq_unmask(p->nr);
	/* Only now: a slow controller's time is not the device's. */
	p->done_at = time_now();
}

static void tell_guests(struct pirq *p)
{
	for (unsigned i = 0; i < p->nr_guests; i++) {
		struct pirq_guest *g = &p->guest[i];

		if (p->level && !g->at_work) {
			g->at_work = true;
			p->nr_at_work++;
		}
		evtchn_set_pending(g->domain, g->port);
	}
}

/* ---- storms; pirq_lock is held ---- */

/* Is nobody at work on the interrupt before this one? */
static bool is_unhandled(const struct pirq *p, s_time_t now)
{
	if (p->level)
		return now - p->done_at < REFIRE_TIME;
	for (unsigned i = 0; i < p->nr_guests; i++)
		if (!test_bit(p->guest[i].domain->shared_info->evtchn_pending, p->guest[i].port))
			return false;
	return true;
}

/* Counts; true when it is a storm by now. */
static bool is_storm(struct pirq *p, s_time_t now)
{
	if (now - p->window >= STORM_WINDOW) {
		p->window = now;
		p->unhandled = 0;
	}
	if (is_unhandled(p, now))
		p->unhandled++;
	return p->unhandled >= STORM_LIMIT;
}

static void pause_line(struct pirq *p, s_time_t now)
{
	bool again = p->pause && now - p->resumed_at < 2 * STORM_WINDOW;

	p->pause = again ? MIN(2 * p->pause, STORM_PAUSE_MAX) : STORM_PAUSE_MIN;
	p->paused = true;
	p->unhandled = 0;
	irq_mask(p->nr);
	timer_set(&p->resume, now + p->pause);
	guest_printk(p->guest[0].domain,
		     "interrupt %u: %u in %u ms, and nobody serves it; off for %u ms\n", p->nr,
		     STORM_LIMIT, (uint32_t)(STORM_WINDOW / NSEC_PER_MSEC),
		     (uint32_t)(p->pause / NSEC_PER_MSEC));
}

static void resume_line(void *data)
{
	struct pirq *p = data;

	spin_lock(&pirq_lock);
	p->paused = false;
	p->resumed_at = time_now();
	if (!p->nr_at_work)
		irq_unmask(p->nr);
	if (!p->level)
		tell_guests(p);
	spin_unlock(&pirq_lock);
}

void pirq_interrupt(unsigned pirq)
{
	s_time_t now = time_now();
	struct pirq *p;

	spin_lock(&pirq_lock);
	p = bound[pirq];
	if (p) {
		p->fired++;
		if (is_storm(p, now))
			pause_line(p, now);
		tell_guests(p);
	}
	spin_unlock(&pirq_lock);
}

/* ---- binding ---- */

static struct pirq *pirq_create(unsigned nr, bool will_share, int *rc)
{
	struct pirq *p = heap_alloc(sizeof(*p));

	*rc = p ? irq_open(nr) : -ENOMEM;
	if (*rc) {
		heap_free(p);
		return NULL;
	}
	p->nr = nr;
	p->level = irq_is_level(nr);
	p->shareable = will_share;
	timer_init(&p->resume, resume_line, p);
	bound[nr] = p;
	return p;
}

static void add_guest(struct pirq *p, struct domain *d, unsigned port)
{
	struct pirq_guest *g = &p->guest[p->nr_guests++];

	*g = (struct pirq_guest){ .domain = d, .port = (uint16_t)port };
	update_eoi_map(d, p->nr, p->level);
	if (p->nr_guests == 1)
		irq_unmask(p->nr);
}

int pirq_bind(struct domain *d, unsigned pirq, unsigned port, bool will_share)
{
	struct pirq *p;
	int rc = 0;

	if (pirq >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&pirq_lock);
	p = bound[pirq];
	if (!p)
		p = pirq_create(pirq, will_share, &rc);
	else if (!will_share || !p->shareable || p->nr_guests == PIRQ_MAX_GUESTS)
		rc = -EBUSY;
	if (!rc)
		add_guest(p, d, port);
	spin_unlock(&pirq_lock);
	return rc;
}

static void remove_guest(struct pirq *p, struct pirq_guest *g)
{
	update_eoi_map(g->domain, p->nr, false);
	if (p->nr_guests > 1) {
		guest_done(p, g);
		*g = p->guest[--p->nr_guests];
		return;
	}
	irq_close(p->nr);
	timer_stop(&p->resume);
	bound[p->nr] = NULL;
	heap_free(p);
}

static void unbind_locked(struct domain *d, unsigned pirq)
{
	struct pirq_guest *g = find_guest(bound[pirq], d);

	if (g)
		remove_guest(bound[pirq], g);
}

void pirq_unbind(struct domain *d, unsigned pirq, unsigned port)
{
	spin_lock(&pirq_lock);
	if (pirq_port(d, pirq) == port)
		unbind_locked(d, pirq);
	spin_unlock(&pirq_lock);
}

unsigned pirq_port(const struct domain *d, unsigned pirq)
{
	const struct pirq_guest *g = find_guest(bound[pirq], d);

	return g ? g->port : 0;
}

/* ---- use ---- */

int pirq_eoi(struct domain *d, unsigned pirq)
{
	struct pirq_guest *g;

	if (pirq >= NR_PIRQS)
		return -EINVAL;
	pirq = index_nospec(pirq, NR_PIRQS);
	spin_lock(&pirq_lock);
	g = find_guest(bound[pirq], d);
	if (g) {
		if (d->pirqs && d->pirqs->auto_unmask)
			evtchn_unmask(d, g->port);
		guest_done(bound[pirq], g);
	}
	spin_unlock(&pirq_lock);
	return g || pirq_permitted(d, pirq) ? 0 : -EINVAL;
}

bool pirq_is_shared(unsigned pirq)
{
	return pirq < NR_PIRQS && bound[pirq] && bound[pirq]->nr_guests > 1;
}

int pirq_set_eoi_map(struct domain *d, mfn_t mfn, bool auto_unmask)
{
	struct domain_pirqs *own = domain_pirqs(d);
	void *page;

	if (get_page_and_type(mfn, d, PGT_WRITABLE, false))
		return -EINVAL;
	page = own && !own->eoi_map ? guest_frame_keep(mfn) : NULL;
	if (!page) {
		put_page_and_type(mfn_to_page(mfn));
		return own && own->eoi_map ? -EBUSY : -ENOMEM;
	}
	spin_lock(&pirq_lock);
	own->eoi_map = page;
	own->eoi_map_mfn = mfn;
	own->auto_unmask = auto_unmask;
	for (unsigned pirq = 0; pirq < NR_PIRQS; pirq++)
		if (find_guest(bound[pirq], d))
			update_eoi_map(d, pirq, bound[pirq]->level);
	spin_unlock(&pirq_lock);
	return 0;
}

mfn_t pirq_eoi_map_mfn(const struct domain *d)
{
	return d->pirqs && d->pirqs->eoi_map ? d->pirqs->eoi_map_mfn : INVALID_MFN;
}

void pirq_domain_stop(struct domain *d)
{
	struct domain_pirqs *own = d->pirqs;

	d->pirqs = NULL;
	if (!own)
		return;
	if (own->eoi_map) {
		guest_frame_release(own->eoi_map);
		put_page_and_type(mfn_to_page(own->eoi_map_mfn));
	}
	heap_free(own);
}

void pirq_dump(void)
{
	for (unsigned pirq = 0; pirq < NR_PIRQS; pirq++) {
		const struct pirq *p = bound[pirq];

		if (!p)
			continue;
		printk("  %u: %s, %u interrupts, %u of %u domains at work%s\n", pirq,
		       p->level ? "level" : "edge", p->fired, p->nr_at_work, p->nr_guests,
		       p->paused ? ", off because of a storm" : "");
		for (unsigned i = 0; i < p->nr_guests; i++)
			printk("    domain %u, port %u\n", p->guest[i].domain->id,
			       p->guest[i].port);
	}
}
