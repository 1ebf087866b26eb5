/* SPDX-License-Identifier: MIT */
/*
 * Fuzz harness of kernel files on their way into a guest: unpacking (dom0/unpack.h), reading the image
 * (core/elf.h), and the layout of the new domain. The first byte chooses the wrapping that is put
 * round the rest, so that every unpacker is reached: none, a bzImage, a format's magic number, or both;
 * the second the guest's size.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/build_internal.h"
#include "dom0/memory.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define ROOM_BYTES (1u << 20) /* for unpacked data */
#define SETUP_BYTES 1024u
#define FILE_MAX (64u << 10)
#define RAMDISK_BYTES 12345u

static const struct {
	uint8_t len;
	char text[6];
} magic[] = { { 0, "" },
	      { 2, "\x1f\x8b" },
	      { 4, "BZh9" },
	      { 4, "\x89LZO" },
	      { 5, "\xfd"
		   "7zXZ" },
	      { 3, "\x5d\0\0" },
	      { 4, "\x02\x21\x4c\x18" },
	      { 4, "\x28\xb5\x2f\xfd" } };
#define NR_MAGICS (sizeof(magic) / sizeof(magic[0]))

unsigned long heap_bytes_left(void)
{
	return ROOM_BYTES;
}

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
	at[2] = (uint8_t)(value >> 16);
	at[3] = (uint8_t)(value >> 24);
}

/* A real-mode header whose payload is the rest of the file. */
static void put_setup(uint8_t *file, uint32_t payload)
{
	file[0x1f1] = 1;
	file[0x1fe] = 0x55;
	file[0x1ff] = 0xaa;
	memcpy(file + 0x202, "HdrS", 4);
	file[0x206] = 8;
	file[0x207] = 2;
	put32(file + 0x248, 0);
	put32(file + 0x24c, payload);
}

static uint8_t *wrap(uint8_t how, const uint8_t *data, size_t size, uint32_t *total)
{
	bool setup = how & 0x80;
	unsigned m = (how & 0x7f) % NR_MAGICS;
	uint32_t at = 0;
	uint8_t *file = calloc(1, SETUP_BYTES + magic[m].len + size + 1);

	REQUIRE(file);
	if (setup) {
		put_setup(file, (uint32_t)(magic[m].len + size));
		at = SETUP_BYTES;
	}
	memcpy(file + at, magic[m].text, magic[m].len);
	at += magic[m].len;
	if (size)
		memcpy(file + at, data, size);
	*total = at + (uint32_t)size;
	/* Nothing behind the file may be read. */
	return realloc(file, *total ? *total : 1);
}

static void check_error(const char *error)
{
	REQUIRE(*error && strlen(error) < 256);
}

/* Pages that a layout gives to several uses would be loaded twice. */
static void check_layout(const struct build *b)
{
	const struct start_layout *l = &b->layout;

	REQUIRE(l->start < l->end && l->end <= HV_START && l->stack_end < l->end);
	REQUIRE(l->start <= b->image.virt_start && b->image.virt_end <= l->start_info);
	REQUIRE(l->start_info + SPECIAL_PAGES * PAGE_SIZE == l->page_tables);
	REQUIRE(l->page_tables + (l->nr_page_tables + 1) * PAGE_SIZE == l->stack_end);
	REQUIRE((uint64_t)(l->end - l->start) <= (uint64_t)(l->nr_page_tables - 5 + 1) << 21);
	REQUIRE(l->p2m_pfn + l->nr_p2m_frames <= l->nr_pages);
	REQUIRE(start_layout_pfn(l, l->stack_end) <= l->nr_pages);
	if (b->request->ramdisk)
		REQUIRE(l->modules_pfn + DIV_ROUND_UP(RAMDISK_BYTES, PAGE_SIZE) <= l->nr_pages);
	if (b->image.has_init_p2m)
		REQUIRE(l->p2m_l1_pfn + l->nr_p2m_l1 <= l->nr_pages);
}

static void read_kernel(struct build *b)
{
	const struct start_request request = {
		.image = &b->image,
		.nr_pages = b->nr_pages,
		.modules_len = b->request->ramdisk ? b->request->ramdisk->size : 0,
		.special_pages = SPECIAL_PAGES,
		.whole_region = (b->nr_pages >> 13) % 2,
		.too_large = "too large",
	};
	const char *error;

	elf_buffer_init(&b->source, b->kernel.data, b->kernel.size);
	error = elf_parse(&b->source.source, &b->image);
	if (!error)
		error = start_layout_compute(&b->layout, &request);
	if (error)
		check_error(error);
	else
		check_layout(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct file ramdisk = { .size = RAMDISK_BYTES };
	static struct build b;
	struct build_request request = { 0 };
	const char *error;
	uint32_t total;
	uint8_t *file;

	if (size < 2 || size > FILE_MAX)
		return 0;
	memset(&b, 0, sizeof(b));
	b.request = &request;
	b.nr_pages = (data[1] & 0x7fu) << 13;
	request.ramdisk = data[1] & 0x80 ? &ramdisk : NULL;
	file = wrap(data[0], data + 2, size - 2, &total);
	error = unpack_kernel(&b.kernel, file, total);
	if (error) {
		check_error(error);
	} else {
		REQUIRE(b.kernel.size <= MAX(ROOM_BYTES, total));
		read_kernel(&b);
	}
	unpack_free(&b.kernel);
	free(file);
	return 0;
}
