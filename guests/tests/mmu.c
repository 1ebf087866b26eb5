/* SPDX-License-Identifier: MIT */
/*
 * Level-1 entries: mmu_update in its four forms, update_va_mapping and its flags, and everything
 * that must not be mapped (ABI: HYPERVISOR_mmu_update and HYPERVISOR_update_va_mapping in
 * <xen/xen.h>).  Upper levels are in tables.c, extended operations in mmuext.c.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/memory.h>

#define MAX_E820 32
#define E820_RAM 1
#define FIRST_HIGH_MFN 0x100ul
#define NO_SUCH_DOMAIN 0x1234

/* Refusals of a frame's type: Xen says "busy" where the type clashes, "invalid" elsewhere. */
static bool is_refusal(long rc)
{
	return rc == -XEN_EINVAL || rc == -XEN_EBUSY || rc == -XEN_EPERM;
}

static char *window; /* a page whose level-1 entry the cases change */
static uint64_t window_pte;

static void setup_window(void)
{
	if (!window)
		window = page_alloc();
	window_pte = pte_maddr(PTR32(window), 1);
	BUG_ON(page_protect(window, PTE_KERNEL_RW));
}

static long update(uint64_t ptr, uint64_t val, unsigned int *done)
{
	struct mmu_update req = { .ptr = ptr, .val = val };

	return HYPERVISOR_mmu_update(&req, 1, done, DOMID_SELF);
}

/* --- The forms --- */

static void test_normal(void)
{
	char *page = page_alloc();
	unsigned int done = 99;

	setup_window();
	page[0] = 42;
	CHECK_EQ(update(window_pte, mfn_pte(va_to_mfn(page), PTE_KERNEL_RW), &done), 0, "rc");
	CHECK_EQ(done, 1, "done");
	mmuext_one(MMUEXT_INVLPG_LOCAL, PTR32(window), 0);
	CHECK_EQ(window[0], 42, "byte seen through the new mapping");
	CHECK_EQ(pte_mfn(pte_read(window)), va_to_mfn(page), "frame in the entry");
	CHECK_EQ(update(window_pte, 0, NULL), 0, "clearing, no done pointer");
	CHECK_EQ(pte_read(window), 0, "cleared entry");
	setup_window();
	page_free(page);
}

static void test_preserve_ad(void)
{
	pte_t plain = mfn_pte(va_to_mfn(window), PTE_P | PTE_RW);

	setup_window();
	CHECK_EQ(update(window_pte, plain | PTE_A | PTE_D, NULL), 0, "set A and D");
	CHECK_EQ(update(window_pte | MMU_PT_UPDATE_PRESERVE_AD, plain, NULL), 0, "preserve");
	CHECK_EQ(pte_read(window) & (PTE_A | PTE_D), PTE_A | PTE_D, "A and D after preserve");
	CHECK_EQ(update(window_pte, plain, NULL), 0, "normal");
	CHECK_EQ(pte_read(window) & (PTE_A | PTE_D), 0, "A and D after a normal update");
	CHECK_EQ(update(window_pte | MMU_PT_UPDATE_PRESERVE_AD, plain | PTE_A, NULL), 0, "or");
	CHECK_EQ(pte_read(window) & (PTE_A | PTE_D), PTE_A, "A after preserve with A in the value");
	setup_window();
}

static void test_machphys(void)
{
	unsigned long mfn = va_to_mfn(window), pfn = va_to_pfn(window);
	uint64_t ptr = (uint64_t)mfn << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;

	CHECK_EQ(update(ptr, 0x12345, NULL), 0, "rc");
	CHECK_EQ(m2p_table[mfn], 0x12345, "table entry");
	CHECK_EQ(update(ptr, pfn, NULL), 0, "back");
	CHECK_EQ(m2p_table[mfn], pfn, "table entry");
}

static void test_machphys_errors(void)
{
	uint64_t shared = start_info->shared_info;

	CHECK(is_refusal(update((1ULL << 51) | MMU_MACHPHYS_UPDATE, 1, NULL)), "no such frame");
	CHECK(is_refusal(
		      update(((uint64_t)m2p_entries << PAGE_SHIFT) | MMU_MACHPHYS_UPDATE, 1, NULL)),
	      "frame behind the last");
	update(shared | MMU_MACHPHYS_UPDATE, 1, NULL);
	CHECK(shared_info->vcpu_info[0].evtchn_upcall_mask <= 1, "shared_info is damaged");
}

