/* SPDX-License-Identifier: MIT */
/*
 * A domain's interval timer (arch/x86_32/vpit.h), read as programs do that measure a clock with it.
 */
#include "tests/host/cmocka_all.h"

#include "arch/x86_32/vpit.h"
#include "tests/host/machine.h"

#define CHANNEL_2 0x42
#define COMMAND 0x43
#define PORT_B 0x61
#define OUT2 0x20
#define REFRESH 0x10

/* Commands for channel 2. */
#define LATCH 0x80
#define LOW_BYTE 0x90
#define HIGH_BYTE 0xa0
#define BOTH_BYTES 0xb0
#define MODE(n) ((n) << 1)

#define TICKS(n) ((s_time_t)(((uint64_t)(n)*1000000000 + 1193181) / 1193182))

static struct vpit pit;

static int set_up(void **state)
{
	(void)state;
	machine_init();
	memset(&pit, 0, sizeof(pit));
	return 0;
}

static void start(uint8_t mode, uint16_t initial)
{
	vpit_write(&pit, COMMAND, (uint8_t)(BOTH_BYTES | MODE(mode)));
	vpit_write(&pit, CHANNEL_2, (uint8_t)initial);
	vpit_write(&pit, CHANNEL_2, (uint8_t)(initial >> 8));
}

static uint16_t count(void)
{
	uint8_t low = vpit_read(&pit, CHANNEL_2);

	return (uint16_t)(vpit_read(&pit, CHANNEL_2) << 8 | low);
}

static bool output(void)
{
	return vpit_read(&pit, PORT_B) & OUT2;
}

static void test_counts_down(void **state)
{
	(void)state;
	start(0, 1000);
	assert_int_equal(count(), 1000);
	machine_advance(TICKS(400));
	assert_int_equal(count(), 600);
	assert_false(output());
	machine_advance(TICKS(600));
	assert_true(output());
	/* It goes on below zero, and the output stays. */
	machine_advance(TICKS(10));
	assert_in_range(count(), 0xffff - 11, 0xffff - 8);
	assert_true(output());
}

/* A day is far beyond what 64 bits hold of nanoseconds times ticks. */
static void test_long_time(void **state)
{
	(void)state;
	start(0, 0);
	machine_advance(86400ll * 1000000000);
	assert_int_equal(count(), (uint16_t)(0 - 86400ull * 1193182));
}

static void test_periodic(void **state)
{
	(void)state;
	start(2, 100);
	machine_advance(TICKS(250));
	assert_int_equal(count(), 50);
	assert_true(output());
	machine_advance(TICKS(49));
	assert_false(output());
	start(3, 100);
	assert_true(output());
	machine_advance(TICKS(20));
	assert_int_equal(count(), 60);
	machine_advance(TICKS(40));
	assert_false(output());
}

static void test_other_modes(void **state)
{
	(void)state;
	start(1, 100);
	assert_true(output());
	start(4, 100);
	assert_true(output());
	machine_advance(TICKS(100));
	assert_false(output());
	machine_advance(TICKS(1));
	assert_true(output());
	/* 6 is 2 once more. */
	start(6, 100);
	machine_advance(TICKS(150));
	assert_int_equal(count(), 50);
}

static void test_latch(void **state)
{
	(void)state;
	start(0, 5000);
	machine_advance(TICKS(1000));
	vpit_write(&pit, COMMAND, LATCH);
	machine_advance(TICKS(1000));
	/* The first one holds until it has been read. */
	vpit_write(&pit, COMMAND, LATCH);
	assert_int_equal(count(), 4000);
	assert_int_equal(count(), 3000);
}

static void test_single_bytes(void **state)
{
	(void)state;
	vpit_write(&pit, COMMAND, HIGH_BYTE);
	vpit_write(&pit, CHANNEL_2, 0x12);
	assert_int_equal(vpit_read(&pit, CHANNEL_2), 0x12);
	assert_int_equal(vpit_read(&pit, CHANNEL_2), 0x12);
	vpit_write(&pit, COMMAND, LOW_BYTE);
	vpit_write(&pit, CHANNEL_2, 0x34);
	assert_int_equal(vpit_read(&pit, CHANNEL_2), 0x34);
	machine_advance(TICKS(4));
	assert_int_equal(vpit_read(&pit, CHANNEL_2), 0x30);
}

static void test_other_channels(void **state)
{
	(void)state;
	start(0, 1000);
	vpit_write(&pit, COMMAND, 0x34);
	assert_int_equal(count(), 1000);
	assert_int_equal(vpit_read(&pit, COMMAND), 0xff);
	assert_true(vpit_has_port(CHANNEL_2) && vpit_has_port(COMMAND) && vpit_has_port(PORT_B));
	assert_false(vpit_has_port(0x40) || vpit_has_port(0x41) || vpit_has_port(0x60));
}

static void test_port_b(void **state)
{
	uint8_t first;

	(void)state;
	vpit_write(&pit, PORT_B, 0xff);
	first = vpit_read(&pit, PORT_B);
	assert_int_equal(first & 0xcf & ~OUT2, 0x03);
	assert_int_equal((first ^ vpit_read(&pit, PORT_B)) & REFRESH, REFRESH);
}

/* No count given is 65536. */
static void test_untouched(void **state)
{
	(void)state;
	pit.start = machine.now;
	assert_false(output());
	machine_advance(TICKS(0x10000));
	assert_true(output());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_counts_down, set_up),
		cmocka_unit_test_setup(test_long_time, set_up),
		cmocka_unit_test_setup(test_periodic, set_up),
		cmocka_unit_test_setup(test_other_modes, set_up),
		cmocka_unit_test_setup(test_latch, set_up),
		cmocka_unit_test_setup(test_single_bytes, set_up),
		cmocka_unit_test_setup(test_other_channels, set_up),
		cmocka_unit_test_setup(test_port_b, set_up),
		cmocka_unit_test_setup(test_untouched, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
