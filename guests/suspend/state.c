/* SPDX-License-Identifier: MIT */
/*
 * State that a save must keep: memory, mappings of several kinds, a hole in memory, a pinned table, descriptors, and
 * registers beyond those of a call.
 */
#include "guests/suspend/suspend.h"

#include <xen/memory.h>

#include "guests/pvrt/pvrt.h"

#define DATA_PAGES 96u
#define SEGMENT_BASE 0x1000u
#define SEGMENT_SELECTOR 8u
#define BREAKPOINT 0x1234560u

static uint32_t *data[DATA_PAGES];
static uint32_t *alias, *read_only; /* of data[1] and data[2] */
static void *hole, *pinned;
static uint64_t *gdt;
static unsigned long data_mfn;
static uint64_t time_before;

/* Every fourth page stays zero: an image leaves those out. */
static uint32_t word(unsigned page, unsigned index)
{
	return page % 4 ? (page * 0x9e3779b9u ^ index * 0x85ebca6bu) | 1 : 0;
}

/* ---- made once ---- */

static void make_hole(void)
{
	struct xen_memory_reservation op = { .nr_extents = 1, .domid = DOMID_SELF };
	xen_pfn_t mfn;

	hole = page_alloc();
	mfn = va_to_mfn(hole);
	set_xen_guest_handle(op.extent_start, &mfn);
	BUG_ON(mm_map(hole, 0));
	BUG_ON(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &op) != 1);
	p2m_table()[va_to_pfn(hole)] = INVALID_MFN;
}

/* A level-1 table that nothing refers to but its pin; its one entry maps the first data page. */
static void make_pinned_table(void)
{
	pinned = page_alloc();
	((pte_t *)pinned)[7] = mfn_pte(va_to_mfn(data[0]), PTE_KERNEL_RO);
	BUG_ON(page_protect(pinned, PTE_KERNEL_RO));
	BUG_ON(table_pin(pinned, 1));
}

static void make_gdt(void)
{
	xen_pfn_t frame;

	gdt = page_alloc();
	/* Data, ring 1, byte granular, one page long. */
	gdt[SEGMENT_SELECTOR / 8] = 0x0040b30010000fffULL;
	frame = va_to_mfn(gdt);
	BUG_ON(page_protect(gdt, PTE_KERNEL_RO));
	BUG_ON(HYPERVISOR_set_gdt(&frame, 512));
}

unsigned long state_gdt_mfn(void)
{
	return va_to_mfn(gdt);
}

void state_make(void)
{
	unsigned i, j;

	for (i = 0; i < DATA_PAGES; i++) {
		data[i] = page_alloc();
		for (j = 0; j < PAGE_SIZE / 4; j++)
			data[i][j] = word(i, j);
	}
	alias = mm_map_frame(va_to_mfn(data[1]), PTE_KERNEL_RW);
	read_only = mm_map_frame(va_to_mfn(data[2]), PTE_KERNEL_RO);
	BUG_ON(!alias || !read_only);
	make_hole();
	make_pinned_table();
	make_gdt();
	BUG_ON(HYPERVISOR_set_debugreg(1, BREAKPOINT));
	data_mfn = va_to_mfn(data[0]);
	time_before = time_system_ns();
}

/* ---- looked at each time ---- */

static const char *check_data(void)
{
	unsigned i, j;

	for (i = 0; i < DATA_PAGES; i++)
		for (j = 0; j < PAGE_SIZE / 4; j++)
			if (data[i][j] != word(i, j))
				return "a data page";
	return NULL;
}

static const char *check_mappings(void)
{
	alias[5] = 0x5a5a5a5a;
	if (data[1][5] != 0x5a5a5a5a)
		return "a second mapping of a page";
	data[1][5] = word(1, 5);
	if (read_only[9] != word(2, 9) || pte_read(read_only) & PTE_RW)
		return "a read-only mapping";
	if (pte_mfn(pte_read(data[3])) != va_to_mfn(data[3]) ||
	    mfn_to_pfn(va_to_mfn(data[3])) != va_to_pfn(data[3]))
		return "frame list, page table and the machine's table do not agree";
	if (p2m_table()[va_to_pfn(hole)] != INVALID_MFN || pte_read(hole))
		return "the hole in its memory";
	return NULL;
}

static const char *check_pin(void)
{
	if (pte_mfn(((pte_t *)pinned)[7]) != va_to_mfn(data[0]))
		return "an entry of a pinned table";
	if (table_unpin(pinned) || table_pin(pinned, 1))
		return "the pin of a table";
	return NULL;
}

static const char *check_segment(void)
{
	uint32_t value, limit;

	__asm__ __volatile__("lsll %1, %0" : "=r"(limit) : "r"(SEGMENT_SELECTOR | 1));
	if (limit != 0xfff || gdt[SEGMENT_SELECTOR / 8] >> 40 != 0x0040b3)
		return "a descriptor";
	value = HYPERVISOR_get_debugreg(1);
	return value == BREAKPOINT ? NULL : "a debug register";
}

/* Time may begin anew on another machine, but it goes on. */
static const char *check_time(bool restored)
{
	uint64_t now = time_system_ns();

	if (!restored && now < time_before)
		return "time";
	time_before = now;
	time_delay_ns(NS_PER_MS);
	return time_system_ns() > now ? NULL : "the clock stands";
}

const char *state_check(bool restored)
{
	const char *error = check_data();

	if (!error)
		error = check_mappings();
	if (!error)
		error = check_pin();
	if (!error)
		error = check_segment();
	if (!error)
		error = check_time(restored);
	if (!error && !restored && va_to_mfn(data[0]) != data_mfn)
		error = "a frame's number";
	data_mfn = va_to_mfn(data[0]);
	return error;
}

/* ---- registers ---- */

static const uint16_t control = 0x0f7f; /* round towards zero */
static const uint32_t number = 0x1234567;

void state_load_registers(void)
{
	__asm__ __volatile__("fldcw %0; fildl %1" : : "m"(control), "m"(number));
}

const char *state_check_registers(void)
{
	uint32_t value;
	uint16_t word;

	__asm__ __volatile__("fistpl %0; fnstcw %1; fninit" : "=m"(value), "=m"(word));
	return value == number && word == control ? NULL : "floating-point registers";
}
