/* SPDX-License-Identifier: MIT */
/*
 * XENMEM_exchange (<xen/memory.h>): a domain swaps frames for others, mostly to get
 * contiguous or low ones. Worked off in chunks, each as large as the larger of the two extent
 * sizes; a chunk is exchanged wholly or not at all.
 *
 * The caller's structure is read once; every address computed from it goes through the copy helpers
 * (XSA-29, XSA-212). Only frames that nothing refers to can be given away (XSA-214, XSA-287).
 */
#include "hypercall/memory.h"

#include "core/lib.h"
#include "hypercall/hypercall.h"
#include "mm/mmu.h"

struct exchange {
	struct domain *domain;
	gva_t in_list, out_list;
	uint32_t in_order, out_order;
	/* A chunk is 2^in_chunk extents of the one list and 2^out_chunk of the other. */
	uint32_t in_chunk, out_chunk;
	mfn_t limit;
	mfn_t *in_frames; /* of the chunk at hand, each with a reference */
	uint32_t nr_in;
	mfn_t *out_frames; /* first frames of new extents, not owned yet */
	pfn_t *out_pfns;   /* what the guest will call them */
	uint32_t nr_out;
};
#define MAX_CHUNK (1u << MAX_ORDER)

static gva_t slot(gva_t list, uint32_t i)
{
	return list + i * (uint32_t)sizeof(xen_pfn_t);
}

/* ---- one chunk ---- */

/* Takes a reference to a frame that nothing else uses. */
static int hold_frame(struct exchange *x, mfn_t mfn)
{
	struct page_info *page;

	if (!mfn_valid(mfn))
		return -EINVAL;
	page = mfn_to_page(mfn);
	if (!get_page(page, x->domain))
		return -EINVAL;
	if (page->count_info & PGC_HYPERVISOR) {
		put_page(page);
		return -EINVAL;
	}
	if ((page->count_info & PGC_COUNT_MASK) != 2 ||
	    (page->type_info & (PGT_COUNT_MASK | PGT_PINNED | PGT_PARTIAL))) {
		put_page(page);
		return -EBUSY;
	}
	x->in_frames[x->nr_in++] = mfn;
	return 0;
}

