/* SPDX-License-Identifier: MIT */
/*
 * Tests of the instruction decoder and emulator (arch/x86_32/insn.h) by tables of expected
 * decodings, for what test_insn_cpu.c cannot compare with the processor in user mode.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86_32/insn.h"

#define DF 0x400u
#define RF 0x10000u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum insn_result decode(struct insn *in, const char *bytes, unsigned int n)
{
	return insn_decode(in, (const uint8_t *)bytes, n, true);
}

struct expected {
	const char *bytes;
	uint8_t length, op, size, reg, rm;
};

static const struct expected privileged[] = {
	{ "\xf4", 1, INSN_OP_HLT, 4, 0, 0 },
	{ "\xfa", 1, INSN_OP_CLI, 4, 0, 0 },
	{ "\xfb", 1, INSN_OP_STI, 4, 0, 0 },
	{ "\x0f\x06", 2, INSN_OP_CLTS, 4, 0, 0 },
	{ "\x0f\x08", 2, INSN_OP_INVD, 4, 0, 0 },
	{ "\x0f\x09", 2, INSN_OP_WBINVD, 4, 0, 0 },
	{ "\x0f\x30", 2, INSN_OP_WRMSR, 4, 0, 0 },
	{ "\x0f\x31", 2, INSN_OP_RDTSC, 4, 0, 0 },
	{ "\x0f\x32", 2, INSN_OP_RDMSR, 4, 0, 0 },
	{ "\x0f\x33", 2, INSN_OP_RDPMC, 4, 0, 0 },
	{ "\x0f\xa2", 2, INSN_OP_CPUID, 4, 0, 0 },
	{ "\x0f\x20\xc3", 3, INSN_OP_MOV_FROM_CR, 4, 0, INSN_EBX },
	{ "\x0f\x20\x1c", 3, INSN_OP_MOV_FROM_CR, 4, 3, INSN_ESP }, /* mod is ignored */
	{ "\x0f\x22\xe0", 3, INSN_OP_MOV_TO_CR, 4, 4, INSN_EAX },
	{ "\x66\x0f\x22\xd1", 4, INSN_OP_MOV_TO_CR, 4, 2, INSN_ECX },
	{ "\x0f\x21\xfe", 3, INSN_OP_MOV_FROM_DR, 4, 7, INSN_ESI },
	{ "\x0f\x23\xe7", 3, INSN_OP_MOV_TO_DR, 4, 4, INSN_EDI },
	{ "\x0f\x01\xf5", 3, INSN_OP_LMSW, 4, 6, INSN_EBP },
	{ "\x0f\x01\xe1", 3, INSN_OP_SMSW, 4, 4, INSN_ECX },
	{ "\x66\x0f\x01\xe1", 4, INSN_OP_SMSW, 2, 4, INSN_ECX },
	{ "\x0f\x01\xc8", 3, INSN_OP_MONITOR, 4, 1, 0 },
	{ "\x0f\x01\xc9", 3, INSN_OP_MWAIT, 4, 1, 1 },
	{ "\x0f\x01\xd0", 3, INSN_OP_XGETBV, 4, 2, 0 },
	{ "\x0f\x01\xd1", 3, INSN_OP_XSETBV, 4, 2, 1 },
	{ "\x0f\x01\xf9", 3, INSN_OP_RDTSCP, 4, 7, 1 },
	{ "\x0f\x01\x3b", 3, INSN_OP_INVLPG, 4, 7, INSN_EBX },
	{ "\x0f\x01\x10", 3, INSN_OP_OTHER_PRIVILEGED, 4, 2, 0 }, /* LGDT */
	{ "\x0f\x01\x18", 3, INSN_OP_OTHER_PRIVILEGED, 4, 3, 0 }, /* LIDT */
	{ "\x0f\x01\x30", 3, INSN_OP_OTHER_PRIVILEGED, 4, 6, 0 }, /* LMSW from memory */
	{ "\x0f\x00\xd0", 3, INSN_OP_OTHER_PRIVILEGED, 4, 2, 0 }, /* LLDT */
	{ "\x0f\x00\x18", 3, INSN_OP_OTHER_PRIVILEGED, 4, 3, 0 }, /* LTR */
	{ "\x0f\x35", 2, INSN_OP_OTHER_PRIVILEGED, 4, 0, 0 },	  /* SYSEXIT */
	{ "\xe4\x80", 2, INSN_OP_IN, 1, 0, 0 },
	{ "\xe5\x80", 2, INSN_OP_IN, 4, 0, 0 },
	{ "\x66\xe7\x80", 3, INSN_OP_OUT, 2, 0, 0 },
	{ "\xec", 1, INSN_OP_IN, 1, 0, 0 },
	{ "\x66\xed", 2, INSN_OP_IN, 2, 0, 0 },
	{ "\xef", 1, INSN_OP_OUT, 4, 0, 0 },
	{ "\xf3\x6d", 2, INSN_OP_INS, 4, 0, 0 },
	{ "\x66\x6f", 2, INSN_OP_OUTS, 2, 0, 0 },
};

