/* SPDX-License-Identifier: MIT */
/*
 * XEN_DOMCTL_*: a domain's memory as its builder and saver see it: what a frame is used as, the
 * page of hypercall entries, and the width of its addresses.
 */
#include "hypercall/control.h"

#include "core/dom0.h"
#include "mm/page.h"

#define MAX_FRAMES_AT_ONCE 1024
#define GUEST_ADDRESS_BITS 32

static uint32_t frame_type(struct domain *d, mfn_t mfn)
{
	static const uint32_t types[] = {
		[PGT_L1 >> 29] = XEN_DOMCTL_PFINFO_L1TAB,
		[PGT_L2 >> 29] = XEN_DOMCTL_PFINFO_L2TAB,
		[PGT_L3 >> 29] = XEN_DOMCTL_PFINFO_L3TAB,
		[PGT_WRITABLE >> 29] = XEN_DOMCTL_PFINFO_NOTAB,
	};
	struct page_info *page;
	uint32_t type, result = XEN_DOMCTL_PFINFO_NOTAB;

	if (!mfn_valid(mfn) || !get_page(mfn_to_page(mfn), d))
		return XEN_DOMCTL_PFINFO_XTAB;
	page = mfn_to_page(mfn);
	type = page->type_info;
	if (type & PGT_COUNT_MASK)
		result = types[(type & PGT_TYPE_MASK) >> 29];
	if (type & PGT_PINNED)
		result |= XEN_DOMCTL_PFINFO_LPINTAB;
	put_page(page);
	return result;
}

/* The list of frames becomes one of types. */
int domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_getpageframeinfo3 *arg = &op->u.getpageframeinfo3;
	gva_t list = HANDLE(arg->array);
	uint32_t nr, i;
	mfn_t mfn;

	if (arg->num > MAX_FRAMES_AT_ONCE)
		return -E2BIG;
	nr = (uint32_t)arg->num;
	if (!guest_range_ok(list, nr * (uint32_t)sizeof(xen_pfn_t)))
		return -EFAULT;
	for (i = 0; i < nr; i++, list += sizeof(xen_pfn_t))
		if (get_guest_u32(&mfn, list) || put_guest_u32(list, frame_type(d, mfn)))
			return -EFAULT;
	return 0;
}

int domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
	return hypercall_page_write(d, op->u.hypercall_init.gmfn);
}

int domctl_set_address_size(UNUSED struct domain *d, struct xen_domctl *op)
{
	return op->u.address_size.size == GUEST_ADDRESS_BITS ? 0 : -EINVAL;
}

int domctl_get_address_size(UNUSED struct domain *d, struct xen_domctl *op)
{
	op->u.address_size.size = GUEST_ADDRESS_BITS;
	return 0;
}
