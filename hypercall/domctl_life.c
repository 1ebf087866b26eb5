/* SPDX-License-Identifier: MIT */
/*
 * XEN_DOMCTL_*: domains from creation to destruction, and what is told of them.
 */
#include "hypercall/control.h"

#include "core/event.h"
#include "core/lib.h"
#include "core/sched.h"
#include "mm/grant.h"

_Static_assert(sizeof(void *) != 4 ||
		       (sizeof(struct xen_domctl) == 144 && offsetof(struct xen_domctl, u) == 16),
	       "ABI");

#define GRANT_VERSION 1
/* Pages in as many KiB. */
#define KIB_TO_PAGES_SHIFT (PAGE_SHIFT - 10)

/* ---- creation ---- */

/*
 * Of all that can be asked for, a 32-bit paravirtual domain has none; of
 * a pool of processors there is one.
 */
static int check_config(const struct xen_domctl_createdomain *c)
{
	uint32_t version = XEN_DOMCTL_GRANT_version(c->grant_opts);

	if (c->flags & ~XEN_DOMCTL_CDF_xs_domain || c->iommu_opts || c->vmtrace_size ||
	    c->arch.emulation_flags)
		return -EINVAL;
	if (!c->max_vcpus || c->max_vcpus > MAX_VCPUS)
		return -EINVAL;
	if (c->max_grant_frames == 0 || c->max_grant_frames > MAX_GRANT_FRAMES)
		return -EINVAL;
	if (c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask || version > GRANT_VERSION)
		return -EINVAL;
	return c->cpupool_id ? -ESRCH : 0;
}

static void configure(struct domain *d, const struct xen_domctl_createdomain *c)
{
	memcpy(d->handle, c->handle, sizeof(d->handle));
	d->is_xenstore = c->flags & XEN_DOMCTL_CDF_xs_domain;
	d->max_evtchn = MIN(c->max_evtchn_port, MAX_EVTCHNS - 1u);
	if (c->max_grant_frames > 0)
		d->max_grant_frames = (uint32_t)c->max_grant_frames;
	d->controller_pauses = d->pause_count = 1;
}

/* 0 and numbers that mean something else ask for a free one. */
static int choose_id(domid_t wanted, domid_t *id)
{
	const struct domain *d;

	if (wanted == 0 || wanted >= DOMID_FIRST_RESERVED) {
		*id = domain_free_id();
		return *id == DOMID_INVALID ? -ENOMEM : 0;
	}
	*id = wanted;
	d = domain_from(wanted);
	return d && d->id == wanted ? -EEXIST : 0;
}

int domctl_createdomain(struct xen_domctl *op)
{
	const struct xen_domctl_createdomain *c = &op->u.createdomain;
	struct domain *d;
	domid_t id;
	int rc = check_config(c);

	if (!rc)
		rc = choose_id(op->domain, &id);
	if (rc)
		return rc;
	d = domain_create(id, DOMAIN_ORDINARY, c->max_vcpus, 0);
	if (!d)
		return -ENOMEM;
	configure(d, c);
	op->domain = id;
	return 0;
}

/* ---- running and stopping ---- */

int domctl_pausedomain(struct domain *d, UNUSED struct xen_domctl *op)
{
	if (d == current_vcpu()->domain)
		return -EINVAL;
	if (d->controller_pauses == UINT8_MAX)
		return -EOVERFLOW;
	d->controller_pauses++;
	domain_pause(d);
	return 0;
}

/* The first time, building is over. */
int domctl_unpausedomain(struct domain *d, UNUSED struct xen_domctl *op)
{
	if (!d->controller_pauses)
		return -EINVAL;
	if (d->state == DOMAIN_BUILDING)
		d->state = DOMAIN_RUNNING;
	d->controller_pauses--;
	domain_unpause(d);
	return 0;
}

int domctl_resumedomain(struct domain *d, UNUSED struct xen_domctl *op)
{
	if (d == current_vcpu()->domain)
		return -EINVAL;
	domain_resume(d);
	return 0;
}

int domctl_destroydomain(struct domain *d, UNUSED struct xen_domctl *op)
{
	int rc;

	if (d == current_vcpu()->domain || d == dom0)
		return -EINVAL;
	do
		rc = domain_kill(d);
	while (rc == -ERESTART && !preempt_needed());
	return rc;
}

/* ---- properties ---- */

int domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
	uint64_t pages = op->u.max_mem.max_memkb >> KIB_TO_PAGES_SHIFT;

	spin_lock(&d->page_lock);
	d->max_pages = (uint32_t)MIN(pages, (uint64_t)UINT32_MAX);
	spin_unlock(&d->page_lock);
	return 0;
}

int domctl_setdomainhandle(struct domain *d, struct xen_domctl *op)
{
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	return 0;
}

/* ---- what is told ---- */

static void fill_vcpus(const struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	vcpu_runstate_info_t runstate;
	const struct vcpu *v;
	uint32_t flags = XEN_DOMINF_blocked;
	unsigned i;

	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	for_each_vcpu(d, v, i) {
		vcpu_runstate_get(v, &runstate);
		info->cpu_time += runstate.time[RUNSTATE_running];
		info->max_vcpu_id = i;
		if (!v->online)
			continue;
		info->nr_online_vcpus++;
		if (!v->blocked)
			flags &= ~XEN_DOMINF_blocked;
		if (v->running)
			flags |= XEN_DOMINF_running;
	}
	if (info->nr_online_vcpus)
		info->flags |= flags;
}

void domain_info_fill(const struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domain = d->id;
	fill_vcpus(d, info);
	if (d->state >= DOMAIN_DYING)
		info->flags |= XEN_DOMINF_dying;
	if (d->shutdown_reason != SHUTDOWN_NONE && d->state >= DOMAIN_SHUTDOWN)
		info->flags |= XEN_DOMINF_shutdown;
	if (d->controller_pauses)
		info->flags |= XEN_DOMINF_paused;
	if (d->is_xenstore)
		info->flags |= XEN_DOMINF_xs_domain;
	info->flags |= (d->shutdown_reason & XEN_DOMINF_shutdownmask) << XEN_DOMINF_shutdownshift;
	info->tot_pages = d->tot_pages;
	info->max_pages = d->max_pages;
	info->shared_info_frame = d->shared_info ? heap_page_mfn(d->shared_info) : INVALID_MFN;
	info->gpaddr_bits = 32 + PAGE_SHIFT;
	memcpy(info->handle, d->handle, sizeof(info->handle));
}
