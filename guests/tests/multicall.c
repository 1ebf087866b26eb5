/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_multicall: results in their places, errors that do not stop the list, nesting refused,
 * bad pointers, and an iret inside, after which nothing of the list may run (ABI: struct
 * multicall_entry in <xen/xen.h>; escape class: iret inside a multicall).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/version.h>

#define UNKNOWN_CALL 63
#define CR0_TS 8u

static void fill(struct multicall_entry *entry, unsigned long op, unsigned long arg0,
		 unsigned long arg1)
{
	memset(entry, 0, sizeof(*entry));
	entry->op = op;
	entry->args[0] = arg0;
	entry->args[1] = arg1;
	entry->result = 0x5a5a5a5a;
}

static bool ts_is_set(void)
{
	uint32_t cr0;

	__asm__ __volatile__("movl %%cr0, %0" : "=r"(cr0));
	return cr0 & CR0_TS;
}

static void test_results(void)
{
	struct multicall_entry list[4];
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);

	fill(&list[0], __HYPERVISOR_xen_version, XENVER_version, 0);
	fill(&list[1], UNKNOWN_CALL, 0, 0);
	fill(&list[2], __HYPERVISOR_xen_version, XENVER_pagesize, 0);
	fill(&list[3], __HYPERVISOR_xen_version, XENVER_extraversion, HYPERVISOR_VIRT_START);
	CHECK_EQ(HYPERVISOR_multicall(list, 4), 0, "rc");
	CHECK_EQ(list[0].result, version, "first");
	CHECK_EQ((long)list[1].result, -XEN_ENOSYS, "second, unknown");
	CHECK_EQ(list[2].result, PAGE_SIZE, "third");
	CHECK_EQ((long)list[3].result, -XEN_EFAULT, "fourth, bad pointer");
}

/* Only the result is written: arguments stay for whoever looks at them afterwards. */
static void test_arguments_kept(void)
{
	struct multicall_entry entry;
	unsigned int i;

	fill(&entry, __HYPERVISOR_xen_version, XENVER_version, 0);
	for (i = 1; i < 6; i++)
		entry.args[i] = 0x1000 + i;
	CHECK_EQ(HYPERVISOR_multicall(&entry, 1), 0, "rc");
	CHECK_EQ(entry.op, __HYPERVISOR_xen_version, "op");
	for (i = 1; i < 6; i++)
		CHECK_EQ(entry.args[i], 0x1000 + i, "argument");
}

static void test_order(void)
{
	struct multicall_entry list[3];

	fill(&list[0], __HYPERVISOR_fpu_taskswitch, 1, 0);
	fill(&list[1], __HYPERVISOR_fpu_taskswitch, 0, 0);
	fill(&list[2], __HYPERVISOR_fpu_taskswitch, 1, 0);
	CHECK_EQ(HYPERVISOR_multicall(list, 3), 0, "rc");
	CHECK(ts_is_set(), "the last call did not have the last word");
	CHECK_EQ(HYPERVISOR_multicall(list, 2), 0, "rc");
	CHECK(!ts_is_set(), "the list went further than asked");
}

/* What page-table code sends in bulk: 64-bit arguments in two words. */
static void test_mapping(void)
{
	char *a = page_alloc(), *b = page_alloc();
	struct multicall_entry list[2];
	pte_t pte = mfn_pte(va_to_mfn(b), PTE_KERNEL_RO);

	b[0] = 77;
	fill(&list[0], __HYPERVISOR_update_va_mapping, PTR32(a), LO32(pte));
	list[0].args[2] = HI32(pte);
	list[0].args[3] = UVMF_INVLPG;
	fill(&list[1], __HYPERVISOR_xen_version, XENVER_version, 0);
	CHECK_EQ(HYPERVISOR_multicall(list, 2), 0, "rc");
	CHECK_EQ(list[0].result, 0, "update_va_mapping");
	CHECK_EQ(a[0], 77, "byte through the new mapping");
	page_protect(a, PTE_KERNEL_RW);
	page_free(a);
	page_free(b);
}

static void test_nested(void)
{
	struct multicall_entry inner, outer[2];

	fill(&inner, __HYPERVISOR_fpu_taskswitch, 1, 0);
	fill(&outer[0], __HYPERVISOR_multicall, PTR32(&inner), 1);
	fill(&outer[1], __HYPERVISOR_xen_version, XENVER_pagesize, 0);
	HYPERVISOR_fpu_taskswitch(0);
	CHECK_EQ(HYPERVISOR_multicall(outer, 2), 0, "rc");
	CHECK_EQ((long)outer[0].result, -XEN_EINVAL, "a list inside a list");
	CHECK_EQ(outer[1].result, PAGE_SIZE, "the call behind it");
	CHECK(!ts_is_set(), "the inner list ran");
	/* The refusal left no state behind. */
	CHECK_EQ(HYPERVISOR_multicall(&inner, 1), 0, "the inner list alone");
	CHECK(ts_is_set(), "the inner list did not run alone");
	HYPERVISOR_fpu_taskswitch(0);
}

