/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's LDT. It lies in guest memory, so its pages are found through the guest's page tables,
 * and that only when the processor first needs them: the LDT window starts out empty, its page
 * faults come here. A mapped page holds a general and a PGT_SEG_DESC reference until the LDT or the
 * address space changes. Changed under the domain's page_lock. ABI: MMUEXT_SET_LDT in xen.h, which
 * requires a page-aligned base.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/descriptor.h"
#include "arch/x86_32/paging.h"
#include "core/domain.h"
#include "core/lock.h"
#include "mm/mmu.h"

_Static_assert(WINDOW_TABLES - WINDOW_LDT == GUEST_LDT_PAGES * PAGE_SIZE,
	       "the window's room for an LDT");

/*
 * A page that v holds, put back where the processor looks. False: it was there, so the fault has
 * another cause.
 */
static bool show_page(struct vcpu *v, unsigned page)
{
	uint32_t offset = WINDOW_LDT + page * PAGE_SIZE;

	if (v != current_vcpu() || (paging_lookup(WINDOW(cpu_id()) + offset) & PTE_P))
		return false;
	window_map(offset, v->arch.ldt_frame[page]); /* was empty: nothing to flush */
	return true;
}

static bool map_page(struct vcpu *v, unsigned page)
{
	pte_t entry = mmu_read_l1e(v, v->arch.ldt_base + page * PAGE_SIZE);
	mfn_t mfn = pte_mfn(entry);

	if (!(entry & PTE_P) || get_page_and_type(mfn, v->domain, PGT_SEG_DESC, false))
		return false;
	v->arch.ldt_frame[page] = mfn;
	v->arch.ldt_mapped = true;
	(void)show_page(v, page);
	return true;
}

bool ldt_fault(struct vcpu *v, uint32_t offset)
{
	unsigned page = offset >> PAGE_SHIFT;
	bool mapped;

	/*
	 * The guest's limit, and not only the window's, so that no page behind the LDT is typed
	 * (XSA-298).
	 */
	if (page >= GUEST_LDT_PAGES || offset >= v->arch.ldt_entries * 8)
		return false;
	page = index_nospec(page, GUEST_LDT_PAGES);
	if (v->arch.ldt_frame[page] != INVALID_MFN)
		return show_page(v, page);
	spin_lock(&v->domain->page_lock);
	mapped = map_page(v, page);
	spin_unlock(&v->domain->page_lock);
	return mapped;
}

void ldt_drop(struct vcpu *v)
{
	mfn_t old[GUEST_LDT_PAGES];
	bool current = v == current_vcpu();

	if (!v->arch.ldt_mapped)
		return;
	for (unsigned i = 0; i < GUEST_LDT_PAGES; i++) {
		old[i] = v->arch.ldt_frame[i];
		v->arch.ldt_frame[i] = INVALID_MFN;
		if (current && old[i] != INVALID_MFN)
			window_map(WINDOW_LDT + i * PAGE_SIZE, INVALID_MFN);
	}
	v->arch.ldt_mapped = false;
	if (current)
		tlb_flush_local(); /* before the frames can become anything else */
	for (unsigned i = 0; i < GUEST_LDT_PAGES; i++)
		if (old[i] != INVALID_MFN)
			put_page_and_type(mfn_to_page(old[i]));
}
