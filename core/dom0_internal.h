/* SPDX-License-Identifier: MIT */
/*
 * State of the initial domain's construction, shared by the core/dom0*.c files. Boot only, one CPU,
 * no locks.
 */
#pragma once

#include "boot/boot.h"
#include "core/dom0.h"
#include "core/elf.h"
#include "core/start_layout.h"

/*
 * What mod_start points to: one module as it is, or a table, command lines, and then each module on
 * a page of its own.
 */
struct dom0_modules {
	unsigned count;			   /* boot modules 1 .. count */
	bool table;			   /* SIF_MULTIBOOT_MOD */
	uint32_t table_len;		   /* bytes before the first module, whole pages */
	uint32_t len;			   /* all together; 0: no module */
	uint32_t offset[BOOT_MAX_MODULES]; /* of boot module i, i >= 1 */
};

struct dom0_build {
	struct domain *d;
	struct vcpu *v;
	struct elf_image image;
	struct dom0_modules modules;
	struct start_layout layout;
	uint32_t nr_pages;    /* of the whole domain */
	uint32_t nr_reserved; /* frames that stay the hypervisor's */
	mfn_t *p2m_frame;     /* frames of the p2m list, nr_p2m_frames */
};

/* ---- core/dom0_memory.c ---- */
/* Frames for every pfn of the layout, zeroed, modules in place. */
void dom0_memory_init(struct dom0_build *b);
/* The rest, up to nr_pages. */
void dom0_memory_fill(struct dom0_build *b);
mfn_t dom0_mfn(const struct dom0_build *b, pfn_t pfn);
/* A window on a page of the domain; close with frame_unmap(). */
void *dom0_map(const struct dom0_build *b, pfn_t pfn);
void dom0_write(const struct dom0_build *b, pfn_t pfn, uint32_t offset, const void *src,
		uint32_t len);
/* Forgets the list of p2m frames. */
void dom0_memory_finish(struct dom0_build *b);

/* ---- core/dom0_modules.c ---- */
void dom0_modules_measure(struct dom0_build *b);
/*
 * Frames that the module's bytes lie in and that become the domain's as they are; 0 when it has to
 * be copied.
 */
uint32_t dom0_module_frames(unsigned module);
/* Gives the domain the modules' own frames where possible (before other frames are allocated). */
void dom0_modules_adopt(struct dom0_build *b);
/* Table, command lines, and copies of modules that are not page aligned. */
void dom0_modules_write(struct dom0_build *b);
/* Copies a part of one to pseudo-physical address `at`. */
void dom0_module_copy(struct dom0_build *b, unsigned module, uint32_t offset, uint32_t len,
		      uint64_t at);
/* Reads from a boot module. */
void dom0_module_read(unsigned module, uint32_t offset, void *dst, uint32_t len);
/* Gives a module's frames to the allocator. */
void dom0_module_free(unsigned module);
/* Lets pfn be mfn; both were nothing before. */
void dom0_set_pfn(struct dom0_build *b, pfn_t pfn, mfn_t mfn);

/* ---- core/dom0_tables.c ---- */
void dom0_tables_build(struct dom0_build *b);

/* ---- core/dom0_start.c ---- */
void dom0_start_info_write(struct dom0_build *b);
void dom0_registers_set(struct dom0_build *b);
