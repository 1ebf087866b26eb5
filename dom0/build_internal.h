/* SPDX-License-Identifier: MIT */
/* State of one domain's construction, shared by the dom0/build*.c files. */
#ifndef DOM0_BUILD_INTERNAL_H
#define DOM0_BUILD_INTERNAL_H

#include "core/elf.h"
#include "dom0/build.h"
#include "dom0/files.h"
#include "dom0/unpack.h"

#define P2M_PER_PAGE (PAGE_SIZE / sizeof(xen_pfn_t))

/* Addresses as the guest sees them in its initial region, which maps pfn 0, 1, 2 ... from start. */
struct build_layout {
	gva_t start, end;
	gva_t ramdisk; /* 0: none, or not mapped */
	pfn_t ramdisk_pfn;
	gva_t p2m;
	pfn_t p2m_pfn, p2m_l1_pfn; /* INIT_P2M: page tables of its own */
	uint32_t nr_p2m_frames, nr_p2m_l1;
	gva_t start_info, xenstore, console;
	gva_t tables; /* L3, four L2, then L1s */
	uint32_t nr_tables;
	gva_t stack_end;
	uint32_t nr_pages; /* that all of this takes */
};

struct build {
	const struct build_request *request;
	struct build_result *result;
	struct unpacked kernel;
	struct elf_buffer source;
	struct elf_image image;
	struct build_layout layout;
	uint32_t nr_pages;
	xen_pfn_t *p2m;
	uint64_t shared_info; /* machine address */
	char error[256];
};

/* Keeps a formatted message in b->error and returns it. */
const char *build_fail(struct build *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- build_layout.c: from image, request and nr_pages ---- */
const char *build_layout(struct build *b) MUST_CHECK;
pfn_t build_pfn(const struct build *b, gva_t va);

/* ---- build_memory.c ---- */
const char *build_populate(struct build *b) MUST_CHECK;
/* Maps one page of the guest for writing; NULL when the hypervisor refuses. */
void *build_map(const struct build *b, pfn_t pfn);
void build_unmap(void *page);
/* Copies into pseudo-physical memory. */
const char *build_copy(struct build *b, uint32_t paddr, const void *src, uint32_t len) MUST_CHECK;

/* ---- build_tables.c ---- */
const char *build_tables(struct build *b) MUST_CHECK;

/* ---- build_start.c: start_info, hypercall page, shared_info, ports, vCPU 0 ---- */
const char *build_start(struct build *b) MUST_CHECK;

#endif
