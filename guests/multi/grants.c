/* SPDX-License-Identifier: MIT */
/* Grants between domains, and the death of either side. */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"
#include "guests/payload/gnttab.h"

static struct child a;

static bool start_granting(void)
{
	if (!child_make(&a, "grant", CHILD_STEPS))
		return false;
	if (child_wait_stage(&a, 2))
		return true;
	child_destroy(&a);
	return false;
}

/* Yields until the child has looked at its memory again. */
static void let_it_run(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

void test_grant_map(void)
{
	uint64_t before = free_frames();
	uint32_t *va = page_alloc();
	grant_handle_t handle, other;
	struct fault fault;

	if (!start_granting())
		return;
	CHECK_EQ(gnttab_map(va, a.id, 8, 0, &handle), GNTST_okay, "map for writing");
	CHECK_EQ(va[0], 0x600d, "its first word");
	va[0] = 0x1234;
	let_it_run();
	check_audit("a grant is mapped");
	CHECK_EQ(a.mailbox->extra, 0x1234, "what the child sees");
	CHECK_EQ(a.mailbox->counter & (GTF_reading | GTF_writing), GTF_reading | GTF_writing,
		 "marks of the entry");
	a.mailbox->go = 1;
	let_it_run();
	CHECK_EQ(a.mailbox->stage, 2, "it took back a grant in use");
	CHECK_EQ(gnttab_unmap(va, handle), GNTST_okay, "unmap");
	CHECK_EQ(gnttab_unmap(va, handle), GNTST_bad_handle, "unmap again");
	a.mailbox->go = 0;
	CHECK_EQ(gnttab_map(va, a.id, 9, 0, &handle), GNTST_general_error,
		 "a read-only grant for writing");
	CHECK_EQ(gnttab_map(va, a.id, 9, GNTMAP_readonly, &handle), GNTST_okay, "map for reading");
	CHECK_EQ(va[0], 0xbeef, "its first word");
	CHECK(try_write((volatile void *)va, &fault), "it can be written");
	CHECK_EQ(gnttab_map(va, a.id, 10, 0, &other), GNTST_general_error,
		 "an entry without a grant");
	CHECK_EQ(gnttab_map(va, a.id, 100000, 0, &other), GNTST_bad_gntref,
		 "an entry beyond the table");
	CHECK_EQ(gnttab_unmap(va, handle), GNTST_okay, "unmap");
	a.mailbox->go = 1;
	CHECK(child_wait_stage(&a, 3), "it cannot take its grants back");
	child_destroy(&a);
	foreign_unmap(va);
	CHECK(before - free_frames() <= 2, "%d frames are gone", (int)(before - free_frames()));
}

static int copy_from_child(void *dst, grant_ref_t ref, unsigned int len)
{
	struct gnttab_copy op = { .flags = GNTCOPY_source_gref, .len = len };

	op.source.u.ref = ref;
	op.source.domid = a.id;
	op.dest.u.gmfn = va_to_mfn(dst);
	op.dest.domid = DOMID_SELF;
	HYPERVISOR_grant_table_op(GNTTABOP_copy, &op, 1);
	return op.status;
}

void test_grant_copy(void)
{
	uint32_t *page = page_alloc();

	if (!start_granting())
		return;
	CHECK_EQ(copy_from_child(page, 9, 64), GNTST_okay, "copy from a read-only grant");
	CHECK_EQ(page[0], 0xbeef, "what was copied");
	CHECK_EQ(copy_from_child(page, 9, PAGE_SIZE + 1), GNTST_bad_copy_arg, "more than a page");
	CHECK_EQ(copy_from_child(page, 11, 4), GNTST_general_error, "no grant");
	child_destroy(&a);
	CHECK_EQ(copy_from_child(page, 9, 4), GNTST_bad_domain, "of a dead domain");
	page_free(page);
}

/* The granting domain dies while its page is mapped: the page stays until it is unmapped. */
void test_granter_dies(void)
{
	uint64_t before;
	uint32_t *va = page_alloc();
	struct xen_domctl_getdomaininfo info;
	grant_handle_t handle;
	domid_t id;

	/* The table of handles is made once. */
	if (start_granting()) {
		if (!gnttab_map(va, a.id, 8, 0, &handle))
			gnttab_unmap(va, handle);
		child_destroy(&a);
	}
	before = free_frames();
	if (!start_granting())
		return;
	id = a.id;
	CHECK_EQ(gnttab_map(va, id, 8, 0, &handle), GNTST_okay, "map");
	child_destroy(&a);
	check_audit("the granting domain is dead");
	CHECK_EQ(va[0], 0x600d, "the page of the dead");
	va[0] = 1;
	CHECK_EQ(domain_info(id, &info), 0, "it is listed");
	CHECK(info.flags & XEN_DOMINF_dying, "it is not listed as dying");
	CHECK_EQ(gnttab_unmap(va, handle), GNTST_okay, "unmap");
	CHECK_EQ(domain_info(id, &info), -XEN_ESRCH, "it is listed afterwards");
	CHECK_EQ(free_frames(), before, "free frames");
	foreign_unmap(va);
}

/* The mapping domain dies: our entry is free again. */
void test_mapper_dies(void)
{
	static grant_entry_v1_t *entries;
	uint32_t *page = page_alloc();

	if (!entries)
		entries = gnttab_entries();
	if (!CHECK(entries != NULL, "no grant table"))
		return;
	page[0] = 77;
	if (!child_make(&a, "map", CHILD_STEPS))
		return;
	gnttab_grant(&entries[20], a.id, va_to_mfn(page), 0);
	a.mailbox->ref = 20;
	a.mailbox->go = 1;
	if (child_wait_stage(&a, 2)) {
		CHECK_EQ(a.mailbox->extra, GNTST_okay, "its map");
		CHECK_EQ(a.mailbox->counter, 77, "what it read");
		CHECK_EQ(page[0], 78, "what it wrote");
		CHECK(!gnttab_revoke(&entries[20]), "an entry in use has no marks");
	}
	check_audit("the domain maps our grant");
	child_destroy(&a);
	CHECK(gnttab_revoke(&entries[20]), "its marks are still there, 0x%x", entries[20].flags);
	page_free(page);
}

/* Everything left open at once, again and again. */
void test_left_open(void)
{
	uint64_t before = 0;
	uint32_t *va = page_alloc(), *foreign;
	unsigned int i;

	for (i = 0; i < 50 && test_ok(); i++) {
		grant_handle_t handle = 0;
		int port;

		if (!start_granting())
			break;
		CHECK_EQ(gnttab_map(va, a.id, 8, 0, &handle), GNTST_okay, "map");
		foreign = foreign_map(a.id, a.mfn[a.si_pfn], PTE_KERNEL_RW);
		port = event_alloc_unbound(a.id);
		child_destroy(&a);
		if (i % 10 == 0)
			check_audit("all is left open");
		if (i % 2)
			CHECK_EQ(gnttab_unmap(va, handle), GNTST_okay, "unmap");
		if (foreign)
			foreign_unmap(foreign);
		if (!(i % 2))
			CHECK_EQ(gnttab_unmap(va, handle), GNTST_okay, "unmap");
		event_close(port);
		if (!i)
			before = free_frames();
		CHECK_EQ(free_frames(), before, "free frames");
	}
	foreign_unmap(va);
}
