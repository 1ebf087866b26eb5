/* SPDX-License-Identifier: MIT */
/*
 * Where everything goes in the initial domain: the order, alignment and padding that <xen/xen.h>
 * promises under "startofday_layout". The initial region maps pseudo-physical memory from 0 on;
 * what a kernel asked to have elsewhere (MOD_START_PFN, INIT_P2M) follows behind it in
 * pseudo-physical memory.
 */
#include "core/dom0_internal.h"

#include "core/lib.h"

#define REGION_ALIGN 0x400000u	/* "ends on an aligned 4MB boundary" */
#define REGION_PADDING 0x80000u /* "at least 512kB padding after the final bootstrap element" */
#define L2_SPAN (1u << L2_SHIFT)
#define L3_AND_L2_PAGES (1 + L3_SLOTS)

INIT pfn_t dom0_va_to_pfn(const struct dom0_build *b, gva_t va)
{
	return (va - b->layout.start) >> PAGE_SHIFT;
}

INIT static uint64_t page_up(uint64_t bytes)
{
	return ROUND_UP(bytes, (uint64_t)PAGE_SIZE);
}

/* L1 tables that [start, end) takes. */
INIT static uint32_t count_l1(uint64_t start, uint64_t end)
{
	return (uint32_t)(((end - 1) >> L2_SHIFT) - (start >> L2_SHIFT) + 1);
}

/*
 * Page tables map the region that contains them: more tables may need more tables. Returns the end
 * of the region.
 */
INIT static uint64_t place_tables(struct dom0_layout *l, uint64_t tables)
{
	uint64_t end;

	for (l->nr_page_tables = L3_AND_L2_PAGES + 1;; l->nr_page_tables++) {
		uint64_t stack_end = tables + ((uint64_t)l->nr_page_tables + 1) * PAGE_SIZE;

		end = ROUND_UP(stack_end + REGION_PADDING, (uint64_t)REGION_ALIGN);
		if (l->nr_page_tables < L3_AND_L2_PAGES + count_l1(l->start, end))
			continue;
		l->page_tables = (gva_t)tables;
		l->stack_end = (gva_t)stack_end;
		return end;
	}
}

/* What lies in pseudo-physical memory behind the initial region. */
INIT static const char *place_outside(struct dom0_build *b, bool modules, bool p2m)
{
	struct dom0_layout *l = &b->layout;
	pfn_t pfn = (l->end - l->start) >> PAGE_SHIFT;
	uint64_t p2m_end;

	if (modules) {
		l->modules_pfn = pfn;
		pfn += DIV_ROUND_UP(b->modules.len, PAGE_SIZE);
	}
	if (p2m) {
		l->p2m = b->image.init_p2m;
		p2m_end = l->p2m + (uint64_t)l->nr_p2m_frames * PAGE_SIZE;
		if (p2m_end > HV_START ||
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

INIT const char *dom0_layout_compute(struct dom0_build *b)
{
	struct dom0_layout *l = &b->layout;
	bool modules_inside = b->modules.len && !b->image.mod_start_pfn;
	uint64_t va = page_up(b->image.virt_end), end;

	memset(l, 0, sizeof(*l));
	l->start = b->image.virt_base;
	l->nr_p2m_frames = DIV_ROUND_UP(b->nr_pages, P2M_ENTRIES);
	if (l->start & (PAGE_SIZE - 1))
		return "note VIRT_BASE is no page address";
	if (modules_inside) {
		l->modules = (gva_t)va;
		l->modules_pfn = (pfn_t)((va - l->start) >> PAGE_SHIFT);
		va += page_up(b->modules.len);
	}
	if (!b->image.has_init_p2m) {
		l->p2m = (gva_t)va;
		l->p2m_pfn = (pfn_t)((va - l->start) >> PAGE_SHIFT);
		va += (uint64_t)l->nr_p2m_frames * PAGE_SIZE;
	}
	l->start_info = (gva_t)va;
	end = place_tables(l, va + PAGE_SIZE);
	if (end > HV_START)
		return "kernel, modules and frame list do not fit between VIRT_BASE and the "
		       "hypervisor: give it less memory "
		       "(dom0_mem=MiB) or a smaller initial RAM disk";
	l->end = (gva_t)end;
	return place_outside(b, b->modules.len && !modules_inside, b->image.has_init_p2m);
}
