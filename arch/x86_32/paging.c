/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's page tables, and which part of them a guest sees.
 *
 * hv_l2 is the hypervisor's slot-3 L2 table. Its entries from L2_HV_FIRST on are fixed after
 * paging_init() but for those of the frame table; all L1 tables behind them are made at boot, so
 * mapping a page later is one store through PTMAP.
 *
 * isolation=segment: the same entries are put in every guest's slot-3 L2
 * page (arch_l2_init_hv_slots), a guest's tables are also the hypervisor's,
 * and an exit changes no address space.
 *
 * isolation=paging: a guest's slot-3 L2 page gets only the machine-to-physical table and the
 * switcher. The hypervisor runs on hv_l3: the guest's slots 0 to 2, and hv_l2 in slot 3, whose
 * lower entries are copies of the guest's, made when a copy to or from the guest first faults there
 * (paging_fill_view) and dropped when the guest changes or replaces them.
 *
 * Rules of the processor: SDM vol. 3, 4.4 (PAE paging; the four L3
 * entries are read when CR3 is loaded).
 */
#include "arch/x86_32/paging.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/image.h"
#include "arch/x86_32/platform.h"
#include "arch/x86_32/tables.h"
#include "boot/memory.h"
#include "core/domain.h"
#include "core/lib.h"
#include "mm/page.h"

_Static_assert(HV_START == __HYPERVISOR_VIRT_START_PAE,
	       "the ABI fixes where the hypervisor begins");
_Static_assert(M2P_START + M2P_SIZE == __MACH2PHYS_VIRT_END_PAE, "and how long the table is");
_Static_assert(M2P_START + M2P_SIZE <= FRAMETABLE_START &&
		       FRAMETABLE_START + FRAMETABLE_SIZE <= IMAGE_START &&
		       IMAGE_START + IMAGE_SIZE <= HEAP_START &&
		       HEAP_START + HEAP_SIZE <= M2P_RW_START &&
		       M2P_RW_START + M2P_SIZE <= MAPCACHE_START &&
		       MAPCACHE_START + MAPCACHE_SIZE <= FIXMAP_START &&
		       FIXMAP_START + FIXMAP_SIZE <= STACKS_START &&
		       STACKS_START + STACKS_SIZE <= PTMAP_START &&
		       PTMAP_START + (1u << L2_SHIFT) <= SWITCHER_START,
	       "ranges overlap");
_Static_assert(WINDOW(NR_CPUS) <= SWITCHER_START + SWITCHER_SIZE,
	       "too many CPUs for the switcher's range");
_Static_assert(M2P_SIZE / sizeof(uint32_t) <= FRAMETABLE_SIZE / sizeof(struct page_info),
	       "frame table too short");

bool isolation_by_paging RO_AFTER_INIT;
uint32_t *m2p = (uint32_t *)M2P_RW_START;

static pte_t hv_l2[PTES_PER_PAGE] ALIGNED(PAGE_SIZE);
/* The guest's view of the switcher in paging mode: the same pages, the tables read-only. */
static pte_t switcher_guest_l1[PTES_PER_PAGE] ALIGNED(PAGE_SIZE);
/* One top level per view; the processor reads it only while CR3 is loaded. */
pte_t hv_l3[L3_SLOTS] ALIGNED(32);
pte_t guest_l3[L3_SLOTS] ALIGNED(32);

/* Lower entries of hv_l2 that hold copies of the guest's. */
static uint16_t view_first = PTES_PER_PAGE, view_last;

static uint32_t flush_clock = 1;

/* Everything else is reserved in a PAE top-level entry, and #GP when loaded. */
#define L3E_LOADED (PTE_MFN_MASK | PTE_P)

#define ptmap ((pte_t *)PTMAP_START)
#define SLOT3_START 0xc0000000u

static pte_t *hv_l1_entry(uintptr_t va)
{
	return &ptmap[(va - SLOT3_START) >> PAGE_SHIFT];
}

paddr_t image_paddr(const void *symbol)
{
	return (uintptr_t)symbol - IMAGE_START;
}

static uint64_t nx(void)
{
	return cpu_has_nx ? PTE_NX : 0;
}

/* ---- building ---- */

/* While this runs, physical memory below HV_START is mapped one to one by the boot tables. */
static INIT void *boot_page_zeroed(void)
{
	return memset((void *)(uintptr_t)boot_memory_take(), 0, PAGE_SIZE);
}

