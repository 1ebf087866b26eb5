/* SPDX-License-Identifier: MIT */
/*
 * I/O ports. A control domain reaches all but those by which the hypervisor keeps its own time and
 * interrupts and speaks to its console; of a few shared ones it reaches a part, which is emulated.
 * Another domain reaches those of the rest that it was given (core/rights.h), and has a timer of its
 * own to measure with (vpit.h). A port that a domain may not use reads as all ones and swallows what
 * is written, as an empty one does: that is what Xen's initial domain sees, byte by byte.
 */
#include "arch/x86_32/asm.h"
#include "arch/x86_32/emulate_internal.h"
#include "arch/x86_32/platform.h"
#include "core/options.h"
#include "core/rights.h"

#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define PIT_COMMAND_CHANNEL(command) ((command) >> 6)
#define PORT_B 0x61
#define PORT_B_SPEAKER 0x03u /* gate of channel 2, and the speaker */
#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define UART_PORTS 8
#define PM_TIMER_PORTS 4

/* Kept from everybody, first and last port. */
static const struct {
	uint16_t first, last;
} hidden[] = {
	{ 0x20, 0x21 },	    { 0xa0, 0xa1 }, /* interrupt controllers */
	{ 0x4d0, 0x4d1 },		    /* which of their lines are level-triggered */
	{ 0x40, 0x43 },			    /* interval timer */
	{ PORT_B, PORT_B }, { PCI_DATA, PCI_DATA + 3 },
};

static const uint16_t uart[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };

/*
 * What the control domain last wrote to PCI_ADDRESS; the real register belongs to the hypervisor.
 */
static uint32_t pci_address;

static bool overlaps(uint32_t port, unsigned size, uint32_t first, uint32_t last)
{
	return port <= last && port + size > first;
}

static bool is_own_port(uint32_t port, unsigned size)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(hidden); i++)
		if (overlaps(port, size, hidden[i].first, hidden[i].last))
			return true;
	for (i = 0; i < ARRAY_SIZE(uart); i++)
		if ((options.com_used >> i & 1) &&
		    overlaps(port, size, uart[i], uart[i] + UART_PORTS - 1))
			return true;
	return acpi.pm_timer_port &&
	       overlaps(port, size, acpi.pm_timer_port, acpi.pm_timer_port + PM_TIMER_PORTS - 1);
}

/*
 * PCI_ADDRESS is a register only for double words; narrower ones are other ports in the same place.
 */
static bool is_direct(const struct domain *d, uint16_t port, unsigned size)
{
	if (port + size > NR_PORTS || is_own_port(port, size))
		return false;
	if (domain_is_control(d))
		return !(port == PCI_ADDRESS && size == 4);
	return rights_cover(d, RIGHT_IOPORT, port, port + size - 1);
}

/* PCI_ADDRESS with all its bytes: it takes one that needs a check to stop the double word. */
bool port_needs_no_check(uint16_t port)
{
	return (port & ~3u) != PCI_ADDRESS && !is_own_port(port, 1);
}

static uint32_t read_direct(uint16_t port, unsigned size)
{
	if (size == 1)
		return inb(port);
	return size == 2 ? inw(port) : inl(port);
}

static void write_direct(uint16_t port, unsigned size, uint32_t value)
{
	if (size == 1)
		outb(port, (uint8_t)value);
	else if (size == 2)
		outw(port, (uint16_t)value);
	else
		outl(port, value);
}

/*
 * Bytes of an access from `port` on that stay within the data register, and that one access can
 * make.
 */
static unsigned pci_chunk(uint16_t port, unsigned size)
{
	unsigned n = MIN(size, 4 - (port & 3u));

	return n == 3 ? 2 : n;
}

static bool is_pci_data(const struct domain *d, uint16_t port)
{
	return domain_is_control(d) && (port & ~3u) == PCI_DATA;
}

static uint8_t read_shared(struct domain *d, uint16_t port)
{
	if (!domain_is_control(d))
		return vpit_has_port(port) ? vpit_read(&d->pit, port) : 0xff;
	if (port == PIT_CHANNEL_2 || port == PORT_B)
		return inb(port);
	return 0xff;
}

static void write_shared(struct domain *d, uint16_t port, uint8_t value)
{
	if (!domain_is_control(d)) {
		if (vpit_has_port(port))
			vpit_write(&d->pit, port, value);
		return;
	}
	if (port == PIT_CHANNEL_2 || (port == PIT_COMMAND && PIT_COMMAND_CHANNEL(value) == 2))
		outb(port, value);
	else if (port == PORT_B)
		outb(port, (uint8_t)((inb(port) & ~PORT_B_SPEAKER) | (value & PORT_B_SPEAKER)));
}

uint32_t port_read(struct domain *d, uint16_t port, unsigned size)
{
	uint32_t value = 0, part;
	unsigned done = 0, n;

	if (is_direct(d, port, size))
		return read_direct(port, size);
	if (port == PCI_ADDRESS && size == 4)
		return domain_is_control(d) ? pci_address : ~0u;
	for (; done < size; done += n, port = (uint16_t)(port + n)) {
		n = 1;
		if (is_pci_data(d, port)) {
			n = pci_chunk(port, size - done);
			outl(PCI_ADDRESS, pci_address);
			part = read_direct(port, n);
		} else {
			part = read_shared(d, port);
		}
		value |= part << done * 8;
	}
	return value;
}

void port_write(struct domain *d, uint16_t port, unsigned size, uint32_t value)
{
	unsigned done = 0, n;

	if (is_direct(d, port, size)) {
		write_direct(port, size, value);
		return;
	}
	if (port == PCI_ADDRESS && size == 4) {
		if (domain_is_control(d))
			pci_address = value;
		return;
	}
	for (; done < size; done += n, port = (uint16_t)(port + n)) {
		n = 1;
		if (is_pci_data(d, port)) {
			n = pci_chunk(port, size - done);
			outl(PCI_ADDRESS, pci_address);
			write_direct(port, n, value >> done * 8);
		} else {
			write_shared(d, port, (uint8_t)(value >> done * 8));
		}
	}
}
