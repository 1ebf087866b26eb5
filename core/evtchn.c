/* SPDX-License-Identifier: MIT */
/*
 * Binding of event channels: EVTCHNOP_* of <xen/event_channel.h>, with Xen's errors and order of
 * checks. FIFO channels are refused, so that kernels fall back to the 2-level form.
 *
 * Ports live in pages of EVTCHNS_PER_PAGE that are made as they are needed and stay
 * until the domain dies, so a port once found stays memory. Port 0 is reserved.
 * event_lock of a domain guards its ports; an interdomain pair changes under both locks,
 * that of the lower domain number taken first.
 */
#include "core/evtchn.h"

#include "arch/x86_32/arch.h"
#include "core/console.h"
#include "core/errno.h"
#include "core/pirq.h"
#include "core/sched.h"
#include "mm/page.h"

/* Ports closed between two looks for pending work. */
#define CLOSES_PER_CHECK 64

_Static_assert(EVTCHNS_PER_PAGE * 4 == MAX_EVTCHNS, "struct domain has room for four pages");
_Static_assert(EVTCHNS_PER_PAGE * sizeof(struct evtchn) <= PAGE_SIZE || sizeof(void *) != 4,
	       "pages");

static void lock_both(struct domain *a, struct domain *b)
{
	spin_lock(a->id <= b->id ? &a->event_lock : &b->event_lock);
	if (a != b)
		spin_lock(a->id <= b->id ? &b->event_lock : &a->event_lock);
}

static void unlock_both(struct domain *a, struct domain *b)
{
	spin_unlock(&a->event_lock);
	if (a != b)
		spin_unlock(&b->event_lock);
}

static bool virq_is_global(uint32_t virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF &&
	       virq != VIRQ_XENPMU;
}

/* ---- ports; event_lock is held ---- */

/* A free port, not yet bound, or -ENOSPC, -ENOMEM, -EINVAL. */
static int find_free_port(struct domain *d)
{
	if (d->state >= DOMAIN_DYING)
		return -EINVAL;
	for (unsigned port = 0; port <= d->max_evtchn; port++) {
		struct evtchn **page = &d->evtchn[port / EVTCHNS_PER_PAGE];

		if (!*page)
			*page = heap_page_alloc();
		if (!*page)
			return -ENOMEM;
		if (evtchn_port(d, port)->state == ECS_FREE)
			return (int)port;
	}
	return -ENOSPC;
}

/* The new port's number goes to *port. 0, or find_free_port()'s error. */
static int bind_port(struct domain *d, const struct evtchn *chn, evtchn_port_t *port)
{
	int free = find_free_port(d);

	if (free < 0)
		return free;
	*port = (evtchn_port_t)free;
	*evtchn_port(d, *port) = *chn;
	return 0;
}

static void free_port(struct domain *d, unsigned port)
{
	*evtchn_port(d, port) = (struct evtchn){ .state = ECS_FREE };
	atomic_test_and_clear_bit(d->shared_info->evtchn_pending, port);
}

/* ---- binding ---- */

static int alloc_unbound(evtchn_alloc_unbound_t *op)
{
	struct domain *caller = current_vcpu()->domain;
	struct domain *d = op->dom == DOMID_SELF ? caller : domain_by_id(op->dom);
	int port;

	if (!d)
		return -ESRCH;
	spin_lock(&d->event_lock);
	port = find_free_port(d);
	if (port >= 0 && d != caller && !domain_is_control(caller))
		port = -EPERM;
	if (port >= 0) {
		struct evtchn *chn = evtchn_port(d, (unsigned)port);

		chn->state = ECS_UNBOUND;
		chn->unbound_domid = op->remote_dom == DOMID_SELF ? caller->id : op->remote_dom;
		op->port = (evtchn_port_t)port;
	}
	spin_unlock(&d->event_lock);
	return MIN(port, 0);
}

/* Joins two ends; both locks are held. */
static int connect(struct domain *d, struct domain *remote, evtchn_bind_interdomain_t *op)
{
	struct evtchn *chn, *peer;
	int port = find_free_port(d);

	if (port < 0)
		return port;
	peer = evtchn_port(remote, op->remote_port);
	if (!peer || peer->state != ECS_UNBOUND || peer->unbound_domid != d->id)
		return -EINVAL;
	chn = evtchn_port(d, (unsigned)port);
	chn->interdomain.remote = remote;
	chn->interdomain.remote_port = (uint16_t)op->remote_port;
	chn->state = ECS_INTERDOMAIN;
	peer->interdomain.remote = d;
	peer->interdomain.remote_port = (uint16_t)port;
	peer->state = ECS_INTERDOMAIN;
	/* What the other side sent while the channel was not bound is lost: let the guest look. */
	evtchn_set_pending(d, (unsigned)port);
	op->local_port = (evtchn_port_t)port;
	return 0;
}