static void test_pointers(void)
{
	struct multicall_entry *last = (void *)(PTR32(page_alloc()) + PAGE_SIZE);
	struct multicall_entry *guard = last;

	CHECK_EQ(HYPERVISOR_multicall(NULL, 0), 0, "an empty list");
	CHECK_EQ(HYPERVISOR_multicall((void *)0x1000, 1), -XEN_EFAULT, "nothing there");
	CHECK_EQ(HYPERVISOR_multicall((void *)HYPERVISOR_VIRT_START, 1), -XEN_EFAULT, "hypervisor");
	CHECK(HYPERVISOR_multicall((void *)0xffffffe0, 1) < 0, "at the very end");
	CHECK(HYPERVISOR_multicall((void *)0xfffffff0, 4) < 0, "around the end");
	CHECK_EQ(mm_map(guard, 0), 0, "unmapping the page behind");
	fill(last - 1, __HYPERVISOR_xen_version, XENVER_pagesize, 0);
	CHECK_EQ(HYPERVISOR_multicall(last - 1, 1), 0, "the last entry of a page");
	CHECK_EQ(HYPERVISOR_multicall(last - 1, 2), -XEN_EFAULT, "one entry too far");
	CHECK_EQ((last - 1)->result, PAGE_SIZE, "the entry before the hole");
	CHECK_EQ(page_protect(guard, PTE_KERNEL_RW), 0, "mapping it again");
}

/* A list that cannot take its results. */
static void test_read_only(void)
{
	struct multicall_entry *list = page_alloc();

	fill(list, __HYPERVISOR_xen_version, XENVER_version, 0);
	CHECK_EQ(page_protect(list, PTE_KERNEL_RO), 0, "read-only");
	CHECK_EQ(HYPERVISOR_multicall(list, 1), -XEN_EFAULT, "a read-only list");
	CHECK_EQ(page_protect(list, PTE_KERNEL_RW), 0, "writable");
	page_free(list);
}

static void test_counts(void)
{
	struct multicall_entry *list = page_alloc();
	unsigned int i, count = PAGE_SIZE / sizeof(*list);

	for (i = 0; i < count; i++)
		fill(&list[i], __HYPERVISOR_xen_version, XENVER_pagesize, 0);
	CHECK_EQ(HYPERVISOR_multicall(list, count), 0, "a page full");
	for (i = 0; i < count; i++)
		CHECK_EQ(list[i].result, PAGE_SIZE, "result");
	CHECK(HYPERVISOR_multicall(list, ~0u) < 0, "~0 entries");
	CHECK(HYPERVISOR_multicall(list, 1u << 31) < 0, "2^31 entries");
	page_free(list);
}

/* --- iret inside: control goes to its target, and the rest of the list is dropped --- */

static struct multicall_entry iret_list[2];

static void multicall_iret(void *arg)
{
	(void)arg;
	__asm__ __volatile__("pushl	$0x2\n\t"
			     "pushl	%[cs]\n\t"
			     "pushl	$1f\n\t"
			     "pushl	$0x77\n\t"
			     "int	$0x82\n\t"
			     "ud2\n"
			     "1:"
			     :
			     : "a"(__HYPERVISOR_multicall), "b"(iret_list),
			       "c"(2), [cs] "i"(FLAT_KERNEL_CS)
			     : "memory", "cc");
}

static void test_iret_kernel(void)
{
	struct fault fault;

	fill(&iret_list[0], __HYPERVISOR_iret, 0, 0);
	fill(&iret_list[1], __HYPERVISOR_fpu_taskswitch, 1, 0);
	HYPERVISOR_fpu_taskswitch(0);
	try_call(multicall_iret, NULL, &fault);
	check_no_fault(&fault, "iret to ring 1 inside a multicall");
	HYPERVISOR_fpu_taskswitch(0);
	CHECK_EQ(HYPERVISOR_multicall(iret_list + 1, 1), 0, "a multicall afterwards");
	CHECK(ts_is_set(), "it did not run");
	HYPERVISOR_fpu_taskswitch(0);
}

extern char user_back[];
__asm__(".pushsection .user.text, \"ax\"; user_back: int $0x80; .popsection");

static void multicall_iret_user(void *arg)
{
	const struct user_state *state = arg;

	__asm__ __volatile__(
		"pushl	%[ss]; pushl %[esp]; pushl $0x202; pushl %[cs]\n\t"
		"pushl	$user_back; pushl $0x77\n\t"
		"int	$0x82\n\t"
		"ud2"
		:
		: "a"(__HYPERVISOR_multicall), "b"(iret_list),
		  "c"(2), [ss] "i"(FLAT_USER_SS), [cs] "i"(FLAT_USER_CS), [esp] "r"(state->esp)
		: "memory", "cc");
}

static bool leave_user(struct trap_frame *frame)
{
	CHECK(from_user(frame), "it did not get to ring 3");
	CHECK(!ts_is_set(), "a call behind the iret ran in user mode");
	frame->cs = FLAT_KERNEL_CS;
	return false;
}

static void test_iret_user(void)
{
	struct user_state state = user_state_for(user_back);
	struct fault fault;

	fill(&iret_list[0], __HYPERVISOR_iret, 0, 0);
	fill(&iret_list[1], __HYPERVISOR_fpu_taskswitch, 1, 0);
	HYPERVISOR_fpu_taskswitch(0);
	HYPERVISOR_stack_switch(FLAT_KERNEL_SS, boot_stack_top);
	trap_set_hook(USER_RETURN_VECTOR, leave_user);
	try_call(multicall_iret_user, &state, &fault);
	trap_set_hook(USER_RETURN_VECTOR, NULL);
	events_disable();
	check_fault(&fault, USER_RETURN_VECTOR, "iret to ring 3 inside a multicall");
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_pagesize, NULL), PAGE_SIZE, "hypercalls go on");
	HYPERVISOR_fpu_taskswitch(0);
}

static const struct test_case cases[] = {
	{ "multicall.results", test_results },
	{ "multicall.arguments_kept", test_arguments_kept },
	{ "multicall.order", test_order },
	{ "multicall.mapping", test_mapping },
	{ "multicall.nested", test_nested },
	{ "multicall.pointers", test_pointers },
	{ "multicall.read_only", test_read_only },
	{ "multicall.counts", test_counts },
	{ "multicall.iret_kernel", test_iret_kernel },
	{ "multicall.iret_user", test_iret_user },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
