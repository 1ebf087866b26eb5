/* SPDX-License-Identifier: MIT */
/*
 * Configuration space: the ports 0xCF8 and 0xCFC (PCI Local Bus 3.0, 3.2.2.3.2), or memory (PCI
 * Express, 7.2.2), where each function has a page. One page of address space is moved over them:
 * after start-up drivers read little here.
 */
#include "dom0/drivers/pci_config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/drivers/acpi.h"
#include "dom0/memory.h"
#include "guests/pvrt/hw.h"
#include "guests/pvrt/mm.h"

#define ENABLE 0x80000000u
#define PORT_SPACE_BYTES 256u
#define FUNCTIONS_PER_BUS 256u
#define NO_FUNCTION (~0u)

/* MCFG: entries of 16 bytes behind the header and 8 reserved bytes. */
#define MCFG_ENTRIES 44u
#define MCFG_ENTRY_BYTES 16u

static struct {
	unsigned long first_mfn; /* of bus 0 */
	uint8_t first_bus, last_bus;
	uint8_t *window; /* NULL: no such memory */
	uint32_t function;
} mcfg;

/* ---- memory ---- */

static volatile void *memory_at(uint32_t function, unsigned offset)
{
	uint32_t bus = function / FUNCTIONS_PER_BUS;

	if (!mcfg.window || bus < mcfg.first_bus || bus > mcfg.last_bus)
		return NULL;
	if (mcfg.function != function) {
		if (mm_map(mcfg.window,
			   mfn_pte(mcfg.first_mfn + function, PTE_KERNEL_RW | PTE_PCD | PTE_PWT)))
			return NULL;
		mcfg.function = function;
	}
	return mcfg.window + offset;
}

/* ---- ports ---- */

static uint16_t select_port(uint32_t function, unsigned offset)
{
	outl(PCI_ADDRESS_PORT, ENABLE | function << 8 | (offset & ~3u));
	return (uint16_t)(PCI_DATA_PORT + (offset & 3));
}

static uint32_t port_read(uint32_t function, unsigned offset, unsigned bytes)
{
	uint16_t port;

	if (offset >= PORT_SPACE_BYTES)
		return ~0u;
	port = select_port(function, offset);
	return bytes == 1 ? inb(port) : bytes == 2 ? inw(port) : inl(port);
}

static void port_write(uint32_t function, unsigned offset, unsigned bytes, uint32_t value)
{
	uint16_t port;

	if (offset >= PORT_SPACE_BYTES)
		return;
	port = select_port(function, offset);
	if (bytes == 1)
		outb(port, (uint8_t)value);
	else if (bytes == 2)
		outw(port, (uint16_t)value);
	else
		outl(port, value);
}

/* ---- both ---- */

uint32_t pci_config_read(uint32_t function, unsigned offset, unsigned bytes)
{
	volatile void *at = memory_at(function, offset);

	if (!at)
		return port_read(function, offset, bytes);
	if (bytes == 1)
		return *(volatile uint8_t *)at;
	return bytes == 2 ? *(volatile uint16_t *)at : *(volatile uint32_t *)at;
}

void pci_config_write(uint32_t function, unsigned offset, unsigned bytes, uint32_t value)
{
	volatile void *at = memory_at(function, offset);

	if (!at)
		port_write(function, offset, bytes, value);
	else if (bytes == 1)
		*(volatile uint8_t *)at = (uint8_t)value;
	else if (bytes == 2)
		*(volatile uint16_t *)at = (uint16_t)value;
	else
		*(volatile uint32_t *)at = value;
}

/* ---- start ---- */

/* The entry for segment 0, if it is sound. */
static bool read_mcfg(void)
{
	uint32_t length, at;
	uint8_t *table = acpi_table("MCFG", &length);
	uint64_t address = 0;
	uint16_t segment;

	for (at = MCFG_ENTRIES; table && at + MCFG_ENTRY_BYTES <= length && !address;
	     at += MCFG_ENTRY_BYTES) {
		memcpy(&segment, table + at + 8, sizeof(segment));
		if (!segment)
			memcpy(&address, table + at, sizeof(address));
		mcfg.first_bus = table[at + 10];
		mcfg.last_bus = table[at + 11];
	}
	free(table);
	mcfg.first_mfn = (unsigned long)(address >> PAGE_SHIFT);
	return address && !(address & (PAGE_SIZE - 1)) && mcfg.first_bus <= mcfg.last_bus;
}

const char *pci_config_init(void)
{
	uint32_t bridge = port_read(0, 0, 4);

	mcfg.function = NO_FUNCTION;
	if (!read_mcfg())
		return "ports";
	mcfg.window = device_map(mcfg.first_mfn, 1);
	if (!mcfg.window)
		return "ports (MCFG's memory cannot be mapped)";
	/* Firmware that lies about the place is found out by the first bridge. */
	if (mcfg.first_bus == 0 && bridge != pci_config_read(0, 0, 4)) {
		foreign_unmap(mcfg.window, 1);
		mcfg.window = NULL;
		return "ports (MCFG's memory shows other devices)";
	}
	return "memory";
}
