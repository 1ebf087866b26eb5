/* SPDX-License-Identifier: MIT */
/*
 * The parts of HYPERVISOR_grant_table_op among each other.
 */
#pragma once

#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

/* GNTTABOP_copy: the status of one request. */
int16_t grant_copy(const struct gnttab_copy *op);
