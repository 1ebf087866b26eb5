/* SPDX-License-Identifier: MIT */
/*
 * Fuzz harness of the instruction decoder and emulator (arch/x86_32/insn.h): hostile bytes are
 * decoded and, if a store, executed; what the header promises is checked after each step.
 *
 * Input: struct input, and the rest as instruction bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_32/insn.h"

#define STATUS 0x8d5u
#define RF 0x10000u

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

struct input {
	struct insn_regs regs;
	uint64_t old, source;
	uint8_t code32;
};

/* Every shorter piece of a good instruction asks for more, and what follows it does not matter. */
static void check_prefixes(const struct insn *in, const uint8_t *bytes, bool code32)
{
	struct insn again;

	for (unsigned int n = 0; n < in->length; n++)
		REQUIRE(insn_decode(&again, bytes, n, code32) == INSN_NEEDS_MORE);
	REQUIRE(insn_decode(&again, bytes, in->length, code32) == INSN_OK);
	REQUIRE(memcmp(&again, in, sizeof(again)) == 0);
}

static void check_fields(const struct insn *in)
{
	REQUIRE(in->op > INSN_OP_NONE && in->op <= INSN_OP_OTHER_PRIVILEGED);
	REQUIRE(in->operand_size == 1 || in->operand_size == 2 || in->operand_size == 4 ||
		(in->operand_size == 8 && in->op == INSN_OP_CMPXCHG8B));
	REQUIRE(in->segment <= INSN_GS && in->source_segment <= INSN_GS);
	REQUIRE(in->base <= INSN_NO_REGISTER && in->index <= INSN_NO_REGISTER && in->scale <= 3);
	REQUIRE(in->reg <= 7 && in->rm <= 7);
	REQUIRE(in->memory || !insn_is_store(in));
	REQUIRE(!in->lock || (insn_is_store(in) && !in->string && in->op != INSN_OP_MOV));
	REQUIRE(in->string || !in->repeat);
}

static void check_registers(const struct insn *in, const struct insn_regs *before,
			    const struct insn_regs *after)
{
	uint32_t next = before->eip + in->length;

	if (!in->code32)
		next &= 0xffff;
	REQUIRE(after->eip == next || (in->repeat && after->eip == before->eip));
	REQUIRE(((after->eflags ^ before->eflags) & ~(STATUS | RF)) == 0);
	REQUIRE(after->eip != next || before->eip == next || !(after->eflags & RF));
	for (unsigned int i = 0; i < 8; i++) {
		bool may_change = in->string || in->op == INSN_OP_XCHG || in->op == INSN_OP_XADD ||
				  in->op == INSN_OP_CMPXCHG || in->op == INSN_OP_CMPXCHG8B;

		REQUIRE(may_change || after->gpr[i] == before->gpr[i]);
	}
}

static void execute(const struct insn *in, const struct input *input)
{
	struct insn_regs regs = input->regs;
	uint32_t offset = insn_effective_offset(in, &regs) | insn_source_offset(in, &regs);
	uint64_t old = input->old, value = 0;
	bool writes;

	REQUIRE(in->address32 || offset <= 0xffff);
	(void)insn_io_port(in, &regs);
	if (in->operand_size < 8)
		old &= (1ull << (8 * in->operand_size)) - 1;
	if (insn_is_store(in)) {
		writes = insn_store_execute(in, &regs, old, input->source, &value);
		REQUIRE(in->operand_size == 8 || value >> (8 * in->operand_size) == 0);
		REQUIRE(writes || value == old);
	} else if (in->string) {
		insn_string_step(in, &regs);
	} else {
		insn_retire(in, &regs);
	}
	check_registers(in, &input->regs, &regs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;
	struct insn in;
	enum insn_result result;
	unsigned int n = size - sizeof(input);
	uint8_t *bytes;

	if (size < sizeof(input))
		return 0;
	memcpy(&input, data, sizeof(input));
	bytes = malloc(n); /* A block of its own, so that the sanitizer sees any overrun. */
	REQUIRE(bytes != NULL);
	memcpy(bytes, data + sizeof(input), n);
	result = insn_decode(&in, bytes, n, input.code32 & 1);
	REQUIRE(result <= INSN_UNSUPPORTED);
	REQUIRE(result != INSN_NEEDS_MORE || n < INSN_MAX_LENGTH);
	if (result == INSN_OK) {
		REQUIRE(in.length >= 1 && in.length <= n && in.length <= INSN_MAX_LENGTH);
		check_fields(&in);
		check_prefixes(&in, bytes, input.code32 & 1);
		execute(&in, &input);
	}
	if (insn_decode_forced_cpuid(&in, bytes, n) == INSN_OK)
		REQUIRE(n >= INSN_FORCED_CPUID_LENGTH &&
			memcmp(bytes, "\x0f\x0bxen\x0f\xa2", 7) == 0);
	free(bytes);
	return 0;
}
