/* SPDX-License-Identifier: MIT */
/*
 * Accesses to the hypervisor's addresses through every kind of segment that a guest can have.
 * Above the machine-to-physical table everything must fault, whichever way the hypervisor is kept
 * apart; only the switcher, at the top, may be present while a guest runs, and then only to be
 * read, except for the page of trap frames of this CPU.  One line per range tells what was found:
 *
 *	PROBE <kind> <first>-<last> fault|open
 *
 * Where the hypervisor was told to rely on segment limits and the processor does not enforce them,
 * it said so loudly at its start, and open addresses are no news: the cases are skipped.
 */
#include "guests/evil/evil.h"
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/version.h>

#define FIRST MACH2PHYS_VIRT_END
#define SWITCHER 0xffc00000u
#define COARSE_STEP (16 * PAGE_SIZE)
#define MAX_WRITABLE_PAGES 2

#define DESC_PRESENT (1ULL << 47)
#define DESC_S (1ULL << 44)
#define DESC_BIG_GRANULAR (3ULL << 54)
#define DESC_TYPE(t) ((uint64_t)(t) << 40)
#define DESC_DPL(d) ((uint64_t)(d) << 45)
#define DESC_LIMIT(l) (((uint64_t)(l)&0xffff) | (((uint64_t)(l)&0xf0000) << 32))
#define DESC_BASE(b) (((uint64_t)(b)&0xffffff) << 16 | ((uint64_t)(b)&0xff000000) << 32)
#define SLOT 5

enum access { ACCESS_READ, ACCESS_WRITE };

/* One byte at selector:offset. A write puts back what is there. Returns whether it faulted. */
static bool access_faults(uint32_t selector, uint32_t offset, enum access access)
{
	struct fault fault;

	if (access == ACCESS_READ)
		TRY_ASM(&fault, "movl %0, %%fs; movb %%fs:(%1), %%al",
			:
			: "r"(selector), "r"(offset)
			: "eax", "memory");
	else
		TRY_ASM(&fault, "movl %0, %%fs; lock orb $0, %%fs:(%1)",
			:
			: "r"(selector), "r"(offset)
			: "memory", "cc");
	__asm__ __volatile__("movl %0, %%fs" : : "r"(0));
	return fault.vector != NO_FAULT;
}

/* A byte beyond a segment's limit: true when the processor minds. */
static bool limits_are_enforced(void)
{
	uint64_t *gdt = page_alloc();
	xen_pfn_t frame = va_to_mfn(gdt);
	bool enforced;

	/* One byte at address 0 of this very page. */
	gdt[SLOT] = DESC_TYPE(3) | DESC_BASE(PTR32(gdt)) | DESC_S | DESC_PRESENT | DESC_DPL(1);
	BUG_ON(page_protect(gdt, PTE_KERNEL_RO));
	BUG_ON(HYPERVISOR_set_gdt(&frame, ENTRIES_PER_TABLE));
	enforced = access_faults(SLOT * 8 + 1, 1, ACCESS_READ);
	BUG_ON(HYPERVISOR_set_gdt(NULL, 0));
	BUG_ON(page_protect(gdt, PTE_KERNEL_RW));
	page_free(gdt);
	return enforced;
}

/* True, and the case skipped, when nothing but unenforced limits keeps guests out. */
static bool is_hopeless(void)
{
	static xen_commandline_t options;

	if (HYPERVISOR_xen_version(XENVER_commandline, options) ||
	    !strstr(options, "isolation=segment") || limits_are_enforced())
		return false;
	test_skip("segment limits were asked for, and this processor does not enforce them");
	return true;
}

struct range {
	const char *kind;
	uint32_t first;
	bool faults;
	bool started;
};

static void range_end(struct range *range, uint32_t last)
{
	if (range->started)
		pv_printf("PROBE %s %08x-%08x %s\n", range->kind, range->first, last,
			  range->faults ? "fault" : "open");
	range->started = false;
}

static void range_add(struct range *range, uint32_t address, bool faults)
{
	if (range->started && range->faults == faults)
		return;
	range_end(range, address - 1);
	range->first = address;
	range->faults = faults;
	range->started = true;
}

/* Judges one open page. */
static void judge(const char *kind, uint32_t address, enum access access, unsigned int *writable)
{
	CHECK(address >= SWITCHER, "%s: address 0x%x of the hypervisor is open", kind, address);
	if (access == ACCESS_WRITE)
		CHECK(++*writable <= MAX_WRITABLE_PAGES,
		      "%s: %u pages of the switcher, 0x%x the last", kind, *writable, address);
}

/*
 * Sweeps the linear range through a segment with that base, and prints the ranges when verbose.
 * Returns how many of the addresses tried were open.
 */
static unsigned int sweep(const char *kind, uint32_t selector, uint32_t base, enum access access,
			  bool verbose)
{
	struct range range = { .kind = kind };
	unsigned int writable = 0, open = 0;
	uint32_t address = FIRST;

	do {
		bool faults = access_faults(selector, address - base, access);

		if (verbose)
			range_add(&range, address, faults);
		if (!faults)
			judge(kind, address, access, &writable);
		open += !faults;
		address += address >= SWITCHER || verbose ? PAGE_SIZE : COARSE_STEP;
	} while (address >= FIRST);
	range_end(&range, 0xffffffff);
	return open;
}

