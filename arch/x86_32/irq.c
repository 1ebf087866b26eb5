/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines: whose each is, its mode, and the way from a vector to the one who cares. Trigger
 * mode and polarity come from the MADT's overrides (ACPI 6.x, 5.2.12.5), else from the bus: ISA
 * lines are edge-triggered and active high, PCI lines level-triggered and active low; a control
 * domain, which can read the rest of the ACPI tables, may say otherwise (PHYSDEVOP_setup_gsi).
 *
 * With the 8259s a line's vector is fixed; I/O APIC lines get one of a pool when they are opened.
 */
#include "arch/x86_32/irq.h"

#include "arch/x86_32/irqchip.h"
#include "arch/x86_32/layout.h"
#include "arch/x86_32/platform.h"
#include "core/console.h"
#include "core/errno.h"
#include "core/pirq.h"

#define NR_LINES NR_PIRQS
#define IOAPIC_VECTORS (VECTOR_8259 - VECTOR_IOAPIC)
#define CASCADE_IRQ 2

/* MADT interrupt source overrides. */
#define OVERRIDE_POLARITY 0x3u
#define OVERRIDE_ACTIVE_LOW 0x3u
#define OVERRIDE_TRIGGER 0xcu
#define OVERRIDE_LEVEL 0xcu

enum line_use { LINE_CLOSED, LINE_OPEN, LINE_OWN };

struct line {
	enum line_use use;
	void (*handler)(void); /* LINE_OWN */
	uint16_t pirq;	       /* LINE_OPEN: the number that it was opened as */
	uint8_t vector;
	bool level, active_low;
};

static struct line lines[NR_LINES]; /* by GSI */
static uint16_t vector_gsi[IOAPIC_VECTORS];
static bool vector_used[IOAPIC_VECTORS];
static const struct irqchip *chip RO_AFTER_INIT;

/* The GSI of a PIRQ; NR_LINES: there is none. */
static unsigned gsi_of(unsigned pirq)
{
	unsigned gsi = pirq;

	if (pirq == CASCADE_IRQ || pirq >= NR_LINES)
		return NR_LINES;
	if (chip == &ioapic_chip && pirq < NR_ISA_IRQS)
		gsi = acpi.isa_override[pirq].gsi;
	return chip->has(gsi) ? gsi : NR_LINES;
}

static struct line *line_of(unsigned pirq)
{
	unsigned gsi = gsi_of(pirq);

	return gsi < NR_LINES ? &lines[gsi] : NULL;
}

static unsigned gsi_of_line(const struct line *l)
{
	return (unsigned)(l - lines);
}

/* ---- boot ---- */

INIT static void modes_from_override(unsigned isa_irq)
{
	struct line *l = line_of(isa_irq);
	uint8_t flags = acpi.isa_override[isa_irq].flags;

	if (!l)
		return;
	l->level = (flags & OVERRIDE_TRIGGER) == OVERRIDE_LEVEL;
	l->active_low = (flags & OVERRIDE_POLARITY) == OVERRIDE_ACTIVE_LOW;
}

INIT void irq_init(void)
{
	bool by_ioapic = apic_present() && ioapic_init();

	chip = by_ioapic ? &ioapic_chip : &i8259_chip;
	if (by_ioapic)
		apic_leave_8259();
	for (unsigned gsi = 0; gsi < NR_LINES; gsi++)
		lines[gsi].level = lines[gsi].active_low = gsi >= NR_ISA_IRQS;
	for (unsigned irq = 0; irq < NR_ISA_IRQS; irq++) {
		if (by_ioapic)
			modes_from_override(irq);
		else
			lines[irq].level = i8259_is_level(irq);
	}
	if (by_ioapic)
		printk("interrupts: I/O APIC, lines below %u\n", ioapic_lines());
	else
		printk("interrupts: 8259\n");
}

/* ---- vectors ---- */

