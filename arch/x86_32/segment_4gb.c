/* SPDX-License-Identifier: MIT */
/*
 * VMASST_TYPE_4gb_segments (<xen/xen.h>): user programs that address thread-local data at negative
 * offsets from gs, through a segment of base B and 4 GiB. Such a segment had to be truncated at the
 * hypervisor, so either the part above its base is reachable (expand-up) or the part below (expand-
 * down); an access to the other half faults, comes here, and turns the segment round. One fault for
 * each change of sides, which is why the C library has a variant that avoids them.
 *
 * Only what Xen helps with: ring 3, 32-bit code, instructions with a gs override and a memory
 * operand.
 */
#include "arch/x86_32/emulate.h"

#include "arch/x86_32/bounce.h"
#include "arch/x86_32/emulate_internal.h"
#include "arch/x86_32/segreg.h"
#include "arch/x86_32/trapnr.h"

/* Turns a truncated 4 GiB data segment round when `offset` is in its other half. */
static bool flip(uint64_t *descriptor, uint32_t offset)
{
	const uint32_t wanted = DESC_PRESENT | DESC_NOT_SYSTEM | DESC_BIG | DESC_GRANULARITY |
				DESC_DPL;
	uint32_t high = (uint32_t)(*descriptor >> 32);
	uint32_t base = descriptor_base(*descriptor);
	uint32_t size = (descriptor_raw_limit(*descriptor) + 1) << PAGE_SHIFT;

	if ((high & (wanted | DESC_CODE)) != wanted)
		return false;
	if (high & DESC_EXPAND_DOWN) {
		if (base + size >= PAGE_SIZE || offset >= size)
			return false;
		size = GUEST_SEGMENT_END - base;
	} else {
		if (GUEST_SEGMENT_END - (base + size) >= PAGE_SIZE || offset < size)
			return false;
		size = -(base & PAGE_MASK);
	}
	*descriptor = descriptor_with_raw_limit(*descriptor, (size >> PAGE_SHIFT) - 1);
	*descriptor ^= (uint64_t)DESC_EXPAND_DOWN << 32;
	return true;
}

/* The processor keeps what it loaded: the selectors are loaded again. */
static void reload_segments(void)
{
	uint32_t fs, gs;

	segreg_read_fs_gs(&fs, &gs);
	(void)segreg_load_fs_gs(fs, gs);
}

static void notify(struct vcpu *v, unsigned length)
{
	if (vm_assist_on(v->domain, VMASST_TYPE_4gb_segments_notify) &&
	    v->arch.trap[TRAP_SPURIOUS].address)
		bounce_notify(v, TRAP_SPURIOUS, length);
}

bool segment_4gb_fixup(struct vcpu *v, struct trap_frame *f)
{
	struct code_bytes code;
	struct insn_regs regs;
	struct insn in;
	uint64_t descriptor;
	uint32_t offset;
	uint16_t gs;

	if (!vm_assist_on(v->domain, VMASST_TYPE_4gb_segments) || (f->cs & SELECTOR_RPL) != 3)
		return false;
	if (!code_fetch(v, f, &code) || !code.code32)
		return false;
	switch (insn_decode_gs_operand(&in, code.bytes, code.n)) {
	case INSN_OK:
		break;
	case INSN_NEEDS_MORE:
		return code_page_fault(v, f, &code);
	default:
		return false;
	}
	insn_regs_load(&regs, f);
	offset = insn_effective_offset(&in, &regs);
	gs = segment_selector(f, INSN_GS);
	if (!(gs & SELECTOR_LDT) && gs >> 3 >= FIRST_RESERVED_GDT_ENTRY)
		return false;
	if (!segment_descriptor(v, gs, &descriptor) || !flip(&descriptor, offset))
		return false;
	segment_store_descriptor(v, gs, descriptor);
	reload_segments();
	v->arch.segment_flips++;
	notify(v, in.length);
	return true;
}
