/* SPDX-License-Identifier: MIT */
/*
 * The bounded pass of the hypercall fuzzer: inputs from a fixed seed, as many as fit into the time,
 * but at least a few. RINGLET_SEED and RINGLET_SECONDS choose others.
 */
#include "tests/host/cmocka_all.h"

#include <stdio.h>
#include <time.h>

#include "tests/fuzz/engine.h"

#define INPUT_SIZE 2048
#define LEAST_INPUTS 20
#define SECONDS 20

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void test_random_hypercalls(void **state)
{
	uint64_t seed = number_from("RINGLET_SEED", 1), x;
	time_t end = time(NULL) + (time_t)number_from("RINGLET_SECONDS", SECONDS);
	static uint8_t input[INPUT_SIZE];
	unsigned n, i;

	(void)state;
	for (n = 0; n < LEAST_INPUTS || time(NULL) < end; n++) {
		x = (seed + n) * 0x9e3779b97f4a7c15ull | 1;
		for (i = 0; i < INPUT_SIZE; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			input[i] = (uint8_t)(x >> 24);
		}
		if (getenv("RINGLET_VERBOSE"))
			fprintf(stderr, "input %llu\n", (unsigned long long)(seed + n));
		engine_play(input, INPUT_SIZE);
	}
	print_message("%u inputs\n", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_hypercalls),
	};

	return cmocka_run_group_tests_name("random hypercalls", tests, NULL, NULL);
}
