/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder: opcode tables, and the walk from prefixes to immediate. See insn.h.
 *
 * Invariant: bytes are read only through take(), which never goes past what was fetched nor past
 * the fifteenth byte. Its first failure sticks, and what it then returns is zero, so the walk may
 * go on harmlessly to the next check. Implements Intel SDM volume 2, chapter 2 and appendix A.
 */
#include "arch/x86_32/insn.h"

/* What follows an opcode and what its operands are. */
enum form_flag {
	F_MODRM = 1 << 0,
	F_MEMORY = 1 << 1,   /* Only the memory form of ModRM is emulated. */
	F_REGISTER = 1 << 2, /* The source is the register in ModRM.reg, or the accumulator. */
	F_IMM8 = 1 << 3,     /* One byte follows, sign-extended. */
	F_IMM = 1 << 4,	     /* An immediate of the operand's size follows. */
	F_OFFSET = 1 << 5,   /* An address without ModRM follows. */
	F_STRING = 1 << 6,
	F_LOCK = 1 << 7, /* A LOCK prefix is legal. */
	F_BYTE = 1 << 8, /* The operand size where the prefixes do not choose it. */
	F_DWORD = 1 << 9,
	F_QWORD = 1 << 10,
	F_PLAIN = 1 << 11, /* A prefix 66, F2 or F3 would make it another instruction. */
	F_GROUP = 1 << 12, /* `op` is an enum group; ModRM.reg selects the operation. */
	F_CR = 1 << 13,	   /* ModRM names two registers, whatever its mod field says. */
};

#define F_STORE (F_MODRM | F_MEMORY)

enum group { GROUP_1, GROUP_3, GROUP_4, GROUP_6, GROUP_7, GROUP_8, GROUP_9, GROUP_11 };

struct form {
	uint8_t op;
	uint16_t flags;
};

/* The byte form of an instruction, followed by the form of the chosen operand size. */
#define BYTE_AND_WORD(opcode, operation, f) \
	[(opcode)] = { (operation), (f) | F_BYTE }, [(opcode) + 1] = { (operation), (f) }

static const struct form one_byte[256] = {
	BYTE_AND_WORD(0x00, INSN_OP_ADD, F_STORE | F_REGISTER | F_LOCK),
	BYTE_AND_WORD(0x08, INSN_OP_OR, F_STORE | F_REGISTER | F_LOCK),
	BYTE_AND_WORD(0x10, INSN_OP_ADC, F_STORE | F_REGISTER | F_LOCK),
	BYTE_AND_WORD(0x18, INSN_OP_SBB, F_STORE | F_REGISTER | F_LOCK),
	BYTE_AND_WORD(0x20, INSN_OP_AND, F_STORE | F_REGISTER | F_LOCK),
	BYTE_AND_WORD(0x28, INSN_OP_SUB, F_STORE | F_REGISTER | F_LOCK),
	BYTE_AND_WORD(0x30, INSN_OP_XOR, F_STORE | F_REGISTER | F_LOCK),
	BYTE_AND_WORD(0x6c, INSN_OP_INS, F_STRING),
	BYTE_AND_WORD(0x6e, INSN_OP_OUTS, F_STRING),
	BYTE_AND_WORD(0x80, GROUP_1, F_STORE | F_GROUP | F_IMM | F_LOCK),
	[0x82] = { GROUP_1, F_STORE | F_GROUP | F_IMM8 | F_LOCK | F_BYTE },
	[0x83] = { GROUP_1, F_STORE | F_GROUP | F_IMM8 | F_LOCK },
	BYTE_AND_WORD(0x86, INSN_OP_XCHG, F_STORE | F_REGISTER | F_LOCK),
	BYTE_AND_WORD(0x88, INSN_OP_MOV, F_STORE | F_REGISTER),
	BYTE_AND_WORD(0xa2, INSN_OP_MOV, F_OFFSET | F_REGISTER),
	BYTE_AND_WORD(0xa4, INSN_OP_MOVS, F_STRING),
	BYTE_AND_WORD(0xaa, INSN_OP_STOS, F_STRING | F_REGISTER),
	BYTE_AND_WORD(0xc6, GROUP_11, F_STORE | F_GROUP | F_IMM),
	BYTE_AND_WORD(0xe4, INSN_OP_IN, F_IMM8),
	BYTE_AND_WORD(0xe6, INSN_OP_OUT, F_IMM8),
	BYTE_AND_WORD(0xec, INSN_OP_IN, 0),
	BYTE_AND_WORD(0xee, INSN_OP_OUT, 0),
	[0xf4] = { INSN_OP_HLT, 0 },
	BYTE_AND_WORD(0xf6, GROUP_3, F_STORE | F_GROUP | F_LOCK),
	[0xfa] = { INSN_OP_CLI, 0 },
	[0xfb] = { INSN_OP_STI, 0 },
	BYTE_AND_WORD(0xfe, GROUP_4, F_STORE | F_GROUP | F_LOCK),
};

