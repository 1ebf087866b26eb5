/* SPDX-License-Identifier: MIT */
/* PCI devices: see pci.h. Buses are searched from bus 0 on through bridges, each once. */
#include "dom0/drivers/pci.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/drivers/pci_config.h"
#include "dom0/memory.h"
#include "dom0/shell.h"
#include "guests/pvrt/mm.h"

#define SLOTS 32u
#define FUNCTIONS 8u
#define NO_VENDOR 0xffffu
#define HEADER_TYPE_MASK 0x7fu
#define HEADER_MULTI 0x80u
#define HEADER_DEVICE 0u
#define HEADER_BRIDGE 1u
#define BRIDGE_SECONDARY 0x19u
#define STATUS_CAPABILITIES 0x10u
#define CAPABILITIES_MAX 48u /* as many as fit into 256 bytes */

#define BAR_PORT 0x1u
#define BAR_TYPE_MASK 0x6u
#define BAR_TYPE_64 0x4u
#define BAR_PORT_MASK (~0x3u)
#define BAR_MEMORY_MASK (~0xfu)

static struct pci_device *devices, **devices_tail = &devices;
static uint32_t seen_buses[256 / 32];

/* ---- configuration space ---- */

static uint32_t function_of(const struct pci_device *dev)
{
	return PCI_FUNCTION(dev->bus, dev->slot, dev->function);
}

uint8_t pci_read8(const struct pci_device *dev, unsigned offset)
{
	return (uint8_t)pci_config_read(function_of(dev), offset, 1);
}

uint16_t pci_read16(const struct pci_device *dev, unsigned offset)
{
	return (uint16_t)pci_config_read(function_of(dev), offset, 2);
}

uint32_t pci_read32(const struct pci_device *dev, unsigned offset)
{
	return pci_config_read(function_of(dev), offset, 4);
}

void pci_write8(const struct pci_device *dev, unsigned offset, uint8_t value)
{
	pci_config_write(function_of(dev), offset, 1, value);
}

void pci_write16(const struct pci_device *dev, unsigned offset, uint16_t value)
{
	pci_config_write(function_of(dev), offset, 2, value);
}

void pci_write32(const struct pci_device *dev, unsigned offset, uint32_t value)
{
	pci_config_write(function_of(dev), offset, 4, value);
}

uint8_t pci_find_capability(const struct pci_device *dev, uint8_t id, uint8_t after)
{
	unsigned left = CAPABILITIES_MAX;
	uint8_t at;

	if (!(pci_read16(dev, PCI_STATUS) & STATUS_CAPABILITIES))
		return 0;
	at = pci_read8(dev, after ? after + 1u : (unsigned)PCI_CAPABILITIES) & 0xfc;
	for (; at && left--; at = pci_read8(dev, at + 1u) & 0xfc)
		if (pci_read8(dev, at) == id)
			return at;
	return 0;
}

/* ---- addresses ---- */

/* What the register reads after all ones were written; decoding is off meanwhile. */
static uint32_t bar_probe(struct pci_device *dev, unsigned offset)
{
	uint32_t value = pci_read32(dev, offset), mask;

	pci_write32(dev, offset, ~0u);
	mask = pci_read32(dev, offset);
	pci_write32(dev, offset, value);
	return mask;
}

/* Returns how many registers this one takes. */
static unsigned read_bar(struct pci_device *dev, unsigned index)
{
	unsigned offset = PCI_BAR0 + 4 * index;
	uint32_t value = pci_read32(dev, offset), mask = bar_probe(dev, offset);
	struct pci_bar *bar = &dev->bar[index];

	if (!mask)
		return 1;
	bar->is_port = value & BAR_PORT;
	if (bar->is_port) {
		bar->address = value & BAR_PORT_MASK;
		bar->size = (uint16_t)(~(mask & BAR_PORT_MASK) + 1);
		return 1;
	}
	bar->address = value & BAR_MEMORY_MASK;
	bar->size = ~(mask & BAR_MEMORY_MASK) + 1;
	if ((value & BAR_TYPE_MASK) != BAR_TYPE_64 || index + 1 == PCI_BARS)
		return 1;
	bar->address |= (uint64_t)pci_read32(dev, offset + 4) << 32;
	bar->size = ~((uint64_t)bar_probe(dev, offset + 4) << 32 | (mask & BAR_MEMORY_MASK)) + 1;
	return 2;
}

static void read_bars(struct pci_device *dev)
{
	uint16_t command = pci_read16(dev, PCI_COMMAND);
	unsigned i;

	pci_write16(dev, PCI_COMMAND, command & ~(PCI_COMMAND_PORTS | PCI_COMMAND_MEMORY));
	for (i = 0; i < PCI_BARS;)
		i += read_bar(dev, i);
	pci_write16(dev, PCI_COMMAND, command);
}

