/* SPDX-License-Identifier: MIT */
/*
 * Changes of live page tables. See mm/mmu.h for who calls, mm/pte.h for what an entry may be.
 *
 * Order of every change: references for the new entry, then the entry, then the references of the
 * old one. A TLB may hold the old translation until the guest flushes, which is its own affair:
 * what the frame becomes next waits for a flush where that matters (mm/page_type.c, mm/alloc.c).
 *
 * Two entries that differ neither in frame nor in what they hold are exchanged without counting;
 * all other bits are checked all the same (XSA-148, XSA-182).
 */
#include "mm/mmu.h"

#include "arch/x86_32/descriptor.h"
#include "mm/pte.h"
#include "mm/window.h"

/* ---- finding ---- */

static inline mfn_t find_l1(const struct vcpu *v, gva_t va)
{
	pte_t e;

	if (unlikely(va >= HV_START || v->arch.top == INVALID_MFN))
		return INVALID_MFN;
	e = window_read_pte(v->arch.top, l3_index(va));
	if (unlikely(!pte_present(e)))
		return INVALID_MFN;
	e = window_read_pte(pte_mfn(e), l2_index(va));
	return likely(pte_present(e)) ? pte_mfn(e) : INVALID_MFN;
}

struct page_info *mmu_find_l1(struct vcpu *v, gva_t va, unsigned *index)
{
	mfn_t mfn = find_l1(v, va);

	*index = l1_index(va);
	return mfn == INVALID_MFN ? NULL : mfn_to_page(mfn);
}

pte_t mmu_read_l1e(struct vcpu *v, gva_t va)
{
	mfn_t mfn = find_l1(v, va);
	pte_t e;

	if (mfn == INVALID_MFN)
		return 0;
	e = window_read_pte(mfn, l1_index(va));
	return pte_present(e) ? e : 0;
}

/* ---- level 1 ---- */

/* What a difference in changes the references of an entry; the rest are flags that need none. */
#define L1_REFERENCE_BITS (PTE_MFN_MASK | PTE_P | PTE_RW)

/* Only flags that anybody may set are different, if anything. */
static inline bool l1_same_references(uint32_t old_low, uint32_t old_high, uint32_t low,
				      uint32_t high)
{
	return !((old_low ^ low) & PTE_LOW(L1_REFERENCE_BITS)) &&
	       !((old_high ^ high) & PTE_HIGH(L1_REFERENCE_BITS)) &&
	       !(low & PTE_LOW(L1_CACHE_BITS | PTE_G)) && pte_high_ok(high);
}

/*
 * Stores `new` in a live entry in one access; bits of `keep` that the processor set meanwhile stay.
 * `old` is what the entry held when last read; page_lock is held, so only accessed and dirty bits
 * can be different now. Returns the old entry.
 */
static inline pte_t pte_exchange(pte_t *entry, pte_t old, pte_t new, pte_t keep)
{
	while (unlikely(!__sync_bool_compare_and_swap(entry, old, new | (old & keep))))
		old = *(volatile pte_t *)entry;
	return old;
}

/*
 * The new value, never seen half while it is present. Where another processor could be using the
 * entry all the time, it never is absent in between either; with keep_ad, accessed and dirty bits stay.
 */
static inline void store_entry(pte_t *entry, uint32_t old_low, uint32_t low, uint32_t high,
			       bool keep_ad)
{
	volatile pte_word_t *word = (pte_word_t *)entry;

	if (keep_ad || (NR_CPUS > 1 && (old_low & low & PTE_LOW(PTE_P)))) {
		pte_exchange(entry, *entry, (pte_t)high << 32 | low, keep_ad ? PTE_A | PTE_D : 0);
		return;
	}
	word[0] = 0;
	word[1] = high;
	word[0] = low;
}

static ALWAYS_INLINE int write_l1(struct domain *d, struct domain *foreign, pte_t *entry,
				  uint32_t low, uint32_t high, bool keep_ad)
{
	const pte_word_t *word = (pte_word_t *)entry;
	uint32_t old_low = word[0], old_high = word[1];
	bool same = false;
	int rc;

	if (low & PTE_LOW(PTE_P)) {
		low = pte_l1_low(d, low, high);
		same = old_low & PTE_LOW(PTE_P) && l1_same_references(old_low, old_high, low, high);
		rc = same ? 0 : pte_get_l1(d, foreign, low, high);
		if (unlikely(rc))
			return rc;
	} else if (unlikely(!pte_absent_ok(d, low, high))) {
		return -EINVAL;
	}
	store_entry(entry, old_low, low, high, keep_ad);
	if (!same && (old_low & PTE_LOW(PTE_P)))
		pte_put_l1(d, old_low, old_high);
	return 0;
}

