/* SPDX-License-Identifier: MIT */
/*
 * Writable page tables: a write to a level-1 entry through its read-only mapping is done by the
 * hypervisor, with the checks of mmu_update.  Every instruction form that kernels use, with a value
 * that is fine and with one that would map a table writable; what cannot be done is the guest's
 * page fault (ABI: VMASST_TYPE_writable_pagetables in <xen/xen.h>).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#define WRITE_FAULT (PF_PRESENT | PF_WRITE)

static char *window;		   /* an ordinary page */
static volatile uint32_t *good;	   /* its entry's two words */
static char *table_window;	   /* a page whose entry maps a page table, read-only */
static volatile uint32_t *hostile; /* that entry's words */

static uint32_t *words_of(const void *va)
{
	return (uint32_t *)pte_find(PTR32(va), 1);
}

static void reset(void)
{
	void *table = (void *)(PTR32(good) & PAGE_MASK);

	BUG_ON(page_protect(window, PTE_KERNEL_RW));
	BUG_ON(mm_map(table_window, mfn_pte(va_to_mfn(table), PTE_KERNEL_RO)));
}

static void setup(void)
{
	window = page_alloc();
	table_window = page_alloc();
	good = words_of(window);
	hostile = words_of(table_window);
	BUG_ON(HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables));
	reset();
}

/* The window's entry must now be writable or not, and the processor must see it so. */
static void check_window(const struct fault *fault, bool writable, const char *what)
{
	struct fault probe;

	check_no_fault(fault, what);
	mmuext_one(MMUEXT_INVLPG_LOCAL, PTR32(window), 0);
	try_write(window, &probe);
	CHECK((probe.vector == NO_FAULT) == writable, "%s: entry 0x%llx, write ends in vector %u",
	      what, pte_read(window), probe.vector);
}

/* A refused write: the fault names the word, and the entry is as it was. */
static void check_refused(const struct fault *fault, const volatile void *at, pte_t before,
			  const char *what)
{
	check_fault_error(fault, X86_PF, WRITE_FAULT, what);
	CHECK_EQ(fault->cr2, PTR32(at), what);
	CHECK(pte_read(table_window) == before, "%s: the entry is now 0x%llx", what,
	      pte_read(table_window));
	reset();
}

/*
 * One case for a form: clear_insn takes RW away from a good entry, set_insn gives it back, and
 * set_insn on the hostile entry must fault.  %0 is the word's address.
 */
#define DEFINE_FORM(name, clear_insn, set_insn)                        \
	static void test_##name(void)                                  \
	{                                                              \
		struct fault fault;                                    \
		pte_t before;                                          \
                                                                       \
		reset();                                               \
		before = pte_read(table_window);                       \
		TRY_ASM(&fault, clear_insn,                            \
			:                                              \
			: "D"(good), "S"(LO32(*good & ~PTE_RW))        \
			: "eax", "ebx", "ecx", "edx", "memory", "cc"); \
		check_window(&fault, false, clear_insn);               \
		TRY_ASM(&fault, set_insn,                              \
			:                                              \
			: "D"(good), "S"(LO32(*good | PTE_RW))         \
			: "eax", "ebx", "ecx", "edx", "memory", "cc"); \
		check_window(&fault, true, set_insn);                  \
		TRY_ASM(&fault, set_insn,                              \
			:                                              \
			: "D"(hostile), "S"(LO32(*hostile | PTE_RW))   \
			: "eax", "ebx", "ecx", "edx", "memory", "cc"); \
		check_refused(&fault, hostile, before, set_insn);      \
	}

DEFINE_FORM(mov, "movl %1, (%0)", "movl %1, (%0)")
DEFINE_FORM(and_or, "andl $~2, (%0)", "orl $2, (%0)")
DEFINE_FORM(lock_and_or, "lock andl $~2, (%0)", "lock orl $2, (%0)")
DEFINE_FORM(byte_and_or, "andb $~2, (%0)", "orb $2, (%0)")
DEFINE_FORM(lock_byte_and_or, "lock andb $~2, (%0)", "lock orb $2, (%0)")
DEFINE_FORM(and_or_register, "movl $~2, %%eax; andl %%eax, (%0)", "movl $2, %%eax; orl %%eax, (%0)")
DEFINE_FORM(xor, "xorl $2, (%0)", "xorl $2, (%0)")
DEFINE_FORM(bit_immediate, "btrl $1, (%0)", "btsl $1, (%0)")
DEFINE_FORM(lock_bit_immediate, "lock btrl $1, (%0)", "lock btsl $1, (%0)")
DEFINE_FORM(bit_register, "movl $1, %%eax; btrl %%eax, (%0)", "movl $1, %%eax; btsl %%eax, (%0)")
DEFINE_FORM(lock_bit_register, "movl $1, %%eax; lock btrl %%eax, (%0)",
	    "movl $1, %%eax; lock btsl %%eax, (%0)")
