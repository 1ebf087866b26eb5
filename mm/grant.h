/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1 (<xen/grant_table.h>): a domain lists frames that a
 * named other domain may map or copy.
 *
 * Three things hang together here. The shared entries, which the granting domain writes and the
 * hypervisor only marks (GTF_reading, GTF_writing); for each shared entry in use an active entry,
 * with what was found there when it was first used; and the mapping domain's handles, one for each
 * successful map. A handle, like a copy while it runs, pins an active entry: a pin holds a general
 * reference to the frame, and for write access a PGT_WRITABLE one. What a page-table entry made by
 * a map refers to is counted by the page table itself, as for any entry (mm/mmu.h).
 *
 * The structure of the granting domain stays while pins exist, because the
 * frame's general reference keeps it.
 */
#pragma once

#include <stdint.h>

#include <xen/grant_table.h>

#include "core/domain.h"

#define MAX_GRANT_FRAMES 64
#define GRANTS_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))

enum grant_access { GRANT_READ, GRANT_WRITE };

/* Frames of shared entries that d has; 0 before its first grant_table_grow(). */
uint32_t grant_table_frames(const struct domain *d);
/*
 * Lets d have at least nr_frames (0 .. MAX_GRANT_FRAMES) of them. -ENOMEM: fewer
 * than asked for, but what there is stays.
 */
int grant_table_grow(struct domain *d, uint32_t nr_frames) MUST_CHECK;
/* Machine frame of shared frame i < grant_table_frames(). */
mfn_t grant_table_mfn(const struct domain *d, uint32_t i);

/*
 * Pins entry `ref` of owner's table for `user`, if it grants that, and gives the frame. GNTST_okay,
 * or the status for the guest. The lock of owner's table is taken.
 */
int16_t grant_pin(struct domain *owner, grant_ref_t ref, const struct domain *user,
		  enum grant_access access, mfn_t *frame) MUST_CHECK;
void grant_unpin(struct domain *owner, grant_ref_t ref, enum grant_access access);

/*
 * GNTTABOP_map_grant_ref, unmap_grant_ref, unmap_and_replace for the running vCPU; fill in the results.
 * owner: the domain that op->dom names, NULL if there is none.
 */
void grant_map(struct gnttab_map_grant_ref *op, struct domain *owner);
/* new_addr 0: the entry is cleared. The caller flushes the TLB after a batch. */
int16_t grant_unmap(grant_handle_t handle, uint64_t host_addr, uint64_t dev_bus_addr,
		    uint64_t new_addr) MUST_CHECK;

/* GNTTABOP_copy: the status of one request. */
int16_t grant_copy(const struct gnttab_copy *op);

/* Debugging: frames, and handles in use. */
void grant_table_dump(struct domain *d);
/* For a person at a debug key: also the entries in use, and by whom. */
void grant_table_show(struct domain *d);

/*
 * A dying domain, after its page tables have gone: gives up all its handles and its shared frames.
 * Others may still have pinned its entries. 0 or -ERESTART.
 */
int grant_table_relinquish(struct domain *d) MUST_CHECK;
/* The last step before the structure is freed: nobody refers to d any more. */
void grant_table_free(struct domain *d);

/* The audit: calls count() for each reference that d's handles hold. */
void grant_for_each_handle(const struct domain *d,
			   void (*count)(void *context, mfn_t frame, enum grant_access access),
			   void *context);
