/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: the shared frames, and pins on their entries. mm/grant.h has the picture.
 *
 * A shared entry belongs to a guest that may change it at any time. Its flags and domain are read as
 * one word, judged, and marked as in use by a compare-and-swap of that word, so that what was judged is
 * what was marked (XSA-500). The frame is read once, then. After that only the active entry counts
 * until the last pin is gone.
 */
#include "arch/x86_32/arch.h"
#include "core/console.h"
#include "core/errno.h"
#include "mm/grant_internal.h"
#include "mm/mmu.h"

_Static_assert(sizeof(struct grant_entry_v1) == 8 && offsetof(struct grant_entry_v1, domid) == 2 &&
		       offsetof(struct grant_entry_v1, frame) == 4,
	       "ABI, and union entry_rights");

/* How often a guest may change an entry under the compare-and-swap before it is refused. */
#define MARK_ATTEMPTS 5

/* The half of an entry that says who may do what. */
union entry_rights {
	uint32_t word;
	struct {
		uint16_t flags;
		domid_t domid;
	};
};

struct grant_table *grant_table_get(struct domain *d)
{
	struct grant_table *gt = __atomic_load_n(&d->grant_table, __ATOMIC_ACQUIRE),
			   *expected = NULL;

	if (likely(gt))
		return gt;
	gt = heap_alloc(sizeof(*gt));
	if (!gt)
		return NULL;
	spin_lock_init(&gt->lock);
	gt->free_handle = INVALID_HANDLE;
	if (__atomic_compare_exchange_n(&d->grant_table, &expected, gt, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return gt;
	heap_free(gt);
	return expected;
}

/* ---- shared frames ---- */

uint32_t grant_table_frames(const struct domain *d)
{
	return d->grant_table ? d->grant_table->nr_frames : 0;
}

mfn_t grant_table_mfn(const struct domain *d, uint32_t i)
{
	return heap_page_mfn(d->grant_table->shared[i]);
}

int grant_table_grow(struct domain *d, uint32_t nr_frames)
{
	struct grant_table *gt = grant_table_get(d);
	int rc = 0;

	if (!gt)
		return -ENOMEM;
	spin_lock(&gt->lock);
	while (gt->nr_frames < nr_frames) {
		void *page = heap_page_alloc();

		if (!page) {
			rc = -ENOMEM;
			break;
		}
		domain_share_heap_page(d, page, true);
		gt->shared[gt->nr_frames++] = page;
	}
	spin_unlock(&gt->lock);
	return rc;
}

/* ---- marking shared entries ---- */

static bool rights_permit(union entry_rights rights, const struct active_grant *active,
			  const struct domain *user, enum grant_access access)
{
	if (!active->pins &&
	    ((rights.flags & (GTF_type_mask | GTF_sub_page)) != GTF_permit_access ||
	     rights.domid != user->id))
		return false;
	return access == GRANT_READ || !(rights.flags & GTF_readonly);
}

/* Judges an entry that nobody has pinned yet, or only for reading, and marks it as in use. */
static int16_t entry_mark(struct grant_entry_v1 *shared, const struct active_grant *active,
			  const struct domain *user, enum grant_access access, mfn_t *frame)
{
	uint32_t *word = (uint32_t *)shared;
	union entry_rights old = { .word = *(volatile uint32_t *)word }, new;
	unsigned attempt;

	for (attempt = 0; attempt < MARK_ATTEMPTS; attempt++) {
		uint32_t found;

		if (!rights_permit(old, active, user, access))
			return GNTST_general_error;
		new = old;
		new.flags |= access == GRANT_WRITE ? GTF_reading | GTF_writing : GTF_reading;
		found = __sync_val_compare_and_swap(word, old.word, new.word);
		if (likely(found == old.word)) {
			*frame = *(volatile uint32_t *)&shared->frame;
			return GNTST_okay;
		}
		old.word = found;
	}
	return GNTST_general_error;
}

/* Takes away the marks that no pin needs any more. */
static void entry_unmark(struct grant_table *gt, grant_ref_t ref, const struct active_grant *active)
{
	struct grant_entry_v1 *page = gt->shared[ref / GRANTS_PER_FRAME];
	uint16_t clear = 0;

	/* A dying domain's shared frames may be gone already. */
	if (!page)
		return;
	if (!active->writers)
		clear |= GTF_writing;
	if (!active->pins)
		clear |= GTF_reading;
	if (clear)
		__atomic_fetch_and(&page[ref % GRANTS_PER_FRAME].flags, (uint16_t)~clear,
				   __ATOMIC_SEQ_CST);
}

/* ---- pins ---- */

static struct active_grant *active_find(struct grant_table *gt, grant_ref_t ref)
{
	struct active_grant **page = &gt->active[ref / GRANTS_PER_FRAME];

	if (!*page)
		*page = heap_page_alloc();
	return *page ? &(*page)[ref % GRANTS_PER_FRAME] : NULL;
}

/* gt->lock is held, ref is within the table. */
static int16_t pin_locked(struct grant_table *gt, struct domain *owner, grant_ref_t ref,
			  const struct domain *user, enum grant_access access, mfn_t *frame)
{
	struct active_grant *active = active_find(gt, ref);
	mfn_t found;
	int16_t status;

	if (!active)
		return GNTST_no_space;
	if (active->pins && (active->user != user->id || active->pins == MAX_PINS))
		return GNTST_general_error;
	if (!active->pins || (access == GRANT_WRITE && !active->writers)) {
		status = entry_mark(&gt->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME],
				    active, user, access, &found);
		if (status != GNTST_okay)
			return status;
	}
	*frame = active->pins ? active->frame : found;
	status = grant_frame_get(owner, *frame, access);
	if (status != GNTST_okay) {
		entry_unmark(gt, ref, active);
		return status;
	}
	active->frame = *frame;
	active->user = user->id;
	active->pins++;
	active->writers += access == GRANT_WRITE;
	return GNTST_okay;
}

int16_t grant_pin(struct domain *owner, grant_ref_t ref, const struct domain *user,
		  enum grant_access access, mfn_t *frame)
{
	struct grant_table *gt = owner->grant_table;
	int16_t status = GNTST_bad_gntref;