static void test_forms_unknown(void)
{
	unsigned int form, done = 99;

	setup_window();
	for (form = 4; form < 8; form++)
		CHECK_EQ(update(window_pte + form, 0, &done), -XEN_ENOSYS, "unknown form");
	CHECK_EQ(done, 0, "done");
}

/* --- Lists --- */

static void test_done_count(void)
{
	pte_t good = mfn_pte(va_to_mfn(window), PTE_KERNEL_RW);
	struct mmu_update reqs[4] = {
		{ window_pte, good },
		{ window_pte, good },
		{ window_pte, mfn_pte(va_to_mfn((void *)start_info->pt_base), PTE_KERNEL_RW) },
		{ window_pte, good },
	};
	unsigned int done = 99;

	setup_window();
	CHECK_EQ(HYPERVISOR_mmu_update(reqs, 0, &done, DOMID_SELF), 0, "an empty list");
	CHECK_EQ(done, 0, "done of an empty list");
	CHECK_EQ(HYPERVISOR_mmu_update(reqs, 2, &done, DOMID_SELF), 0, "two good ones");
	CHECK_EQ(done, 2, "done of two good ones");
	CHECK(is_refusal(HYPERVISOR_mmu_update(reqs, 4, &done, DOMID_SELF)), "the third is bad");
	CHECK_EQ(done, 2, "done before the bad one");
}

static void test_long_list(void)
{
	static struct mmu_update reqs[1024];
	unsigned int done = 0, i;

	setup_window();
	for (i = 0; i < ARRAY_SIZE(reqs); i++) {
		reqs[i].ptr = window_pte;
		reqs[i].val = mfn_pte(va_to_mfn(window), i & 1 ? PTE_KERNEL_RW : PTE_KERNEL_RO);
	}
	CHECK_EQ(HYPERVISOR_mmu_update(reqs, ARRAY_SIZE(reqs), &done, DOMID_SELF), 0, "rc");
	CHECK_EQ(done, ARRAY_SIZE(reqs), "done");
}

