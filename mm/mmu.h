/* SPDX-License-Identifier: MIT */
/*
 * Changing live page tables: the one set of checks that mmu_update, update_va_mapping, the write
 * emulation and grant mappings all call. The caller holds the domain's page_lock.
 */
#pragma once

#include "core/domain.h"

/*
 * Writes `new` to entry `index` of the validated L1 table `table` (its type reference is held by the
 * caller), on behalf of d; a frame named by `new` must belong to `foreign` (== d, but for a control
 * domain mapping others'). 0, -EINVAL, -EPERM, -EBUSY.
 */
int mmu_write_l1(struct domain *d, struct domain *foreign, struct page_info *table, unsigned index,
		 pte_t new) MUST_CHECK;

/*
 * As above, only if the entry still is *expected; otherwise -EAGAIN and *expected is
 * what was found.
 */
int mmu_cmpxchg_l1(struct domain *d, struct page_info *table, unsigned index, pte_t *expected,
		   pte_t new) MUST_CHECK;

/*
 * The L1 page and index that map va in v's address space; NULL when an upper level is not present.
 * The page is known to be a validated L1 of v's domain and stays so while page_lock is held.
 */
struct page_info *mmu_find_l1(struct vcpu *v, gva_t va, unsigned *index);

/* The present L1 entry for va in v's address space, or 0. Reads only. */
pte_t mmu_read_l1e(struct vcpu *v, gva_t va);

/*
 * Write emulation after a #PF of ring 1 on a read-only page at cr2 (error code: present and write,
 * not user): true when the write was done, or without effect on a table of level 2, and the
 * registers moved on (a pending single step is the caller's), false: the fault is the guest's. Takes
 * page_lock.
 */
bool ptwr_emulate(struct vcpu *v, gva_t cr2);

/*
 * The body of update_va_mapping, which takes page_lock itself: the words of a new L1 entry for va
 * in v's address space; its frame must be `foreign`'s. 0, -EINVAL (also: no L1 table there),
 * -EPERM, -EBUSY.
 */
int mmu_update_va(struct vcpu *v, struct domain *foreign, gva_t va, uint32_t low,
		  uint32_t high) MUST_CHECK;

/* A struct mmu_update in words: the entry's address with the command in its low bits, its new value. */
struct mmu_request {
	uint32_t ptr_low, ptr_high, low, high;
};
struct mmu_requests {
	const struct mmu_request *next, *end;
};
/* Whose tables a request changes, and whose frames their new entries may name. */
struct mmu_target {
	struct domain *table_owner, *frame_owner;
};
/*
 * The next request of mmu_update, and those after it that give the same command for the same table of
 * level 1; list->next moves on over what was done. An entry of a validated table of any level, or eight
 * bytes of plain memory. With MMU_PT_UPDATE_PRESERVE_AD, accessed and dirty bits that the processor set
 * meanwhile stay; what other commands there are is the caller's. Takes the owner's page_lock itself. 0,
 * or of the one that was not done: -EINVAL, -EPERM, -EBUSY, or, at level 3, -ERESTART: the same call,
 * after mmu_finish_drop(), goes on with it.
 */
int mmu_update_entries(const struct mmu_target *t, struct mmu_requests *list) MUST_CHECK;

/*
 * Drops a type and a general reference to a table. -ERESTART: not finished; the running vCPU holds
 * both until mmu_finish_drop() returns 0, which every hypercall that gets here calls first. It
 * takes page_lock itself.
 */
int mmu_drop_table(struct page_info *page) MUST_CHECK;
int mmu_finish_drop(struct vcpu *v) MUST_CHECK;

/*
 * Makes `mfn` v's top level, dropping the old one's reference; loads it when v is running. The LDT,
 * which lies in the old address space, is forgotten. 0, -EINVAL, or -ERESTART: the table is not
 * checked to its end, nothing has changed; or, for the running vCPU, as in mmu_drop_table().
 */
int mmu_new_top(struct vcpu *v, mfn_t mfn) MUST_CHECK;

/* ---- domain memory (mm/domain_mem.c); these take page_lock themselves ---- */
/*
 * 2^order fresh contiguous frames for d, counted against max_pages, each with one PGC_ALLOCATED
 * reference, in d's page list, and with no machine-to-physical entry; contents zeroed. max: frame
 * numbers stay below (0: any). NULL: over the limit, or no memory.
 */
struct page_info *domain_page_alloc(struct domain *d, unsigned order, mfn_t max);
/* The same with whatever the frames hold: only for memory that no other domain has used (boot). */
struct page_info *domain_page_alloc_dirty(struct domain *d, unsigned order, mfn_t max);
/* Puts an existing ownerless frame under d (boot: modules). max_pages is not checked. */
void domain_page_assign(struct domain *d, struct page_info *page);
/*
 * d gives a frame up (memory_op). Its frame number becomes free when the last reference goes, and
 * so does its place in max_pages. 0, -EINVAL: not d's, -EBUSY: it is pinned (see
 * domain_page_unpin_unused()), or in use by more than plain mappings, or mapped by several.
 */
int domain_page_release(struct domain *d, mfn_t mfn) MUST_CHECK;
/*
 * Before a release: if mfn is a pinned table of d's that nothing but the pin refers to, undoes the
 * pin as MMUEXT_UNPIN_TABLE does. 0: also when it was not pinned. -EINVAL, -EBUSY: in use besides,
 * and pinned as it was. -ERESTART as in mmu_drop_table().
 */
int domain_page_unpin_unused(struct domain *d, mfn_t mfn) MUST_CHECK;
/*
 * Lets d map a hypervisor heap page (shared_info, grant frames): writable or not. heap_page_free()
 * ends it.
 */
void domain_share_heap_page(struct domain *d, void *heap_page, bool writable);
/* Drops every page-table reference, pin and frame of a dying domain. 0 or -ERESTART. */
int domain_relinquish_memory(struct domain *d) MUST_CHECK;

/*
 * The audit (debug builds, host tests): recomputes every frame's counts from the page tables,
 * descriptor tables, pins, vCPUs and grants of all domains and compares. Returns the number of
 * frames that differ and prints the first few.
 */
unsigned mm_audit(void);
