/* SPDX-License-Identifier: MIT */
/*
 * Type references: what a frame is used as, the check of its contents when that use begins, and the
 * release of what the contents refer to when it ends.
 *
 *   type          contents when a use begins               holds for each present entry
 *   PGT_WRITABLE  not looked at                            nothing
 *   PGT_SEG_DESC  512 descriptors, arch_descriptor_check() nothing
 *   PGT_L1        512 entries, pte_get_l1()                see mm/pte.h
 *   PGT_L2        512 entries, or those below L2_HV_FIRST  a PGT_L1 reference
 *   PGT_L3        4 entries; the last must be present      a PGT_L2 one; slot 3: PGT_PAE_XEN_L2
 *
 * No table refers to one of its own level, so nesting ends after three and there are no cycles of
 * type references.
 *
 * A change of type is where a stale translation could do harm: a writable one of what is a page
 * table from now on, or a cached upper-level entry of what is plain memory from now on. So
 * tlb_stamp, set when the count falls to zero, is compared before the contents are looked at
 * (XSA-401, XSA-408).
 *
 * The states of an interrupted check are in mm/page.h. Lock: the owner's page_lock for every type
 * but PGT_WRITABLE; counts above one move without it.
 */
#include "mm/pte.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/descriptor.h"
#include "core/lib.h"
#include "mm/window.h"

#define TYPE_AND_PLACE (PGT_TYPE_MASK | PGT_PAE_XEN_L2)

unsigned page_type_budget = 32;

static const struct table_format {
	uint16_t entries;
	uint32_t child_type;
	pte_t refused; /* bits that a present entry may not have */
} table_format[] = {
	[1] = { PTES_PER_PAGE, 0, 0 }, /* pte_get_l1() knows the rest */
	[2] = { PTES_PER_PAGE, PGT_L1, PTE_PWT | PTE_PCD | PTE_PSE | PTE_G },
	/* The other flags are reserved here, but never reach the processor (arch_load_top). */
	[3] = { L3_SLOTS, PGT_L2, PTE_PWT | PTE_PCD | PTE_PSE | PTE_G | PTE_NX },
};

/* budget: L1 tables still to be worked on before -ERESTART; NULL: all of them. */
static int get_type(struct page_info *page, uint32_t type, unsigned *budget);
static int put_type(struct page_info *page, unsigned *budget);

/* ---- single entries ---- */

bool pte_absent_ok_slow(const struct domain *d, uint32_t low, uint32_t high)
{
	pte_t e = (pte_t)high << 32 | low;
	mfn_t mfn = pte_mfn(e);

	/* A frame that is never RAM in use: beyond it all, or one that the allocator keeps back. */
	if ((e & PTE_MFN_MASK) >> PAGE_SHIFT >= max_mfn || mfn % FRAMES_PER_4GIB == 0)
		return true;
	return mfn_to_page(mfn)->owner == d || mfn_to_page(mfn)->count_info & PGC_IO;
}

static bool frame_is_ram(mfn_t mfn)
{
	return mfn_valid(mfn) && !(mfn_to_page(mfn)->count_info & PGC_IO);
}

uint32_t pte_l1_low_cached(const struct domain *d, uint32_t low, uint32_t high)
{
	if (low & PTE_LOW(PTE_P) && domain_is_control(d) && frame_is_ram(pte_words_mfn(low, high)))
		low &= ~PTE_LOW(L1_CACHE_BITS);
	return low;
}

int pte_get_l1_other(const struct domain *d, const struct domain *foreign, uint32_t low,
		     uint32_t high)
{
	mfn_t mfn = pte_words_mfn(low, high);

	if (low & PTE_LOW(PTE_G) || !pte_high_ok(high))
		return -EINVAL;
	if (frame_is_ram(mfn))
		return low & PTE_LOW(L1_CACHE_BITS) ? -EINVAL : -EBUSY;
	if (mfn == INVALID_MFN)
		return -EINVAL;
	return frame_io_allowed(d, mfn) && frame_io_allowed(foreign, mfn) ? 0 : -EPERM;
}

