/* SPDX-License-Identifier: MIT */
/*
 * Pointers whose page tables are odd but allowed. In isolation=paging the hypervisor copies a
 * guest's level-2 entries into its own view when an access first faults there: an entry that
 * never looks like its copy, because the processor sets the accessed flag in only one of them, or
 * that changes between two accesses, must not make it fault without end, and must not show it
 * what was there before. Every call here has to return (escape class: the hypervisor's own
 * mappings, XSA-345; stale translations, XSA-401).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/version.h>

/* The last top-level slot, behind this guest. */
#define VA 0xe0000000u
#define MARK 0x5a5a5a5au

static struct mmu_update set_entry(uint32_t va, pte_t value)
{
	return (struct mmu_update){ .ptr = pte_maddr(va, 2), .val = value };
}

static void no_accessed_flag(uint32_t va)
{
	pte_t entry = *pte_find(va, 2);

	BUG_ON(mmu_write(pte_maddr(va, 2), entry & ~(PTE_A | PTE_D)));
}

static long read_version_at(uint32_t va)
{
	return HYPERVISOR_xen_version(XENVER_get_features, (void *)va);
}

static long write_version_at(uint32_t va)
{
	return HYPERVISOR_xen_version(XENVER_platform_parameters, (void *)va);
}

static void test_absent_page(void)
{
	BUG_ON(mm_ensure_tables(VA));
	no_accessed_flag(VA);
	CHECK_EQ(read_version_at(VA), -XEN_EFAULT, "a read through an empty table");
	no_accessed_flag(VA);
	CHECK_EQ(write_version_at(VA), -XEN_EFAULT, "a write through an empty table");
	CHECK_EQ(HYPERVISOR_multicall((void *)VA, 1), -XEN_EFAULT, "a list there");
}

static void test_read_only_page(void)
{
	void *page = page_alloc();

	BUG_ON(mm_ensure_tables(VA) || mm_map((void *)VA, mfn_pte(va_to_mfn(page), PTE_P)));
	no_accessed_flag(VA);
	CHECK_EQ(write_version_at(VA), -XEN_EFAULT, "a write to a page that may only be read");
	BUG_ON(mm_map((void *)VA, 0));
	page_free(page);
}

/*
 * The stack of a trap is such an address too: it costs the guest its life if
 * it cannot be used, and here it can.
 */
static void test_stack(void)
{
	uint32_t *page = page_alloc();
	struct fault exit;
	struct user_state state;

	BUG_ON(mm_ensure_tables(VA) || mm_map((void *)VA, mfn_pte(va_to_mfn(page), PTE_KERNEL_RW)));
	no_accessed_flag(VA);
	state = user_state_for((void *)0x1000); /* nothing is there: #PF at once */
	BUG_ON(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, VA + PAGE_SIZE));
	user_run(&state, &exit);
	check_fault(&exit, X86_PF, "a trap from ring 3");
	trap_init();
	BUG_ON(mm_map((void *)VA, 0));
	page_free(page);
}

/* In one batch: an access through a table, another table in its place, an access through that. */
static void test_replaced_table(void)
{
	pte_t *l1[2] = { page_alloc(), page_alloc() }, old;
	uint32_t *data[2] = { page_alloc(), page_alloc() };
	struct mmu_update update[2];
	struct multicall_entry list[4];
	unsigned int i;

	BUG_ON(mm_ensure_tables(VA));
	old = *pte_find(VA, 2);
	for (i = 0; i < 2; i++) {
		memset(data[i], MARK & 0xff, PAGE_SIZE);
		l1[i][0] = mfn_pte(va_to_mfn(data[i]), PTE_KERNEL_RW);
		BUG_ON(page_protect(l1[i], PTE_KERNEL_RO));
		update[i] = set_entry(VA, mfn_pte(va_to_mfn(l1[i]), PTE_P | PTE_RW | PTE_US));
	}
	memset(list, 0, sizeof(list));
	for (i = 0; i < 2; i++) {
		list[2 * i].op = __HYPERVISOR_mmu_update;
		list[2 * i].args[0] = PTR32(&update[i]);
		list[2 * i].args[1] = 1;
		list[2 * i].args[3] = DOMID_SELF;
		list[2 * i + 1].op = __HYPERVISOR_xen_version;
		list[2 * i + 1].args[0] = XENVER_platform_parameters;
		list[2 * i + 1].args[1] = VA;
	}
	CHECK_EQ(HYPERVISOR_multicall(list, 4), 0, "the batch");
	for (i = 0; i < 4; i++)
		CHECK_EQ((long)list[i].result, 0, "an entry of the batch");
	CHECK(data[0][0] == HYPERVISOR_VIRT_START, "the first write went astray");
	BUG_ON(mmu_write(pte_maddr(VA, 2), old));
	for (i = 0; i < 2; i++) {
		CHECK_EQ(page_protect(l1[i], PTE_KERNEL_RW), 0, "a table that is free again");
		page_free(l1[i]);
		page_free(data[i]);
	}
}

static const struct test_case cases[] = {
	{ "xsa_345.absent_page", test_absent_page },
	{ "xsa_345.read_only_page", test_read_only_page },
	{ "xsa_345.stack", test_stack },
	{ "xsa_401.replaced_table", test_replaced_table },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
