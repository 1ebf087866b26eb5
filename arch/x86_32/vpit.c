/* SPDX-License-Identifier: MIT */
/*
 * A domain's channel 2 (Intel 8254 data sheet): what it counts follows from the time of day at each
 * access, so it costs nothing in between. Not offered: counting in decimal, the read-back command,
 * a gate that stops the count. The refresh bit of port B toggles at each read, as it seems to a
 * program.
 */
#include "arch/x86_32/vpit.h"

#include "arch/x86_32/arch.h"

#define CHANNEL_2 0x42
#define COMMAND 0x43
#define PORT_B 0x61

#define PIT_HZ 1193182
#define NS_PER_S 1000000000

#define COMMAND_CHANNEL(command) ((command) >> 6)
#define COMMAND_ACCESS(command) ((command) >> 4 & 3)
#define COMMAND_MODE(command) ((command) >> 1 & 7)

#define PORT_B_WRITABLE 0x03 /* gate of channel 2, and the speaker */
#define PORT_B_REFRESH 0x10
#define PORT_B_OUT2 0x20

static uint64_t ticks_since_load(const struct vpit *pit)
{
	uint64_t ns = (uint64_t)(time_now() - pit->start);

	return ns / NS_PER_S * PIT_HZ + ns % NS_PER_S * PIT_HZ / NS_PER_S;
}

static uint32_t initial_count(const struct vpit *pit)
{
	return pit->initial ? pit->initial : 0x10000;
}

/* Modes 2 and 3 begin anew at each end; the others count on below zero. */
static bool is_periodic(const struct vpit *pit)
{
	return pit->mode == 2 || pit->mode == 3;
}

static uint16_t count(const struct vpit *pit)
{
	uint32_t initial = initial_count(pit);
	uint64_t ticks = ticks_since_load(pit);

	if (pit->mode == 3)
		ticks *= 2;
	if (is_periodic(pit))
		ticks %= initial;
	return (uint16_t)(initial - ticks);
}

static bool output(const struct vpit *pit)
{
	uint32_t initial = initial_count(pit);
	uint64_t ticks = ticks_since_load(pit);

	switch (pit->mode) {
	case 0:
		return ticks >= initial;
	case 1:
		return ticks < initial;
	case 2:
		return ticks % initial != initial - 1;
	case 3:
		return ticks % initial < (initial + 1) / 2;
	default:
		return ticks != initial;
	}
}

static uint8_t read_count(struct vpit *pit)
{
	uint16_t value = pit->is_latched ? pit->latched : count(pit);
	bool high = pit->read_second || pit->access == VPIT_HIGH;

	pit->read_second = pit->access == (VPIT_LOW | VPIT_HIGH) && !high;
	pit->is_latched = pit->is_latched && pit->read_second;
	return (uint8_t)(high ? value >> 8 : value);
}

static void load(struct vpit *pit, uint16_t initial)
{
	pit->initial = initial;
	pit->start = time_now();
}

static void write_count(struct vpit *pit, uint8_t value)
{
	if (pit->access == VPIT_LOW) {
		load(pit, value);
	} else if (pit->access == VPIT_HIGH) {
		load(pit, (uint16_t)(value << 8));
	} else if (pit->write_second) {
		load(pit, (uint16_t)(value << 8 | pit->low));
		pit->write_second = false;
	} else {
		pit->low = value;
		pit->write_second = true;
	}
}

static void latch(struct vpit *pit)
{
	if (pit->is_latched)
		return;
	pit->latched = count(pit);
	pit->is_latched = true;
}

static void command(struct vpit *pit, uint8_t value)
{
	if (COMMAND_CHANNEL(value) != 2)
		return;
	if (COMMAND_ACCESS(value) == 0) {
		latch(pit);
		return;
	}
	pit->access = COMMAND_ACCESS(value);
	/* 6 and 7 are 2 and 3 again. */
	pit->mode = COMMAND_MODE(value) > 5 ? COMMAND_MODE(value) & 3 : COMMAND_MODE(value);
	pit->write_second = pit->read_second = pit->is_latched = false;
	load(pit, 0);
}

static uint8_t read_port_b(struct vpit *pit)
{
	pit->port_b ^= PORT_B_REFRESH;
	return pit->port_b | (output(pit) ? PORT_B_OUT2 : 0);
}

bool vpit_has_port(uint16_t port)
{
	return port == CHANNEL_2 || port == COMMAND || port == PORT_B;
}

uint8_t vpit_read(struct vpit *pit, uint16_t port)
{
	uint8_t value = 0xff;

	spin_lock(&pit->lock);
	if (port == CHANNEL_2)
		value = read_count(pit);
	else if (port == PORT_B)
		value = read_port_b(pit);
	spin_unlock(&pit->lock);
	return value;
}

void vpit_write(struct vpit *pit, uint16_t port, uint8_t value)
{
	spin_lock(&pit->lock);
	if (port == CHANNEL_2)
		write_count(pit, value);
	else if (port == COMMAND)
		command(pit, value);
	else if (port == PORT_B)
		pit->port_b = (pit->port_b & PORT_B_REFRESH) | (value & PORT_B_WRITABLE);
	spin_unlock(&pit->lock);
}