/* 0: none left. */
static unsigned vector_take(unsigned gsi)
{
	if (chip == &i8259_chip)
		return VECTOR_8259 + gsi;
	for (unsigned i = 0; i < IOAPIC_VECTORS; i++) {
		if (vector_used[i])
			continue;
		vector_used[i] = true;
		vector_gsi[i] = (uint16_t)gsi;
		return VECTOR_IOAPIC + i;
	}
	return 0;
}

static void vector_release(unsigned vector)
{
	if (vector < VECTOR_8259)
		vector_used[vector - VECTOR_IOAPIC] = false;
}

static int line_setup(struct line *l)
{
	unsigned gsi = gsi_of_line(l), vector = vector_take(gsi);

	if (!vector)
		return -ENOSPC;
	l->vector = (uint8_t)vector;
	chip->setup(gsi, vector, l->level, l->active_low);
	return 0;
}

/* ---- lines ---- */

bool irq_exists(unsigned pirq)
{
	return line_of(pirq) != NULL;
}

bool irq_is_own(unsigned pirq)
{
	const struct line *l = line_of(pirq);

	return l && l->use == LINE_OWN;
}

bool irq_is_level(unsigned pirq)
{
	const struct line *l = line_of(pirq);

	return l && l->level;
}

int irq_set_mode(unsigned pirq, bool level, bool active_low)
{
	struct line *l = line_of(pirq);

	if (!l)
		return -EINVAL;
	if (l->use != LINE_CLOSED)
		return 0;
	l->level = level;
	l->active_low = active_low;
	return 0;
}

int irq_open(unsigned pirq)
{
	struct line *l = line_of(pirq);
	int rc;

	if (!l)
		return -EINVAL;
	if (l->use != LINE_CLOSED)
		return -EBUSY;
	rc = line_setup(l);
	if (rc)
		return rc;
	l->pirq = (uint16_t)pirq;
	l->use = LINE_OPEN;
	return 0;
}

void irq_close(unsigned pirq)
{
	struct line *l = line_of(pirq);

	ASSERT(l && l->use == LINE_OPEN && l->pirq == pirq);
	chip->mask(gsi_of_line(l));
	vector_release(l->vector);
	l->use = LINE_CLOSED;
}

void irq_mask(unsigned pirq)
{
	chip->mask(gsi_of(pirq));
}

void irq_unmask(unsigned pirq)
{
	chip->unmask(gsi_of(pirq));
}

void irq_take(unsigned isa_irq, void (*handler)(void))
{
	struct line *l = line_of(isa_irq);

	if (!l || l->use == LINE_OPEN)
		return;
	if (l->use == LINE_CLOSED && line_setup(l))
		return;
	l->handler = handler;
	l->use = LINE_OWN;
	if (handler)
		chip->unmask(gsi_of_line(l));
}

/* ---- interrupts ---- */

/* The line of a vector; NULL: a stray one. */
static struct line *line_of_vector(unsigned vector)
{
	if (vector >= VECTOR_8259)
		return chip == &i8259_chip ? &lines[vector - VECTOR_8259] : NULL;
	vector -= VECTOR_IOAPIC;
	return vector_used[vector] ? &lines[vector_gsi[vector]] : NULL;
}

/*
 * Acknowledged before anybody is told: edge-triggered lines may fire again at
 * once, level-triggered ones are masked.
 */
void irq_dispatch(unsigned vector)
{
	struct line *l = line_of_vector(vector);

	if (!l) {
		if (vector < VECTOR_8259)
			apic_eoi();
		return;
	}
	if (l->level)
		chip->mask(gsi_of_line(l));
	if (!chip->ack(gsi_of_line(l))) {
		if (l->level)
			chip->unmask(gsi_of_line(l));
		return;
	}
	if (l->use == LINE_OPEN) {
		pirq_interrupt(l->pirq);
	} else if (l->use == LINE_OWN && l->handler) {
		l->handler();
		if (l->level)
			chip->unmask(gsi_of_line(l));
	}
}
