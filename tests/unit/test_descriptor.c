/* SPDX-License-Identifier: MIT */
/*
 * Tests of arch_descriptor_check() and segment_linear(): a model of segmentation, written from the
 * processor manual (SDM vol. 3, 3.4.5, 5.3) and not from the code, says which linear addresses a
 * descriptor reaches. Descriptors come from all combinations of the bits that matter with the bases
 * and limits around every boundary, and from a random generator.
 *
 * What must hold for each that passes: it reaches nothing at or above GUEST_SEGMENT_END, it is not
 * of privilege level 0 and leads to nothing that is, its accessed bit is set, and it reaches no
 * more than what was asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/x86_32/arch.h"
#include "arch/x86_32/descriptor.h"

#define RANDOM_DESCRIPTORS 4000000u
#define LAST_ADDRESS 0xffffffffull
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Offsets [first, last] of the segment; empty when first > last. */
struct reach {
	uint64_t first, last;
};

static uint64_t make(uint32_t base, uint32_t limit, uint32_t bits)
{
	uint32_t high = (base & 0xff000000) | (base >> 16 & 0xff) | (limit & 0xf0000) | bits;

	return (uint64_t)high << 32 | (base & 0xffff) << 16 | (limit & 0xffff);
}

static uint32_t high_of(uint64_t descriptor)
{
	return (uint32_t)(descriptor >> 32);
}

static bool is_segment(uint64_t descriptor)
{
	return (high_of(descriptor) >> 12 & 9) == 9; /* present, code or data */
}

static bool is_expand_down(uint64_t descriptor)
{
	return (high_of(descriptor) & 0xc00) == 0x400; /* data with E */
}

static uint32_t model_base(uint64_t descriptor)
{
	return (uint32_t)(descriptor >> 16 & 0xffffff) | (uint32_t)(descriptor >> 56) << 24;
}

static struct reach model_reach(uint64_t descriptor)
{
	uint64_t limit = (descriptor & 0xffff) | (descriptor >> 32 & 0xf0000);
	bool big = high_of(descriptor) >> 22 & 1;

	if (high_of(descriptor) >> 23 & 1)
		limit = limit << 12 | 0xfff;
	if (is_expand_down(descriptor))
		return (struct reach){ limit + 1, big ? LAST_ADDRESS : 0xffff };
	return (struct reach){ 0, limit };
}

/* The highest linear address in the segment: linear addresses wrap at 4 GiB. */
static bool model_highest(uint64_t descriptor, uint64_t *highest)
{
	struct reach r = model_reach(descriptor);
	uint64_t first = r.first + model_base(descriptor), last = r.last + model_base(descriptor);

	if (r.first > r.last)
		return false;
	/* Both in the first 4 GiB or both behind: no wrap in between. */
	*highest = first >> 32 == last >> 32 ? last & LAST_ADDRESS : LAST_ADDRESS;
	return true;
}

static bool is_hypervisor_selector(uint32_t selector)
{
	return !(selector & 4) && selector >= 0xe000 && selector != 0xe019;
}

static void check_passed(uint64_t asked, uint64_t got)
{
	struct reach before = model_reach(asked), after = model_reach(got);
	uint64_t highest, again = got;

	if (!(high_of(asked) & 0x8000)) {
		assert_true(asked == got);
		return;
	}
	assert_true(high_of(got) & 0x8000);
	assert_int_not_equal(high_of(got) >> 13 & 3, 0);
	assert_true(arch_descriptor_check(&again));
	assert_true(again == got);
	if (!is_segment(got)) {
		assert_int_equal(high_of(got) & 0x1f00, 0x0c00); /* a 32-bit call gate */
		assert_int_not_equal((uint32_t)got >> 16 & 3, 0);
		assert_false(is_hypervisor_selector((uint32_t)got >> 16));
		return;
	}
	assert_true(high_of(got) & 0x100);
	assert_int_equal(model_base(got), model_base(asked));
	assert_int_equal(high_of(got) & 0x00d01e00, high_of(asked) & 0x00d01e00);
	if (model_highest(got, &highest)) {
		assert_true(highest < GUEST_SEGMENT_END);
		assert_true(after.first >= before.first && after.last <= before.last);
	}
}

