/* SPDX-License-Identifier: MIT */
/*
 * A strict decoder and emulator for the few instructions that the hypervisor executes in a guest's
 * place: stores to a page that is a live page table (writable page tables), and privileged or I/O
 * instructions that fault in ring 1 or 3. What is not in the tables is reported as unsupported, and
 * the caller delivers the original fault to the guest.
 *
 * The bytes are hostile and may change in guest memory at any time: the caller fetches them once,
 * and everything here works from that copy. Nothing here touches memory of a guest, allocates or
 * holds state. Encodings and flags: Intel SDM volume 2 and volume 1, appendix A.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_32/vcpu.h"

#define INSN_MAX_LENGTH 15

enum insn_result {
	INSN_OK,
	INSN_NEEDS_MORE, /* The bytes end within the instruction: fetch the rest, or deliver #PF. */
	INSN_INVALID,	 /* The processor would refuse it: longer than 15 bytes, or a wrong LOCK. */
	INSN_UNSUPPORTED, /* Not among the instructions emulated. */
};

/* General registers and segments, numbered as instructions encode them. */
enum insn_register {
	INSN_EAX,
	INSN_ECX,
	INSN_EDX,
	INSN_EBX,
	INSN_ESP,
	INSN_EBP,
	INSN_ESI,
	INSN_EDI,
	INSN_NO_REGISTER,
};

enum insn_segment { INSN_ES, INSN_CS, INSN_SS, INSN_DS, INSN_FS, INSN_GS };

enum insn_op {
	INSN_OP_NONE,

	/* Stores. The first seven follow the order of the reg field of opcodes 80 to 83. */
	INSN_OP_ADD,
	INSN_OP_OR,
	INSN_OP_ADC,
	INSN_OP_SBB,
	INSN_OP_AND,
	INSN_OP_SUB,
	INSN_OP_XOR,
	INSN_OP_INC,
	INSN_OP_DEC,
	INSN_OP_NOT,
	INSN_OP_NEG,
	INSN_OP_BTS,
	INSN_OP_BTR,
	INSN_OP_BTC,
	INSN_OP_XCHG,
	INSN_OP_XADD,
	INSN_OP_CMPXCHG,
	INSN_OP_CMPXCHG8B,
	INSN_OP_MOV, /* MOVNTI too. */
	INSN_OP_STOS,
	INSN_OP_MOVS,
	INSN_OP_LAST_STORE = INSN_OP_MOVS,

	/* Input and output: the port is insn_io_port(), the width operand_size. */
	INSN_OP_IN,
	INSN_OP_OUT,
	INSN_OP_INS,
	INSN_OP_OUTS,

	/* Privileged, or emulated because the answer is the hypervisor's. */
	INSN_OP_MOV_FROM_CR, /* Control or debug register `reg`, general register `rm`. */
	INSN_OP_MOV_TO_CR,
	INSN_OP_MOV_FROM_DR,
	INSN_OP_MOV_TO_DR,
	INSN_OP_LMSW, /* Register forms only: general register `rm`. */
	INSN_OP_SMSW,
	INSN_OP_INVLPG, /* The address is insn_effective_offset() in `segment`. */
	INSN_OP_HLT,
	INSN_OP_CLI,
	INSN_OP_STI,
	INSN_OP_CLTS,
	INSN_OP_INVD,
	INSN_OP_WBINVD,
	INSN_OP_RDMSR,
	INSN_OP_WRMSR,
	INSN_OP_RDTSC,
	INSN_OP_RDTSCP,
	INSN_OP_RDPMC,
	INSN_OP_CPUID,
	INSN_OP_XGETBV,
	INSN_OP_XSETBV,
	INSN_OP_MONITOR,
	INSN_OP_MWAIT,
	INSN_OP_OTHER_PRIVILEGED, /* LGDT, LIDT, LLDT, LTR, their stores, CLAC, SYSEXIT, ... */
};

enum insn_source { INSN_SOURCE_NONE, INSN_SOURCE_REGISTER, INSN_SOURCE_IMMEDIATE };

struct insn {
	uint8_t op;	      /* enum insn_op */
	uint8_t length;	      /* 1 to INSN_MAX_LENGTH; with a forced-emulation prefix, that too */
	uint8_t operand_size; /* bytes: 1, 2, 4 or 8 */
	uint8_t source;	      /* enum insn_source */
	bool code32;	      /* decoded for a 32-bit code segment */
	bool address32;
	bool lock;
	bool string; /* INS, OUTS, STOS, MOVS */
	bool repeat; /* ... with a REP prefix */
	bool memory; /* has a memory operand */
	uint8_t modrm, reg, rm;
	uint8_t segment; /* enum insn_segment of the memory operand; of the destination in MOVS */
	uint8_t source_segment;	    /* MOVS */
	uint8_t base, index, scale; /* enum insn_register, or INSN_NO_REGISTER */
	uint32_t displacement;
	uint32_t immediate; /* sign-extended to 32 bits */
};

/* A guest's registers as instructions see them. gpr[] is indexed by enum insn_register. */
struct insn_regs {
	uint32_t gpr[8];
	uint32_t eip;
	uint32_t eflags;
};

