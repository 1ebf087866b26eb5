/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_memory_op (<xen/memory.h>): how much memory a domain has. Results and
 * order of checks follow Xen: the three calls that work on a list return how many
 * extents are done, whatever stopped them.
 *
 * The upper bits of the command carry the extent to go on with after a restart. A guest may put
 * anything there: it only ever skips extents of its own list.
 */
#include "hypercall/memory.h"

#include "hypercall/hypercall.h"
#include "hypercall/mmu.h"

#define MEMOP_EXTENT_SHIFT 6
#define MEMOP_CMD_MASK ((1u << MEMOP_EXTENT_SHIFT) - 1)

/* Xen's default limit for a domain without privileges. */
#define ORDINARY_MAX_ORDER 9
#define MAX_NUMA_NODES 64
#define NO_NUMA_NODE 0xffu

_Static_assert(sizeof(xen_pfn_t) == 4, "ABI");
_Static_assert(sizeof(struct xen_memory_reservation) == 20, "ABI");

struct reservation {
	struct domain *domain;
	gva_t list; /* of xen_pfn_t; increase_reservation may have none: 0 */
	uint32_t nr_extents, order;
	mfn_t limit;
	uint32_t done;
};

enum progress { DONE, PREEMPTED };

unsigned memop_max_order(const struct domain *caller)
{
	return domain_is_control(caller) ? MAX_ORDER : MIN(ORDINARY_MAX_ORDER, MAX_ORDER);
}

/* There is one node, number 0; only a control domain's wish for another counts. */
static bool node_ok(uint32_t mem_flags)
{
	uint32_t node = XENMEMF_get_node(mem_flags);
	bool exact = mem_flags & XENMEMF_exact_node_request;

	if (node == NO_NUMA_NODE || (mem_flags & XENMEMF_vnode))
		return true;
	if (!domain_is_control(current_vcpu()->domain))
		return !exact;
	return node < MAX_NUMA_NODES && !(exact && node != 0);
}

bool memop_decode_flags(uint32_t mem_flags, mfn_t *limit)
{
	uint32_t bits = XENMEMF_get_address_bits(mem_flags);

	*limit = 0;
	if (bits != 0 && bits < 32 + PAGE_SHIFT &&
	    (max_mfn - 1) >> (bits > PAGE_SHIFT ? bits - PAGE_SHIFT : 0)) {
		if (bits <= PAGE_SHIFT)
			return false;
		*limit = 1u << (bits - PAGE_SHIFT);
	}
	return node_ok(mem_flags);
}

bool memop_list_ok(gva_t list, uint32_t first, uint32_t last)
{
	return first <= last && last < HV_START / sizeof(xen_pfn_t) &&
	       guest_range_ok(list, (last + 1) * (uint32_t)sizeof(xen_pfn_t));
}

static gva_t list_slot(const struct reservation *r)
{
	return r->list + r->done * (uint32_t)sizeof(xen_pfn_t);
}

/* ---- increase_reservation, populate_physmap ---- */

static bool increase_one(struct reservation *r)
{
	struct page_info *page = domain_page_alloc(r->domain, r->order, r->limit);

	if (!page)
		return false;
	return r->list == 0 || put_guest_u32(list_slot(r), page_to_mfn(page)) == 0;
}

static bool populate_one(struct reservation *r)
{
	struct page_info *page;
	pfn_t pfn;
	mfn_t mfn;
	uint32_t i;

	if (get_guest_u32(&pfn, list_slot(r)))
		return false;
	page = domain_page_alloc(r->domain, r->order, r->limit);
	if (!page)
		return false;
	mfn = page_to_mfn(page);
	for (i = 0; i < 1u << r->order; i++)
		m2p[mfn + i] = pfn + i;
	return put_guest_u32(list_slot(r), mfn) == 0;
}

/* ---- decrease_reservation ---- */

/*
 * A frame in use as a table or mapped more than once stops the list (XSA-222, XSA-252), so that
 * nothing of the guest's bookkeeping is undone behind its back. A pin that is the only use left is
 * taken back as if the guest had asked for that first: GNU Mach leaves it to this call, as the Xen
 * of its time did. Frames of larger extents are given up one by one, and a restart between them
 * could not go on, so there it is refused.
 */
static int decrease_one(struct reservation *r)
{
	mfn_t first;
	uint32_t i;
	int rc = 0;

	if (get_guest_u32(&first, list_slot(r)))
		return -EFAULT;
	if (r->order == 0)
		rc = domain_page_unpin_unused(r->domain, first);
	if (rc == -ERESTART)
		rc = mmuop_finish_drop(current_vcpu());
	for (i = 0; rc == 0 && i < 1u << r->order; i++)
		rc = domain_page_release(r->domain, first + i);
	return rc;
}

/* ---- the list ---- */

/* 0, -ERESTART (what is half done goes on in the next call), or any other error: the list ends. */
static int reservation_one(unsigned op, struct reservation *r)
{
	switch (op) {
	case XENMEM_increase_reservation:
		return increase_one(r) ? 0 : -ENOMEM;
	case XENMEM_decrease_reservation:
		return decrease_one(r);
	default:
		return populate_one(r) ? 0 : -ENOMEM;
	}
}

static enum progress reservation_run(unsigned op, struct reservation *r)
{
	bool list_needed = op != XENMEM_increase_reservation || r->list != 0;
	uint32_t start = r->done;
	int rc;

