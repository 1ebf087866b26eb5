/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's heap: pages and small objects in the HEAP window.
 *
 * The window is cut into chunks. The first page of a chunk, made when the chunk is first needed,
 * holds one word for each of its pages: the frame, and whether the allocation goes on behind it. So
 * the heap's book-keeping grows with its use. Small objects come from slabs: one page each, cut
 * into objects of one size, with a header in front, so that a page-aligned address always is a
 * whole page.
 *
 * The window is the same for all, and what one guest can take of it is little but not nothing: what
 * ordinary guests cause to be allocated leaves RESERVED_PAGES for the control domain, so that it can
 * go on to end them and to make others.
 *
 * Frames of heap pages have PGC_HYPERVISOR. One that a domain may map (domain_share_heap_page)
 * outlives heap_page_free() while somebody holds references to it, but not its mapping here.
 */
#include "arch/x86_32/arch.h"
#include "core/domain.h"
#include "core/lib.h"
#include "core/list.h"
#include "core/lock.h"
#include "mm/page.h"

#define CHUNK_PAGES (PAGE_SIZE / sizeof(uint32_t))
#define NR_CHUNKS (HEAP_SIZE / PAGE_SIZE / CHUNK_PAGES)
_Static_assert(HEAP_SIZE == NR_CHUNKS * CHUNK_PAGES * PAGE_SIZE, "whole chunks");

/*
 * A word of a chunk's table: 0 free; or a frame number with ENTRY_MORE if the allocation's next
 * page follows; or ENTRY_GUARD.
 */
#define ENTRY_MORE 0x80000000u
#define ENTRY_GUARD 0x40000000u
#define ENTRY_MFN 0x3fffffffu

#define RESERVED_PAGES 512u
_Static_assert(RESERVED_PAGES < NR_CHUNKS * CHUNK_PAGES / 2, "guests need the heap too");

/* DMA and PAE top levels want frames below 4 GiB. */
#define HEAP_MAX_MFN (1u << (32 - PAGE_SHIFT))

/*
 * Guards everything static in this file and all slab headers. Rank: just outside the page
 * allocator.
 */
static spinlock_t heap_lock = SPINLOCK_INIT;
static struct chunk {
	uint32_t *table;     /* NULL: not in use yet */
	uint32_t first_free; /* no free page has a smaller index */
	uint32_t used;	     /* pages of allocations, guards included */
} chunks[NR_CHUNKS];
static uint32_t used_count;

struct slab {
	struct list link; /* in its class's list while it has a free object */
	void *free;	  /* the first free object, which points to the next */
	uint16_t used, size_class;
	uint32_t magic;
	uint8_t pad[sizeof(void *) == 4 ? 12 : 24];
};
_Static_assert(sizeof(struct slab) % 16 == 0, "objects are 16-byte aligned");
#define SLAB_MAGIC 0x51ab51abu

/* Chosen so that little is left at the end of a page. */
static const uint16_t class_size[] = { 16,  32,	 48,  64,  96,	 128,  192,
				       256, 336, 448, 672, 1008, 1344, 2032 };
#define NR_CLASSES ARRAY_SIZE(class_size)
#define MAX_SMALL 2032
static struct list class_list[NR_CLASSES];

static uintptr_t page_va(unsigned chunk, unsigned index)
{
	return HEAP_START + ((uintptr_t)chunk * CHUNK_PAGES + index) * PAGE_SIZE;
}

/* The table word of a heap address. */
static uint32_t *entry_of(uintptr_t va)
{
	uint32_t page = (va - HEAP_START) >> PAGE_SHIFT;

	BUG_ON(va < HEAP_START || page >= NR_CHUNKS * CHUNK_PAGES ||
	       !chunks[page / CHUNK_PAGES].table);
	return &chunks[page / CHUNK_PAGES].table[page % CHUNK_PAGES];
}

static bool map_fresh(uintptr_t va, uint32_t *entry)
{
	struct page_info *page = alloc_pages(0, HEAP_MAX_MFN);

	if (!page)
		return false;
	page->count_info = PGC_HYPERVISOR | 1;
	hv_map_page(va, page_to_mfn(page), PTE_P | PTE_RW);
	memset((void *)va, 0, PAGE_SIZE);
	*entry = page_to_mfn(page);
	used_count++;
	return true;
}

