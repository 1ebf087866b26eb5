/* SPDX-License-Identifier: MIT */
/*
 * The hostile guest.  It tries to get at the hypervisor and passes when it does not succeed and
 * everything goes on.  Words on its command line: calls=N and seed=N for the random hypercalls,
 * a million unless told (tests/qemu/test_hostile.py makes all of them).
 *
 * Boot: arguments="calls=100000" timeout=300
 */
#include "guests/evil/evil.h"
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

static uint32_t random_state = 1;

void random_seed(uint32_t seed)
{
	random_state = seed ? seed : 1;
}

/* A 32-bit xorshift generator. */
uint32_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

uint32_t random_below(uint32_t bound)
{
	return (uint32_t)(((uint64_t)random_next() * bound) >> 32);
}

uint32_t evil_option(const char *word, uint32_t otherwise)
{
	const char *at = strstr((const char *)start_info->cmd_line, word);
	uint32_t value = 0;

	if (!at)
		return otherwise;
	for (at += strlen(word); *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (*at - '0');
	return value;
}

static const struct test_case cases[] = {
	{ "evil.flat_segments", evil_flat_segments },
	{ "evil.own_segments", evil_own_segments },
	{ "evil.local_segments", evil_local_segments },
	{ "evil.execute", evil_execute },
	{ "evil.user", evil_user },
	{ "evil.hypercalls", evil_hypercalls },
};

int main(void)
{
	words_init();
	return test_run(cases, ARRAY_SIZE(cases));
}