void pte_descriptor_page_unmapped(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	for_each_vcpu(d, v, i)
		ldt_drop(v);
}

unsigned table_entries(uint32_t type)
{
	if (type & PGT_PAE_XEN_L2)
		return L2_HV_FIRST;
	return table_format[table_level(type)].entries;
}

static uint32_t child_type(unsigned level, unsigned slot)
{
	if (level == 3 && slot == L3_SLOTS - 1)
		return PGT_L2 | PGT_PAE_XEN_L2;
	return table_format[level].child_type;
}

static COLD int get_child_slow(struct page_info *page, uint32_t type, unsigned *budget)
{
	int rc = get_type(page, type, budget);

	if (rc)
		page_put(page);
	/* As Xen: what exactly was wrong below is not told. */
	return rc && rc != -ERESTART ? -EINVAL : rc;
}

static ALWAYS_INLINE int get_child(struct domain *d, mfn_t mfn, uint32_t type, unsigned *budget)
{
	struct page_info *page;

	if (!mfn_valid(mfn))
		return -EINVAL;
	page = mfn_to_page(mfn);
	if (!page_get(page, d))
		return -EINVAL;
	/* Most are the kernel's tables, which all its address spaces share. */
	if (!(type & PGT_PAE_XEN_L2) && page_get_type_again(page, type))
		return 0;
	return get_child_slow(page, type, budget);
}

static ALWAYS_INLINE int get_entry(struct domain *d, unsigned level, unsigned slot, uint32_t low,
				   uint32_t high, unsigned *budget)
{
	if (!(low & PTE_LOW(PTE_P)))
		return pte_absent_ok(d, low, high) ? 0 : -EINVAL;
	if (low & PTE_LOW(table_format[level].refused) ||
	    high & PTE_HIGH(table_format[level].refused) || !pte_high_ok(high))
		return -EINVAL;
	return get_child(d, pte_words_mfn(low, high), child_type(level, slot), budget);
}

int pte_get_upper(struct domain *d, unsigned level, unsigned slot, pte_t e, bool preemptible)
{
	unsigned budget = page_type_budget;

	return get_entry(d, level, slot, PTE_LOW(e), PTE_HIGH(e), preemptible ? &budget : NULL);
}

/* ---- whole contents ---- */

/*
 * Most entries of most tables are absent, so the search for others looks at whole groups first, of
 * 8 and of 64. It only skips: whatever it stops at goes through the check of a single entry.
 */
static ALWAYS_INLINE bool entries_absent(const pte_word_t *w, unsigned n)
{
	uint32_t any = 0;
	unsigned i;

#pragma GCC unroll 64
	for (i = 0; i < n; i++)
		any |= w[2 * i];
	return !(any & PTE_LOW(PTE_P));
}

/* How many absent entries to skip, from number i, which is one, upwards. */
static ALWAYS_INLINE unsigned absent_from(const pte_word_t *w, unsigned i)
{
	if (i % 8 || !entries_absent(&w[2 * i], 8))
		return 1;
	return i % 64 == 0 && entries_absent(&w[2 * (i + 8)], 56) ? 64 : 8;
}

/* The same downwards, number i not included. */
static ALWAYS_INLINE unsigned absent_below(const pte_word_t *w, unsigned i)
{
	if (i % 8 || !entries_absent(&w[2 * (i - 8)], 8))
		return 1;
	return i % 64 == 0 && entries_absent(&w[2 * (i - 64)], 56) ? 64 : 8;
}

/* The first entry from i on that needs a check; n: none. An absent one may (nonpresent_pte_leaks). */
static inline unsigned next_to_get(const pte_t *table, unsigned i, unsigned n)
{
	const pte_word_t *w = (const pte_word_t *)table;

	if (unlikely(nonpresent_pte_leaks)) {
		while (i < n && !(w[2 * i] | w[2 * i + 1]))
			i++;
		return i;
	}
	while (i < n && !(w[2 * i] & PTE_LOW(PTE_P)))
		i += absent_from(w, i);
	return i < n ? i : n;
}

