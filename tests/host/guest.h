/* SPDX-License-Identifier: MIT */
/*
 * Simulated guests: a domain with memory, page tables and a running vCPU, made in one call.
 *
 * Page i of a guest is mapped at guest_va(g, i), writable unless it is one of the page tables that
 * do the mapping, which come last. Page 0 is for arguments of hypercalls.
 */
#pragma once

#include <stdint.h>

#include "core/domain.h"

#define GUEST_BASE 0xc0000000u
#define GUEST_MAX_PAGES 1024

struct guest {
	struct domain *d;
	struct vcpu *v;
	unsigned nr_pages;	     /* mapped, tables included */
	unsigned nr_plain;	     /* the first ones, which are mapped writable */
	mfn_t page[GUEST_MAX_PAGES]; /* as at the start */
	/* page numbers of the tables */
	unsigned l1[GUEST_MAX_PAGES / PTES_PER_PAGE], l2, low_l2, l3;
};

enum guest_kind { GUEST_ORDINARY, GUEST_CONTROL };

/*
 * Also makes its vCPU the running one. nr_pages <= GUEST_MAX_PAGES;
 * max_pages: the domain's limit, 0: nr_pages.
 */
struct guest *guest_create(domid_t id, enum guest_kind kind, unsigned nr_pages, unsigned max_pages);
/* Kills the domain, restarts included. */
void guest_destroy(struct guest *g);
/* How a test of cmocka ends whose state is a guest: destroys it, checks everything, counts leaks. */
int guest_teardown(void **state);
/* Kills it but keeps what is not freed yet; true when nothing was left. */
bool guest_kill(struct guest *g);

static inline gva_t guest_va(const struct guest *g, unsigned page)
{
	(void)g;
	return GUEST_BASE + page * PAGE_SIZE;
}

/* The page's memory, past all protection. */
void *guest_page(const struct guest *g, unsigned page);
/* Machine address of the L1 entry that maps va by the tables made at the start. */
uint64_t guest_l1e_maddr(const struct guest *g, gva_t va);
pte_t guest_l1e(const struct guest *g, gva_t va);

/*
 * Stores in a page, past all protection, but not when it is a page table or descriptor table now.
 */
void guest_write(struct guest *g, unsigned page, unsigned offset, const void *data, uint32_t len);
/* Copies an argument into page 0 at `offset` and returns its address there. */
gva_t guest_put(struct guest *g, unsigned offset, const void *data, uint32_t len);
#define guest_arg(g, object) guest_put(g, 0, &(object), sizeof(object))
/* Reads back what a hypercall left there. */
void guest_get(const struct guest *g, unsigned offset, void *data, uint32_t len);

/* ---- the usual calls, with their results ---- */
/* One update: ptr with its MMU_ command bits. */
long guest_mmu_update(struct guest *g, uint64_t ptr, uint64_t value);
long guest_mmu_update_for(struct guest *g, uint64_t ptr, uint64_t value, uint32_t domid);
/* The entry that maps va (in the starting tables) becomes `pte`. */
long guest_set_l1e(struct guest *g, gva_t va, pte_t pte);
long guest_update_va(gva_t va, pte_t pte, uint32_t flags);
long guest_mmuext(struct guest *g, unsigned cmd, uint32_t mfn_or_va, uint32_t arg2);
/* Makes page i read-only at its place, or writable again. */
long guest_protect(struct guest *g, unsigned page);
long guest_unprotect(struct guest *g, unsigned page);
/* Maps nothing at the place of page i. */
long guest_unmap(struct guest *g, unsigned page);

uint32_t page_count(mfn_t mfn);
uint32_t page_type(mfn_t mfn);
uint32_t page_type_count(mfn_t mfn);