static int bind_interdomain(evtchn_bind_interdomain_t *op)
{
	struct domain *d = current_vcpu()->domain;
	struct domain *remote = op->remote_dom == DOMID_SELF ? d : domain_by_id(op->remote_dom);
	int rc;

	if (!remote)
		return -ESRCH;
	lock_both(d, remote);
	rc = connect(d, remote, op);
	unlock_both(d, remote);
	return rc;
}

static int bind_virq(evtchn_bind_virq_t *op)
{
	struct domain *d = current_vcpu()->domain;
	struct vcpu *v;
	uint32_t virq;
	int rc;

	if (op->virq >= NR_VIRQS)
		return -EINVAL;
	virq = index_nospec(op->virq, NR_VIRQS);
	if (virq_is_global(virq) && op->vcpu != 0)
		return -EINVAL;
	v = domain_vcpu(d, op->vcpu);
	if (!v)
		return -ENOENT;
	spin_lock(&d->event_lock);
	rc = -EEXIST;
	if (!v->virq_port[virq])
		rc = bind_port(d,
			       &(struct evtchn){ .state = ECS_VIRQ,
						 .notify_vcpu = (uint8_t)v->id,
						 .virq = (uint16_t)virq },
			       &op->port);
	if (!rc)
		v->virq_port[virq] = (uint16_t)op->port;
	spin_unlock(&d->event_lock);
	return rc;
}

static int bind_ipi(evtchn_bind_ipi_t *op)
{
	struct domain *d = current_vcpu()->domain;
	struct vcpu *v = domain_vcpu(d, op->vcpu);
	int rc;

	if (!v)
		return -ENOENT;
	spin_lock(&d->event_lock);
	rc = bind_port(d, &(struct evtchn){ .state = ECS_IPI, .notify_vcpu = (uint8_t)v->id },
		       &op->port);
	spin_unlock(&d->event_lock);
	return rc;
}

static int bind_pirq(evtchn_bind_pirq_t *op)
{
	struct domain *d = current_vcpu()->domain;
	uint32_t pirq;
	int rc = -EEXIST;

	if (op->pirq >= NR_PIRQS)
		return -EINVAL;
	pirq = index_nospec(op->pirq, NR_PIRQS);
	if (!pirq_permitted(d, pirq))
		return -EPERM;
	spin_lock(&d->event_lock);
	if (!pirq_port(d, pirq))
		rc = bind_port(d, &(struct evtchn){ .state = ECS_PIRQ, .pirq = (uint16_t)pirq },
			       &op->port);
	if (!rc) {
		rc = pirq_bind(d, pirq, op->port, op->flags & BIND_PIRQ__WILL_SHARE);
		if (rc)
			free_port(d, op->port);
	}
	spin_unlock(&d->event_lock);
	return rc;
}

/* ---- closing ---- */

static void unbind_virq(struct domain *d, unsigned port, unsigned virq)
{
	struct vcpu *v;
	unsigned i;

	for_each_vcpu(d, v, i)
		if (v->virq_port[virq] == port)
			v->virq_port[virq] = 0;
}

/* The other end becomes unbound again: its owner may wait for a new partner. */
static void disconnect(struct domain *d, struct evtchn *chn)
{
	struct evtchn *peer = evtchn_port(chn->interdomain.remote, chn->interdomain.remote_port);

	ASSERT(peer->state == ECS_INTERDOMAIN && peer->interdomain.remote == d);
	peer->state = ECS_UNBOUND;
	peer->unbound_domid = d->id;
}

/* The locks of d and, for an interdomain channel, of its remote are held. */
static int close_locked(struct domain *d, unsigned port)
{
	struct evtchn *chn = evtchn_port(d, port);

	switch (chn->state) {
	case ECS_FREE:
	case ECS_RESERVED:
		return -EINVAL;
	case ECS_VIRQ:
		unbind_virq(d, port, chn->virq);
		break;
	case ECS_PIRQ:
		pirq_unbind(d, chn->pirq, port);
		break;
	case ECS_INTERDOMAIN:
		disconnect(d, chn);
		break;
	default:
		break;
	}
	free_port(d, port);
	return 0;
}

