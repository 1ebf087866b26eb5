/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables: what set_gdt, update_descriptor and MMUEXT_SET_LDT accept, what they change in
 * a descriptor, and that no segment reaches the hypervisor.  Ring 1 is supervisor for paging, so on
 * machines that enforce them, segment limits are what keeps a guest out (ABI: set_gdt,
 * update_descriptor and MMUEXT_SET_LDT in <xen/xen.h> and <xen/arch-x86/xen.h>).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

/* Bits of a descriptor, as one 64-bit number. */
#define DESC_LIMIT(l) (((uint64_t)(l)&0xffff) | (((uint64_t)(l)&0xf0000) << 32))
#define DESC_BASE(b) (((uint64_t)(b)&0xffffff) << 16 | ((uint64_t)(b)&0xff000000) << 32)
#define DESC_TYPE(t) ((uint64_t)(t) << 40)
#define DESC_S (1ULL << 44)
#define DESC_DPL(d) ((uint64_t)(d) << 45)
#define DESC_P (1ULL << 47)
#define DESC_DB (1ULL << 54)
#define DESC_G (1ULL << 55)
#define DESC_ACCESSED DESC_TYPE(1)

#define TYPE_DATA 0x2
#define TYPE_DATA_DOWN 0x6
#define TYPE_CODE 0xa
#define TYPE_CODE_CONFORMING 0xe
#define TYPE_CALL_GATE 0xc

#define FLAT(type, dpl) \
	(DESC_LIMIT(0xfffff) | DESC_TYPE(type) | DESC_S | DESC_DPL(dpl) | DESC_P | DESC_DB | DESC_G)
#define GATE(sel, offset, dpl)                                                               \
	(((uint64_t)(offset)&0xffff) | (uint64_t)(sel) << 16 |                               \
	 ((uint64_t)(offset)&0xffff0000) << 32 | DESC_TYPE(TYPE_CALL_GATE) | DESC_DPL(dpl) | \
	 DESC_P)

/* Guests read the machine-to-physical table through their segments; what follows is not theirs. */
#define GUEST_END MACH2PHYS_VIRT_END

#define HYPERVISOR_CS 0xe008
#define SLOT 5
#define SELECTOR (SLOT * 8 + 1)
#define USER_SELECTOR (SLOT * 8 + 3)
#define MAX_LDT_ENTRIES 8192

/* A page that serves as the GDT, mapped read-only, installed. */
static uint64_t *gdt;

static void install_gdt(void)
{
	xen_pfn_t frame;

	if (!gdt) {
		gdt = page_alloc();
		BUG_ON(page_protect(gdt, PTE_KERNEL_RO));
	}
	frame = va_to_mfn(gdt);
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, ENTRIES_PER_TABLE), 0, "set_gdt");
}

static uint64_t maddr_of(const void *va)
{
	return ((uint64_t)va_to_mfn(va) << PAGE_SHIFT) | (PTR32(va) & ~PAGE_MASK);
}

static long set_slot(uint64_t desc)
{
	return HYPERVISOR_update_descriptor(maddr_of(&gdt[SLOT]), desc);
}

static uint32_t desc_base(uint64_t desc)
{
	return (uint32_t)(desc >> 16 & 0xffffff) | (uint32_t)(desc >> 32 & 0xff000000);
}

static uint32_t desc_limit(uint64_t desc)
{
	uint32_t limit = (uint32_t)(desc & 0xffff) | (uint32_t)(desc >> 32 & 0xf0000);

	return desc & DESC_G ? limit << PAGE_SHIFT | (PAGE_SIZE - 1) : limit;
}

/* The highest linear address that the segment reaches, UINT64_MAX when it wraps. */
static uint64_t desc_reach(uint64_t desc)
{
	uint32_t type = (uint32_t)(desc >> 40) & 0xf;
	uint64_t end;

	if ((type & 0xc) != 4) {
		end = (uint64_t)desc_base(desc) + desc_limit(desc);
		return end > 0xffffffff ? UINT64_MAX : end;
	}
	if (desc_limit(desc) == 0xffffffff)
		return 0; /* an expand-down segment with nothing in it */
	end = (uint64_t)desc_base(desc) + 0xffffffff;
	return end > 0xffffffff ? desc_base(desc) - 1u : end;
}

