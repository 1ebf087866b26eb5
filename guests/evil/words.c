/* SPDX-License-Identifier: MIT */
/*
 * Hostile arguments.  They may name the hypervisor, holes, read-only pages, page tables and a set
 * of expendable pages, but nothing that this guest itself needs: a call that succeeds must not end
 * it. Expendable pages are never touched by the guest; buffers are never offered as frames.
 */
#include "guests/evil/evil.h"
#include "guests/pvrt/pvrt.h"

#define NR_EXPENDABLE 24
#define BUFFER_PAGES 2
#define BUFFER_WORDS (BUFFER_PAGES * PAGE_SIZE / sizeof(uint32_t))

static char *expendable;
static unsigned long frames[NR_EXPENDABLE];
static uint64_t entries[NR_EXPENDABLE];
static uint64_t private_entry; /* the hypervisor's first level-2 entry */
static uint32_t *buffer;

void words_init(void)
{
	unsigned int i;

	/*
	 * All looked up now: the calls may spoil the machine-to-physical entries of any own frame.
	 */
	private_entry = pte_maddr(HYPERVISOR_VIRT_START, 2);
	expendable = page_alloc_run(NR_EXPENDABLE);
	buffer = page_alloc_run(BUFFER_PAGES + 1);
	BUG_ON(mm_map((char *)buffer + BUFFER_PAGES * PAGE_SIZE, 0)); /* a hole behind it */
	for (i = 0; i < NR_EXPENDABLE; i++) {
		void *page = expendable + i * PAGE_SIZE;

		memset(page, 0, PAGE_SIZE);
		frames[i] = va_to_mfn(page);
		entries[i] = pte_maddr(PTR32(page), 1);
		/* Half of them can become tables or descriptor pages at once. */
		if (i & 1)
			BUG_ON(page_protect(page, PTE_KERNEL_RO));
	}
}

/* A random word that is no address of the kernel map and no frame of this guest. */
static uint32_t harmless_word(void)
{
	uint32_t word = random_next();

	return random_below(2) ? word | 0xff000000 : word & 0x3f;
}

uint32_t word_bad_pointer(void)
{
	static const uint32_t pointers[] = {
		0,
		1,
		8,
		0x1000,
		HYPERVISOR_VIRT_START,
		HYPERVISOR_VIRT_START - 4,
		MACH2PHYS_VIRT_END,
		MACH2PHYS_VIRT_END - 4,
		0xf8000000,
		0xffc00000,
		0xffbffffc,
		0xfffff000,
		0xfffffffc,
		0xffffffff,
		0x80000000,
	};

	return pointers[random_below(ARRAY_SIZE(pointers))];
}

/* A buffer refilled with words; now and then so close to the hole behind it that it runs over. */
uint32_t word_buffer(void)
{
	uint32_t at = random_below(BUFFER_WORDS - 64);
	unsigned int i;

	if (!random_below(8))
		return PTR32(buffer + BUFFER_WORDS) - random_below(40);
	for (i = 0; i < 48; i++)
		buffer[at + i] = word_any();
	return PTR32(buffer + at);
}

uint32_t word_frame(void)
{
	const struct start_info *si = start_info;

	switch (random_below(8)) {
	case 0:
		return random_below(0x20) | (random_below(2) ? 0xfffe0 : 0x7ffffe0);
	case 1:
		return m2p_entries + random_below(3);
	case 2:
		return va_to_mfn((char *)si->pt_base + random_below(si->nr_pt_frames) * PAGE_SIZE);
	case 3:
		return random_below(0x100); /* low memory */
	default:
		return frames[random_below(NR_EXPENDABLE)];
	}
}

uint64_t word_entry(void)
{
	unsigned int slot = 1 + random_below(5);

	switch (random_below(6)) {
	case 0: /* of the top-level table, except the one that maps this kernel */
		slot += slot == 3;
		return ((uint64_t)va_to_mfn(mm_top_table()) << PAGE_SHIFT) + slot * sizeof(pte_t);
	case 1: /* of the hypervisor's part */
		return private_entry +
		       random_below(ENTRIES_PER_TABLE - table_index(HYPERVISOR_VIRT_START, 2)) *
			       sizeof(pte_t);
	case 2: /* of a page that may or may not be a table */
		return ((uint64_t)frames[random_below(NR_EXPENDABLE)] << PAGE_SHIFT) +
		       random_below(ENTRIES_PER_TABLE) * sizeof(pte_t);
	case 3:
		return (uint64_t)harmless_word() << 32 | 0xff000000;
	default:
		return entries[random_below(NR_EXPENDABLE)];
	}
}

uint64_t word_pte(void)
{
	static const pte_t odd[] = { 0,	      PTE_PSE, PTE_G,	   PTE_PCD,
				     PTE_PWT, PTE_NX,  1ULL << 52, 1ULL << 62 };
	pte_t flags = random_below(16) ? PTE_P : 0;

	flags |= random_next() & (PTE_RW | PTE_US | PTE_A | PTE_D | PTE_AVAIL);
	if (!random_below(4))
		flags |= odd[random_below(ARRAY_SIZE(odd))];
	if (!random_below(16))
		return (uint64_t)harmless_word() << 32 | 0xfffff000u | flags;
	return mfn_pte(word_frame(), flags);
}

uint32_t word_address(void)
{
	if (!random_below(4))
		return word_bad_pointer();
	return PTR32(expendable + random_below(NR_EXPENDABLE) * PAGE_SIZE) + random_below(16);
}

uint32_t word_any(void)
{
	static const uint32_t numbers[] = { 0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xffffffff, 0x7ff0 };

	switch (random_below(8)) {
	case 0:
	case 1:
		return numbers[random_below(ARRAY_SIZE(numbers))];
	case 2:
		return word_bad_pointer();
	case 3:
		return PTR32(buffer + random_below(BUFFER_WORDS));
	case 4:
		return word_frame();
	case 5:
		return word_address();
	case 6:
		return random_below(64);
	default:
		return harmless_word();
	}
}
