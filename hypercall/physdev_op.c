/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_physdev_op (<xen/physdev.h>): the virtual I/O privilege of a vCPU. What concerns real
 * interrupts and PCI devices is refused: -EPERM where the interface wants privilege the caller
 * lacks, -ENOSYS in general, because interrupts are not given to domains. Kernels take that for "no
 * such devices".
 */
#include "hypercall/hypercall.h"

#include <xen/physdev.h>

#include "core/errno.h"

#define MAX_PORTS 65536u

static long set_iopl(struct vcpu *v, gva_t arg)
{
	struct physdev_set_iopl op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.iopl > 3)
		return -EINVAL;
	v->arch.iopl = (uint8_t)op.iopl;
	return 0;
}

/* The bitmap stays in guest memory and is read at each access. */
static long set_iobitmap(struct vcpu *v, gva_t arg)
{
	struct physdev_set_iobitmap op;
	gva_t bitmap;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	bitmap = (gva_t)(uintptr_t)op.bitmap.p;
	if (op.nr_ports > MAX_PORTS || !guest_range_ok(bitmap, op.nr_ports / 8))
		return -EINVAL;
	v->arch.iobitmap = bitmap;
	v->arch.iobitmap_ports = op.nr_ports;
	return 0;
}

/* Operations that are for the owner of the hardware alone. */
static bool wants_privilege(uint32_t cmd)
{
	switch (cmd) {
	case PHYSDEVOP_apic_read:
	case PHYSDEVOP_apic_write:
	case PHYSDEVOP_alloc_irq_vector:
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_remove:
	case PHYSDEVOP_manage_pci_add_ext:
	case PHYSDEVOP_setup_gsi:
	case PHYSDEVOP_pci_mmcfg_reserved:
	case PHYSDEVOP_pci_device_add:
	case PHYSDEVOP_pci_device_remove:
	case PHYSDEVOP_restore_msi:
	case PHYSDEVOP_restore_msi_ext:
	case PHYSDEVOP_prepare_msix:
	case PHYSDEVOP_release_msix:
		return true;
	default:
		return false;
	}
}

static long physdev_op(uint32_t cmd, gva_t arg)
{
	struct vcpu *v = current_vcpu();

	switch (cmd) {
	case PHYSDEVOP_set_iopl:
		return set_iopl(v, arg);
	case PHYSDEVOP_set_iobitmap:
		return set_iobitmap(v, arg);
	case PHYSDEVOP_IRQ_UNMASK_NOTIFY: /* obsolete: nothing is ever masked for a guest to unmask */
		return 0;
	default:
		return wants_privilege(cmd) && !domain_is_control(v->domain) ? -EPERM : -ENOSYS;
	}
}

long ASMCALL do_physdev_op(uint32_t cmd, uint32_t arg, uint32_t a3, uint32_t a4, uint32_t a5,
			   uint32_t a6)
{
	(void)a3, (void)a4, (void)a5, (void)a6;
	return physdev_op(cmd, arg);
}

/* The older call: command and argument in one structure in guest memory. */
long ASMCALL do_physdev_op_compat(uint32_t arg, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5,
				  uint32_t a6)
{
	struct physdev_op op;

	(void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	switch (op.cmd) {
	case PHYSDEVOP_IRQ_UNMASK_NOTIFY:
	case PHYSDEVOP_set_iopl:
	case PHYSDEVOP_set_iobitmap:
	case PHYSDEVOP_irq_status_query:
	case PHYSDEVOP_apic_read:
	case PHYSDEVOP_apic_write:
	case PHYSDEVOP_alloc_irq_vector:
		return physdev_op(op.cmd, arg + offsetof(struct physdev_op, u));
	default:
		return -EINVAL;
	}
}
