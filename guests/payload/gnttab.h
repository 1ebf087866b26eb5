/* SPDX-License-Identifier: MIT */
/*
 * One frame of grant entries, version 1 (<xen/grant_table.h>): enough for tests.
 * Entries below 8 are reserved by the ABI.
 */
#pragma once

#include <xen/grant_table.h>

#include "guests/pvrt/pvrt.h"

/* The calling domain's first frame of entries, mapped. */
static inline grant_entry_v1_t *gnttab_entries(void)
{
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
	xen_pfn_t frame = 0;

	set_xen_guest_handle_raw(setup.frame_list, &frame);
	if (HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1) || setup.status)
		return NULL;
	return mm_map_frame(frame, PTE_KERNEL_RW);
}

static inline void gnttab_grant(grant_entry_v1_t *entry, domid_t to, unsigned long mfn,
				uint16_t flags)
{
	entry->frame = mfn;
	entry->domid = to;
	__asm__ __volatile__("" : : : "memory");
	entry->flags = GTF_permit_access | flags;
}

/* Takes it back; false while somebody still uses it. */
static inline bool gnttab_revoke(grant_entry_v1_t *entry)
{
	if (entry->flags & (GTF_reading | GTF_writing))
		return false;
	entry->flags = 0;
	return true;
}

/* Maps a grant at va, an address with an L1 entry. The status; *handle when that is GNTST_okay. */
static inline int gnttab_map(void *va, domid_t domid, grant_ref_t ref, uint32_t flags,
			     grant_handle_t *handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = PTR32(va), .flags = GNTMAP_host_map | flags, .ref = ref, .dom = domid
	};
	int rc = HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);

	*handle = op.handle;
	/*
	 * va mapped a page of our own before: what the processor
	 * remembers of that is ours to forget.
	 */
	mmuext_one(MMUEXT_INVLPG_LOCAL, PTR32(va), 0);
	return rc ? rc : op.status;
}

static inline int gnttab_unmap(void *va, grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = PTR32(va), .handle = handle };
	int rc = HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1);

	return rc ? rc : op.status;
}