/*
 * The remote domain is known only under d's lock, and its lock may have to be
 * taken first: look, lock both, look again.
 */
static int close_port(struct domain *d, uint32_t port)
{
	struct evtchn *chn = evtchn_port(d, port);
	int rc;

	if (!chn)
		return -EINVAL;
	for (;;) {
		struct domain *remote = d;
		bool unchanged;

		spin_lock(&d->event_lock);
		if (chn->state == ECS_INTERDOMAIN)
			remote = chn->interdomain.remote;
		spin_unlock(&d->event_lock);
		lock_both(d, remote);
		unchanged = chn->state != ECS_INTERDOMAIN || chn->interdomain.remote == remote;
		rc = unchanged ? close_locked(d, port) : 0;
		unlock_both(d, remote);
		if (unchanged)
			return rc;
	}
}

int evtchn_close_all(struct domain *d)
{
	unsigned closed = 0;

	for (unsigned port = 1; port < MAX_EVTCHNS; port++) {
		if (close_port(d, port))
			continue;
		if (++closed % CLOSES_PER_CHECK == 0 && preempt_needed())
			return -ERESTART;
	}
	return 0;
}

static int reset(const evtchn_reset_t *op)
{
	struct domain *caller = current_vcpu()->domain;
	struct domain *d = op->dom == DOMID_SELF ? caller : domain_by_id(op->dom);

	if (!d)
		return -ESRCH;
	if (d != caller && !domain_is_control(caller))
		return -EPERM;
	/* Another domain must not be running meanwhile. */
	if (d != caller && d->vcpu[0] && vcpu_runnable(d->vcpu[0]))
		return -EINVAL;
	return evtchn_close_all(d);
}

/* ---- use ---- */

static int send(const evtchn_send_t *op)
{
	struct domain *d = current_vcpu()->domain;
	struct evtchn *chn = evtchn_port(d, op->port);
	int rc = 0;

	if (!chn)
		return -EINVAL;
	spin_lock(&d->event_lock);
	switch (chn->state) {
	case ECS_INTERDOMAIN:
		evtchn_set_pending(chn->interdomain.remote, chn->interdomain.remote_port);
		break;
	case ECS_IPI:
		evtchn_set_pending(d, op->port);
		break;
	case ECS_UNBOUND: /* nobody listens yet */
		break;
	default:
		rc = -EINVAL;
		break;
	}
	spin_unlock(&d->event_lock);
	return rc;
}

static void fill_status(const struct evtchn *chn, evtchn_status_t *op)
{
	switch (chn->state) {
	case ECS_UNBOUND:
		op->status = EVTCHNSTAT_unbound;
		op->u.unbound.dom = chn->unbound_domid;
		break;
	case ECS_INTERDOMAIN:
		op->status = EVTCHNSTAT_interdomain;
		op->u.interdomain.dom = chn->interdomain.remote->id;
		op->u.interdomain.port = chn->interdomain.remote_port;
		break;
	case ECS_PIRQ:
		op->status = EVTCHNSTAT_pirq;
		op->u.pirq = chn->pirq;
		break;
	case ECS_VIRQ:
		op->status = EVTCHNSTAT_virq;
		op->u.virq = chn->virq;
		break;
	case ECS_IPI:
		op->status = EVTCHNSTAT_ipi;
		break;
	default:
		op->status = EVTCHNSTAT_closed;
		break;
	}
	op->vcpu = chn->notify_vcpu;
}

static int status(evtchn_status_t *op)
{
	struct domain *caller = current_vcpu()->domain;
	struct domain *d = op->dom == DOMID_SELF ? caller : domain_by_id(op->dom);
	struct evtchn *chn;

	if (!d)
		return -ESRCH;
	chn = evtchn_port(d, op->port);
	if (!chn)
		return -EINVAL;
	if (d != caller && !domain_is_control(caller))
		return -EPERM;
	spin_lock(&d->event_lock);
	fill_status(chn, op);
	spin_unlock(&d->event_lock);
	return 0;
}

