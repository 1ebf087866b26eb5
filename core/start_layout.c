/* SPDX-License-Identifier: MIT */
/* See start_layout.h. Nothing here is fit to be trusted with more than an image that core/elf.c took. */
#include "core/start_layout.h"

#include "core/lib.h"

#define REGION_ALIGN 0x400000u	/* "ends on an aligned 4MB boundary" */
#define REGION_PADDING 0x80000u /* "at least 512kB padding after the final bootstrap element" */
#define L2_SPAN (1u << 21)
#define L3_AND_L2_PAGES 5

pfn_t start_layout_pfn(const struct start_layout *l, gva_t va)
{
	return (va - l->start) / PAGE_SIZE;
}

static uint64_t page_up(uint64_t bytes)
{
	return ROUND_UP(bytes, (uint64_t)PAGE_SIZE);
}

/* L1 tables that [start, end) takes. */
static uint32_t count_l1(uint64_t start, uint64_t end)
{
	return (uint32_t)((end - 1) / L2_SPAN - start / L2_SPAN + 1);
}

/*
 * Page tables map the region that contains them: more tables may need more tables. Returns the end
 * of the region.
 */
static uint64_t place_tables(struct start_layout *l, uint64_t tables)
{
	uint64_t stack_end, end;

	for (l->nr_page_tables = L3_AND_L2_PAGES + 1;; l->nr_page_tables++) {
		stack_end = tables + ((uint64_t)l->nr_page_tables + 1) * PAGE_SIZE;
		end = ROUND_UP(stack_end + REGION_PADDING, (uint64_t)REGION_ALIGN);
		if (l->nr_page_tables >= L3_AND_L2_PAGES + count_l1(l->start, end))
			break;
	}
	l->page_tables = (gva_t)tables;
	l->stack_end = (gva_t)stack_end;
	return end;
}

/* A frame list at an address of the kernel's choice, with page tables of its own. */
static const char *place_p2m(struct start_layout *l, gva_t va, pfn_t pfn)
{
	uint64_t end = va + (uint64_t)l->nr_p2m_frames * PAGE_SIZE;

	l->p2m = va;
	if (end > HV_START || (va < l->end && end > (l->start & ~(L2_SPAN - 1))))
		return "note INIT_P2M leaves no room for the frame list";
	l->nr_p2m_l1 = count_l1(va, end);
	l->p2m_pfn = pfn;
	l->p2m_l1_pfn = pfn + l->nr_p2m_frames;
	l->nr_pages = l->p2m_l1_pfn + l->nr_p2m_l1;
	return NULL;
}

/* What lies in pseudo-physical memory behind the initial region, all of it or its occupied part. */
static const char *place_outside(struct start_layout *l, const struct start_request *r)
{
	bool modules = r->modules_len && r->image->mod_start_pfn;
	bool whole = r->whole_region || modules || r->image->has_init_p2m;

	l->nr_pages = start_layout_pfn(l, whole ? l->end : l->stack_end);
	if (modules) {
		l->modules_pfn = l->nr_pages;
		l->nr_pages += DIV_ROUND_UP(r->modules_len, PAGE_SIZE);
	}
	return r->image->has_init_p2m ? place_p2m(l, r->image->init_p2m, l->nr_pages) : NULL;
}

const char *start_layout_compute(struct start_layout *l, const struct start_request *r)
{
	uint64_t va = page_up(r->image->virt_end), end;

	memset(l, 0, sizeof(*l));
	l->start = r->image->virt_base;
	l->nr_p2m_frames = DIV_ROUND_UP(r->nr_pages, P2M_ENTRIES);
	if (l->start % PAGE_SIZE)
		return "note VIRT_BASE is no page address";
	if (r->modules_len && !r->image->mod_start_pfn) {
		l->modules = (gva_t)va;
		l->modules_pfn = (pfn_t)((va - l->start) / PAGE_SIZE);
		va += page_up(r->modules_len);
	}
	if (!r->image->has_init_p2m) {
		l->p2m = (gva_t)va;
		l->p2m_pfn = (pfn_t)((va - l->start) / PAGE_SIZE);
		va += (uint64_t)l->nr_p2m_frames * PAGE_SIZE;
	}
	l->start_info = (gva_t)va;
	end = place_tables(l, va + (uint64_t)r->special_pages * PAGE_SIZE);
	if (end > HV_START)
		return r->too_large;
	l->end = (gva_t)end;
	return place_outside(l, r);
}