volatile void *pci_map(const struct pci_device *dev, unsigned index, uint64_t offset, size_t length)
{
	const struct pci_bar *bar = index < PCI_BARS ? &dev->bar[index] : NULL;
	uint32_t in_page;
	uint64_t first;
	uint8_t *page;

	if (!bar || bar->is_port || !bar->address || !length || offset > bar->size ||
	    length > bar->size - offset)
		return NULL;
	first = bar->address + offset;
	in_page = (uint32_t)first & (PAGE_SIZE - 1);
	page = device_map((xen_pfn_t)(first >> PAGE_SHIFT),
			  (unsigned)((in_page + length + PAGE_SIZE - 1) / PAGE_SIZE));
	return page ? page + in_page : NULL;
}

uint16_t pci_ports(const struct pci_device *dev, unsigned index, uint32_t length)
{
	const struct pci_bar *bar = index < PCI_BARS ? &dev->bar[index] : NULL;

	if (!bar || !bar->is_port || bar->size < length || bar->address > 0x10000 - length)
		return 0;
	return (uint16_t)bar->address;
}

void pci_enable(struct pci_device *dev)
{
	uint16_t command = pci_read16(dev, PCI_COMMAND);

	command |= PCI_COMMAND_PORTS | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	pci_write16(dev, PCI_COMMAND, command & ~PCI_COMMAND_NO_INTX);
}

void pci_disable(struct pci_device *dev)
{
	uint16_t command = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND, (command & ~PCI_COMMAND_MASTER) | PCI_COMMAND_NO_INTX);
}

/* ---- enumeration ---- */

static void scan_bus(unsigned bus);

static void add_device(uint32_t bus, uint32_t slot, uint32_t function, uint8_t header)
{
	struct pci_device *dev = calloc(1, sizeof(*dev));
	uint32_t id;

	if (!dev)
		return;
	dev->bus = (uint8_t)bus;
	dev->slot = (uint8_t)slot;
	dev->function = (uint8_t)function;
	snprintf(dev->name, sizeof(dev->name), "%02x:%02x.%x", dev->bus, dev->slot & 0x1f,
		 dev->function & 7);
	id = pci_read32(dev, PCI_VENDOR);
	dev->vendor = (uint16_t)id;
	dev->device = (uint16_t)(id >> 16);
	id = pci_read32(dev, PCI_CLASS);
	dev->class_code = id >> 8;
	dev->revision = (uint8_t)id;
	dev->irq_pin = pci_read8(dev, PCI_IRQ_PIN);
	dev->irq_line = pci_read8(dev, PCI_IRQ_LINE);
	if (header == HEADER_DEVICE) {
		id = pci_read32(dev, PCI_SUBSYSTEM);
		dev->subsystem_vendor = (uint16_t)id;
		dev->subsystem = (uint16_t)(id >> 16);
	}
	*devices_tail = dev;
	devices_tail = &dev->next;
	if (header == HEADER_BRIDGE)
		scan_bus(pci_read8(dev, BRIDGE_SECONDARY));
}

static void scan_slot(unsigned bus, unsigned slot)
{
	unsigned functions = 1, i;

	for (i = 0; i < functions; i++) {
		uint32_t function = PCI_FUNCTION(bus, slot, i);
		uint8_t header;

		if ((pci_config_read(function, PCI_VENDOR, 2) & NO_VENDOR) == NO_VENDOR)
			continue;
		header = (uint8_t)pci_config_read(function, PCI_HEADER_TYPE, 1);
		if (header & HEADER_MULTI)
			functions = FUNCTIONS;
		add_device(bus, slot, i, header & HEADER_TYPE_MASK);
	}
}

/* A bridge whose bus was never set up names bus 0, or one that is known already. */
static void scan_bus(unsigned bus)
{
	unsigned slot;

	if (seen_buses[bus / 32] >> bus % 32 & 1)
		return;
	seen_buses[bus / 32] |= 1u << bus % 32;
	for (slot = 0; slot < SLOTS; slot++)
		scan_slot(bus, slot);
}

void pci_init(void)
{
	scan_bus(0);
}

struct pci_device *pci_first(void)
{
	return devices;
}

void pci_log(const struct pci_device *dev, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	shell_notice("PCI %s: %s", dev->name, text);
}

/* ---- drivers ---- */

static bool matches(const struct pci_match *match, const struct pci_device *dev)
{
	return (match->vendor == PCI_ANY || match->vendor == dev->vendor) &&
	       (match->device == PCI_ANY || match->device == dev->device) &&
	       (dev->class_code & match->class_mask) == match->class_code;
}

bool pci_offer(struct pci_device *dev, const struct pci_driver *driver)
{
	const struct pci_match *match = driver->match;

	for (; match->vendor; match++)
		if (matches(match, dev))
			break;
	if (!match->vendor)
		return false;
	read_bars(dev);
	if (!driver->probe(dev))
		dev->driver = driver;
	return true;
}