static void test_set_gdt(void)
{
	install_gdt();
	CHECK(page_protect(gdt, PTE_KERNEL_RW) < 0, "the GDT's page can be mapped writable");
	CHECK_EQ(HYPERVISOR_set_gdt(NULL, 0), 0, "no GDT");
	CHECK_EQ(page_protect(gdt, PTE_KERNEL_RW), 0, "the page is ordinary again");
	CHECK_EQ(page_protect(gdt, PTE_KERNEL_RO), 0, "read-only");
	install_gdt();
}

static void test_set_gdt_errors(void)
{
	uint64_t *writable = page_alloc();
	xen_pfn_t frame = va_to_mfn(writable);

	CHECK_EQ(HYPERVISOR_set_gdt(&frame, 512), -XEN_EINVAL, "a page mapped writable");
	frame = va_to_mfn((void *)start_info->pt_base);
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, 512), -XEN_EINVAL, "a page table");
	frame = ~0ul >> 4;
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, 512), -XEN_EINVAL, "no such frame");
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, FIRST_RESERVED_GDT_ENTRY + 1), -XEN_EINVAL,
		 "too many entries");
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, ~0u), -XEN_EINVAL, "~0 entries");
	CHECK_EQ(HYPERVISOR_set_gdt((void *)HYPERVISOR_VIRT_START, 512), -XEN_EFAULT, "bad list");
	page_free(writable);
}

/* A table with one forbidden descriptor is refused as a whole. */
static void test_set_gdt_content(void)
{
	uint64_t *page = page_alloc();
	xen_pfn_t frame = va_to_mfn(page);

	page[7] = DESC_TYPE(0x9) | DESC_P; /* an available TSS */
	CHECK_EQ(page_protect(page, PTE_KERNEL_RO), 0, "read-only");
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, 512), -XEN_EINVAL, "a TSS inside");
	CHECK_EQ(page_protect(page, PTE_KERNEL_RW), 0, "writable");
	page[7] = FLAT(TYPE_CODE, 0);
	CHECK_EQ(page_protect(page, PTE_KERNEL_RO), 0, "read-only");
	if (CHECK_EQ(HYPERVISOR_set_gdt(&frame, 512), 0, "a code segment of ring 0"))
		CHECK((page[7] >> 45 & 3) >= 1, "it kept its level: 0x%llx", page[7]);
	install_gdt();
}

static void test_update_places(void)
{
	uint64_t *page = page_alloc();
	uint64_t desc = FLAT(TYPE_DATA, 3);

	install_gdt();
	CHECK_EQ(HYPERVISOR_update_descriptor(maddr_of(page), desc), 0, "a writable page");
	CHECK((page[0] & DESC_P) && (page[0] >> 45 & 3) == 3, "not written: 0x%llx", page[0]);
	CHECK_EQ(HYPERVISOR_update_descriptor(maddr_of(page) + 4, desc), -XEN_EINVAL, "misaligned");
	CHECK_EQ(HYPERVISOR_update_descriptor(maddr_of((void *)start_info->pt_base), desc),
		 -XEN_EINVAL, "a page table");
	CHECK_EQ(HYPERVISOR_update_descriptor(~0xfULL >> 8, desc), -XEN_EINVAL, "beyond memory");
	page_free(page);
}

static void test_ring0(void)
{
	static const uint8_t types[] = { TYPE_DATA, TYPE_DATA_DOWN, TYPE_CODE,
					 TYPE_CODE_CONFORMING };
	size_t i;

	install_gdt();
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (set_slot(FLAT(types[i], 0)))
			continue; /* refusing is fine too */
		CHECK((gdt[SLOT] >> 45 & 3) >= 1, "type 0x%x stays at ring 0: 0x%llx", types[i],
		      gdt[SLOT]);
	}
}

static void test_system_types(void)
{
	unsigned int type, dpl;

	install_gdt();
	for (type = 0; type < 16; type++) {
		for (dpl = 0; dpl < 4; dpl++) {
			uint64_t desc = GATE(FLAT_KERNEL_CS, 0x1000, dpl);

			desc = (desc & ~DESC_TYPE(15)) | DESC_TYPE(type);
			if (type && type != TYPE_CALL_GATE)
				CHECK(set_slot(desc) == -XEN_EINVAL,
				      "system type 0x%x, level %u was accepted", type, dpl);
		}
	}
}

