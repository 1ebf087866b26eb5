/* SPDX-License-Identifier: MIT */
/* Grant table operations in batches: see grants.h. */
#include "dom0/grants.h"

#include "dom0/memory.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"

#define OFFSET_IN_PAGE(address) (PTR32(address) & (PAGE_SIZE - 1))

bool grant_page_map(struct grant_page *page, domid_t domain, grant_ref_t ref)
{
	struct gnttab_map_grant_ref op = { .flags = GNTMAP_host_map, .ref = ref, .dom = domain };

	page->address = page_window_get();
	if (!page->address)
		return false;
	op.host_addr = PTR32(page->address);
	if (!HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1) && op.status == GNTST_okay) {
		page->handle = op.handle;
		return true;
	}
	page_window_put(page->address);
	page->address = NULL;
	return false;
}

void grant_page_unmap(struct grant_page *page)
{
	struct gnttab_unmap_grant_ref op = { .handle = page->handle };

	if (!page->address)
		return;
	op.host_addr = PTR32(page->address);
	BUG_ON(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1) ||
	       op.status != GNTST_okay);
	page_window_put(page->address);
	page->address = NULL;
}

static unsigned dma_unmap(const struct grant_dma *pages, unsigned count)
{
	static struct gnttab_unmap_grant_ref ops[GRANT_DMA_MAX];
	unsigned i, failed = 0;

	for (i = 0; i < count; i++)
		ops[i] = (struct gnttab_unmap_grant_ref){ .handle = pages[i].handle,
							  .dev_bus_addr = pages[i].maddr };
	if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, ops, count))
		return count;
	for (i = 0; i < count; i++)
		failed += ops[i].status != GNTST_okay;
	return failed;
}

void grant_dma_unmap(const struct grant_dma *pages, unsigned count)
{
	BUG_ON(count && dma_unmap(pages, count));
}

bool grant_dma_map(struct grant_dma *pages, unsigned count, domid_t domain, bool read_only)
{
	static struct gnttab_map_grant_ref ops[GRANT_DMA_MAX];
	uint32_t flags = GNTMAP_device_map | (read_only ? GNTMAP_readonly : 0);
	unsigned i, mapped = 0;

	if (count > GRANT_DMA_MAX)
		return false;
	for (i = 0; i < count; i++)
		ops[i] = (struct gnttab_map_grant_ref){ .flags = flags,
							.ref = pages[i].ref,
							.dom = domain };
	if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, ops, count))
		return false;
	for (i = 0; i < count; i++) {
		if (ops[i].status != GNTST_okay)
			continue;
		/* Those that were mapped move to the front, for the case that some were not. */
		pages[mapped].handle = ops[i].handle;
		pages[mapped++].maddr = ops[i].dev_bus_addr;
	}
	if (mapped == count)
		return true;
	grant_dma_unmap(pages, mapped);
	return false;
}

bool grant_copy(const struct grant_copy *parts, unsigned count, domid_t domain,
		enum grant_direction direction)
{
	static struct gnttab_copy ops[GRANT_COPY_MAX];
	unsigned i;

	if (count > GRANT_COPY_MAX)
		return false;
	for (i = 0; i < count; i++) {
		struct gnttab_copy *op = &ops[i];
		bool from = direction == GRANT_FROM_GUEST;
		struct gnttab_copy_ptr *theirs = from ? &op->source : &op->dest;
		struct gnttab_copy_ptr *ours = from ? &op->dest : &op->source;

		op->len = parts[i].length;
		op->flags = from ? GNTCOPY_source_gref : GNTCOPY_dest_gref;
		theirs->u.ref = parts[i].ref;
		theirs->domid = domain;
		theirs->offset = parts[i].offset;
		ours->u.gmfn = va_to_mfn(parts[i].local);
		ours->domid = DOMID_SELF;
		ours->offset = (uint16_t)OFFSET_IN_PAGE(parts[i].local);
	}
	if (HYPERVISOR_grant_table_op(GNTTABOP_copy, ops, count))
		return false;
	for (i = 0; i < count; i++)
		if (ops[i].status != GNTST_okay)
			return false;
	return true;
}
