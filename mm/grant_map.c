/* SPDX-License-Identifier: MIT */
/*
 * Handles and mappings: GNTTABOP_map_grant_ref, unmap_grant_ref, unmap_and_replace.
 *
 * The mapping domain's page_lock is held from the choice of the handle to the last change,
 * and guards its handles. A page-table entry is always changed by mmu_write_l1(), with
 * the same checks and counts as for any other, so a guest that overwrites the entry of a
 * grant by other means, or changes its rights, gets no count wrong (XSA-234): it merely
 * cannot undo the mapping by its handle any more.
 */
#include "arch/x86_32/arch.h"
#include "mm/grant_internal.h"
#include "mm/mmu.h"

#define HANDLES_MAX(d) (domain_is_control(d) ? MAX_HANDLE_PAGES : ORDINARY_HANDLE_PAGES)

/* ---- handles ---- */

struct grant_mapping *grant_mapping_find(const struct grant_table *gt, grant_handle_t handle)
{
	struct grant_mapping *m;

	if (!gt || handle >= gt->nr_handle_pages * HANDLES_PER_PAGE)
		return NULL;
	handle = index_nospec(handle, MAX_HANDLE_PAGES * HANDLES_PER_PAGE);
	m = &gt->handles[handle / HANDLES_PER_PAGE][handle % HANDLES_PER_PAGE];
	return m->flags ? m : NULL;
}

static void handle_free(struct grant_table *gt, grant_handle_t handle)
{
	struct grant_mapping *m =
		&gt->handles[handle / HANDLES_PER_PAGE][handle % HANDLES_PER_PAGE];

	m->flags = 0;
	m->ref = gt->free_handle;
	gt->free_handle = handle;
	gt->used_handles--;
}

static bool handles_grow(struct domain *d, struct grant_table *gt)
{
	struct grant_mapping *page;
	grant_handle_t first = gt->nr_handle_pages * HANDLES_PER_PAGE;
	unsigned i;

	if (gt->nr_handle_pages >= HANDLES_MAX(d))
		return false;
	page = heap_page_alloc();
	if (!page)
		return false;
	for (i = 0; i < HANDLES_PER_PAGE; i++)
		page[i].ref = i + 1 < HANDLES_PER_PAGE ? first + i + 1 : INVALID_HANDLE;
	gt->handles[gt->nr_handle_pages++] = page;
	gt->free_handle = first;
	return true;
}

/* A free handle, to be filled in; INVALID_HANDLE: as many as the domain may have, or no memory. */
static grant_handle_t handle_alloc(struct domain *d, struct grant_table *gt)
{
	grant_handle_t handle;

	if (gt->free_handle == INVALID_HANDLE && !handles_grow(d, gt))
		return INVALID_HANDLE;
	handle = gt->free_handle;
	gt->free_handle = gt->handles[handle / HANDLES_PER_PAGE][handle % HANDLES_PER_PAGE].ref;
	gt->used_handles++;
	return handle;
}

/* ---- page-table entries ---- */

/* One entry of a validated L1 of the running guest; the table is kept by references. */
struct entry {
	struct page_info *table;
	unsigned index;
};

/* A table that is no L1 in use now is not made one for the purpose. */
static bool table_get(struct domain *d, struct page_info *table)
{
	uint32_t type;

	if (!get_page(table, d))
		return false;
	type = table->type_info;
	if ((type & PGT_TYPE_MASK) == PGT_L1 && (type & PGT_VALIDATED) && (type & PGT_COUNT_MASK) &&
	    get_page_type(table, PGT_L1, false) == 0)
		return true;
	put_page(table);
	return false;
}

static bool entry_get_va(struct vcpu *v, uint64_t va, struct entry *e)
{
	if (va >= HV_START)
		return false;
	e->table = mmu_find_l1(v, (gva_t)va, &e->index);
	return e->table && table_get(v->domain, e->table);
}

/* By machine address, which has to be that of a whole entry (XSA-227). */
static bool entry_get_maddr(struct domain *d, uint64_t maddr, struct entry *e)
{
	uint64_t mfn = maddr >> PAGE_SHIFT;

	if (maddr % sizeof(pte_t) || mfn >= max_mfn)
		return false;
	e->table = mfn_to_page((mfn_t)mfn);
	e->index = (maddr & (PAGE_SIZE - 1)) / sizeof(pte_t);
	return table_get(d, e->table);
}

static bool entry_get(struct vcpu *v, uint64_t host_addr, uint32_t flags, struct entry *e)
{
	return flags & GNTMAP_contains_pte ? entry_get_maddr(v->domain, host_addr, e)
					   : entry_get_va(v, host_addr, e);
}

static void entry_put(const struct entry *e)
{
	put_page_and_type(e->table);
}

static pte_t entry_read(const struct entry *e)
{
	const pte_t *table = frame_map(page_to_mfn(e->table));
	pte_t value = table[e->index];

	frame_unmap(table);
	return value;
}

static uint64_t pte_flags(uint32_t flags)
{
	uint64_t pte = PTE_P | PTE_A | PTE_D;

	if (flags & GNTMAP_application_map)
		pte |= PTE_US;
	if (!(flags & GNTMAP_readonly))
		pte |= PTE_RW;
	/* Bits 16 and up go to the entry's bits 9 and up. */
	return pte | ((uint64_t)(flags >> _GNTMAP_guest_avail0) << 9 & PTE_AVAIL);
}

static int16_t host_map(struct vcpu *v, struct domain *owner, const struct gnttab_map_grant_ref *op,
			mfn_t frame)
{
	struct entry e;
	int rc;

	if (!entry_get(v, op->host_addr, op->flags, &e))
		return GNTST_general_error;
	rc = mmu_write_l1(v->domain, owner, e.table, e.index,
			  pte_make(frame, pte_flags(op->flags)));
	entry_put(&e);
	return rc ? GNTST_general_error : GNTST_okay;
}

