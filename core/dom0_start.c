/* SPDX-License-Identifier: MIT */
/*
 * What the initial domain finds when it starts: start_info, hypercall page, registers. <xen/xen.h>
 * "startofday", <xen/arch-x86/xen-x86_32.h> for the hypercall convention.
 */
#include "core/dom0_internal.h"

#include "core/errno.h"
#include "core/lib.h"

#define MAGIC "xen-3.0-x86_32p"
#define CALL_SIZE 32
#define LFB_UNIT 0x10000u
#define EGA_FONT_HEIGHT 16

_Static_assert(sizeof(void *) != 4 ||
		       sizeof(struct start_info) + sizeof(struct dom0_vga_console_info) <=
			       PAGE_SIZE,
	       "start_info's page holds the console information too");

/* ---- hypercall page ---- */

/*
 * iret takes its argument from the stack and never comes back: eax is saved below it instead of a
 * return address.
 */
void hypercall_page_fill(void *page)
{
	static const uint8_t call[] = { 0xb8, 0, 0, 0, 0, 0xcd, VECTOR_HYPERCALL, 0xc3 };
	static const uint8_t iret_call[] = { 0x50, 0xb8, __HYPERVISOR_iret, 0, 0,
					     0,	   0xcd, VECTOR_HYPERCALL };
	uint8_t *at = page;
	uint32_t nr;

	memset(page, 0xcc, PAGE_SIZE); /* int3 */
	for (nr = 0; nr < PAGE_SIZE / CALL_SIZE; nr++, at += CALL_SIZE) {
		if (nr == __HYPERVISOR_iret) {
			memcpy(at, iret_call, sizeof(iret_call));
			continue;
		}
		memcpy(at, call, sizeof(call));
		memcpy(at + 1, &nr, sizeof(nr));
	}
}

int hypercall_page_write(struct domain *d, uint64_t frame)
{
	void *page;

	if (frame >= max_mfn || get_page_and_type((mfn_t)frame, d, PGT_WRITABLE, false))
		return -EINVAL;
	page = frame_map((mfn_t)frame);
	hypercall_page_fill(page);
	frame_unmap(page);
	put_page_and_type(mfn_to_page((mfn_t)frame));
	return 0;
}

/* The kernel chose the address, which need not be a page's. */
INIT static void write_hypercall_page(struct dom0_build *b)
{
	uint8_t *page;

	if (!b->image.has_hypercall_page)
		return;
	page = heap_page_alloc();
	if (!page)
		panic("too little memory for the hypervisor itself.\n");
	hypercall_page_fill(page);
	dom0_write(b, 0, b->image.hypercall_page - b->layout.start, page, PAGE_SIZE);
	heap_page_free(page);
}

/* ---- start_info ---- */

INIT static void fill_text_console(struct dom0_vga_console_info *vga)
{
	vga->video_type = XEN_VGATYPE_TEXT_MODE_3;
	vga->u.text_mode_3.font_height = EGA_FONT_HEIGHT;
	vga->u.text_mode_3.rows = (uint16_t)boot_info.framebuffer.height;
	vga->u.text_mode_3.columns = (uint16_t)boot_info.framebuffer.width;
	vga->u.text_mode_3.cursor_y = (uint16_t)(boot_info.framebuffer.height - 1);
}

INIT static void fill_framebuffer_console(struct dom0_vga_console_info *vga)
{
	const struct mb2_framebuffer *fb = &boot_info.framebuffer;
	uint8_t used = fb->red_size + fb->green_size + fb->blue_size;

	vga->video_type = XEN_VGATYPE_VESA_LFB;
	vga->u.vesa_lfb.width = (uint16_t)fb->width;
	vga->u.vesa_lfb.height = (uint16_t)fb->height;
	vga->u.vesa_lfb.bytes_per_line = (uint16_t)fb->pitch;
	vga->u.vesa_lfb.bits_per_pixel = fb->bpp;
	vga->u.vesa_lfb.lfb_base = (uint32_t)fb->address;
	vga->u.vesa_lfb.ext_lfb_base = (uint32_t)(fb->address >> 32);
	vga->u.vesa_lfb.lfb_size =
		(uint32_t)DIV_ROUND_UP((uint64_t)fb->pitch * fb->height, LFB_UNIT);
	vga->u.vesa_lfb.red_pos = fb->red_pos;
	vga->u.vesa_lfb.red_size = fb->red_size;
	vga->u.vesa_lfb.green_pos = fb->green_pos;
	vga->u.vesa_lfb.green_size = fb->green_size;
	vga->u.vesa_lfb.blue_pos = fb->blue_pos;
	vga->u.vesa_lfb.blue_size = fb->blue_size;
	vga->u.vesa_lfb.rsvd_size = fb->bpp > used ? fb->bpp - used : 0;
	vga->u.vesa_lfb.rsvd_pos = vga->u.vesa_lfb.rsvd_size ? used : 0;
}

