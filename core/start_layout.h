/* SPDX-License-Identifier: MIT */
/*
 * Where everything goes in a new domain: the order, alignment and padding that <xen/xen.h> promises
 * under "startofday_layout". The initial region maps pseudo-physical memory from 0 on; what a kernel
 * asked to have elsewhere (MOD_START_PFN, INIT_P2M) follows behind it in pseudo-physical memory.
 * For the initial domain, and for those that the control domain builds. Pure functions.
 */
#pragma once

#include "core/elf.h"

#define P2M_ENTRIES (PAGE_SIZE / sizeof(uint32_t)) /* frames that a page of the list names */

struct start_request {
	const struct elf_image *image;
	uint32_t nr_pages;    /* of the whole domain */
	uint32_t modules_len; /* bytes; 0: no RAM disk */
	/* start_info, and those behind it that the kernel finds there: the rings of ordinary guests. */
	uint32_t special_pages;
	bool whole_region; /* each page that the initial region maps has to exist */
	const char *too_large;
};

/* Virtual addresses; where_pfn for what need not be mapped in the initial region. */
struct start_layout {
	gva_t start, end; /* the initial region, which maps pfn 0, 1, 2 ... */
	gva_t modules;	  /* 0: none, or not mapped */
	pfn_t modules_pfn;
	gva_t p2m;
	pfn_t p2m_pfn;
	uint32_t nr_p2m_frames;
	pfn_t p2m_l1_pfn; /* INIT_P2M: page tables of its own, behind the list */
	uint32_t nr_p2m_l1;
	gva_t start_info;
	gva_t page_tables; /* L3, four L2, the L1s of the region in order */
	uint32_t nr_page_tables;
	gva_t stack_end;
	uint32_t nr_pages; /* what all of this needs */
};

/* NULL, or why there is no such place; request->too_large when the addresses do not suffice. */
const char *start_layout_compute(struct start_layout *layout,
				 const struct start_request *request) MUST_CHECK;
/* The page that the initial region maps there. */
pfn_t start_layout_pfn(const struct start_layout *layout, gva_t va);