/* The number of entries below n up to and with the last present one. */
static inline unsigned next_to_put(const pte_t *table, unsigned n)
{
	const pte_word_t *w = (const pte_word_t *)table;

	while (n > 0 && !(w[2 * n - 2] & PTE_LOW(PTE_P)))
		n -= absent_below(w, n);
	return n;
}

/* The first n. */
static void l1_put_entries(struct domain *d, const pte_t *l1, unsigned n)
{
	const pte_word_t *w = (const pte_word_t *)l1;

	while ((n = next_to_put(l1, n)) > 0) {
		n--;
		pte_put_l1(d, w[2 * n], w[2 * n + 1]);
	}
}

static int l1_get_entries(struct domain *d, pte_t *l1)
{
	pte_word_t *w = (pte_word_t *)l1;
	unsigned i = 0;
	int rc;

	for (; (i = next_to_get(l1, i, PTES_PER_PAGE)) < PTES_PER_PAGE; i++) {
		if (unlikely(w[2 * i] & PTE_LOW(L1_CACHE_BITS)))
			w[2 * i] = pte_l1_low(d, w[2 * i], w[2 * i + 1]);
		if (w[2 * i] & PTE_LOW(PTE_P))
			rc = pte_get_l1(d, d, w[2 * i], w[2 * i + 1]);
		else
			rc = pte_absent_ok(d, w[2 * i], w[2 * i + 1]) ? 0 : -EINVAL;
		if (unlikely(rc)) {
			l1_put_entries(d, l1, i);
			return rc;
		}
	}
	return 0;
}

static int descriptors_check(uint64_t *table)
{
	unsigned i;

	for (i = 0; i < PAGE_SIZE / sizeof(*table); i++)
		if (!arch_descriptor_check(&table[i]))
			return -EINVAL;
	return 0;
}

/* From page->nr_done, which follows, on. */
static int l2_get_entries(struct page_info *page, uint32_t type, pte_t *l2, unsigned *budget)
{
	const pte_word_t *w = (const pte_word_t *)l2;
	struct domain *d = page->owner;
	unsigned i = page->nr_done, n = table_entries(type);
	int rc = 0;

	for (; (i = next_to_get(l2, i, n)) < n; i++) {
		rc = get_entry(d, 2, i, w[2 * i], w[2 * i + 1], budget);
		if (unlikely(rc))
			break;
	}
	page->nr_done = (uint16_t)i;
	if (type & PGT_PAE_XEN_L2 && rc == 0)
		arch_l2_init_hv_slots(l2);
	return rc;
}

static int l3_get_entries(struct page_info *page, const pte_t *l3, unsigned *budget)
{
	pte_t e;
	int rc;

	if (!pte_present(l3[L3_SLOTS - 1]))
		return -EINVAL;
	for (; page->nr_done < L3_SLOTS; page->nr_done++) {
		e = l3[page->nr_done];
		rc = get_entry(page->owner, 3, page->nr_done, PTE_LOW(e), PTE_HIGH(e), budget);
		if (rc)
			return rc;
	}
	return 0;
}

/* From page->nr_done, which follows, down. */
static int table_put_entries(struct page_info *page, const pte_t *table, unsigned *budget)
{
	struct page_info *child;
	unsigned i = page->nr_done;

	while ((i = next_to_put(table, i)) > 0) {
		child = mfn_to_page(pte_mfn(table[i - 1]));
		if (!page_put_type_again(child) && put_type(child, budget)) {
			page->nr_done = (uint16_t)i;
			return -ERESTART;
		}
		page_put(child);
		i--;
	}
	page->nr_done = 0;
	return 0;
}

