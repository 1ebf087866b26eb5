/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_platform_op (<xen/platform.h>): what a control domain does to the machine that is not
 * about domains. Setting the wall clock, and counting processors; the rest is for hardware that
 * Ringlet leaves to the control domain's own drivers.
 */
#include "hypercall/hypercall.h"

#include <xen/platform.h>

#include "core/time.h"
#include "hypercall/firmware_info.h"

static long set_time64(const struct xenpf_settime64 *op)
{
	if (op->mbz)
		return -EINVAL;
	wallclock_set_at(op->secs, op->nsecs, op->system_time);
	return 0;
}

static long get_cpuinfo(gva_t arg, struct xenpf_pcpuinfo *info)
{
	if (info->xen_cpuid >= NR_CPUS) {
		info->flags = XEN_PCPU_FLAGS_INVALID;
	} else {
		info->apic_id = info->acpi_id = info->xen_cpuid;
		info->flags = XEN_PCPU_FLAGS_ONLINE;
	}
	info->max_present = NR_CPUS - 1;
	return copy_to_guest(arg + offsetof(xen_platform_op_t, u), info, sizeof(*info)) ? -EFAULT
											: 0;
}

static long get_firmware_info(gva_t arg, struct xenpf_firmware_info *info)
{
	long rc = firmware_info(info);

	if (rc)
		return rc;
	return copy_to_guest(arg + offsetof(xen_platform_op_t, u), info, sizeof(*info)) ? -EFAULT
											: 0;
}

HYPERCALL(platform_op, arg)
{
	xen_platform_op_t op;

	if (!domain_is_control(current_vcpu()->domain))
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	switch (op.cmd) {
	case XENPF_settime32:
		wallclock_set_at(op.u.settime32.secs, op.u.settime32.nsecs,
				 op.u.settime32.system_time);
		return 0;
	case XENPF_settime64:
		return set_time64(&op.u.settime64);
	case XENPF_get_cpuinfo:
		return get_cpuinfo(arg, &op.u.pcpu_info);
	case XENPF_firmware_info:
		return get_firmware_info(arg, &op.u.firmware_info);
	default:
		return -ENOSYS;
	}
}