static void privileged_are_classified(void **state)
{
	(void)state;
	for (const struct expected *e = privileged; e < privileged + COUNT(privileged); e++) {
		struct insn in;

		assert_int_equal(decode(&in, e->bytes, e->length), INSN_OK);
		assert_int_equal(in.length, e->length);
		assert_int_equal(in.op, e->op);
		assert_int_equal(in.operand_size, e->size);
		assert_int_equal(in.reg, e->reg);
		assert_int_equal(in.rm, e->rm);
		assert_false(insn_is_store(&in));
	}
}

static void others_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		uint8_t length, result;
	} refused[] = {
		{ "\x00\xc0", 2, INSN_UNSUPPORTED },	       /* add to a register */
		{ "\x80\x38\x01", 3, INSN_UNSUPPORTED },       /* CMP does not store. */
		{ "\x0f\x6f\x00", 3, INSN_UNSUPPORTED },       /* MMX */
		{ "\xdf\x38", 2, INSN_UNSUPPORTED },	       /* FISTP */
		{ "\x8f\x00", 2, INSN_UNSUPPORTED },	       /* POP */
		{ "\xc7\x48\0\0\0\0\0", 7, INSN_UNSUPPORTED }, /* C7 /1 */
		{ "\x66\x0f\xc3\x00", 4, INSN_UNSUPPORTED },   /* no such MOVNTI */
		{ "\x0f\xc7\xf0", 3, INSN_UNSUPPORTED },       /* RDRAND */
		{ "\x0f\x01\xc1", 3, INSN_UNSUPPORTED },       /* VMCALL */
		{ "\xf3\x0f\x01\xd0", 4, INSN_UNSUPPORTED },
		{ "\x66\x0f\x01\xd1", 4, INSN_UNSUPPORTED },
		{ "\xf0\x88\x00", 3, INSN_INVALID }, /* LOCK */
		{ "\xf0\xaa", 2, INSN_INVALID },
		{ "\xf0\x0f\x20\xc0", 4, INSN_INVALID }, /* elsewhere CR8 */
		{ "\xf0\xf4", 2, INSN_INVALID },
		{ "\x0f\x20\xc8", 3, INSN_INVALID }, /* CR1 */
		{ "\x0f\x22\xe8", 3, INSN_INVALID }, /* CR5 */
	};
	struct insn in;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_int_equal(decode(&in, refused[i].bytes, refused[i].length),
				 refused[i].result);
}

static void truncated_needs_more(void **state)
{
	struct insn in;

	(void)state;
	for (const struct expected *e = privileged; e < privileged + COUNT(privileged); e++)
		for (unsigned int n = 0; n < e->length; n++)
			assert_int_equal(decode(&in, e->bytes, n), INSN_NEEDS_MORE);
}

static void length_is_limited(void **state)
{
	uint8_t bytes[INSN_MAX_LENGTH + 1];
	struct insn in;

	(void)state;
	memset(bytes, 0x66, sizeof(bytes));
	assert_int_equal(insn_decode(&in, bytes, 14, true), INSN_NEEDS_MORE);
	assert_int_equal(insn_decode(&in, bytes, 15, true), INSN_INVALID);
	bytes[14] = 0xf4;
	assert_int_equal(insn_decode(&in, bytes, 15, true), INSN_OK);
	bytes[14] = 0xcd;
	assert_int_equal(insn_decode(&in, bytes, 16, true), INSN_UNSUPPORTED);
	bytes[14] = 0x88;
	assert_int_equal(insn_decode(&in, bytes, 16, true), INSN_INVALID);
}

static uint8_t segment_of(const char *bytes, unsigned int n)
{
	struct insn in;

	assert_int_equal(decode(&in, bytes, n), INSN_OK);
	return in.segment;
}

