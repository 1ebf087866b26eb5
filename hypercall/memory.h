/* SPDX-License-Identifier: MIT */
/*
 * The parts of HYPERVISOR_memory_op among each other.
 */
#pragma once

#include <stdint.h>

#include <xen/memory.h>

#include "core/domain.h"

/* The largest extent_order that the calling domain may use. */
unsigned memop_max_order(const struct domain *caller);

/*
 * What mem_flags ask of an allocation: *limit is where the frame numbers must stay below, 0 for
 * anywhere. False: they ask for something impossible.
 */
bool memop_decode_flags(uint32_t mem_flags, mfn_t *limit) MUST_CHECK;

/*
 * Elements [first, last] of a list of xen_pfn_t at `list` lie in guest memory. The
 * address of the whole list may not wrap.
 */
bool memop_list_ok(gva_t list, uint32_t first, uint32_t last) MUST_CHECK;

/* XENMEM_exchange. */
long memop_exchange(gva_t arg) MUST_CHECK;

/* XENMEM_memory_map, machine_memory_map, set_memory_map and machphys_mapping. */
long memop_get_memory_map(gva_t arg) MUST_CHECK;
long memop_get_machine_memory_map(gva_t arg) MUST_CHECK;
long memop_set_memory_map(gva_t arg) MUST_CHECK;
long memop_machphys_mapping(gva_t arg) MUST_CHECK;