static inline void insn_regs_load(struct insn_regs *regs, const struct trap_frame *f)
{
	regs->gpr[INSN_EAX] = f->eax;
	regs->gpr[INSN_ECX] = f->ecx;
	regs->gpr[INSN_EDX] = f->edx;
	regs->gpr[INSN_EBX] = f->ebx;
	regs->gpr[INSN_ESP] = f->esp;
	regs->gpr[INSN_EBP] = f->ebp;
	regs->gpr[INSN_ESI] = f->esi;
	regs->gpr[INSN_EDI] = f->edi;
	regs->eip = f->eip;
	regs->eflags = f->eflags;
}

static inline void insn_regs_store(const struct insn_regs *regs, struct trap_frame *f)
{
	f->eax = regs->gpr[INSN_EAX];
	f->ecx = regs->gpr[INSN_ECX];
	f->edx = regs->gpr[INSN_EDX];
	f->ebx = regs->gpr[INSN_EBX];
	f->esp = regs->gpr[INSN_ESP];
	f->ebp = regs->gpr[INSN_EBP];
	f->esi = regs->gpr[INSN_ESI];
	f->edi = regs->gpr[INSN_EDI];
	f->eip = regs->eip;
	/* Execution changes status flags and RF, never IF, IOPL or VM. */
	f->eflags = regs->eflags;
}

/*
 * Decodes the instruction at the start of @bytes, of which @n (0 or more) could be fetched; bytes
 * past the fifteenth are ignored. @code32 is the D bit of the code segment. *@in is meaningful
 * only if the result is INSN_OK.
 */
enum insn_result __attribute__((warn_unused_result))
insn_decode(struct insn *in, const uint8_t *bytes, unsigned int n, bool code32);

/*
 * Xen's forced emulation (ud2; .ascii "xen"; cpuid), which faults with #UD. INSN_OK with op
 * INSN_OP_CPUID and the length of the whole, INSN_UNSUPPORTED if it is anything else.
 */
#define INSN_FORCED_CPUID_LENGTH 7
enum insn_result __attribute__((warn_unused_result))
insn_decode_forced_cpuid(struct insn *in, const uint8_t *bytes, unsigned int n);

/*
 * Of any 32-bit instruction with a gs override, and no other override or address size: where its
 * memory operand is, for insn_effective_offset(), which is all that is decoded. `length` ends there.
 * INSN_UNSUPPORTED: it has none.
 */
enum insn_result __attribute__((warn_unused_result))
insn_decode_gs_operand(struct insn *in, const uint8_t *bytes, unsigned int n);

static inline bool insn_is_store(const struct insn *in)
{
	return in->op != INSN_OP_NONE && in->op <= INSN_OP_LAST_STORE;
}

/*
 * Offset of the memory operand (the destination in MOVS) within in->segment, for the registers
 * before execution. Includes what a bit offset in a register adds to it. The caller applies base
 * and limit of the segment and must expect operand_size bytes to cross a page.
 */
uint32_t insn_effective_offset(const struct insn *in, const struct insn_regs *regs);

/* Offset of the source of MOVS within in->source_segment. */
uint32_t insn_source_offset(const struct insn *in, const struct insn_regs *regs);

/* True if a repeated string instruction has no element left: it does nothing but end. */
bool insn_repeat_finished(const struct insn *in, const struct insn_regs *regs);

/* The port of IN, OUT, INS, OUTS. */
uint16_t insn_io_port(const struct insn *in, const struct insn_regs *regs);

/* A register operand of @size 1, 2 or 4 bytes; size 1 numbers AL CL DL BL AH CH DH BH. */
uint32_t insn_register_get(const struct insn_regs *regs, unsigned int reg, unsigned int size);
void insn_register_set(struct insn_regs *regs, unsigned int reg, unsigned int size, uint32_t value);

/*
 * Ends the instruction: eip moves past it and RF is cleared. The caller raises the single-step
 * trap if eflags has TF. Needed only where neither of the two functions below is used.
 */
void insn_retire(const struct insn *in, struct insn_regs *regs);

/*
 * Accounts for one element of a string instruction: index registers, the count if repeated, and
 * the end of the instruction after the last element. Elsewhere eip stays, so that the guest
 * executes (and interrupts are taken between) the remaining elements one at a time.
 */
void insn_string_step(const struct insn *in, struct insn_regs *regs);

/*
 * Executes a store (insn_is_store()) once. @old is the operand_size bytes found in memory, @source
 * those at the source of MOVS. *@value becomes what memory shall hold afterwards, *@regs the state
 * after the instruction. Returns whether memory takes a new value: false if the repeat count was
 * zero or a compare failed; *@value is then @old, which the processor would write back.
 *
 * Run it on a copy of the registers, and keep the copy once the write was accepted and done. The
 * caller makes the read and the write one atomic operation (compare and swap, repeat if lost).
 */
bool insn_store_execute(const struct insn *in, struct insn_regs *regs, uint64_t old,
			uint64_t source, uint64_t *value);