static INIT pte_t *build_l1_entry(uintptr_t va)
{
	pte_t *l2e = &hv_l2[l2_index(va)];

	if (!*l2e)
		*l2e = (uintptr_t)boot_page_zeroed() | PTE_P | PTE_RW | PTE_A | PTE_D;
	return (pte_t *)(uintptr_t)(*l2e & PTE_MFN_MASK) + l1_index(va);
}

static INIT void build_map(uintptr_t va, paddr_t pa, uint64_t flags)
{
	*build_l1_entry(va) = (pa & PTE_MFN_MASK) | flags | PTE_P | PTE_A | PTE_D;
}

static INIT void build_tables_only(uintptr_t start, uint32_t size)
{
	for (uintptr_t va = start; va < start + size; va += 1u << L2_SHIFT)
		build_l1_entry(va);
}

static INIT void build_fresh(uintptr_t start, uint32_t size)
{
	for (uintptr_t va = start; va < start + size; va += PAGE_SIZE)
		build_map(va, (uintptr_t)boot_page_zeroed(), PTE_RW | nx());
}

/* The image stays writable until paging_seal(). */
static INIT void build_image(void)
{
	for (uintptr_t va = (uintptr_t)image_start; va < (uintptr_t)data_end; va += PAGE_SIZE)
		build_map(va, va - IMAGE_START, PTE_RW);
	for (uintptr_t va = (uintptr_t)switcher_start; va < (uintptr_t)switcher_end;
	     va += PAGE_SIZE)
		build_map(va, va - SWITCHER_START + (uintptr_t)switcher_load_paddr, PTE_RW);
}

/* The table's second mapping is its first one's L1 tables again. */
static INIT void build_m2p(void)
{
	build_fresh(M2P_START, ROUND_UP(max_mfn * sizeof(uint32_t), PAGE_SIZE));
	for (uint32_t offset = 0; offset < M2P_SIZE; offset += 1u << L2_SHIFT)
		hv_l2[l2_index(M2P_RW_START + offset)] = hv_l2[l2_index(M2P_START + offset)];
}

static INIT void build_cpu(unsigned cpu)
{
	build_fresh(STACK_BOTTOM(cpu), STACK_SIZE);
	build_fresh(DF_STACK_BOTTOM(cpu), PAGE_SIZE);
	build_fresh(NMI_STACK_BOTTOM(cpu), PAGE_SIZE);
	build_fresh(WINDOW(cpu) + WINDOW_GDT + FIRST_RESERVED_GDT_PAGE * PAGE_SIZE, PAGE_SIZE);
	build_fresh(WINDOW(cpu) + WINDOW_TABLES, PAGE_SIZE);
	build_fresh(WINDOW(cpu) + WINDOW_TSS, WINDOW_TSS_SIZE);
	build_fresh(WINDOW(cpu) + WINDOW_FRAME, PAGE_SIZE);
}

INIT void paging_init(void)
{
	max_mfn = boot_memory_end();
	build_m2p();
	build_fresh(FRAMETABLE_START, ROUND_UP(max_mfn * sizeof(struct page_info), PAGE_SIZE));
	build_image();
	build_tables_only(HEAP_START, HEAP_SIZE);
	build_tables_only(MAPCACHE_START, MAPCACHE_SIZE);
	build_tables_only(FIXMAP_START, FIXMAP_SIZE);
	build_tables_only(STACKS_START, STACKS_SIZE);
	build_tables_only(SWITCHER_START, SWITCHER_SIZE);
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		build_cpu(cpu);
	hv_l2[l2_index(PTMAP_START)] = image_paddr(hv_l2) | PTE_P | PTE_RW | PTE_A | PTE_D;
	hv_l3[3] = image_paddr(hv_l2) | PTE_P;
	write_cr3(image_paddr(hv_l3));
	frame_table = (struct page_info *)FRAMETABLE_START;
	memset(m2p, 0xff, max_mfn * sizeof(uint32_t));
}

/* ---- sealing ---- */

static INIT void protect(const void *start, const void *end, uint64_t clear, uint64_t set)
{
	for (uintptr_t va = (uintptr_t)start; va < (uintptr_t)end; va += PAGE_SIZE)
		*hv_l1_entry(va) = (*hv_l1_entry(va) & ~clear) | set;
}

