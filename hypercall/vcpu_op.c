/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_vcpu_op (<xen/vcpu.h>). A domain's vCPUs exist from the first time
 * that one of these calls names them.
 */
#include "hypercall/hypercall.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

#include "core/event.h"
#include "core/sched.h"
#include "core/time.h"

_Static_assert(sizeof(vcpu_runstate_info_t) == 44 || sizeof(void *) != 4, "ABI");
_Static_assert(sizeof(vcpu_time_info_t) == 32, "ABI");

static long initialise(struct vcpu *v, gva_t arg)
{
	vcpu_guest_context_t *c = heap_alloc(sizeof(*c));
	long rc = -EFAULT;

	if (!c)
		return -ENOMEM;
	if (!copy_from_guest(c, arg, sizeof(*c)))
		rc = v->initialised ? -EEXIST : arch_vcpu_set_context(v, c);
	heap_free(c);
	if (!rc)
		v->initialised = true;
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_vcpu_op, 3, VCPUOP_initialise, v->id, arg);
	return rc;
}

static long up(struct vcpu *v)
{
	if (!v->initialised)
		return -EINVAL;
	if (!v->online) {
		v->online = true;
		vcpu_wake(v);
	}
	return 0;
}

static bool is_last_online(const struct vcpu *v)
{
	const struct vcpu *other;
	unsigned i;

	for_each_vcpu(v->domain, other, i)
		if (other != v && other->online)
			return false;
	return true;
}

/* As Xen: a domain whose last vCPU goes down has ended. */
static long down(struct vcpu *v)
{
	if (is_last_online(v)) {
		domain_shutdown(v->domain, SHUTDOWN_poweroff);
		return 0;
	}
	v->online = false;
	vcpu_sleep(v);
	return 0;
}

static long get_runstate_info(const struct vcpu *v, gva_t arg)
{
	vcpu_runstate_info_t info;

	vcpu_runstate_get(v, &info);
	return copy_to_guest(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/*
 * The area is named by a 32-bit guest handle; what is in the upper
 * half of the union does not matter.
 */
static long register_runstate_area(struct vcpu *v, gva_t arg)
{
	vcpu_register_runstate_memory_area_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!guest_range_ok((gva_t)op.addr.p, sizeof(vcpu_runstate_info_t)))
		return -EFAULT;
	v->runstate_area = (gva_t)op.addr.p;
	vcpu_runstate_publish(v);
	return 0;
}

static long register_time_area(struct vcpu *v, gva_t arg)
{
	vcpu_register_time_memory_area_t op;
	gva_t area;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	area = (gva_t)op.addr.p;
	if (!guest_range_ok(area, sizeof(vcpu_time_info_t)))
		return -EFAULT;
	v->time_area = area;
	vcpu_time_update(v);
	return 0;
}

static long register_info(struct vcpu *v, gva_t arg)
{
	vcpu_register_vcpu_info_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	/*
	 * Frame numbers above 32 bits do not exist on this machine; they
	 * must not be mistaken for others.
	 */
	return vcpu_info_register(v, op.mfn >> 32 ? INVALID_MFN : (mfn_t)op.mfn, op.offset);
}

static long set_periodic_timer(struct vcpu *v, gva_t arg)
{
	vcpu_set_periodic_timer_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return op.period_ns ? vcpu_set_periodic(v, op.period_ns) : -EINVAL;
}

static long set_singleshot_timer(struct vcpu *v, gva_t arg)
{
	vcpu_set_singleshot_timer_t op;

	if (v != current_vcpu())
		return -EINVAL;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.flags & VCPU_SSHOTTMR_future && op.timeout_abs_ns < time_now())
		return -ETIME;
	timer_set(&v->singleshot, op.timeout_abs_ns);
	return 0;
}

static long stop_singleshot_timer(struct vcpu *v)
{
	if (v != current_vcpu())
		return -EINVAL;
	timer_stop(&v->singleshot);
	return 0;
}

static long send_nmi(struct vcpu *v, gva_t arg)
{
	if (arg)
		return -EINVAL;
	vcpu_send_nmi(v);
	return 0;
}

HYPERCALL(vcpu_op, cmd, id, arg)
{
	struct vcpu *v = domain_vcpu(current_vcpu()->domain, id);

	if (!v)
		return -ENOENT;
	switch (cmd) {
	case VCPUOP_initialise:
		return initialise(v, arg);
	case VCPUOP_up:
		return up(v);
	case VCPUOP_down:
		return down(v);
	case VCPUOP_is_up:
		return v->online;
	case VCPUOP_get_runstate_info:
		return get_runstate_info(v, arg);
	case VCPUOP_register_runstate_memory_area:
		return register_runstate_area(v, arg);
	case VCPUOP_set_periodic_timer:
		return set_periodic_timer(v, arg);
	case VCPUOP_stop_periodic_timer:
		return vcpu_set_periodic(v, 0);
	case VCPUOP_set_singleshot_timer:
		return set_singleshot_timer(v, arg);
	case VCPUOP_stop_singleshot_timer:
		return stop_singleshot_timer(v);
	case VCPUOP_register_vcpu_info:
		return register_info(v, arg);
	case VCPUOP_send_nmi:
		return send_nmi(v, arg);
	case VCPUOP_get_physid:
		return -EINVAL; /* Xen's answer unless a vCPU is bound to a processor for good */
	case VCPUOP_register_vcpu_time_memory_area:
		return register_time_area(v, arg);
	default:
		return -ENOSYS;
	}
}
