/* SPDX-License-Identifier: MIT */
/*
 * Where everything goes in a new guest: order, alignment and padding that <xen/xen.h> promises
 * under "startofday_layout". What a kernel asked to have elsewhere (MOD_START_PFN, INIT_P2M)
 * follows the initial region in pseudo-physical memory.
 */
#include "dom0/build_internal.h"

#define REGION_ALIGN 0x400000u
#define REGION_PADDING 0x80000u
#define L2_SPAN (1u << 21)
#define TOP_TABLES 5 /* L3 and four L2 */
#define SPECIAL_PAGES 3

pfn_t build_pfn(const struct build *b, gva_t va)
{
	return (va - b->layout.start) / PAGE_SIZE;
}

static uint64_t page_up(uint64_t bytes)
{
	return ROUND_UP(bytes, (uint64_t)PAGE_SIZE);
}

static uint32_t count_l1(uint64_t start, uint64_t end)
{
	return (uint32_t)((end - 1) / L2_SPAN - start / L2_SPAN + 1);
}

/* Page tables map the region that contains them: more tables may need more tables. */
static uint64_t place_tables(struct build_layout *l, uint64_t tables)
{
	uint64_t stack_end, end;

	for (l->nr_tables = TOP_TABLES + 1;; l->nr_tables++) {
		stack_end = tables + ((uint64_t)l->nr_tables + 1) * PAGE_SIZE;
		end = ROUND_UP(stack_end + REGION_PADDING, (uint64_t)REGION_ALIGN);
		if (l->nr_tables >= TOP_TABLES + count_l1(l->start, end))
			break;
	}
	l->tables = (gva_t)tables;
	l->stack_end = (gva_t)stack_end;
	return end;
}

/*
 * Pseudo-physical pages of the region's occupied part; what follows lies behind all of the region.
 */
static const char *place_outside(struct build *b, uint32_t ramdisk)
{
	struct build_layout *l = &b->layout;
	bool outside = ramdisk && b->image.mod_start_pfn;
	pfn_t pfn = build_pfn(b, l->stack_end);
	uint64_t p2m_end;

	if (outside || b->image.has_init_p2m)
		pfn = build_pfn(b, l->end);
	if (outside) {
		l->ramdisk_pfn = pfn;
		pfn += DIV_ROUND_UP(ramdisk, PAGE_SIZE);
	}
	if (b->image.has_init_p2m) {
		l->p2m = b->image.init_p2m;
		p2m_end = l->p2m + (uint64_t)l->nr_p2m_frames * PAGE_SIZE;
		if (p2m_end > __HYPERVISOR_VIRT_START ||
		    (l->p2m < l->end && p2m_end > (l->start & ~(L2_SPAN - 1))))
			return "note INIT_P2M leaves no room for the frame list";
		l->nr_p2m_l1 = count_l1(l->p2m, p2m_end);
		l->p2m_pfn = pfn;
		l->p2m_l1_pfn = pfn + l->nr_p2m_frames;
		pfn += l->nr_p2m_frames + l->nr_p2m_l1;
	}
	l->nr_pages = pfn;
	return NULL;
}

const char *build_layout(struct build *b)
{
	struct build_layout *l = &b->layout;
	uint32_t ramdisk = b->request->ramdisk ? b->request->ramdisk->size : 0;
	uint64_t va = page_up(b->image.virt_end), end;

	l->start = b->image.virt_base;
	l->nr_p2m_frames = DIV_ROUND_UP(b->nr_pages, P2M_PER_PAGE);
	if (l->start % PAGE_SIZE)
		return "note VIRT_BASE is no page address";
	if (ramdisk && !b->image.mod_start_pfn) {
		l->ramdisk = (gva_t)va;
		l->ramdisk_pfn = (pfn_t)((va - l->start) / PAGE_SIZE);
		va += page_up(ramdisk);
	}
	if (!b->image.has_init_p2m) {
		l->p2m = (gva_t)va;
		l->p2m_pfn = (pfn_t)((va - l->start) / PAGE_SIZE);
		va += (uint64_t)l->nr_p2m_frames * PAGE_SIZE;
	}
	l->start_info = (gva_t)va;
	l->xenstore = (gva_t)va + PAGE_SIZE;
	l->console = (gva_t)va + 2 * PAGE_SIZE;
	end = place_tables(l, va + SPECIAL_PAGES * PAGE_SIZE);
	if (end > __HYPERVISOR_VIRT_START)
		return "kernel, RAM disk and frame list do not fit below the hypervisor: give it "
		       "less memory or a smaller RAM disk";
	l->end = (gva_t)end;
	return place_outside(b, ramdisk);
}
