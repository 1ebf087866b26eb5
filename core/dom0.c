/* SPDX-License-Identifier: MIT */
/*
 * Construction of the initial domain: how much memory it gets, and the order of the steps. The
 * kernel image is copied into place and its module's memory is used again; other modules stay where
 * they are (core/dom0_modules.c).
 */
#include "core/dom0.h"

#include "arch/x86_32/arch.h"
#include "core/console.h"
#include "core/dom0_internal.h"
#include "core/options.h"

#define KERNEL_MODULE 0
#define FRAMES_PER_MIB (0x100000u / PAGE_SIZE)

/* Kept for the hypervisor: a share of what is free, within bounds. */
#define RESERVE_SHARE 16
#define RESERVE_MIN (4 * FRAMES_PER_MIB)
#define RESERVE_MAX (128 * FRAMES_PER_MIB)

static INITDATA struct dom0_build build;

/* ---- the kernel ---- */

INIT static void read_kernel_module(UNUSED const struct elf_source *source, uint32_t offset,
				    void *dst, uint32_t len)
{
	dom0_module_read(KERNEL_MODULE, offset, dst, len);
}

INIT static void parse_kernel(struct dom0_build *b)
{
	const struct boot_module *module = &boot_info.module[KERNEL_MODULE];
	const struct elf_source source = { read_kernel_module,
					   (uint32_t)(module->end - module->start) };
	const char *error;

	if (boot_info.nr_modules == 0)
		panic("no module loaded: the GRUB entry needs a line `module2 /KERNEL` "
		      "behind `multiboot2`, with a kernel "
		      "built for Xen PV, 32 bit, PAE.\n");
	error = elf_parse(&source, &b->image);
	if (error)
		panic("the first module is not a kernel that can run here: %s.\n", error);
	printk("dom0: %s %s, loader %s, PAE%s, entry 0x%x\n",
	       b->image.guest_os[0] ? b->image.guest_os : "kernel", b->image.guest_version,
	       b->image.loader[0] ? b->image.loader : "linux",
	       b->image.pae == ELF_PAE_YES ? "" : " with extended-cr3", b->image.entry);
}

INIT static void load_kernel(struct dom0_build *b)
{
	unsigned i;

	for (i = 0; i < b->image.nr_segments; i++) {
		const struct elf_segment *s = &b->image.segment[i];

		dom0_module_copy(b, KERNEL_MODULE, s->offset, s->file_size,
				 s->va - b->layout.start);
	}
	dom0_module_free(KERNEL_MODULE);
}

/* ---- how much memory ---- */

/* Frames that are free, or will be once the modules have been taken over. */
INIT static uint32_t count_available(void)
{
	uint32_t frames = alloc_free_count();
	unsigned i;

	for (i = 0; i < boot_info.nr_modules; i++)
		frames += dom0_module_frames(i);
	return frames;
}

INIT static void choose_size(struct dom0_build *b)
{
	uint32_t available = count_available();
	uint32_t reserve = MIN(MAX(available / RESERVE_SHARE, RESERVE_MIN), RESERVE_MAX);
	uint32_t most = available > reserve ? available - reserve : 0;
	uint32_t wanted = options.dom0_mem_mib * FRAMES_PER_MIB;

	if (options.dom0_mem_mib && options.dom0_mem_mib > most / FRAMES_PER_MIB)
		printk("dom0: dom0_mem=%u MiB is more than there is; it gets %u MiB\n",
		       options.dom0_mem_mib, most / FRAMES_PER_MIB);
	b->nr_pages = wanted && wanted < most ? wanted : most;
	b->nr_reserved = reserve;
}

INIT static void check_size(const struct dom0_build *b)
{
	if (b->layout.nr_pages <= b->nr_pages)
		return;
	panic("too little memory for the initial domain: kernel, modules, page tables and "
	      "padding need %u KiB, it has %u KiB "
	      "(%u KiB are free, some of it kept for the hypervisor). %s\n",
	      b->layout.nr_pages * (PAGE_SIZE / 1024), b->nr_pages * (PAGE_SIZE / 1024),
	      count_available() * (PAGE_SIZE / 1024),
	      options.dom0_mem_mib ? "Raise or drop the option dom0_mem."
				   : "Add memory or load a smaller kernel.");
}

/* ---- all together ---- */

INIT static void create(struct dom0_build *b)
{
	b->d = domain_create(0, DOMAIN_CONTROL, options.dom0_max_vcpus, b->nr_pages);
	if (!b->d)
		panic("too little memory for the initial domain's own structures.\n");
	dom0 = b->d;
	b->v = vcpu_create(b->d, 0);
	if (!b->v)
		panic("too little memory for the initial domain's first virtual CPU.\n");
	if (b->image.pae == ELF_PAE_EXTENDED || b->image.pae == ELF_PAE_BIMODAL)
		b->d->vm_assist |= 1u << VMASST_TYPE_pae_extended_cr3;
}

INIT static void report(const struct dom0_build *b)
{
	const struct start_layout *l = &b->layout;

	printk("dom0: %u MiB; kernel 0x%x-0x%x, modules %u KiB, start_info 0x%x, page tables 0x%x, "
	       "stack 0x%x, mapped to 0x%x\n",
	       b->nr_pages / FRAMES_PER_MIB, b->image.virt_start, b->image.virt_end,
	       b->modules.len / 1024, l->start_info, l->page_tables, l->stack_end, l->end);
}

INIT static const char *lay_out(struct dom0_build *b)
{
	const struct start_request request = {
		.image = &b->image,
		.nr_pages = b->nr_pages,
		.modules_len = b->modules.len,
		.special_pages = 1,
		.whole_region = true,
		.too_large = "kernel, modules and frame list do not fit between VIRT_BASE and the "
			     "hypervisor: give it less memory "
			     "(dom0_mem=MiB) or a smaller initial RAM disk",
	};

	return start_layout_compute(&b->layout, &request);
}

INIT struct domain *dom0_build(void)
{
	struct dom0_build *b = &build;
	const char *error;

	parse_kernel(b);
	dom0_modules_measure(b);
	choose_size(b);
	error = lay_out(b);
	if (error)
		panic("the initial domain cannot be laid out: %s.\n", error);
	check_size(b);
	create(b);
	dom0_memory_init(b);
	load_kernel(b);
	dom0_modules_write(b);
	dom0_memory_fill(b);
	dom0_start_info_write(b);
	dom0_tables_build(b);
	dom0_registers_set(b);
	dom0_memory_finish(b);
	report(b);
	if (b->image.draws_screen && boot_info.framebuffer.type == MULTIBOOT2_FRAMEBUFFER_EGA_TEXT)
		screen_release();
	if (b->image.takes_output)
		console_leave_guests();
	return b->d;
}
