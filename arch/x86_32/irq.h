/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines. Lines of the machine are numbered as ACPI numbers them (GSI); a PIRQ, the number
 * that a guest uses, is an ISA line's own number below NR_ISA_IRQS, which MADT may have put on
 * another GSI, and the GSI itself above: so in Xen.
 *
 * A line is the hypervisor's own, or open for guests, or closed (masked). A level-triggered line is
 * masked when it fires, and stays so until irq_unmask(). All with interrupts off. The host build
 * (tests/host/interrupts.c) has lines of its own.
 */
#pragma once

#include "core/types.h"

#define NR_ISA_IRQS 16

/* ---- for core/pirq.c ---- */

/* Is there a line of this number that a device could use? */
bool irq_exists(unsigned pirq);
/* Is it one of the hypervisor's own devices'? */
bool irq_is_own(unsigned pirq);
bool irq_is_level(unsigned pirq);
/*
 * Trigger mode and polarity, which count from the next irq_open() on. 0, also when it is open
 * or the hypervisor's (unchanged); -EINVAL.
 */
int irq_set_mode(unsigned pirq, bool level, bool active_low) MUST_CHECK;
/*
 * Opens the line, masked. -EINVAL: no such line, -EBUSY: own, or open under
 * another number, -ENOSPC: too many are open.
 */
int irq_open(unsigned pirq) MUST_CHECK;
void irq_close(unsigned pirq);
void irq_mask(unsigned pirq);
void irq_unmask(unsigned pirq);

/* ---- for the hypervisor's own devices ---- */

/* Boot: takes an ISA line for good; the handler runs with the line acknowledged. */
void irq_take(unsigned isa_irq, void (*handler)(void));

/* ---- the I/O APIC's registers as a guest may see them (PHYSDEVOP_apic_read, _write) ---- */

/* False: no I/O APIC at that address. */
bool ioapic_guest_read(paddr_t base, uint32_t reg, uint32_t *value) MUST_CHECK;
/*
 * Of what is written only trigger mode and polarity of a line count, as irq_set_mode() takes them.
 */
bool ioapic_guest_write(paddr_t base, uint32_t reg, uint32_t value) MUST_CHECK;
