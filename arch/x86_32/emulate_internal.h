/* SPDX-License-Identifier: MIT */
/*
 * What the files of the emulator share: the instruction that faulted, fetched once, and the
 * registers to work on.
 */
#pragma once

#include "arch/x86_32/descriptor.h"
#include "arch/x86_32/insn.h"
#include "core/domain.h"

/* The bytes at cs:eip, as many as the segment and the guest's mappings hold. */
struct code_bytes {
	uint8_t bytes[INSN_MAX_LENGTH];
	unsigned n;
	bool code32;
	bool page_fault; /* ... and the next byte is at `next`, which is not readable */
	gva_t next;
};

/* One instruction in the making. */
struct emulation {
	struct vcpu *v;
	struct trap_frame *f;
	struct insn in;
	struct insn_regs regs; /* the frame's; written back by emulation_commit() */
	uint32_t debug_status; /* DR6 bits of what the instruction hit */
};

/* False: cs:eip is nothing that can be fetched from. */
bool code_fetch(struct vcpu *v, const struct trap_frame *f, struct code_bytes *code) MUST_CHECK;
/*
 * The instruction goes on behind what could be fetched: the guest's own #PF for that (error code of
 * a fetch without a mapping). False: there is no such page fault, the segment ends there.
 */
bool code_page_fault(struct vcpu *v, const struct trap_frame *f, const struct code_bytes *code);

/*
 * Registers back into the frame, then the single-step trap and breakpoints that the instruction
 * earned.
 */
void emulation_commit(struct emulation *e);

/* Is the guest in its kernel: ring 1. */
static inline bool in_guest_kernel(const struct trap_frame *f)
{
	return (f->cs & SELECTOR_RPL) == GUEST_KERNEL_RPL;
}

/* Value of a segment register. */
uint16_t segment_selector(const struct trap_frame *f, unsigned segment);

/* ---- emulate_io.c ---- */
/* May the guest, where it is now, execute cli, sti, in, out on any port: virtual IOPL. */
bool iopl_allows(const struct vcpu *v, const struct trap_frame *f);
/* IN, OUT, INS, OUTS. False: #GP. */
bool emulate_io(struct emulation *e) MUST_CHECK;

/* ---- ports.c: the ports themselves, with the domain's rights; size 1, 2, 4 ---- */
uint32_t port_read(struct domain *d, uint16_t port, unsigned size);
void port_write(struct domain *d, uint16_t port, unsigned size, uint32_t value);
#define NR_PORTS 0x10000u
/* May a control domain's processor access this byte by itself? */
bool port_needs_no_check(uint16_t port);
