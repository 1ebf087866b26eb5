/* SPDX-License-Identifier: MIT */
/*
 * Tests of the instruction decoder and emulator (arch/x86_32/insn.h) against the processor that
 * runs them: the same instruction is executed in generated code and by the emulator, and memory,
 * registers and flags are compared; lengths and refusals are checked by placing instructions
 * before an unmapped page.
 *
 * Needs an x86 host and a 32-bit build.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#include "arch/x86_32/insn.h"

#define PAGE 4096u
#define CF 0x001u
#define AF 0x010u
#define ZF 0x040u
#define DF 0x400u
#define STATUS 0x8d5u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- The processor as the reference ---- */

/* As PUSHF and PUSHA leave it; `stack` is the real esp, which PUSHA's is not. */
struct cpu_state {
	uint32_t edi, esi, ebp, ignored, ebx, edx, ecx, eax, eflags, stack;
};

/* Places in gregs, which only GNU sources may name. */
enum { GREG_TRAP = 12, GREG_EIP = 14 };

enum { TRAP_NONE = -1, TRAP_UD = 6, TRAP_GP = 13, TRAP_PF = 14 };

static struct cpu_state cpu_in, cpu_out;
static uint32_t saved_esp;
static uint8_t *code; /* one executable page, then one that is not mapped */
static uint8_t *data; /* one page of operands */
static sigjmp_buf trapped;
static struct {
	int number;
	uintptr_t eip, address;
} trap;

static uint8_t shadow[PAGE]; /* the emulator's copy of data */

static void on_trap(int signal, siginfo_t *info, void *context)
{
	const greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	trap.number = gregs[GREG_TRAP];
	trap.eip = (uintptr_t)gregs[GREG_EIP];
	trap.address = (uintptr_t)info->si_addr;
	siglongjmp(trapped, 1);
}

/* Called by every test that runs code, since cmocka installs handlers of its own around each. */
static void catch_traps(void)
{
	struct sigaction action = { .sa_sigaction = on_trap,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
	assert_int_equal(sigaction(SIGILL, &action, NULL), 0);
	assert_int_equal(sigaction(SIGBUS, &action, NULL), 0);
}

static int set_up(void **state)
{
	static uint8_t signal_stack[65536];
	stack_t stack = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };
	int map = MAP_PRIVATE | MAP_ANONYMOUS;

	(void)state;
	code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, map, -1, 0);
	data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, map, -1, 0);
	if (code == MAP_FAILED || data == MAP_FAILED || mprotect(code + PAGE, PAGE, PROT_NONE))
		return -1;
	srandom(1);
	return sigaltstack(&stack, NULL);
}

