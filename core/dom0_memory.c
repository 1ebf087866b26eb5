/* SPDX-License-Identifier: MIT */
/*
 * The initial domain's frames. The p2m list is made first, and is from then on how everything else
 * here finds a page: an entry of 0 means "no frame yet" (frame 0 is never handed out). m2p is kept
 * in step.
 */
#include "core/dom0_internal.h"

#include "core/lib.h"
#include "mm/mmu.h"

/* PAE top levels of kernels without extended-cr3 lie below 4 GiB. */
#define FRAMES_BELOW_4GIB (1u << (32 - PAGE_SHIFT))

/* One window on the p2m list stays open: neighbouring entries are asked for one after another. */
static struct {
	uint32_t *page;
	uint32_t index;
} window;

INIT static uint32_t *p2m_entry(const struct dom0_build *b, pfn_t pfn)
{
	uint32_t index = pfn / P2M_ENTRIES;

	BUG_ON(pfn >= b->nr_pages);
	if (!window.page || window.index != index) {
		if (window.page)
			frame_unmap(window.page);
		window.page = frame_map(b->p2m_frame[index]);
		window.index = index;
	}
	return &window.page[pfn % P2M_ENTRIES];
}

INIT mfn_t dom0_mfn(const struct dom0_build *b, pfn_t pfn)
{
	return *p2m_entry(b, pfn);
}

INIT void dom0_set_pfn(struct dom0_build *b, pfn_t pfn, mfn_t mfn)
{
	uint32_t *entry = p2m_entry(b, pfn);

	BUG_ON(*entry);
	*entry = mfn;
	m2p[mfn] = pfn;
}

INIT void *dom0_map(const struct dom0_build *b, pfn_t pfn)
{
	mfn_t mfn = dom0_mfn(b, pfn);

	BUG_ON(mfn == 0);
	return frame_map(mfn);
}

INIT void dom0_write(const struct dom0_build *b, pfn_t pfn, uint32_t offset, const void *src,
		     uint32_t len)
{
	while (len) {
		uint32_t in_page = offset & (PAGE_SIZE - 1), n = MIN(len, PAGE_SIZE - in_page);
		uint8_t *page = dom0_map(b, pfn + (offset >> PAGE_SHIFT));

		memcpy(page + in_page, src, n);
		frame_unmap(page);
		src = (const uint8_t *)src + n;
		offset += n;
		len -= n;
	}
}

INIT static void NORETURN out_of_memory(const struct dom0_build *b)
{
	panic("too little memory: the initial domain needs %u KiB to start, %u KiB are free. "
	      "Add memory, or load a smaller "
	      "kernel or fewer modules.\n",
	      b->layout.nr_pages * (PAGE_SIZE / 1024),
	      (alloc_free_count() + b->d->tot_pages) * (PAGE_SIZE / 1024));
}

INIT static mfn_t alloc_one(struct dom0_build *b, mfn_t max)
{
	struct page_info *page = domain_page_alloc(b->d, 0, max);

	if (!page)
		out_of_memory(b);
	return page_to_mfn(page);
}

INIT static void alloc_p2m(struct dom0_build *b)
{
	uint32_t i, n = b->layout.nr_p2m_frames;

	b->p2m_frame = heap_pages_alloc(DIV_ROUND_UP(n * sizeof(mfn_t), PAGE_SIZE));
	if (!b->p2m_frame)
		out_of_memory(b);
	for (i = 0; i < n; i++)
		b->p2m_frame[i] = alloc_one(b, 0);
	for (i = 0; i < n; i++)
		dom0_set_pfn(b, b->layout.p2m_pfn + i, b->p2m_frame[i]);
}

typedef struct page_info *page_alloc_fn(struct domain *d, unsigned order, mfn_t max);

INIT static uint32_t count_missing(const struct dom0_build *b, pfn_t from, pfn_t to)
{
	uint32_t n = 0;

	for (; from < to; from++)
		n += dom0_mfn(b, from) == 0;
	return n;
}

