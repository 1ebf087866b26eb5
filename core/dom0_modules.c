/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader put into memory, for the initial domain. Page-aligned modules are not
 * copied: their frames become the domain's. Several modules are described as <xen/xen.h> says at
 * SIF_MULTIBOOT_MOD, with addresses relative to the table.
 */
#include "core/dom0_internal.h"

#include "core/lib.h"
#include "mm/mmu.h"

INIT static uint32_t module_len(unsigned module)
{
	return (uint32_t)(boot_info.module[module].end - boot_info.module[module].start);
}

INIT static uint32_t table_bytes(unsigned count)
{
	return (count + 1) * sizeof(struct xen_multiboot_mod_list);
}

INIT void dom0_modules_measure(struct dom0_build *b)
{
	struct dom0_modules *m = &b->modules;
	uint64_t len;
	unsigned i;

	memset(m, 0, sizeof(*m));
	m->count = boot_info.nr_modules - 1;
	m->table = m->count > 1 || (m->count == 1 && b->image.modules_table);
	if (m->table) {
		m->table_len = table_bytes(m->count);
		for (i = 1; i <= m->count; i++)
			m->table_len += strlen(boot_info.module[i].cmdline) + 1;
		m->table_len = ROUND_UP(m->table_len, PAGE_SIZE);
	}
	len = m->table_len;
	for (i = 1; i <= m->count; i++) {
		len = ROUND_UP(len, (uint64_t)PAGE_SIZE);
		m->offset[i] = (uint32_t)len;
		len += module_len(i);
	}
	if (len > HV_START)
		panic("the modules take %u MiB, more than 32 bits can address: load fewer.\n",
		      (uint32_t)(len >> 20));
	m->len = (uint32_t)len;
}

/*
 * The Multiboot2 header asks for it. A loader that does not listen may put two modules into one
 * page.
 */
INIT static bool modules_aligned(void)
{
	unsigned i;

	for (i = 0; i < boot_info.nr_modules; i++)
		if (boot_info.module[i].start & (PAGE_SIZE - 1))
			return false;
	return true;
}

INIT uint32_t dom0_module_frames(unsigned module)
{
	return modules_aligned() ? DIV_ROUND_UP(module_len(module), PAGE_SIZE) : 0;
}

/* The loader's or the firmware's bytes behind a module's end are none of the domain's business. */
INIT static void clear_tail(unsigned module)
{
	paddr_t end = boot_info.module[module].end;
	uint32_t in_page = end & (PAGE_SIZE - 1);
	uint8_t *page;

	if (in_page == 0)
		return;
	page = frame_map((mfn_t)(end >> PAGE_SHIFT));
	memset(page + in_page, 0, PAGE_SIZE - in_page);
	frame_unmap(page);
}

INIT static pfn_t module_pfn(const struct dom0_build *b, unsigned module)
{
	return b->layout.modules_pfn + (b->modules.offset[module] >> PAGE_SHIFT);
}

INIT void dom0_modules_adopt(struct dom0_build *b)
{
	unsigned i;
	uint32_t j;

	for (i = 1; i <= b->modules.count; i++) {
		mfn_t first = (mfn_t)(boot_info.module[i].start >> PAGE_SHIFT);
		uint32_t frames = dom0_module_frames(i);

		if (frames)
			clear_tail(i);
		for (j = 0; j < frames; j++) {
			domain_page_assign(b->d, mfn_to_page(first + j));
			dom0_set_pfn(b, module_pfn(b, i) + j, first + j);
		}
	}
}

INIT void dom0_module_read(unsigned module, uint32_t offset, void *dst, uint32_t len)
{
	paddr_t from = boot_info.module[module].start + offset;

	while (len) {
		uint32_t in_page = from & (PAGE_SIZE - 1), n = MIN(len, PAGE_SIZE - in_page);
		const uint8_t *page = frame_map((mfn_t)(from >> PAGE_SHIFT));

		memcpy(dst, page + in_page, n);
		frame_unmap(page);
		dst = (uint8_t *)dst + n;
		from += n;
		len -= n;
	}
}

/* Only frames that are the module's alone. */
INIT void dom0_module_free(unsigned module)
{
	paddr_t end = boot_info.module[module].end;
	mfn_t first = (mfn_t)DIV_ROUND_UP(boot_info.module[module].start, PAGE_SIZE);
	mfn_t last = (mfn_t)((modules_aligned() ? ROUND_UP(end, (paddr_t)PAGE_SIZE) : end) >>
			     PAGE_SHIFT);

	if (first < last)
		alloc_add_range(first, last);
}

INIT void dom0_module_copy(struct dom0_build *b, unsigned module, uint32_t offset, uint32_t len,
			   uint64_t at)
{
	while (len) {
		uint32_t in_page = at & (PAGE_SIZE - 1), n = MIN(len, PAGE_SIZE - in_page);
		uint8_t *page = dom0_map(b, (pfn_t)(at >> PAGE_SHIFT));

		dom0_module_read(module, offset, page + in_page, n);
		frame_unmap(page);
		offset += n;
		at += n;
		len -= n;
	}
}

INIT static void copy_module(struct dom0_build *b, unsigned module)
{
	dom0_module_copy(b, module, 0, module_len(module),
			 (uint64_t)module_pfn(b, module) << PAGE_SHIFT);
	dom0_module_free(module);
}

/* The end of the table is an entry of zeros, which fresh memory is. */
INIT static void write_table(struct dom0_build *b)
{
	const struct dom0_modules *m = &b->modules;
	uint32_t text = table_bytes(m->count);
	unsigned i;

	for (i = 1; i <= m->count; i++) {
		const char *cmdline = boot_info.module[i].cmdline;
		struct xen_multiboot_mod_list entry = {
			.mod_start = m->offset[i],
			.mod_end = m->offset[i] + module_len(i) - 1,
			.cmdline = text,
		};

		dom0_write(b, b->layout.modules_pfn, (i - 1) * sizeof(entry), &entry,
			   sizeof(entry));
		dom0_write(b, b->layout.modules_pfn, text, cmdline, strlen(cmdline) + 1);
		text += strlen(cmdline) + 1;
	}
}

INIT void dom0_modules_write(struct dom0_build *b)
{
	unsigned i;

	if (b->modules.table)
		write_table(b);
	for (i = 1; i <= b->modules.count; i++)
		if (module_len(i) && !dom0_module_frames(i))
			copy_module(b, i);
}