	if (list_needed && !memop_list_ok(r->list, r->done, r->nr_extents - 1))
		return DONE;
	if (r->order > memop_max_order(current_vcpu()->domain))
		return DONE;
	for (; r->done < r->nr_extents; r->done++) {
		if (r->done != start && preempt_needed())
			return PREEMPTED;
		rc = reservation_one(op, r);
		if (rc)
			return rc == -ERESTART ? PREEMPTED : DONE;
	}
	return DONE;
}

static long change_reservation(unsigned op, uint32_t start, gva_t arg)
{
	struct xen_memory_reservation guest;
	struct reservation r;
	int rc;

	if (mmuop_finish_drop(current_vcpu()))
		return hypercall_restart(__HYPERVISOR_memory_op, 2,
					 op | start << MEMOP_EXTENT_SHIFT, arg);
	if (copy_from_guest(&guest, arg, sizeof(guest)) ||
	    guest.nr_extents > UINT32_MAX >> MEMOP_EXTENT_SHIFT || start >= guest.nr_extents)
		return (long)start;
	r.domain = domain_lookup(guest.domid, &rc);
	if (!r.domain || !memop_decode_flags(guest.mem_flags, &r.limit))
		return (long)start;
	if (op == XENMEM_populate_physmap && (guest.mem_flags & XENMEMF_populate_on_demand))
		return (long)start;
	r.list = (gva_t)guest.extent_start.p;
	r.nr_extents = (uint32_t)guest.nr_extents;
	r.order = guest.extent_order;
	r.done = start;
	if (reservation_run(op, &r) == PREEMPTED)
		return hypercall_restart(__HYPERVISOR_memory_op, 2,
					 op | r.done << MEMOP_EXTENT_SHIFT, arg);
	return (long)r.done;
}

/* ---- queries ---- */

static long query_reservation(unsigned op, gva_t arg)
{
	struct xen_memory_domain guest;
	struct domain *d;
	uint32_t pages;
	int rc;

	if (copy_from_guest(&guest, arg, sizeof(guest)))
		return -EFAULT;
	d = domain_lookup(guest.domid, &rc);
	if (!d)
		return rc;
	switch (op) {
	case XENMEM_current_reservation:
		return (long)d->tot_pages;
	case XENMEM_maximum_reservation:
		return (long)d->max_pages;
	default: /* XENMEM_maximum_gpfn: what the guest itself says, as a number of pages */
		pages = (uint32_t)d->shared_info->arch.max_pfn;
		return pages ? (long)(pages - 1) : 0;
	}
}

/* Calls for guests whose page tables the hypervisor translates: a PV guest is none. */
static long translated_only(unsigned op, uint32_t start, gva_t arg)
{
	union {
		struct xen_add_to_physmap add;
		struct xen_add_to_physmap_batch batch;
		struct xen_remove_from_physmap remove;
	} guest;
	uint32_t size = op == XENMEM_add_to_physmap	    ? sizeof(guest.add)
			: op == XENMEM_add_to_physmap_batch ? sizeof(guest.batch)
							    : sizeof(guest.remove);
	domid_t domid;

	if (op == XENMEM_remove_from_physmap && start)
		return -EINVAL;
	if (op != XENMEM_remove_from_physmap && start != (uint16_t)start)
		return -EDOM;
	if (copy_from_guest(&guest, arg, size))
		return -EFAULT;
	if (op == XENMEM_add_to_physmap && guest.add.space == XENMAPSPACE_gmfn_foreign)
		return -ENOSYS;
	if (op == XENMEM_add_to_physmap_batch && guest.batch.space == XENMAPSPACE_gmfn_range)
		return -EOPNOTSUPP;
	/* The three structures start with it. */
	domid = guest.add.domid;
	if (domid != DOMID_SELF && !domain_by_id(domid))
		return -ESRCH;
	return -EACCES;
}
_Static_assert(offsetof(struct xen_add_to_physmap, domid) == 0 &&
		       offsetof(struct xen_add_to_physmap_batch, domid) == 0 &&
		       offsetof(struct xen_remove_from_physmap, domid) == 0,
	       "translated_only");

HYPERCALL(memory_op, cmd, arg)
{
	unsigned op = cmd & MEMOP_CMD_MASK;
	uint32_t start = cmd >> MEMOP_EXTENT_SHIFT;

	switch (op) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return change_reservation(op, start, arg);
	case XENMEM_exchange:
		return start ? -EINVAL : memop_exchange(arg);
	case XENMEM_maximum_ram_page:
		return start ? -EINVAL : (long)max_mfn;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
		return start ? -EINVAL : query_reservation(op, arg);
	case XENMEM_add_to_physmap:
	case XENMEM_add_to_physmap_batch:
	case XENMEM_remove_from_physmap:
		return translated_only(op, start, arg);
	case XENMEM_memory_map:
		return memop_get_memory_map(arg);
	case XENMEM_machine_memory_map:
		return memop_get_machine_memory_map(arg);
	case XENMEM_set_memory_map:
		return memop_set_memory_map(arg);
	case XENMEM_machphys_mapping:
		return memop_machphys_mapping(arg);
	default:
		/*
		 * Among them machphys_mfn_list: it names 2 MiB extents, and this
		 * table is made of single frames.
		 */
		return -ENOSYS;
	}
}