static void test_bad_pointers(void)
{
	struct mmu_update req = { .ptr = window_pte, .val = 0 };
	void *const bad[] = { NULL, (void *)HYPERVISOR_VIRT_START, (void *)0xfffffff8 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(HYPERVISOR_mmu_update(bad[i], 1, NULL, DOMID_SELF), -XEN_EFAULT, "list");
	CHECK(HYPERVISOR_mmu_update(&req, 0x7fffffff, NULL, DOMID_SELF) < 0, "huge count");
	setup_window();
	CHECK(HYPERVISOR_mmu_update(&req, 1, NULL, NO_SUCH_DOMAIN) < 0, "no such domain");
	CHECK(pte_read(window) & PTE_P, "the entry was changed for no domain");
}

/* --- What is refused --- */

static void expect_refused(pte_t pte, const char *what)
{
	pte_t before;
	long rc;

	setup_window();
	before = pte_read(window);
	rc = update(window_pte, pte, NULL);
	CHECK(is_refusal(rc), "%s by mmu_update: %ld", what, rc);
	rc = HYPERVISOR_update_va_mapping(PTR32(window), pte, UVMF_INVLPG);
	CHECK(is_refusal(rc), "%s by update_va_mapping: %ld", what, rc);
	CHECK_EQ(pte_read(window) | PTE_A | PTE_D, before | PTE_A | PTE_D, what);
}

static void test_writable_tables(void)
{
	unsigned long i;

	for (i = 0; i < start_info->nr_pt_frames; i++) {
		void *table = (char *)start_info->pt_base + i * PAGE_SIZE;

		if (pte_read(table) & PTE_P)
			expect_refused(mfn_pte(va_to_mfn(table), PTE_KERNEL_RW), "a page table");
	}
}

/* The usual trick: first map it read-only, then flip only the writable bit. */
static void test_writable_flip(void)
{
	unsigned long table = va_to_mfn((const void *)pte_find(PTR32(window), 1));
	long rc;

	setup_window();
	CHECK_EQ(update(window_pte, mfn_pte(table, PTE_KERNEL_RO), NULL), 0, "read-only");
	rc = update(window_pte, mfn_pte(table, PTE_KERNEL_RW), NULL);
	CHECK(is_refusal(rc), "only the writable bit: %ld", rc);
	rc = update(window_pte | MMU_PT_UPDATE_PRESERVE_AD, mfn_pte(table, PTE_KERNEL_RW), NULL);
	CHECK(is_refusal(rc), "only the writable bit, preserving: %ld", rc);
	CHECK(!(pte_read(window) & PTE_RW), "the table is mapped writable");
	setup_window();
}

static void test_reserved_bits(void)
{
	unsigned int bit;

	for (bit = 52; bit < 63; bit++)
		expect_refused(mfn_pte(va_to_mfn(window), PTE_KERNEL_RW) | 1ULL << bit,
			       "a reserved bit");
}

static void test_cache_bits(void)
{
	static const pte_t bits[] = { PTE_PWT, PTE_PCD, PTE_PAT };
	pte_t pte;
	size_t i;

	setup_window();
	pte = pte_read(window);
	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		if (!test_is_privileged()) {
			expect_refused(pte | bits[i], "cache bits");
			continue;
		}
		CHECK_EQ(update(window_pte, pte | bits[i], NULL), 0, "mmu_update");
		CHECK_EQ(pte_read(window) | PTE_A | PTE_D, pte | PTE_A | PTE_D,
			 "what mmu_update stored");
		CHECK_EQ(HYPERVISOR_update_va_mapping(PTR32(window), pte | bits[i], UVMF_INVLPG), 0,
			 "update_va_mapping");
		CHECK_EQ(pte_read(window) | PTE_A | PTE_D, pte | PTE_A | PTE_D,
			 "what update_va_mapping stored");
	}
}

/* True when the machine frame belongs to this domain. */
static bool is_own(unsigned long mfn)
{
	unsigned long pfn = mfn_to_pfn(mfn);

	return (pfn < start_info->nr_pages && pfn_to_mfn(pfn) == mfn) ||
	       mfn == start_info->shared_info >> PAGE_SHIFT;
}

struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

static void check_foreign_range(uint64_t start, uint64_t end)
{
	unsigned long mfn = (unsigned long)((start + PAGE_SIZE - 1) >> PAGE_SHIFT);
	unsigned long last = (unsigned long)(end >> PAGE_SHIFT);

	if (mfn < FIRST_HIGH_MFN)
		mfn = FIRST_HIGH_MFN;
	for (; mfn < last && test_ok(); mfn += 61) {
		if (is_own(mfn))
			continue;
		expect_refused(mfn_pte(mfn, PTE_KERNEL_RW), "RAM of somebody else, writable");
		expect_refused(mfn_pte(mfn, PTE_KERNEL_RO), "RAM of somebody else");
	}
}

/* All RAM that is not ours belongs to the hypervisor, other domains, or nobody. */
static void test_foreign_frames(void)
{
	struct e820_entry map[MAX_E820];
	struct xen_memory_map op = { .nr_entries = MAX_E820 };
	unsigned int i;

	set_xen_guest_handle(op.buffer, map);
	if (HYPERVISOR_memory_op(XENMEM_machine_memory_map, &op)) {
		test_skip("the machine's memory map is for privileged domains");
		return;
	}
	for (i = 0; i < op.nr_entries; i++) {
		if (map[i].type == E820_RAM)
			check_foreign_range(map[i].addr, map[i].addr + map[i].size);
	}
}

/* --- update_va_mapping --- */

