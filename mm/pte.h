/* SPDX-License-Identifier: MIT */
/*
 * What one page-table entry may say, and the references that it holds. Private to mm/.
 *
 * A present L1 entry holds a general reference to its frame, and with PTE_RW a PGT_WRITABLE one. An
 * entry for a frame that is no RAM (control domains only) holds nothing. A present L2 or L3 entry
 * holds a general reference and one of the type below.
 *
 * The L1 half is inline, because every page fault and unmapping of a guest ends here.
 */
#pragma once

#include "arch/x86_32/arch.h"
#include "core/domain.h"
#include "core/errno.h"
#include "core/lock.h"
#include "mm/page.h"

/*
 * Beyond the frame numbers that mfn_t can tell apart, up to the top; PTE_NX is let through if
 * supported.
 */
#define PTE_HIGH_BITS 0xfffff00000000000ull
/*
 * Cache attributes: in no entry for RAM, where an alias of another kind would defeat validation
 * (XSA-402).
 */
#define L1_CACHE_BITS (PTE_PWT | PTE_PCD | PTE_PAT)

/*
 * The L1 half works on entries as two words: compilers make a poor job of 64-bit values in 32-bit
 * registers, and this is where a guest's page faults spend their time.
 */
typedef uint32_t pte_word_t __attribute__((may_alias));
#define PTE_LOW(e) ((uint32_t)(e))
#define PTE_HIGH(e) ((uint32_t)((pte_t)(e) >> 32))

static inline bool pte_high_ok(uint32_t high)
{
	return (high & PTE_HIGH(PTE_HIGH_BITS) & ~PTE_HIGH(supported_pte_flags)) == 0;
}

static inline mfn_t pte_words_mfn(uint32_t low, uint32_t high)
{
	return high << (32 - PAGE_SHIFT) | low >> PAGE_SHIFT;
}

/* ---- references by compare-and-swap, the common cases inline ---- */

/* One test for both: a count this high, and far from its limit, is not a common case. */
#define COUNT_HIGH 0x00800000u
_Static_assert(COUNT_HIGH < PGC_COUNT_LIMIT && COUNT_HIGH < PGT_COUNT_MASK, "tested instead");

static inline bool page_get(struct page_info *page, struct domain *d)
{
	uint32_t count = page->count_info;

	if (unlikely(page->owner != d || (count & (PGC_ALLOCATED | COUNT_HIGH)) != PGC_ALLOCATED ||
		     cmpxchg32(&page->count_info, count, count + 1) != count))
		return get_page(page, d);
	if (likely(page->owner == d))
		return true;
	put_page(page);
	return false;
}

static inline void page_put(struct page_info *page)
{
	uint32_t count = page->count_info;

	if (likely((count & PGC_COUNT_MASK) > 1 &&
		   cmpxchg32(&page->count_info, count, count - 1) == count))
		return;
	put_page(page);
}

/* One more reference of a type that the page has already, and whose contents are known to be good. */
static inline bool page_get_type_again(struct page_info *page, uint32_t type)
{
	uint32_t x = page->type_info;

	return likely((x & (PGT_TYPE_MASK | PGT_PAE_XEN_L2 | PGT_VALIDATED | COUNT_HIGH)) ==
			      (type | PGT_VALIDATED) &&
		      cmpxchg32(&page->type_info, x, x + 1) == x);
}

/* Drops a type reference that is not the last. */
static inline bool page_put_type_again(struct page_info *page)
{
	uint32_t x = page->type_info;

	return likely((x & PGT_COUNT_MASK) > 1 && cmpxchg32(&page->type_info, x, x - 1) == x);
}

static inline bool page_get_writable(struct page_info *page)
{
	return page_get_type_again(page, PGT_WRITABLE) ||
	       get_page_type(page, PGT_WRITABLE, false) == 0;
}

static inline void page_put_writable(struct page_info *page)
{
	uint32_t type = page->type_info;

	if ((type & PGT_COUNT_MASK) <= 1) {
		BUG_ON((type & PGT_COUNT_MASK) == 0);
		page->tlb_stamp = tlb_clock();
	}
	if (unlikely(cmpxchg32(&page->type_info, type, type - 1) != type))
		put_page_type(page, false);
}

