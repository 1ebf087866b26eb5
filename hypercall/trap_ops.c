/* SPDX-License-Identifier: MIT */
/*
 * Where the hypervisor enters a guest: set_trap_table (struct trap_info in <xen/arch-x86/xen.h>),
 * set_callbacks and callback_op (<xen/callback.h>), nmi_op (<xen/nmi.h>). Addresses are not checked
 * here: a guest that names a bad one gets the fault, or its failsafe callback, when it is used.
 * Code selectors get a privilege level of 1 at least.
 */
#include "hypercall/hypercall.h"

#include <xen/callback.h>
#include <xen/nmi.h>

#include "arch/x86_32/trapnr.h"
#include "core/lib.h"

#define TRAPS_BETWEEN_CHECKS 32

/* An NMI handler set by any of the three ways is the same handler. */
static void set_nmi_handler(struct vcpu *v, uint16_t cs, uint32_t eip, bool masks_events)
{
	v->arch.nmi_callback =
		(struct guest_callback){ .eip = eip, .cs = cs, .masks_events = masks_events };
}

static void set_trap(struct vcpu *v, const struct trap_info *info)
{
	struct guest_trap *trap = &v->arch.trap[info->vector];

	*trap = (struct guest_trap){
		.address = info->address,
		.cs = arch_fix_selector(info->cs),
		.dpl = TI_GET_DPL(info),
		.masks_events = TI_GET_IF(info) != 0,
	};
	if (info->vector == TRAP_NMI)
		set_nmi_handler(v, trap->cs, trap->address, trap->masks_events);
	arch_trap_table_changed(v, info->vector);
}

static void clear_traps(struct vcpu *v)
{
	memset(v->arch.trap, 0, sizeof(v->arch.trap));
	memset(&v->arch.nmi_callback, 0, sizeof(v->arch.nmi_callback));
	for (unsigned vector = 0; vector < ARRAY_SIZE(v->arch.trap); vector++)
		arch_trap_table_changed(v, vector);
}

/*
 * Entries up to one whose address is 0. A table without end is worked off for as long as its memory
 * lasts.
 */
HYPERCALL(set_trap_table, table)
{
	struct vcpu *v = current_vcpu();
	struct trap_info info;
	unsigned n = 0;

	if (table == 0) {
		clear_traps(v);
		return 0;
	}
	for (;;) {
		if (copy_from_guest(&info, table, sizeof(info)))
			return -EFAULT;
		if (info.address == 0)
			return 0;
		set_trap(v, &info);
		table += sizeof(info);
		if (++n % TRAPS_BETWEEN_CHECKS == 0 && preempt_needed())
			return hypercall_restart(__HYPERVISOR_set_trap_table, 1, table);
	}
}

static long register_nmi(struct vcpu *v, uint32_t eip)
{
	struct trap_info info = {
		.vector = TRAP_NMI, .flags = 4, .cs = FLAT_KERNEL_CS, .address = eip
	};

	set_trap(v, &info);
	return 0;
}

static long unregister_nmi(struct vcpu *v)
{
	struct trap_info info = { .vector = TRAP_NMI };

	set_trap(v, &info);
	return 0;
}

static long register_callback(struct vcpu *v, uint16_t type, uint16_t flags, uint32_t cs,
			      uint32_t eip)
{
	struct guest_callback callback = { .eip = eip, .cs = arch_fix_selector((uint16_t)cs) };

	switch (type) {
	case CALLBACKTYPE_event:
		callback.masks_events = true; /* an upcall always does */
		v->arch.event_callback = callback;
		return 0;
	case CALLBACKTYPE_failsafe:
		callback.masks_events = flags & CALLBACKF_mask_events;
		v->arch.failsafe_callback = callback;
		return 0;
	case CALLBACKTYPE_nmi:
		return register_nmi(v, eip);
	default: /* SYSENTER and SYSCALL are not offered to guests */
		return -ENOSYS;
	}
}

static long unregister_callback(struct vcpu *v, uint16_t type)
{
	switch (type) {
	case CALLBACKTYPE_event:
	case CALLBACKTYPE_failsafe:
		return -EINVAL;
	case CALLBACKTYPE_nmi:
		return unregister_nmi(v);
	default:
		return -ENOSYS;
	}
}

HYPERCALL(callback_op, cmd, arg)
{
	struct callback_register reg;
	struct callback_unregister unreg;

	switch (cmd) {
	case CALLBACKOP_register:
		if (copy_from_guest(&reg, arg, sizeof(reg)))
			return -EFAULT;
		return register_callback(current_vcpu(), reg.type, reg.flags, reg.address.cs,
					 reg.address.eip);
	case CALLBACKOP_unregister:
		if (copy_from_guest(&unreg, arg, sizeof(unreg)))
			return -EFAULT;
		return unregister_callback(current_vcpu(), unreg.type);
	default:
		return -ENOSYS;
	}
}

/* The older form of callback_op: both callbacks at once, no flags. */
HYPERCALL(set_callbacks, event_cs, event_eip, failsafe_cs, failsafe_eip)
{
	struct vcpu *v = current_vcpu();

	(void)register_callback(v, CALLBACKTYPE_event, 0, event_cs, event_eip);
	(void)register_callback(v, CALLBACKTYPE_failsafe, 0, failsafe_cs, failsafe_eip);
	return 0;
}

HYPERCALL(nmi_op, cmd, arg)
{
	struct xennmi_callback callback;

	switch (cmd) {
	case XENNMI_register_callback:
		if (copy_from_guest(&callback, arg, sizeof(callback)))
			return -EFAULT;
		return register_nmi(current_vcpu(), callback.handler_address);
	case XENNMI_unregister_callback:
		return unregister_nmi(current_vcpu());
	default:
		return -ENOSYS;
	}
}