static void check(uint64_t asked)
{
	uint64_t got = asked;

	if (arch_descriptor_check(&got))
		check_passed(asked, got);
}

/* ---- tests ---- */

static const uint32_t bases[] = {
	0,
	1,
	0xfff,
	0x1000,
	0x1001,
	0x10000,
	0x12345678,
	0x7fffffff,
	0x80000000,
	0xb7e01940,
	0xbffff000,
	0xc0000000,
	HV_START - 0x1000,
	HV_START - 1,
	HV_START,
	HV_START + 1,
	GUEST_SEGMENT_END - 0x100000,
	GUEST_SEGMENT_END - 0x2001,
	GUEST_SEGMENT_END - 0x2000,
	GUEST_SEGMENT_END - 0x1fff,
	GUEST_SEGMENT_END - 0x1001,
	GUEST_SEGMENT_END - 0x1000,
	GUEST_SEGMENT_END - 0xfff,
	GUEST_SEGMENT_END - 1,
	GUEST_SEGMENT_END,
	GUEST_SEGMENT_END + 1,
	0xfc800000,
	0xffc00000,
	0xffff0000,
	0xfffff000,
	0xffffffff,
};

/* Limits at which something changes for a segment that starts at base. */
static unsigned limits_near(uint32_t base, uint32_t *limits)
{
	const uint32_t room[] = { GUEST_SEGMENT_END - base, HV_START - base, -base, base };
	unsigned n = 0;

	for (unsigned i = 0; i < COUNT(room); i++) {
		for (int delta = -2; delta <= 2; delta++) {
			limits[n++] = ((room[i] >> 12) + (uint32_t)delta) & 0xfffff;
			limits[n++] = (room[i] + (uint32_t)delta) & 0xfffff;
		}
	}
	for (uint32_t edge = 0; edge <= 0x10; edge++) {
		limits[n++] = edge;
		limits[n++] = 0xfffff - edge;
		limits[n++] = 0xffff - 8 + edge;
	}
	return n;
}

static void test_every_kind_at_every_edge(void **state)
{
	uint32_t limits[128];

	(void)state;
	for (unsigned b = 0; b < COUNT(bases); b++) {
		unsigned n = limits_near(bases[b], limits);

		for (unsigned l = 0; l < n; l++)
			for (uint32_t access = 0; access < 0x100; access++)
				for (uint32_t flags = 0; flags < 0x10; flags++)
					check(make(bases[b], limits[l], access << 8 | flags << 20));
	}
}

static uint32_t random32(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 24);
}

static void test_random(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RANDOM_DESCRIPTORS; i++)
		check((uint64_t)random32() << 32 | random32());
	/* The same, but always present. */
	for (unsigned i = 0; i < RANDOM_DESCRIPTORS; i++)
		check((uint64_t)(random32() | 0x9000) << 32 | random32());
}

static void assert_becomes(uint64_t asked, uint64_t expected)
{
	uint64_t got = asked;

	assert_true(arch_descriptor_check(&got));
	assert_true(got == expected);
}

static void assert_refused(uint64_t asked)
{
	assert_false(arch_descriptor_check(&asked));
}

static void test_flat_segments(void **state)
{
	uint32_t end = (GUEST_SEGMENT_END >> 12) - 1;

	(void)state;
	/* What an operating system's own table has: ring 0 and 3, code and data, all 4 GiB. */
	assert_becomes(0x00cf9a000000ffffull, make(0, end, 0x00c0bb00));
	assert_becomes(0x00cf92000000ffffull, make(0, end, 0x00c0b300));
	assert_becomes(0x00cffa000000ffffull, make(0, end, 0x00c0fb00));
	assert_becomes(0x00cff2000000ffffull, make(0, end, 0x00c0f300));
	/* The long-mode bit goes; what nobody can load stays. */
	assert_becomes(0x00effa000000ffffull, make(0, end, 0x00c0fb00));
	assert_becomes(0, 0);
	assert_becomes(0x00006a000000ffffull, 0x00006a000000ffffull);
}

