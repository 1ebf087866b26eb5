/* SPDX-License-Identifier: MIT */
/*
 * What an ordinary domain must not get: every domctl, sysctl and platform
 * operation is -EPERM before anything else is looked at, and so is whatever names
 * another domain, in the way Xen says it.
 */
#include "guests/payload/payload.h"

#include <xen/domctl.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sysctl.h>

#include "guests/payload/gnttab.h"

#define BAD_POINTER 0xf6000000u
#define LAST_DOMCTL 90
#define LAST_SYSCTL 40
#define LAST_PLATFORM 70

static struct mailbox *mailbox;

static void expect(long value, long expected, const char *what, unsigned int number)
{
	if (value == expected) {
		mailbox->passed++;
		return;
	}
	if (!mailbox->failed++)
		pv_snprintf(mailbox->failure, sizeof(mailbox->failure), "%s %u: %ld, must be %ld",
			    what, number, value, expected);
}

/* ---- control interfaces ---- */

static void try_domctl(uint32_t cmd, domid_t domid)
{
	struct xen_domctl op = { .cmd = cmd,
				 .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
				 .domain = domid };

	expect(hypercall1(__HYPERVISOR_domctl, PTR32(&op)), -XEN_EPERM, "domctl", cmd);
}

static void try_control(void)
{
	unsigned int cmd;

	for (cmd = 0; cmd < LAST_DOMCTL; cmd++) {
		try_domctl(cmd, 0);
		try_domctl(cmd, 0x7000);
		try_domctl(cmd, DOMID_SELF);
	}
	for (cmd = 0; cmd < LAST_SYSCTL; cmd++) {
		struct xen_sysctl op = { .cmd = cmd,
					 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

		expect(hypercall1(__HYPERVISOR_sysctl, PTR32(&op)), -XEN_EPERM, "sysctl", cmd);
	}
	for (cmd = 0; cmd < LAST_PLATFORM; cmd++) {
		struct xen_platform_op op = { .cmd = cmd,
					      .interface_version = XENPF_INTERFACE_VERSION };

		expect(HYPERVISOR_platform_op(&op), -XEN_EPERM, "platform_op", cmd);
	}
	expect(hypercall1(__HYPERVISOR_domctl, BAD_POINTER), -XEN_EPERM,
	       "domctl with a bad pointer", 0);
	expect(hypercall1(__HYPERVISOR_sysctl, BAD_POINTER), -XEN_EPERM,
	       "sysctl with a bad pointer", 0);
	expect(HYPERVISOR_platform_op((void *)BAD_POINTER), -XEN_EPERM,
	       "platform_op with a bad pointer", 0);
}

/* ---- others' memory ---- */

static void try_foreign_tables(void)
{
	void *va = page_alloc();
	struct mmu_update update = { .ptr = pte_maddr(PTR32(va), 1) };
	struct mmuext_op unpin = { .cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = mailbox->extra };
	pte_t stolen = mfn_pte(mailbox->extra, PTE_KERNEL_RW);

	expect(HYPERVISOR_update_va_mapping(PTR32(va), stolen, UVMF_INVLPG), -XEN_EBUSY,
	       "map a frame of domain 0's", 0);
	expect(HYPERVISOR_update_va_mapping_otherdomain(PTR32(va), stolen, UVMF_INVLPG, 0),
	       -XEN_ESRCH, "the same, by its number", 0);
	expect(HYPERVISOR_mmu_update(&update, 1, NULL, 0), -XEN_ESRCH,
	       "mmu_update with frames of domain 0", 0);
	expect(HYPERVISOR_mmu_update(&update, 1, NULL, 1u << 16 | DOMID_SELF), -XEN_ESRCH,
	       "mmu_update of tables of domain 0", 0);
	expect(HYPERVISOR_mmuext_op(&unpin, 1, NULL, 0), -XEN_ESRCH, "mmuext_op on domain 0", 0);
	update.ptr = (uint64_t)mailbox->extra << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
	expect(HYPERVISOR_mmu_update(&update, 1, NULL, DOMID_SELF), -XEN_EINVAL,
	       "M2P of a frame of domain 0's", 0);
	page_free(va);
}

static void try_foreign_memory(void)
{
	xen_pfn_t pfn = 0;
	struct xen_memory_reservation res = { .nr_extents = 1, .domid = 0 };
	struct xen_memory_domain query = { .domid = 0 };
	struct xen_foreign_memory_map map = { .domid = 0 };

	set_xen_guest_handle_raw(res.extent_start, &pfn);
	expect(HYPERVISOR_memory_op(XENMEM_populate_physmap, &res), 0,
	       "populate_physmap for domain 0", 0);
	expect(HYPERVISOR_memory_op(XENMEM_increase_reservation, &res), 0,
	       "increase_reservation for domain 0", 0);
	pfn = mailbox->extra;
	expect(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &res), 0,
	       "decrease_reservation for domain 0", 0);
	expect(HYPERVISOR_memory_op(XENMEM_current_reservation, &query), -XEN_EPERM,
	       "current_reservation of domain 0", 0);
	expect(HYPERVISOR_memory_op(XENMEM_maximum_reservation, &query), -XEN_EPERM,
	       "maximum_reservation of domain 0", 0);
	expect(HYPERVISOR_memory_op(XENMEM_set_memory_map, &map), -XEN_EPERM,
	       "set_memory_map of domain 0", 0);
	expect(HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map), -XEN_EPERM,
	       "machine_memory_map", 0);
	/* More than it may have. */
	res.domid = DOMID_SELF;
	pfn = start_info->nr_pages;
	expect(HYPERVISOR_memory_op(XENMEM_populate_physmap, &res), 0,
	       "populate_physmap beyond the maximum", 0);
}

/* ---- others' events, grants and life ---- */

static void try_foreign_rest(void)
{
	struct evtchn_alloc_unbound alloc = { .dom = 0, .remote_dom = DOMID_SELF };
	struct evtchn_status status = { .dom = 0, .port = 1 };
	struct evtchn_reset reset = { .dom = 0 };
	struct evtchn_bind_pirq pirq = { .pirq = 4 };
	struct sched_remote_shutdown down = { .domain_id = 0, .reason = SHUTDOWN_crash };
	struct gnttab_setup_table setup = { .dom = 0, .nr_frames = 1 };
	grant_handle_t handle;
	char c;

	expect(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc), -XEN_EPERM,
	       "alloc_unbound for domain 0", 0);
	expect(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status), -XEN_EPERM,
	       "status of domain 0", 0);
	expect(HYPERVISOR_event_channel_op(EVTCHNOP_reset, &reset), -XEN_EPERM, "reset of domain 0",
	       0);
	expect(event_bind_interdomain(0, 1), -XEN_EINVAL, "bind a port of domain 0", 0);
	expect(HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &pirq), -XEN_EPERM, "bind_pirq", 4);
	expect(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &down), -XEN_EPERM,
	       "remote_shutdown of domain 0", 0);
	expect(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0,
	       "setup_table of domain 0", 0);
	expect(setup.status, GNTST_permission_denied, "its status", 0);
	expect(gnttab_map(page_alloc(), 0, 0, 0, &handle) < 0, true, "map a grant of domain 0's",
	       0);
	expect(HYPERVISOR_console_io(CONSOLEIO_read, 1, &c), -XEN_EPERM, "read the console", 0);
}

void payload_hostile(struct mailbox *m)
{
	mailbox = m;
	try_control();
	try_foreign_tables();
	try_foreign_memory();
	try_foreign_rest();
	m->stage = 2;
}