/* Opcodes after 0F. */
static const struct form two_byte[256] = {
	[0x00] = { GROUP_6, F_MODRM | F_GROUP },
	[0x01] = { GROUP_7, F_MODRM | F_GROUP },
	[0x06] = { INSN_OP_CLTS, 0 },
	[0x08] = { INSN_OP_INVD, 0 },
	[0x09] = { INSN_OP_WBINVD, 0 },
	[0x20] = { INSN_OP_MOV_FROM_CR, F_MODRM | F_CR | F_DWORD },
	[0x21] = { INSN_OP_MOV_FROM_DR, F_MODRM | F_CR | F_DWORD },
	[0x22] = { INSN_OP_MOV_TO_CR, F_MODRM | F_CR | F_DWORD },
	[0x23] = { INSN_OP_MOV_TO_DR, F_MODRM | F_CR | F_DWORD },
	[0x30] = { INSN_OP_WRMSR, 0 },
	[0x31] = { INSN_OP_RDTSC, 0 },
	[0x32] = { INSN_OP_RDMSR, 0 },
	[0x33] = { INSN_OP_RDPMC, 0 },
	[0x35] = { INSN_OP_OTHER_PRIVILEGED, 0 },
	[0xa2] = { INSN_OP_CPUID, 0 },
	[0xab] = { INSN_OP_BTS, F_STORE | F_REGISTER | F_LOCK },
	BYTE_AND_WORD(0xb0, INSN_OP_CMPXCHG, F_STORE | F_REGISTER | F_LOCK),
	[0xb3] = { INSN_OP_BTR, F_STORE | F_REGISTER | F_LOCK },
	[0xba] = { GROUP_8, F_STORE | F_GROUP | F_IMM8 | F_LOCK },
	[0xbb] = { INSN_OP_BTC, F_STORE | F_REGISTER | F_LOCK },
	BYTE_AND_WORD(0xc0, INSN_OP_XADD, F_STORE | F_REGISTER | F_LOCK),
	[0xc3] = { INSN_OP_MOV, F_STORE | F_REGISTER | F_DWORD | F_PLAIN },
	[0xc7] = { GROUP_9, F_STORE | F_GROUP | F_LOCK | F_QWORD },
};

/* The operation by ModRM.reg; those not named are not emulated. */
static const uint8_t groups[][8] = {
	[GROUP_1] = { INSN_OP_ADD, INSN_OP_OR, INSN_OP_ADC, INSN_OP_SBB, INSN_OP_AND, INSN_OP_SUB,
		      INSN_OP_XOR },
	[GROUP_3] = { [2] = INSN_OP_NOT, [3] = INSN_OP_NEG },
	[GROUP_4] = { [0] = INSN_OP_INC, [1] = INSN_OP_DEC },
	[GROUP_6] = { [0 ... 3] = INSN_OP_OTHER_PRIVILEGED },
	[GROUP_7] = { [0 ... 4] = INSN_OP_OTHER_PRIVILEGED,
		      [6] = INSN_OP_OTHER_PRIVILEGED,
		      [7] = INSN_OP_INVLPG },
	[GROUP_8] = { [5] = INSN_OP_BTS, [6] = INSN_OP_BTR, [7] = INSN_OP_BTC },
	[GROUP_9] = { [1] = INSN_OP_CMPXCHG8B },
	[GROUP_11] = { [0] = INSN_OP_MOV },
};

