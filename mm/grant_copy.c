/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_copy (<xen/grant_table.h>): bytes from one frame to another, each
 * either the caller's own or granted to it.
 */
#include "arch/x86_32/arch.h"
#include "core/lib.h"
#include "mm/grant_internal.h"

/* One side of a copy. */
struct side {
	struct domain *domain;
	enum grant_access access;
	bool granted;
	grant_ref_t ref;
	mfn_t frame;
};

/* Without a grant, only the caller's own frames. */
static int16_t side_domain(struct side *s, domid_t id)
{
	struct domain *d = current_vcpu()->domain;

	if (!s->granted && id != DOMID_SELF)
		return GNTST_permission_denied;
	s->domain = id == DOMID_SELF ? d : domain_by_id(id);
	return s->domain ? GNTST_okay : GNTST_bad_domain;
}

static int16_t side_claim(struct side *s, uint32_t ref_or_frame)
{
	if (s->granted) {
		s->ref = ref_or_frame;
		return grant_pin(s->domain, s->ref, current_vcpu()->domain, s->access, &s->frame);
	}
	s->frame = ref_or_frame;
	return grant_frame_get(s->domain, s->frame, s->access);
}

static void side_release(const struct side *s)
{
	if (s->granted)
		grant_unpin(s->domain, s->ref, s->access);
	else
		grant_frame_put(s->frame, s->access);
}

static int16_t copy_bytes(const struct gnttab_copy *op, mfn_t from, mfn_t to)
{
	char *dst;
	const char *src;

	if ((uint32_t)op->source.offset + op->len > PAGE_SIZE ||
	    (uint32_t)op->dest.offset + op->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	src = frame_map(from);
	dst = frame_map(to);
	if (from == to)
		memmove(dst + op->dest.offset, src + op->source.offset, op->len);
	else
		arch_copy(dst + op->dest.offset, src + op->source.offset, op->len);
	frame_unmap(dst);
	frame_unmap(src);
	return GNTST_okay;
}

int16_t grant_copy(const struct gnttab_copy *op)
{
	struct side source = { .access = GRANT_READ, .granted = op->flags & GNTCOPY_source_gref };
	struct side dest = { .access = GRANT_WRITE, .granted = op->flags & GNTCOPY_dest_gref };
	int16_t status;

	status = side_domain(&source, op->source.domid);
	if (status == GNTST_okay)
		status = side_domain(&dest, op->dest.domid);
	if (status == GNTST_okay)
		status = side_claim(&source, op->source.u.ref);
	if (status != GNTST_okay)
		return status;
	status = side_claim(&dest, op->dest.u.ref);
	if (status == GNTST_okay) {
		status = copy_bytes(op, source.frame, dest.frame);
		side_release(&dest);
	}
	side_release(&source);
	return status;
}
