/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own page tables and the two views of an address
 * space (docs/design.md, "Isolation").
 */
#pragma once

#include "core/types.h"

/* Who sees the hypervisor's range while a guest runs. Fixed at boot. */
extern bool isolation_by_paging;

/*
 * Boot: builds the final tables, takes the frame table and M2P from RAM,
 * gives the rest to the allocator.
 */
void paging_init(void);
/*
 * Boot, after the choice of mode: makes text and read-only data so, fixes the
 * guest's view, patches the switcher.
 */
void paging_seal(void);

/*
 * One page of this CPU's switcher window (WINDOW_GDT.., WINDOW_LDT..): maps a frame read-only for
 * the guest, or nothing for INVALID_MFN. Cheap when that is what is mapped already.
 */
void window_map(uint32_t offset_in_window, mfn_t mfn);

/*
 * A fault of the hypervisor itself on a guest address: true when the hypervisor's view merely
 * lacked a slot-3 entry of the running guest's, which is there now.
 */
bool paging_fill_view(gva_t va);

/* Machine address of something in the image. */
paddr_t image_paddr(const void *symbol);

/* What CR3 holds in the hypervisor's own view. */
uint32_t paging_hv_cr3(void);
/* Leaves the guest's tables, for the idle vCPU. */
void paging_load_idle(void);

/* What is mapped where, for crash dumps: the hypervisor-view L1 entry of va, 0 when none. */
uint64_t paging_lookup(uintptr_t va);
