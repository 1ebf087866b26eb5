/* SPDX-License-Identifier: MIT */
/*
 * ELF headers and loadable segments of a paravirtual kernel, and the checks that make an image
 * bootable here. Notes are in elf_note.c. Invariant: every [offset, file_size) and [va, mem_size)
 * that leaves here lies within the image and below HV_START.
 */
#include "core/elf.h"

#include <xen/features.h>

#include "core/elf_internal.h"
#include "core/lib.h"

static void buffer_read(const struct elf_source *source, uint32_t offset, void *dst, uint32_t len)
{
	const struct elf_buffer *buffer = container_of(source, struct elf_buffer, source);

	memcpy(dst, buffer->data + offset, len);
}

void elf_buffer_init(struct elf_buffer *buffer, const void *data, uint32_t size)
{
	buffer->source.read = buffer_read;
	buffer->source.size = size;
	buffer->data = data;
}

bool elf_read(const struct elf_source *source, uint32_t offset, void *dst, uint32_t len)
{
	if (len > source->size || offset > source->size - len)
		return false;
	source->read(source, offset, dst, len);
	return true;
}

const char *elf_fail(struct elf_image *image, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(image->error, sizeof(image->error), fmt, args);
	va_end(args);
	return image->error;
}

/* ---- what kind of file is it ---- */

#define BZIMAGE_MAGIC_OFFSET 0x202

static const char *not_elf(const struct elf_source *source, const uint8_t *ident)
{
	static const uint8_t gzip[] = { 0x1f, 0x8b }, xz[] = { 0xfd, '7', 'z', 'X', 'Z' };
	char magic[4];

	if (elf_read(source, BZIMAGE_MAGIC_OFFSET, magic, sizeof(magic)) &&
	    !memcmp(magic, "HdrS", sizeof(magic)))
		return "a bzImage: unpack the ELF kernel in it first (tools/boot does)";
	if (!memcmp(ident, gzip, sizeof(gzip)) || !memcmp(ident, xz, sizeof(xz)))
		return "a compressed file: unpack it first";
	return "not an ELF file";
}

static const char *check_header(const struct elf_source *source, struct elf32_header *h)
{
	if (!elf_read(source, 0, h, sizeof(*h)))
		return "not an ELF file: too short";
	if (memcmp(h->ident, "\177ELF", 4))
		return not_elf(source, h->ident);
	if (h->ident[ELF_CLASS] == ELFCLASS64 || h->machine == EM_X86_64)
		return "a 64-bit kernel: only 32-bit (i386, PAE) kernels run here";
	if (h->ident[ELF_CLASS] != ELFCLASS32 || h->ident[ELF_DATA] != ELFDATA2LSB ||
	    h->machine != EM_386)
		return "an ELF file for another processor than i386";
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return "an ELF file, but no executable (an object file or a core dump?)";
	if (h->phnum == 0 || h->phentsize < sizeof(struct elf32_program_header))
		return "an ELF file without program headers";
	return NULL;
}

/* ---- segments ---- */

static const char *add_segment(const struct elf_source *source, struct elf_image *image,
			       const struct elf32_program_header *p)
{
	struct elf_segment *s = &image->segment[image->nr_segments];

	if (image->nr_segments == ELF_MAX_SEGMENTS)
		return "more loadable segments than a kernel has";
	if (p->filesz > p->memsz)
		return "a segment is longer in the file than in memory";
	if (p->filesz > source->size || p->offset > source->size - p->filesz)
		return "the file is cut short: a segment lies behind its end";
	s->offset = p->offset;
	s->file_size = p->filesz;
	s->mem_size = p->memsz;
	s->va = p->paddr - image->paddr_offset + image->virt_base;
	if (s->va < image->virt_base)
		return elf_fail(
			image,
			"a segment lies below VIRT_BASE (0x%x): PADDR_OFFSET (0x%x) does not fit",
			image->virt_base, image->paddr_offset);
	if (p->memsz > HV_START || s->va > HV_START - p->memsz)
		return elf_fail(
			image,
			"a segment reaches into the hypervisor's addresses, which begin at 0x%x",
			HV_START);
	image->virt_start = image->nr_segments ? MIN(image->virt_start, s->va) : s->va;
	image->virt_end = MAX(image->virt_end, s->va + s->mem_size);
	image->nr_segments++;
	return NULL;
}

