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

/*
 * Opcodes with a ModRM byte, a bit each (SDM vol. 2, appendix A); of the second map all but a few
 * have one.
 */
static const uint32_t modrm_one_byte[8] = {
	0x0f0f0f0f, /* 00 */
	0x0f0f0f0f, /* 20 */
	0x00000000, /* 40 */
	0x00000a00, /* 60: imul */
	0x0000dfff, /* 80: but lea */
	0x00000000, /* a0 */
	0xff0f00c3, /* c0: shifts, mov, floating point */
	0xc0c00000, /* e0: groups 3 to 5 */
};
static const uint32_t no_modrm_two_byte[8] = {
	0x00005ff0,		/* 00: system instructions */
	0xffff000f,		/* 20: control registers; 30: MSRs and the third maps */
	0x00000000, 0x00800000, /* 77: emms */
	0x0000ffff,		/* 80: jumps */
	0x00000707,		/* a0: push, pop, cpuid */
	0x0000ff00,		/* c8: bswap */
	0x00000000,
};

static bool has_bit(const uint32_t map[8], uint8_t opcode)
{
	return map[opcode / 32] >> opcode % 32 & 1;
}

struct reader {
	const struct code_bytes *code;
	unsigned at;
	bool end; /* read past what could be fetched */
};

static uint8_t take(struct reader *r)
{
	if (r->at >= r->code->n) {
		r->end = true;
		return 0;
	}
	return r->code->bytes[r->at++];
}

static uint32_t take32(struct reader *r)
{
	uint32_t value = take(r);

	value |= (uint32_t)take(r) << 8;
	value |= (uint32_t)take(r) << 16;
	return value | (uint32_t)take(r) << 24;
}

/* Prefixes up to the opcode. False: no gs override, or one that is not helped with. */
static bool take_prefixes(struct reader *r, uint8_t *opcode)
{
	bool gs = false;

	for (;;) {
		*opcode = take(r);
		switch (*opcode) {
		case 0x65:
			gs = true;
			break;
		case 0x66:
		case 0xf0:
		case 0xf2:
		case 0xf3:
			break;
		case 0x67:
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
			return false;
		default:
			return gs;
		}
		if (r->end)
			return gs;
	}
}

static bool take_modrm_offset(struct reader *r, const struct insn_regs *regs, uint32_t *offset)
{
	uint8_t modrm = take(r), mod = modrm >> 6, base = modrm & 7;

	*offset = 0;
	if (mod == 3)
		return false;
	if (base == 4) {
		uint8_t sib = take(r), index = sib >> 3 & 7;

		base = sib & 7;
		if (index != INSN_ESP)
			*offset = regs->gpr[index] << (sib >> 6);
	}
	if (mod == 0 && base == INSN_EBP)
		*offset += take32(r);
	else
		*offset += regs->gpr[base];
	if (mod == 1)
		*offset += (uint32_t)(int8_t)take(r);
	else if (mod == 2)
		*offset += take32(r);
	return true;
}

/* Offset of the gs operand; r->at is behind it, r->end tells when the code ended before. */
static bool find_offset(struct reader *r, const struct insn_regs *regs, uint32_t *offset)
{
	uint8_t opcode;

	if (!take_prefixes(r, &opcode))
		return false;
	if (opcode >= 0xa0 && opcode <= 0xa3) {
		*offset = take32(r);
		return true;
	}
	if (opcode == 0x0f) {
		opcode = take(r);
		if (has_bit(no_modrm_two_byte, opcode))
			return false;
	} else if (!has_bit(modrm_one_byte, opcode)) {
		return false;
	}
	return take_modrm_offset(r, regs, offset);
}

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
	struct reader r = { .code = &code };
	uint64_t descriptor;
	uint32_t offset;
	uint16_t gs;

	if (!vm_assist_on(v->domain, VMASST_TYPE_4gb_segments) || (f->cs & SELECTOR_RPL) != 3)
		return false;
	if (!code_fetch(v, f, &code) || !code.code32)
		return false;
	insn_regs_load(&regs, f);
	if (!find_offset(&r, &regs, &offset))
		return false;
	if (r.end && code.page_fault)
		code_page_fault(v, f, code.next);
	if (r.end)
		return code.page_fault;
	gs = segment_selector(f, INSN_GS);
	if (!(gs & SELECTOR_LDT) && gs >> 3 >= FIRST_RESERVED_GDT_ENTRY)
		return false;
	if (!segment_descriptor(v, gs, &descriptor) || !flip(&descriptor, offset))
		return false;
	segment_store_descriptor(v, gs, descriptor);
	reload_segments();
	v->arch.segment_flips++;
	notify(v, r.at);
	return true;
}
