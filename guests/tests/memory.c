/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_memory_op: reservations, giving pages back and getting them, exchange, memory maps,
 * and hostile arguments (ABI: <xen/memory.h>; escape classes: exchange through unchecked pointers,
 * unbounded extent orders, more pages than the maximum).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/memory.h>

#define BAD_POINTER ((void *)HYPERVISOR_VIRT_START)
#define NO_SUCH_DOMAIN 0x1234
#define MAX_E820 32
#define E820_RAM 1

static long current_pages(void)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF };

	return HYPERVISOR_memory_op(XENMEM_current_reservation, &self);
}

static long reserve(unsigned int cmd, xen_pfn_t *extents, unsigned long count, unsigned int order)
{
	struct xen_memory_reservation op = { .nr_extents = count,
					     .extent_order = order,
					     .domid = DOMID_SELF };

	set_xen_guest_handle(op.extent_start, extents);
	return HYPERVISOR_memory_op(cmd, &op);
}

/* --- Sizes --- */

static void test_sizes(void)
{
	struct xen_memory_domain other = { .domid = NO_SUCH_DOMAIN };
	struct xen_memory_domain self = { .domid = DOMID_SELF };

	CHECK_EQ(current_pages(), start_info->nr_pages, "current reservation");
	CHECK(HYPERVISOR_memory_op(XENMEM_maximum_reservation, &self) >= current_pages(),
	      "maximum");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_current_reservation, &other), -XEN_ESRCH,
		 "no such domain");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_current_reservation, BAD_POINTER), -XEN_EFAULT,
		 "bad pointer");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_maximum_reservation, BAD_POINTER), -XEN_EFAULT,
		 "bad pointer");
}

static void test_ram_page(void)
{
	long last = HYPERVISOR_memory_op(XENMEM_maximum_ram_page, NULL);
	unsigned long pfn;

	CHECK(last > 0, "maximum_ram_page: %ld", last);
	for (pfn = 0; pfn < start_info->nr_pages && test_ok(); pfn++)
		CHECK(pfn_to_mfn(pfn) <= (unsigned long)last, "mfn 0x%lx", pfn_to_mfn(pfn));
}

static void test_unknown(void)
{
	CHECK_EQ(HYPERVISOR_memory_op(63, NULL), -XEN_ENOSYS, "operation 63");
	CHECK_EQ(HYPERVISOR_memory_op(50, BAD_POINTER), -XEN_ENOSYS, "operation 50");
}

/* --- Giving back and getting --- */

/* Takes a page out of the kernel map and gives its frame back. */
static void give_back(void *page)
{
	xen_pfn_t mfn = va_to_mfn(page);

	CHECK_EQ(mm_map(page, 0), 0, "unmapping");
	CHECK_EQ(reserve(XENMEM_decrease_reservation, &mfn, 1, 0), 1, "decrease_reservation");
	p2m_table()[va_to_pfn(page)] = INVALID_MFN;
}

static void map_again(void *page, unsigned long mfn)
{
	p2m_table()[va_to_pfn(page)] = mfn;
	CHECK_EQ(mm_map(page, mfn_pte(mfn, PTE_KERNEL_RW)), 0, "mapping the new frame");
	page_free(memset(page, 0, PAGE_SIZE));
}

static void test_decrease_populate(void)
{
	void *page = page_alloc();
	xen_pfn_t extent = va_to_pfn(page), old = va_to_mfn(page);
	long before = current_pages();

	give_back(page);
	CHECK_EQ(current_pages(), before - 1, "pages after decrease");
	CHECK(mm_map(page, mfn_pte(old, PTE_KERNEL_RW)) < 0, "the frame can still be mapped");
	CHECK_EQ(reserve(XENMEM_populate_physmap, &extent, 1, 0), 1, "populate_physmap");
	CHECK_EQ(current_pages(), before, "pages after populate");
	CHECK_EQ(mfn_to_pfn(extent), va_to_pfn(page), "machine-to-physical entry");
	map_again(page, extent);
}

/*
 * A frame that comes anew holds nothing of its last owner; we can at least look for our own mark.
 */
static void test_decrease_increase(void)
{
	void *page = page_alloc();
	xen_pfn_t extent = 0;
	struct mmu_update update;

	memset(page, 0xa5, PAGE_SIZE);
	give_back(page);
	CHECK_EQ(reserve(XENMEM_increase_reservation, &extent, 1, 0), 1, "increase_reservation");
	update.ptr = (uint64_t)extent << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
	update.val = va_to_pfn(page);
	CHECK_EQ(HYPERVISOR_mmu_update(&update, 1, NULL, DOMID_SELF), 0, "machphys update");
	map_again(page, extent);
}