static int hold_input(struct exchange *x, uint32_t chunk)
{
	uint32_t i, j;
	mfn_t first;
	int rc;

	for (i = 0; i < 1u << x->in_chunk; i++) {
		if (get_guest_u32(&first, slot(x->in_list, (chunk << x->in_chunk) + i)))
			return -EFAULT;
		for (j = 0; j < 1u << x->in_order; j++) {
			rc = hold_frame(x, first + j);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static void clear_frames(mfn_t mfn, unsigned order)
{
	mfn_t end = mfn + (1u << order);

	for (; mfn != end; mfn++) {
		void *va = frame_map(mfn);

		memset(va, 0, PAGE_SIZE);
		frame_unmap(va);
	}
}

static int allocate_output(struct exchange *x, uint32_t chunk)
{
	struct page_info *page;

	while (x->nr_out < 1u << x->out_chunk) {
		if (get_guest_u32(&x->out_pfns[x->nr_out],
				  slot(x->out_list, (chunk << x->out_chunk) + x->nr_out)))
			return -EFAULT;
		page = alloc_pages(x->out_order, x->limit);
		if (!page)
			return -ENOMEM;
		clear_frames(page_to_mfn(page), x->out_order);
		x->out_frames[x->nr_out++] = page_to_mfn(page);
	}
	return 0;
}

static void undo_chunk(struct exchange *x)
{
	while (x->nr_in)
		put_page(mfn_to_page(x->in_frames[--x->nr_in]));
	while (x->nr_out)
		free_pages(mfn_to_page(x->out_frames[--x->nr_out]), x->out_order);
}

static void release_input(struct exchange *x)
{
	while (x->nr_in) {
		mfn_t mfn = x->in_frames[--x->nr_in];

		/* Only another vCPU of the same guest can have got in between. */
		if (domain_page_release(x->domain, mfn))
			domain_crash(x->domain, "used a frame while it exchanged it");
		put_page(mfn_to_page(mfn));
	}
}

/*
 * The exchange is done when this starts: a list that cannot be written costs
 * the guest the numbers, not the frames.
 */
static int hand_out(struct exchange *x, uint32_t chunk)
{
	int rc = 0;
	uint32_t i, j;

	for (i = 0; i < x->nr_out; i++) {
		mfn_t mfn = x->out_frames[i];

		for (j = 0; j < 1u << x->out_order; j++) {
			domain_page_assign(x->domain, mfn_to_page(mfn + j));
			m2p[mfn + j] = x->out_pfns[i] + j;
		}
		if (put_guest_u32(slot(x->out_list, (chunk << x->out_chunk) + i), mfn))
			rc = -EFAULT;
	}
	x->nr_out = 0;
	return rc;
}

static int exchange_chunk(struct exchange *x, uint32_t chunk)
{
	int rc;

	rc = hold_input(x, chunk);
	if (!rc)
		rc = allocate_output(x, chunk);
	if (rc) {
		undo_chunk(x);
		return rc;
	}
	release_input(x);
	return hand_out(x, chunk);
}

/* ---- the call ---- */

static int check_request(const struct xen_memory_exchange *guest)
{
	uint32_t in_order = guest->in.extent_order, out_order = guest->out.extent_order;

	if (MAX(in_order, out_order) > memop_max_order(current_vcpu()->domain))
		return -EPERM;
	if (guest->nr_exchanged > guest->in.nr_extents || guest->in.domid != guest->out.domid ||
	    UINT32_MAX >> in_order < guest->in.nr_extents ||
	    UINT32_MAX >> out_order < guest->out.nr_extents ||
	    guest->in.nr_extents << in_order != guest->out.nr_extents << out_order)
		return -EINVAL;
	return 0;
}

static int decode_request(struct exchange *x, const struct xen_memory_exchange *guest)
{
	uint32_t out_done;
	int rc;

	memset(x, 0, sizeof(*x));
	x->in_list = (gva_t)guest->in.extent_start.p;
	x->out_list = (gva_t)guest->out.extent_start.p;
	x->in_order = guest->in.extent_order;
	x->out_order = guest->out.extent_order;
	if (x->in_order <= x->out_order)
		x->in_chunk = x->out_order - x->in_order;
	else
		x->out_chunk = x->in_order - x->out_order;
	out_done = guest->nr_exchanged >> x->in_chunk << x->out_chunk;
	if (!memop_list_ok(x->in_list, guest->nr_exchanged, guest->in.nr_extents - 1) ||
	    !memop_list_ok(x->out_list, out_done, guest->out.nr_extents - 1))
		return -EFAULT;
	if (!memop_decode_flags(guest->out.mem_flags, &x->limit))
		return -EINVAL;
	x->domain = domain_lookup(guest->in.domid, &rc);
	if (!x->domain)
		return rc;
	x->in_frames = heap_alloc(3 * MAX_CHUNK * sizeof(mfn_t));
	if (!x->in_frames)
		return -ENOMEM;
	x->out_frames = x->in_frames + MAX_CHUNK;
	x->out_pfns = x->out_frames + MAX_CHUNK;
	return 0;
}

/* *done counts input extents; the caller reports it whatever the result. */
static long exchange_all(struct exchange *x, uint32_t nr_extents, uint32_t *done)
{
	uint32_t first = *done >> x->in_chunk, end = nr_extents >> x->in_chunk, chunk;
	int rc;

	for (chunk = first; chunk < end; chunk++) {
		*done = chunk << x->in_chunk;
		if (chunk != first && preempt_needed())
			return -ERESTART;
		rc = exchange_chunk(x, chunk);
		if (rc)
			return rc;
	}
	*done = nr_extents;
	return 0;
}

long memop_exchange(gva_t arg)
{
	struct xen_memory_exchange guest;
	struct exchange x;
	uint32_t done;
	long rc;

	if (copy_from_guest(&guest, arg, sizeof(guest)))
		return -EFAULT;
	done = (uint32_t)guest.nr_exchanged;
	rc = check_request(&guest);
	if (!rc && done == guest.in.nr_extents)
		return 0;
	if (!rc)
		rc = decode_request(&x, &guest);
	if (!rc) {
		rc = exchange_all(&x, (uint32_t)guest.in.nr_extents, &done);
		heap_free(x.in_frames);
	}
	if (put_guest_u32(arg + offsetof(struct xen_memory_exchange, nr_exchanged), done))
		return -EFAULT;
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_memory_op, 2, XENMEM_exchange, arg);
	return rc;
}