	if (!gt)
		return status;
	spin_lock(&gt->lock);
	if (ref < gt->nr_frames * GRANTS_PER_FRAME) {
		ref = index_nospec(ref, MAX_GRANT_FRAMES * GRANTS_PER_FRAME);
		status = pin_locked(gt, owner, ref, user, access, frame);
	}
	spin_unlock(&gt->lock);
	return status;
}

void grant_unpin(struct domain *owner, grant_ref_t ref, enum grant_access access)
{
	struct grant_table *gt = owner->grant_table;
	struct active_grant *active;
	mfn_t frame;

	spin_lock(&gt->lock);
	active = &gt->active[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
	BUG_ON(!active->pins || active->writers < (access == GRANT_WRITE));
	active->pins--;
	active->writers -= access == GRANT_WRITE;
	frame = active->frame;
	entry_unmark(gt, ref, active);
	spin_unlock(&gt->lock);
	/* Last, because it may let go of the owner's structure. */
	grant_frame_put(frame, access);
}

/* ---- the end ---- */

static void free_shared_frames(struct grant_table *gt)
{
	uint32_t i;

	spin_lock(&gt->lock);
	for (i = 0; i < gt->nr_frames; i++) {
		heap_page_free(gt->shared[i]);
		gt->shared[i] = NULL;
	}
	gt->nr_frames = 0;
	spin_unlock(&gt->lock);
}

static int free_handles(struct domain *d)
{
	struct grant_table *gt = d->grant_table;

	while (gt->nr_handle_pages) {
		struct grant_mapping *page = gt->handles[gt->nr_handle_pages - 1];
		unsigned i;

		for (i = 0; i < HANDLES_PER_PAGE; i++) {
			enum grant_access access = grant_mapping_access(&page[i]);

			if (!page[i].flags)
				continue;
			page[i].flags = 0;
			grant_unpin(page[i].owner, page[i].ref, access);
		}
		heap_page_free(page);
		gt->handles[--gt->nr_handle_pages] = NULL;
		if (preempt_needed())
			return -ERESTART;
	}
	gt->free_handle = INVALID_HANDLE;
	gt->used_handles = 0;
	return 0;
}

int grant_table_relinquish(struct domain *d)
{
	int rc;

	if (!d->grant_table)
		return 0;
	rc = free_handles(d);
	if (!rc)
		free_shared_frames(d->grant_table);
	return rc;
}

void grant_table_free(struct domain *d)
{
	struct grant_table *gt = d->grant_table;
	unsigned i;

	if (!gt)
		return;
	for (i = 0; i < MAX_GRANT_FRAMES; i++)
		heap_page_free(gt->active[i]);
	d->grant_table = NULL;
	heap_free(gt);
}

/* ---- looking on ---- */

void grant_for_each_handle(const struct domain *d,
			   void (*count)(void *context, mfn_t frame, enum grant_access access),
			   void *context)
{
	const struct grant_table *gt = d->grant_table;
	unsigned i, j;

	for (i = 0; gt && i < gt->nr_handle_pages; i++) {
		for (j = 0; j < HANDLES_PER_PAGE; j++) {
			const struct grant_mapping *m = &gt->handles[i][j];

			if (m->flags)
				count(context, m->frame, grant_mapping_access(m));
		}
	}
}

void grant_table_dump(struct domain *d)
{
	const struct grant_table *gt = d->grant_table;

	guest_printk(d, "grant table: %u frames, %u handles in use\n", gt ? gt->nr_frames : 0,
		     gt ? gt->used_handles : 0);
}

/* Entries of one domain that are shown; the others are counted. */
#define ENTRIES_SHOWN 16

static void show_entry(const struct grant_table *gt, grant_ref_t ref)
{
	const struct active_grant *a = &gt->active[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
	const struct grant_entry_v1 *shared =
		&gt->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];

	printk("  [0x%03x] domain %u uses frame 0x%x: %u pins, %u to write; shared flags 0x%04x\n",
	       ref, a->user, a->frame, a->pins, a->writers, shared->flags);
}

void grant_table_show(struct domain *d)
{
	struct grant_table *gt = d->grant_table;
	unsigned used = 0;

	if (!gt)
		return;
	spin_lock(&gt->lock);
	printk("Domain %u: grant table of %u frames (%u at most), %u of others' grants mapped\n",
	       d->id, gt->nr_frames, d->max_grant_frames, gt->used_handles);
	for (grant_ref_t ref = 0; ref < gt->nr_frames * GRANTS_PER_FRAME; ref++) {
		if (!gt->active[ref / GRANTS_PER_FRAME] ||
		    !gt->active[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME].pins)
			continue;
		if (used++ < ENTRIES_SHOWN)
			show_entry(gt, ref);
	}
	printk("  %u entries in use%s\n", used,
	       used > ENTRIES_SHOWN ? ", the first of them above" : "");
	spin_unlock(&gt->lock);
}