/* The base and index of 16-bit addresses, by ModRM.rm. */
static const uint8_t base16[8] = { INSN_EBX, INSN_EBX, INSN_EBP, INSN_EBP,
				   INSN_ESI, INSN_EDI, INSN_EBP, INSN_EBX };
static const uint8_t index16[8] = { INSN_ESI,	      INSN_EDI,		INSN_ESI,
				    INSN_EDI,	      INSN_NO_REGISTER, INSN_NO_REGISTER,
				    INSN_NO_REGISTER, INSN_NO_REGISTER };

struct cursor {
	const uint8_t *bytes;
	unsigned int size, at;
	enum insn_result result;
};

struct prefixes {
	bool operand, address, lock;
	uint8_t repeat;	 /* 0xf2, 0xf3 or none */
	bool overridden; /* ... by `segment` */
	bool others;	 /* and before by another */
	uint8_t segment;
};

/* The next @n bytes, least significant first. */
static uint32_t take(struct cursor *c, unsigned int n)
{
	uint32_t value = 0;

	if (c->result == INSN_OK && c->at + n > INSN_MAX_LENGTH)
		c->result = INSN_INVALID;
	else if (c->result == INSN_OK && c->at + n > c->size)
		c->result = INSN_NEEDS_MORE;
	if (c->result != INSN_OK)
		return 0;
	for (unsigned int i = 0; i < n; i++)
		value |= (uint32_t)c->bytes[c->at++] << (8 * i);
	return value;
}

static uint32_t take_signed_byte(struct cursor *c)
{
	return (uint32_t)(int8_t)take(c, 1);
}

static bool is_segment_prefix(uint8_t byte, uint8_t *segment)
{
	if ((byte & 0xe7) == 0x26)
		*segment = INSN_ES + (byte >> 3 & 3);
	else if (byte == 0x64 || byte == 0x65)
		*segment = INSN_FS + (byte & 1);
	else
		return false;
	return true;
}

static void override(struct prefixes *p, uint8_t segment)
{
	p->others |= p->overridden && p->segment != segment;
	p->overridden = true;
	p->segment = segment;
}

/* Takes all prefixes and the byte after them. */
static ALWAYS_INLINE uint8_t take_prefixes(struct cursor *c, struct prefixes *p)
{
	for (;;) {
		uint8_t byte = take(c, 1), segment;

		if (byte == 0x66)
			p->operand = true;
		else if (byte == 0x67)
			p->address = true;
		else if (byte == 0xf0)
			p->lock = true;
		else if (byte == 0xf2 || byte == 0xf3)
			p->repeat = byte;
		else if (!is_segment_prefix(byte, &segment))
			return byte;
		else
			override(p, segment);
	}
}

static void take_address16(struct cursor *c, struct insn *in, unsigned int mod)
{
	in->base = base16[in->rm];
	in->index = index16[in->rm];
	if (mod == 0 && in->rm == 6) {
		in->base = INSN_NO_REGISTER;
		in->displacement = take(c, 2);
	} else if (mod == 1) {
		in->displacement = take_signed_byte(c);
	} else if (mod == 2) {
		in->displacement = take(c, 2);
	}
	if (in->base == INSN_EBP)
		in->segment = INSN_SS;
}

