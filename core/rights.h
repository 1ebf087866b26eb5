/* SPDX-License-Identifier: MIT */
/*
 * What a domain may reach of the machine beyond its memory: I/O ports, frames that are no RAM,
 * physical interrupts, each a set of ranges. XEN_DOMCTL_ioport_permission, iomem_permission and
 * irq_permission change them; who emulates ports, checks page-table entries or binds interrupts
 * asks. A control domain needs none for what is not the hypervisor's own.
 */
#pragma once

#include "core/domain.h"

enum right { RIGHT_IOPORT, RIGHT_IOMEM, RIGHT_IRQ, NR_RIGHTS };

/*
 * Ranges [first, last]. 0, -ENOMEM: no memory, or more ranges than a domain
 * may have. Nothing has changed then.
 */
int rights_grant(struct domain *d, enum right right, uint32_t first, uint32_t last) MUST_CHECK;
int rights_revoke(struct domain *d, enum right right, uint32_t first, uint32_t last) MUST_CHECK;
/* All of [first, last] is d's by such a grant. */
bool rights_cover(const struct domain *d, enum right right, uint32_t first, uint32_t last);
void rights_free(struct domain *d);
