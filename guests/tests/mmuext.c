/* SPDX-License-Identifier: MIT */
/*
 * Extended MMU operations: pinning, unpinning, base pointers, flushes, page operations, and which
 * of them are refused (ABI: MMUEXT_* in <xen/xen.h>).  SET_LDT is in segments.c.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/version.h>

#define NO_SUCH_MFN 0xfffffful

static bool is_refusal(long rc)
{
	return rc == -XEN_EINVAL || rc == -XEN_EBUSY || rc == -XEN_EPERM;
}

/* A read-only page that maps one ordinary page: fit to be a level-1 table. */
static pte_t *make_l1(void)
{
	pte_t *table = page_alloc();

	table[3] = mfn_pte(va_to_mfn(page_alloc()), PTE_KERNEL_RW);
	table[4] = mfn_pte(va_to_mfn(table), PTE_KERNEL_RO);
	BUG_ON(page_protect(table, PTE_KERNEL_RO));
	return table;
}

static pte_t *make_l2(pte_t *l1)
{
	pte_t *table = page_alloc();

	table[7] = mfn_pte(va_to_mfn(l1), PTE_TABLE);
	BUG_ON(page_protect(table, PTE_KERNEL_RO));
	return table;
}

static void test_pin_l1(void)
{
	pte_t *l1 = make_l1();

	CHECK_EQ(table_pin(l1, 1), 0, "pin");
	CHECK(is_refusal(page_protect(l1, PTE_KERNEL_RW)), "a pinned table can be mapped writable");
	CHECK_EQ(table_pin(l1, 1), -XEN_EINVAL, "pinning it again");
	CHECK(is_refusal(table_pin(l1, 2)), "pinning it as another level");
	CHECK_EQ(table_unpin(l1), 0, "unpin");
	CHECK_EQ(table_unpin(l1), -XEN_EINVAL, "unpinning it again");
	CHECK_EQ(page_protect(l1, PTE_KERNEL_RW), 0, "writable after unpin");
}

static void test_pin_l2(void)
{
	pte_t *l1 = make_l1(), *l2 = make_l2(l1);

	CHECK_EQ(table_pin(l2, 2), 0, "pin");
	CHECK(is_refusal(page_protect(l2, PTE_KERNEL_RW)), "the table can be mapped writable");
	CHECK(is_refusal(page_protect(l1, PTE_KERNEL_RW)), "the table below can");
	CHECK_EQ(table_pin(l1, 1), 0, "pinning a table in use");
	CHECK_EQ(table_unpin(l2), 0, "unpin");
	CHECK(is_refusal(page_protect(l1, PTE_KERNEL_RW)), "the pin below was lost");
	CHECK_EQ(table_unpin(l1), 0, "unpin below");
	CHECK_EQ(page_protect(l2, PTE_KERNEL_RW), 0, "writable");
	CHECK_EQ(page_protect(l1, PTE_KERNEL_RW), 0, "writable below");
}

static void test_pin_writable(void)
{
	pte_t *page = page_alloc();

	CHECK(is_refusal(table_pin(page, 1)), "a page that is mapped writable, as level 1");
	CHECK(is_refusal(table_pin(page, 2)), "a page that is mapped writable, as level 2");
	CHECK(is_refusal(table_pin(page, 3)), "a page that is mapped writable, as level 3");
	page_free(page);
}

static void expect_bad_l1(pte_t entry, const char *what)
{
	pte_t *l1 = page_alloc();

	l1[ENTRIES_PER_TABLE - 1] = entry;
	l1[0] = mfn_pte(va_to_mfn(l1), PTE_KERNEL_RO);
	BUG_ON(page_protect(l1, PTE_KERNEL_RO));
	CHECK(is_refusal(table_pin(l1, 1)), "%s was accepted", what);
	CHECK_EQ(page_protect(l1, PTE_KERNEL_RW), 0, "page after a failed pin");
	page_free(l1);
}

static void test_pin_bad_l1(void)
{
	unsigned long top = va_to_mfn(mm_top_table());

	expect_bad_l1(mfn_pte(top, PTE_KERNEL_RW), "a writable mapping of a table");
	expect_bad_l1(mfn_pte(top, PTE_KERNEL_RW) | 1ULL << 52, "a reserved bit");
}

static void expect_bad_l2(pte_t entry, const char *what)
{
	pte_t *l2 = page_alloc();

	l2[9] = entry;
	BUG_ON(page_protect(l2, PTE_KERNEL_RO));
	CHECK(is_refusal(table_pin(l2, 2)), "%s was accepted", what);
	CHECK_EQ(page_protect(l2, PTE_KERNEL_RW), 0, "page after a failed pin");
	page_free(l2);
}

