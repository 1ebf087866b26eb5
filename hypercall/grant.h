/* SPDX-License-Identifier: MIT */
/*
 * The parts of HYPERVISOR_grant_table_op among each other.
 */
#ifndef RINGLET_HYPERCALL_GRANT_H
#define RINGLET_HYPERCALL_GRANT_H

#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

/* GNTTABOP_copy: the status of one request. */
int16_t grant_copy(const struct gnttab_copy *op);

#endif
