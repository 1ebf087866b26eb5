/* SPDX-License-Identifier: MIT */
/*
 * Guest memory. The only way to it: the range is checked against HV_START without overflow, the
 * access is made once under the running guest's own page tables, and a fault anywhere comes back as
 * an error with nothing half-done the caller could trust. In both isolation modes the running guest
 * is mapped below HV_START while the hypervisor runs.
 */
#pragma once

#include "core/types.h"

/* [va, va + len) lies below HV_START. len 0 is fine anywhere. */
static inline bool guest_range_ok(gva_t va, uint32_t len)
{
	return len <= HV_START && va <= HV_START - len;
}

/* 0 or -EFAULT; on a fault dst is partly written (copy in: the rest zeroed). */
int copy_from_guest(void *dst, gva_t src, uint32_t len) MUST_CHECK;
int copy_to_guest(gva_t dst, const void *src, uint32_t len) MUST_CHECK;
int clear_guest(gva_t dst, uint32_t len) MUST_CHECK;
/* One aligned word, with the least overhead; same results. */
int get_guest_u32(uint32_t *dst, gva_t src) MUST_CHECK;
int put_guest_u32(gva_t dst, uint32_t value) MUST_CHECK;
/*
 * Issues the call in the struct multicall_entry at `entry`, which the caller has range-checked,
 * and stores its result there. Every word is read once. 0, -EFAULT, or MULTICALL_LEFT: it was
 * iret, the guest is somewhere else now, perhaps in user mode, and nothing more of the list may
 * run (XSA-213); the guest's eax is in its frame.
 */
#define MULTICALL_LEFT 1
int ASMCALL arch_multicall_call(gva_t entry) MUST_CHECK;
