/* SPDX-License-Identifier: MIT */
/* The records of an image become the description, frames and registers of a domain: see image.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/memory.h>

#include "dom0/config.h"
#include "dom0/ctl.h"
#include "dom0/memory.h"
#include "dom0/save/restore_internal.h"
#include "guests/pvrt/mm.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define KIB_PER_MIB 1024u
#define BITS_BELOW_4GIB 32
#define DAMAGED "the image is damaged: "

const char *restore_fail(struct restore *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->error, sizeof(r->error), fmt, args);
	va_end(args);
	return r->error;
}

/* ---- description ---- */

static struct restore *reporting;

/* The last message is what is told. */
static void note(const char *message)
{
	restore_fail(reporting, "%s", message);
}

static bool read_spec(struct restore *r, const char *text, uint32_t length)
{
	struct config config = { 0 };
	bool good;

	reporting = r;
	good = config_parse(&config, "the image", text, length, note) &&
	       spec_read(&r->spec, &config, note);
	config_free(&config);
	return good;
}

static const char *take_description(struct restore *r, const struct image_record *record)
{
	const char *error;

	if (record->length > IMAGE_DESCRIPTION_MAX)
		return DAMAGED "its description is too long";
	if (!r->spec_given && !read_spec(r, (const char *)(record + 1), record->length))
		return r->error;
	error = guest_name_error(r->spec.name);
	if (!error)
		error = guest_disks_open(&r->spec, &r->disks);
	r->disks_open = !error;
	return error ? restore_fail(r, "%s", error) : NULL;
}

/* ---- memory ---- */

static const char *check_memory(const struct image_memory *m, uint32_t length)
{
	if (length != sizeof(*m) || !m->nr_pfns || m->nr_pfns > IMAGE_PFNS_MAX || !m->nr_pages ||
	    m->nr_pages > m->nr_pfns || !m->nr_vcpus || m->nr_vcpus > XEN_LEGACY_MAX_VCPUS ||
	    m->flags & ~(IMAGE_TOP_ANYWHERE | IMAGE_CANCELS_SUSPEND) ||
	    m->nr_p2m != (m->nr_pfns + FRAMES_PER_PAGE - 1) / FRAMES_PER_PAGE)
		return DAMAGED "what it says of its memory makes no sense";
	return NULL;
}

static const char *make_domain(struct restore *r)
{
	uint64_t kib = (uint64_t)r->memory.nr_pages * KIB_PER_PAGE;
	uint64_t max = (uint64_t)r->spec.maxmem_mib * KIB_PER_MIB;
	struct xen_sysctl_physinfo info;
	int rc = ctl_physinfo(&info);

	if (!rc && kib > info.free_pages * KIB_PER_PAGE)
		return restore_fail(r, "it needs %u KiB of memory, %u KiB are free", (unsigned)kib,
				    (unsigned)(info.free_pages * KIB_PER_PAGE));
	r->built.domain = 0;
	rc = ctl_create(&r->built.domain, r->spec.uuid, r->memory.nr_vcpus);
	if (rc)
		return restore_fail(r, "cannot create a domain: %s (%d)", ctl_strerror(rc), rc);
	r->has_domain = true;
	rc = ctl_max_vcpus(r->built.domain, r->memory.nr_vcpus);
	if (!rc)
		rc = ctl_max_mem(r->built.domain, max > kib ? max : kib);
	return rc ? restore_fail(r, "maxmem: %s (%d)", ctl_strerror(rc), rc) : NULL;
}

static const char *take_memory(struct restore *r, const struct image_record *record)
{
	const char *error = check_memory((const void *)(record + 1), record->length);

	if (error)
		return error;
	memcpy(&r->memory, record + 1, sizeof(r->memory));
	r->spec.vcpus = r->memory.nr_vcpus;
	r->built.suspend_cancel = r->memory.flags & IMAGE_CANCELS_SUSPEND;
	r->p2m = calloc(r->memory.nr_p2m, sizeof(*r->p2m));
	if (!r->p2m || !frames_alloc(&r->frames, r->memory.nr_pfns))
		return "the control domain has not enough memory for the guest's frame list";
	return make_domain(r);
}

static const char *take_p2m(struct restore *r, const struct image_record *record)
{
	if (record->length != r->memory.nr_p2m * sizeof(*r->p2m))
		return DAMAGED "its frame list has another length";
	memcpy(r->p2m, record + 1, record->length);
	return NULL;
}

/* ---- pages ---- */