static void test_pin_bad_l2(void)
{
	pte_t *l1 = make_l1(), *page = page_alloc();

	expect_bad_l2(mfn_pte(va_to_mfn(page), PTE_TABLE), "a page that is mapped writable");
	expect_bad_l2(mfn_pte(va_to_mfn(l1), PTE_TABLE | PTE_PSE), "a large page");
	expect_bad_l2(mfn_pte(va_to_mfn(mm_top_table()), PTE_TABLE), "the top-level table");
	expect_bad_l2(mfn_pte(NO_SUCH_MFN, PTE_TABLE), "a frame that does not exist");
	page_free(page);
}

/* A table that maps itself writable must fail whatever the order of the two checks is. */
static void test_pin_self_writable(void)
{
	pte_t *l1 = page_alloc();

	l1[1] = mfn_pte(va_to_mfn(l1), PTE_KERNEL_RW);
	BUG_ON(page_protect(l1, PTE_KERNEL_RO));
	CHECK(is_refusal(table_pin(l1, 1)), "a table that maps itself writable");
	CHECK_EQ(page_protect(l1, PTE_KERNEL_RW), 0, "writable");
	page_free(l1);
}

static void test_frames(void)
{
	static const unsigned int cmds[] = { MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,
					     MMUEXT_PIN_L3_TABLE, MMUEXT_UNPIN_TABLE,
					     MMUEXT_NEW_BASEPTR,  MMUEXT_CLEAR_PAGE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		CHECK(is_refusal(mmuext_one(cmds[i], NO_SUCH_MFN, 0)), "command %u, mfn beyond",
		      cmds[i]);
		CHECK(is_refusal(mmuext_one(cmds[i], ~0ul, 0)), "command %u, mfn ~0", cmds[i]);
	}
}

static void test_unknown(void)
{
	CHECK_EQ(mmuext_one(21, 0, 0), -XEN_ENOSYS, "command 21");
	CHECK_EQ(mmuext_one(~0u, 0, 0), -XEN_ENOSYS, "command ~0");
	CHECK(mmuext_one(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(mm_top_table()), 0) < 0,
	      "user base pointer");
	CHECK(mmuext_one(MMUEXT_MARK_SUPER, 0, 0) < 0, "mark super");
	CHECK(mmuext_one(MMUEXT_UNMARK_SUPER, 0, 0) < 0, "unmark super");
}

static void test_baseptr(void)
{
	pte_t *l1 = make_l1();

	CHECK_EQ(mmuext_one(MMUEXT_NEW_BASEPTR, va_to_mfn(mm_top_table()), 0), 0, "the same table");
	CHECK(is_refusal(mmuext_one(MMUEXT_NEW_BASEPTR, va_to_mfn(l1), 0)), "a page of no level");
	CHECK(is_refusal(mmuext_one(MMUEXT_NEW_BASEPTR, va_to_mfn(page_alloc()), 0)),
	      "a writable page");
}

/* --- Lists --- */

