/* SPDX-License-Identifier: MIT */
/*
 * What domctl and sysctl have in common. Included before any other header: the ABI's own show these
 * interfaces, and the 64-bit handles in them, only to control tools.
 */
#pragma once

#define __XEN_TOOLS__ 1

#include <stdint.h>

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "core/domain.h"
#include "hypercall/hypercall.h"

/*
 * The address in a guest handle of either width; a 32-bit guest's has
 * nothing in the upper half that counts.
 */
#define HANDLE(h) ((gva_t)(uintptr_t)(h).p)

/*
 * Operations on a domain; *op is a copy, which goes back to the caller where its entry in the table
 * says so. 0, an error, or -ERESTART: the same call again.
 */
typedef int domctl_fn(struct domain *d, struct xen_domctl *op);

domctl_fn domctl_destroydomain, domctl_pausedomain, domctl_unpausedomain, domctl_resumedomain,
	domctl_getdomaininfo, domctl_max_mem, domctl_setdomainhandle;
domctl_fn domctl_max_vcpus, domctl_setvcpucontext, domctl_getvcpucontext, domctl_getvcpuinfo,
	domctl_setvcpuaffinity, domctl_getvcpuaffinity, domctl_scheduler_op, domctl_sendtrigger,
	domctl_setvcpuextstate, domctl_getvcpuextstate;
domctl_fn domctl_irq_permission, domctl_iomem_permission, domctl_ioport_permission;
domctl_fn domctl_getpageframeinfo3, domctl_hypercall_init, domctl_set_address_size,
	domctl_get_address_size;

/* Makes the domain that *op describes, and puts its number there. */
int domctl_createdomain(struct xen_domctl *op) MUST_CHECK;

/* What getdomaininfo and getdomaininfolist tell of a domain, also of a dead one. */
void domain_info_fill(const struct domain *d, struct xen_domctl_getdomaininfo *info);
