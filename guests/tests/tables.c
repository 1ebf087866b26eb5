/* SPDX-License-Identifier: MIT */
/*
 * Level-2 and level-3 entries and whole address spaces under PAE: what may be hooked
 * where, the rules of the last top-level slot (its level-2 table holds the hypervisor's
 * part and is never shared), and a second address space from its tables to its end
 * (ABI: HYPERVISOR_mmu_update in <xen/xen.h>).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#define LAST_SLOT 3
#define TOP_SLOTS 4
#define FREE_VA 0x40000000u

static bool is_refusal(long rc)
{
	return rc == -XEN_EINVAL || rc == -XEN_EBUSY || rc == -XEN_EPERM;
}

static uint64_t entry_maddr(const pte_t *entry)
{
	return (uint64_t)va_to_mfn(entry) << PAGE_SHIFT | (PTR32(entry) & ~PAGE_MASK);
}

static pte_t *read_only_page(void)
{
	pte_t *page = page_alloc();

	BUG_ON(page_protect(page, PTE_KERNEL_RO));
	return page;
}

static void release_page(pte_t *page)
{
	CHECK_EQ(page_protect(page, PTE_KERNEL_RW), 0, "a page that is no table any more");
	page_free(page);
}

/* --- Level 2 --- */

static void test_hook_l1(void)
{
	uint32_t *data = page_alloc();
	uint32_t va = FREE_VA + 0x5000;
	struct fault fault;

	CHECK_EQ(mm_ensure_tables(va), 0, "tables for a free address");
	CHECK_EQ(mm_map((void *)va, mfn_pte(va_to_mfn(data), PTE_KERNEL_RW)), 0, "mapping");
	*data = 4711;
	CHECK_EQ(*(volatile uint32_t *)va, 4711, "word seen at the new address");
	CHECK_EQ(mm_map((void *)va, 0), 0, "unmapping");
	try_read((void *)va, &fault);
	check_fault_error(&fault, X86_PF, 0, "read of the unmapped address");
	page_free(data);
}

static void test_l2_refused(void)
{
	pte_t *writable = page_alloc(), *l1 = read_only_page();
	uint64_t slot;
	const pte_t *l2;

	mm_ensure_tables(FREE_VA);
	l2 = (const pte_t *)(PTR32(pte_find(FREE_VA, 2)) & PAGE_MASK);
	slot = pte_maddr(FREE_VA, 2) + 8 * 17;
	CHECK(is_refusal(mmu_write(slot, mfn_pte(va_to_mfn(writable), PTE_TABLE))),
	      "a page that is mapped writable");
	CHECK(is_refusal(mmu_write(slot, mfn_pte(va_to_mfn(l1), PTE_TABLE | PTE_PSE))),
	      "a large page");
	CHECK(is_refusal(mmu_write(slot, mfn_pte(va_to_mfn(writable), PTE_TABLE | PTE_PSE))),
	      "a large writable page");
	CHECK(is_refusal(mmu_write(slot, mfn_pte(va_to_mfn(l2), PTE_TABLE))), "the table itself");
	CHECK(is_refusal(mmu_write(slot, mfn_pte(va_to_mfn(l2), PTE_P))),
	      "the table itself, read-only");
	CHECK(is_refusal(mmu_write(slot, mfn_pte(va_to_mfn(mm_top_table()), PTE_TABLE))),
	      "the top-level table");
	CHECK_EQ(pte_find(FREE_VA, 2)[17], 0, "entry after all refusals");
	page_free(writable);
	release_page(l1);
}

/* The dangerous flip: an accepted entry gets the large-page bit and nothing else. */
static void test_l2_flip(void)
{
	pte_t *l1 = read_only_page();
	uint64_t slot;
	pte_t entry = mfn_pte(va_to_mfn(l1), PTE_TABLE);

	mm_ensure_tables(FREE_VA);
	slot = pte_maddr(FREE_VA, 2) + 8 * 18;
	CHECK_EQ(mmu_write(slot, entry), 0, "a good entry");
	CHECK(is_refusal(mmu_write(slot, entry | PTE_PSE)), "the large-page bit alone");
	CHECK(is_refusal(mmu_write(slot | MMU_PT_UPDATE_PRESERVE_AD, entry | PTE_PSE)),
	      "the same, preserving");
	CHECK_EQ(mmu_write(slot, entry & ~PTE_RW), 0, "the writable bit may change");
	CHECK_EQ(mmu_write(slot, 0), 0, "clearing");
	release_page(l1);
}