/* A patch site is `mov $cr3value, %eax; mov %eax, %cr3`, or a jump over it. */
static INIT void patch_switcher(void)
{
	if (isolation_by_paging)
		return;
	for (const uint32_t *site = patch_sites_start; site < patch_sites_end; site += 2) {
		uint8_t *insn = (uint8_t *)site[0];

		insn[0] = 0xeb; /* jmp rel8 */
		insn[1] = (uint8_t)(site[1] - site[0] - 2);
	}
}

INIT void paging_seal(void)
{
	pte_t *switcher_l1 = &ptmap[(SWITCHER_START - SLOT3_START) >> PAGE_SHIFT];
	unsigned window = l1_index(WINDOW(0));

	patch_switcher();
	protect(text_start, text_end, PTE_RW, 0);
	protect(rodata_start, rodata_end, PTE_RW, nx());
	protect(ro_after_init_start, ro_after_init_end, PTE_RW, nx());
	protect(ro_after_init_end, data_end, 0, nx());
	protect(switcher_start, switcher_end, PTE_RW, 0);
	for (unsigned i = 0; i < PTES_PER_PAGE; i++) {
		bool frame_page = i >= window && (i - window) % (WINDOW_STRIDE >> PAGE_SHIFT) ==
							 WINDOW_FRAME >> PAGE_SHIFT;

		switcher_guest_l1[i] = frame_page ? switcher_l1[i] : switcher_l1[i] & ~PTE_RW;
	}
	tlb_flush_local();
}

/* ---- the two views ---- */

void arch_l2_init_hv_slots(pte_t *l2)
{
	if (isolation_by_paging)
		memset(&l2[L2_HV_FIRST], 0, (PTES_PER_PAGE - L2_HV_FIRST) * sizeof(*l2));
	else
		memcpy(&l2[L2_HV_FIRST], &hv_l2[L2_HV_FIRST],
		       (PTES_PER_PAGE - L2_HV_FIRST) * sizeof(*l2));
	for (unsigned i = l2_index(M2P_START); i <= l2_index(M2P_START + M2P_SIZE - 1); i++)
		l2[i] = hv_l2[i] & ~PTE_RW;
	if (isolation_by_paging)
		l2[l2_index(SWITCHER_START)] = image_paddr(switcher_guest_l1) | PTE_P | PTE_RW |
					       PTE_A;
}

static void view_drop(void)
{
	for (unsigned i = view_first; i <= view_last; i++)
		hv_l2[i] = 0;
	view_first = PTES_PER_PAGE;
	view_last = 0;
}

bool paging_fill_view(gva_t va)
{
	unsigned index = l2_index(va);
	pte_t *l2, entry;

	if (!isolation_by_paging || va < SLOT3_START || va >= HV_START || !guest_l3[3])
		return false;
	l2 = frame_map(pte_mfn(guest_l3[3]));
	entry = l2[index];
	frame_unmap(l2);
	/*
	 * The processor sets the accessed flag in the one that it walks. A comparison that counted
	 * it would find a difference each time, and the access would fault for ever.
	 */
	if (!(entry & PTE_P) || !((hv_l2[index] ^ entry) & ~(PTE_A | PTE_D)))
		return false;
	hv_l2[index] = entry;
	view_first = MIN(view_first, index);
	view_last = MAX(view_last, index);
	return true;
}

/*
 * In segment mode an NMI is a task switch, which does not save CR3 but takes it from the
 * interrupted task's TSS on the way back. (In paging mode nothing switches tasks and returns.)
 */
static void load_view(const pte_t *l3)
{
	if (!isolation_by_paging)
		tables_tss()->cr3 = image_paddr(l3);
	write_cr3(image_paddr(l3));
	this_cpu()->tlb_stamp = flush_clock++;
}

/* The hypervisor goes on in the view that guest_l3 and hv_l3 now describe. */
static void reload_views(void)
{
	if (isolation_by_paging) {
		for (unsigned slot = 0; slot < 3; slot++)
			hv_l3[slot] = guest_l3[slot];
		view_drop();
	}
	load_view(isolation_by_paging ? hv_l3 : guest_l3);
}

