/* SPDX-License-Identifier: MIT */
/*
 * XEN_DOMCTL_*: the vCPUs of a domain, and its share of the processor (as Xen's credit2 scheduler
 * counts it: a weight, and a cap in percent of one processor).
 */
#include "hypercall/control.h"

#include "core/event.h"
#include "core/sched.h"

_Static_assert(SCHED_MAX_WEIGHT == UINT16_MAX, "every weight but 0 that fits is good");

/* NULL: there is none of this number, or it was never made. */
static struct vcpu *vcpu_of(const struct domain *d, uint32_t id)
{
	return id < d->max_vcpus ? d->vcpu[index_nospec(id, MAX_VCPUS)] : NULL;
}

int domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
	if (d == current_vcpu()->domain || op->u.max_vcpus.max != d->max_vcpus)
		return -EINVAL;
	for (uint32_t i = 0; i < d->max_vcpus; i++)
		if (!vcpu_create(d, i))
			return -ENOMEM;
	return 0;
}

/* ---- registers ---- */

static int set_context(struct vcpu *v, const vcpu_guest_context_t *c)
{
	int rc;

	domain_pause(v->domain);
	rc = arch_vcpu_set_context(v, c);
	if (!rc) {
		v->initialised = true;
		v->online = c->flags & VGCF_online;
	}
	domain_unpause(v->domain);
	return rc;
}

int domctl_setvcpucontext(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpucontext *arg = &op->u.vcpucontext;
	struct vcpu *v = vcpu_of(d, arg->vcpu);
	vcpu_guest_context_t *c;
	int rc = -EFAULT;

	if (d == current_vcpu()->domain || !v)
		return -EINVAL;
	if (!HANDLE(arg->ctxt))
		return -EOPNOTSUPP; /* back to before its first context */
	c = heap_alloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (!copy_from_guest(c, HANDLE(arg->ctxt), sizeof(*c)))
		do
			rc = set_context(v, c);
		while (rc == -ERESTART && !preempt_needed());
	heap_free(c);
	return rc;
}

int domctl_getvcpucontext(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpucontext *arg = &op->u.vcpucontext;
	struct vcpu *v = vcpu_of(d, arg->vcpu);
	vcpu_guest_context_t *c;
	int rc;

	if (!v || v == current_vcpu())
		return -EINVAL;
	if (!v->initialised)
		return -ENODATA;
	c = heap_alloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	arch_vcpu_get_context(v, c);
	rc = copy_to_guest(HANDLE(arg->ctxt), c, sizeof(*c)) ? -EFAULT : 0;
	heap_free(c);
	return rc;
}

/* Size 0 asks how large it is. */
int domctl_getvcpuextstate(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuextstate *arg = &op->u.vcpuextstate;
	struct vcpu *v = vcpu_of(d, arg->vcpu);
	uint32_t size = arch_vcpu_xstate_size();
	void *buffer;
	int rc;

	if (d == current_vcpu()->domain || !v)
		return -EINVAL;
	arg->xfeature_mask = arch_xstate_features();
	if (!arg->size) {
		arg->size = size;
		return 0;
	}
	if (arg->size != size)
		return -EINVAL;
	buffer = heap_page_alloc();
	if (!buffer)
		return -ENOMEM;
	domain_pause(d);
	arch_vcpu_get_xstate(v, buffer);
	domain_unpause(d);
	rc = copy_to_guest(HANDLE(arg->buffer), buffer, size) ? -EFAULT : 0;
	heap_page_free(buffer);
	return rc;
}

int domctl_setvcpuextstate(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuextstate *arg = &op->u.vcpuextstate;
	struct vcpu *v = vcpu_of(d, arg->vcpu);
	void *buffer;
	int rc = -EFAULT;

	if (d == current_vcpu()->domain || !v || arg->size > arch_vcpu_xstate_size())
		return -EINVAL;
	buffer = heap_page_alloc();
	if (!buffer)
		return -ENOMEM;
	domain_pause(d);
	if (!copy_from_guest(buffer, HANDLE(arg->buffer), (uint32_t)arg->size))
		rc = arch_vcpu_set_xstate(v, buffer, (uint32_t)arg->size);
	domain_unpause(d);
	heap_page_free(buffer);
	return rc;
}

int domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
	const struct vcpu *v = vcpu_of(d, info->vcpu);
	vcpu_runstate_info_t runstate;

	if (info->vcpu >= d->max_vcpus)
		return -EINVAL;
	if (!v)
		return -ESRCH;
	vcpu_runstate_get(v, &runstate);
	info->online = v->online;
	info->blocked = v->blocked;
	info->running = v->running;
	info->cpu_time = runstate.time[RUNSTATE_running];
	info->cpu = 0;
	return 0;
}

int domctl_sendtrigger(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = vcpu_of(d, op->u.sendtrigger.vcpu);

	if (op->u.sendtrigger.vcpu >= MAX_VCPUS)
		return -EINVAL;
	if (!v)
		return -ESRCH;
	if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
		return -ENOSYS;
	vcpu_send_nmi(v);
	return 0;
}

/* ---- where it runs ---- */

/* A map of processors as the caller sees it: bit 0 alone is set, as far as its size allows. */
static int put_cpumap(const struct xenctl_bitmap *map)
{
	uint32_t bytes = DIV_ROUND_UP(map->nr_bits, 8u);
	uint8_t first = 1;

	if (!bytes)
		return 0;
	if (!guest_range_ok(HANDLE(map->bitmap), bytes) || clear_guest(HANDLE(map->bitmap), bytes))
		return -EFAULT;
	return copy_to_guest(HANDLE(map->bitmap), &first, 1) ? -EFAULT : 0;
}

/* The map has to name processor 0: there is no other. */
static int check_cpumap(const struct xenctl_bitmap *map)
{
	uint8_t first = 0;

	if (map->nr_bits && copy_from_guest(&first, HANDLE(map->bitmap), 1))
		return -EFAULT;
	return first & 1 ? 0 : -EINVAL;
}

static int affinity_vcpu(const struct domain *d, const struct xen_domctl_vcpuaffinity *arg)
{
	const uint32_t known = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;

	if (arg->vcpu >= d->max_vcpus)
		return -EINVAL;
	if (!vcpu_of(d, arg->vcpu))
		return -ESRCH;
	return arg->flags & known ? 0 : -EINVAL;
}

int domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *arg = &op->u.vcpuaffinity;
	int rc = affinity_vcpu(d, arg);

	if (!rc && arg->flags & XEN_VCPUAFFINITY_HARD)
		rc = put_cpumap(&arg->cpumap_hard);
	if (!rc && arg->flags & XEN_VCPUAFFINITY_SOFT)
		rc = put_cpumap(&arg->cpumap_soft);
	return rc;
}

int domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *arg = &op->u.vcpuaffinity;
	int rc = affinity_vcpu(d, arg);

	if (rc)
		return rc;
	if (arg->flags & XEN_VCPUAFFINITY_FORCE)
		vcpu_of(d, arg->vcpu)->pin_override = false;
	if (arg->flags & XEN_VCPUAFFINITY_HARD)
		rc = check_cpumap(&arg->cpumap_hard);
	if (!rc && arg->flags & XEN_VCPUAFFINITY_SOFT)
		rc = check_cpumap(&arg->cpumap_soft);
	return rc ? rc : domctl_getvcpuaffinity(d, op);
}

/* ---- how much it runs ---- */

int domctl_scheduler_op(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *arg = &op->u.scheduler_op;

	if (arg->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	switch (arg->cmd) {
	case XEN_DOMCTL_SCHEDOP_putinfo:
		sched_set_shares(d, arg->u.credit2.weight ? arg->u.credit2.weight : d->weight,
				 arg->u.credit2.cap);
		return 0;
	case XEN_DOMCTL_SCHEDOP_getinfo:
		arg->u.credit2.weight = (uint16_t)d->weight;
		arg->u.credit2.cap = (uint16_t)d->cap;
		return 0;
	default: /* vCPUs of a domain have no shares of their own */
		return -EINVAL;
	}
}
