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

static long set_iopl(void *arg)
{
	const struct physdev_set_iopl *op = arg;
	struct vcpu *v = current_vcpu();

	if (op->iopl > 3)
		return -EINVAL;
	v->arch.iopl = (uint8_t)op->iopl;
	arch_iopl_changed(v);
	return 0;
}

/* The bitmap stays in guest memory and is read at each access. */
static long set_iobitmap(void *arg)
{
	const struct physdev_set_iobitmap *op = arg;
	gva_t bitmap = (gva_t)(uintptr_t)op->bitmap.p;
	struct vcpu *v = current_vcpu();

	if (op->nr_ports > MAX_PORTS || !guest_range_ok(bitmap, op->nr_ports / 8))
		return -EINVAL;
	v->arch.iobitmap = bitmap;
	v->arch.iobitmap_ports = op->nr_ports;
	return 0;
}

/* ---- interrupts ---- */

/* Obsolete: a port's mask says nothing about its line. */
static long unmask_notify(UNUSED void *arg)
{
	return 0;
}

static long irq_status_query(void *arg)
{
	physdev_irq_status_query_t *op = arg;

	if (op->irq >= NR_PIRQS)
		return -EINVAL;
	/* As Xen: who does not look at the page of pirq_eoi_gmfn says "done" each time. */
	op->flags = XENIRQSTAT_needs_eoi;
	if (pirq_port(current_vcpu()->domain, op->irq) && pirq_is_shared(op->irq))
		op->flags |= XENIRQSTAT_shared;
	return 0;
}

static long eoi(void *arg)
{
	const physdev_eoi_t *op = arg;

	return pirq_eoi(current_vcpu()->domain, op->irq);
}

static long set_eoi_map_v1(void *arg)
{
	const physdev_pirq_eoi_gmfn_t *op = arg;

	return pirq_set_eoi_map(current_vcpu()->domain, (mfn_t)op->gmfn, true);
}

static long set_eoi_map_v2(void *arg)
{
	const physdev_pirq_eoi_gmfn_t *op = arg;

	return pirq_set_eoi_map(current_vcpu()->domain, (mfn_t)op->gmfn, false);
}

/* A line's number is fixed, so the caller may leave it open, or name the right one. */
static long map_pirq(void *arg)
{
	struct physdev_map_pirq *op = arg;
	int rc;
	struct domain *d = domain_lookup(op->domid, &rc);

	if (!d)
		return rc;
	if (op->type != MAP_PIRQ_TYPE_GSI || op->index < 0 ||
	    (op->pirq >= 0 && op->pirq != op->index))
		return -EINVAL;
	op->pirq = op->index;
	return pirq_map(d, (unsigned)op->index);
}

static long unmap_pirq(void *arg)
{
	const struct physdev_unmap_pirq *op = arg;
	int rc;
	struct domain *d = domain_lookup(op->domid, &rc);

	if (!d)
		return rc;
	return op->pirq < 0 ? -EINVAL : pirq_unmap(d, (unsigned)op->pirq);
}

static long get_free_pirq(void *arg)
{
	struct physdev_get_free_pirq *op = arg;
	int pirq = op->type == MAP_PIRQ_TYPE_GSI ? pirq_find_free(current_vcpu()->domain) : -ENOSPC;

	op->pirq = (uint32_t)pirq;
	return MIN(pirq, 0);
}

/* ---- what only the owner of the hardware may do ---- */

static long setup_gsi(void *arg)
{
	const struct physdev_setup_gsi *op = arg;

	return op->gsi < 0 ? -EINVAL
			   : irq_set_mode((unsigned)op->gsi, op->triggering, op->polarity);
}

static long apic_read(void *arg)
{
	struct physdev_apic *op = arg;

	return ioapic_guest_read(op->apic_physbase, op->reg, &op->value) ? 0 : -EINVAL;
}

static long apic_write(void *arg)
{
	const struct physdev_apic *op = arg;

	return ioapic_guest_write(op->apic_physbase, op->reg, op->value) ? 0 : -EINVAL;
}

/*
 * Vectors are the hypervisor's business: old kernels get a number to put in the
 * I/O APIC's entry, where it is ignored.
 */
static long alloc_irq_vector(void *arg)
{
	struct physdev_irq *op = arg;

	op->vector = op->irq;
	return op->irq < NR_PIRQS ? 0 : -EINVAL;
}

