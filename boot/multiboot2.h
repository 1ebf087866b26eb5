/* SPDX-License-Identifier: MIT */
/*
 * The part of the Multiboot2 specification, version 2.0, that a loaded kernel meets: the header's
 * tags (section 3.1) for the assembler, and the boot information (section 3.6). All fields are
 * little-endian; every tag starts 8-byte aligned.
 */
#pragma once

/* ---- header, in the first 32 KiB of the image ---- */
#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define MULTIBOOT2_ARCHITECTURE_I386 0
#define MULTIBOOT2_HEADER_ALIGN 8
#define MULTIBOOT2_HEADER_TAG_END 0
#define MULTIBOOT2_HEADER_TAG_INFORMATION_REQUEST 1
#define MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS 3
#define MULTIBOOT2_HEADER_TAG_CONSOLE_FLAGS 4
#define MULTIBOOT2_HEADER_TAG_MODULE_ALIGN 6
#define MULTIBOOT2_HEADER_TAG_OPTIONAL 1 /* in the flags field */
#define MULTIBOOT2_CONSOLE_EGA_TEXT_SUPPORTED 2

/* ---- what the loader leaves in %eax, and what the Multiboot 1 protocol leaves there ---- */
#define MULTIBOOT2_BOOTLOADER_MAGIC 0x36d76289
#define MULTIBOOT_BOOTLOADER_MAGIC 0x2badb002

/* ---- tags of the boot information ---- */
#define MULTIBOOT2_TAG_ALIGN 8
#define MULTIBOOT2_TAG_END 0
#define MULTIBOOT2_TAG_CMDLINE 1
#define MULTIBOOT2_TAG_LOADER_NAME 2
#define MULTIBOOT2_TAG_MODULE 3
#define MULTIBOOT2_TAG_MMAP 6
#define MULTIBOOT2_TAG_FRAMEBUFFER 8
#define MULTIBOOT2_TAG_ACPI_OLD 14
#define MULTIBOOT2_TAG_ACPI_NEW 15

#define MULTIBOOT2_MEMORY_RAM 1
#define MULTIBOOT2_MEMORY_RESERVED 2
#define MULTIBOOT2_MEMORY_ACPI 3
#define MULTIBOOT2_MEMORY_NVS 4
#define MULTIBOOT2_MEMORY_BAD 5

#define MULTIBOOT2_FRAMEBUFFER_RGB 1
#define MULTIBOOT2_FRAMEBUFFER_EGA_TEXT 2

#ifndef __ASSEMBLY__
#include "core/types.h"

struct mb2_info {
	uint32_t total_size;
	uint32_t reserved;
};

struct mb2_tag {
	uint32_t type;
	uint32_t size; /* with this header, without the padding to the next tag */
};

struct mb2_module {
	struct mb2_tag tag;
	uint32_t start, end;
	char string[];
};

struct mb2_memory_entry {
	uint64_t base, length;
	uint32_t type, reserved;
};

struct mb2_memory_map {
	struct mb2_tag tag;
	uint32_t entry_size, entry_version;
};

struct mb2_framebuffer {
	struct mb2_tag tag;
	uint64_t address;
	uint32_t pitch, width, height; /* EGA text: in characters */
	uint8_t bpp, type;	       /* MULTIBOOT2_FRAMEBUFFER_* */
	uint16_t reserved;
	uint8_t red_pos, red_size, green_pos, green_size, blue_pos,
		blue_size; /* MULTIBOOT2_FRAMEBUFFER_RGB only */
} PACKED;
_Static_assert(offsetof(struct mb2_framebuffer, red_pos) == 32,
	       "as the specification's multiboot2.h has it");
#endif
