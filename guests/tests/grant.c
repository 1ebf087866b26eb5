/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1: size, set-up, the refusal of version 2, and a domain that maps and
 * copies its own grants (ABI: <xen/grant_table.h>; escape classes: operations before set-up,
 * version switches, misaligned entries, stale handles, copies across a page).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/grant_table.h>

#define BAD_POINTER ((void *)HYPERVISOR_VIRT_START)
#define NO_SUCH_DOMAIN 0x1234
#define MAX_FRAMES 64
#define REF 20
#define COPY_BYTES 100

static volatile struct grant_entry_v1 *table;

static struct gnttab_query_size query(void)
{
	struct gnttab_query_size op = { .dom = DOMID_SELF };

	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &op, 1), 0, "query_size");
	return op;
}

static void test_before_setup(void)
{
	struct gnttab_map_grant_ref map = { .host_addr = PTR32(page_alloc()),
					    .flags = GNTMAP_host_map,
					    .ref = ~0u,
					    .dom = DOMID_SELF };

	HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	CHECK(map.status < 0, "reference ~0: %d", map.status);
	map.ref = REF;
	HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	CHECK(map.status < 0, "a reference that was never made: %d", map.status);
}

static void test_version(void)
{
	struct gnttab_set_version set = { .version = 2 };
	struct gnttab_get_version get = { .dom = DOMID_SELF };

	CHECK(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &set, 1) < 0, "version 2");
	set.version = 3;
	CHECK(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &set, 1) < 0, "version 3");
	set.version = 1;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &set, 1), 0, "version 1");
	CHECK_EQ(set.version, 1, "version after the call");
	if (!HYPERVISOR_grant_table_op(GNTTABOP_get_version, &get, 1))
		CHECK_EQ(get.version, 1, "version in effect");
}

static void test_query_size(void)
{
	struct gnttab_query_size op = query();

	CHECK_EQ(op.status, GNTST_okay, "status");
	CHECK(op.max_nr_frames >= 1 && op.max_nr_frames <= 1024, "maximum %u", op.max_nr_frames);
	CHECK(op.nr_frames <= op.max_nr_frames, "%u of %u frames", op.nr_frames, op.max_nr_frames);
	op.dom = NO_SUCH_DOMAIN;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &op, 1), 0, "no such domain");
	CHECK(op.status < 0, "status for no such domain: %d", op.status);
}

static void setup_table(xen_pfn_t *frames, unsigned int count, struct gnttab_setup_table *op)
{
	memset(op, 0, sizeof(*op));
	op->dom = DOMID_SELF;
	op->nr_frames = count;
	set_xen_guest_handle(op->frame_list, frames);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, op, 1), 0, "setup_table");
}

static void test_setup(void)
{
	xen_pfn_t frames[MAX_FRAMES];
	struct gnttab_setup_table op;
	unsigned int i, count = query().max_nr_frames;

	if (count > MAX_FRAMES)
		count = MAX_FRAMES;
	setup_table(frames, count, &op);
	CHECK_EQ(op.status, GNTST_okay, "status");
	CHECK(query().nr_frames >= count, "%u frames after asking for %u", query().nr_frames,
	      count);
	for (i = 0; i < count; i++) {
		void *va = mm_map_frame(frames[i], PTE_KERNEL_RW);

		if (!CHECK(va, "frame %u cannot be mapped", i))
			return;
		if (!table)
			table = va;
		else
			mm_unmap_frame(va);
	}
	setup_table(frames, 1, &op);
	CHECK_EQ(op.status, GNTST_okay, "asking again for fewer");
}

/* Asks for frames and expects a refusal, by the call's result or by the status. */
static void expect_no_setup(domid_t dom, unsigned int count, const char *what)
{
	static xen_pfn_t frames[MAX_FRAMES];
	struct gnttab_setup_table op = { .dom = dom, .nr_frames = count };
	long rc;

	set_xen_guest_handle(op.frame_list, frames);
	rc = HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &op, 1);
	CHECK(rc < 0 || op.status < 0, "%s: result %ld, status %d", what, rc, op.status);
}