/* A report that needs no answer: devices and their configuration space are the control domain's. */
static long take_report(UNUSED void *arg)
{
	return 0;
}

/* ---- all of them ---- */

/* Those at the end, which restore or prepare message-signalled interrupts, are nobody's. */
static const struct sub_op operations[] = {
	[PHYSDEVOP_set_iopl] = { set_iopl, sizeof(struct physdev_set_iopl), 0 },
	[PHYSDEVOP_set_iobitmap] = { set_iobitmap, sizeof(struct physdev_set_iobitmap), 0 },
	[PHYSDEVOP_IRQ_UNMASK_NOTIFY] = { unmask_notify, 0, 0 },
	[PHYSDEVOP_irq_status_query] = { irq_status_query, sizeof(physdev_irq_status_query_t),
					 SUB_OP_RESULT },
	[PHYSDEVOP_eoi] = { eoi, sizeof(physdev_eoi_t), 0 },
	[PHYSDEVOP_pirq_eoi_gmfn_v1] = { set_eoi_map_v1, sizeof(physdev_pirq_eoi_gmfn_t), 0 },
	[PHYSDEVOP_pirq_eoi_gmfn_v2] = { set_eoi_map_v2, sizeof(physdev_pirq_eoi_gmfn_t), 0 },
	[PHYSDEVOP_map_pirq] = { map_pirq, sizeof(struct physdev_map_pirq), SUB_OP_RESULT },
	[PHYSDEVOP_unmap_pirq] = { unmap_pirq, sizeof(struct physdev_unmap_pirq), 0 },
	[PHYSDEVOP_get_free_pirq] = { get_free_pirq, sizeof(struct physdev_get_free_pirq),
				      SUB_OP_RESULT },
	[PHYSDEVOP_apic_read] = { apic_read, sizeof(struct physdev_apic),
				  SUB_OP_CONTROL | SUB_OP_RESULT },
	[PHYSDEVOP_apic_write] = { apic_write, sizeof(struct physdev_apic), SUB_OP_CONTROL },
	[PHYSDEVOP_alloc_irq_vector] = { alloc_irq_vector, sizeof(struct physdev_irq),
					 SUB_OP_CONTROL | SUB_OP_RESULT },
	[PHYSDEVOP_setup_gsi] = { setup_gsi, sizeof(struct physdev_setup_gsi), SUB_OP_CONTROL },
	[PHYSDEVOP_manage_pci_add] = { take_report, sizeof(struct physdev_manage_pci),
				       SUB_OP_CONTROL },
	[PHYSDEVOP_manage_pci_remove] = { take_report, sizeof(struct physdev_manage_pci),
					  SUB_OP_CONTROL },
	[PHYSDEVOP_manage_pci_add_ext] = { take_report, sizeof(struct physdev_manage_pci_ext),
					   SUB_OP_CONTROL },
	[PHYSDEVOP_pci_device_add] = { take_report, offsetof(struct physdev_pci_device_add, optarr),
				       SUB_OP_CONTROL },
	[PHYSDEVOP_pci_device_remove] = { take_report, sizeof(struct physdev_pci_device),
					  SUB_OP_CONTROL },
	[PHYSDEVOP_pci_mmcfg_reserved] = { take_report, sizeof(struct physdev_pci_mmcfg_reserved),
					   SUB_OP_CONTROL },
	[PHYSDEVOP_restore_msi] = { NULL, 0, SUB_OP_CONTROL },
	[PHYSDEVOP_restore_msi_ext] = { NULL, 0, SUB_OP_CONTROL },
	[PHYSDEVOP_prepare_msix] = { NULL, 0, SUB_OP_CONTROL },
	[PHYSDEVOP_release_msix] = { NULL, 0, SUB_OP_CONTROL },
};

HYPERCALL(physdev_op, cmd, arg)
{
	return sub_op_run(operations, ARRAY_SIZE(operations), cmd, arg);
}

/*
 * The older call, for the older operations: command and argument in one structure in guest memory.
 */
HYPERCALL(physdev_op_compat, arg)
{
	struct physdev_op op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.cmd < PHYSDEVOP_IRQ_UNMASK_NOTIFY || op.cmd > PHYSDEVOP_alloc_irq_vector)
		return -EINVAL;
	return do_physdev_op(op.cmd, arg + offsetof(struct physdev_op, u), 0, 0, 0, 0);
}
