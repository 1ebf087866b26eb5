/* SPDX-License-Identifier: MIT */
/*
 * The frame table: one struct page_info per machine frame, and the two counts that carry all
 * isolation.
 *
 *   count_info  how many references exist to the frame at all. A frame with PGC_ALLOCATED belongs
 *               to page->owner; one of its references is the allocation itself. At zero the frame
 *               goes back to the allocator.
 *   type_info   what the frame is used as, and by how many. The types exclude each other: the count
 *               must reach zero before the type can change. A type reference always comes with a
 *               general one.
 *
 *   type            may be held by                         contents
 *   PGT_WRITABLE    writable mappings, hypervisor writers  anything
 *   PGT_L1          L2 entries, pins                       only entries that were checked
 *   PGT_L2          L3 entries, pins                       as above; PGT_PAE_XEN_L2: is in slot 3
 *   PGT_L3          a vCPU's cr3, pins                     as above
 *   PGT_SEG_DESC    a vCPU's GDT or LDT                    only descriptors that were checked
 *   PGT_NONE        nothing                                anything
 *
 * PGT_VALIDATED is set while the contents are known to be good for the type. PGT_PARTIAL marks a
 * validation or its undoing that stopped half way: the first nr_done entries hold references.
 *
 * Both words change by compare-and-swap only; no lock is needed to take or drop references. Gaining
 * or losing PGT_VALIDATED or PGT_PARTIAL needs the owner's page_lock, as that reads or drops what
 * the entries refer to.
 *
 * PGT_PARTIAL always has a type count of one. While validating (PARTIAL_BUILDING, or PARTIAL_FAILED
 * once a bad entry was met) it is nobody's, and the partial state holds a general reference;
 * whoever asks for the type goes on with the work. While undoing (PARTIAL_DROPPING) it is the last
 * holder's, who must ask again; all others are refused.
 *
 * Source of the scheme: Xen's page types, which the mmuext_op interface shows (xen.h).
 */
#pragma once

#include "core/panic.h"
#include "core/types.h"

struct domain;

struct page_info {
	uint32_t count_info;
	uint32_t type_info;
	struct domain *owner;
	union {
		/* Type count 0: the flush clock when the last mapping may have entered a TLB. */
		uint32_t tlb_stamp;
		/* PGT_PARTIAL */
		struct {
			uint16_t nr_done;
			uint8_t partial; /* enum page_partial */
			uint8_t reserved;
		};
	};
	/*
	 * Links of the owner's page list or of a free list, as frame numbers. A free block's head
	 * has its order in type_info.
	 */
	mfn_t next, prev;
};
_Static_assert(sizeof(void *) != 4 || sizeof(struct page_info) == 24,
	       "FRAMETABLE_SIZE assumes 24 bytes");

#define PGC_ALLOCATED 0x80000000u
/* The hypervisor's own: heap, page tables, image. Never a guest's. */
#define PGC_HYPERVISOR 0x40000000u
/* No longer allocated, but others hold references: they keep the owner's structure alive. */
#define PGC_RELEASED 0x20000000u
/* No RAM: a control domain may map it, without references. */
#define PGC_IO 0x10000000u
/* Head of a free block. */
#define PGC_FREE 0x08000000u
/* Free, and filled with a pattern (debug builds). */
#define PGC_POISONED 0x04000000u
#define PGC_COUNT_MASK 0x00ffffffu
/* No more references from here on, so that a partial validation's own always fits. */
#define PGC_COUNT_LIMIT 0x00ffff00u

#define PGT_NONE 0x00000000u
#define PGT_L1 0x20000000u
#define PGT_L2 0x40000000u
#define PGT_L3 0x60000000u
#define PGT_SEG_DESC 0x80000000u
#define PGT_WRITABLE 0xe0000000u
#define PGT_TYPE_MASK 0xe0000000u
#define PGT_PINNED 0x10000000u
#define PGT_VALIDATED 0x08000000u
#define PGT_PAE_XEN_L2 0x04000000u
#define PGT_PARTIAL 0x02000000u
#define PGT_COUNT_MASK 0x00ffffffu

enum page_partial { PARTIAL_BUILDING, PARTIAL_FAILED, PARTIAL_DROPPING };

/* Page-table entry bits (SDM vol. 3, 4.4). */
#define PTE_P 0x001ull
#define PTE_RW 0x002ull
#define PTE_US 0x004ull
#define PTE_PWT 0x008ull
#define PTE_PCD 0x010ull
#define PTE_A 0x020ull
#define PTE_D 0x040ull
#define PTE_PSE 0x080ull
#define PTE_PAT 0x080ull
#define PTE_G 0x100ull
#define PTE_AVAIL 0xe00ull
#define PTE_NX 0x8000000000000000ull
#define PTE_MFN_MASK 0x000ffffffffff000ull
#define PTES_PER_PAGE 512
#define FRAMES_PER_4GIB 0x100000u
#define L3_SLOTS 4
/* First slot of the slot-3 L2 page that is the hypervisor's. */
#define L2_HV_FIRST ((HV_START >> L2_SHIFT) & (PTES_PER_PAGE - 1))

static inline mfn_t pte_mfn(pte_t e)
{
	return (mfn_t)((e & PTE_MFN_MASK) >> PAGE_SHIFT);
}

/* Half a test each: the compiler would look at both words. */
static inline bool pte_present(pte_t e)
{
	return (uint32_t)e & (uint32_t)PTE_P;
}

static inline pte_t pte_make(mfn_t mfn, uint64_t flags)
{
	return (uint64_t)mfn << PAGE_SHIFT | flags;
}