static bool may_move(const struct evtchn *chn)
{
	return chn->state == ECS_UNBOUND || chn->state == ECS_INTERDOMAIN ||
	       chn->state == ECS_PIRQ || (chn->state == ECS_VIRQ && virq_is_global(chn->virq));
}

static int bind_vcpu(const evtchn_bind_vcpu_t *op)
{
	struct domain *d = current_vcpu()->domain;
	struct vcpu *v = domain_vcpu(d, op->vcpu);
	struct evtchn *chn = evtchn_port(d, op->port);
	int rc = -EINVAL;

	if (!v)
		return -ENOENT;
	if (!chn)
		return -EINVAL;
	spin_lock(&d->event_lock);
	if (may_move(chn)) {
		chn->notify_vcpu = (uint8_t)v->id;
		rc = 0;
	}
	spin_unlock(&d->event_lock);
	return rc;
}

static int unmask(const evtchn_unmask_t *op)
{
	struct domain *d = current_vcpu()->domain;
	struct evtchn *chn = evtchn_port(d, op->port);

	if (!chn)
		return -EINVAL;
	spin_lock(&d->event_lock);
	if (chn->state > ECS_RESERVED)
		evtchn_unmask(d, op->port);
	spin_unlock(&d->event_lock);
	return 0;
}

/* Priorities exist with FIFO channels only. */
static int set_priority(const evtchn_set_priority_t *op)
{
	return evtchn_port(current_vcpu()->domain, op->port) ? -ENOSYS : -EINVAL;
}

int evtchn_op(unsigned cmd, void *arg)
{
	switch (cmd) {
	case EVTCHNOP_bind_interdomain:
		return bind_interdomain(arg);
	case EVTCHNOP_bind_virq:
		return bind_virq(arg);
	case EVTCHNOP_bind_pirq:
		return bind_pirq(arg);
	case EVTCHNOP_close:
		return close_port(current_vcpu()->domain, ((const evtchn_close_t *)arg)->port);
	case EVTCHNOP_send:
		return send(arg);
	case EVTCHNOP_status:
		return status(arg);
	case EVTCHNOP_alloc_unbound:
		return alloc_unbound(arg);
	case EVTCHNOP_bind_ipi:
		return bind_ipi(arg);
	case EVTCHNOP_bind_vcpu:
		return bind_vcpu(arg);
	case EVTCHNOP_unmask:
		return unmask(arg);
	case EVTCHNOP_reset:
		return reset(arg);
	case EVTCHNOP_set_priority:
		return set_priority(arg);
	default:
		return -ENOSYS;
	}
}

/* ---- life of a domain ---- */

int evtchn_init_domain(struct domain *d)
{
	spin_lock_init(&d->event_lock);
	d->evtchn[0] = heap_page_alloc();
	if (!d->evtchn[0])
		return -ENOMEM;
	d->evtchn[0][0].state = ECS_RESERVED;
	return 0;
}

void evtchn_free_domain(struct domain *d)
{
	for (unsigned i = 0; i < ARRAY_SIZE(d->evtchn); i++) {
		if (d->evtchn[i])
			heap_page_free(d->evtchn[i]);
		d->evtchn[i] = NULL;
	}
}

static const char *const state_names[] = {
	[ECS_FREE] = "free",	   [ECS_RESERVED] = "reserved",
	[ECS_UNBOUND] = "unbound", [ECS_INTERDOMAIN] = "interdomain",
	[ECS_PIRQ] = "pirq",	   [ECS_VIRQ] = "virq",
	[ECS_IPI] = "ipi",
};

void evtchn_dump(const struct domain *d)
{
	const shared_info_t *s = d->shared_info;

	for (unsigned port = 1; port < MAX_EVTCHNS; port++) {
		const struct evtchn *chn = evtchn_port(d, port);
		evtchn_status_t st = { 0 };

		if (!chn || chn->state == ECS_FREE)
			continue;
		fill_status(chn, &st);
		printk("  port %u: %s%s%s on vCPU %u, %u:%u\n", port, state_names[chn->state],
		       test_bit(s->evtchn_pending, port) ? ", pending" : "",
		       test_bit(s->evtchn_mask, port) ? ", masked" : "", chn->notify_vcpu,
		       st.status == EVTCHNSTAT_interdomain ? st.u.interdomain.dom : st.u.virq,
		       st.status == EVTCHNSTAT_interdomain ? st.u.interdomain.port : 0);
	}
}
