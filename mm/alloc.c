/* SPDX-License-Identifier: MIT */
/*
 * The page allocator: a buddy system over the frame table.
 *
 * Zone z holds the frames [2^z, 2^(z+1)), which no aligned block straddles, so "frames below a
 * power of two" is a choice of zones. The highest zone that can serve a request does: low memory is
 * kept for devices that need it. Nothing is scanned: bit maps say which zones, and in each zone
 * which orders, have a free block.
 *
 * A frame keeps the flush clock of its last use in tlb_stamp while it is free, and nobody gets it
 * before the translations of that time are gone.
 *
 * A free block's head has PGC_FREE and its order in type_info; all its other frames have a
 * count_info of 0.
 */
#include "arch/x86_32/arch.h"
#include "core/lib.h"
#include "core/lock.h"
#include "mm/page.h"

#define NR_ZONES 22
_Static_assert((1u << NR_ZONES) == M2P_SIZE / sizeof(uint32_t), "zones cover what the M2P covers");

/*
 * Never handed out: frame 0, which list links use as their end, and the first frame of each further
 * 4 GiB, which a page-table entry names while its lower half is already cleared (see
 * nonpresent_pte_leaks).
 */
#define KEPT_BACK(mfn) ((mfn) % FRAMES_PER_4GIB == 0)

/*
 * Guards everything below and the links, count_info and type_info of free frames. Rank: page
 * allocator.
 */
static spinlock_t alloc_lock = SPINLOCK_INIT;
static mfn_t free_head[NR_ZONES][MAX_ORDER + 1]; /* 0: empty */
static uint16_t zone_orders[NR_ZONES];		 /* bit o: free_head[z][o] is not empty */
static uint32_t zones_in_use;			 /* bit z: zone_orders[z] is not 0 */
static uint32_t free_count;

static unsigned zone_of(mfn_t mfn)
{
	return 31 - (unsigned)__builtin_clz(mfn);
}

static void list_insert(mfn_t mfn, unsigned order)
{
	struct page_info *page = mfn_to_page(mfn);
	unsigned z = zone_of(mfn);
	mfn_t head = free_head[z][order];

	page->count_info |= PGC_FREE;
	page->type_info = order;
	page->prev = 0;
	page->next = head;
	if (head)
		mfn_to_page(head)->prev = mfn;
	free_head[z][order] = mfn;
	zone_orders[z] |= 1u << order;
	zones_in_use |= 1u << z;
}

static void list_remove(mfn_t mfn, unsigned order)
{
	struct page_info *page = mfn_to_page(mfn);
	unsigned z = zone_of(mfn);

	page->count_info &= ~PGC_FREE;
	page->type_info = 0;
	if (page->next)
		mfn_to_page(page->next)->prev = page->prev;
	if (page->prev) {
		mfn_to_page(page->prev)->next = page->next;
		return;
	}
	free_head[z][order] = page->next;
	if (page->next)
		return;
	zone_orders[z] &= ~(1u << order);
	if (!zone_orders[z])
		zones_in_use &= ~(1u << z);
}

static bool is_free_block(mfn_t mfn, unsigned order)
{
	const struct page_info *page;

	if (!mfn || !mfn_valid(mfn))
		return false;
	page = mfn_to_page(mfn);
	return page->count_info & PGC_FREE && page->type_info == order;
}

/* Puts a block back, merged with its buddies. */
static void insert_block(mfn_t mfn, unsigned order)
{
	free_count += 1u << order;
	for (; order < MAX_ORDER; order++) {
		mfn_t buddy = mfn ^ 1u << order;

		/* The lower half of [0, 2^(order+1)) holds frame 0, so mfn never becomes 0. */
		if (!is_free_block(buddy, order))
			break;
		list_remove(buddy, order);
		mfn &= ~(1u << order);
	}
	list_insert(mfn, order);
}

/* Takes a block of 2^order frames out of zone z, splitting a larger one. */
static mfn_t take_block(unsigned z, unsigned order)
{
	unsigned have = order + (unsigned)__builtin_ctz(zone_orders[z] >> order);
	mfn_t mfn = free_head[z][have];

	list_remove(mfn, have);
	while (have > order) {
		have--;
		list_insert(mfn + (1u << have), have);
	}
	free_count -= 1u << order;
	return mfn;
}

