/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_sysctl (<xen/sysctl.h>): a control domain asks about the machine and all
 * domains, reads consoles and presses debug keys. Profiling, power management, hot
 * plugging and processor pools are -ENOSYS.
 *
 * One thing goes beyond Xen: XEN_SYSCTL_readconsole reads the output of a domain instead of the
 * machine's when pad0 and pad1 hold its number (low byte first), also when it is dead. Xen wants
 * both to be 0, and domain 0's output is the machine's anyway.
 */
#include "hypercall/control.h"

#include "arch/x86_32/arch.h"
#include "boot/boot.h"
#include "core/console.h"
#include "core/lib.h"
#include "core/sched.h"
#include "mm/page.h"

_Static_assert(sizeof(void *) != 4 || offsetof(struct xen_sysctl, u) == 8, "ABI");

#define CHUNK 256u
#define E820_RAM 1
#define LOCAL_DISTANCE 10 /* the ACPI SLIT's number for a node and itself */

typedef int sysctl_fn(struct xen_sysctl *op);

/* ---- consoles ---- */

static uint32_t console_read(domid_t id, char *buf, uint32_t max, uint32_t *index, bool clear)
{
	if (id)
		return console_domain_read(id, buf, max, index, clear);
	return console_ring_read(buf, max, index, clear);
}

static int readconsole(struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *arg = &op->u.readconsole;
	const domid_t id = (domid_t)(arg->pad0 | arg->pad1 << 8);
	uint32_t index = arg->incremental ? arg->index : 0, done = 0, n;
	char text[CHUNK];

	if (!guest_range_ok(HANDLE(arg->buffer), arg->count))
		return -EFAULT;
	while (done < arg->count &&
	       (n = console_read(id, text, MIN(CHUNK, arg->count - done), &index, false))) {
		if (copy_to_guest(HANDLE(arg->buffer) + done, text, n))
			return -EFAULT;
		done += n;
	}
	if (arg->clear)
		(void)console_read(id, text, 0, &index, true);
	arg->index = index;
	arg->count = done;
	return 0;
}

static int debug_keys(struct xen_sysctl *op)
{
	const struct xen_sysctl_debug_keys *arg = &op->u.debug_keys;
	char key;

	for (uint32_t i = 0; i < arg->nr_keys; i++) {
		if (copy_from_guest(&key, HANDLE(arg->keys) + i, 1))
			return -EFAULT;
		debug_key(key);
	}
	return 0;
}

/* ---- domains ---- */

static int getdomaininfolist(struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *arg = &op->u.getdomaininfolist;
	gva_t out = HANDLE(arg->buffer);
	xen_domctl_getdomaininfo_t info;
	const struct domain *d = domain_from(arg->first_domain);
	uint32_t n = 0;

	for (; d && n < arg->max_domains; n++, out += sizeof(info)) {
		domain_info_fill(d, &info);
		if (copy_to_guest(out, &info, sizeof(info)))
			return -EFAULT;
		d = domain_from((domid_t)(d->id + 1));
	}
	arg->num_domains = n;
	return 0;
}

/* ---- the machine ---- */

static uint64_t ram_pages(void)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < boot_info.nr_regions; i++)
		if (boot_info.region[i].type == E820_RAM)
			pages += (boot_info.region[i].end - boot_info.region[i].start) >>
				 PAGE_SHIFT;
	return pages;
}

/*
 * As a guest computes it from its time information: a nanosecond is (ticks << shift) * mul >> 32.
 */
static uint32_t cpu_khz(void)
{
	vcpu_time_info_t t = { 0 };
	uint64_t khz;

	arch_time_fill(&t);
	if (!t.tsc_to_system_mul)
		return 0;
	khz = (1000000ull << 32) / t.tsc_to_system_mul;
	return (uint32_t)(t.tsc_shift < 0 ? khz << -t.tsc_shift : khz >> t.tsc_shift);
}

static int physinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *info = &op->u.physinfo;

	memset(info, 0, sizeof(*info));
	info->threads_per_core = 1;
	info->cores_per_socket = NR_CPUS;
	info->nr_cpus = NR_CPUS;
	info->max_cpu_id = NR_CPUS - 1;
	info->nr_nodes = 1;
	info->cpu_khz = cpu_khz();
	info->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	cpu_capabilities(info->hw_cap);
	info->total_pages = ram_pages();
	info->free_pages = alloc_free_count();
	info->max_mfn = max_mfn - 1;
	return 0;
}

static int sched_id(struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	return 0;
}

static int getcpuinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *arg = &op->u.getcpuinfo;
	uint32_t n = MIN(arg->max_cpus, (uint32_t)NR_CPUS);

	for (uint32_t i = 0; i < n; i++) {
		xen_sysctl_cpuinfo_t info = { .idletime = sched_idle_time(i) };

		if (copy_to_guest(HANDLE(arg->info) + i * (uint32_t)sizeof(info), &info,
				  sizeof(info)))
			return -EFAULT;
	}
	arg->nr_cpus = n;
	return 0;
}

static int cputopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *arg = &op->u.cputopoinfo;
	uint32_t n = HANDLE(arg->cputopo) ? MIN(arg->num_cpus, (uint32_t)NR_CPUS) : 0;

	for (uint32_t i = 0; i < n; i++) {
		const xen_sysctl_cputopo_t cpu = { .core = i };

		if (copy_to_guest(HANDLE(arg->cputopo) + i * (uint32_t)sizeof(cpu), &cpu,
				  sizeof(cpu)))
			return -EFAULT;
	}
	arg->num_cpus = NR_CPUS;
	return 0;
}

static int numainfo(struct xen_sysctl *op)
{
	const xen_sysctl_meminfo_t memory = {
		.memsize = ram_pages() << PAGE_SHIFT,
		.memfree = (uint64_t)alloc_free_count() << PAGE_SHIFT,
	};
	struct xen_sysctl_numainfo *arg = &op->u.numainfo;

	if (arg->num_nodes && HANDLE(arg->meminfo) &&
	    copy_to_guest(HANDLE(arg->meminfo), &memory, sizeof(memory)))
		return -EFAULT;
	if (arg->num_nodes && HANDLE(arg->distance) &&
	    put_guest_u32(HANDLE(arg->distance), LOCAL_DISTANCE))
		return -EFAULT;
	arg->num_nodes = 1;
	return 0;
}

/* All of them have something to tell. */
static sysctl_fn *const operations[] = {
	[XEN_SYSCTL_readconsole] = readconsole, [XEN_SYSCTL_physinfo] = physinfo,
	[XEN_SYSCTL_sched_id] = sched_id,	[XEN_SYSCTL_getdomaininfolist] = getdomaininfolist,
	[XEN_SYSCTL_debug_keys] = debug_keys,	[XEN_SYSCTL_getcpuinfo] = getcpuinfo,
	[XEN_SYSCTL_cputopoinfo] = cputopoinfo, [XEN_SYSCTL_numainfo] = numainfo,
};

HYPERCALL(sysctl, arg)
{
	struct xen_sysctl op;
	sysctl_fn *fn;
	int rc;

	if (!domain_is_control(current_vcpu()->domain))
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	if (op.cmd >= ARRAY_SIZE(operations))
		return -ENOSYS;
	fn = operations[index_nospec(op.cmd, ARRAY_SIZE(operations))];
	if (!fn)
		return -ENOSYS;
	rc = fn(&op);
	if (rc)
		return rc;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}
