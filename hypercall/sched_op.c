/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_sched_op (<xen/sched.h>), and its old form with the argument in a register.
 */
#include "hypercall/hypercall.h"

#include <xen/sched.h>

#include "core/sched.h"

/* Reasons are a byte, as Xen takes them. */
static long shutdown_self(gva_t arg)
{
	sched_shutdown_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	domain_shutdown(current_vcpu()->domain, (uint8_t)op.reason);
	return 0;
}

static long set_shutdown_code(gva_t arg)
{
	struct domain *d = current_vcpu()->domain;
	sched_shutdown_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (d->shutdown_reason == SHUTDOWN_NONE)
		d->shutdown_reason = (uint8_t)op.reason;
	return 0;
}

static long poll(gva_t arg)
{
	sched_poll_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return sched_poll((gva_t)(uintptr_t)op.ports.p, op.nr_ports, op.timeout);
}

static long remote_shutdown(gva_t arg)
{
	sched_remote_shutdown_t op;
	struct domain *d;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	d = domain_by_id(op.domain_id);
	if (!d)
		return -ESRCH;
	if (!domain_is_control(current_vcpu()->domain))
		return -EPERM;
	domain_shutdown(d, (uint8_t)op.reason);
	return 0;
}

static long watchdog(gva_t arg)
{
	sched_watchdog_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return domain_watchdog(current_vcpu()->domain, op.id, op.timeout);
}

/*
 * A domain that drives hardware may ask to stay on one processor for a while.
 * With a negative number it stops asking.
 */
static long pin_override(gva_t arg)
{
	struct vcpu *v = current_vcpu();
	sched_pin_override_t op;

	if (!domain_is_control(v->domain))
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.pcpu >= NR_CPUS)
		return -EINVAL;
	if (op.pcpu < 0 && !v->pin_override)
		return -EINVAL;
	if (op.pcpu >= 0 && v->pin_override)
		return -EBUSY;
	v->pin_override = op.pcpu >= 0;
	return 0;
}

HYPERCALL(sched_op, cmd, arg)
{
	switch (cmd) {
	case SCHEDOP_yield:
		sched_yield();
		return 0;
	case SCHEDOP_block:
		sched_block();
		return 0;
	case SCHEDOP_shutdown:
		return shutdown_self(arg);
	case SCHEDOP_poll:
		return poll(arg);
	case SCHEDOP_remote_shutdown:
		return remote_shutdown(arg);
	case SCHEDOP_shutdown_code:
		return set_shutdown_code(arg);
	case SCHEDOP_watchdog:
		return watchdog(arg);
	case SCHEDOP_pin_override:
		return pin_override(arg);
	default:
		return -ENOSYS;
	}
}

HYPERCALL(sched_op_compat, cmd, arg)
{
	switch (cmd) {
	case SCHEDOP_yield:
		sched_yield();
		return 0;
	case SCHEDOP_block:
		sched_block();
		return 0;
	case SCHEDOP_shutdown:
		domain_shutdown(current_vcpu()->domain, (uint8_t)arg);
		return 0;
	default:
		return -ENOSYS;
	}
}
