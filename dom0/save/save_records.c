/* SPDX-License-Identifier: MIT */
/* The records of a saved guest, in their order (image.h), as the writer has room for them. */
#include <string.h>

#include <xen/errno.h>

#include "dom0/ctl.h"
#include "dom0/memory.h"
#include "dom0/save/describe.h"
#include "dom0/save/save_internal.h"
#include "guests/pvrt/mm.h"

#define RECORDS_A_TURN 8u
#define GDT_ENTRIES_PER_PAGE 512u
#define GDT_PAGES 16u
#define P2M_PER_RECORD 4096u

enum stage { STAGE_HEAD, STAGE_PAGES, STAGE_VCPUS };

uint64_t save_records_size(uint64_t pages)
{
	uint64_t records = pages / IMAGE_PAGES_MAX + 1;

	return IMAGE_PAGE + pages * (IMAGE_PAGE + 8) + records * 32 + IMAGE_DESCRIPTION_MAX +
	       XEN_LEGACY_MAX_VCPUS * (sizeof(struct image_vcpu) + IMAGE_XSTATE_MAX) + IMAGE_CHUNK;
}

static void write_record(struct save *save, enum image_type type, const void *bytes,
			 uint32_t length)
{
	image_writer_record(&save->writer, type, length);
	image_writer_bytes(&save->writer, bytes, length);
	image_writer_pad(&save->writer, length);
}

/* ---- what it is ---- */

static const char *write_description(struct save *save)
{
	static char text[IMAGE_DESCRIPTION_MAX];
	size_t length;
	const char *error = describe_guest(&save->spec, text, sizeof(text), &length);

	if (!error)
		write_record(save, IMAGE_DESCRIPTION, text, (uint32_t)length);
	return error;
}

static const char *write_memory(struct save *save)
{
	static struct vcpu_guest_context context;
	struct image_memory memory = { .nr_pfns = save->frames.nr_pfns,
				       .nr_pages = save->frames.nr_pages,
				       .nr_vcpus = save->guest->spec.vcpus,
				       .nr_p2m = save->nr_p2m };

	if (ctl_get_vcpu(save->guest->domain, 0, &context))
		return "its registers cannot be read";
	if (context.vm_assist & 1u << VMASST_TYPE_pae_extended_cr3)
		memory.flags |= IMAGE_TOP_ANYWHERE;
	if (save->guest->built.suspend_cancel)
		memory.flags |= IMAGE_CANCELS_SUSPEND;
	write_record(save, IMAGE_MEMORY, &memory, sizeof(memory));
	return NULL;
}

/* All of it fits into one record. */
_Static_assert(IMAGE_PFNS_MAX / FRAMES_PER_PAGE <= P2M_PER_RECORD &&
		       P2M_PER_RECORD * 4 <= IMAGE_RECORD_MAX,
	       "one record");

static const char *write_head(struct save *save)
{
	const char *error = write_description(save);

	if (!error)
		error = write_memory(save);
	if (!error)
		write_record(save, IMAGE_P2M, save->p2m, save->nr_p2m * sizeof(*save->p2m));
	save->next = 0;
	save->stage = STAGE_PAGES;
	return error;
}

/* ---- pages ---- */

struct batch {
	unsigned count;
	xen_pfn_t mfns[IMAGE_PAGES_MAX];
	struct image_pages head;
	uint32_t words[IMAGE_PAGES_MAX + 1];
};

static void choose_pages(struct save *save, struct batch *b)
{
	const struct frames *f = &save->frames;

	for (; save->next < f->nr_pfns && b->count < IMAGE_PAGES_MAX; save->next++) {
		if (!frames_has(f, save->next))
			continue;
		b->mfns[b->count] = f->mfns[save->next];
		b->words[b->count++] = IMAGE_WORD(save->next, f->kinds[save->next] & ~FRAMES_PINNED,
						  f->kinds[save->next] & FRAMES_PINNED);
	}
}

