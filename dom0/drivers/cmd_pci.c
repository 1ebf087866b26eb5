/* SPDX-License-Identifier: MIT */
/* The verb that lists PCI devices. */
#include <stdio.h>

#include "dom0/drivers/irq.h"
#include "dom0/drivers/pci.h"
#include "dom0/shell.h"

/* Base classes (PCI Code and ID Assignment Specification). */
static const char *const classes[] = {
	"unclassified", "storage",    "network",	   "display",  "multimedia",
	"memory",	"bridge",     "communication",	   "system",   "input",
	"docking",	"processor",  "serial bus",	   "wireless", "intelligent I/O",
	"satellite",	"encryption", "signal processing",
};

static const char *class_name(const struct pci_device *dev)
{
	unsigned base = dev->class_code >> 16;

	return base < sizeof(classes) / sizeof(classes[0]) ? classes[base] : "other";
}

static void run_lspci(int argc, char **argv)
{
	const struct pci_device *dev;

	(void)argc, (void)argv;
	printf("%-8s %-9s %-6s %-18s %-4s %s\n", "Device", "ID", "Class", "Kind", "Line", "Driver");
	for (dev = pci_first(); dev; dev = dev->next) {
		int line = irq_line_of(dev);
		char text[12] = "-";

		if (line >= 0)
			snprintf(text, sizeof(text), "%d", line);
		printf("%-8s %04x:%04x %06x %-18s %-4s %s\n", dev->name, dev->vendor, dev->device,
		       (unsigned)dev->class_code, class_name(dev), text,
		       dev->driver ? dev->driver->name : "-");
	}
}

const struct command commands_pci[] = {
	{ "lspci", "", "List the PCI devices, with interrupt lines that are known and drivers",
	  run_lspci },
	{ NULL, NULL, NULL, NULL },
};
