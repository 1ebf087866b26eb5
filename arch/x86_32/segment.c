/* SPDX-License-Identifier: MIT */
/*
 * What a guest's selector stands for, for code that acts in a guest's place (emulate.c). Reads the
 * frames that hold the tables, which only hold checked descriptors, and not the window through
 * which the processor sees them.
 */
#include "arch/x86_32/descriptor.h"

#include "arch/x86_32/arch.h"
#include "core/domain.h"
#include "core/lock.h"

#define DESCRIPTORS_PER_PAGE (PAGE_SIZE / 8)

/*
 * As the reserved page of the GDT has them (arch/x86_32/tables.c): base 0, up to GUEST_SEGMENT_END.
 */
static uint64_t flat_descriptor(uint32_t type, uint32_t dpl)
{
	uint32_t high = DESC_GRANULARITY | DESC_BIG | DESC_PRESENT | DESC_NOT_SYSTEM |
			DESC_ACCESSED | DESC_WRITABLE;

	high |= type | dpl << DESC_DPL_SHIFT;
	return descriptor_with_raw_limit((uint64_t)high << 32,
					 (GUEST_SEGMENT_END >> PAGE_SHIFT) - 1);
}

static bool reserved_descriptor(uint16_t selector, uint64_t *descriptor)
{
	switch (selector | SELECTOR_RPL) {
	case FLAT_RING1_CS | SELECTOR_RPL:
		*descriptor = flat_descriptor(DESC_CODE, 1);
		return true;
	case FLAT_RING1_DS | SELECTOR_RPL:
		*descriptor = flat_descriptor(0, 1);
		return true;
	case FLAT_RING3_CS | SELECTOR_RPL:
		*descriptor = flat_descriptor(DESC_CODE, 3);
		return true;
	case FLAT_RING3_DS | SELECTOR_RPL:
		*descriptor = flat_descriptor(0, 3);
		return true;
	default:
		return false;
	}
}

/*
 * The frame that holds entry `index` of the table chosen by the selector; INVALID_MFN when there is
 * none.
 */
static mfn_t table_frame(struct vcpu *v, uint16_t selector)
{
	uint32_t index = selector >> 3, page;

	if (selector & SELECTOR_LDT) {
		if (index >= v->arch.ldt_entries)
			return INVALID_MFN;
		page = index_nospec(index / DESCRIPTORS_PER_PAGE, GUEST_LDT_PAGES);
		if (v->arch.ldt_frame[page] == INVALID_MFN && !ldt_fault(v, page * PAGE_SIZE))
			return INVALID_MFN;
		return v->arch.ldt_frame[page];
	}
	if (index >= v->arch.gdt_entries)
		return INVALID_MFN;
	return v->arch.gdt_frame[index_nospec(index / DESCRIPTORS_PER_PAGE, GUEST_GDT_FRAMES)];
}

bool segment_descriptor(struct vcpu *v, uint16_t selector, uint64_t *descriptor)
{
	const uint64_t *table;
	mfn_t frame;

	if (!(selector & ~SELECTOR_RPL))
		return false;
	if (!(selector & SELECTOR_LDT) && selector >> 3 >= FIRST_RESERVED_GDT_ENTRY)
		return reserved_descriptor(selector, descriptor);
	frame = table_frame(v, selector);
	if (frame == INVALID_MFN)
		return false;
	table = frame_map(frame);
	*descriptor = table[(selector >> 3) % DESCRIPTORS_PER_PAGE];
	frame_unmap(table);
	return true;
}

void segment_store_descriptor(struct vcpu *v, uint16_t selector, uint64_t descriptor)
{
	mfn_t frame = table_frame(v, selector);
	uint64_t *table;

	if (frame == INVALID_MFN || !arch_descriptor_check(&descriptor))
		return;
	table = frame_map(frame);
	store64_atomic(&table[(selector >> 3) % DESCRIPTORS_PER_PAGE], descriptor);
	frame_unmap(table);
}

static bool type_fits(uint32_t high, enum segment_access access)
{
	bool code = high & DESC_CODE, writable = high & DESC_WRITABLE;

	if ((high & (DESC_PRESENT | DESC_NOT_SYSTEM)) != (DESC_PRESENT | DESC_NOT_SYSTEM))
		return false;
	if (access == SEGMENT_EXECUTE)
		return code;
	if (access == SEGMENT_WRITE)
		return !code && writable;
	return !code || writable;
}

bool segment_linear(uint64_t descriptor, uint32_t offset, uint32_t size, enum segment_access access,
		    gva_t *linear)
{
	uint32_t high = (uint32_t)(descriptor >> 32);
	uint32_t limit = descriptor_raw_limit(descriptor);
	uint32_t last = offset + (size - 1);

	if (!type_fits(high, access) || last < offset)
		return false;
	if (high & DESC_GRANULARITY)
		limit = limit << PAGE_SHIFT | (PAGE_SIZE - 1);
	if ((high & (DESC_CODE | DESC_EXPAND_DOWN)) == DESC_EXPAND_DOWN) {
		if (offset <= limit || last > (high & DESC_BIG ? UINT32_MAX : UINT16_MAX))
			return false;
	} else if (last > limit) {
		return false;
	}
	*linear = descriptor_base(descriptor) + offset;
	return true;
}
