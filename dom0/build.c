/* SPDX-License-Identifier: MIT */
/* The order of a domain's construction: everything is checked before the domain exists. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/build_internal.h"
#include "dom0/ctl.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

const char *build_fail(struct build *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(b->error, sizeof(b->error), fmt, args);
	va_end(args);
	return b->error;
}

static const char *read_kernel(struct build *b)
{
	const struct file *file = b->request->kernel;
	const char *error = unpack_kernel(&b->kernel, file->data, file->size);

	if (!error) {
		elf_buffer_init(&b->source, b->kernel.data, b->kernel.size);
		error = elf_parse(&b->source.source, &b->image);
	}
	return error ? build_fail(b, "kernel \"%s\": %s", file->name, error) : NULL;
}

static const char *check_memory(struct build *b)
{
	struct xen_sysctl_physinfo info;
	uint64_t free_kib;

	if (b->layout.nr_pages > b->nr_pages)
		return build_fail(
			b, "memory=%u is too little: kernel, RAM disk and tables need %u MiB",
			(unsigned)(b->request->memory_kib >> 10),
			(unsigned)((b->layout.nr_pages + 255) >> 8));
	if (ctl_physinfo(&info))
		return NULL;
	free_kib = info.free_pages * KIB_PER_PAGE;
	if (b->request->memory_kib > free_kib)
		return build_fail(b,
				  "memory=%u needs %u KiB, %u KiB are free: give it less, or "
				  "shut down another guest",
				  (unsigned)(b->request->memory_kib >> 10),
				  (unsigned)b->request->memory_kib, (unsigned)free_kib);
	return NULL;
}

static const char *load_segments(struct build *b)
{
	const char *error = NULL;
	unsigned i;

	for (i = 0; i < b->image.nr_segments && !error; i++) {
		const struct elf_segment *s = &b->image.segment[i];

		error = build_copy(b, s->va - b->layout.start, b->kernel.data + s->offset,
				   s->file_size);
	}
	return error;
}

static const char *load_ramdisk(struct build *b)
{
	const struct file *file = b->request->ramdisk;

	return file ? build_copy(b, b->layout.modules_pfn * PAGE_SIZE, file->data, file->size)
		    : NULL;
}

/* The list describes itself too: it is written when every frame is known. */
static const char *load_p2m(struct build *b)
{
	return build_copy(b, b->layout.p2m_pfn * PAGE_SIZE, b->p2m,
			  b->nr_pages * sizeof(xen_pfn_t));
}

static const char *fill_domain(struct build *b)
{
	const char *error = build_populate(b);

	if (!error)
		error = load_segments(b);
	if (!error)
		error = load_ramdisk(b);
	if (!error)
		error = load_p2m(b);
	if (!error)
		error = build_tables(b);
	if (!error)
		error = build_start(b);
	return error;
}

static const char *make_domain(struct build *b)
{
	domid_t *domain = &b->result->domain;
	const char *error;
	int rc;

	*domain = 0;
	rc = ctl_create(domain, b->request->uuid, b->request->vcpus);
	if (rc)
		return build_fail(b, "cannot create a domain: %s (%d)", ctl_strerror(rc), rc);
	rc = ctl_max_mem(*domain, b->request->maxmem_kib);
	error = rc ? build_fail(b, "maxmem: %s (%d)", ctl_strerror(rc), rc) : fill_domain(b);
	if (error)
		ctl_destroy(*domain);
	return error;
}

static const char *lay_out(struct build *b)
{
	const struct start_request request = {
		.image = &b->image,
		.nr_pages = b->nr_pages,
		.modules_len = b->request->ramdisk ? b->request->ramdisk->size : 0,
		.special_pages = SPECIAL_PAGES,
		.too_large =
			"kernel, RAM disk and frame list do not fit below the hypervisor: give "
			"it less memory or a smaller RAM disk",
	};

	return start_layout_compute(&b->layout, &request);
}

static const char *build(struct build *b)
{
	const char *error = read_kernel(b);

	b->result->suspend_cancel = b->image.suspend_cancel;
	b->nr_pages = b->request->memory_kib / KIB_PER_PAGE;
	if (!error)
		error = lay_out(b);
	if (!error)
		error = check_memory(b);
	if (error)
		return error;
	b->p2m = malloc(b->nr_pages * sizeof(xen_pfn_t));
	return b->p2m ? make_domain(b)
		      : build_fail(b, "the control domain has not enough memory for the guest's "
				      "frame list");
}

const char *build_domain(const struct build_request *request, struct build_result *result)
{
	static struct build b; /* the message outlives the call */
	const char *error;

	memset(&b, 0, sizeof(b));
	b.request = request;
	b.result = result;
	error = build(&b);
	free(b.p2m);
	unpack_free(&b.kernel);
	return error;
}