static bool chunk_open(unsigned c)
{
	uint32_t entry;

	if (chunks[c].table)
		return true;
	if (!map_fresh(page_va(c, 0), &entry))
		return false;
	chunks[c].table = (uint32_t *)page_va(c, 0);
	chunks[c].table[0] = entry;
	chunks[c].first_free = 1;
	return true;
}

/* The first of n free pages in a row of chunk c, or 0. */
static unsigned find_run(unsigned c, unsigned n)
{
	struct chunk *chunk = &chunks[c];
	unsigned i = chunk->first_free, run = 0;

	while (i < CHUNK_PAGES && chunk->table[i])
		i++;
	chunk->first_free = i;
	for (; i < CHUNK_PAGES; i++) {
		run = chunk->table[i] ? 0 : run + 1;
		if (run == n)
			return i - n + 1;
	}
	return 0;
}

/* Unmaps a page; its frame goes back, now or with the last reference of a domain that maps it. */
static void unmap_page(uintptr_t va, uint32_t *entry)
{
	struct page_info *page = mfn_to_page(*entry & ENTRY_MFN);

	hv_unmap_page(va);
	*entry = 0;
	used_count--;
	if (page->owner) {
		put_page_type(page, false);
		page_drop_allocation(page);
	} else {
		put_page(page);
	}
}

static void unmap_run(uintptr_t va, unsigned n)
{
	uint32_t page = (va - HEAP_START) >> PAGE_SHIFT;
	struct chunk *chunk = &chunks[page / CHUNK_PAGES];

	while (n--)
		unmap_page(va + n * PAGE_SIZE, entry_of(va + n * PAGE_SIZE));
	chunk->first_free = MIN(chunk->first_free, page % CHUNK_PAGES);
}

/* At boot, and when nothing runs, it is the hypervisor itself that asks. */
static bool leaves_reserve(unsigned n)
{
	const struct vcpu *v = current_vcpu();
	bool ordinary = v && v->domain && !domain_is_control(v->domain);

	return !ordinary || used_count + n + RESERVED_PAGES <= NR_CHUNKS * CHUNK_PAGES;
}

/* n mapped pages followed by `guard` unmapped ones (0 or 1). heap_lock is held. */
static void *run_alloc(unsigned n, unsigned guard)
{
	unsigned c, i, first = 0;
	uint32_t *entry;

	if (!leaves_reserve(n + guard))
		return NULL;
	for (c = 0; c < NR_CHUNKS; c++) {
		if (!chunk_open(c))
			return NULL;
		first = find_run(c, n + guard);
		if (first)
			break;
	}
	if (!first)
		return NULL;
	entry = &chunks[c].table[first];
	for (i = 0; i < n; i++) {
		if (!map_fresh(page_va(c, first + i), &entry[i])) {
			unmap_run(page_va(c, first), i);
			return NULL;
		}
		if (i + 1 < n)
			entry[i] |= ENTRY_MORE;
	}
	if (guard)
		entry[n] = ENTRY_GUARD;
	chunks[c].used += n + guard;
	return (void *)page_va(c, first);
}

/*
 * Gives an empty chunk's table back, so that a peak of use leaves no trace. The first chunk stays.
 */
static void chunk_close(unsigned c)
{
	uint32_t entry = chunks[c].table[0];

	if (c == 0 || chunks[c].used)
		return;
	chunks[c].table = NULL;
	unmap_page(page_va(c, 0), &entry);
}

static void run_free(uintptr_t va)
{
	uint32_t page = (va - HEAP_START) >> PAGE_SHIFT;
	unsigned c = page / CHUNK_PAGES, i = page % CHUNK_PAGES, n = 1, guard = 0;
	uint32_t *entry = entry_of(va);

	BUG_ON(va % PAGE_SIZE || i == 0 || !*entry || *entry & ENTRY_GUARD);
	while (entry[n - 1] & ENTRY_MORE)
		n++;
	if (i + n < CHUNK_PAGES && entry[n] & ENTRY_GUARD) {
		entry[n] = 0;
		guard = 1;
	}
	unmap_run(va, n);
	chunks[c].used -= n + guard;
	chunk_close(c);
}