static uint8_t *emit(uint8_t *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

static uint8_t *emit_absolute(uint8_t *at, const char *opcode, size_t n, const void *address)
{
	uint32_t operand = (uint32_t)(uintptr_t)address;

	return emit(emit(at, opcode, n), &operand, sizeof(operand));
}

/* Loads all registers from cpu_in and falls through. */
static uint8_t *emit_enter(uint8_t *at)
{
	at = emit_absolute(at, "\x60\x89\x25", 3, &saved_esp);		/* pusha; mov %esp, saved */
	at = emit_absolute(at, "\xbc", 1, &cpu_in);			/* mov $cpu_in, %esp */
	return emit_absolute(at, "\x61\x9d\x8b\x25", 4, &cpu_in.stack); /* popa; popf; mov , %esp */
}

static uint8_t *emit_leave(uint8_t *at)
{
	at = emit_absolute(at, "\x89\x25", 2, &cpu_out.stack);	   /* mov %esp, stack */
	at = emit_absolute(at, "\xbc", 1, &cpu_out.stack);	   /* mov $, %esp */
	at = emit_absolute(at, "\x9c\x60\x8b\x25", 4, &saved_esp); /* pushf; pusha; mov , %esp */
	return emit(at, "\xfc\x61\xc3", 3);			   /* cld; popa; ret */
}

static void load_cpu(const struct insn_regs *regs)
{
	const uint32_t *r = regs->gpr;

	cpu_in = (struct cpu_state){ r[7], r[6], r[5], 0, r[3], r[2], r[1], r[0], 0, r[4] };
	cpu_in.eflags = regs->eflags | 0x202;
}

/* Runs what emit_enter() begins in the code page; returns the trap that ends it, or TRAP_NONE. */
static int run(void)
{
	void (*function)(void) = (void (*)(void))(uintptr_t)code;

	trap.number = TRAP_NONE;
	if (sigsetjmp(trapped, 1) == 0)
		function();
	return trap.number;
}

/* ---- One instruction on both ---- */

static uint32_t random32(void)
{
	return (uint32_t)random() << 16 ^ (uint32_t)random();
}

static void random_registers(struct insn_regs *regs)
{
	for (unsigned int i = 0; i < 8; i++)
		regs->gpr[i] = random32();
	regs->eip = 0x1000;
	regs->eflags = random32() & STATUS;
}

/* Executes a store to the data page on the emulator, all elements of a repeated one. */
static void emulate(const struct insn *in, struct insn_regs *regs)
{
	uint32_t start = regs->eip;

	memcpy(shadow, data, PAGE);
	while (regs->eip == start) {
		uint32_t at = insn_effective_offset(in, regs) - (uint32_t)(uintptr_t)data;
		uint32_t from = insn_source_offset(in, regs) - (uint32_t)(uintptr_t)data;
		uint64_t old = 0, source = 0, value;

		if (insn_repeat_finished(in, regs)) {
			assert_false(insn_store_execute(in, regs, old, source, &value));
			break;
		}
		assert_true(at <= PAGE - in->operand_size);
		memcpy(&old, shadow + at, in->operand_size);
		if (in->op == INSN_OP_MOVS) {
			assert_true(from <= PAGE - in->operand_size);
			memcpy(&source, shadow + from, in->operand_size);
		}
		if (!insn_store_execute(in, regs, old, source, &value))
			assert_true(value == old);
		memcpy(shadow + at, &value, in->operand_size);
	}
	assert_int_equal(regs->eip, start + in->length);
}

static uint32_t defined_flags(const struct insn *in)
{
	if (in->op == INSN_OP_AND || in->op == INSN_OP_OR || in->op == INSN_OP_XOR)
		return STATUS & ~AF;
	if (in->op == INSN_OP_BTS || in->op == INSN_OP_BTR || in->op == INSN_OP_BTC)
		return CF | ZF;
	return STATUS | DF;
}

/* The instruction must decode to exactly @n bytes, and both must agree on everything. */
static void compare(const uint8_t *bytes, unsigned int n, const struct insn_regs *start)
{
	struct insn_regs regs = *start;
	uint8_t padded[INSN_MAX_LENGTH] = { 0 };
	struct insn in;

	memcpy(padded, bytes, n);
	assert_int_equal(insn_decode(&in, padded, sizeof(padded), true), INSN_OK);
	assert_int_equal(in.length, n);
	assert_true(insn_is_store(&in) && in.memory);
	emulate(&in, &regs);

	emit_leave(emit(emit_enter(code), bytes, n));
	load_cpu(start);
	assert_int_equal(run(), TRAP_NONE);
	assert_memory_equal(data, shadow, PAGE);
	assert_int_equal(cpu_out.eax, regs.gpr[INSN_EAX]);
	assert_int_equal(cpu_out.ecx, regs.gpr[INSN_ECX]);
	assert_int_equal(cpu_out.edx, regs.gpr[INSN_EDX]);
	assert_int_equal(cpu_out.ebx, regs.gpr[INSN_EBX]);
	assert_int_equal(cpu_out.stack, regs.gpr[INSN_ESP]);
	assert_int_equal(cpu_out.ebp, regs.gpr[INSN_EBP]);
	assert_int_equal(cpu_out.esi, regs.gpr[INSN_ESI]);
	assert_int_equal(cpu_out.edi, regs.gpr[INSN_EDI]);
	assert_int_equal((cpu_out.eflags ^ regs.eflags) & defined_flags(&in), 0);
}

/* ---- Arithmetic, register and immediate sources ---- */

static const uint32_t edges[] = { 0,	      1,	  2,	     0xf,	 0x10,
				  0x7f,	      0x80,	  0xff,	     0x100,	 0x7fff,
				  0x8000,     0xffff,	  0x10000,   0x7fffffff, 0x80000000,
				  0xfffffffe, 0xffffffff, 0xdeadbeef };

enum { BYTE = 1, WORD = 2, DWORD = 4, ALL = BYTE | WORD | DWORD };
enum lock_use { NO_LOCK, MAY_LOCK };

#define OPERAND 0xff

struct encoding {
	uint8_t escape; /* 0x0f or none */
	uint8_t opcode; /* that of the byte form if there is one; other sizes then use the next */
	uint8_t sizes;
	uint8_t first, last; /* ModRM.reg: registers, or an operation's number */
	uint8_t immediate;   /* bytes; OPERAND for that of the operand size */
	uint8_t lock;	     /* enum lock_use */
};

static const struct encoding encodings[] = {
	{ 0, 0x00, ALL, 0, 7, 0, MAY_LOCK },	  { 0, 0x08, ALL, 0, 7, 0, MAY_LOCK },
	{ 0, 0x10, ALL, 0, 7, 0, MAY_LOCK },	  { 0, 0x18, ALL, 0, 7, 0, MAY_LOCK },
	{ 0, 0x20, ALL, 0, 7, 0, MAY_LOCK },	  { 0, 0x28, ALL, 0, 7, 0, MAY_LOCK },
	{ 0, 0x30, ALL, 0, 7, 0, MAY_LOCK },	  { 0, 0x80, ALL, 0, 6, OPERAND, MAY_LOCK },
	{ 0, 0x82, BYTE, 0, 6, 1, MAY_LOCK },	  { 0, 0x83, WORD | DWORD, 0, 6, 1, MAY_LOCK },
	{ 0, 0xf6, ALL, 2, 3, 0, MAY_LOCK },	  { 0, 0xfe, ALL, 0, 1, 0, MAY_LOCK },
	{ 0, 0x86, ALL, 0, 7, 0, MAY_LOCK },	  { 0, 0x88, ALL, 0, 7, 0, NO_LOCK },
	{ 0, 0xc6, ALL, 0, 0, OPERAND, NO_LOCK }, { 0x0f, 0xba, WORD | DWORD, 5, 7, 1, MAY_LOCK },
	{ 0x0f, 0xb0, ALL, 0, 7, 0, MAY_LOCK },	  { 0x0f, 0xc0, ALL, 0, 7, 0, MAY_LOCK },
	{ 0x0f, 0xc3, DWORD, 0, 7, 0, NO_LOCK },
};

/* One encoding of @e with operands in memory (at a fixed place) and in a register or immediate. */
static unsigned int encode(uint8_t *bytes, const struct encoding *e, unsigned int reg,
			   unsigned int size, const uint8_t *cell, uint32_t operand)
{
	uint32_t address = (uint32_t)(uintptr_t)cell;
	uint8_t *at = bytes;

	if (e->lock == MAY_LOCK && (random() & 1))
		*at++ = 0xf0;
	if (size == WORD)
		*at++ = 0x66;
	if (e->escape)
		*at++ = e->escape;
	*at++ = e->opcode + ((e->sizes & BYTE) && size != BYTE);
	*at++ = 0x05 | reg << 3;
	at = emit(at, &address, sizeof(address));
	return emit(at, &operand, e->immediate == OPERAND ? size : e->immediate) - bytes;
}

static void compare_operands(const struct encoding *e, unsigned int reg, unsigned int size,
			     uint32_t memory, uint32_t operand)
{
	uint8_t *cell = data + 64 + (random() & 7);
	uint8_t bytes[INSN_MAX_LENGTH];
	struct insn_regs regs;

	random_registers(&regs);
	insn_register_set(&regs, reg, size, operand);
	if (random() & 1)
		insn_register_set(&regs, INSN_EAX, size, memory); /* CMPXCHG succeeds. */
	memset(data, 0xa5, 128);
	memcpy(cell, &memory, sizeof(memory));
	compare(bytes, encode(bytes, e, reg, size, cell, operand), &regs);
}

static void compare_encoding(const struct encoding *e, unsigned int reg, unsigned int size)
{
	for (size_t i = 0; i < COUNT(edges); i++)
		for (size_t j = 0; j < COUNT(edges); j++)
			compare_operands(e, reg, size, edges[i], edges[j]);
	for (unsigned int i = 0; i < 100; i++)
		compare_operands(e, reg, size, random32(), random32());
}

static void stores_match_the_processor(void **state)
{
	(void)state;
	catch_traps();
	for (const struct encoding *e = encodings; e < encodings + COUNT(encodings); e++)
		for (unsigned int reg = e->first; reg <= e->last; reg++)
			for (unsigned int size = BYTE; size <= DWORD; size *= 2)
				if (e->sizes & size)
					compare_encoding(e, reg, size);
}

static void moffs_matches_the_processor(void **state)
{
	uint32_t address = (uint32_t)(uintptr_t)data + 100;
	static const struct {
		uint8_t bytes[2], length;
	} forms[] = {
		{ { 0xa2 }, 1 }, { { 0xa3 }, 1 }, { { 0x66, 0xa3 }, 2 }, { { 0x3e, 0xa3 }, 2 }
	};
	struct insn_regs regs;

	(void)state;
	catch_traps();
	for (size_t i = 0; i < COUNT(forms); i++) {
		uint8_t bytes[INSN_MAX_LENGTH];
		uint8_t *end = emit(emit(bytes, forms[i].bytes, forms[i].length), &address, 4);

		random_registers(&regs);
		compare(bytes, end - bytes, &regs);
	}
}

static void cmpxchg8b_matches_the_processor(void **state)
{
	static const uint8_t plain[] = { 0x0f, 0xc7, 0x0e },
			     locked[] = { 0xf0, 0x0f, 0xc7, 0x4e, 8 };
	static const uint8_t word[] = { 0x66, 0x0f, 0xc7, 0x0e };
	struct insn_regs regs;

	(void)state;
	catch_traps();
	for (unsigned int i = 0; i < 4000; i++) {
		uint32_t *cell = (uint32_t *)(data + 256 + (i % 3 == 1 ? 8 : 0));

		random_registers(&regs);
		regs.gpr[INSN_ESI] = (uint32_t)(uintptr_t)(data + 256);
		cell[0] = random() & 1 ? regs.gpr[INSN_EAX] : random32();
		cell[1] = random() & 1 ? regs.gpr[INSN_EDX] : random32();
		if (i % 3 == 0)
			compare(plain, sizeof(plain), &regs);
		else if (i % 3 == 1)
			compare(locked, sizeof(locked), &regs);
		else
			compare(word, sizeof(word), &regs);
	}
}

/* ---- Addresses ---- */

static void bit_offsets_move_the_operand(void **state)
{
	static const uint8_t opcodes[] = { 0xab, 0xb3, 0xbb };
	struct insn_regs regs;

	(void)state;
	catch_traps();
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int reg = random() & 3;
		uint8_t bytes[] = { 0x66, 0x0f, opcodes[i % 3], 0x07 | reg << 3 };
		unsigned int skip = random() & 1;

		random_registers(&regs);
		regs.gpr[INSN_EDI] = (uint32_t)(uintptr_t)(data + PAGE / 2);
		regs.gpr[reg] = (random32() & 0x1fff) - 0x1000; /* +- 512 bytes */
		if (!skip && (random() & 1))
			regs.gpr[reg] ^= 0x5a0000; /* A word operand does not see this. */
		memset(data, random() & 0xff, PAGE);
		compare(bytes + skip, sizeof(bytes) - skip, &regs);
	}
}

