/* SPDX-License-Identifier: MIT */
/*
 * The pair of 8259A interrupt controllers: lines 0..7 on the master, 8..15 behind its line 2.
 * Command words as in Intel's 8259A data sheet. Called with interrupts off.
 */
#include "arch/x86_32/asm.h"
#include "arch/x86_32/irqchip.h"
#include "arch/x86_32/platform.h"

#define MASTER 0x20
#define SLAVE 0xa0
#define COMMAND(chip) (chip)
#define DATA(chip) ((chip) + 1)

#define CASCADE_LINE 2
#define LINES 16
/*
 * Edge/level control registers: one bit a line, set for level. The
 * firmware sets those that PCI devices use.
 */
#define ELCR 0x4d0
#define ICW1_EDGE_CASCADE_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_SPECIFIC_EOI 0x60
#define OCW3_READ_ISR 0x0b

static uint16_t mask = 0xffff;

/* Line 2 is the slave's way through: never masked. */
static void load_mask(void)
{
	uint16_t value = mask & ~(1u << CASCADE_LINE);

	outb(DATA(MASTER), value & 0xff);
	outb(DATA(SLAVE), value >> 8);
}

static void init_chip(uint16_t chip, uint8_t vector, uint8_t cascade)
{
	outb(COMMAND(chip), ICW1_EDGE_CASCADE_ICW4);
	outb(DATA(chip), vector);
	outb(DATA(chip), cascade);
	outb(DATA(chip), ICW4_8086);
}

void i8259_init(void)
{
	mask = 0xffff;
	init_chip(MASTER, VECTOR_8259, 1u << CASCADE_LINE);
	init_chip(SLAVE, VECTOR_8259 + 8, CASCADE_LINE);
	load_mask();
}

static void mask_line(unsigned irq)
{
	mask |= 1u << irq;
	load_mask();
}

static void unmask_line(unsigned irq)
{
	mask &= ~(1u << irq);
	load_mask();
}

static uint8_t in_service(uint16_t chip)
{
	outb(COMMAND(chip), OCW3_READ_ISR);
	return inb(COMMAND(chip));
}

/*
 * A line that drops before it is acknowledged shows as the chip's line 7, with nothing in service.
 */
static bool ack(unsigned irq)
{
	if (irq == 7 && !(in_service(MASTER) & 0x80))
		return false;
	if (irq == 15 && !(in_service(SLAVE) & 0x80)) {
		outb(COMMAND(MASTER), OCW2_SPECIFIC_EOI | CASCADE_LINE);
		return false;
	}
	if (irq >= 8) {
		outb(COMMAND(SLAVE), OCW2_SPECIFIC_EOI | (irq - 8));
		irq = CASCADE_LINE;
	}
	outb(COMMAND(MASTER), OCW2_SPECIFIC_EOI | irq);
	return true;
}

bool i8259_is_level(unsigned irq)
{
	return inb(ELCR + irq / 8) >> irq % 8 & 1;
}

static bool has(unsigned gsi)
{
	return gsi < LINES;
}

/*
 * Vectors are fixed, and a level is always taken for active high: the board's router inverts PCI's.
 */
static void setup(unsigned gsi, UNUSED unsigned vector, bool level, UNUSED bool active_low)
{
	uint16_t port = ELCR + gsi / 8;
	uint8_t bit = (uint8_t)(1u << gsi % 8);

	mask_line(gsi);
	if (i8259_is_level(gsi) != level)
		outb(port, inb(port) ^ bit);
}

const struct irqchip i8259_chip = {
	.name = "8259",
	.has = has,
	.setup = setup,
	.mask = mask_line,
	.unmask = unmask_line,
	.ack = ack,
};
