/* SPDX-License-Identifier: MIT */
/*
 * domctl and sysctl for the test domain: thin wrappers that fill in command and version. Included
 * first, because the ABI's headers show these interfaces only to control tools. Results are Xen's.
 */
#pragma once

#define __XEN_TOOLS__ 1

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

/* Any operation; op->u is the caller's to fill in and to read. */
int domctl(unsigned int cmd, domid_t domid, struct xen_domctl *op);
int sysctl(unsigned int cmd, struct xen_sysctl *op);

/* Those without arguments: destroy, pause, unpause, resume. */
int domctl_simple(unsigned int cmd, domid_t domid);
int domain_info(domid_t domid, struct xen_domctl_getdomaininfo *info);
int domain_set_shares(domid_t domid, unsigned int weight, unsigned int cap);
int domain_max_mem(domid_t domid, uint64_t kib);
/* Free frames of the machine. */
uint64_t free_frames(void);
