/* SPDX-License-Identifier: MIT */
/*
 * Execution of the stores that insn.c decodes: addresses, results, registers and flags. See insn.h.
 *
 * Pure arithmetic on copies; what a processor leaves undefined is left as processors do (logic
 * clears AF, bit tests keep all but CF). Flags: Intel SDM volume 1, appendix A.
 */
#include "arch/x86_32/insn.h"

enum {
	FLAG_CF = 1 << 0,
	FLAG_PF = 1 << 2,
	FLAG_AF = 1 << 4,
	FLAG_ZF = 1 << 6,
	FLAG_SF = 1 << 7,
	FLAG_DF = 1 << 10,
	FLAG_OF = 1 << 11,
	FLAG_RF = 1 << 16,
	FLAGS_STATUS = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF,
};

static uint32_t size_mask(unsigned int size)
{
	return size >= 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
}

static uint32_t address_mask(const struct insn *in)
{
	return size_mask(in->address32 ? 4 : 2);
}

static void replace_bits(uint32_t *target, uint32_t mask, uint32_t value)
{
	*target = (*target & ~mask) | (value & mask);
}

uint32_t insn_register_get(const struct insn_regs *regs, unsigned int reg, unsigned int size)
{
	if (size == 1 && reg >= 4)
		return regs->gpr[reg & 3] >> 8 & 0xff;
	return regs->gpr[reg & 7] & size_mask(size);
}

void insn_register_set(struct insn_regs *regs, unsigned int reg, unsigned int size, uint32_t value)
{
	if (size == 1 && reg >= 4)
		replace_bits(&regs->gpr[reg & 3], 0xff00, value << 8);
	else
		replace_bits(&regs->gpr[reg & 7], size_mask(size), value);
}

static bool is_bit_op(const struct insn *in)
{
	return in->op == INSN_OP_BTS || in->op == INSN_OP_BTR || in->op == INSN_OP_BTC;
}

/* A signed bit offset in a register selects an operand anywhere around the one addressed. */
static uint32_t bit_displacement(const struct insn *in, const struct insn_regs *regs)
{
	uint32_t bit = insn_register_get(regs, in->reg, in->operand_size);

	if (in->operand_size == 2)
		return (uint32_t)((int16_t)bit >> 4) * 2;
	return (uint32_t)((int32_t)bit >> 5) * 4;
}

uint32_t insn_effective_offset(const struct insn *in, const struct insn_regs *regs)
{
	uint32_t offset = in->displacement;

	if (in->string)
		offset = regs->gpr[in->op == INSN_OP_OUTS ? INSN_ESI : INSN_EDI];
	if (in->base != INSN_NO_REGISTER)
		offset += regs->gpr[in->base];
	if (in->index != INSN_NO_REGISTER)
		offset += regs->gpr[in->index] << in->scale;
	if (is_bit_op(in) && in->source == INSN_SOURCE_REGISTER)
		offset += bit_displacement(in, regs);
	return offset & address_mask(in);
}

uint32_t insn_source_offset(const struct insn *in, const struct insn_regs *regs)
{
	return regs->gpr[INSN_ESI] & address_mask(in);
}

uint16_t insn_io_port(const struct insn *in, const struct insn_regs *regs)
{
	if (in->source == INSN_SOURCE_IMMEDIATE)
		return in->immediate & 0xff;
	return regs->gpr[INSN_EDX] & 0xffff;
}

bool insn_repeat_finished(const struct insn *in, const struct insn_regs *regs)
{
	return in->repeat && (regs->gpr[INSN_ECX] & address_mask(in)) == 0;
}

void insn_retire(const struct insn *in, struct insn_regs *regs)
{
	regs->eip = (regs->eip + in->length) & size_mask(in->code32 ? 4 : 2);
	regs->eflags &= ~FLAG_RF;
}

static void step_register(const struct insn *in, struct insn_regs *regs, unsigned int reg,
			  uint32_t delta)
{
	replace_bits(&regs->gpr[reg], address_mask(in), regs->gpr[reg] + delta);
}

void insn_string_step(const struct insn *in, struct insn_regs *regs)
{
	uint32_t delta = in->operand_size;

	if (!insn_repeat_finished(in, regs)) {
		if (regs->eflags & FLAG_DF)
			delta = -delta;
		if (in->op == INSN_OP_MOVS || in->op == INSN_OP_OUTS)
			step_register(in, regs, INSN_ESI, delta);
		if (in->op != INSN_OP_OUTS)
			step_register(in, regs, INSN_EDI, delta);
		if (in->repeat)
			step_register(in, regs, INSN_ECX, UINT32_MAX);
	}
	if (!in->repeat || insn_repeat_finished(in, regs))
		insn_retire(in, regs);
}

static uint32_t flags_of_result(uint32_t result, unsigned int size)
{
	uint32_t flags = 0;
	uint32_t folded = (result ^ result >> 4) & 0xf;

	if ((result & size_mask(size)) == 0)
		flags |= FLAG_ZF;
	if (result >> (8 * size - 1) & 1)
		flags |= FLAG_SF;
	if (!(0x6996 >> folded & 1)) /* The odd numbers of set bits among sixteen values. */
		flags |= FLAG_PF;
	return flags;
}

/* CF, AF and OF from the carry (or borrow) out of every bit. */
static uint32_t flags_of_carries(uint32_t carries, unsigned int size)
{
	uint32_t out = carries >> (8 * size - 1) & 1;
	uint32_t into_sign = carries >> (8 * size - 2) & 1;

	return (out ? FLAG_CF : 0) | (carries & 8 ? FLAG_AF : 0) | (out ^ into_sign ? FLAG_OF : 0);
}