DEFINE_FORM(bit_complement, "btcl $1, (%0)", "lock btcl $1, (%0)")
DEFINE_FORM(xchg, "movl %1, %%eax; xchgl %%eax, (%0)", "movl %1, %%eax; xchgl %%eax, (%0)")
DEFINE_FORM(cmpxchg, "movl (%0), %%eax; cmpxchgl %1, (%0)",
	    "movl (%0), %%eax; lock cmpxchgl %1, (%0)")
DEFINE_FORM(cmpxchg8b,
	    "movl (%0), %%eax; movl 4(%0), %%edx; movl %1, %%ebx; movl %%edx, %%ecx; cmpxchg8b (%0)",
	    "movl (%0), %%eax; movl 4(%0), %%edx; movl %1, %%ebx; movl %%edx, %%ecx; "
	    "lock cmpxchg8b (%0)")

/* --- Results besides the write --- */

static void test_results(void)
{
	uint32_t before, eax, edx;
	uint8_t carry, zero;

	reset();
	before = *good;
	__asm__ __volatile__("lock btrl $1, (%1); setc %0"
			     : "=q"(carry)
			     : "r"(good)
			     : "memory", "cc");
	CHECK_EQ(carry, 1, "CF of btr on a set bit");
	__asm__ __volatile__("lock btrl $1, (%1); setc %0"
			     : "=q"(carry)
			     : "r"(good)
			     : "memory", "cc");
	CHECK_EQ(carry, 0, "CF of btr on a clear bit");
	eax = before;
	__asm__ __volatile__("xchgl %0, (%1)" : "+r"(eax) : "r"(good) : "memory");
	CHECK_EQ(eax, before & ~PTE_RW, "old value from xchg");
	eax = 0x123;
	__asm__ __volatile__("cmpxchgl %3, (%2); setz %1"
			     : "+a"(eax), "=q"(zero)
			     : "r"(good), "r"(0)
			     : "memory", "cc");
	CHECK(!zero && eax == *good, "failing cmpxchg: ZF %u, eax 0x%x", zero, eax);
	eax = edx = 0x456;
	__asm__ __volatile__("lock cmpxchg8b (%3); setz %2"
			     : "+a"(eax), "+d"(edx), "=q"(zero)
			     : "r"(good), "b"(0), "c"(0)
			     : "memory", "cc");
	CHECK(!zero && eax == good[0] && edx == good[1], "failing cmpxchg8b: ZF %u", zero);
	reset();
}

/* Clearing as PAE kernels do: first the low word, then the high one. */
static void test_clear_by_halves(void)
{
	reset();
	good[0] = 0;
	good[1] = 0;
	CHECK_EQ(pte_read(window), 0, "entry");
	reset();
}

/* Setting as PAE kernels do: first the high word of an empty entry, then the low one. */
static void test_set_by_halves(void)
{
	pte_t pte = mfn_pte(va_to_mfn(window), PTE_KERNEL_RW) | PTE_AVAIL;

	reset();
	good[0] = 0;
	good[1] = HI32(pte);
	good[0] = LO32(pte);
	CHECK_EQ(pte_read(window), pte, "entry");
	reset();
}

/*
 * The high word of a present entry gets a frame that cannot be mapped: the hypervisor takes this
 * for the two writes in the wrong order and clears the present bit, or refuses.
 */
static void test_high_half_first(void)
{
	struct fault fault;

	reset();
	TRY_ASM(&fault, "movl $0x000fff00, 4(%0)", : : "r"(good) : "memory");
	CHECK(fault.vector == X86_PF || !(*good & PTE_P), "entry is now 0x%llx", pte_read(window));
	good[0] = 0;
	reset();
}

/* --- What is never emulated --- */

static void test_misaligned(void)
{
	struct fault fault;
	pte_t before;

	reset();
	before = pte_read(window);
	TRY_ASM(&fault, "movl $0, 2(%0)", : : "r"(good) : "memory");
	check_fault_error(&fault, X86_PF, WRITE_FAULT, "a word across the middle");
	TRY_ASM(&fault, "lock cmpxchg8b 4(%0)",
		:
		: "r"(good), "a"(good[1]), "d"(good[2]), "b"(0), "c"(0)
		: "memory", "cc");
	check_fault_error(&fault, X86_PF, WRITE_FAULT, "cmpxchg8b across two entries");
	CHECK_EQ(pte_read(window), before, "entry");
}

static void test_upper_levels(void)
{
	uint32_t *l2e = (uint32_t *)pte_find(VIRT_BASE, 2);
	struct fault fault;

	/* What leaves the entry as it is passes, as GNU Mach needs it. */
	TRY_ASM(&fault, "movl %1, (%0)", : : "r"(l2e), "r"(*l2e) : "memory");
	check_no_fault(&fault, "a level-2 entry onto itself");
	TRY_ASM(&fault, "andl $~2, (%0)", : : "r"(pte_find(VIRT_BASE, 2)) : "memory", "cc");
	check_fault_error(&fault, X86_PF, WRITE_FAULT, "a level-2 entry");
	TRY_ASM(&fault, "orl $0x200, (%0)", : : "r"(mm_top_table() + 3) : "memory", "cc");
	check_fault_error(&fault, X86_PF, WRITE_FAULT, "a level-3 entry");
}

