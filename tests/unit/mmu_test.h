/* SPDX-License-Identifier: MIT */
/* The guest that each test of page tables gets, and what they do with its pages. */
#pragma once

#include "tests/host/cmocka_all.h"

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include <xen/memory.h>

#include "hypercall/hypercall.h"
#include "mm/mmu.h"
#include "tests/host/guest.h"
#include "tests/host/machine.h"

#define PAGES 64
#define RW (PTE_P | PTE_RW | PTE_A | PTE_D)
#define RO (PTE_P | PTE_A)
/* Plain pages that tests use. */
#define A 4
#define B 5
#define C 6

static inline int guest_setup(void **state)
{
	machine.preempt = PREEMPT_NEVER;
	page_type_budget = 32;
	nonpresent_pte_leaks = false;
	*state = guest_create(1, GUEST_ORDINARY, PAGES, PAGES + 16);
	return 0;
}

/* ---- helpers ---- */

static inline uint64_t entry_of(const struct guest *g, unsigned table_page, unsigned index)
{
	return ((uint64_t)g->page[table_page] << PAGE_SHIFT) + index * sizeof(pte_t);
}

/* Fills a plain page, which then has no writable mapping any more. */
static inline void make_table(struct guest *g, unsigned page, const pte_t *entries, unsigned n)
{
	memset(guest_page(g, page), 0, PAGE_SIZE);
	memcpy(guest_page(g, page), entries, n * sizeof(pte_t));
	assert_int_equal(guest_protect(g, page), 0);
}

static inline long pin(struct guest *g, unsigned level, unsigned page)
{
	return guest_mmuext(g, MMUEXT_PIN_L1_TABLE + level - 1, g->page[page], 0);
}

static inline long unpin(struct guest *g, unsigned page)
{
	return guest_mmuext(g, MMUEXT_UNPIN_TABLE, g->page[page], 0);
}

static inline long pin_l1_with(struct guest *g, pte_t entry)
{
	pte_t entries[] = { pte_make(g->page[A], RO), entry };

	make_table(g, B, entries, 2);
	return pin(g, 1, B);
}

#define GUEST_TEST(name) cmocka_unit_test_setup_teardown(name, guest_setup, guest_teardown)