static ALWAYS_INLINE void take_address32(struct cursor *c, struct insn *in, unsigned int mod)
{
	in->base = in->rm;
	if (in->rm == 4) {
		uint8_t sib = take(c, 1);

		in->base = sib & 7;
		if ((sib >> 3 & 7) != 4) {
			in->index = sib >> 3 & 7;
			in->scale = sib >> 6;
		}
	}
	if (mod == 0 && in->base == INSN_EBP) {
		in->base = INSN_NO_REGISTER;
		in->displacement = take(c, 4);
	} else if (mod == 1) {
		in->displacement = take_signed_byte(c);
	} else if (mod == 2) {
		in->displacement = take(c, 4);
	}
	if (in->base == INSN_EBP || in->base == INSN_ESP)
		in->segment = INSN_SS;
}

/* The register forms of 0F 01; those with fixed operands take no operand-size or repeat prefix. */
static enum insn_op group7_register_op(const struct insn *in, const struct prefixes *p)
{
	if (p->repeat)
		return INSN_OP_NONE;
	if (in->reg == 4)
		return INSN_OP_SMSW;
	if (in->reg == 6)
		return INSN_OP_LMSW;
	if (p->operand)
		return INSN_OP_NONE;
	switch (in->modrm) {
	case 0xc8:
		return INSN_OP_MONITOR;
	case 0xc9:
		return INSN_OP_MWAIT;
	case 0xca: /* CLAC */
	case 0xcb: /* STAC */
		return INSN_OP_OTHER_PRIVILEGED;
	case 0xd0:
		return INSN_OP_XGETBV;
	case 0xd1:
		return INSN_OP_XSETBV;
	case 0xf9:
		return INSN_OP_RDTSCP;
	default:
		return INSN_OP_NONE;
	}
}

static enum insn_op find_op(const struct insn *in, const struct prefixes *p,
			    const struct form *form)
{
	bool register_form = in->modrm >> 6 == 3;

	if ((form->flags & F_PLAIN) && (p->operand || p->repeat))
		return INSN_OP_NONE;
	if ((form->flags & F_MEMORY) && register_form)
		return INSN_OP_NONE;
	if (!(form->flags & F_GROUP))
		return form->op;
	if (form->op == GROUP_7 && register_form)
		return group7_register_op(in, p);
	return groups[form->op][in->reg];
}

static uint8_t find_operand_size(const struct insn *in, const struct prefixes *p, uint16_t flags)
{
	if (flags & F_BYTE)
		return 1;
	if (flags & F_DWORD)
		return 4;
	if (flags & F_QWORD)
		return 8;
	return in->code32 != p->operand ? 4 : 2;
}

/* CR0, CR2, CR3 and CR4 exist; any debug register does, since 4 and 5 may be aliases. */
static bool is_missing_cr(const struct insn *in)
{
	if (in->op != INSN_OP_MOV_FROM_CR && in->op != INSN_OP_MOV_TO_CR)
		return false;
	return in->reg == 1 || in->reg > 4;
}

static void take_modrm(struct cursor *c, struct insn *in)
{
	in->modrm = take(c, 1);
	in->reg = in->modrm >> 3 & 7;
	in->rm = in->modrm & 7;
}

/* What follows the opcode and ModRM, and the memory operand that strings imply. */
static void take_operands(struct cursor *c, struct insn *in, uint16_t flags)
{
	if ((flags & F_MODRM) && !(flags & F_CR) && in->modrm >> 6 != 3) {
		in->memory = true;
		if (in->address32)
			take_address32(c, in, in->modrm >> 6);
		else
			take_address16(c, in, in->modrm >> 6);
	} else if (flags & F_OFFSET) {
		in->memory = true;
		in->displacement = take(c, in->address32 ? 4 : 2);
	}
	if (flags & F_REGISTER)
		in->source = INSN_SOURCE_REGISTER;
	if (flags & (F_IMM | F_IMM8))
		in->source = INSN_SOURCE_IMMEDIATE;
	if ((flags & F_IMM8) || ((flags & F_IMM) && in->operand_size == 1))
		in->immediate = take_signed_byte(c);
	else if ((flags & F_IMM) && in->operand_size == 2)
		in->immediate = (uint32_t)(int16_t)take(c, 2);
	else if (flags & F_IMM)
		in->immediate = take(c, 4);
}