/* LEA computes the address that a store with the same ModRM would use. */
static void compare_address(const uint8_t *address, unsigned int n, bool address16)
{
	uint8_t bytes[INSN_MAX_LENGTH], *at = bytes;
	struct insn_regs regs;
	struct insn in;

	if (address16)
		*at++ = 0x67;
	*at++ = 0x88; /* mov %al, m */
	at = emit(at, address, n);
	random_registers(&regs);
	assert_int_equal(insn_decode(&in, bytes, at - bytes, true), INSN_OK);
	assert_int_equal(in.length, at - bytes);
	bytes[address16] = 0x8d; /* lea m, %eax */
	emit_leave(emit(emit_enter(code), bytes, at - bytes));
	load_cpu(&regs);
	assert_int_equal(run(), TRAP_NONE);
	assert_int_equal(cpu_out.eax, insn_effective_offset(&in, &regs));
}

static unsigned int displacement_length(uint8_t mod, uint8_t base, uint8_t none, unsigned int full)
{
	if (mod == 1)
		return 1;
	return mod == 2 || base == none ? full : 0;
}

static void addresses_match_the_processor(void **state)
{
	(void)state;
	catch_traps();
	for (unsigned int i = 0; i < 3 * 8 * 256 * 3; i++) {
		uint8_t mod = i % 3, rm = i / 3 % 8, sib = i / 24;
		uint32_t displacement = random32();
		uint8_t address[6] = { mod << 6 | rm, sib };
		unsigned int n = rm == 4 ? 2 : 1;
		unsigned int more = displacement_length(mod, rm == 4 ? sib & 7 : rm, 5, 4);

		memcpy(address + n, &displacement, more);
		compare_address(address, n + more, false);
		more = displacement_length(mod, rm, 6, 2);
		memcpy(address + 1, &displacement, more);
		compare_address(address, 1 + more, true);
	}
}

