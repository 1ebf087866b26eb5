/* SPDX-License-Identifier: MIT */
/*
 * The ELF structures that a loader meets (System V ABI, chapters 4 and 5), and what elf.c and
 * elf_note.c share.
 */
#pragma once

#include "core/elf.h"

#define ELF_CLASS 4
#define ELF_DATA 5
#define ELFCLASS32 1
#define ELFCLASS64 2
#define ELFDATA2LSB 1
#define ET_EXEC 2
#define ET_DYN 3
#define EM_386 3
#define EM_X86_64 62
#define PT_LOAD 1
#define PT_NOTE 4
#define SHT_NOBITS 8
#define SHT_NOTE 7

struct elf32_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version, entry, phoff, shoff, flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf32_header) == 52, "ELF32");

struct elf32_program_header {
	uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
_Static_assert(sizeof(struct elf32_program_header) == 32, "ELF32");

struct elf32_section_header {
	uint32_t name, type, flags, addr, offset, size, link, info, addralign, entsize;
};
_Static_assert(sizeof(struct elf32_section_header) == 40, "ELF32");

struct elf32_note {
	uint32_t namesz, descsz, type;
};

/* Copies [offset, offset + len) of the image; false when it does not have that. */
bool elf_read(const struct elf_source *source, uint32_t offset, void *dst, uint32_t len) MUST_CHECK;

/* Keeps a formatted message in image->error and returns it. */
const char *elf_fail(struct elf_image *image, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Finds and reads the notes, or the legacy string; fills in defaults. NULL or a message. */
const char *elf_read_description(const struct elf_source *source, const struct elf32_header *header,
				 struct elf_image *image) MUST_CHECK;