static void test_decrease_wrong(void)
{
	xen_pfn_t foreign = 0xfffff, twice[2];
	void *page = page_alloc();
	long before = current_pages();

	CHECK(reserve(XENMEM_decrease_reservation, &foreign, 1, 0) <= 0, "a frame of nobody");
	twice[0] = twice[1] = va_to_mfn(page);
	CHECK_EQ(mm_map(page, 0), 0, "unmapping");
	CHECK_EQ(reserve(XENMEM_decrease_reservation, twice, 2, 0), 1, "the same frame twice");
	CHECK_EQ(current_pages(), before - 1, "pages");
	twice[0] = va_to_pfn(page);
	CHECK_EQ(reserve(XENMEM_populate_physmap, twice, 1, 0), 1, "populate_physmap");
	map_again(page, twice[0]);
}

/* A frame that is a page table cannot vanish under its users. */
static void test_decrease_table(void)
{
	xen_pfn_t table = va_to_mfn(mm_top_table());
	struct fault fault;

	reserve(XENMEM_decrease_reservation, &table, 1, 0);
	try_read(mm_top_table(), &fault);
	check_no_fault(&fault, "the top-level table");
	CHECK_EQ(mmuext_one(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0, "the address space still works");
}

/* A pin goes with the frame when nothing else uses that; GNU Mach leaves it to this call. */
static void test_decrease_pinned(void)
{
	void *table = page_alloc();
	xen_pfn_t extent = va_to_pfn(table), mfn = va_to_mfn(table);
	long before = current_pages();

	CHECK_EQ(page_protect(table, PTE_KERNEL_RO), 0, "read-only");
	CHECK_EQ(table_pin(table, 1), 0, "pin");
	CHECK_EQ(reserve(XENMEM_decrease_reservation, &mfn, 1, 0), 0, "pinned and mapped");
	CHECK_EQ(mm_map(table, 0), 0, "unmapping");
	CHECK_EQ(reserve(XENMEM_decrease_reservation, &mfn, 1, 0), 1, "pinned");
	CHECK_EQ(current_pages(), before - 1, "pages");
	CHECK(mmuext_one(MMUEXT_UNPIN_TABLE, mfn, 0) < 0, "there is still a pin");
	p2m_table()[va_to_pfn(table)] = INVALID_MFN;
	CHECK_EQ(reserve(XENMEM_populate_physmap, &extent, 1, 0), 1, "populate_physmap");
	map_again(table, extent);
}

/* --- Bounds --- */

static void test_beyond_maximum(void)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF };
	long maximum = HYPERVISOR_memory_op(XENMEM_maximum_reservation, &self);
	long before = current_pages();
	xen_pfn_t extent = start_info->nr_pages;

	if (maximum > before) {
		test_skip("the domain may have more pages");
		return;
	}
	CHECK_EQ(reserve(XENMEM_populate_physmap, &extent, 1, 0), 0, "populate beyond the maximum");
	CHECK_EQ(reserve(XENMEM_increase_reservation, &extent, 1, 0), 0, "increase beyond it");
	CHECK_EQ(current_pages(), before, "pages");
}

static void test_orders(void)
{
	static const unsigned int cmds[] = { XENMEM_increase_reservation, XENMEM_populate_physmap,
					     XENMEM_decrease_reservation };
	long before = current_pages();
	xen_pfn_t extent;
	unsigned int order;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		for (order = 20; order < 70; order++) {
			extent = 0xfffff;
			CHECK(reserve(cmds[i], &extent, 1, order) <= 0, "command %u, order %u",
			      cmds[i], order);
		}
		extent = 0xfffff;
		CHECK(reserve(cmds[i], &extent, 1, ~0u) <= 0, "order ~0");
	}
	CHECK_EQ(current_pages(), before, "pages");
}

static void test_counts(void)
{
	long before = current_pages();
	xen_pfn_t extent = 0xfffff;

	CHECK_EQ(reserve(XENMEM_decrease_reservation, &extent, 0, 0), 0, "no extents");
	CHECK(reserve(XENMEM_decrease_reservation, &extent, ~0ul, 0) <= 0, "~0 extents");
	CHECK(reserve(XENMEM_populate_physmap, &extent, 1ul << 31, 0) <= 0, "2^31 extents");
	CHECK_EQ(current_pages(), before, "pages");
}

static void test_pointers(void)
{
	long before = current_pages();

	/* These three return the extents that were done, whatever went wrong. */
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_decrease_reservation, BAD_POINTER), 0, "op");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_populate_physmap, NULL), 0, "op");
	CHECK(reserve(XENMEM_decrease_reservation, BAD_POINTER, 1, 0) <= 0, "list");
	CHECK(reserve(XENMEM_populate_physmap, BAD_POINTER, 1, 0) <= 0, "list");
	CHECK(reserve(XENMEM_increase_reservation, (void *)0xfffffffc, 2, 0) <= 0, "list");
	CHECK_EQ(current_pages(), before, "pages");
}