/* The block's frames go to the first pfns from *pfn on that have none. */
INIT static void give_block(struct dom0_build *b, pfn_t *pfn, const struct page_info *page,
			    unsigned order)
{
	uint32_t i;

	for (i = 0; i < 1u << order; i++) {
		while (dom0_mfn(b, *pfn))
			++*pfn;
		dom0_set_pfn(b, *pfn, page_to_mfn(page) + i);
	}
}

/*
 * Blocks as large as there are, for pfns [from, to) that have no frame yet. Frames below 4 GiB
 * first: kernels take page tables and buffers of old devices from low pfns, and qemu-system-i386
 * does not follow page tables above. False: memory ran out.
 */
INIT static bool populate(struct dom0_build *b, pfn_t from, pfn_t to, page_alloc_fn *alloc)
{
	uint32_t missing = count_missing(b, from, to);
	mfn_t max = FRAMES_BELOW_4GIB;
	unsigned order = MAX_ORDER;

	while (missing) {
		struct page_info *page;

		while (1u << order > missing)
			order--;
		page = alloc(b->d, order, max);
		if (page) {
			give_block(b, &from, page, order);
			missing -= 1u << order;
		} else if (order > 0) {
			order--;
		} else if (max) {
			max = 0;
			order = MAX_ORDER;
		} else {
			return false;
		}
	}
	return true;
}

/* ---- the hypervisor's share ---- */

/*
 * Blocks held back while the domain takes what it wants, so that some of the memory below 4 GiB is
 * left for the heap.
 */
#define MAX_RESERVE_BLOCKS 128
static INITDATA struct {
	struct page_info *page;
	unsigned order;
} reserve[MAX_RESERVE_BLOCKS];
static INITDATA unsigned nr_reserve;

INIT static void hold_reserve(uint32_t frames)
{
	unsigned order = MAX_ORDER;

	while (frames && nr_reserve < MAX_RESERVE_BLOCKS) {
		struct page_info *page = NULL;

		if (1u << order <= frames)
			page = alloc_pages(order, FRAMES_BELOW_4GIB);
		if (page) {
			reserve[nr_reserve].page = page;
			reserve[nr_reserve++].order = order;
			frames -= 1u << order;
		} else if (order-- == 0) {
			return;
		}
	}
}

INIT static void release_reserve(void)
{
	while (nr_reserve > 0) {
		nr_reserve--;
		free_pages(reserve[nr_reserve].page, reserve[nr_reserve].order);
	}
}

INIT void dom0_memory_init(struct dom0_build *b)
{
	alloc_p2m(b);
	dom0_set_pfn(b, start_layout_pfn(&b->layout, b->layout.page_tables),
		     alloc_one(b, FRAMES_BELOW_4GIB));
	dom0_modules_adopt(b);
	if (!populate(b, 0, b->layout.nr_pages, domain_page_alloc))
		out_of_memory(b);
}

/*
 * Frames are left as they are: nobody's secrets are in them yet, and zeroing gigabytes takes
 * seconds.
 */
INIT void dom0_memory_fill(struct dom0_build *b)
{
	uint32_t missing = b->nr_pages - b->d->tot_pages, have = alloc_free_count();

	/* Some of the reserve has been used for the domain's structures. */
	hold_reserve(have > missing ? MIN(have - missing, b->nr_reserved) : 0);
	if (!populate(b, b->layout.nr_pages, b->nr_pages, domain_page_alloc_dirty))
		out_of_memory(b);
	release_reserve();
}

INIT void dom0_memory_finish(struct dom0_build *b)
{
	frame_unmap(window.page);
	window.page = NULL;
	heap_pages_free(b->p2m_frame,
			DIV_ROUND_UP(b->layout.nr_p2m_frames * sizeof(mfn_t), PAGE_SIZE));
	b->p2m_frame = NULL;
}