static int contents_get(struct page_info *page, uint32_t type, unsigned *budget)
{
	void *contents = window_open(page_to_mfn(page));
	int rc;

	if ((type & PGT_TYPE_MASK) == PGT_SEG_DESC)
		rc = descriptors_check(contents);
	else if (table_level(type) == 1)
		rc = l1_get_entries(page->owner, contents);
	else if (table_level(type) == 2)
		rc = l2_get_entries(page, type, contents, budget);
	else
		rc = l3_get_entries(page, contents, budget);
	window_close(contents);
	return rc;
}

static int contents_put(struct page_info *page, uint32_t type, unsigned *budget)
{
	void *contents = window_open(page_to_mfn(page));
	int rc = 0;

	if ((type & PGT_TYPE_MASK) == PGT_L1)
		l1_put_entries(page->owner, contents, PTES_PER_PAGE);
	else if ((type & PGT_TYPE_MASK) != PGT_SEG_DESC)
		rc = table_put_entries(page, contents, budget);
	window_close(contents);
	return rc;
}

/* They are not the guest's business, and would not pass a check as its own. */
static void clear_hv_slots(struct page_info *page)
{
	pte_t *l2 = window_open(page_to_mfn(page));

	memset(&l2[L2_HV_FIRST], 0, (PTES_PER_PAGE - L2_HV_FIRST) * sizeof(l2[0]));
	window_close(l2);
}

/*
 * Is this a piece of work that the budget counts, and is the budget used up? Takes one from it
 * otherwise.
 */
static bool budget_spent(uint32_t type, unsigned *budget)
{
	if (!budget || (type & PGT_TYPE_MASK) != PGT_L1)
		return false;
	if (*budget == 0)
		return true;
	--*budget;
	return false;
}

/* ---- gaining a type ---- */

/*
 * In what follows the count is 1 and neither PGT_VALIDATED nor any other type reference exists, so
 * nobody else changes type_info: plain stores do.
 */

enum progress { FROM_START, RESUMED };

static void set_type_info(struct page_info *page, uint32_t value)
{
	__atomic_store_n(&page->type_info, value, __ATOMIC_RELEASE);
}

/* The check stops half way. The partial state keeps the frame with a reference of its own. */
static int suspend(struct page_info *page, uint32_t type, enum page_partial how,
		   enum progress progress)
{
	page->partial = (uint8_t)how;
	set_type_info(page, type | PGT_PARTIAL | 1);
	if (progress == FROM_START)
		__atomic_fetch_add(&page->count_info, 1, __ATOMIC_SEQ_CST);
	return -ERESTART;
}

/* The partial state's reference; the caller has another. */
static void end_suspension(struct page_info *page, enum progress progress)
{
	if (progress == RESUMED)
		put_page(page);
}

/* Takes back what a failed check had taken. */
static int unwind(struct page_info *page, uint32_t type, unsigned *budget, enum progress progress,
		  int error)
{
	int rc = 0;

	if (table_level(type) == 2 || table_level(type) == 3)
		rc = contents_put(page, type, budget);
	if (rc)
		return suspend(page, type, PARTIAL_FAILED, progress);
	page->tlb_stamp = tlb_clock();
	set_type_info(page, type & PGT_TYPE_MASK);
	end_suspension(page, progress);
	return error;
}

static int build(struct page_info *page, uint32_t type, unsigned *budget, enum progress progress)
{
	int rc = contents_get(page, type, budget);

	if (rc == -ERESTART)
		return suspend(page, type, PARTIAL_BUILDING, progress);
	if (rc)
		return unwind(page, type, budget, progress, rc);
	set_type_info(page, type | PGT_VALIDATED | 1);
	end_suspension(page, progress);
	return 0;
}

static int resume(struct page_info *page, uint32_t type, unsigned *budget)
{
	if (!(page->type_info & PGT_PARTIAL) || page->partial == PARTIAL_DROPPING)
		return -EBUSY;
	if (page->partial == PARTIAL_FAILED)
		return unwind(page, type, budget, RESUMED, -EINVAL);
	return build(page, type, budget, RESUMED);
}