/* The hypervisor's own entries of the last slot. */
static void test_l2_private(void)
{
	pte_t *l1 = read_only_page();
	uint64_t slot = pte_maddr(HYPERVISOR_VIRT_START, 2);
	const volatile pte_t *entry = pte_find(HYPERVISOR_VIRT_START, 2);
	pte_t before = *entry;

	CHECK(is_refusal(mmu_write(slot, mfn_pte(va_to_mfn(l1), PTE_TABLE))), "the first");
	CHECK(is_refusal(mmu_write(slot, 0)), "clearing the first");
	CHECK(is_refusal(mmu_write(pte_maddr(0xffffffff, 2), 0)), "clearing the last");
	CHECK_EQ(*entry, before, "entry of the machine-to-physical table");
	release_page(l1);
}

/* --- Level 3 --- */

static void test_l3_slots(void)
{
	pte_t *l2 = read_only_page(), *top = mm_top_table();
	pte_t good = mfn_pte(va_to_mfn(l2), PTE_P);

	CHECK_EQ(mmu_write(entry_maddr(&top[2]), good), 0, "slot 2");
	CHECK_EQ(mmu_write(entry_maddr(&top[2]), 0), 0, "clearing slot 2");
	CHECK(is_refusal(mmu_write(entry_maddr(&top[LAST_SLOT]), good)), "the last slot, in use");
	CHECK(is_refusal(mmu_write(entry_maddr(&top[LAST_SLOT]), 0)), "clearing the last slot");
	CHECK(is_refusal(mmu_write(entry_maddr(&top[TOP_SLOTS]), good)), "a slot behind the last");
	release_page(l2);
}

static void test_l3_refused(void)
{
	pte_t *writable = page_alloc(), *top = mm_top_table();
	uint64_t slot = entry_maddr(&top[2]);
	unsigned long last_l2 = pte_mfn(top[LAST_SLOT]);

	CHECK(is_refusal(mmu_write(slot, mfn_pte(va_to_mfn(writable), PTE_P))), "a writable page");
	CHECK(is_refusal(mmu_write(slot, mfn_pte(va_to_mfn(top), PTE_P))), "the table itself");
	CHECK(is_refusal(mmu_write(slot, mfn_pte(last_l2, PTE_P))), "the last slot's table");
	CHECK(is_refusal(mmu_write(slot, mfn_pte(0xfffff, PTE_P))), "no such frame");
	CHECK_EQ(top[2], 0, "slot 2 after all refusals");
	page_free(writable);
}

/* The hardware keeps the top level in registers: a new slot must work at once. */
static void test_l3_effective(void)
{
	uint32_t va = 0x80000000u;
	uint32_t *data = page_alloc();
	struct fault fault;

	try_read((void *)va, &fault);
	check_fault(&fault, X86_PF, "read before");
	CHECK_EQ(mm_ensure_tables(va), 0, "new slot");
	CHECK_EQ(mm_map((void *)va, mfn_pte(va_to_mfn(data), PTE_KERNEL_RW)), 0, "mapping");
	try_read((void *)va, &fault);
	check_no_fault(&fault, "read after");
	CHECK_EQ(mmu_write(pte_maddr(va, 3), 0), 0, "clearing the slot");
	try_read((void *)va, &fault);
	check_fault(&fault, X86_PF, "read after clearing the slot");
}

/* --- A second address space --- */

static const pte_t *table_of(pte_t entry)
{
	return pfn_to_va(mfn_to_pfn(pte_mfn(entry)));
}

/* A copy of a level-2 table: the guest's entries, or all of them. */
static pte_t *clone_l2(const pte_t *from, unsigned int entries)
{
	pte_t *l2 = page_alloc();

	memcpy(l2, from, entries * sizeof(*l2));
	BUG_ON(page_protect(l2, PTE_KERNEL_RO));
	return l2;
}

static pte_t *build_top(pte_t *last_l2)
{
	const pte_t *top = mm_top_table();
	pte_t *clone = page_alloc();
	unsigned int i;

	for (i = 0; i < LAST_SLOT; i++)
		clone[i] = top[i];
	clone[LAST_SLOT] = last_l2 ? mfn_pte(va_to_mfn(last_l2), PTE_P) : 0;
	BUG_ON(page_protect(clone, PTE_KERNEL_RO));
	return clone;
}