static void segments_are_reported(void **state)
{
	(void)state;
	assert_int_equal(segment_of("\x88\x00", 2), INSN_DS);		  /* (%eax) */
	assert_int_equal(segment_of("\x88\x45\x00", 3), INSN_SS);	  /* 0(%ebp) */
	assert_int_equal(segment_of("\x88\x05\0\0\0\0", 6), INSN_DS);	  /* absolute */
	assert_int_equal(segment_of("\x88\x04\x24", 3), INSN_SS);	  /* (%esp) */
	assert_int_equal(segment_of("\x88\x04\x28", 3), INSN_DS);	  /* (%eax,%ebp) */
	assert_int_equal(segment_of("\x88\x04\x05\0\0\0\0", 7), INSN_DS); /* (,%eax) */
	assert_int_equal(segment_of("\x88\x44\x05\0", 4), INSN_SS);	  /* 0(%ebp,%eax) */
	assert_int_equal(segment_of("\x67\x88\x02", 3), INSN_SS);	  /* (%bp,%si) */
	assert_int_equal(segment_of("\x67\x88\x06\0\0", 5), INSN_DS);	  /* absolute 16 */
	assert_int_equal(segment_of("\x67\x88\x46\0", 4), INSN_SS);	  /* 0(%bp) */
	assert_int_equal(segment_of("\x26\x88\x45\x00", 4), INSN_ES);
	assert_int_equal(segment_of("\x2e\x88\x00", 3), INSN_CS);
	assert_int_equal(segment_of("\x36\x88\x00", 3), INSN_SS);
	assert_int_equal(segment_of("\x3e\x88\x04\x24", 4), INSN_DS);
	assert_int_equal(segment_of("\x64\x88\x00", 3), INSN_FS);
	assert_int_equal(segment_of("\x64\x65\x88\x00", 4), INSN_GS); /* The last one counts. */
	assert_int_equal(segment_of("\x65\xaa", 2), INSN_ES);	      /* STOS, INS: always ES */
	assert_int_equal(segment_of("\x65\x6c", 2), INSN_ES);
	assert_int_equal(segment_of("\x65\x6e", 2), INSN_GS); /* OUTS */
	assert_int_equal(segment_of("\x6e", 1), INSN_DS);
}

static void strings_with_16bit_addresses(void **state)
{
	static const uint8_t bytes[] = { 0x67, 0xf3, 0x66, 0x26, 0xa5 }; /* rep movsw, %es source */
	struct insn_regs regs = {
		.gpr = { [INSN_ECX] = 0x55550002, [INSN_ESI] = 0x1234ffff, [INSN_EDI] = 0x4321fffe },
		.eip = 0x100,
		.eflags = RF
	};
	struct insn in;
	uint64_t value;

	(void)state;
	assert_int_equal(insn_decode(&in, bytes, sizeof(bytes), true), INSN_OK);
	assert_int_equal(in.source_segment, INSN_ES);
	assert_int_equal(insn_effective_offset(&in, &regs), 0xfffe);
	assert_int_equal(insn_source_offset(&in, &regs), 0xffff);
	assert_true(insn_store_execute(&in, &regs, 0x1111, 0x2222, &value));
	assert_true(value == 0x2222);
	assert_int_equal(regs.eip, 0x100);
	assert_int_equal(regs.eflags, RF);
	assert_int_equal(regs.gpr[INSN_ECX], 0x55550001);
	assert_int_equal(regs.gpr[INSN_ESI], 0x12340001);
	assert_int_equal(regs.gpr[INSN_EDI], 0x43210000);
	assert_true(insn_store_execute(&in, &regs, 0x1111, 0x2222, &value));
	assert_int_equal(regs.eip, 0x105);
	assert_int_equal(regs.eflags, 0);
	assert_true(insn_repeat_finished(&in, &regs));
	assert_false(insn_store_execute(&in, &regs, 0x1111, 0x2222, &value));
	assert_true(value == 0x1111);
	assert_int_equal(regs.gpr[INSN_EDI], 0x43210002);
	assert_int_equal(regs.eip, 0x10a);
}

static void io_strings_step(void **state)
{
	static const uint8_t bytes[] = { 0xf3, 0x64, 0x6f }; /* rep outsl %fs:(%esi) */
	struct insn_regs regs = { .gpr = { [INSN_ECX] = 2, [INSN_EDX] = 0xabcd0060, [INSN_ESI] = 8 },
				  .eip = 0x100,
				  .eflags = DF };
	struct insn in;

	(void)state;
	assert_int_equal(insn_decode(&in, bytes, sizeof(bytes), true), INSN_OK);
	assert_int_equal(in.segment, INSN_FS);
	assert_int_equal(insn_io_port(&in, &regs), 0x60);
	assert_int_equal(insn_effective_offset(&in, &regs), 8);
	insn_string_step(&in, &regs);
	assert_int_equal(regs.gpr[INSN_ESI], 4);
	assert_int_equal(regs.eip, 0x100);
	insn_string_step(&in, &regs);
	assert_int_equal(regs.gpr[INSN_ESI], 0);
	assert_int_equal(regs.gpr[INSN_EDI], 0);
	assert_int_equal(regs.eip, 0x103);
}

