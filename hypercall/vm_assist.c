/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_vm_assist (<xen/xen.h>, VMASST_*): a guest asks for behaviour that is not the default.
 */
#include "hypercall/hypercall.h"

HYPERCALL(vm_assist, cmd, type)
{
	struct domain *d = current_vcpu()->domain;

	if (type >= 32 || !(VM_ASSIST_KNOWN >> type & 1))
		return -EINVAL;
	switch (cmd) {
	case VMASST_CMD_enable:
		__atomic_fetch_or(&d->vm_assist, 1u << type, __ATOMIC_SEQ_CST);
		return 0;
	case VMASST_CMD_disable:
		__atomic_fetch_and(&d->vm_assist, ~(1u << type), __ATOMIC_SEQ_CST);
		return 0;
	default:
		return -ENOSYS;
	}
}