static bool is_zero(const void *page)
{
	const uint32_t *word = page;
	unsigned i;

	for (i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		if (word[i])
			return false;
	return true;
}

/* How long the record is. */
static uint32_t leave_out_zeros(struct batch *b, const uint8_t *pages)
{
	uint32_t length = sizeof(b->head) + image_padded(4 * b->count);
	unsigned i;

	b->head.count = b->count;
	for (i = 0; i < b->count; i++) {
		if (IMAGE_KIND(b->words[i]) == IMAGE_KIND_DATA && is_zero(pages + i * PAGE_SIZE))
			b->words[i] = IMAGE_WORD(IMAGE_PFN(b->words[i]), IMAGE_KIND_ZERO, false);
		else
			length += PAGE_SIZE;
	}
	return length;
}

static const char *write_table(struct save *save, unsigned level, const void *page)
{
	static uint64_t table[PAGE_SIZE / sizeof(uint64_t)];

	memcpy(table, page, PAGE_SIZE);
	if (!frames_to_guest(&save->frames, level, table, mfn_to_pfn))
		return "its page tables map memory that is not its own";
	image_writer_bytes(&save->writer, table, PAGE_SIZE);
	return NULL;
}

static const char *write_page(struct save *save, uint32_t word, const void *page)
{
	unsigned kind = IMAGE_KIND(word);

	if (kind == IMAGE_KIND_ZERO)
		return NULL;
	if (kind != IMAGE_KIND_DATA)
		return write_table(save, kind, page);
	image_writer_bytes(&save->writer, page, PAGE_SIZE);
	return NULL;
}

static const char *write_batch(struct save *save, struct batch *b)
{
	uint8_t *pages = foreign_map(save->guest->domain, b->mfns, b->count, false);
	uint32_t words = 4 * b->count, length;
	const char *error = NULL;
	unsigned i;

	if (!pages)
		return "its memory cannot be mapped";
	length = leave_out_zeros(b, pages);
	image_writer_record(&save->writer, IMAGE_PAGES, length);
	image_writer_bytes(&save->writer, &b->head, sizeof(b->head));
	image_writer_bytes(&save->writer, b->words, image_padded(words));
	for (i = 0; i < b->count && !error; i++)
		error = write_page(save, b->words[i], pages + i * PAGE_SIZE);
	foreign_unmap(pages, b->count);
	return error;
}

static const char *write_pages(struct save *save)
{
	struct batch b = { 0 };

	choose_pages(save, &b);
	if (b.count)
		return write_batch(save, &b);
	save->next = 0;
	save->stage = STAGE_VCPUS;
	return NULL;
}

/* ---- vCPUs ---- */

/* Of vCPU 0 %edx is the frame of start_info: the third argument of its last hypercall. */
static bool name_frames(const struct save *save, struct image_vcpu *vcpu)
{
	struct vcpu_guest_context *c = &vcpu->context;
	uint32_t n = (c->gdt_ents + GDT_ENTRIES_PER_PAGE - 1) / GDT_ENTRIES_PER_PAGE, pfn, i;

	for (i = 0; i < n && i < GDT_PAGES; i++) {
		c->gdt_frames[i] = frames_pfn(&save->frames, c->gdt_frames[i], mfn_to_pfn);
		if (c->gdt_frames[i] == FRAMES_NONE)
			return false;
	}
	pfn = frames_pfn(&save->frames, xen_cr3_to_pfn(c->ctrlreg[3]), mfn_to_pfn);
	if (pfn == FRAMES_NONE)
		return false;
	c->ctrlreg[3] = xen_pfn_to_cr3(pfn);
	if (vcpu->id)
		return true;
	c->user_regs.edx = frames_pfn(&save->frames, c->user_regs.edx, mfn_to_pfn);
	return c->user_regs.edx != FRAMES_NONE;
}

static const char *write_vcpu(struct save *save, unsigned id)
{
	static struct {
		struct image_vcpu vcpu;
		uint8_t xstate[IMAGE_XSTATE_MAX];
	} r;
	domid_t domain = save->guest->domain;
	int rc = ctl_get_vcpu(domain, id, &r.vcpu.context);

	/*
	 * As Xen's tools, only those that are up: a restored kernel initialises the others anew. They
	 * may never have been started, or even named.
	 */
	if (id && (rc == -XEN_ENODATA || rc == -XEN_EINVAL ||
		   (!rc && !(r.vcpu.context.flags & VGCF_online))))
		return NULL;
	r.vcpu.id = id;
	r.vcpu.xstate_size = IMAGE_XSTATE_MAX;
	if (rc ||
	    ctl_get_xstate(domain, id, r.xstate, &r.vcpu.xstate_size, &r.vcpu.xstate_features))
		return "its registers cannot be read";
	if (!name_frames(save, &r.vcpu))
		return "its registers point to memory that is not its own; its %edx must be the frame "
		       "of start_info";
	write_record(save, IMAGE_VCPU, &r, sizeof(r.vcpu) + r.vcpu.xstate_size);
	return NULL;
}

static const char *write_next(struct save *save, bool *done)
{
	if (save->stage == STAGE_HEAD)
		return write_head(save);
	if (save->stage == STAGE_PAGES)
		return write_pages(save);
	if (save->next < save->guest->spec.vcpus)
		return write_vcpu(save, save->next++);
	write_record(save, IMAGE_END, NULL, 0);
	image_writer_finish(&save->writer);
	*done = true;
	return NULL;
}

const char *save_records_turn(struct save *save, bool *done)
{
	const char *error = NULL;
	unsigned i;

	*done = false;
	for (i = 0; i < RECORDS_A_TURN && !error && !*done && image_writer_ready(&save->writer);
	     i++)
		error = write_next(save, done);
	return error;
}
