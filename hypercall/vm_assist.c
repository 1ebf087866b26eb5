/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_vm_assist (<xen/xen.h>, VMASST_*): a guest asks for behaviour that is not the default.
 */
#include "hypercall/hypercall.h"

#define VALID_TYPES                                                                   \
	(1u << VMASST_TYPE_4gb_segments | 1u << VMASST_TYPE_4gb_segments_notify |     \
	 1u << VMASST_TYPE_writable_pagetables | 1u << VMASST_TYPE_pae_extended_cr3 | \
	 1u << VMASST_TYPE_architectural_iopl | 1u << VMASST_TYPE_runstate_update_flag)

long ASMCALL do_vm_assist(uint32_t cmd, uint32_t type, uint32_t a3, uint32_t a4, uint32_t a5,
			  uint32_t a6)
{
	struct domain *d = current_vcpu()->domain;

	(void)a3, (void)a4, (void)a5, (void)a6;
	if (type >= 32 || !(VALID_TYPES >> type & 1))
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