/* ---- Strings ---- */

static void strings_match_the_processor(void **state)
{
	static const uint8_t opcodes[] = { 0xaa, 0xab, 0xa4, 0xa5 };
	struct insn_regs regs;

	(void)state;
	catch_traps();
	for (unsigned int i = 0; i < 4000; i++) {
		uint8_t bytes[INSN_MAX_LENGTH], *at = bytes;

		random_registers(&regs);
		regs.eflags |= random() & DF;
		regs.gpr[INSN_EDI] = (uint32_t)(uintptr_t)data + PAGE / 2 + (random() & 255);
		regs.gpr[INSN_ESI] = (uint32_t)(uintptr_t)data + PAGE / 2 + (random() & 255);
		if (random() & 1)
			*at++ = 0x66;
		if (random() & 1) {
			*at++ = random() & 1 ? 0xf3 : 0xf2;
			regs.gpr[INSN_ECX] = random() & 63;
		}
		*at++ = opcodes[i % 4];
		for (unsigned int byte = 0; byte < PAGE; byte++)
			data[byte] = byte * 7 + i;
		compare(bytes, at - bytes, &regs);
	}
}

/* ---- Lengths and refusals ---- */

/* Runs @n bytes that end at the unmapped page, with all registers zero. */
static int run_at_end(const uint8_t *bytes, unsigned int n)
{
	uint8_t *start = code + PAGE - n;
	uint8_t *at = emit_enter(code);
	int32_t distance = start - (at + 5);

	emit(emit(at, "\xe9", 1), &distance, sizeof(distance));
	emit(start, bytes, n);
	load_cpu(&(struct insn_regs){ 0 });
	return run();
}

