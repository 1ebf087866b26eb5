/* SPDX-License-Identifier: MIT */
/*
 * Which frames a suspended guest has: it says so itself in its frame list (pfn_to_mfn_frame_list_list of struct
 * arch_shared_info, <xen/arch-x86/xen.h>), a tree of pages of its own. Every number in it is checked against
 * what the hypervisor says; an entry that is not the guest's frame stands for no memory.
 */
#include <stdlib.h>
#include <string.h>

#include "dom0/ctl.h"
#include "dom0/memory.h"
#include "dom0/save/save_internal.h"
#include "guests/pvrt/mm.h"

/* Bits by which Linux marks entries that are not frames of its own. */
#define NOT_OWN 0xc0000000u

static bool copy_page(const struct save *save, xen_pfn_t mfn, void *to)
{
	void *page = foreign_map(save->guest->domain, &mfn, 1, false);

	if (page)
		memcpy(to, page, PAGE_SIZE);
	foreign_unmap(page, 1);
	return page;
}

/* Once each: the guest's devices could still write there. */
static const char *read_shared_info(const struct save *save, uint32_t *nr_pfns, xen_pfn_t *top)
{
	struct xen_domctl_getdomaininfo info;
	const volatile struct shared_info *shared;
	xen_pfn_t mfn;

	if (ctl_info(save->guest->domain, &info))
		return "the domain is gone";
	mfn = (xen_pfn_t)info.shared_info_frame;
	shared = foreign_map(save->guest->domain, &mfn, 1, false);
	if (!shared)
		return "cannot map its shared_info";
	*nr_pfns = shared->arch.max_pfn;
	*top = shared->arch.pfn_to_mfn_frame_list_list;
	foreign_unmap((void *)shared, 1);
	return NULL;
}

/* All frames of the list: the middle level copied, one page after the other. */
static const char *read_p2m_frames(struct save *save, xen_pfn_t top)
{
	static uint32_t list[FRAMES_PER_PAGE], middle[FRAMES_PER_PAGE];
	uint32_t i, n, left = save->nr_p2m;

	if (!copy_page(save, top, list))
		return "its frame list is not in its own memory: it does not keep one for being saved";
	for (i = 0; left; i++, left -= n) {
		n = left < FRAMES_PER_PAGE ? left : FRAMES_PER_PAGE;
		if (!copy_page(save, list[i], middle))
			return "its frame list is not in its own memory";
		memcpy(save->p2m + i * FRAMES_PER_PAGE, middle, n * sizeof(*middle));
	}
	return NULL;
}

const char *save_memory_begin(struct save *save)
{
	uint32_t nr_pfns;
	xen_pfn_t top;
	const char *error = read_shared_info(save, &nr_pfns, &top);

	if (error)
		return error;
	if (!nr_pfns || nr_pfns > IMAGE_PFNS_MAX)
		return "its frame list has no sensible length";
	save->nr_p2m = (nr_pfns + FRAMES_PER_PAGE - 1) / FRAMES_PER_PAGE;
	save->p2m = calloc(save->nr_p2m, sizeof(*save->p2m));
	if (!save->p2m || !frames_alloc(&save->frames, nr_pfns))
		return "the control domain has not enough memory for its frame list";
	save->next = 0;
	return read_p2m_frames(save, top);
}

void save_memory_free(struct save *save)
{
	free(save->p2m);
	save->p2m = NULL;
	frames_free(&save->frames);
}

/* ---- frames ---- */

static void note_frame(struct frames *frames, uint32_t pfn, uint32_t mfn, uint32_t type)
{
	uint32_t level = type >> XEN_DOMCTL_PFINFO_LTAB_SHIFT & 7;

	if (mfn == FRAMES_NONE || type == XEN_DOMCTL_PFINFO_XTAB)
		return;
	frames->mfns[pfn] = mfn;
	frames->kinds[pfn] = (uint8_t)level;
	if (level && type & XEN_DOMCTL_PFINFO_LPINTAB)
		frames->kinds[pfn] |= FRAMES_PINNED;
	frames->nr_pages++;
}

/* One page of the list. */
static const char *read_leaf(struct save *save, uint32_t index)
{
	static uint32_t mfns[FRAMES_PER_PAGE];
	static xen_pfn_t types[FRAMES_PER_PAGE];
	uint32_t first = index * FRAMES_PER_PAGE, n = save->frames.nr_pfns - first, i;

	n = n < FRAMES_PER_PAGE ? n : FRAMES_PER_PAGE;
	if (!copy_page(save, save->p2m[index], mfns))
		return "its frame list is not in its own memory";
	for (i = 0; i < n; i++) {
		if (mfns[i] & NOT_OWN || mfn_to_pfn(mfns[i]) != first + i)
			mfns[i] = FRAMES_NONE;
		types[i] = mfns[i];
	}
	if (ctl_frame_types(save->guest->domain, n, types))
		return "the hypervisor does not say what its frames are";
	for (i = 0; i < n; i++)
		note_frame(&save->frames, first + i, mfns[i], types[i]);
	return NULL;
}

/* From here on the list's own frames are known by the guest's numbers. */
static const char *name_p2m_frames(struct save *save)
{
	uint32_t i;

	for (i = 0; i < save->nr_p2m; i++) {
		save->p2m[i] = frames_pfn(&save->frames, save->p2m[i], mfn_to_pfn);
		if (save->p2m[i] == FRAMES_NONE)
			return "its frame list does not list the frames that it is in";
	}
	return NULL;
}

const char *save_memory_turn(struct save *save, bool *done)
{
	const char *error = read_leaf(save, save->next++);

	*done = save->next == save->nr_p2m;
	if (!error && *done)
		error = name_p2m_frames(save);
	return error;
}