static void apply_prefixes(struct insn *in, const struct prefixes *p, uint16_t flags)
{
	in->lock = p->lock;
	if (p->overridden)
		in->segment = p->segment;
	if (!(flags & F_STRING))
		return;
	in->string = in->memory = true;
	in->repeat = p->repeat != 0;
	in->source_segment = in->segment;
	if (in->op != INSN_OP_OUTS)
		in->segment = INSN_ES;
}

enum insn_result insn_decode(struct insn *in, const uint8_t *bytes, unsigned int n, bool code32)
{
	struct cursor c = { .bytes = bytes, .size = n };
	struct prefixes p = { 0 };
	const struct form *form = one_byte;
	uint8_t opcode = take_prefixes(&c, &p);

	*in = (struct insn){ .code32 = code32,
			     .address32 = code32 != p.address,
			     .segment = INSN_DS,
			     .base = INSN_NO_REGISTER,
			     .index = INSN_NO_REGISTER };
	if (opcode == 0x0f) {
		form = two_byte;
		opcode = take(&c, 1);
	}
	form += opcode;
	if (c.result == INSN_OK && (form->flags & F_MODRM))
		take_modrm(&c, in);
	if (c.result != INSN_OK)
		return c.result;
	in->op = find_op(in, &p, form);
	if (in->op == INSN_OP_NONE)
		return INSN_UNSUPPORTED;
	if ((p.lock && !(form->flags & F_LOCK)) || is_missing_cr(in))
		return INSN_INVALID;
	in->operand_size = find_operand_size(in, &p, form->flags);
	take_operands(&c, in, form->flags);
	apply_prefixes(in, &p, form->flags);
	in->length = c.at;
	return c.result;
}

enum insn_result insn_decode_forced_cpuid(struct insn *in, const uint8_t *bytes, unsigned int n)
{
	static const uint8_t forced[INSN_FORCED_CPUID_LENGTH] = { 0x0f, 0x0b, 'x', 'e',
								  'n',	0x0f, 0xa2 };

	*in = (struct insn){ .op = INSN_OP_CPUID, .length = sizeof(forced), .code32 = true };
	for (unsigned int i = 0; i < sizeof(forced); i++) {
		if (i == n)
			return INSN_NEEDS_MORE;
		if (bytes[i] != forced[i])
			return INSN_UNSUPPORTED;
	}
	return INSN_OK;
}

/* ---- any instruction at all, as far as its operand ---- */

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

enum insn_result insn_decode_gs_operand(struct insn *in, const uint8_t *bytes, unsigned int n)
{
	struct cursor c = { .bytes = bytes, .size = n };
	struct prefixes p = { 0 };
	uint8_t opcode = take_prefixes(&c, &p);

	*in = (struct insn){ .code32 = true,
			     .address32 = true,
			     .base = INSN_NO_REGISTER,
			     .index = INSN_NO_REGISTER };
	if (!p.overridden || p.segment != INSN_GS || p.others || p.address)
		return INSN_UNSUPPORTED;
	if (opcode >= 0xa0 && opcode <= 0xa3) {
		in->displacement = take(&c, 4);
	} else {
		if (opcode == 0x0f ? has_bit(no_modrm_two_byte, (uint8_t)take(&c, 1))
				   : !has_bit(modrm_one_byte, opcode))
			return INSN_UNSUPPORTED;
		take_modrm(&c, in);
		if (in->modrm >> 6 == 3)
			return INSN_UNSUPPORTED;
		take_address32(&c, in, in->modrm >> 6);
	}
	in->length = c.at;
	return c.result;
}
