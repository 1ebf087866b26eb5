/* SPDX-License-Identifier: MIT */
/* See pages.h. */
#include "dom0/net/pages.h"

#include "dom0/memory.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"

/* What is left to the rest of the control domain, in pages. */
#define PAGES_IN_HAND 256u

void *net_pages(unsigned count)
{
	if (heap_pages_left() < PAGES_IN_HAND + count)
		return NULL;
	return page_alloc_run(count);
}

xen_pfn_t net_frame(const void *address)
{
	return va_to_mfn(address);
}

bool net_grant_copy(struct gnttab_copy *copies, unsigned count)
{
	return !count || !HYPERVISOR_grant_table_op(GNTTABOP_copy, copies, count);
}