static bool fetch_failed(unsigned int n)
{
	return trap.number == TRAP_PF && trap.address == (uintptr_t)(code + PAGE) &&
	       trap.eip == (uintptr_t)(code + PAGE - n);
}

/* Whether the processor may not know it or keep it from user mode by #UD. */
static bool may_be_undefined(const struct insn *in)
{
	return in->op >= INSN_OP_RDTSCP;
}

/*
 * With zero registers a small displacement never reaches mapped memory, unless in GS, which holds
 * this thread's data. An operand that wraps around the address space is left out as well.
 */
static bool is_unsafe(const struct insn *in)
{
	if (in->segment == INSN_GS || in->source_segment == INSN_GS)
		return true;
	return in->displacement >= 0x1000 &&
	       (in->displacement < 0xffffe000 || in->displacement > 0xfffffff0);
}

static void check_against_processor(const uint8_t *bytes)
{
	struct insn_regs zero = { 0 };
	struct insn in;
	enum insn_result result = insn_decode(&in, bytes, INSN_MAX_LENGTH, true);

	assert_int_not_equal(result, INSN_NEEDS_MORE);
	if (result == INSN_INVALID) {
		run_at_end(bytes, INSN_MAX_LENGTH);
		assert_true(trap.number == TRAP_UD || trap.number == TRAP_GP);
		assert_true(trap.eip == (uintptr_t)(code + PAGE - INSN_MAX_LENGTH));
	}
	if (result != INSN_OK || is_unsafe(&in))
		return;
	run_at_end(bytes, in.length);
	assert_false(fetch_failed(in.length));
	if (!may_be_undefined(&in))
		assert_int_not_equal(trap.number, TRAP_UD);
	if (insn_is_store(&in) && !insn_repeat_finished(&in, &zero))
		assert_true((trap.number == TRAP_PF || trap.number == TRAP_GP) &&
			    trap.eip == (uintptr_t)(code + PAGE - in.length));
	if (in.length > 1) {
		run_at_end(bytes, in.length - 1);
		assert_true(fetch_failed(in.length - 1));
	}
}

