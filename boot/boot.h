/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader told us, copied out of its tables before anything else is allocated.
 */
#pragma once

#include "boot/multiboot2.h"
#include "core/types.h"

#define BOOT_MAX_MODULES 32
#define BOOT_MAX_REGIONS 128
#define BOOT_CMDLINE_MAX 1024

struct boot_module {
	paddr_t start, end; /* bytes, below 4 GiB */
	char cmdline[BOOT_CMDLINE_MAX];
};

struct boot_region {
	paddr_t start, end;
	uint32_t type; /* multiboot2/E820: 1 RAM, 2 reserved, 3 ACPI reclaimable, 4 NVS, 5 bad */
};

struct boot_info {
	char cmdline[BOOT_CMDLINE_MAX];
	char loader[64];
	unsigned nr_modules, nr_regions;
	struct boot_module module[BOOT_MAX_MODULES];
	struct boot_region region[BOOT_MAX_REGIONS]; /* sorted, not overlapping, worst type wins */
	uint8_t rsdp_copy[36]; /* the RSDP itself; Multiboot2 does not say where it was */
	uint8_t rsdp_length;   /* 20 (ACPI 1.0) or 36; 0: none */
	/* address 0: the loader set up no screen, or did not say */
	struct mb2_framebuffer framebuffer;
};

extern struct boot_info boot_info;

/*
 * The longest information structure that multiboot2_parse() reads; start-up code maps this much, or
 * total_size if less.
 */
#define BOOT_INFO_MAX 0x100000u

/*
 * Parses the multiboot2 information at (mapped) address `mbi`; magic is what the loader left in
 * %eax. RAM is cut at the capacity of the machine-to-physical table. NULL, or a message saying what
 * is wrong.
 */
const char *multiboot2_parse(const void *mbi, uint32_t magic);