void evil_flat_segments(void)
{
	if (is_hopeless())
		return;
	sweep("read", FLAT_KERNEL_DS, 0, ACCESS_READ, true);
	sweep("write", FLAT_KERNEL_DS, 0, ACCESS_WRITE, true);
	sweep("user-data", FLAT_USER_DS, 0, ACCESS_READ, false);
	sweep("user-data", FLAT_USER_DS, 0, ACCESS_WRITE, false);
	sweep("kernel-code", FLAT_KERNEL_CS, 0, ACCESS_READ, false);
	sweep("user-code", FLAT_USER_CS, 0, ACCESS_READ, false);
}

/* --- Segments of our own --- */

struct kind {
	const char *name;
	uint8_t type;
	uint32_t base;
	uint32_t limit;
};

static const struct kind kinds[] = {
	{ "data", 0x2, 0, 0xfffff },
	{ "data-high", 0x2, 0x80000000, 0x7ffff },
	{ "data-wrap", 0x2, 0xf6000000, 0xfffff },
	{ "data-odd", 0x2, 0x12345678, 0xfffff },
	{ "data-last", 0x2, MACH2PHYS_VIRT_END - 0x2000, 0xfffff },
	{ "down", 0x6, 0, 0 },
	{ "down-high", 0x6, 0x80000000, 0 },
	{ "down-last", 0x6, 0xf0000000, 0x10 },
	{ "code", 0xa, 0, 0xfffff },
	{ "code-high", 0xa, 0x80000000, 0xfffff },
	{ "conforming", 0xe, 0, 0xfffff },
};

static uint64_t descriptor(const struct kind *kind, unsigned int dpl)
{
	return DESC_TYPE(kind->type) | DESC_BASE(kind->base) | DESC_LIMIT(kind->limit) | DESC_S |
	       DESC_PRESENT | DESC_BIG_GRANULAR | DESC_DPL(dpl);
}

/* Puts one kind into the slot and sweeps through it when the hypervisor lets it pass. */
static void sweep_kind(const struct kind *kind, unsigned int dpl, uint64_t *slot, uint32_t selector)
{
	uint64_t maddr = ((uint64_t)va_to_mfn(slot) << PAGE_SHIFT) | (PTR32(slot) & ~PAGE_MASK);
	unsigned int reads, writes = 0;

	if (HYPERVISOR_update_descriptor(maddr, descriptor(kind, dpl))) {
		pv_printf("PROBE %s level %u refused\n", kind->name, dpl);
		return;
	}
	reads = sweep(kind->name, selector, kind->base, ACCESS_READ, false);
	if (kind->type < 8)
		writes = sweep(kind->name, selector, kind->base, ACCESS_WRITE, false);
	pv_printf("PROBE %s level %u: %u open for reading, %u for writing\n", kind->name, dpl,
		  reads, writes);
}

static void sweep_kinds(uint64_t *slot, uint32_t selector)
{
	unsigned int dpl;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (dpl = 0; dpl < 4; dpl++)
			sweep_kind(&kinds[i], dpl, slot, selector);
	}
}

static uint64_t *table_page(void)
{
	uint64_t *page = page_alloc();

	BUG_ON(page_protect(page, PTE_KERNEL_RO));
	return page;
}

void evil_own_segments(void)
{
	uint64_t *gdt = table_page();
	xen_pfn_t frame = va_to_mfn(gdt);

	if (is_hopeless())
		return;
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, ENTRIES_PER_TABLE), 0, "set_gdt");
	sweep_kinds(&gdt[SLOT], SLOT * 8 + 1);
	CHECK_EQ(HYPERVISOR_set_gdt(NULL, 0), 0, "no GDT");
}

void evil_local_segments(void)
{
	uint64_t *ldt = table_page();

	if (is_hopeless())
		return;
	CHECK_EQ(mmuext_one(MMUEXT_SET_LDT, PTR32(ldt), ENTRIES_PER_TABLE), 0, "SET_LDT");
	sweep_kinds(&ldt[SLOT], SLOT * 8 + 4 + 1);
	CHECK_EQ(mmuext_one(MMUEXT_SET_LDT, 0, 0), 0, "no LDT");
}

/* --- Execution --- */

static void jump(void *target)
{
	((void (*)(void))target)();
}

/* Only where nothing can be read: what is there in the switcher would run as our own code. */
void evil_execute(void)
{
	struct range range = { .kind = "execute" };
	uint32_t address = FIRST;

	do {
		struct fault fault;

		if (access_faults(FLAT_KERNEL_DS, address, ACCESS_READ)) {
			try_call(jump, (void *)address, &fault);
			CHECK(fault.vector == X86_PF || fault.vector == X86_GP,
			      "jump to 0x%x: vector %u", address, fault.vector);
			range_add(&range, address, true);
		} else {
			range_add(&range, address, false);
		}
		address += COARSE_STEP;
	} while (address >= FIRST);
	range_end(&range, 0xffffffff);
}

/* --- Ring 3 sees nothing at all --- */

static uint32_t __user_code user_read(uint32_t address)
{
	return *(volatile uint8_t *)address;
}

void evil_user(void)
{
	uint32_t address = HYPERVISOR_VIRT_START;
	struct range range = { .kind = "ring3-read" };

	do {
		struct fault exit;
		bool open = user_call(user_read, address, &exit);

		CHECK(!open, "ring 3 can read 0x%x", address);
		range_add(&range, address, !open);
		address += COARSE_STEP;
	} while (address >= HYPERVISOR_VIRT_START);
	range_end(&range, 0xffffffff);
}
