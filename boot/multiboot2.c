/* SPDX-License-Identifier: MIT */
/*
 * The boot loader's information, copied into boot_info before its memory is reused. The loader is
 * trusted to mean well, not to be free of bugs: no length is believed beyond the structure that
 * contains it. Multiboot2 specification, 3.6.
 */
#include "boot/boot.h"

#include "boot/multiboot2.h"
#include "core/lib.h"

struct boot_info boot_info;

/* More than any firmware reports; twice that many boundaries. */
#define MAX_RAW_REGIONS 256
#define RAM_LIMIT ((paddr_t)M2P_SIZE / sizeof(uint32_t) * PAGE_SIZE)

static INITDATA struct boot_region raw[MAX_RAW_REGIONS];
static INITDATA paddr_t boundary[2 * MAX_RAW_REGIONS];
static INITDATA unsigned nr_raw;

/* A string of at most `max` bytes in a tag, ended by NUL or by the tag. */
INIT static void copy_string(char *dst, size_t size, const char *src, size_t max)
{
	size_t len = MIN(strnlen(src, max), size - 1);

	memcpy(dst, src, len);
	dst[len] = '\0';
}

INIT static const char *parse_module(const struct mb2_module *m)
{
	struct boot_module *module = &boot_info.module[boot_info.nr_modules];

	if (m->tag.size < sizeof(*m) || m->end < m->start)
		return "the boot loader's description of a module makes no sense";
	if (boot_info.nr_modules == BOOT_MAX_MODULES)
		return "too many modules: load fewer";
	module->start = m->start;
	module->end = m->end;
	copy_string(module->cmdline, sizeof(module->cmdline), m->string, m->tag.size - sizeof(*m));
	boot_info.nr_modules++;
	return NULL;
}

/* RAM above RAM_LIMIT is left out: no frame number there has a machine-to-physical entry. */
INIT static const char *add_region(uint64_t base, uint64_t length, uint32_t type)
{
	uint64_t end = base + length < base ? ~0ull : base + length;

	if (type == 0 || type > MULTIBOOT2_MEMORY_BAD)
		type = MULTIBOOT2_MEMORY_RESERVED;
	if (type == MULTIBOOT2_MEMORY_RAM)
		end = MIN(end, RAM_LIMIT);
	if (base >= end)
		return NULL;
	if (nr_raw == MAX_RAW_REGIONS)
		return "the firmware's memory map has too many entries";
	raw[nr_raw++] = (struct boot_region){ base, end, type };
	return NULL;
}

INIT static const char *parse_memory_map(const struct mb2_memory_map *map)
{
	uint32_t offset = sizeof(*map);

	if (map->tag.size < sizeof(*map) || map->entry_size < sizeof(struct mb2_memory_entry))
		return "the boot loader's memory map makes no sense";
	while (map->entry_size <= map->tag.size - offset) {
		const struct mb2_memory_entry *e = (const void *)((const char *)map + offset);
		const char *error = add_region(e->base, e->length, e->type);

		if (error)
			return error;
		offset += map->entry_size;
	}
	return NULL;
}

INIT static void parse_framebuffer(const struct mb2_framebuffer *fb)
{
	if (fb->tag.size < offsetof(struct mb2_framebuffer, red_pos))
		return;
	if (fb->type == MULTIBOOT2_FRAMEBUFFER_RGB && fb->tag.size < sizeof(*fb))
		return;
	memcpy(&boot_info.framebuffer, fb, MIN(fb->tag.size, sizeof(*fb)));
}

/* The newer table wins when the loader passes both. */
INIT static void parse_rsdp(const struct mb2_tag *tag, uint8_t length)
{
	if (tag->size - sizeof(*tag) < length || length < boot_info.rsdp_length)
		return;
	memcpy(boot_info.rsdp_copy, tag + 1, length);
	boot_info.rsdp_length = length;
}

INIT static const char *parse_tag(const struct mb2_tag *tag)
{
	size_t payload = tag->size - sizeof(*tag);

	switch (tag->type) {
	case MULTIBOOT2_TAG_CMDLINE:
		copy_string(boot_info.cmdline, sizeof(boot_info.cmdline), (const char *)(tag + 1),
			    payload);
		return NULL;
	case MULTIBOOT2_TAG_LOADER_NAME:
		copy_string(boot_info.loader, sizeof(boot_info.loader), (const char *)(tag + 1),
			    payload);
		return NULL;
	case MULTIBOOT2_TAG_MODULE:
		return parse_module((const struct mb2_module *)tag);
	case MULTIBOOT2_TAG_MMAP:
		return parse_memory_map((const struct mb2_memory_map *)tag);
	case MULTIBOOT2_TAG_FRAMEBUFFER:
		parse_framebuffer((const struct mb2_framebuffer *)tag);
		return NULL;
	case MULTIBOOT2_TAG_ACPI_OLD:
		parse_rsdp(tag, 20);
		return NULL;
	case MULTIBOOT2_TAG_ACPI_NEW:
		parse_rsdp(tag, 36);
		return NULL;
	}
	return NULL;
}