/* Any prefixes, any opcode, small operands. */
static void random_instruction(uint8_t *bytes)
{
	static const uint8_t prefixes[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26,
					    0x2e, 0x36, 0x3e, 0x64, 0x65 };
	uint8_t *at = bytes;

	memset(bytes, 0, INSN_MAX_LENGTH);
	while (random() % 3 == 0 && at < bytes + 10)
		*at++ = prefixes[random() % COUNT(prefixes)];
	if (random() & 1)
		*at++ = 0x0f;
	for (unsigned int i = 0; i < 3 && at < bytes + INSN_MAX_LENGTH; i++)
		*at++ = random();
	if (at < bytes + INSN_MAX_LENGTH)
		*at = random() & 0xf;
}

static void lengths_match_the_processor(void **state)
{
	uint8_t bytes[INSN_MAX_LENGTH];

	(void)state;
	catch_traps();
	for (unsigned int i = 0; i < 50000; i++) {
		random_instruction(bytes);
		check_against_processor(bytes);
	}
}

static void truncated_needs_more(void **state)
{
	uint8_t bytes[INSN_MAX_LENGTH];
	struct insn in, again;

	(void)state;
	for (unsigned int i = 0; i < 50000; i++) {
		random_instruction(bytes);
		if (insn_decode(&in, bytes, INSN_MAX_LENGTH, i & 1) != INSN_OK)
			continue;
		for (unsigned int n = 0; n < in.length; n++)
			assert_int_equal(insn_decode(&again, bytes, n, i & 1), INSN_NEEDS_MORE);
		assert_int_equal(insn_decode(&again, bytes, in.length, i & 1), INSN_OK);
		assert_memory_equal(&again, &in, sizeof(in));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_match_the_processor),
		cmocka_unit_test(moffs_matches_the_processor),
		cmocka_unit_test(cmpxchg8b_matches_the_processor),
		cmocka_unit_test(bit_offsets_move_the_operand),
		cmocka_unit_test(addresses_match_the_processor),
		cmocka_unit_test(strings_match_the_processor),
		cmocka_unit_test(lengths_match_the_processor),
		cmocka_unit_test(truncated_needs_more),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