/* Moves the entry that maps new_addr to `to`; new_addr maps nothing afterwards. */
static int16_t host_replace(struct vcpu *v, const struct entry *to, uint64_t new_addr)
{
	struct entry from;
	int rc;

	if (!entry_get_va(v, new_addr, &from))
		return GNTST_general_error;
	rc = mmu_write_l1(v->domain, v->domain, to->table, to->index, entry_read(&from));
	if (!rc)
		rc = mmu_write_l1(v->domain, v->domain, from.table, from.index, 0);
	entry_put(&from);
	return rc ? GNTST_general_error : GNTST_okay;
}

/* The entry at host_addr must still be what the map made of it. */
static int16_t host_unmap(struct vcpu *v, const struct grant_mapping *m, uint64_t host_addr,
			  uint64_t new_addr)
{
	const uint64_t rights = PTE_P | PTE_RW;
	struct entry e;
	pte_t pte;
	int16_t status = GNTST_general_error;

	if (new_addr && (m->flags & GNTMAP_contains_pte))
		return GNTST_general_error;
	if (!entry_get(v, host_addr, m->flags, &e))
		return GNTST_general_error;
	pte = entry_read(&e);
	if ((pte & PTE_P) && pte_mfn(pte) == m->frame &&
	    (pte & rights) == (pte_flags(m->flags) & rights)) {
		if (new_addr)
			status = host_replace(v, &e, new_addr);
		else if (!mmu_write_l1(v->domain, v->domain, e.table, e.index, 0))
			status = GNTST_okay;
	}
	entry_put(&e);
	return status;
}

/* ---- map ---- */

static int16_t map_pinned(struct vcpu *v, struct grant_table *gt, struct domain *owner,
			  struct gnttab_map_grant_ref *op, mfn_t frame)
{
	struct grant_mapping *m;
	grant_handle_t handle = handle_alloc(v->domain, gt);
	int16_t status = GNTST_okay;

	if (handle == INVALID_HANDLE)
		return GNTST_no_space;
	if (op->flags & GNTMAP_host_map)
		status = host_map(v, owner, op, frame);
	if (status != GNTST_okay) {
		handle_free(gt, handle);
		return status;
	}
	m = &gt->handles[handle / HANDLES_PER_PAGE][handle % HANDLES_PER_PAGE];
	m->owner = owner;
	m->ref = op->ref;
	m->frame = frame;
	m->flags = op->flags;
	op->handle = handle;
	op->dev_bus_addr = (uint64_t)frame << PAGE_SHIFT;
	return GNTST_okay;
}

static int16_t map_one(struct vcpu *v, struct domain *owner, struct gnttab_map_grant_ref *op)
{
	enum grant_access access = op->flags & GNTMAP_readonly ? GRANT_READ : GRANT_WRITE;
	struct grant_table *gt = grant_table_get(v->domain);
	int16_t status;
	mfn_t frame;

	if (!gt)
		return GNTST_no_space;
	status = grant_pin(owner, op->ref, v->domain, access, &frame);
	if (status != GNTST_okay)
		return status;
	status = map_pinned(v, gt, owner, op, frame);
	if (status != GNTST_okay)
		grant_unpin(owner, op->ref, access);
	return status;
}

void grant_map(struct gnttab_map_grant_ref *op, struct domain *owner)
{
	struct vcpu *v = current_vcpu();

	if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map))) {
		op->status = GNTST_bad_gntref;
		return;
	}
	/* What is mapped of a dying domain only keeps it from being gone. */
	if (!owner || owner->state >= DOMAIN_DYING) {
		op->status = GNTST_bad_domain;
		return;
	}
	spin_lock(&v->domain->page_lock);
	op->status = map_one(v, owner, op);
	spin_unlock(&v->domain->page_lock);
}

/* ---- unmap ---- */

static int16_t unmap_one(struct vcpu *v, grant_handle_t handle, uint64_t host_addr,
			 uint64_t dev_bus_addr, uint64_t new_addr)
{
	struct grant_table *gt = v->domain->grant_table;
	struct grant_mapping *m = grant_mapping_find(gt, handle);
	enum grant_access access;
	struct domain *owner;
	grant_ref_t ref;

	if (!m)
		return GNTST_bad_handle;
	if (dev_bus_addr && dev_bus_addr != (uint64_t)m->frame << PAGE_SHIFT)
		return GNTST_general_error;
	if (host_addr && (m->flags & GNTMAP_host_map)) {
		int16_t status = host_unmap(v, m, host_addr, new_addr);

		if (status != GNTST_okay)
			return status;
		m->flags &= ~GNTMAP_host_map;
	}
	if (dev_bus_addr)
		m->flags &= ~GNTMAP_device_map;
	if (m->flags & (GNTMAP_host_map | GNTMAP_device_map))
		return GNTST_okay;
	access = grant_mapping_access(m);
	owner = m->owner;
	ref = m->ref;
	handle_free(gt, handle);
	grant_unpin(owner, ref, access);
	return GNTST_okay;
}

int16_t grant_unmap(grant_handle_t handle, uint64_t host_addr, uint64_t dev_bus_addr,
		    uint64_t new_addr)
{
	struct vcpu *v = current_vcpu();
	int16_t status;

	spin_lock(&v->domain->page_lock);
	status = unmap_one(v, handle, host_addr, dev_bus_addr, new_addr);
	spin_unlock(&v->domain->page_lock);
	return status;
}