static void test_call_gate(void)
{
	install_gdt();
	CHECK_EQ(set_slot(GATE(FLAT_KERNEL_CS, 0x1000, 3)), 0, "to the kernel's code segment");
	CHECK_EQ(set_slot(GATE(SLOT * 8 + 8, 0x1000, 3)), 0, "to a segment of the guest");
	CHECK_EQ(set_slot(GATE(HYPERVISOR_CS, 0x1000, 3)), -XEN_EINVAL, "to the hypervisor's");
	CHECK_EQ(set_slot(GATE(HYPERVISOR_CS | 1, 0x1000, 3)), -XEN_EINVAL,
		 "to the hypervisor's, RPL 1");
	CHECK_EQ(set_slot(0), 0, "empty");
}

static void test_not_present(void)
{
	static const uint64_t descs[] = { 0, ~DESC_P, FLAT(TYPE_CODE, 0) & ~DESC_P };
	size_t i;

	install_gdt();
	for (i = 0; i < ARRAY_SIZE(descs); i++) {
		CHECK_EQ(set_slot(descs[i]), 0, "a descriptor that is not present");
		CHECK(!(gdt[SLOT] & DESC_P), "it became present: 0x%llx", gdt[SLOT]);
	}
}

struct shape {
	uint32_t base;
	uint32_t limit;
	bool granular;
};

/* Whatever is accepted of these must end below the hypervisor. */
static void test_reach(void)
{
	static const uint8_t types[] = { TYPE_DATA, TYPE_DATA_DOWN, TYPE_CODE,
					 TYPE_CODE_CONFORMING };
	static const struct shape shapes[] = {
		{ 0, 0xfffff, true },
		{ 0, 0, true },
		{ 0, 0xf57ff, true },
		{ 0, 0xf5800, true },
		{ 0, 0xf6800, true },
		{ 0x1000, 0xfffff, true },
		{ 0x80000000, 0xfffff, true },
		{ 0x80000001, 0x7ffff, true },
		{ HYPERVISOR_VIRT_START - 0x1000, 0, true },
		{ HYPERVISOR_VIRT_START, 0xfffff, true },
		{ GUEST_END - 0x2000, 0xfffff, true },
		{ GUEST_END - 0x8000, 0xffff, false },
		{ GUEST_END - 1, 0, false },
		{ GUEST_END, 0, false },
		{ GUEST_END, 0xfffff, true },
		{ 0xffffffff, 0xfffff, true },
		{ 0xfffff000, 0, false },
	};
	size_t i, t;

	install_gdt();
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		for (t = 0; t < ARRAY_SIZE(types); t++) {
			uint64_t desc = FLAT(types[t], 1) & ~(DESC_LIMIT(0xfffff) | DESC_G);
			long rc;

			desc |= DESC_BASE(shapes[i].base) | DESC_LIMIT(shapes[i].limit) |
				(shapes[i].granular ? DESC_G : 0);
			rc = set_slot(desc);
			CHECK(rc == 0 || rc == -XEN_EINVAL, "rc %ld", rc);
			CHECK(rc || desc_reach(gdt[SLOT]) < GUEST_END,
			      "0x%llx became 0x%llx, which reaches the hypervisor", desc,
			      gdt[SLOT]);
		}
	}
	CHECK_EQ(set_slot(FLAT(TYPE_DATA, 3)), 0, "the usual flat segment");
	CHECK(desc_limit(gdt[SLOT]) >= HYPERVISOR_VIRT_START - PAGE_SIZE - 1,
	      "the flat segment was cut to 0x%x", desc_limit(gdt[SLOT]));
}

/* The tables are read-only in the guest's view: the processor could not set the bit itself. */
static void test_accessed_bit(void)
{
	struct fault fault;

	install_gdt();
	CHECK_EQ(set_slot(FLAT(TYPE_DATA, 1)), 0, "update");
	CHECK(gdt[SLOT] & DESC_ACCESSED, "the accessed bit is clear: 0x%llx", gdt[SLOT]);
	TRY_ASM(&fault, "movl %0, %%fs; movl %1, %%fs", : : "r"(SELECTOR), "r"(0));
	check_no_fault(&fault, "loading it");
}

static uint32_t segment_limit(uint32_t selector, bool *valid)
{
	uint32_t limit = 0;

	__asm__("lsll %2, %0; setz %1" : "+r"(limit), "=q"(*valid) : "r"(selector) : "cc");
	return limit;
}

static uint32_t segment_rights(uint32_t selector)
{
	uint32_t rights = 0;

	__asm__("larl %1, %0" : "+r"(rights) : "r"(selector) : "cc");
	return rights;
}

