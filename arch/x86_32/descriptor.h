/* SPDX-License-Identifier: MIT */
/*
 * Segment descriptors: their bits (SDM vol. 3, 3.4.5 and 5.8.3), and what a guest's selector stands
 * for.
 */
#pragma once

#include "core/types.h"

struct vcpu;

/* The high word of a descriptor. */
#define DESC_ACCESSED 0x00000100u
#define DESC_WRITABLE 0x00000200u    /* data; in code: readable */
#define DESC_EXPAND_DOWN 0x00000400u /* data; in code: conforming */
#define DESC_CODE 0x00000800u
#define DESC_TYPE 0x00000f00u
#define DESC_NOT_SYSTEM 0x00001000u
#define DESC_DPL 0x00006000u
#define DESC_DPL_SHIFT 13
#define DESC_PRESENT 0x00008000u
#define DESC_LONG 0x00200000u
#define DESC_BIG 0x00400000u	     /* 32-bit */
#define DESC_GRANULARITY 0x00800000u /* limit in pages */

#define DESC_TYPE_CALL_GATE 0x00000c00u
#define DESC_GATE_RESERVED 0x000000e0u

/* Bits of a selector. */
#define SELECTOR_RPL 3u
#define SELECTOR_LDT 4u
#define GUEST_KERNEL_RPL 1u

static inline uint32_t descriptor_base(uint64_t descriptor)
{
	uint32_t low = (uint32_t)descriptor, high = (uint32_t)(descriptor >> 32);

	return low >> 16 | (high & 0xff) << 16 | (high & 0xff000000);
}

/* As stored: in bytes, or in pages when DESC_GRANULARITY is set. */
static inline uint32_t descriptor_raw_limit(uint64_t descriptor)
{
	return ((uint32_t)descriptor & 0xffff) | ((uint32_t)(descriptor >> 32) & 0xf0000);
}

static inline uint64_t descriptor_with_raw_limit(uint64_t descriptor, uint32_t limit)
{
	return (descriptor & ~0x000f00000000ffffull) | (limit & 0xffff) |
	       (uint64_t)(limit & 0xf0000) << 32;
}

/* ---- segment.c: selectors of a vCPU; the running one's, or one that is not on a CPU ---- */

/*
 * The descriptor that `selector` names in v's tables, or a flat one of the hypervisor's that guests
 * may use. False: the null selector, out of range, one of the hypervisor's own, or an LDT page that
 * is not usable.
 */
bool segment_descriptor(struct vcpu *v, uint16_t selector, uint64_t *descriptor) MUST_CHECK;

/* Replaces it in the table; only what arch_descriptor_check() lets pass. */
void segment_store_descriptor(struct vcpu *v, uint16_t selector, uint64_t descriptor);

enum segment_access { SEGMENT_READ, SEGMENT_WRITE, SEGMENT_EXECUTE };

/*
 * Linear address of [offset, offset + size) in the segment: present, of a fitting type, within the
 * limit. size > 0. False where the processor would refuse.
 */
bool segment_linear(uint64_t descriptor, uint32_t offset, uint32_t size, enum segment_access access,
		    gva_t *linear) MUST_CHECK;

/* ---- ldt.c: a guest's LDT, mapped page by page into the switcher's window when first used ---- */

/*
 * Maps the page at `offset` of v's LDT. True: try again. False: the guest's LDT has no usable page
 * there.
 */
bool ldt_fault(struct vcpu *v, uint32_t offset);
/* Drops all that is mapped: the LDT, or the address space that holds it, changed. */
void ldt_drop(struct vcpu *v);

/* ---- gdt.c ---- */
/*
 * Makes frames[0 .. DIV_ROUND_UP(entries, 512) - 1] v's GDT, of which `entries` descriptors count;
 * all or nothing. v is current or not on a CPU. 0 or -EINVAL.
 */
int gdt_set(struct vcpu *v, const mfn_t *frames, uint32_t entries) MUST_CHECK;
/* Leaves v without one. */
void gdt_drop(struct vcpu *v);