static uint32_t add(uint32_t a, uint32_t b, uint32_t carry, unsigned int size, uint32_t *flags)
{
	uint32_t result = a + b + carry;

	*flags = flags_of_result(result, size) |
		 flags_of_carries((a & b) | ((a | b) & ~result), size);
	return result;
}

static uint32_t subtract(uint32_t a, uint32_t b, uint32_t borrow, unsigned int size,
			 uint32_t *flags)
{
	uint32_t result = a - b - borrow;

	*flags = flags_of_result(result, size) |
		 flags_of_carries((~a & b) | ((~a | b) & result), size);
	return result;
}

static uint32_t change_bit(const struct insn *in, uint32_t a, uint32_t bit, uint32_t *flags)
{
	uint32_t mask = 1u << (bit & (8 * in->operand_size - 1));

	*flags = (*flags & ~(uint32_t)FLAG_CF) | (a & mask ? FLAG_CF : 0);
	if (in->op == INSN_OP_BTS)
		return a | mask;
	if (in->op == INSN_OP_BTR)
		return a & ~mask;
	return a ^ mask;
}

static uint32_t logic(const struct insn *in, uint32_t a, uint32_t b, uint32_t *flags)
{
	uint32_t result = in->op == INSN_OP_AND ? a & b : in->op == INSN_OP_OR ? a | b : a ^ b;

	*flags = flags_of_result(result, in->operand_size);
	return result;
}

/* The arithmetic of @a in memory with operand @b; *@flags are the status flags before and after. */
static uint32_t compute(const struct insn *in, uint32_t a, uint32_t b, uint32_t *flags)
{
	unsigned int size = in->operand_size;
	uint32_t carry = *flags & FLAG_CF;
	uint32_t result;

	switch (in->op) {
	case INSN_OP_ADD:
	case INSN_OP_XADD:
		return add(a, b, 0, size, flags);
	case INSN_OP_ADC:
		return add(a, b, carry, size, flags);
	case INSN_OP_SUB:
		return subtract(a, b, 0, size, flags);
	case INSN_OP_SBB:
		return subtract(a, b, carry, size, flags);
	case INSN_OP_NEG:
		return subtract(0, a, 0, size, flags);
	case INSN_OP_INC:
		result = add(a, 1, 0, size, flags);
		replace_bits(flags, FLAG_CF, carry);
		return result;
	case INSN_OP_DEC:
		result = subtract(a, 1, 0, size, flags);
		replace_bits(flags, FLAG_CF, carry);
		return result;
	case INSN_OP_NOT:
		return ~a;
	case INSN_OP_AND:
	case INSN_OP_OR:
	case INSN_OP_XOR:
		return logic(in, a, b, flags);
	case INSN_OP_BTS:
	case INSN_OP_BTR:
	case INSN_OP_BTC:
		return change_bit(in, a, b, flags);
	default: /* MOV, XCHG */
		return b;
	}
}

static bool compare_exchange(const struct insn *in, struct insn_regs *regs, uint32_t old,
			     uint64_t *value)
{
	unsigned int size = in->operand_size;
	uint32_t flags;

	*value = old;
	(void)subtract(insn_register_get(regs, INSN_EAX, size), old, 0, size, &flags);
	replace_bits(&regs->eflags, FLAGS_STATUS, flags);
	insn_retire(in, regs);
	if (!(flags & FLAG_ZF)) {
		insn_register_set(regs, INSN_EAX, size, old);
		return false;
	}
	*value = insn_register_get(regs, in->reg, size);
	return true;
}

static bool compare_exchange8b(const struct insn *in, struct insn_regs *regs, uint64_t old,
			       uint64_t *value)
{
	uint32_t *gpr = regs->gpr;
	bool equal = old == ((uint64_t)gpr[INSN_EDX] << 32 | gpr[INSN_EAX]);

	*value = equal ? (uint64_t)gpr[INSN_ECX] << 32 | gpr[INSN_EBX] : old;
	replace_bits(&regs->eflags, FLAG_ZF, equal ? FLAG_ZF : 0);
	insn_retire(in, regs);
	if (!equal) {
		gpr[INSN_EAX] = (uint32_t)old;
		gpr[INSN_EDX] = (uint32_t)(old >> 32);
	}
	return equal;
}

static bool store_string(const struct insn *in, struct insn_regs *regs, uint64_t old,
			 uint64_t source, uint64_t *value)
{
	bool writes = !insn_repeat_finished(in, regs);

	if (in->op == INSN_OP_STOS)
		source = regs->gpr[INSN_EAX];
	*value = writes ? source & size_mask(in->operand_size) : old;
	insn_string_step(in, regs);
	return writes;
}

bool insn_store_execute(const struct insn *in, struct insn_regs *regs, uint64_t old,
			uint64_t source, uint64_t *value)
{
	unsigned int size = in->operand_size;
	uint32_t flags = regs->eflags & FLAGS_STATUS;
	uint32_t before = (uint32_t)old & size_mask(size);
	uint32_t operand = in->immediate & size_mask(size);

	if (in->op == INSN_OP_CMPXCHG8B)
		return compare_exchange8b(in, regs, old, value);
	if (in->op == INSN_OP_CMPXCHG)
		return compare_exchange(in, regs, before, value);
	if (in->string)
		return store_string(in, regs, before, source, value);
	if (in->source == INSN_SOURCE_REGISTER)
		operand = insn_register_get(regs, in->reg, size);
	*value = compute(in, before, operand, &flags) & size_mask(size);
	if (in->op == INSN_OP_XCHG || in->op == INSN_OP_XADD)
		insn_register_set(regs, in->reg, size, before);
	replace_bits(&regs->eflags, FLAGS_STATUS, flags);
	insn_retire(in, regs);
	return true;
}