/* Every segment that ring 1 can name, the hypervisor's own part of the GDT included. */
static void test_all_selectors(void)
{
	uint32_t selector;

	install_gdt();
	CHECK_EQ(set_slot(0), 0, "an empty slot");
	for (selector = 8; selector < 0x10000; selector += 8) {
		uint32_t rights = segment_rights(selector | 1);
		uint32_t limit;
		bool valid;

		limit = segment_limit(selector | 1, &valid);
		if (!valid || !(rights & 1u << 12))
			continue; /* nothing, or a system segment that cannot be loaded */
		CHECK(rights >> 13 & 3, "selector 0x%x has level 0: rights 0x%x", selector, rights);
		CHECK(limit < GUEST_END, "selector 0x%x has the limit 0x%x", selector, limit);
	}
}

/* --- Use of descriptors --- */

static uint32_t user_words[4] __user_data = { 1, 2, 3, 4 };

static uint32_t __user_code read_by_gs(uint32_t selector)
{
	uint32_t value;

	__asm__ __volatile__("movl %1, %%gs; movl %%gs:4, %0" : "=r"(value) : "r"(selector));
	return value;
}

static uint32_t __user_code read_below_gs(uint32_t selector)
{
	uint32_t value;

	__asm__ __volatile__("movl %1, %%gs; movl %%gs:-4, %0" : "=r"(value) : "r"(selector));
	return value;
}

static void test_thread_segment(void)
{
	struct fault exit;

	install_gdt();
	CHECK_EQ(set_slot(FLAT(TYPE_DATA, 3) | DESC_BASE(PTR32(&user_words[1]))), 0, "update");
	CHECK(user_call(read_by_gs, USER_SELECTOR, &exit), "vector %u", exit.vector);
	CHECK_EQ(exit.frame.eax, 3, "word at gs:4");
}

/* Thread-local storage below %gs: limits that were cut must not be felt. */
static void test_negative_offset(void)
{
	struct fault exit;

	install_gdt();
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_4gb_segments), 0, "assist");
	CHECK_EQ(set_slot(FLAT(TYPE_DATA, 3) | DESC_BASE(PTR32(&user_words[1]))), 0, "update");
	CHECK(user_call(read_below_gs, USER_SELECTOR, &exit), "gs:-4: vector %u, error 0x%x",
	      exit.vector, exit.error);
	CHECK_EQ(exit.frame.eax, 1, "word at gs:-4");
	CHECK(user_call(read_by_gs, USER_SELECTOR, &exit), "gs:4 after gs:-4: vector %u",
	      exit.vector);
	CHECK_EQ(exit.frame.eax, 3, "word at gs:4");
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_disable, VMASST_TYPE_4gb_segments), 0, "disable");
}

static void test_beyond_gdt(void)
{
	xen_pfn_t frame = va_to_mfn(gdt);
	struct fault fault;

	install_gdt();
	CHECK_EQ(set_slot(FLAT(TYPE_DATA, 1)), 0, "update");
	TRY_ASM(&fault, "movl %0, %%fs; movl %1, %%fs", : : "r"(SELECTOR), "r"(0));
	check_no_fault(&fault, "inside the table");
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, SLOT + 1), 0, "a short table");
	TRY_ASM(&fault, "movl %0, %%fs; movl %1, %%fs", : : "r"(SELECTOR), "r"(0));
	check_no_fault(&fault, "last entry of a short table");
	CHECK_EQ(HYPERVISOR_set_gdt(NULL, 0), 0, "no table");
	TRY_ASM(&fault, "movl %0, %%fs", : : "r"(SELECTOR));
	check_fault_error(&fault, X86_GP, SELECTOR & ~3, "a selector without a table");
	install_gdt();
}

/* --- LDT --- */

static long set_ldt(const void *base, unsigned int entries)
{
	return mmuext_one(MMUEXT_SET_LDT, PTR32(base), entries);
}

#define LDT_SELECTOR (SLOT * 8 + 4 + 1)

static bool load_ldt_selector(uint32_t selector, struct fault *fault)
{
	TRY_ASM(fault, "movl %0, %%fs; movl %1, %%fs", : : "r"(selector), "r"(0));
	return fault->vector == NO_FAULT;
}