/* ---- entries that are not present ---- */

bool pte_absent_ok_slow(const struct domain *d, uint32_t low, uint32_t high);

/* May d store this entry, which is not present? See nonpresent_pte_leaks. */
static inline bool pte_absent_ok(const struct domain *d, uint32_t low, uint32_t high)
{
	return likely(!nonpresent_pte_leaks) || pte_absent_ok_slow(d, low, high);
}

/* ---- level 1 ---- */

uint32_t pte_l1_low_cached(const struct domain *d, uint32_t low, uint32_t high);

/*
 * The low word of an entry of d's as it is stored. Cache attributes on RAM are refused as Xen refuses
 * them, but taken out where Xen accepts them: of a control domain. Linux maps the first megabyte
 * uncached whatever it is, and when that happens to a page of its vDSO, a refusal makes it fault for ever.
 */
static inline uint32_t pte_l1_low(const struct domain *d, uint32_t low, uint32_t high)
{
	return likely(!(low & PTE_LOW(L1_CACHE_BITS))) ? low : pte_l1_low_cached(d, low, high);
}

/* An entry that is not for RAM of `foreign`: an error for the guest, or 0 for device memory. */
int pte_get_l1_other(const struct domain *d, const struct domain *foreign, uint32_t low,
		     uint32_t high) MUST_CHECK;
/* The read-only mapping of a descriptor table's page goes: vCPUs of d forget their LDTs. */
void pte_descriptor_page_unmapped(struct domain *d);

/*
 * The references of a present entry in a table of d, for a frame of `foreign`. 0, or as Xen:
 * -EINVAL (bits that may not be set), -EPERM (no RAM, and not allowed), -EBUSY (not foreign's, or
 * in use as something that must not be written).
 */
static ALWAYS_INLINE int pte_get_l1(struct domain *d, struct domain *foreign, uint32_t low,
				    uint32_t high)
{
	mfn_t mfn = pte_words_mfn(low, high);
	struct page_info *page;

	if (unlikely((low & PTE_LOW(L1_CACHE_BITS | PTE_G)) || !pte_high_ok(high) ||
		     !mfn_valid(mfn)))
		return pte_get_l1_other(d, foreign, low, high);
	page = &frame_table[mfn];
	if (unlikely(!page_get(page, foreign)))
		return pte_get_l1_other(d, foreign, low, high);
	if ((low & PTE_LOW(PTE_RW)) && unlikely(!page_get_writable(page))) {
		page_put(page);
		return -EBUSY;
	}
	return 0;
}

static ALWAYS_INLINE void pte_put_l1(struct domain *d, uint32_t low, uint32_t high)
{
	mfn_t mfn = pte_words_mfn(low, high);
	struct page_info *page;

	if (unlikely(!mfn_valid(mfn)))
		return;
	page = &frame_table[mfn];
	if (unlikely(page->count_info & PGC_IO))
		return;
	if (low & PTE_LOW(PTE_RW))
		page_put_writable(page);
	else if (unlikely((page->type_info & PGT_TYPE_MASK) == PGT_SEG_DESC) && page->owner == d)
		pte_descriptor_page_unmapped(d);
	page_put(page);
}

/* ---- levels 2 and 3 (mm/page_type.c) ---- */

/* How many entries of a table of this type are the guest's. */
unsigned table_entries(uint32_t type);
/* The references of entry e in slot `slot` of a table of that level. 0, -EINVAL, -ERESTART. */
int pte_get_upper(struct domain *d, unsigned level, unsigned slot, pte_t e,
		  bool preemptible) MUST_CHECK;

static inline unsigned table_level(uint32_t type)
{
	return (type & PGT_TYPE_MASK) >> 29;
}
_Static_assert(PGT_L1 >> 29 == 1 && PGT_L2 >> 29 == 2 && PGT_L3 >> 29 == 3,
	       "types of tables are their levels");