static void test_thread_local_segments(void **state)
{
	uint32_t base = 0xb7e01940;
	uint32_t room = ((GUEST_SEGMENT_END - base) >> 12) - 1;
	uint32_t below = (-(base & ~0xfffu) >> 12) - 1;

	(void)state;
	/* 4 GiB from a base in the middle, as set_thread_area makes: the part above stays. */
	assert_becomes(make(base, 0xfffff, 0x00c0f200), make(base, room, 0x00c0f300));
	/* The part below, as the 4 GiB assistance makes: exactly that, and nothing to adjust. */
	assert_becomes(make(base, below, 0x00c0f700), make(base, below, 0x00c0f700));
	/* Byte-granular: fits, or cannot be truncated. */
	assert_becomes(make(base, 0xfffff, 0x0040f200), make(base, 0xfffff, 0x0040f300));
	assert_refused(make(GUEST_SEGMENT_END - 0x10000, 0xfffff, 0x0040f200));
	assert_refused(make(GUEST_SEGMENT_END - 0x1000, 0, 0x00c0f200));
	assert_refused(make(0xffc00000, 0xfff, 0x0040f200));
}

static void test_system_descriptors(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 16; type++)
		for (uint32_t dpl = 0; dpl < 4; dpl++)
			if (type != 0xc)
				assert_refused(make(0x1000, 0x67, 0x8000 | type << 8 | dpl << 13));
	/*
	 * Call gates: ring 0 becomes ring 1, the hypervisor's code is out of reach, reserved bits
	 * are refused.
	 */
	assert_becomes(0x00128c0000083456ull | 0x60ull << 40, 0x0012ec0000093456ull);
	assert_becomes(0x00128c0000083456ull, 0x0012ac0000093456ull);
	assert_becomes(0x0012ec00e0193456ull, 0x0012ec00e0193456ull);
	assert_becomes(0x0012ec00e0183456ull, 0x0012ec00e0193456ull);
	assert_refused(0x0012ec00e0083456ull);
	assert_refused(0x0012ec00e0093456ull);
	assert_refused(0x0012ec00e0383456ull);
	assert_refused(0x0012ec00e01b3456ull);
	assert_refused(0x0012ec2000093456ull);
	assert_refused(0x0012ec8000093456ull);
}

static void test_selectors(void **state)
{
	(void)state;
	for (uint32_t selector = 0; selector <= 0xffff; selector++) {
		uint16_t fixed = arch_fix_selector((uint16_t)selector);

		assert_int_not_equal(fixed & 3, 0);
		assert_int_equal(fixed & ~3, selector & ~3);
		if (selector & 3)
			assert_int_equal(fixed, selector);
		assert_int_equal(arch_code_selector_ok((uint16_t)selector),
				 !is_hypervisor_selector(selector));
	}
}

/* The model's answer for one access: every byte is in reach, and the type allows it. */
static bool model_allows(uint64_t descriptor, uint32_t offset, uint32_t size,
			 enum segment_access access)
{
	struct reach r = model_reach(descriptor);
	bool code = high_of(descriptor) & 0x800, second = high_of(descriptor) & 0x200;

	if (!is_segment(descriptor) || offset < r.first || (uint64_t)offset + size - 1 > r.last)
		return false;
	if (access == SEGMENT_EXECUTE)
		return code;
	return access == SEGMENT_WRITE ? !code && second : !code || second;
}

static void test_linear_addresses(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 4, 8, 15 };

	(void)state;
	for (unsigned i = 0; i < RANDOM_DESCRIPTORS / 4; i++) {
		uint64_t descriptor = (uint64_t)random32() << 32 | random32();
		struct reach r = model_reach(descriptor);
		uint32_t near[] = { (uint32_t)r.first, (uint32_t)r.last, random32() };
		uint32_t offset = near[random32() % COUNT(near)] + random32() % 33 - 16;
		uint32_t size = sizes[random32() % COUNT(sizes)];
		enum segment_access access = (enum segment_access)(random32() % 3);
		gva_t linear = 0;
		bool ok = segment_linear(descriptor, offset, size, access, &linear);

		assert_int_equal(ok, model_allows(descriptor, offset, size, access));
		if (ok)
			assert_int_equal(linear, model_base(descriptor) + offset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_at_every_edge),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_flat_segments),
		cmocka_unit_test(test_thread_local_segments),
		cmocka_unit_test(test_system_descriptors),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_linear_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
