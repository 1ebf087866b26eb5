/* SPDX-License-Identifier: MIT */
/*
 * What mm/grant.c (tables and pins), mm/grant_map.c (handles and mappings) and mm/grant_copy.c share.
 */
#pragma once

#include "mm/grant.h"
#include "mm/page.h"

/* A shared entry in use: what its first user found there. Valid while pins > 0. */
struct active_grant {
	mfn_t frame;
	domid_t user;
	uint8_t pins;	 /* handles and running copies */
	uint8_t writers; /* those of them that may write */
};
_Static_assert(sizeof(struct active_grant) == sizeof(struct grant_entry_v1),
	       "a page of each per shared frame");
#define MAX_PINS 255

/* A handle. flags 0: free, and ref is the next free one. */
struct grant_mapping {
	struct domain *owner;
	grant_ref_t ref;
	mfn_t frame;
	/*
	 * GNTMAP_host_map, device_map: not undone yet; readonly,
	 * application_map, contains_pte as given
	 */
	uint32_t flags;
};
#define HANDLES_PER_PAGE (PAGE_SIZE / sizeof(struct grant_mapping))
#define MAX_HANDLE_PAGES 256
#define ORDINARY_HANDLE_PAGES 16
#define INVALID_HANDLE 0xffffffffu

/*
 * The whole of it is bounded: MAX_GRANT_FRAMES pages twice, and the
 * domain's share of MAX_HANDLE_PAGES.
 */
struct grant_table {
	/*
	 * Guards nr_frames, shared, active and what active points to. The shared
	 * entries change by compare-and-swap only.
	 */
	spinlock_t lock;
	uint32_t nr_frames;
	/* pages shared with the domain; NULL at and beyond nr_frames */
	struct grant_entry_v1 *shared[MAX_GRANT_FRAMES];
	struct active_grant *active[MAX_GRANT_FRAMES]; /* NULL until first needed */

	/* Guarded by the domain's page_lock: its own mappings of others' frames. */
	struct grant_mapping *handles[MAX_HANDLE_PAGES];
	uint32_t nr_handle_pages;
	grant_handle_t free_handle; /* INVALID_HANDLE: none */
	uint32_t used_handles;
};

/* The references that a pin holds to its frame. GNTST_okay, or a status for the guest. */
static inline int16_t grant_frame_get(struct domain *owner, mfn_t frame, enum grant_access access)
{
	struct page_info *page;

	if (!mfn_valid(frame))
		return GNTST_bad_page;
	page = mfn_to_page(frame);
	if (!get_page(page, owner))
		return GNTST_bad_page;
	if (access == GRANT_WRITE && get_page_type(page, PGT_WRITABLE, false)) {
		put_page(page);
		return GNTST_general_error;
	}
	return GNTST_okay;
}

static inline void grant_frame_put(mfn_t frame, enum grant_access access)
{
	struct page_info *page = mfn_to_page(frame);

	if (access == GRANT_WRITE)
		put_page_type(page, false);
	put_page(page);
}

/* d's table, made when first needed; NULL: no memory. */
struct grant_table *grant_table_get(struct domain *d);

/* The handle if it is in use, else NULL. */
struct grant_mapping *grant_mapping_find(const struct grant_table *gt, grant_handle_t handle);

static inline enum grant_access grant_mapping_access(const struct grant_mapping *m)
{
	return m->flags & GNTMAP_readonly ? GRANT_READ : GRANT_WRITE;
}
