/* SPDX-License-Identifier: MIT */
/*
 * Guest memory under direct paging (PAE).  Three numbers name a page: its pseudo-physical frame
 * (pfn), its machine frame (mfn), and its address in the kernel map, VIRT_BASE + pfn * PAGE_SIZE.
 * start_info->mfn_list gives pfn -> mfn, the hypervisor's read-only table gives mfn -> pfn.
 *
 * Page tables are ordinary pages of the guest, mapped read-only; entries change by hypercall.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#include "guests/pvrt/layout.h"
#include "guests/pvrt/start.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE ((uint32_t)PAGE_BYTES)
#define PAGE_MASK (~(PAGE_SIZE - 1))

typedef uint64_t pte_t;

#define PTE_P 0x001ULL
#define PTE_RW 0x002ULL
#define PTE_US 0x004ULL
#define PTE_PWT 0x008ULL
#define PTE_PCD 0x010ULL
#define PTE_A 0x020ULL
#define PTE_D 0x040ULL
#define PTE_PSE 0x080ULL
#define PTE_PAT 0x080ULL
#define PTE_G 0x100ULL
#define PTE_AVAIL 0xe00ULL
#define PTE_NX (1ULL << 63)
#define PTE_FRAME 0x000ffffffffff000ULL

/* The usual kinds of kernel mapping. */
#define PTE_KERNEL_RO (PTE_P | PTE_A)
#define PTE_KERNEL_RW (PTE_P | PTE_RW | PTE_A | PTE_D)
#define PTE_USER_RW (PTE_KERNEL_RW | PTE_US)
#define PTE_TABLE (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

#define ENTRIES_PER_TABLE 512
#define L2_SPAN (PAGE_SIZE * ENTRIES_PER_TABLE)
#define INVALID_MFN (~0ul)

/* Index of an address's entry in the table of that level (1 to 3). */
static inline unsigned int table_index(uint32_t va, unsigned int level)
{
	return (va >> (PAGE_SHIFT + 9 * (level - 1))) & (ENTRIES_PER_TABLE - 1);
}

/* The machine-to-physical table and how many entries of it may be read. */
extern const unsigned long *m2p_table;
extern unsigned long m2p_entries;

static inline unsigned long *p2m_table(void)
{
	return (unsigned long *)start_info->mfn_list;
}

static inline unsigned long va_to_pfn(const void *va)
{
	return ((uint32_t)(uintptr_t)va - VIRT_BASE) >> PAGE_SHIFT;
}

static inline void *pfn_to_va(unsigned long pfn)
{
	return (void *)(VIRT_BASE + (pfn << PAGE_SHIFT));
}

static inline unsigned long pfn_to_mfn(unsigned long pfn)
{
	return p2m_table()[pfn];
}

/* INVALID_MFN's counterpart is returned for frames that the table has no entry for. */
unsigned long mfn_to_pfn(unsigned long mfn);

static inline unsigned long va_to_mfn(const void *va)
{
	return pfn_to_mfn(va_to_pfn(va));
}

static inline pte_t mfn_pte(unsigned long mfn, pte_t flags)
{
	return ((pte_t)mfn << PAGE_SHIFT) | flags;
}

static inline unsigned long pte_mfn(pte_t pte)
{
	return (unsigned long)((pte & PTE_FRAME) >> PAGE_SHIFT);
}

/* Called once, before anything else of this file. */
void mm_init(void);

/* --- Pages --- */

/* One zeroed page in the kernel map, or a panic when the domain has no more. */
void *page_alloc(void);
/* Several pages in a row (not zeroed); they are never freed. */
void *page_alloc_run(unsigned int pages);
void page_free(void *page);
/* Pages that can still be allocated, less the tables that mapping them may take. */
unsigned long mm_pages_left(void);

/* --- Page tables: the current address space is the one that mm_init() found --- */

/* The top-level table, for reading. */
pte_t *mm_top_table(void);

/* The entry of va in the table of that level, for reading; NULL when a level above is missing. */
const volatile pte_t *pte_find(uint32_t va, unsigned int level);

/* Machine address of that entry, for mmu_update; 0 when there is none. */
uint64_t pte_maddr(uint32_t va, unsigned int level);

/* The level-1 entry's value, 0 when there is none. */
pte_t pte_read(const void *va);

/* update_va_mapping with a flush of that address. Returns its result. */
int mm_map(void *va, pte_t pte);

/* Maps a page of the kernel map with other flags: its own frame, the flags given. */
int page_protect(void *page, pte_t flags);

/* One mmu_update of MMU_NORMAL_PT_UPDATE kind. Returns its result. */
int mmu_write(uint64_t maddr, pte_t value);

/* Hooks up missing tables so that va has a level-1 entry. Returns 0 or Xen's error. */
int mm_ensure_tables(uint32_t va);

/*
 * An address of its own for a frame that is not in the kernel map (the page behind it stays ours).
 */
void *mm_map_frame(unsigned long mfn, pte_t flags);
void mm_unmap_frame(void *va);

/* --- Extended operations on one table --- */

int mmuext_one(unsigned int cmd, unsigned long arg1, unsigned long arg2);
int table_pin(void *table, unsigned int level);
int table_unpin(void *table);