/* The type_info after one more reference, or 0: not possible. */
static uint32_t one_more(uint32_t x, uint32_t type)
{
	if ((x & PGT_COUNT_MASK) == 0)
		return type | (type == PGT_WRITABLE ? PGT_VALIDATED : 0) | 1;
	/* A slot-3 table holds the hypervisor's entries for one address space: never shared. */
	if ((x & TYPE_AND_PLACE) != type || (x & PGT_COUNT_MASK) == PGT_COUNT_MASK ||
	    type & PGT_PAE_XEN_L2)
		return 0;
	return x + 1;
}

static int get_type(struct page_info *page, uint32_t type, unsigned *budget)
{
	uint32_t found, next, x = page->type_info;

	for (;;) {
		if (unlikely((x & PGT_COUNT_MASK) && !(x & PGT_VALIDATED) &&
			     (x & TYPE_AND_PLACE) == type))
			return resume(page, type, budget);
		next = one_more(x, type);
		if (unlikely(!next))
			return -EINVAL;
		if (unlikely((x & PGT_COUNT_MASK) == 0) && budget_spent(type, budget))
			return -ERESTART;
		found = cmpxchg32(&page->type_info, x, next);
		if (likely(found == x))
			break;
		x = found;
	}
	if (likely(x & PGT_COUNT_MASK))
		return 0;
	if ((x & PGT_TYPE_MASK) != (type & PGT_TYPE_MASK))
		tlb_flush_if_stale(page->tlb_stamp);
	if (next & PGT_VALIDATED)
		return 0;
	page->nr_done = 0;
	return build(page, type, budget, FROM_START);
}

int get_page_type(struct page_info *page, uint32_t type, bool preemptible)
{
	unsigned budget = page_type_budget;

	return get_type(page, type, preemptible ? &budget : NULL);
}

/* ---- losing a type ---- */

static bool has_contents(uint32_t x)
{
	return (x & PGT_TYPE_MASK) != PGT_WRITABLE && (x & PGT_TYPE_MASK) != PGT_NONE;
}

/*
 * The last reference to a table, or the rest of an earlier attempt. PGT_PINNED is the caller's
 * affair.
 */
static int put_last(struct page_info *page, uint32_t x, unsigned *budget)
{
	if (budget_spent(x, budget))
		return -ERESTART;
	if (x & PGT_VALIDATED) {
		page->nr_done = (x & PGT_TYPE_MASK) == PGT_SEG_DESC ? 0
								    : (uint16_t)table_entries(x);
		page->partial = PARTIAL_DROPPING;
		set_type_info(page, (x & ~PGT_VALIDATED) | PGT_PARTIAL);
	}
	BUG_ON(page->partial != PARTIAL_DROPPING || !(page->type_info & PGT_PARTIAL));
	if (contents_put(page, x, budget))
		return -ERESTART;
	if (x & PGT_PAE_XEN_L2)
		clear_hv_slots(page);
	page->tlb_stamp = tlb_clock();
	set_type_info(page, x & (PGT_TYPE_MASK | PGT_PINNED));
	return 0;
}

static int put_type(struct page_info *page, unsigned *budget)
{
	uint32_t found, x = page->type_info;

	for (;;) {
		BUG_ON((x & PGT_COUNT_MASK) == 0);
		if ((x & PGT_COUNT_MASK) == 1) {
			if (has_contents(x))
				return put_last(page, x, budget);
			page->tlb_stamp = tlb_clock();
		}
		found = cmpxchg32(&page->type_info, x, x - 1);
		if (likely(found == x))
			return 0;
		x = found;
	}
}

int put_page_type(struct page_info *page, bool preemptible)
{
	unsigned budget = page_type_budget;

	return put_type(page, preemptible ? &budget : NULL);
}