static void test_other_domain(void)
{
	xen_pfn_t extent = 0xfffff;
	struct xen_memory_reservation op = { .nr_extents = 1, .domid = NO_SUCH_DOMAIN };

	set_xen_guest_handle(op.extent_start, &extent);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &op), 0, "decrease");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_populate_physmap, &op), 0, "populate");
}

/* --- Exchange --- */

static void fill_exchange(struct xen_memory_exchange *op, xen_pfn_t *in, xen_pfn_t *out)
{
	memset(op, 0, sizeof(*op));
	set_xen_guest_handle(op->in.extent_start, in);
	set_xen_guest_handle(op->out.extent_start, out);
	op->in.nr_extents = op->out.nr_extents = 1;
	op->in.domid = op->out.domid = DOMID_SELF;
}

static void test_exchange(void)
{
	void *page = page_alloc();
	xen_pfn_t in = va_to_mfn(page), out = va_to_pfn(page);
	struct xen_memory_exchange op;
	long before = current_pages();

	fill_exchange(&op, &in, &out);
	CHECK_EQ(mm_map(page, 0), 0, "unmapping");
	if (CHECK_EQ(HYPERVISOR_memory_op(XENMEM_exchange, &op), 0, "exchange")) {
		CHECK_EQ(op.nr_exchanged, 1, "nr_exchanged");
		CHECK_EQ(mfn_to_pfn(out), va_to_pfn(page), "machine-to-physical entry");
		map_again(page, out);
	}
	CHECK_EQ(current_pages(), before, "pages");
}

/* What drivers want it for: scattered pages for frames in a row. */
static void test_exchange_contiguous(void)
{
	enum { ORDER = 2, COUNT = 1 << ORDER };
	char *pages = page_alloc_run(COUNT);
	xen_pfn_t in[COUNT], out = va_to_pfn(pages);
	struct xen_memory_exchange op;
	unsigned int i;

	fill_exchange(&op, in, &out);
	op.in.nr_extents = COUNT;
	op.out.extent_order = ORDER;
	for (i = 0; i < COUNT; i++) {
		in[i] = va_to_mfn(pages + i * PAGE_SIZE);
		CHECK_EQ(mm_map(pages + i * PAGE_SIZE, 0), 0, "unmapping");
	}
	if (!CHECK_EQ(HYPERVISOR_memory_op(XENMEM_exchange, &op), 0, "exchange"))
		return;
	CHECK_EQ(op.nr_exchanged, COUNT, "nr_exchanged");
	CHECK_EQ(out % COUNT, 0, "alignment of the frames");
	for (i = 0; i < COUNT; i++) {
		CHECK_EQ(mfn_to_pfn(out + i), va_to_pfn(pages) + i, "machine-to-physical entry");
		map_again(pages + i * PAGE_SIZE, out + i);
	}
}

static long bad_exchange(void (*spoil)(struct xen_memory_exchange *))
{
	void *page = page_alloc();
	xen_pfn_t in = va_to_mfn(page), out = va_to_pfn(page);
	struct xen_memory_exchange op;
	long rc;

	fill_exchange(&op, &in, &out);
	CHECK_EQ(mm_map(page, 0), 0, "unmapping");
	spoil(&op);
	rc = HYPERVISOR_memory_op(XENMEM_exchange, &op);
	CHECK_EQ(mm_map(page, mfn_pte(in, PTE_KERNEL_RW)), 0, "the page is still ours");
	page_free(page);
	return rc;
}

static void spoil_count(struct xen_memory_exchange *op)
{
	op->out.nr_extents = 2;
}

static void spoil_domain(struct xen_memory_exchange *op)
{
	op->out.domid = NO_SUCH_DOMAIN;
}

static void spoil_done(struct xen_memory_exchange *op)
{
	op->nr_exchanged = 2;
}

static void spoil_order(struct xen_memory_exchange *op)
{
	op->in.extent_order = op->out.extent_order = 33;
}

static void spoil_out_pointer(struct xen_memory_exchange *op)
{
	set_xen_guest_handle(op->out.extent_start, BAD_POINTER);
}

static void spoil_in_pointer(struct xen_memory_exchange *op)
{
	set_xen_guest_handle(op->in.extent_start, BAD_POINTER);
}

/* The array's start is fine, but the element that nr_exchanged picks lies in the hypervisor. */
static void spoil_offset(struct xen_memory_exchange *op)
{
	op->nr_exchanged = (HYPERVISOR_VIRT_START - VIRT_BASE) / sizeof(xen_pfn_t);
	op->in.nr_extents = op->out.nr_extents = op->nr_exchanged + 1;
	set_xen_guest_handle(op->out.extent_start, (void *)VIRT_BASE);
}