static void run_in(pte_t *top)
{
	unsigned long old = va_to_mfn(mm_top_table());
	volatile uint32_t probe = 1;
	struct fault fault;

	CHECK_EQ(mmuext_one(MMUEXT_NEW_BASEPTR, va_to_mfn(top), 0), 0, "switching there");
	probe = 2;
	try_read((void *)m2p_table, &fault);
	check_no_fault(&fault, "machine-to-physical table in the new space");
	CHECK_EQ(probe, 2, "stack in the new space");
	CHECK(is_refusal(page_protect(top, PTE_KERNEL_RW)), "the new table can be made writable");
	CHECK_EQ(mmuext_one(MMUEXT_NEW_BASEPTR, old, 0), 0, "switching back");
}

static void clone_and_run(unsigned int entries)
{
	const pte_t *last = table_of(mm_top_table()[LAST_SLOT]);
	pte_t *l2 = clone_l2(last, entries), *top = build_top(l2);

	if (CHECK_EQ(table_pin(top, 3), 0, "pinning a new top-level table")) {
		run_in(top);
		CHECK_EQ(table_unpin(top), 0, "unpin");
	}
	release_page(top);
	release_page(l2);
}

static void test_new_space(void)
{
	clone_and_run(table_index(HYPERVISOR_VIRT_START, 2));
}

/* Entries of the hypervisor's part that a guest copied along do not matter. */
static void test_new_space_full_copy(void)
{
	clone_and_run(ENTRIES_PER_TABLE);
}

static void test_unpinned_space(void)
{
	const pte_t *last = table_of(mm_top_table()[LAST_SLOT]);
	pte_t *l2 = clone_l2(last, table_index(HYPERVISOR_VIRT_START, 2)), *top = build_top(l2);

	run_in(top);
	release_page(top);
	release_page(l2);
}

static void test_last_slot_missing(void)
{
	pte_t *top = build_top(NULL);

	CHECK(is_refusal(table_pin(top, 3)), "a top-level table without its last slot");
	release_page(top);
}

static void test_last_slot_shared(void)
{
	pte_t *top = build_top((pte_t *)table_of(mm_top_table()[LAST_SLOT]));

	CHECK(is_refusal(table_pin(top, 3)), "two top-level tables share the last slot's table");
	release_page(top);
}

/* One table both as an ordinary level 2 and as the last slot's. */
static void test_last_slot_twice(void)
{
	const pte_t *last = table_of(mm_top_table()[LAST_SLOT]);
	pte_t *l2 = clone_l2(last, table_index(HYPERVISOR_VIRT_START, 2));
	pte_t *top = page_alloc();

	top[LAST_SLOT] = mfn_pte(va_to_mfn(l2), PTE_P);
	top[1] = top[LAST_SLOT];
	BUG_ON(page_protect(top, PTE_KERNEL_RO));
	CHECK(is_refusal(table_pin(top, 3)), "the last slot's table in another slot too");
	release_page(top);
	release_page(l2);
}

/* All tables of a space come back, also when they were filled to the last entry. */
static void test_repeat(void)
{
	unsigned int i;

	for (i = 0; i < 50 && test_ok(); i++)
		clone_and_run(table_index(HYPERVISOR_VIRT_START, 2));
}

static const struct test_case cases[] = {
	{ "tables.hook_l1", test_hook_l1 },
	{ "tables.l2_refused", test_l2_refused },
	{ "tables.l2_flip", test_l2_flip },
	{ "tables.l2_private", test_l2_private },
	{ "tables.l3_slots", test_l3_slots },
	{ "tables.l3_refused", test_l3_refused },
	{ "tables.l3_effective", test_l3_effective },
	{ "tables.new_space", test_new_space },
	{ "tables.new_space_full_copy", test_new_space_full_copy },
	{ "tables.unpinned_space", test_unpinned_space },
	{ "tables.last_slot_missing", test_last_slot_missing },
	{ "tables.last_slot_shared", test_last_slot_shared },
	{ "tables.last_slot_twice", test_last_slot_twice },
	{ "tables.repeat", test_repeat },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