static void test_ordinary_page(void)
{
	char *page = page_alloc();
	struct fault fault;

	CHECK_EQ(page_protect(page, PTE_KERNEL_RO), 0, "read-only");
	TRY_ASM(&fault, "movl $1, (%0)", : : "r"(page) : "memory");
	check_fault_error(&fault, X86_PF, WRITE_FAULT, "a read-only page that is no table");
	CHECK_EQ(page[0], 0, "its content");
	page_protect(page, PTE_KERNEL_RW);
	page_free(page);
}

/* A table that only a pin makes one. */
static void test_pinned_table(void)
{
	uint32_t *table = page_alloc();
	struct fault fault;

	CHECK_EQ(page_protect(table, PTE_KERNEL_RO), 0, "read-only");
	CHECK_EQ(table_pin(table, 1), 0, "pin");
	TRY_ASM(&fault, "movl %1, 8(%0)",
		:
		: "r"(table), "r"(LO32(mfn_pte(va_to_mfn(window), PTE_KERNEL_RW)))
		: "memory");
	check_no_fault(&fault, "a good entry");
	TRY_ASM(&fault, "movl %1, 8(%0)",
		:
		: "r"(table), "r"(LO32(mfn_pte(va_to_mfn(table), PTE_KERNEL_RW)))
		: "memory");
	check_fault_error(&fault, X86_PF, WRITE_FAULT, "the table itself, writable");
	CHECK_EQ(table_unpin(table), 0, "unpin");
	page_protect(table, PTE_KERNEL_RW);
	page_free(table);
}

/* Ring 3 may see a table, but writes to it are its own fault. */
static uint32_t __user_code user_store(uint32_t address)
{
	*(volatile uint32_t *)address = 0;
	return 0;
}

static void test_from_user(void)
{
	struct fault exit;
	pte_t before;

	reset();
	before = pte_read(window);
	CHECK_EQ(mm_map(table_window, mfn_pte(va_to_mfn((void *)(PTR32(good) & PAGE_MASK)),
					      PTE_KERNEL_RO | PTE_US)),
		 0, "user mapping");
	user_call(user_store, PTR32(table_window) + (PTR32(good) & ~PAGE_MASK), &exit);
	check_fault_error(&exit, X86_PF, WRITE_FAULT | PF_USER, "a write of ring 3");
	CHECK_EQ(pte_read(window), before, "entry");
	reset();
}

/* The write goes through any read-only mapping of the table, not just the kernel map's. */
static void test_alias(void)
{
	volatile uint32_t *alias;
	struct fault fault;

	reset();
	alias = (void *)(PTR32(table_window) + (PTR32(good) & ~PAGE_MASK));
	TRY_ASM(&fault, "andl $~2, (%0)", : : "r"(alias) : "memory", "cc");
	check_window(&fault, false, "and through an alias");
	reset();
}

static const struct test_case cases[] = {
	{ "ptwr.mov", test_mov },
	{ "ptwr.and_or", test_and_or },
	{ "ptwr.lock_and_or", test_lock_and_or },
	{ "ptwr.byte_and_or", test_byte_and_or },
	{ "ptwr.lock_byte_and_or", test_lock_byte_and_or },
	{ "ptwr.and_or_register", test_and_or_register },
	{ "ptwr.xor", test_xor },
	{ "ptwr.bit_immediate", test_bit_immediate },
	{ "ptwr.lock_bit_immediate", test_lock_bit_immediate },
	{ "ptwr.bit_register", test_bit_register },
	{ "ptwr.lock_bit_register", test_lock_bit_register },
	{ "ptwr.bit_complement", test_bit_complement },
	{ "ptwr.xchg", test_xchg },
	{ "ptwr.cmpxchg", test_cmpxchg },
	{ "ptwr.cmpxchg8b", test_cmpxchg8b },
	{ "ptwr.results", test_results },
	{ "ptwr.clear_by_halves", test_clear_by_halves },
	{ "ptwr.set_by_halves", test_set_by_halves },
	{ "ptwr.high_half_first", test_high_half_first },
	{ "ptwr.misaligned", test_misaligned },
	{ "ptwr.upper_levels", test_upper_levels },
	{ "ptwr.ordinary_page", test_ordinary_page },
	{ "ptwr.pinned_table", test_pinned_table },
	{ "ptwr.from_user", test_from_user },
	{ "ptwr.alias", test_alias },
};

int main(void)
{
	setup();
	return test_run(cases, ARRAY_SIZE(cases));
}
