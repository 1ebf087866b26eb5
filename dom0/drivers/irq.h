/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of PCI devices as event channels (<xen/physdev.h>, EVTCHNOP_bind_pirq). Lines are
 * level-triggered and shared.
 *
 * Which line a device's pin ends on is only certain with the 8259, where it is in the device's
 * configuration space. At the I/O APIC it depends on the board, and on tables in ACPI's byte code that
 * nobody interprets here. So a device is first attached to every line that it may have; the first
 * line on which its handler finds work several times is the one, and the others are let go.
 */
#pragma once

#include <stdbool.h>

#include "dom0/drivers/pci.h"

/*
 * Called from the event loop; says whether the device had asked for it. The device must have stopped
 * asking when it returns, else it is called again at once.
 */
typedef bool (*irq_fn)(void *arg);

/* -ENOENT: the device has no line that works here, and must be polled. -ENOMEM. */
int irq_attach(struct pci_device *dev, irq_fn fn, void *arg);
void irq_detach(struct pci_device *dev);

/*
 * A driver's timer found that the device has work done although no interrupt came: what was learnt
 * is forgotten, and every line of the device is tried again.
 */
void irq_missed(struct pci_device *dev);

/* Its line, -1 while it is not certain. */
int irq_line_of(const struct pci_device *dev);