static void test_setup_errors(void)
{
	struct gnttab_setup_table ops[2] = { { .dom = DOMID_SELF }, { .dom = DOMID_SELF } };

	expect_no_setup(DOMID_SELF, query().max_nr_frames + 1, "more frames than the maximum");
	expect_no_setup(DOMID_SELF, ~0u, "~0 frames");
	expect_no_setup(NO_SUCH_DOMAIN, 1, "no such domain");
	CHECK(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, ops, 2) < 0, "two at once");
}

static void test_arguments(void)
{
	static const uint32_t counts[] = { 1u << 31, ~0u };
	struct gnttab_unmap_grant_ref op = { .handle = ~0u };
	unsigned int cmd;
	size_t i;

	for (cmd = 0; cmd < 9; cmd++)
		CHECK(HYPERVISOR_grant_table_op(cmd, BAD_POINTER, 1) < 0, "operation %u", cmd);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, BAD_POINTER, 0), 0, "none");
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		CHECK(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, counts[i]) < 0,
		      "count 0x%x", counts[i]);
	CHECK_EQ(HYPERVISOR_grant_table_op(99, NULL, 0), -XEN_ENOSYS, "operation 99");
}

/* --- Own grants --- */

static void grant(unsigned int ref, const void *page, uint16_t flags)
{
	table[ref].flags = 0;
	table[ref].domid = DOMID_SELF;
	table[ref].frame = va_to_mfn(page);
	table[ref].flags = GTF_permit_access | flags;
}

static bool has_table(void)
{
	if (table)
		return true;
	test_skip("no table");
	return false;
}

/* The domain's own number: what a listener that names DOMID_SELF is bound to. */
static domid_t own_id(void)
{
	struct evtchn_status status;
	int a = event_alloc_unbound(DOMID_SELF), b = event_bind_interdomain(DOMID_SELF, a);

	event_status(a, &status);
	event_close(a);
	event_close(b);
	return status.u.interdomain.dom;
}

static int map_own(void *at, uint32_t flags, unsigned int ref, grant_handle_t *handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = PTR32(at), .flags = flags, .ref = ref, .dom = own_id()
	};

	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0, "map_grant_ref");
	*handle = op.handle;
	return op.status;
}

static int unmap_own(void *at, grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = PTR32(at), .handle = handle };

	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1), 0, "unmap_grant_ref");
	return op.status;
}

static void test_map(void)
{
	char *page = page_alloc(), *at = page_alloc();
	grant_handle_t handle;

	if (!has_table())
		return;
	grant(REF, page, 0);
	table[REF].domid = own_id();
	page[5] = 55;
	mm_map(at, 0);
	if (CHECK_EQ(map_own(at, GNTMAP_host_map, REF, &handle), GNTST_okay, "map")) {
		CHECK_EQ(at[5], 55, "byte through the grant");
		CHECK(table[REF].flags & GTF_reading && table[REF].flags & GTF_writing,
		      "flags 0x%x while mapped", table[REF].flags);
		CHECK_EQ(unmap_own(at, handle), GNTST_okay, "unmap");
		CHECK(!(table[REF].flags & (GTF_reading | GTF_writing)), "flags 0x%x afterwards",
		      table[REF].flags);
		CHECK(unmap_own(at, handle) < 0, "unmapping it twice");
	}
	table[REF].flags = 0;
	page_protect(at, PTE_KERNEL_RW);
}

static void test_map_read_only(void)
{
	char *page = page_alloc(), *at = page_alloc();
	grant_handle_t handle;
	struct fault fault;

	if (!has_table())
		return;
	grant(REF, page, GTF_readonly);
	table[REF].domid = own_id();
	mm_map(at, 0);
	CHECK(map_own(at, GNTMAP_host_map, REF, &handle) < 0, "a read-only grant mapped writable");
	if (CHECK_EQ(map_own(at, GNTMAP_host_map | GNTMAP_readonly, REF, &handle), 0, "map")) {
		try_write(at, &fault);
		check_fault_error(&fault, X86_PF, PF_PRESENT | PF_WRITE, "write to the grant");
		CHECK(!(table[REF].flags & GTF_writing), "flags 0x%x", table[REF].flags);
		CHECK_EQ(unmap_own(at, handle), 0, "unmap");
	}
	table[REF].flags = 0;
	page_protect(at, PTE_KERNEL_RW);
}

