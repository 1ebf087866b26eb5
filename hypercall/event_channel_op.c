/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_event_channel_op (<xen/event_channel.h>), and the old form in which the
 * command is part of the argument. The operations are in core/evtchn.c; here
 * arguments come in and results go out.
 */
#include "hypercall/hypercall.h"

#include <xen/event_channel.h>

#include "core/event.h"

_Static_assert(offsetof(evtchn_op_t, u) == 4 && sizeof(evtchn_status_t) == 24, "ABI");

/* The greatest argument is status's; reset's and set_priority's are not part of evtchn_op_t. */
union argument {
	evtchn_reset_t reset;
	evtchn_set_priority_t set_priority;
	evtchn_status_t status;
	evtchn_bind_interdomain_t bind_interdomain;
};

/* size 0: there is no such operation here, among them those of FIFO channels. */
static const struct operation {
	uint8_t size;
	bool has_result;
} operations[] = {
	[EVTCHNOP_bind_interdomain] = { sizeof(evtchn_bind_interdomain_t), true },
	[EVTCHNOP_bind_virq] = { sizeof(evtchn_bind_virq_t), true },
	[EVTCHNOP_bind_pirq] = { sizeof(evtchn_bind_pirq_t), true },
	[EVTCHNOP_close] = { sizeof(evtchn_close_t), false },
	[EVTCHNOP_send] = { sizeof(evtchn_send_t), false },
	[EVTCHNOP_status] = { sizeof(evtchn_status_t), true },
	[EVTCHNOP_alloc_unbound] = { sizeof(evtchn_alloc_unbound_t), true },
	[EVTCHNOP_bind_ipi] = { sizeof(evtchn_bind_ipi_t), true },
	[EVTCHNOP_bind_vcpu] = { sizeof(evtchn_bind_vcpu_t), false },
	[EVTCHNOP_unmask] = { sizeof(evtchn_unmask_t), false },
	[EVTCHNOP_reset] = { sizeof(evtchn_reset_t), false },
	[EVTCHNOP_set_priority] = { sizeof(evtchn_set_priority_t), false },
};

HYPERCALL(event_channel_op, cmd, arg)
{
	const struct operation *op;
	union argument argument;
	int rc;

	if (cmd >= ARRAY_SIZE(operations))
		return -ENOSYS;
	op = &operations[index_nospec(cmd, ARRAY_SIZE(operations))];
	if (!op->size)
		return -ENOSYS;
	if (copy_from_guest(&argument, arg, op->size))
		return -EFAULT;
	rc = evtchn_op(cmd, &argument);
	if (unlikely(rc == -ERESTART))
		return hypercall_restart(__HYPERVISOR_event_channel_op, 2, cmd, arg);
	/* What was bound stays bound when the result cannot be told: Xen does the same. */
	if (!rc && op->has_result && copy_to_guest(arg, &argument, op->size))
		return -EFAULT;
	return rc;
}

HYPERCALL(event_channel_op_compat, arg)
{
	evtchn_op_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.cmd > EVTCHNOP_unmask)
		return -ENOSYS;
	return do_event_channel_op(op.cmd, arg + offsetof(evtchn_op_t, u), 0, 0, 0, 0);
}
