/* SPDX-License-Identifier: MIT */
/*
 * Channel 2 of the interval timer, by which kernels measure the TSC: a control domain shares the
 * machine's, any other domain has one of its own.
 */
#include "guests/pvrt/hw.h"
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"
#include "guests/pvrt/time.h"

#define CHANNEL_2 0x42
#define COMMAND 0x43
#define PORT_B 0x61
#define GATE 0x01
#define SPEAKER 0x02
#define OUTPUT 0x20

#define LATCH 0x80
#define MODE_0 0xb0 /* both bytes, down to zero once */

#define PIT_HZ 1193182u

static void start(uint8_t command, uint16_t initial)
{
	outb(PORT_B, (uint8_t)((inb(PORT_B) & ~SPEAKER) | GATE));
	outb(COMMAND, command);
	outb(CHANNEL_2, (uint8_t)initial);
	outb(CHANNEL_2, (uint8_t)(initial >> 8));
}

static uint16_t latched_count(void)
{
	uint8_t low;

	outb(COMMAND, LATCH);
	low = inb(CHANNEL_2);
	return (uint16_t)(inb(CHANNEL_2) << 8 | low);
}

/* Counts in step with system time: no fewer than the time between, no more than the time round. */
static void test_rate(void)
{
	uint64_t outer, inner;
	uint16_t first, last, passed;

	pv_set_iopl(1);
	start(MODE_0, 0xffff);
	outer = time_system_ns();
	first = latched_count();
	inner = time_system_ns();
	time_delay_ns(10 * NS_PER_MS);
	inner = time_system_ns() - inner;
	last = latched_count();
	outer = time_system_ns() - outer;
	passed = (uint16_t)(first - last);
	CHECK(passed + 2u >= div_u64_u32(inner * PIT_HZ, NS_PER_S, NULL) &&
		      passed <= div_u64_u32(outer * PIT_HZ, NS_PER_S, NULL) + 2u,
	      "%u ticks in %u to %u us", passed, (unsigned int)div_u64_u32(inner, 1000, NULL),
	      (unsigned int)div_u64_u32(outer, 1000, NULL));
	pv_set_iopl(0);
}

/* The end of the count is seen at port B, neither early nor never. */
static void test_output(void)
{
	uint64_t begin, passed;

	pv_set_iopl(1);
	begin = time_system_ns();
	start(MODE_0, PIT_HZ / 200);
	CHECK_EQ(inb(PORT_B) & OUTPUT, 0, "while it counts");
	while (!(inb(PORT_B) & OUTPUT) && time_system_ns() - begin < NS_PER_S)
		;
	passed = time_system_ns() - begin;
	CHECK(passed >= 5 * NS_PER_MS - NS_PER_MS / 100 && passed < NS_PER_S,
	      "%u us instead of 5000", (unsigned int)div_u64_u32(passed, 1000, NULL));
	pv_set_iopl(0);
}

/* The port of the whole timer's commands does nothing to channels that are not this domain's. */
static void test_other_channels(void)
{
	pv_set_iopl(1);
	outb(COMMAND, 0x30);
	CHECK_EQ(inb(0x40), 0xff, "channel 0");
	CHECK_EQ(inb(0x41), 0xff, "channel 1");
	CHECK_EQ(inb(COMMAND), 0xff, "commands");
	pv_set_iopl(0);
}

static const struct test_case cases[] = {
	{ "pit.rate", test_rate },
	{ "pit.output", test_output },
	{ "pit.other_channels", test_other_channels },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
