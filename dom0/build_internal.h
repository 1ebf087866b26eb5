/* SPDX-License-Identifier: MIT */
/* State of one domain's construction, shared by the dom0/build*.c files. */
#pragma once

#include "core/elf.h"
#include "core/start_layout.h"
#include "dom0/build.h"
#include "dom0/files.h"
#include "dom0/unpack.h"

/* The pages behind start_info. */
#define XENSTORE_PAGE 1u
#define CONSOLE_PAGE 2u
#define SPECIAL_PAGES 3u

struct build {
	const struct build_request *request;
	struct build_result *result;
	struct unpacked kernel;
	struct elf_buffer source;
	struct elf_image image;
	struct start_layout layout;
	uint32_t nr_pages;
	xen_pfn_t *p2m;
	uint64_t shared_info; /* machine address */
	char error[256];
};

/* Keeps a formatted message in b->error and returns it. */
const char *build_fail(struct build *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

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
