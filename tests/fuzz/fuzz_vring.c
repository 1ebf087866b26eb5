// SPDX-License-Identifier: MIT
// Fuzz harness of virtqueues. The input is what driver and device do in turn; the device writes what it
// likes into everything that is shared. Whatever it writes, a token comes back at most once, and only
// while the device has it; nothing is lost when the ring is taken away.
#include <stdlib.h>
#include <string.h>

#include "tests/host/vring_test.h"

#define SIZE 16u
#define TOKENS 64u
#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static struct test_ring t;
static bool out[TOKENS]; // the device has it

static void add(unsigned count, unsigned number)
{
	struct vring_buffer buffers[64];
	unsigned i;

	for (i = 0; i <= count; i++)
		buffers[i] = (struct vring_buffer){ 0x1000 * i, i + 1 };
	if (!out[number] && vring_add(&t.ring, buffers, count / 2, count - count / 2, &out[number]))
		out[number] = true;
}

static void check_token(bool *token)
{
	REQUIRE(token >= out && token < out + TOKENS && *token);
	*token = false;
}

static void get(void)
{
	uint32_t length;
	bool *token = vring_get(&t.ring, &length);

	if (!token)
		return;
	check_token(token);
	REQUIRE(length < 64 * 64);
}

static void scribble(const uint8_t *data)
{
	uint8_t *memory = (uint8_t *)t.ring.desc;

	memory[(data[1] | data[2] << 8) % vring_bytes(SIZE)] = data[3];
}

static void step(const uint8_t *data)
{
	switch (data[0] % 8) {
	case 0:
	case 1:
		add(1 + data[1] % 40, data[2] % TOKENS);
		break;
	case 2:
		vring_kick(&t.ring);
		break;
	case 3:
		get();
		break;
	case 4:
		test_device_done(&t, data[1] % (SIZE + 2), data[2]);
		break;
	case 5:
		scribble(data);
		break;
	case 6:
		*test_used_index(&t) += data[1];
		break;
	case 7:
		vring_enable_interrupts(&t.ring);
		break;
	}
	REQUIRE(t.ring.nr_free <= SIZE && t.ring.nr_free_tables <= TEST_TABLES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool *token;
	unsigned i;

	if (!size)
		return 0;
	memset(out, 0, sizeof(out));
	test_ring_init(&t, SIZE, data[0] & 1 ? TEST_TABLES : 0, data[0] & 2);
	for (data++, size--; size >= 4; data += 4, size -= 4)
		step(data);
	while ((token = vring_detach(&t.ring)))
		check_token(token);
	for (i = 0; i < TOKENS; i++)
		REQUIRE(!out[i]);
	REQUIRE(t.ring.nr_free == SIZE && t.ring.nr_free_tables == t.ring.nr_tables);
	test_ring_free(&t);
	return 0;
}
