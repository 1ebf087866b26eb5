/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors and selectors a guest may use. In segment mode this file is what protects the
 * hypervisor from ring 1:
 *
 *   - no descriptor that passes has privilege level 0, nor is it a gate to one;
 *   - no byte that it can reach lies at or above GUEST_SEGMENT_END;
 *   - its accessed bit is set, as the tables are read-only to the processor while a guest runs.
 *
 * The rules and what is adjusted instead of refused are those of Xen's update_descriptor and
 * set_gdt; bits: SDM vol. 3, 3.4.5, 5.8.3. Host-built tests try them: tests/unit/test_descriptor.c.
 */
#include "arch/x86_32/descriptor.h"

#include "arch/x86_32/arch.h"

_Static_assert(HV_CS >> 3 >= FIRST_RESERVED_GDT_ENTRY,
	       "the hypervisor's selectors lie behind the guest's");

/*
 * Interrupt, trap and task gates belong in an IDT, task states and LDTs to the hypervisor: only
 * call gates remain.
 */
static bool check_gate(uint64_t *descriptor)
{
	uint32_t high = (uint32_t)(*descriptor >> 32);
	uint16_t selector = arch_fix_selector((uint16_t)(*descriptor >> 16));

	if ((high & DESC_TYPE) != DESC_TYPE_CALL_GATE)
		return false;
	if (!arch_code_selector_ok(selector) || (high & DESC_GATE_RESERVED))
		return false;
	*descriptor = (*descriptor & ~0xffff0000ull) | (uint32_t)selector << 16;
	return true;
}

/*
 * Gives the segment the `bytes` below its end (or, if it expands down, above its start); a byte-
 * granular segment cannot say that exactly and is refused. bytes == 0 in a segment that expands
 * down leaves it no access at all.
 */
static bool truncate_limit(uint64_t *descriptor, uint32_t bytes)
{
	if (!(*descriptor >> 32 & DESC_GRANULARITY))
		return false;
	*descriptor = descriptor_with_raw_limit(*descriptor, (bytes >> PAGE_SHIFT) - 1);
	return true;
}

static bool check_limit(uint64_t *descriptor)
{
	uint32_t high = (uint32_t)(*descriptor >> 32);
	uint32_t base = descriptor_base(*descriptor);
	uint32_t size = descriptor_raw_limit(*descriptor) + 1; /* 0: 4 GiB, after the shift */

	/* A page at least must fit below the end, so that truncation leaves something to say. */
	if (base >= GUEST_SEGMENT_END - PAGE_SIZE)
		return false;
	if (high & DESC_GRANULARITY)
		size <<= PAGE_SHIFT;

	if ((high & (DESC_CODE | DESC_EXPAND_DOWN)) == DESC_EXPAND_DOWN) {
		/*
		 * From base + size up, round through zero, to base: it must start behind the wrap,
		 * or be empty.
		 */
		if (base + size > base)
			return truncate_limit(descriptor, -(base & PAGE_MASK));
		return true;
	}
	if (base + size <= base || base + size > GUEST_SEGMENT_END)
		return truncate_limit(descriptor, GUEST_SEGMENT_END - base);
	return true;
}

bool arch_descriptor_check(uint64_t *descriptor)
{
	uint32_t high = (uint32_t)(*descriptor >> 32);

	if (!(high & DESC_PRESENT))
		return true; /* any use faults */

	if (!(high & DESC_DPL))
		*descriptor |= (uint64_t)GUEST_KERNEL_RPL << (DESC_DPL_SHIFT + 32);
	if (!(high & DESC_NOT_SYSTEM))
		return check_gate(descriptor);

	*descriptor |= (uint64_t)DESC_ACCESSED << 32;
	*descriptor &= ~((uint64_t)DESC_LONG << 32);
	return check_limit(descriptor);
}

bool arch_code_selector_ok(uint16_t selector)
{
	return (selector & SELECTOR_LDT) || selector >> 3 < FIRST_RESERVED_GDT_ENTRY ||
	       selector == FLAT_KERNEL_CS;
}

uint16_t arch_fix_selector(uint16_t selector)
{
	return selector & SELECTOR_RPL ? selector : selector | GUEST_KERNEL_RPL;
}
