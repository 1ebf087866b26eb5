/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_physdev_op (<xen/physdev.h>): virtual I/O privilege, physical interrupts, and
 * what a control domain reports about the machine. The interrupts themselves are
 * core/pirq.c's. Errors and the order of checks: Xen's; message-signalled interrupts do not
 * exist here, so that drivers take their device's line.
 */
#include "hypercall/hypercall.h"

#include <xen/physdev.h>

#include "arch/x86_32/irq.h"
#include "core/pirq.h"

_Static_assert(offsetof(struct physdev_op, u) == 4 && sizeof(struct physdev_pci_device) == 4,
	       "ABI");
_Static_assert(sizeof(void *) != 4 || (sizeof(struct physdev_map_pirq) == 36 &&
				       sizeof(struct physdev_setup_gsi) == 8),
	       "ABI");

#define MAX_PORTS 65536u

/* ---- I/O privilege ---- */

static long set_iopl(struct vcpu *v, gva_t arg)
{
	struct physdev_set_iopl op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.iopl > 3)
		return -EINVAL;
	v->arch.iopl = (uint8_t)op.iopl;
	arch_iopl_changed(v);
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

/* ---- interrupts ---- */

static long irq_status_query(struct vcpu *v, gva_t arg)
{
	physdev_irq_status_query_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.irq >= NR_PIRQS)
		return -EINVAL;
	/* As Xen: who does not look at the page of pirq_eoi_gmfn says "done" each time. */
	op.flags = XENIRQSTAT_needs_eoi;
	if (pirq_port(v->domain, op.irq) && pirq_is_shared(op.irq))
		op.flags |= XENIRQSTAT_shared;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long eoi(struct vcpu *v, gva_t arg)
{
	physdev_eoi_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return pirq_eoi(v->domain, op.irq);
}

static long set_eoi_map(struct vcpu *v, gva_t arg, bool auto_unmask)
{
	physdev_pirq_eoi_gmfn_t op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return pirq_set_eoi_map(v->domain, (mfn_t)op.gmfn, auto_unmask);
}

/* A line's number is fixed, so the caller may leave it open, or name the right one. */
static long map_pirq(gva_t arg)
{
	struct physdev_map_pirq op;
	struct domain *d;
	int rc = -EINVAL;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	d = domain_lookup(op.domid, &rc);
	if (!d)
		return rc;
	if (op.type != MAP_PIRQ_TYPE_GSI || op.index < 0 || (op.pirq >= 0 && op.pirq != op.index))
		return -EINVAL;
	rc = pirq_map(d, (unsigned)op.index);
	if (rc)
		return rc;
	op.pirq = op.index;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long unmap_pirq(gva_t arg)
{
	struct physdev_unmap_pirq op;
	struct domain *d;
	int rc = -EINVAL;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	d = domain_lookup(op.domid, &rc);
	if (!d)
		return rc;
	return op.pirq < 0 ? -EINVAL : pirq_unmap(d, (unsigned)op.pirq);
}

static long get_free_pirq(struct vcpu *v, gva_t arg)
{
	struct physdev_get_free_pirq op;
	int pirq;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	pirq = op.type == MAP_PIRQ_TYPE_GSI ? pirq_find_free(v->domain) : -ENOSPC;
	if (pirq < 0)
		return pirq;
	op.pirq = (uint32_t)pirq;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

/* ---- what only the owner of the hardware may do; current is a control domain ---- */

static long setup_gsi(gva_t arg)
{
	struct physdev_setup_gsi op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return op.gsi < 0 ? -EINVAL : irq_set_mode((unsigned)op.gsi, op.triggering, op.polarity);
}

static long apic_access(gva_t arg, bool write)
{
	struct physdev_apic op;
	bool found;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (write)
		found = ioapic_guest_write(op.apic_physbase, op.reg, op.value);
	else
		found = ioapic_guest_read(op.apic_physbase, op.reg, &op.value);
	if (!found)
		return -EINVAL;
	return !write && copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

/*
 * Vectors are the hypervisor's business: old kernels get a number to put in the
 * I/O APIC's entry, where it is ignored.
 */
static long alloc_irq_vector(gva_t arg)
{
	struct physdev_irq op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.irq >= NR_PIRQS)
		return -EINVAL;
	op.vector = op.irq;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

/* A report that needs no answer: devices and their configuration space are the control domain's. */
static long take_report(gva_t arg, uint32_t size)
{
	uint8_t report[sizeof(struct physdev_pci_mmcfg_reserved)];

	_Static_assert(sizeof(report) >= sizeof(struct physdev_manage_pci_ext),
		       "the largest report");
	return copy_from_guest(report, arg, size) ? -EFAULT : 0;
}

static long control_op(uint32_t cmd, gva_t arg)
{
	switch (cmd) {
	case PHYSDEVOP_apic_read:
		return apic_access(arg, false);
	case PHYSDEVOP_apic_write:
		return apic_access(arg, true);
	case PHYSDEVOP_alloc_irq_vector:
		return alloc_irq_vector(arg);
	case PHYSDEVOP_setup_gsi:
		return setup_gsi(arg);
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_remove:
		return take_report(arg, sizeof(struct physdev_manage_pci));
	case PHYSDEVOP_manage_pci_add_ext:
		return take_report(arg, sizeof(struct physdev_manage_pci_ext));
	case PHYSDEVOP_pci_device_add:
		return take_report(arg, offsetof(struct physdev_pci_device_add, optarr));
	case PHYSDEVOP_pci_device_remove:
		return take_report(arg, sizeof(struct physdev_pci_device));
	case PHYSDEVOP_pci_mmcfg_reserved:
		return take_report(arg, sizeof(struct physdev_pci_mmcfg_reserved));
	default: /* what restores or prepares message-signalled interrupts */
		return -ENOSYS;
	}
}

static bool is_control_op(uint32_t cmd)
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

/* ---- all of them ---- */

static long physdev_op(uint32_t cmd, gva_t arg)
{
	struct vcpu *v = current_vcpu();

	switch (cmd) {
	case PHYSDEVOP_set_iopl:
		return set_iopl(v, arg);
	case PHYSDEVOP_set_iobitmap:
		return set_iobitmap(v, arg);
	case PHYSDEVOP_IRQ_UNMASK_NOTIFY: /* obsolete: a port's mask says nothing about its line */
		return 0;
	case PHYSDEVOP_irq_status_query:
		return irq_status_query(v, arg);
	case PHYSDEVOP_eoi:
		return eoi(v, arg);
	case PHYSDEVOP_pirq_eoi_gmfn_v1:
		return set_eoi_map(v, arg, true);
	case PHYSDEVOP_pirq_eoi_gmfn_v2:
		return set_eoi_map(v, arg, false);
	case PHYSDEVOP_map_pirq:
		return map_pirq(arg);
	case PHYSDEVOP_unmap_pirq:
		return unmap_pirq(arg);
	case PHYSDEVOP_get_free_pirq:
		return get_free_pirq(v, arg);
	default:
		break;
	}
	if (!is_control_op(cmd))
		return -ENOSYS;
	return domain_is_control(v->domain) ? control_op(cmd, arg) : -EPERM;
}

HYPERCALL(physdev_op, cmd, arg)
{
	return physdev_op(cmd, arg);
}

/* The older call: command and argument in one structure in guest memory. */
HYPERCALL(physdev_op_compat, arg)
{
	struct physdev_op op;

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