void arch_load_top(struct vcpu *v)
{
	pte_t *top = frame_map(v->arch.top);

	for (unsigned slot = 0; slot < L3_SLOTS; slot++)
		guest_l3[slot] = top[slot] & L3E_LOADED;
	frame_unmap(top);
	reload_views();
}

void paging_load_idle(void)
{
	memset(guest_l3, 0, sizeof(guest_l3));
	memset(hv_l3, 0, 3 * sizeof(hv_l3[0]));
	view_drop();
	load_view(hv_l3);
}

void arch_l3_changed(mfn_t top, unsigned slot, pte_t entry)
{
	struct vcpu *v = current_vcpu();

	if (!v->domain || v->arch.top != top)
		return;
	guest_l3[slot] = entry & L3E_LOADED;
	reload_views();
}

void arch_l2_changed(mfn_t l2, unsigned index)
{
	if (!isolation_by_paging || !guest_l3[3] || pte_mfn(guest_l3[3]) != l2)
		return;
	hv_l2[index] = 0;
}

uint32_t paging_hv_cr3(void)
{
	return image_paddr(hv_l3);
}

/* ---- TLB ---- */

void tlb_flush_local(void)
{
	write_cr3(read_cr3());
	this_cpu()->tlb_stamp = flush_clock++;
}

/*
 * In paging mode the way back to the guest loads CR3, which flushes its view whatever happens here.
 */
void tlb_flush_page(gva_t va)
{
	if (va < HV_START)
		invlpg(va);
}

uint32_t tlb_clock(void)
{
	return flush_clock;
}

void tlb_flush_if_stale(uint32_t frame_stamp)
{
	/*
	 * Signed difference: the clock may wrap; a frame idle for 2^31
	 * flushes costs one needless flush.
	 */
	if ((int32_t)(this_cpu()->tlb_stamp - frame_stamp) < 0)
		tlb_flush_local();
}

/* ---- single pages ---- */

void hv_map_page(uintptr_t va, mfn_t mfn, uint64_t flags)
{
	pte_t *entry = hv_l1_entry(va);
	bool was_present = *entry & PTE_P;

	ASSERT(va >= HEAP_START && va < STACKS_START);
	*entry = flags ? pte_make(mfn, flags | PTE_P | PTE_A | PTE_D | nx()) : 0;
	if (was_present)
		invlpg(va);
}

void hv_unmap_page(uintptr_t va)
{
	hv_map_page(va, 0, 0);
}

void window_map(uint32_t offset, mfn_t mfn)
{
	uintptr_t va = WINDOW(cpu_id()) + offset;
	pte_t entry = mfn == INVALID_MFN ? 0 : pte_make(mfn, PTE_P | PTE_A | nx());

	ASSERT(offset < WINDOW_TABLES && offset / PAGE_SIZE != FIRST_RESERVED_GDT_PAGE);
	if (((*hv_l1_entry(va) ^ entry) & ~PTE_D) == 0)
		return;
	*hv_l1_entry(va) = entry;
	switcher_guest_l1[l1_index(va)] = entry;
	invlpg(va);
}

uint64_t paging_lookup(uintptr_t va)
{
	if (va < HV_START || !(hv_l2[l2_index(va)] & PTE_P))
		return 0;
	return *hv_l1_entry(va);
}

/* ---- fixmap: a bump of pages, released down to a mark ---- */

static uint32_t fixmap_used;

uint32_t fixmap_mark(void)
{
	return fixmap_used;
}

void fixmap_release(uint32_t mark)
{
	while (fixmap_used > mark)
		hv_unmap_page(FIXMAP_START + --fixmap_used * PAGE_SIZE);
}

void *fixmap_map(paddr_t paddr, uint32_t len, bool device)
{
	uint32_t offset = paddr & (PAGE_SIZE - 1),
		 pages = (offset + len + PAGE_SIZE - 1) >> PAGE_SHIFT;
	uint32_t first = fixmap_used;

	if (!len || pages > FIXMAP_SIZE / PAGE_SIZE - first)
		return NULL;
	for (uint32_t i = 0; i < pages; i++, fixmap_used++)
		hv_map_page(FIXMAP_START + fixmap_used * PAGE_SIZE,
			    (mfn_t)(paddr >> PAGE_SHIFT) + i,
			    PTE_RW | (device ? PTE_PCD | PTE_PWT : 0));
	return (void *)(FIXMAP_START + first * PAGE_SIZE + offset);
}
