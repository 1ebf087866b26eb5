/* SPDX-License-Identifier: MIT */
/*
 * Fuzz harness of the kernel image reader (core/elf.h). The input is the image. What elf.h promises
 * of an accepted image is checked; the sanitizers see to the rest.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/elf.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static void check_segment(const struct elf_image *image, const struct elf_segment *s, size_t size)
{
	REQUIRE(s->file_size <= s->mem_size);
	REQUIRE((uint64_t)s->offset + s->file_size <= size);
	REQUIRE((uint64_t)s->va + s->mem_size <= HV_START);
	REQUIRE(s->va >= image->virt_base);
	REQUIRE(s->va >= image->virt_start && s->va + s->mem_size <= image->virt_end);
}

static void check_accepted(const struct elf_image *image, size_t size)
{
	unsigned i;

	REQUIRE(image->nr_segments >= 1 && image->nr_segments <= ELF_MAX_SEGMENTS);
	for (i = 0; i < image->nr_segments; i++)
		check_segment(image, &image->segment[i], size);
	REQUIRE(image->entry >= image->virt_start && image->entry < image->virt_end);
	REQUIRE(image->pae != ELF_PAE_NO);
	REQUIRE(!image->has_hypercall_page ||
		(image->hypercall_page >= image->virt_start &&
		 (uint64_t)image->hypercall_page + PAGE_SIZE <=
			 ROUND_UP((uint64_t)image->virt_end, (uint64_t)PAGE_SIZE)));
}

static void check_refused(const char *error)
{
	size_t len = strlen(error);

	REQUIRE(len > 0 && len < ELF_ERROR_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct elf_image image;
	struct elf_buffer buffer;
	const char *error;

	elf_buffer_init(&buffer, data, (uint32_t)size);
	error = elf_parse(&buffer.source, &image);
	if (error)
		check_refused(error);
	else
		check_accepted(&image, size);
	return 0;
}