static void test_ldt(void)
{
	uint64_t *ldt = page_alloc();
	struct fault fault;

	ldt[SLOT] = FLAT(TYPE_DATA, 1) | DESC_ACCESSED;
	CHECK_EQ(page_protect(ldt, PTE_KERNEL_RO), 0, "read-only");
	CHECK_EQ(set_ldt(ldt, 512), 0, "SET_LDT");
	CHECK(load_ldt_selector(LDT_SELECTOR, &fault), "vector %u, error 0x%x", fault.vector,
	      fault.error);
	CHECK(page_protect(ldt, PTE_KERNEL_RW) < 0, "an LDT in use can be mapped writable");
	CHECK_EQ(HYPERVISOR_update_descriptor(maddr_of(&ldt[SLOT]), 0), 0, "clearing the entry");
	CHECK(!load_ldt_selector(LDT_SELECTOR, &fault), "a cleared entry can be loaded");
	CHECK_EQ(set_ldt(NULL, 0), 0, "no LDT");
	CHECK_EQ(page_protect(ldt, PTE_KERNEL_RW), 0, "the page is ordinary again");
	page_free(ldt);
}

static void test_ldt_limit(void)
{
	uint64_t *ldt = page_alloc();
	struct fault fault;

	ldt[SLOT] = FLAT(TYPE_DATA, 1) | DESC_ACCESSED;
	CHECK_EQ(page_protect(ldt, PTE_KERNEL_RO), 0, "read-only");
	CHECK_EQ(set_ldt(ldt, SLOT), 0, "SET_LDT, one entry too short");
	load_ldt_selector(LDT_SELECTOR, &fault);
	check_fault_error(&fault, X86_GP, LDT_SELECTOR & ~3, "entry beyond the limit");
	CHECK_EQ(set_ldt(NULL, 0), 0, "no LDT");
	load_ldt_selector(4 + 1, &fault);
	check_fault_error(&fault, X86_GP, 4, "entry 0 without an LDT");
	CHECK_EQ(page_protect(ldt, PTE_KERNEL_RW), 0, "writable");
	page_free(ldt);
}

/* The hypervisor may look at an LDT's pages only when they are used: then the load must fail. */
static void test_ldt_writable(void)
{
	uint64_t *ldt = page_alloc();
	struct fault fault;

	ldt[SLOT] = FLAT(TYPE_DATA, 1) | DESC_ACCESSED;
	if (!set_ldt(ldt, 512))
		CHECK(!load_ldt_selector(LDT_SELECTOR, &fault),
		      "a selector from a writable LDT was loaded");
	set_ldt(NULL, 0);
	page_free(ldt);
}

static void test_ldt_errors(void)
{
	char *page = page_alloc();

	CHECK_EQ(set_ldt(page + 8, 8), -XEN_EINVAL, "misaligned");
	CHECK_EQ(set_ldt(page, MAX_LDT_ENTRIES + 1), -XEN_EINVAL, "too many entries");
	CHECK_EQ(set_ldt(page, ~0u), -XEN_EINVAL, "~0 entries");
	CHECK_EQ(set_ldt((void *)HYPERVISOR_VIRT_START, 8), -XEN_EINVAL, "in the hypervisor");
	page_free(page);
}

/* --- A selector whose descriptor goes while a register holds it --- */

static unsigned int failsafes;

/* The callback finds all four null, whichever was bad; the data segments are needed again. */
static bool count_failsafe(struct trap_frame *frame)
{
	failsafes++;
	frame->ds = frame->es = FLAT_KERNEL_DS;
	frame->fs = frame->gs = 0;
	return true;
}

/* Takes the descriptor away while `reg` holds the selector of it. */
#define LOSE_DESCRIPTOR(reg, selector, entry)                                   \
	do {                                                                    \
		uint64_t maddr = maddr_of(entry);                               \
		uint32_t low = (uint32_t)maddr, high = (uint32_t)(maddr >> 32); \
		long result = __HYPERVISOR_update_descriptor;                   \
		__asm__ __volatile__("mov %[sel], %%" reg "; int $0x82"         \
				     : "+a"(result), "+b"(low), "+c"(high)      \
				     : "d"(0), "S"(0), [sel] "D"(selector)      \
				     : "memory");                               \
		CHECK_EQ(result, 0, "update_descriptor");                       \
	} while (0)

static void check_failsafe(unsigned int bad, uint32_t selector, const char *name)
{
	CHECK_EQ(failsafes, 1, name);
	for (unsigned int i = 0; i < ARRAY_SIZE(failsafe_selectors); i++)
		if (i == bad)
			CHECK_EQ(failsafe_selectors[i] & 0xffff, selector, name);
		else
			CHECK((failsafe_selectors[i] & 0xffff) != selector, "%s: in word %u", name,
			      i);
	failsafes = 0;
}