static void ports_and_16bit_code(void **state)
{
	struct insn_regs regs = { .gpr = { [INSN_EDX] = 0x123403f8 }, .eip = 0xffff, .eflags = RF };
	struct insn in;

	(void)state;
	assert_int_equal(insn_decode(&in, (const uint8_t *)"\xe4\xed", 2, false), INSN_OK);
	assert_int_equal(insn_io_port(&in, &regs), 0xed);
	insn_retire(&in, &regs);
	assert_int_equal(regs.eip, 1);
	assert_int_equal(regs.eflags, 0);
	assert_int_equal(insn_decode(&in, (const uint8_t *)"\xed", 1, false), INSN_OK);
	assert_int_equal(insn_io_port(&in, &regs), 0x3f8);
	assert_int_equal(in.operand_size, 2);
	assert_int_equal(insn_decode(&in, (const uint8_t *)"\x66\xef", 2, false), INSN_OK);
	assert_int_equal(in.operand_size, 4);
	assert_int_equal(insn_decode(&in, (const uint8_t *)"\xc7\x06\1\2\3\4", 6, false), INSN_OK);
	assert_int_equal(in.length, 6);
	assert_int_equal(in.displacement, 0x0201);
	assert_int_equal(in.immediate, 0x0403);
}

static void forced_cpuid_is_recognised(void **state)
{
	static const uint8_t forced[] = "\x0f\x0bxen\x0f\xa2";
	struct insn in;

	(void)state;
	for (unsigned int n = 0; n < INSN_FORCED_CPUID_LENGTH; n++)
		assert_int_equal(insn_decode_forced_cpuid(&in, forced, n), INSN_NEEDS_MORE);
	assert_int_equal(insn_decode_forced_cpuid(&in, forced, sizeof(forced)), INSN_OK);
	assert_int_equal(in.op, INSN_OP_CPUID);
	assert_int_equal(in.length, INSN_FORCED_CPUID_LENGTH);
	for (unsigned int i = 0; i < INSN_FORCED_CPUID_LENGTH; i++) {
		uint8_t other[sizeof(forced)];

		memcpy(other, forced, sizeof(forced));
		other[i] ^= 1;
		assert_int_equal(insn_decode_forced_cpuid(&in, other, sizeof(other)),
				 INSN_UNSUPPORTED);
	}
}

/* What a cut 4 GiB segment is asked for: any instruction, as far as its operand. */
static void gs_operands_are_found(void **state)
{
	static const struct {
		const char *bytes;
		unsigned int n, length;
		uint32_t offset;
		enum insn_result result;
	} cases[] = {
		{ "\x65\xa1\xfc\xff\xff\xff", 6, 6, 0xfffffffc, INSN_OK }, /* mov %gs:-4, %eax */
		{ "\x65\x8b\x44\x8b\xf8", 5, 5, 0x1000 + 4 * 3 - 8, INSN_OK }, /* -8(%ebx,%ecx,4) */
		{ "\x65\x66\x0f\x6f\x03", 5, 5, 0x1000, INSN_OK }, /* movdqa %gs:(%ebx) */
		{ "\x65\x8b\x80\x04\x00\x00\x00", 6, 0, 0, INSN_NEEDS_MORE },
		{ "\x65", 1, 0, 0, INSN_NEEDS_MORE },
		{ "\x8b\x03", 2, 0, 0, INSN_UNSUPPORTED },	   /* no override */
		{ "\x64\x65\x8b\x03", 4, 0, 0, INSN_UNSUPPORTED }, /* two of them */
		{ "\x65\x67\x8b\x03", 4, 0, 0, INSN_UNSUPPORTED }, /* 16-bit address */
		{ "\x65\x8b\xc3", 3, 0, 0, INSN_UNSUPPORTED },	   /* registers only */
		{ "\x65\x90", 2, 0, 0, INSN_UNSUPPORTED },
		{ "\x65\x0f\xa2", 3, 0, 0, INSN_UNSUPPORTED }, /* cpuid */
	};
	const struct insn_regs regs = { .gpr = { [INSN_EBX] = 0x1000, [INSN_ECX] = 3 } };
	struct insn in;

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(insn_decode_gs_operand(&in, (const uint8_t *)cases[i].bytes,
							cases[i].n),
				 cases[i].result);
		if (cases[i].result != INSN_OK)
			continue;
		assert_int_equal(in.length, cases[i].length);
		assert_int_equal(insn_effective_offset(&in, &regs), cases[i].offset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(privileged_are_classified),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(truncated_needs_more),
		cmocka_unit_test(length_is_limited),
		cmocka_unit_test(segments_are_reported),
		cmocka_unit_test(strings_with_16bit_addresses),
		cmocka_unit_test(io_strings_step),
		cmocka_unit_test(ports_and_16bit_code),
		cmocka_unit_test(forced_cpuid_is_recognised),
		cmocka_unit_test(gs_operands_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
