/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines of the 8259s: which of the hypervisor's own devices each belongs to. Acknowledged before the device is
 * served: the handlers are short, and the lines are edge-triggered.
 */
#include "arch/x86_32/clock.h"
#include "arch/x86_32/platform.h"

#define IRQ_PIT 0
#define SERIAL_PORTS 4

void irq_dispatch(unsigned line)
{
	if (!i8259_ack(line))
		return;
	if (line == IRQ_PIT)
		clock_timer_interrupt();
	for (unsigned com = 0; com < SERIAL_PORTS; com++) {
		if (serial_irq(com) == (int)line) {
			serial_interrupt();
			break;
		}
	}
}
