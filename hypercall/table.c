/* SPDX-License-Identifier: MIT */
/*
 * Which number is which hypercall: __HYPERVISOR_* of <xen/xen.h>. A number that is not here
 * is -ENOSYS, and so is what only other kinds of guests or builds of Xen have (HVM, kexec,
 * Argo, performance counters, dm_op, tmem, XSM).
 */
#include "hypercall/hypercall.h"

HYPERCALL(enosys)
{
	return -ENOSYS;
}

long sub_op_run(const struct sub_op *table, uint32_t count, uint32_t nr, gva_t arg)
{
	const struct sub_op *op;
	uint64_t copy[SUB_OP_MAX_SIZE / sizeof(uint64_t)];
	long rc;

	if (nr >= count)
		return -ENOSYS;
	op = &table[index_nospec(nr, count)];
	if (op->flags & SUB_OP_CONTROL && !domain_is_control(current_vcpu()->domain))
		return -EPERM;
	if (!op->fn)
		return -ENOSYS;
	BUG_ON(op->size > sizeof(copy));
	if (copy_from_guest(copy, arg, op->size))
		return -EFAULT;
	rc = op->fn(copy);
	if (!rc && op->flags & SUB_OP_RESULT && copy_to_guest(arg, copy, op->size))
		return -EFAULT;
	return rc;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
hypercall_fn *const hypercall_table[NR_HYPERCALLS] = {
	[0 ... NR_HYPERCALLS - 1] = do_enosys,

	[__HYPERVISOR_set_trap_table] = do_set_trap_table,
	[__HYPERVISOR_mmu_update] = do_mmu_update,
	[__HYPERVISOR_set_gdt] = do_set_gdt,
	[__HYPERVISOR_stack_switch] = do_stack_switch,
	[__HYPERVISOR_set_callbacks] = do_set_callbacks,
	[__HYPERVISOR_fpu_taskswitch] = do_fpu_taskswitch,
	[__HYPERVISOR_sched_op_compat] = do_sched_op_compat,
	[__HYPERVISOR_platform_op] = do_platform_op,
	[__HYPERVISOR_set_debugreg] = do_set_debugreg,
	[__HYPERVISOR_get_debugreg] = do_get_debugreg,
	[__HYPERVISOR_update_descriptor] = do_update_descriptor,
	[__HYPERVISOR_memory_op] = do_memory_op,
	[__HYPERVISOR_multicall] = do_multicall,
	[__HYPERVISOR_update_va_mapping] = do_update_va_mapping,
	[__HYPERVISOR_set_timer_op] = do_set_timer_op,
	[__HYPERVISOR_event_channel_op_compat] = do_event_channel_op_compat,
	[__HYPERVISOR_xen_version] = do_xen_version,
	[__HYPERVISOR_console_io] = do_console_io,
	[__HYPERVISOR_physdev_op_compat] = do_physdev_op_compat,
	[__HYPERVISOR_grant_table_op] = do_grant_table_op,
	[__HYPERVISOR_vm_assist] = do_vm_assist,
	[__HYPERVISOR_update_va_mapping_otherdomain] = do_update_va_mapping_otherdomain,
	[__HYPERVISOR_iret] = do_iret,
	[__HYPERVISOR_vcpu_op] = do_vcpu_op,
	[__HYPERVISOR_mmuext_op] = do_mmuext_op,
	[__HYPERVISOR_nmi_op] = do_nmi_op,
	[__HYPERVISOR_sched_op] = do_sched_op,
	[__HYPERVISOR_callback_op] = do_callback_op,
	[__HYPERVISOR_event_channel_op] = do_event_channel_op,
	[__HYPERVISOR_physdev_op] = do_physdev_op,
	[__HYPERVISOR_sysctl] = do_sysctl,
	[__HYPERVISOR_domctl] = do_domctl,
};
#pragma GCC diagnostic pop