static const char *populate(struct restore *r, const struct image_pages_view *view,
			    xen_pfn_t *frames)
{
	unsigned flags =
		r->memory.flags & IMAGE_TOP_ANYWHERE ? 0 : XENMEMF_address_bits(BITS_BELOW_4GIB);
	uint32_t i, pfn;
	int rc;

	for (i = 0; i < view->count; i++) {
		pfn = IMAGE_PFN(view->words[i]);
		/* Twice in one record is seen below. */
		if (pfn >= r->frames.nr_pfns || frames_has(&r->frames, pfn) ||
		    r->frames.nr_pages + view->count > r->memory.nr_pages)
			return DAMAGED "a page that is none of the guest's, or comes twice";
		frames[i] = pfn;
	}
	rc = ctl_populate_list(r->built.domain, view->count, flags, frames);
	return rc ? restore_fail(r, "cannot get memory for it: %s (%d)", ctl_strerror(rc), rc)
		  : NULL;
}

static const char *note_pages(struct restore *r, const struct image_pages_view *view,
			      const xen_pfn_t *mfns)
{
	struct frames *f = &r->frames;
	uint32_t i, pfn, kind;

	for (i = 0; i < view->count; i++) {
		pfn = IMAGE_PFN(view->words[i]);
		kind = IMAGE_KIND(view->words[i]);
		if (frames_has(f, pfn))
			return DAMAGED "a page comes twice";
		f->mfns[pfn] = (uint32_t)mfns[i];
		f->kinds[pfn] = kind == IMAGE_KIND_ZERO ? IMAGE_KIND_DATA : (uint8_t)kind;
		if (view->words[i] & IMAGE_PINNED)
			f->kinds[pfn] |= FRAMES_PINNED;
		f->nr_pages++;
	}
	return NULL;
}

/* New frames are zero. */
static const char *fill(struct restore *r, const struct image_pages_view *view,
			const xen_pfn_t *mfns)
{
	xen_pfn_t used[IMAGE_PAGES_MAX];
	unsigned count = 0, i;
	void *window;

	for (i = 0; i < view->count; i++)
		if (IMAGE_KIND(view->words[i]) != IMAGE_KIND_ZERO)
			used[count++] = mfns[i];
	if (!count)
		return NULL;
	window = foreign_map(r->built.domain, used, count, true);
	if (!window)
		return "cannot map the new domain's memory";
	memcpy(window, view->pages, count * PAGE_SIZE);
	foreign_unmap(window, count);
	return NULL;
}

static const char *take_pages(struct restore *r, const struct image_record *record)
{
	xen_pfn_t frames[IMAGE_PAGES_MAX];
	struct image_pages_view view;
	const char *error = image_pages_read(record, &view);

	if (!error)
		error = populate(r, &view, frames);
	if (!error)
		error = note_pages(r, &view, frames);
	return error ? error : fill(r, &view, frames);
}

/* ---- vCPUs ---- */

static const char *take_vcpu(struct restore *r, const struct image_record *record)
{
	const struct image_vcpu *vcpu = (const void *)(record + 1);

	if (record->length < sizeof(*vcpu) || vcpu->id >= r->memory.nr_vcpus ||
	    r->vcpus[vcpu->id] || vcpu->xstate_size > IMAGE_XSTATE_MAX ||
	    record->length != sizeof(*vcpu) + vcpu->xstate_size)
		return DAMAGED "registers of no vCPU of its";
	r->vcpus[vcpu->id] = malloc(record->length);
	if (!r->vcpus[vcpu->id])
		return "the control domain is out of memory";
	memcpy(r->vcpus[vcpu->id], vcpu, record->length);
	return NULL;
}

static const char *check_all(const struct restore *r)
{
	if (r->frames.nr_pages != r->memory.nr_pages)
		return DAMAGED "pages are missing";
	return r->vcpus[0] ? NULL : DAMAGED "the first vCPU is missing";
}

const char *restore_record(struct restore *r, const struct image_record *record)
{
	switch (record->type) {
	case IMAGE_DESCRIPTION:
		return take_description(r, record);
	case IMAGE_MEMORY:
		return take_memory(r, record);
	case IMAGE_P2M:
		return take_p2m(r, record);
	case IMAGE_PAGES:
		return take_pages(r, record);
	case IMAGE_VCPU:
		return take_vcpu(r, record);
	default: /* the reader has checked types and order */
		return check_all(r);
	}
}

void restore_records_free(struct restore *r)
{
	unsigned i;

	for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		free(r->vcpus[i]);
	free(r->p2m);
	frames_free(&r->frames);
}