/* 0: none. */
static mfn_t find_block(unsigned order, mfn_t max)
{
	uint32_t zones = zones_in_use;

	/* Only zones that lie wholly below max. */
	if (max && max < 1u << NR_ZONES)
		zones &= max > 1 ? (1u << zone_of(max)) - 1 : 0;
	while (zones) {
		unsigned z = zone_of(zones);

		if (zone_orders[z] >> order)
			return take_block(z, order);
		zones &= ~(1u << z);
	}
	return 0;
}

#ifdef RINGLET_DEBUG
#define POISON_BYTE 0xdb

/*
 * A domain may still write to a frame of its own through a stale translation until somebody
 * gets the frame; such a frame is not checked.
 */
static void poison(struct page_info *page, bool was_domains)
{
	void *va = frame_map(page_to_mfn(page));

	memset(va, POISON_BYTE, PAGE_SIZE);
	frame_unmap(va);
	if (!was_domains)
		page->count_info |= PGC_POISONED;
}

static void check_poison(struct page_info *page)
{
	const uint32_t *va;
	unsigned i;

	if (!(page->count_info & PGC_POISONED))
		return;
	va = frame_map(page_to_mfn(page));
	for (i = 0; i < PAGE_SIZE / sizeof(*va); i++)
		BUG_ON(va[i] != POISON_BYTE * 0x01010101u);
	frame_unmap(va);
}

/* A frame that is freed twice lies within a free block, or is the head of one. */
static void check_not_free(mfn_t mfn)
{
	unsigned order;

	for (order = 0; order <= MAX_ORDER; order++) {
		mfn_t head = mfn & ~((1u << order) - 1);
		const struct page_info *page = mfn_to_page(head);

		BUG_ON(head && page->count_info & PGC_FREE && page->type_info >= order);
	}
}
#else
static inline void poison(UNUSED struct page_info *page, UNUSED bool was_domains)
{
}

static inline void check_poison(UNUSED struct page_info *page)
{
}

static inline void check_not_free(UNUSED mfn_t mfn)
{
}
#endif

INIT void alloc_add_range(mfn_t start, mfn_t end)
{
	end = MIN(end, max_mfn);
	spin_lock(&alloc_lock);
	while (start < end) {
		unsigned order = 0;

		if (KEPT_BACK(start)) {
			start++;
			continue;
		}
		while (order < MAX_ORDER && !(start >> order & 1) && start + (2u << order) <= end)
			order++;
		insert_block(start, order);
		start += 1u << order;
	}
	spin_unlock(&alloc_lock);
}

struct page_info *alloc_pages(unsigned order, mfn_t max)
{
	struct page_info *page;
	unsigned i;
	mfn_t mfn;

	if (order > MAX_ORDER)
		return NULL;
	spin_lock(&alloc_lock);
	mfn = find_block(order, max);
	spin_unlock(&alloc_lock);
	if (!mfn)
		return NULL;
	page = mfn_to_page(mfn);
	for (i = 0; i < 1u << order; i++) {
		check_poison(&page[i]);
		tlb_flush_if_stale(page[i].tlb_stamp);
		page[i].count_info = 0;
	}
	return page;
}

void free_pages(struct page_info *page, unsigned order)
{
	mfn_t mfn = page_to_mfn(page);
	uint32_t now = tlb_clock();
	unsigned i;

	BUG_ON(mfn & ((1u << order) - 1));
	for (i = 0; i < 1u << order; i++) {
		bool was_domains = page[i].owner;

		check_not_free(mfn + i);
		BUG_ON((page[i].count_info & (PGC_COUNT_MASK | PGC_FREE)) ||
		       page[i].type_info & PGT_COUNT_MASK);
		page[i].count_info = 0;
		page[i].type_info = 0;
		page[i].owner = NULL;
		page[i].tlb_stamp = now;
		poison(&page[i], was_domains);
	}
	spin_lock(&alloc_lock);
	insert_block(mfn, order);
	spin_unlock(&alloc_lock);
}

uint32_t alloc_free_count(void)
{
	return free_count;
}
