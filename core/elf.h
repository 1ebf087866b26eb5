/* SPDX-License-Identifier: MIT */
/*
 * Reads a paravirtual kernel: an ELF32 image for i386 that says how it wants to be started, in Xen
 * ELF notes (<xen/elfnote.h>) or in the older __xen_guest section. The image is untrusted: nothing
 * in it is believed beyond its size.
 */
#pragma once

#include "core/types.h"

#define ELF_MAX_SEGMENTS 16
#define ELF_ERROR_MAX 160

/* Where the bytes of an image come from: they need not be in one piece. */
struct elf_source {
	/* Copies [offset, offset + len), which lies within size. */
	void (*read)(const struct elf_source *source, uint32_t offset, void *dst, uint32_t len);
	uint32_t size;
};

/* An image that is in memory in one piece. */
struct elf_buffer {
	struct elf_source source;
	const uint8_t *data;
};
void elf_buffer_init(struct elf_buffer *buffer, const void *data, uint32_t size);

/* What is loaded: file_size bytes of the image at offset go to va, zeros follow up to mem_size. */
struct elf_segment {
	uint32_t offset, file_size, mem_size;
	gva_t va;
};

enum elf_pae {
	ELF_PAE_NO,	  /* not said, or "no" */
	ELF_PAE_YES,	  /* legacy "yes": top level below 4 GiB */
	ELF_PAE_EXTENDED, /* note "yes", legacy "yes[extended-cr3]" */
	ELF_PAE_BIMODAL,
};

struct elf_image {
	gva_t virt_base, entry;
	uint32_t paddr_offset;
	gva_t virt_start, virt_end; /* extent of all segments */
	unsigned nr_segments;
	struct elf_segment segment[ELF_MAX_SEGMENTS];

	enum elf_pae pae;
	bool has_hypercall_page, has_init_p2m, has_hv_start_low, has_phys32_entry;
	gva_t hypercall_page, init_p2m, hv_start_low;
	uint64_t l1_mfn_valid_mask, l1_mfn_valid_value; /* the first pair */
	uint32_t features_required, features_supported; /* bit n: XENFEAT_n of submap 0 */
	uint32_t features_noted;			/* the part of it that came as a number */
	bool mod_start_pfn; /* takes an initial RAM disk that is not mapped */
	bool suspend_cancel;
	bool bsd_symtab;    /* wants its symbol table behind the kernel */
	bool modules_table; /* INFO "MODULES=multiboot": wants a module table even for one module */
	bool draws_screen;  /* INFO "SCREEN=text": will draw a text screen itself */
	bool takes_output;  /* INFO "CONSOLE=guests": shows people what guests print */
	char loader[16], guest_os[32], guest_version[32], xen_version[16];

	bool from_notes; /* false: from __xen_guest */
	char error[ELF_ERROR_MAX];
};

/*
 * Fills *image and checks it as Xen's loader does. NULL, or one line (without \n) saying what is
 * missing or wrong.
 */
const char *elf_parse(const struct elf_source *source, struct elf_image *image) MUST_CHECK;
