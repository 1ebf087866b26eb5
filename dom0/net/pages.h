/* SPDX-License-Identifier: MIT */
/* What the network asks of the machine: memory, copies between domains, events. Tests have their own. */
#pragma once

#include <stdbool.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

/* Pages in a row, never given back; NULL when memory is short. */
void *net_pages(unsigned count);
/* The machine frame of such a page. */
xen_pfn_t net_frame(const void *address);

/* One hypercall for all of them; each has its status afterwards. False when it was refused as a whole. */
bool net_grant_copy(struct gnttab_copy *copies, unsigned count);