static void test_done_count(void)
{
	struct mmuext_op ops[3] = { { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
				    { .cmd = ~0u },
				    { .cmd = MMUEXT_TLB_FLUSH_LOCAL } };
	unsigned int done = 99;

	CHECK_EQ(HYPERVISOR_mmuext_op(ops, 0, &done, DOMID_SELF), 0, "an empty list");
	CHECK_EQ(HYPERVISOR_mmuext_op(ops, 1, &done, DOMID_SELF), 0, "one");
	CHECK_EQ(done, 1, "done of one");
	CHECK_EQ(HYPERVISOR_mmuext_op(ops, 3, &done, DOMID_SELF), -XEN_ENOSYS, "a bad one");
	CHECK_EQ(done, 1, "done before the bad one");
	CHECK_EQ(HYPERVISOR_mmuext_op((void *)HYPERVISOR_VIRT_START, 1, NULL, DOMID_SELF),
		 -XEN_EFAULT, "bad list");
}

/* GRUB's way of changing tables: three operations in one call. */
static void test_grub_sequence(void)
{
	unsigned long top = va_to_mfn(mm_top_table());
	struct mmuext_op ops[] = { { .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = top },
				   { .cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = top },
				   { .cmd = MMUEXT_PIN_L3_TABLE, .arg1.mfn = top } };
	unsigned int done = 0;

	CHECK_EQ(HYPERVISOR_mmuext_op(ops, 3, &done, DOMID_SELF), 0, "rc");
	CHECK_EQ(done, 3, "done");
}

/* --- Flushes --- */

static void test_flushes(void)
{
	static const uint32_t addresses[] = { 0, 0x1000, VIRT_BASE, HYPERVISOR_VIRT_START, ~0u };
	uint32_t bitmap[2] = { ~0u, ~0u };
	size_t i;

	CHECK_EQ(mmuext_one(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0, "flush local");
	CHECK_EQ(mmuext_one(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0, "flush all");
	CHECK_EQ(mmuext_one(MMUEXT_TLB_FLUSH_MULTI, 0, PTR32(bitmap)), 0, "flush multi");
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		CHECK_EQ(mmuext_one(MMUEXT_INVLPG_LOCAL, addresses[i], 0), 0, "invlpg local");
		CHECK_EQ(mmuext_one(MMUEXT_INVLPG_ALL, addresses[i], 0), 0, "invlpg all");
		CHECK_EQ(mmuext_one(MMUEXT_INVLPG_MULTI, addresses[i], PTR32(bitmap)), 0,
			 "invlpg multi");
	}
	CHECK(mmuext_one(MMUEXT_TLB_FLUSH_MULTI, 0, HYPERVISOR_VIRT_START) < 0, "bad bitmap");
	CHECK(mmuext_one(MMUEXT_INVLPG_MULTI, 0, 0xfffffffc) < 0, "bad bitmap");
}

static void test_flush_cache(void)
{
	if (!(start_info->flags & SIF_PRIVILEGED)) {
		test_skip("for privileged domains");
		return;
	}
	CHECK_EQ(mmuext_one(MMUEXT_FLUSH_CACHE, 0, 0), 0, "flush cache");
	CHECK_EQ(mmuext_one(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0, "flush cache global");
}

/* A frame that becomes a table must not stay writable through a forgotten translation. */
static void test_stale_translation(void)
{
	pte_t *page = page_alloc();
	struct fault fault;

	page[0] = 0;
	CHECK_EQ(HYPERVISOR_update_va_mapping(PTR32(page), mfn_pte(va_to_mfn(page), PTE_KERNEL_RO),
					      UVMF_NONE),
		 0, "read-only, without a flush");
	CHECK_EQ(table_pin(page, 1), 0, "pin");
	/* Misaligned, so that no emulation of writes to tables takes it. */
	TRY_ASM(&fault, "movl $-1, 10(%0)", : : "r"(page) : "memory");
	check_fault(&fault, X86_PF, "write through the old translation");
	CHECK_EQ(page[1], 0, "entry of the table");
	CHECK_EQ(table_unpin(page), 0, "unpin");
	CHECK_EQ(page_protect(page, PTE_KERNEL_RW), 0, "writable");
	page_free(page);
}

/* --- Page operations: announced by highmem_assist --- */

static bool has_page_operations(void)
{
	struct xen_feature_info info = { .submap_idx = 0 };

	HYPERVISOR_xen_version(XENVER_get_features, &info);
	if (info.submap >> XENFEAT_highmem_assist & 1)
		return true;
	test_skip("highmem_assist is not announced");
	return false;
}

static void test_clear_copy(void)
{
	char *a = page_alloc(), *b = page_alloc();

	if (!has_page_operations())
		return;
	memset(a, 1, PAGE_SIZE);
	memset(b, 2, PAGE_SIZE);
	CHECK_EQ(mmuext_one(MMUEXT_COPY_PAGE, va_to_mfn(a), va_to_mfn(b)), 0, "copy");
	CHECK(!memcmp(a, b, PAGE_SIZE), "the copy differs");
	CHECK_EQ(mmuext_one(MMUEXT_CLEAR_PAGE, va_to_mfn(b), 0), 0, "clear");
	CHECK(!b[0] && !b[PAGE_SIZE - 1], "the page is not clear");
	page_free(a);
	page_free(b);
}

static void test_clear_copy_refused(void)
{
	char *page = page_alloc();
	unsigned long top = va_to_mfn(mm_top_table());

	CHECK(mmuext_one(MMUEXT_CLEAR_PAGE, top, 0) < 0, "clearing a table");
	CHECK(mmuext_one(MMUEXT_COPY_PAGE, top, va_to_mfn(page)) < 0, "copying onto a table");
	CHECK(mmuext_one(MMUEXT_COPY_PAGE, va_to_mfn(page), NO_SUCH_MFN) < 0, "copying nothing");
	CHECK(*pte_find(VIRT_BASE, 3) & PTE_P, "the top-level table is damaged");
	page_free(page);
}

static const struct test_case cases[] = {
	{ "mmuext.pin_l1", test_pin_l1 },
	{ "mmuext.pin_l2", test_pin_l2 },
	{ "mmuext.pin_writable", test_pin_writable },
	{ "mmuext.pin_bad_l1", test_pin_bad_l1 },
	{ "mmuext.pin_bad_l2", test_pin_bad_l2 },
	{ "mmuext.pin_self_writable", test_pin_self_writable },
	{ "mmuext.frames", test_frames },
	{ "mmuext.unknown", test_unknown },
	{ "mmuext.baseptr", test_baseptr },
	{ "mmuext.done_count", test_done_count },
	{ "mmuext.grub_sequence", test_grub_sequence },
	{ "mmuext.flushes", test_flushes },
	{ "mmuext.flush_cache", test_flush_cache },
	{ "mmuext.stale_translation", test_stale_translation },
	{ "mmuext.clear_copy", test_clear_copy },
	{ "mmuext.clear_copy_refused", test_clear_copy_refused },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
