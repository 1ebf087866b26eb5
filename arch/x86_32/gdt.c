/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's GDT: up to GUEST_GDT_FRAMES frames of its domain, each holding a general and a
 * PGT_SEG_DESC reference for as long as gdt_frame[] names it, so that no guest can write to them.
 * Changed under the domain's page_lock. ABI: set_gdt in xen.h of arch-x86.
 */
#include "arch/x86_32/descriptor.h"

#include "arch/x86_32/arch.h"
#include "core/domain.h"
#include "core/errno.h"

_Static_assert(GUEST_GDT_FRAMES == FIRST_RESERVED_GDT_PAGE,
	       "the guest's part ends where the reserved page begins");

static void drop_frames(const mfn_t *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (frames[i] != INVALID_MFN)
			put_page_and_type(mfn_to_page(frames[i]));
}

static int take_frames(struct domain *d, const mfn_t *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (get_page_and_type(frames[i], d, PGT_SEG_DESC, false)) {
			drop_frames(frames, i);
			return -EINVAL;
		}
	}
	return 0;
}

int gdt_set(struct vcpu *v, const mfn_t *frames, uint32_t entries)
{
	struct arch_vcpu *a = &v->arch;
	mfn_t old[GUEST_GDT_FRAMES];
	unsigned n = DIV_ROUND_UP(entries, DESCRIPTORS_PER_PAGE), i;
	int rc;

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	spin_lock(&v->domain->page_lock);
	rc = take_frames(v->domain, frames, n);
	if (rc == 0) {
		for (i = 0; i < GUEST_GDT_FRAMES; i++) {
			old[i] = a->gdt_frame[i];
			a->gdt_frame[i] = i < n ? frames[i] : INVALID_MFN;
		}
		a->gdt_entries = entries;
		if (v == current_vcpu())
			arch_load_descriptors(
				v); /* before the old frames can become anything else */
		drop_frames(old, GUEST_GDT_FRAMES);
	}
	spin_unlock(&v->domain->page_lock);
	return rc;
}

void gdt_drop(struct vcpu *v)
{
	(void)!gdt_set(v, NULL, 0); /* nothing to take, so nothing to refuse */
}