static void test_map_errors(void)
{
	char *page = page_alloc();
	grant_handle_t handle;
	struct gnttab_map_grant_ref op = { .flags = GNTMAP_host_map | GNTMAP_contains_pte,
					   .ref = REF,
					   .dom = own_id() };

	if (!has_table())
		return;
	grant(REF, page, 0);
	table[REF].domid = own_id();
	CHECK(map_own(page, GNTMAP_host_map, REF + 1, &handle) < 0, "an empty reference");
	CHECK(map_own(page, GNTMAP_host_map, 0x7fffffff, &handle) < 0, "a reference beyond");
	CHECK(map_own(page, 0, REF, &handle) < 0, "neither host nor device");
	CHECK(map_own(BAD_POINTER, GNTMAP_host_map, REF, &handle) < 0, "at the hypervisor");
	op.host_addr = pte_maddr(PTR32(page), 1) + 4;
	HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);
	CHECK(op.status < 0, "a misaligned entry: %d", op.status);
	CHECK(unmap_own(page, ~0u) < 0, "handle ~0");
	table[REF].domid = NO_SUCH_DOMAIN;
	CHECK(map_own(page, GNTMAP_host_map, REF, &handle) < 0, "granted to another domain");
	CHECK(!(table[REF].flags & (GTF_reading | GTF_writing)), "flags 0x%x after failures",
	      table[REF].flags);
	table[REF].flags = 0;
}

/* --- Copy --- */

static int copy(const void *from, unsigned int from_offset, const void *to, unsigned int to_offset,
		unsigned int len)
{
	struct gnttab_copy op = { .len = len };

	op.source.u.gmfn = va_to_mfn(from);
	op.source.domid = DOMID_SELF;
	op.source.offset = from_offset;
	op.dest.u.gmfn = va_to_mfn(to);
	op.dest.domid = DOMID_SELF;
	op.dest.offset = to_offset;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_copy, &op, 1), 0, "copy");
	return op.status;
}

static void test_copy(void)
{
	char *from = page_alloc(), *to = page_alloc();

	memset(from, 3, PAGE_SIZE);
	CHECK_EQ(copy(from, 10, to, 20, COPY_BYTES), GNTST_okay, "copy");
	CHECK(!to[19] && to[20] == 3 && to[19 + COPY_BYTES] == 3 && !to[20 + COPY_BYTES],
	      "the wrong bytes were copied");
	CHECK_EQ(copy(from, 0, to, 0, PAGE_SIZE), GNTST_okay, "a page");
	CHECK_EQ(copy(from, 0, to, 0, 0), GNTST_okay, "nothing");
	page_free(from);
	page_free(to);
}

static void test_copy_errors(void)
{
	char *page = page_alloc();

	CHECK(copy(page, 1, page, 0, PAGE_SIZE) < 0, "source across its page");
	CHECK(copy(page, 0, page, 1, PAGE_SIZE) < 0, "destination across its page");
	CHECK(copy(page, 0xffff, page, 0, 0xffff) < 0, "source far beyond");
	CHECK(copy(page, 0, mm_top_table(), 0, 8) < 0, "onto a page table");
	CHECK(*pte_find(VIRT_BASE, 3) & PTE_P, "the page table was damaged");
	page_free(page);
}

static const struct test_case cases[] = {
	{ "grant.before_setup", test_before_setup },
	{ "grant.version", test_version },
	{ "grant.query_size", test_query_size },
	{ "grant.setup", test_setup },
	{ "grant.setup_errors", test_setup_errors },
	{ "grant.arguments", test_arguments },
	{ "grant.map", test_map },
	{ "grant.map_read_only", test_map_read_only },
	{ "grant.map_errors", test_map_errors },
	{ "grant.copy", test_copy },
	{ "grant.copy_errors", test_copy_errors },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