static void lose_descriptors(uint64_t *entry, uint32_t selector)
{
	const uint64_t data = FLAT(TYPE_DATA, 1);

	trap_set_hook(VECTOR_FAILSAFE, count_failsafe);
	failsafes = 0;
	CHECK_EQ(HYPERVISOR_update_descriptor(maddr_of(entry), data), 0, "data segment");
	LOSE_DESCRIPTOR("ds", selector, entry);
	check_failsafe(0, selector, "ds");
	CHECK_EQ(HYPERVISOR_update_descriptor(maddr_of(entry), data), 0, "data segment");
	LOSE_DESCRIPTOR("es", selector, entry);
	check_failsafe(1, selector, "es");
	CHECK_EQ(HYPERVISOR_update_descriptor(maddr_of(entry), data), 0, "data segment");
	LOSE_DESCRIPTOR("fs", selector, entry);
	check_failsafe(2, selector, "fs");
	CHECK_EQ(HYPERVISOR_update_descriptor(maddr_of(entry), data), 0, "data segment");
	LOSE_DESCRIPTOR("gs", selector, entry);
	check_failsafe(3, selector, "gs");
	trap_set_hook(VECTOR_FAILSAFE, NULL);
}

static void test_lost_gdt_entry(void)
{
	install_gdt();
	lose_descriptors(&gdt[SLOT], SELECTOR);
}

static void test_lost_ldt_entry(void)
{
	uint64_t *ldt = page_alloc();

	CHECK_EQ(page_protect(ldt, PTE_KERNEL_RO), 0, "read-only");
	CHECK_EQ(set_ldt(ldt, 512), 0, "SET_LDT");
	lose_descriptors(&ldt[SLOT], LDT_SELECTOR);
	CHECK_EQ(set_ldt(NULL, 0), 0, "no LDT");
	CHECK_EQ(page_protect(ldt, PTE_KERNEL_RW), 0, "the page is ordinary again");
	page_free(ldt);
}

/* The whole table goes: what Linux does with a process's LDT when the process ends. */
static void test_lost_ldt(void)
{
	uint64_t *ldt = page_alloc();

	ldt[SLOT] = FLAT(TYPE_DATA, 1) | DESC_ACCESSED;
	CHECK_EQ(page_protect(ldt, PTE_KERNEL_RO), 0, "read-only");
	CHECK_EQ(set_ldt(ldt, 512), 0, "SET_LDT");
	trap_set_hook(VECTOR_FAILSAFE, count_failsafe);
	failsafes = 0;
	__asm__ __volatile__("mov %0, %%gs" : : "r"(LDT_SELECTOR));
	CHECK_EQ(set_ldt(NULL, 0), 0, "no LDT");
	check_failsafe(3, LDT_SELECTOR, "gs");
	trap_set_hook(VECTOR_FAILSAFE, NULL);
	CHECK_EQ(page_protect(ldt, PTE_KERNEL_RW), 0, "the page is ordinary again");
	page_free(ldt);
}

static const struct test_case cases[] = {
	{ "segments.set_gdt", test_set_gdt },
	{ "segments.set_gdt_errors", test_set_gdt_errors },
	{ "segments.set_gdt_content", test_set_gdt_content },
	{ "segments.update_places", test_update_places },
	{ "segments.ring0", test_ring0 },
	{ "segments.system_types", test_system_types },
	{ "segments.call_gate", test_call_gate },
	{ "segments.not_present", test_not_present },
	{ "segments.reach", test_reach },
	{ "segments.accessed_bit", test_accessed_bit },
	{ "segments.all_selectors", test_all_selectors },
	{ "segments.thread_segment", test_thread_segment },
	{ "segments.negative_offset", test_negative_offset },
	{ "segments.beyond_gdt", test_beyond_gdt },
	{ "segments.ldt", test_ldt },
	{ "segments.ldt_limit", test_ldt_limit },
	{ "segments.ldt_writable", test_ldt_writable },
	{ "segments.ldt_errors", test_ldt_errors },
	{ "segments.lost_gdt_entry", test_lost_gdt_entry },
	{ "segments.lost_ldt_entry", test_lost_ldt_entry },
	{ "segments.lost_ldt", test_lost_ldt },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