static void test_exchange_refused(void)
{
	CHECK(bad_exchange(spoil_count) < 0, "sizes that differ");
	CHECK(bad_exchange(spoil_domain) < 0, "domains that differ");
	CHECK(bad_exchange(spoil_done) < 0, "more done than asked");
	CHECK(bad_exchange(spoil_order) < 0, "order 33");
	CHECK(bad_exchange(spoil_in_pointer) < 0, "input list in the hypervisor");
	CHECK(bad_exchange(spoil_out_pointer) < 0, "output list in the hypervisor");
	CHECK(bad_exchange(spoil_offset) < 0, "output element in the hypervisor");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_exchange, BAD_POINTER), -XEN_EFAULT, "bad pointer");
}

static void test_exchange_mapped(void)
{
	void *page = page_alloc();
	xen_pfn_t in = va_to_mfn(page), out = va_to_pfn(page);
	struct xen_memory_exchange op;

	fill_exchange(&op, &in, &out);
	CHECK(HYPERVISOR_memory_op(XENMEM_exchange, &op) < 0, "a page that is mapped");
	CHECK_EQ(op.nr_exchanged, 0, "nr_exchanged");
	in = va_to_mfn(mm_top_table());
	CHECK(HYPERVISOR_memory_op(XENMEM_exchange, &op) < 0, "a page table");
	page_free(page);
}

/* --- Maps --- */

struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

static struct e820_entry e820[MAX_E820];

static long get_map(unsigned int cmd, void *buffer, unsigned int *entries)
{
	struct xen_memory_map op = { .nr_entries = *entries };
	long rc;

	set_xen_guest_handle(op.buffer, buffer);
	rc = HYPERVISOR_memory_op(cmd, &op);
	*entries = op.nr_entries;
	return rc;
}

static void test_memory_map(void)
{
	unsigned int entries = MAX_E820, i;
	long rc = get_map(XENMEM_memory_map, e820, &entries);
	uint64_t ram = 0;

	if (rc) {
		CHECK_EQ(rc, -XEN_ENOSYS, "the only error that kernels accept");
		return;
	}
	for (i = 0; i < entries; i++)
		ram += e820[i].type == E820_RAM ? e820[i].size : 0;
	CHECK(ram >= (uint64_t)start_info->nr_pages << PAGE_SHIFT, "only %llu bytes of RAM", ram);
}

static void test_machine_map(void)
{
	unsigned int entries = MAX_E820, needed = 0, one = 1;

	if (!(start_info->flags & SIF_PRIVILEGED)) {
		CHECK_EQ(get_map(XENMEM_machine_memory_map, e820, &entries), -XEN_EPERM, "rc");
		return;
	}
	CHECK_EQ(get_map(XENMEM_machine_memory_map, e820, &entries), 0, "rc");
	CHECK(entries > 0 && entries <= MAX_E820, "%u entries", entries);
	CHECK_EQ(get_map(XENMEM_machine_memory_map, NULL, &needed), 0, "asking for the number");
	CHECK(needed >= entries, "%u entries are needed, %u were given", needed, entries);
	if (entries > 1)
		CHECK(get_map(XENMEM_machine_memory_map, e820, &one) == -XEN_EINVAL || one == 1,
		      "a short buffer: %u", one);
	entries = MAX_E820;
	CHECK_EQ(get_map(XENMEM_machine_memory_map, BAD_POINTER, &entries), -XEN_EFAULT, "buffer");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machine_memory_map, BAD_POINTER), -XEN_EFAULT, "op");
}

static const struct test_case cases[] = {
	{ "memory.sizes", test_sizes },
	{ "memory.ram_page", test_ram_page },
	{ "memory.unknown", test_unknown },
	{ "memory.decrease_populate", test_decrease_populate },
	{ "memory.decrease_increase", test_decrease_increase },
	{ "memory.decrease_wrong", test_decrease_wrong },
	{ "memory.decrease_table", test_decrease_table },
	{ "memory.decrease_pinned", test_decrease_pinned },
	{ "memory.beyond_maximum", test_beyond_maximum },
	{ "memory.orders", test_orders },
	{ "memory.counts", test_counts },
	{ "memory.pointers", test_pointers },
	{ "memory.other_domain", test_other_domain },
	{ "memory.exchange", test_exchange },
	{ "memory.exchange_contiguous", test_exchange_contiguous },
	{ "memory.exchange_refused", test_exchange_refused },
	{ "memory.exchange_mapped", test_exchange_mapped },
	{ "memory.memory_map", test_memory_map },
	{ "memory.machine_map", test_machine_map },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