void *heap_page_alloc(void)
{
	void *va;

	spin_lock(&heap_lock);
	va = run_alloc(1, 0);
	spin_unlock(&heap_lock);
	return va;
}

void *heap_pages_alloc(unsigned n)
{
	void *va;

	if (!n || n > CHUNK_PAGES - 2)
		return NULL;
	spin_lock(&heap_lock);
	va = run_alloc(n, 1);
	spin_unlock(&heap_lock);
	return va;
}

void heap_page_free(void *page)
{
	if (!page)
		return;
	spin_lock(&heap_lock);
	run_free((uintptr_t)page);
	spin_unlock(&heap_lock);
}

void heap_pages_free(void *pages, UNUSED unsigned n)
{
	ASSERT(!pages || n == 1 || *entry_of((uintptr_t)pages + (n - 2) * PAGE_SIZE) & ENTRY_MORE);
	heap_page_free(pages);
}

mfn_t heap_page_mfn(const void *page)
{
	uint32_t entry = *entry_of((uintptr_t)page);

	BUG_ON(!entry || entry & ENTRY_GUARD);
	return entry & ENTRY_MFN;
}

/* ---- small objects ---- */

static struct slab *slab_create(unsigned size_class)
{
	struct slab *slab = run_alloc(1, 0);
	char *object, *end;

	if (!slab)
		return NULL;
	end = (char *)slab + PAGE_SIZE;
	slab->size_class = (uint16_t)size_class;
	slab->magic = SLAB_MAGIC;
	for (object = (char *)(slab + 1); object + class_size[size_class] <= end;
	     object += class_size[size_class]) {
		*(void **)object = slab->free;
		slab->free = object;
	}
	list_add_head(&slab->link, &class_list[size_class]);
	return slab;
}

static struct slab *slab_with_room(unsigned size_class)
{
	if (!class_list[size_class].next)
		list_init(&class_list[size_class]);
	if (list_empty(&class_list[size_class]))
		return slab_create(size_class);
	return list_entry(class_list[size_class].next, struct slab, link);
}

static void *small_alloc(unsigned size_class)
{
	struct slab *slab = slab_with_room(size_class);
	void *object;

	if (!slab)
		return NULL;
	object = slab->free;
	slab->free = *(void **)object;
	slab->used++;
	if (!slab->free)
		list_del(&slab->link);
	return memset(object, 0, class_size[size_class]);
}

static void small_free(void *object)
{
	struct slab *slab = (struct slab *)((uintptr_t)object & ~((uintptr_t)PAGE_SIZE - 1));

	BUG_ON(slab->magic != SLAB_MAGIC || slab->size_class >= NR_CLASSES || !slab->used);
	BUG_ON(((uintptr_t)object - (uintptr_t)(slab + 1)) % class_size[slab->size_class]);
#ifdef RINGLET_DEBUG
	memset(object, 0xdb, class_size[slab->size_class]);
#endif
	if (!slab->free)
		list_add_head(&slab->link, &class_list[slab->size_class]);
	*(void **)object = slab->free;
	slab->free = object;
	if (--slab->used)
		return;
	list_del(&slab->link);
	slab->magic = 0;
	run_free((uintptr_t)slab);
}

void *heap_alloc(size_t size)
{
	unsigned size_class = 0;
	void *object;

	if (size > MAX_SMALL) {
		if (size > (CHUNK_PAGES - 2) * PAGE_SIZE)
			return NULL;
		if (size > PAGE_SIZE)
			return heap_pages_alloc(DIV_ROUND_UP(size, PAGE_SIZE));
		return heap_page_alloc();
	}
	while (class_size[size_class] < size)
		size_class++;
	spin_lock(&heap_lock);
	object = small_alloc(size_class);
	spin_unlock(&heap_lock);
	return object;
}

void heap_free(void *object)
{
	if (!object)
		return;
	spin_lock(&heap_lock);
	if ((uintptr_t)object % PAGE_SIZE == 0)
		run_free((uintptr_t)object);
	else
		small_free(object);
	spin_unlock(&heap_lock);
}

uint32_t heap_used_count(void)
{
	return used_count;
}