/* How bad it would be to take memory of this type for RAM. */
INIT static unsigned type_rank(uint32_t type)
{
	switch (type) {
	case MULTIBOOT2_MEMORY_RAM:
		return 1;
	case MULTIBOOT2_MEMORY_ACPI:
		return 2;
	case MULTIBOOT2_MEMORY_NVS:
		return 3;
	case MULTIBOOT2_MEMORY_RESERVED:
		return 4;
	default:
		return 5;
	}
}

INIT static unsigned collect_boundaries(void)
{
	unsigned n = 0, i, j;

	for (i = 0; i < 2 * nr_raw; i++) {
		paddr_t value = i % 2 ? raw[i / 2].end : raw[i / 2].start;

		for (j = n; j > 0 && boundary[j - 1] >= value; j--)
			;
		if (j < n && boundary[j] == value)
			continue;
		memmove(&boundary[j + 1], &boundary[j], (n - j) * sizeof(boundary[0]));
		boundary[j] = value;
		n++;
	}
	return n;
}

/*
 * The worst type that any entry gives to [start, ...) up to the next boundary; 0: no entry covers
 * it.
 */
INIT static uint32_t worst_type(paddr_t start)
{
	uint32_t worst = 0;
	unsigned i;

	for (i = 0; i < nr_raw; i++) {
		if (raw[i].start > start || raw[i].end <= start)
			continue;
		if (worst == 0 || type_rank(raw[i].type) > type_rank(worst))
			worst = raw[i].type;
	}
	return worst;
}

/*
 * Firmware maps come unsorted and overlapping. Between two neighbouring boundaries the type is
 * constant. What finds no room is left out, which is safe: only listed RAM is used.
 */
INIT static const char *sort_memory_map(void)
{
	unsigned n = collect_boundaries(), i;
	bool ram = false;

	for (i = 0; i + 1 < n; i++) {
		uint32_t type = worst_type(boundary[i]);
		struct boot_region *last = &boot_info.region[boot_info.nr_regions];

		ram |= type == MULTIBOOT2_MEMORY_RAM;
		if (type == 0)
			continue;
		if (boot_info.nr_regions > 0 && last[-1].end == boundary[i] &&
		    last[-1].type == type)
			last[-1].end = boundary[i + 1];
		else if (boot_info.nr_regions < BOOT_MAX_REGIONS)
			boot_info.region[boot_info.nr_regions++] =
				(struct boot_region){ boundary[i], boundary[i + 1], type };
	}
	return ram ? NULL : "the boot loader passed no memory map with usable RAM";
}

INIT static const char *parse_tags(const struct mb2_info *info)
{
	uint32_t offset = sizeof(*info), total = info->total_size;

	while (total - offset >= sizeof(struct mb2_tag)) {
		const struct mb2_tag *tag = (const void *)((const char *)info + offset);
		const char *error;

		if (tag->type == MULTIBOOT2_TAG_END)
			return NULL;
		if (tag->size < sizeof(*tag) || tag->size > total - offset)
			return "the boot loader's information is damaged: impossible tag length";
		error = parse_tag(tag);
		if (error)
			return error;
		offset += MIN(ROUND_UP(tag->size, MULTIBOOT2_TAG_ALIGN), total - offset);
	}
	return NULL;
}

INIT const char *multiboot2_parse(const void *mbi, uint32_t magic)
{
	const struct mb2_info *info = mbi;
	const char *error;

	if (magic == MULTIBOOT_BOOTLOADER_MAGIC)
		return "loaded by the Multiboot 1 protocol: in GRUB use `multiboot2` and "
		       "`module2` instead of "
		       "`multiboot` and `module`";
	if (magic != MULTIBOOT2_BOOTLOADER_MAGIC)
		return "not loaded by a Multiboot2 boot loader: in GRUB use "
		       "`multiboot2 /hypervisor.elf`";
	if (info->total_size < sizeof(*info) || info->total_size > BOOT_INFO_MAX)
		return "the boot loader's information is damaged: its length is impossible";
	memset(&boot_info, 0, sizeof(boot_info));
	nr_raw = 0;
	error = parse_tags(info);
	return error ? error : sort_memory_map();
}