int mmu_update_va(struct vcpu *v, struct domain *foreign, gva_t va, uint32_t low, uint32_t high)
{
	struct domain *d = v->domain;
	int rc = -EINVAL;
	pte_t *l1;
	mfn_t mfn;

	spin_lock(&d->page_lock);
	mfn = find_l1(v, va);
	if (likely(mfn != INVALID_MFN)) {
		l1 = window_open(mfn);
		rc = write_l1(d, foreign, &l1[l1_index(va)], low, high, false);
		window_close(l1);
	}
	spin_unlock(&d->page_lock);
	return rc;
}

int mmu_write_l1(struct domain *d, struct domain *foreign, struct page_info *table, unsigned index,
		 pte_t new)
{
	pte_t *l1 = window_open(page_to_mfn(table));
	int rc;

	ASSERT(spin_is_locked(&d->page_lock) && index < PTES_PER_PAGE);
	rc = write_l1(d, foreign, &l1[index], PTE_LOW(new), PTE_HIGH(new), false);
	window_close(l1);
	return rc;
}

int mmu_cmpxchg_l1(struct domain *d, struct page_info *table, unsigned index, pte_t *expected,
		   pte_t new)
{
	pte_t seen, *l1;
	int rc;

	new = (new & ~(pte_t)UINT32_MAX) | pte_l1_low(d, PTE_LOW(new), PTE_HIGH(new));
	if (pte_present(new))
		rc = pte_get_l1(d, d, PTE_LOW(new), PTE_HIGH(new));
	else
		rc = pte_absent_ok(d, PTE_LOW(new), PTE_HIGH(new)) ? 0 : -EINVAL;
	if (rc)
		return rc;
	l1 = window_open(page_to_mfn(table));
	seen = __sync_val_compare_and_swap(&l1[index], *expected, new);
	window_close(l1);
	if (seen == *expected) {
		/* Drops the references of what was there. */
		new = seen;
	} else {
		*expected = seen;
		rc = -EAGAIN;
	}
	if (pte_present(new))
		pte_put_l1(d, PTE_LOW(new), PTE_HIGH(new));
	return rc;
}

/* ---- levels 2 and 3 ---- */

int mmu_drop_table(struct page_info *page)
{
	struct vcpu *v = current_vcpu();
	bool preemptible = v->domain != NULL;

	if (put_page_type(page, preemptible)) {
		BUG_ON(v->arch.old_table);
		v->arch.old_table = page_to_mfn(page);
		return -ERESTART;
	}
	put_page(page);
	return 0;
}

int mmu_finish_drop(struct vcpu *v)
{
	struct page_info *page;
	struct domain *owner;
	int rc;

	if (likely(!v->arch.old_table))
		return 0;
	page = mfn_to_page(v->arch.old_table);
	owner = page->owner;
	spin_lock(&owner->page_lock);
	rc = put_page_type(page, true);
	if (rc == 0)
		v->arch.old_table = 0;
	spin_unlock(&owner->page_lock);
	if (rc == 0)
		put_page(page);
	return rc;
}

static void tell_arch(struct page_info *table, unsigned level, unsigned index, pte_t new)
{
	if (level == 3)
		arch_l3_changed(page_to_mfn(table), index, new);
	else if (table->type_info & PGT_PAE_XEN_L2)
		arch_l2_changed(page_to_mfn(table), index);
}

/* May entry `index` be written at all? The last L3 slot leads to the hypervisor's own entries. */
static int upper_slot_check(const struct page_info *table, unsigned level, unsigned index)
{
	if (level == 3)
		return index < L3_SLOTS - 1 ? 0 : -EINVAL;
	return index < table_entries(table->type_info) ? 0 : -EPERM;
}

static int write_upper(struct domain *d, struct page_info *table, unsigned index, pte_t new,
		       pte_t keep)
{
	unsigned level = table_level(table->type_info);
	int rc = upper_slot_check(table, level, index);
	pte_t *entries, old;

	if (rc)
		return rc;
	rc = pte_get_upper(d, level, index, new, level == 3 && current_vcpu()->domain);
	if (rc)
		return rc;
	entries = window_open(page_to_mfn(table));
	old = pte_exchange(&entries[index], entries[index], new, keep);
	window_close(entries);
	if (new != old)
		tell_arch(table, level, index, new);
	if (!pte_present(old))
		return 0;
	if (level == 3)
		return mmu_drop_table(mfn_to_page(pte_mfn(old)));
	put_page_and_type(mfn_to_page(pte_mfn(old)));
	return 0;
}

