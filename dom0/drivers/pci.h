/* SPDX-License-Identifier: MIT */
/*
 * PCI devices: enumeration, configuration space, base addresses, capabilities, drivers (PCI Local
 * Bus 3.0, PCI Express 3.0 chapter 7). Configuration space is reached by the memory that ACPI's MCFG
 * names, where there is one, else by the ports 0xCF8 and 0xCFC, which end at offset 256.
 *
 * The firmware has given addresses to all base registers; nothing is moved.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_BARS 6

struct pci_bar {
	uint64_t address; /* machine address, or port */
	uint64_t size;	  /* 0: not implemented, or the upper half of the one before */
	bool is_port;
};

struct pci_device {
	struct pci_device *next;
	uint8_t bus, slot, function;
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class_code; /* class, subclass, interface: 24 bits */
	uint8_t revision;
	uint8_t irq_pin;  /* 0: none, 1 to 4: INTA to INTD */
	uint8_t irq_line; /* the firmware's choice at the 8259; 0 or 255: none */
	struct pci_bar bar[PCI_BARS];
	const struct pci_driver *driver; /* NULL: nobody's */
	char name[8];			 /* "00:1f.2" */
};

/* Configuration registers that drivers use. */
enum pci_register {
	PCI_VENDOR = 0x00,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_CLASS = 0x08,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_SUBSYSTEM = 0x2c,
	PCI_CAPABILITIES = 0x34,
	PCI_IRQ_LINE = 0x3c,
	PCI_IRQ_PIN = 0x3d,
};

#define PCI_COMMAND_PORTS 0x0001u
#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_COMMAND_NO_INTX 0x0400u

/* ---- configuration space; offsets of any alignment that the size allows ---- */

uint8_t pci_read8(const struct pci_device *dev, unsigned offset);
uint16_t pci_read16(const struct pci_device *dev, unsigned offset);
uint32_t pci_read32(const struct pci_device *dev, unsigned offset);
void pci_write8(const struct pci_device *dev, unsigned offset, uint8_t value);
void pci_write16(const struct pci_device *dev, unsigned offset, uint16_t value);
void pci_write32(const struct pci_device *dev, unsigned offset, uint32_t value);

/*
 * Offset of the next capability of that number behind `after` (0: from the start); 0: no more. A list
 * that runs in a circle ends too.
 */
uint8_t pci_find_capability(const struct pci_device *dev, uint8_t id, uint8_t after);

/* ---- what a driver does first ---- */

/* Decoding of its addresses, bus mastering, and its interrupt pin, on; then the same off. */
void pci_enable(struct pci_device *dev);
void pci_disable(struct pci_device *dev);

/*
 * Maps length bytes of a memory BAR from offset on, uncached; they stay mapped. NULL: it is no memory,
 * is not that long, or the hypervisor refuses.
 */
volatile void *pci_map(const struct pci_device *dev, unsigned bar, uint64_t offset, size_t length);

/* The first port of a port BAR of that length at least; 0: it is none. */
uint16_t pci_ports(const struct pci_device *dev, unsigned bar, uint32_t length);

/* ---- drivers ---- */

#define PCI_ANY 0xffffu

/* Vendor and device, or PCI_ANY; the class counts where class_mask has bits. */
struct pci_match {
	uint16_t vendor, device;
	uint32_t class_code, class_mask;
};

struct pci_driver {
	const char *name;
	const struct pci_match *match; /* ends with an entry of zeros */
	/*
	 * 0: the device is this driver's. It may go on by timers and interrupts (block_probe_begin()
	 * holds guests back). -errno: it cannot be driven, after a message of pci_log().
	 */
	int (*probe)(struct pci_device *dev);
};

/* A line on the control domain's terminal: "PCI 00:03.0: text". */
void pci_log(const struct pci_device *dev, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Finds all devices; pci_config_init() comes before. */
void pci_init(void);
struct pci_device *pci_first(void); /* and then dev->next */
/* Starts the driver on the device, if it is one for it; false: it is not. */
bool pci_offer(struct pci_device *dev, const struct pci_driver *driver);

/* drivers.c: the processor lets us at the I/O ports from here on. The first call of all. */
void drivers_open_ports(void);
/* drivers.c: finds the devices, and starts a driver for each that has one. */
void drivers_init(void);
