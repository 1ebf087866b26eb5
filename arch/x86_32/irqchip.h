/* SPDX-License-Identifier: MIT */
/*
 * The two kinds of interrupt controllers behind irq.c: the I/O APICs of the MADT (ioapic.c), or
 * where there is none, or with `noapic`, the pair of 8259s (i8259.c).
 */
#pragma once

#include "core/types.h"

struct irqchip {
	const char *name;
	/* Is there an input for this GSI? */
	bool (*has)(unsigned gsi);
	/* Routes the line to `vector`, masked. */
	void (*setup)(unsigned gsi, unsigned vector, bool level, bool active_low);
	void (*mask)(unsigned gsi);
	void (*unmask)(unsigned gsi);
	/* Ends the interrupt for the controller; false: it was none. */
	bool (*ack)(unsigned gsi);
};

extern const struct irqchip i8259_chip, ioapic_chip;

/* Boot: maps the I/O APICs and masks every input; false: none. */
bool ioapic_init(void);
/* Inputs from 0 on, without regard to gaps. */
unsigned ioapic_lines(void);

/* What the firmware chose for an ISA line (edge/level control register). */
bool i8259_is_level(unsigned irq);