/* ---- any level ---- */

/* Plain memory of the guest is fine too: it gets the eight bytes. */
static int write_plain(struct page_info *page, struct domain *d, unsigned index, pte_t value)
{
	pte_t *va;

	if (!get_page(page, d))
		return -EINVAL;
	if (get_page_type(page, PGT_WRITABLE, false)) {
		put_page(page);
		return -EINVAL;
	}
	va = window_open(page_to_mfn(page));
	va[index] = value;
	window_close(va);
	put_page_and_type(page);
	return 0;
}

static inline bool same_table_and_command(const struct mmu_request *a, const struct mmu_request *b)
{
	uint32_t index_bits = PAGE_SIZE - sizeof(pte_t);

	return !(((a->ptr_low ^ b->ptr_low) & ~index_bits) | (a->ptr_high ^ b->ptr_high));
}

/* Linux maps what is around a fault in one list: the table is found and checked once for all. */
static ALWAYS_INLINE int update_l1_run(const struct mmu_target *t, struct mmu_requests *list,
				       pte_t *l1)
{
	const struct mmu_request *first = list->next, *r = first;
	bool keep_ad = first->ptr_low % sizeof(pte_t) == MMU_PT_UPDATE_PRESERVE_AD;
	int rc;

	do {
		rc = write_l1(t->table_owner, t->frame_owner,
			      &l1[r->ptr_low % PAGE_SIZE / sizeof(pte_t)], r->low, r->high,
			      keep_ad);
	} while (likely(rc == 0) && ++r < list->end && same_table_and_command(r, first));
	list->next = r;
	return rc;
}

static COLD int update_other(const struct mmu_target *t, struct mmu_requests *list,
			     struct page_info *page, uint32_t type)
{
	const struct mmu_request *r = list->next;
	pte_t keep = r->ptr_low % sizeof(pte_t) == MMU_PT_UPDATE_PRESERVE_AD ? PTE_A | PTE_D : 0;
	unsigned index = r->ptr_low % PAGE_SIZE / sizeof(pte_t);
	pte_t new = (pte_t)r->high << 32 | r->low;
	int rc;

	if (table_level(type) == 2 || table_level(type) == 3)
		rc = write_upper(t->table_owner, page, index, new, keep);
	else
		rc = write_plain(page, t->table_owner, index, new);
	if (rc == 0)
		list->next++;
	return rc;
}

int mmu_update_entries(const struct mmu_target *t, struct mmu_requests *list)
{
	mfn_t mfn = pte_words_mfn(list->next->ptr_low, list->next->ptr_high);
	struct domain *d = t->table_owner;
	struct page_info *page;
	uint32_t type;
	pte_t *l1;
	int rc;

	if (list->next->ptr_high >> PAGE_SHIFT || !mfn_valid(mfn))
		return -EINVAL;
	page = mfn_to_page(mfn);
	spin_lock(&d->page_lock);
	/* A validated table of the domain stays one while the lock is held. */
	type = page->owner == d && page->type_info & PGT_VALIDATED ? page->type_info : 0;
	if (likely((type & PGT_TYPE_MASK) == PGT_L1)) {
		l1 = window_open(mfn);
		rc = update_l1_run(t, list, l1);
		window_close(l1);
	} else {
		rc = update_other(t, list, page, type);
	}
	spin_unlock(&d->page_lock);
	return rc;
}

/* ---- the top level ---- */

int mmu_new_top(struct vcpu *v, mfn_t mfn)
{
	bool running = v == current_vcpu();
	mfn_t old = v->arch.top;
	int rc;

	if (old == mfn && mfn != INVALID_MFN) {
		if (running)
			arch_load_top(v);
		return 0;
	}
	/* In steps, unless it is the hypervisor that builds the first domain. */
	rc = get_page_and_type(mfn, v->domain, PGT_L3, current_vcpu()->domain != NULL);
	if (rc)
		return rc;
	ldt_drop(v);
	v->arch.top = mfn;
	if (running)
		arch_load_top(v);
	return old == INVALID_MFN ? 0 : mmu_drop_table(mfn_to_page(old));
}