/* info_size stays 0 where there is no screen, or one that the structure cannot describe. */
INIT static void fill_console(struct start_info *si)
{
	struct dom0_vga_console_info *vga = (void *)(si + 1);

	si->console.dom0.info_off = sizeof(*si);
	if (!boot_info.framebuffer.address || !boot_info.framebuffer.height)
		return;
	if (boot_info.framebuffer.type == MULTIBOOT2_FRAMEBUFFER_EGA_TEXT)
		fill_text_console(vga);
	else if (boot_info.framebuffer.type == MULTIBOOT2_FRAMEBUFFER_RGB)
		fill_framebuffer_console(vga);
	else
		return;
	si->console.dom0.info_size = sizeof(*vga);
}

/* GRUB passes only the arguments; other loaders put the file's path in front. */
INIT static const char *kernel_arguments(void)
{
	const char *s = boot_info.module[0].cmdline;

	while (*s == ' ')
		s++;
	if (*s != '/' && *s != '(')
		return s;
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return s;
}

INIT static void fill_modules(const struct dom0_build *b, struct start_info *si)
{
	if (b->modules.len == 0)
		return;
	si->mod_len = b->modules.len;
	if (b->layout.modules) {
		si->mod_start = b->layout.modules;
	} else {
		si->mod_start = b->layout.modules_pfn;
		si->flags |= SIF_MOD_START_PFN;
	}
	if (b->modules.table)
		si->flags |= SIF_MULTIBOOT_MOD;
}

INIT void dom0_start_info_write(struct dom0_build *b)
{
	const struct start_layout *l = &b->layout;
	struct start_info *si = dom0_map(b, start_layout_pfn(&b->layout, l->start_info));

	strlcpy(si->magic, MAGIC, sizeof(si->magic));
	si->nr_pages = b->d->tot_pages;
	si->shared_info = heap_page_mfn(b->d->shared_info) << PAGE_SHIFT;
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = l->page_tables;
	si->nr_pt_frames = l->nr_page_tables;
	si->mfn_list = l->p2m;
	if (b->image.has_init_p2m) {
		si->first_p2m_pfn = l->p2m_pfn;
		si->nr_p2m_frames = l->nr_p2m_frames + l->nr_p2m_l1;
	}
	strlcpy((char *)si->cmd_line, kernel_arguments(), sizeof(si->cmd_line));
	fill_modules(b, si);
	fill_console(si);
	frame_unmap(si);
	write_hypercall_page(b);
}

/* ---- vCPU 0 ---- */

INIT void dom0_registers_set(struct dom0_build *b)
{
	struct vcpu *v = b->v;
	struct trap_frame *f = &v->arch.frame;
	unsigned i;

	memset(f, 0, sizeof(*f));
	f->eip = b->image.entry;
	f->cs = FLAT_KERNEL_CS;
	f->ss = FLAT_KERNEL_SS;
	f->ds = f->es = FLAT_KERNEL_DS;
	f->esp = b->layout.stack_end;
	f->esi = b->layout.start_info;
	f->eflags = EFLAGS_IF | EFLAGS_FIXED;
	v->arch.fs = v->arch.gs = FLAT_KERNEL_DS;
	v->arch.kernel_ss = FLAT_KERNEL_SS;
	v->arch.kernel_esp = b->layout.stack_end;
	for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		b->d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
	v->initialised = true;
	v->online = true;
}