static inline unsigned l1_index(gva_t va)
{
	return va >> PAGE_SHIFT & (PTES_PER_PAGE - 1);
}

static inline unsigned l2_index(gva_t va)
{
	return va >> L2_SHIFT & (PTES_PER_PAGE - 1);
}

static inline unsigned l3_index(gva_t va)
{
	return va >> L3_SHIFT;
}

/* ---- the table (mm/frame.c) ---- */

extern struct page_info *frame_table;
extern mfn_t max_mfn; /* frames below it have a page_info; RAM or not */

static inline bool mfn_valid(mfn_t mfn)
{
	return mfn < max_mfn;
}

static inline struct page_info *mfn_to_page(mfn_t mfn)
{
	ASSERT(mfn_valid(mfn));
	return &frame_table[mfn];
}

static inline mfn_t page_to_mfn(const struct page_info *page)
{
	return (mfn_t)(page - frame_table);
}

/*
 * Flags beyond the frame number that the processor lets an entry have: PTE_NX or nothing. Set by
 * arch at boot.
 */
extern uint64_t supported_pte_flags;
/*
 * Set by arch on a processor that speculates with the frame number of an entry which is not present
 * (L1TF). Then such an entry is refused unless its frame is the guest's own or no RAM. That is what
 * Linux writes since it inverts them (4.18, and stable series); swap entries of older PAE kernels
 * lie above all RAM as well.
 */
extern bool nonpresent_pte_leaks;

/*
 * Frames [start, end) are no RAM; a control domain may map them. Boot only. Frames at and beyond
 * max_mfn need no call.
 */
void frame_mark_io(mfn_t start, mfn_t end);
/*
 * Takes [start, end) out of what a control domain may map (interrupt controllers, the hypervisor's
 * timers). Boot only.
 */
void frame_deny_io(mfn_t start, mfn_t end);
/* True for what d may map without being RAM. */
bool frame_io_allowed(const struct domain *d, mfn_t mfn);

/*
 * General references. get: false when the frame is not allocated, belongs to another domain, or the
 * count would overflow.
 */
bool get_page(struct page_info *page, struct domain *d) MUST_CHECK;
void put_page(struct page_info *page);
/*
 * The owner gives the frame up: drops the allocation's reference. False: it was not (or no longer)
 * allocated. Not for pages in a list.
 */
bool page_drop_allocation(struct page_info *page);

/*
 * Type references (mm/page_type.c). `type` is a PGT_ type, for PGT_L2 optionally with
 * PGT_PAE_XEN_L2. 0, or -EINVAL (wrong type in use, contents bad, overflow), -EBUSY, or -ERESTART
 * when `preemptible` and page_type_budget is used up: call again. The caller holds a general
 * reference. Validation takes the owner's page_lock as held.
 */
int get_page_type(struct page_info *page, uint32_t type, bool preemptible) MUST_CHECK;
/* 0, or -ERESTART when preemptible: the reference is kept until a later call returns 0. */
int put_page_type(struct page_info *page, bool preemptible);

/*
 * How many L1 tables one preemptible call checks or undoes before it returns -ERESTART. The caller
 * then drops page_lock, and asks preempt_needed() whether to go on at once or to restart the
 * hypercall. Tests lower it, not below 1.
 */
extern unsigned page_type_budget;

/*
 * Both at once, for a frame number that came from a guest. -EINVAL on a frame that is no RAM or not
 * d's.
 */
int get_page_and_type(mfn_t mfn, struct domain *d, uint32_t type, bool preemptible) MUST_CHECK;
static inline void put_page_and_type(struct page_info *page)
{
	put_page_type(page, false);
	put_page(page);
}

/* ---- machine-to-physical table ---- */
extern uint32_t *m2p; /* read-only to guests at M2P_START */
#define INVALID_M2P_ENTRY 0xffffffffu

/* ---- page allocator (mm/alloc.c), buddy, orders 0 .. MAX_ORDER ---- */
#define MAX_ORDER 10
/* Gives RAM frames [start, end) to the allocator. Boot only. */
void alloc_add_range(mfn_t start, mfn_t end);
/*
 * 2^order contiguous frames, uninitialised, owner NULL, counts 0; NULL when none. max: frame
 * numbers stay below (0: any).
 */
struct page_info *alloc_pages(unsigned order, mfn_t max);
void free_pages(struct page_info *page, unsigned order);
/* In frames; O(1). */
uint32_t alloc_free_count(void);

/* ---- hypervisor heap (mm/heap.c) ---- */
/*
 * One zeroed page, mapped in every hypervisor view; frame below 4 GiB; NULL when out of memory or
 * of address space, of which the last is kept for control domains.
 */
void *heap_page_alloc(void);
void heap_page_free(void *page);
mfn_t heap_page_mfn(const void *page);
/* n virtually contiguous zeroed pages with an unmapped guard page behind. */
void *heap_pages_alloc(unsigned n);
void heap_pages_free(void *pages, unsigned n);
/*
 * Objects up to PAGE_SIZE / 2, zeroed, 16-byte aligned (larger ones become whole pages); NULL when
 * out of memory.
 */
void *heap_alloc(size_t size);
void heap_free(void *object);
/* Frames in use by the heap. */
uint32_t heap_used_count(void);

/* ---- map cache (mm/mapcache.c) ---- */
/*
 * A window on any frame, valid until frame_unmap(); nests; must not be kept across a preemption
 * point.
 */
void *frame_map(mfn_t mfn);
void frame_unmap(const void *va);