static void test_va_flags(void)
{
	uint32_t bitmap[2] = { 1, 0 };
	pte_t pte = mfn_pte(va_to_mfn(window), PTE_KERNEL_RW);
	const uint32_t flags[] = { UVMF_NONE,
				   UVMF_TLB_FLUSH | UVMF_LOCAL,
				   UVMF_TLB_FLUSH | UVMF_ALL,
				   UVMF_INVLPG | UVMF_LOCAL,
				   UVMF_INVLPG | UVMF_ALL,
				   UVMF_TLB_FLUSH | PTR32(bitmap),
				   UVMF_INVLPG | PTR32(bitmap) };
	size_t i;

	setup_window();
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		CHECK_EQ(HYPERVISOR_update_va_mapping(PTR32(window), pte, flags[i]), 0, "flags");
}

static void test_va_flush(void)
{
	char *a = page_alloc(), *b = page_alloc();

	setup_window();
	a[0] = 1;
	b[0] = 2;
	CHECK_EQ(mm_map(window, mfn_pte(va_to_mfn(a), PTE_KERNEL_RO)), 0, "first page");
	CHECK_EQ(((volatile char *)window)[0], 1, "first page's byte");
	CHECK_EQ(mm_map(window, mfn_pte(va_to_mfn(b), PTE_KERNEL_RO)), 0, "second page");
	CHECK_EQ(((volatile char *)window)[0], 2, "byte after the change with INVLPG");
	CHECK_EQ(HYPERVISOR_update_va_mapping(PTR32(window), mfn_pte(va_to_mfn(a), PTE_KERNEL_RO),
					      UVMF_TLB_FLUSH),
		 0, "first page again");
	CHECK_EQ(((volatile char *)window)[0], 1, "byte after the change with a full flush");
	setup_window();
	page_free(a);
	page_free(b);
}

static void test_va_errors(void)
{
	pte_t pte = mfn_pte(va_to_mfn(window), PTE_KERNEL_RO);

	CHECK_EQ(HYPERVISOR_update_va_mapping(0x1000, pte, 0), -XEN_EINVAL, "no table there");
	CHECK_EQ(HYPERVISOR_update_va_mapping(HYPERVISOR_VIRT_START, pte, 0), -XEN_EINVAL,
		 "the machine-to-physical table");
	CHECK_EQ(HYPERVISOR_update_va_mapping(0xfffff000, pte, 0), -XEN_EINVAL, "the last page");
}

static void test_va_offset(void)
{
	setup_window();
	CHECK_EQ(HYPERVISOR_update_va_mapping(PTR32(window) + 0x123, 0, UVMF_INVLPG), 0,
		 "an address inside the page");
	CHECK_EQ(pte_read(window), 0, "entry");
	setup_window();
}

static void test_va_otherdomain(void)
{
	pte_t pte = mfn_pte(va_to_mfn(window), PTE_KERNEL_RO);
	uint32_t va = PTR32(window);

	setup_window();
	CHECK_EQ(HYPERVISOR_update_va_mapping_otherdomain(va, pte, UVMF_INVLPG, DOMID_SELF), 0,
		 "the domain itself");
	CHECK(HYPERVISOR_update_va_mapping_otherdomain(va, pte, UVMF_INVLPG, NO_SUCH_DOMAIN) < 0,
	      "no such domain");
	setup_window();
}

static const struct test_case cases[] = {
	{ "mmu.normal", test_normal },
	{ "mmu.preserve_ad", test_preserve_ad },
	{ "mmu.machphys", test_machphys },
	{ "mmu.machphys_errors", test_machphys_errors },
	{ "mmu.forms_unknown", test_forms_unknown },
	{ "mmu.done_count", test_done_count },
	{ "mmu.long_list", test_long_list },
	{ "mmu.bad_pointers", test_bad_pointers },
	{ "mmu.writable_tables", test_writable_tables },
	{ "mmu.writable_flip", test_writable_flip },
	{ "mmu.reserved_bits", test_reserved_bits },
	{ "mmu.cache_bits", test_cache_bits },
	{ "mmu.foreign_frames", test_foreign_frames },
	{ "mmu.va_flags", test_va_flags },
	{ "mmu.va_flush", test_va_flush },
	{ "mmu.va_errors", test_va_errors },
	{ "mmu.va_offset", test_va_offset },
	{ "mmu.va_otherdomain", test_va_otherdomain },
};

int main(void)
{
	setup_window();
	return test_run(cases, ARRAY_SIZE(cases));
}
