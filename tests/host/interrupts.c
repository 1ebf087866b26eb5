/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines of the simulated machine: arch/x86_32/irq.h. A device holds a line up, and the
 * line fires when it is open and the mode says so; tests/host/interrupts.h.
 */
#include "tests/host/interrupts.h"

#include <string.h>

#include "arch/x86_32/arch.h"
#include "arch/x86_32/irq.h"
#include "core/errno.h"
#include "core/pirq.h"
#include "tests/host/machine.h"
#include "tests/host/machine_internal.h"

struct host_line host_lines[HOST_LINES] = {
	[0] = { .own = true },
	[4] = { .own = true },
	[16 ... HOST_LINES - 1] = { .level = true },
};

bool irq_exists(unsigned pirq)
{
	return pirq < HOST_LINES && pirq != 2;
}

bool irq_is_own(unsigned pirq)
{
	return irq_exists(pirq) && host_lines[pirq].own;
}

bool irq_is_level(unsigned pirq)
{
	return irq_exists(pirq) && host_lines[pirq].level;
}

int irq_set_mode(unsigned pirq, bool level, bool active_low)
{
	(void)active_low;
	if (!irq_exists(pirq))
		return -EINVAL;
	if (!host_lines[pirq].open && !host_lines[pirq].own)
		host_lines[pirq].level = level;
	return 0;
}

int irq_open(unsigned pirq)
{
	if (!irq_exists(pirq))
		return -EINVAL;
	if (host_lines[pirq].open || host_lines[pirq].own)
		return -EBUSY;
	host_lines[pirq].open = host_lines[pirq].masked = true;
	return 0;
}

static struct host_line *open_line(unsigned pirq)
{
	if (!irq_exists(pirq) || !host_lines[pirq].open)
		machine_stop_with("interrupt line %u is not open", pirq);
	return &host_lines[pirq];
}

void irq_close(unsigned pirq)
{
	open_line(pirq)->open = false;
}

void irq_mask(unsigned pirq)
{
	open_line(pirq)->masked = true;
}

void irq_unmask(unsigned pirq)
{
	open_line(pirq)->masked = false;
}

bool host_line_fire(unsigned pirq)
{
	struct host_line *l = &host_lines[pirq];

	if (!l->open || l->masked)
		return false;
	l->masked = l->level;
	l->fired++;
	pirq_interrupt(pirq);
	return true;
}

bool ioapic_guest_read(paddr_t base, uint32_t reg, uint32_t *value)
{
	*value = reg;
	return base == HOST_IOAPIC;
}

bool ioapic_guest_write(paddr_t base, uint32_t reg, uint32_t value)
{
	(void)reg, (void)value;
	return base == HOST_IOAPIC;
}

void arch_iopl_changed(struct vcpu *v)
{
	(void)v;
}