static const char *read_segments(const struct elf_source *source, const struct elf32_header *h,
				 struct elf_image *image)
{
	struct elf32_program_header p;
	const char *error;
	unsigned i;

	for (i = 0; i < h->phnum; i++) {
		if (h->phoff > source->size ||
		    !elf_read(source, h->phoff + i * h->phentsize, &p, sizeof(p)))
			return "the program headers lie behind the end of the file";
		if (p.type != PT_LOAD || p.memsz == 0)
			continue;
		error = add_segment(source, image, &p);
		if (error)
			return error;
	}
	return image->nr_segments ? NULL : "an ELF file without a loadable segment";
}

/* ---- can it run here ---- */

/*
 * The order and the meaning of Xen's own checks, with its two exceptions for Linux without a
 * LOADER.
 */
static const char *check_identity(struct elf_image *image)
{
	if (strncmp(image->loader, "generic", 7) && strncmp(image->guest_os, "linux", 5)) {
		if (!image->loader[0])
			return "note LOADER is missing: it has to be \"generic\"";
		return elf_fail(image, "note LOADER is \"%s\": it has to be \"generic\"",
				image->loader);
	}
	if (!image->xen_version[0])
		return "note XEN_VERSION is missing: it has to be \"xen-3.0\"";
	if (strncmp(image->xen_version, "xen-3.0", 7))
		return elf_fail(image, "note XEN_VERSION is \"%s\": it has to be \"xen-3.0\"",
				image->xen_version);
	return NULL;
}

static const char *check_features(const struct elf_image *image)
{
	if (image->features_required >> XENFEAT_supervisor_mode_kernel & 1)
		return "note FEATURES requires supervisor_mode_kernel: kernels run in ring 1 here";
	if (image->features_required >> XENFEAT_auto_translated_physmap & 1)
		return "note FEATURES requires auto_translated_physmap: kernels see machine "
		       "addresses here";
	return NULL;
}

static const char *check_addresses(struct elf_image *image)
{
	if (image->entry < image->virt_start || image->entry >= image->virt_end)
		return elf_fail(image,
				"note ENTRY (0x%x) lies outside of the kernel (0x%x to 0x%x)",
				image->entry, image->virt_start, image->virt_end);
	if (image->has_hypercall_page &&
	    (image->hypercall_page < image->virt_start ||
	     image->hypercall_page > ROUND_UP(image->virt_end, PAGE_SIZE) - PAGE_SIZE))
		return elf_fail(
			image,
			"note HYPERCALL_PAGE (0x%x) lies outside of the kernel (0x%x to 0x%x)",
			image->hypercall_page, image->virt_start, image->virt_end);
	if (image->has_hv_start_low && image->hv_start_low > HV_START)
		return elf_fail(
			image,
			"note HV_START_LOW (0x%x) is above the hypervisor's first address (0x%x)",
			image->hv_start_low, HV_START);
	if (image->has_init_p2m &&
	    (image->init_p2m & (PAGE_SIZE - 1) || image->init_p2m >= HV_START))
		return elf_fail(image,
				"note INIT_P2M (0x%x) is no page address below the hypervisor's",
				image->init_p2m);
	return NULL;
}

static const char *check_bootable(struct elf_image *image)
{
	const char *error = check_identity(image);

	if (error)
		return error;
	if (image->pae == ELF_PAE_NO)
		return image->from_notes
			       ? "note PAE_MODE does not say \"yes\": it uses two-level page tables"
			       : "__xen_guest does not say PAE=yes: it uses two-level page tables";
	error = check_features(image);
	return error ? error : check_addresses(image);
}

const char *elf_parse(const struct elf_source *source, struct elf_image *image)
{
	struct elf32_header h;
	const char *error;

	memset(image, 0, sizeof(*image));
	error = check_header(source, &h);
	if (error)
		return error;
	error = elf_read_description(source, &h, image);
	if (error)
		return error;
	error = read_segments(source, &h, image);
	return error ? error : check_bootable(image);
}
