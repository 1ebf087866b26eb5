/* SPDX-License-Identifier: MIT */
/* AHCI controllers: see ahci.h. Takes one over from the firmware and deals out its interrupts. */
#include "dom0/drivers/ahci.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/memory.h>

#include "dom0/drivers/irq.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/time.h"

#define REGISTERS_BAR 5
#define REGISTERS_BYTES (AHCI_PORT0 + AHCI_PORTS * AHCI_PORT_BYTES)
#define HANDOFF_NS (2000 * NS_PER_MS)
#define RESET_NS (1000 * NS_PER_MS)
#define FRAMES_OF_4_GIB (1L << (32 - PAGE_SHIFT))

/* Waits until the bits are clear. Only at the start, and working controllers take microseconds. */
static bool wait_clear(const struct ahci *hba, enum ahci_register reg, uint32_t bits, uint64_t ns)
{
	uint64_t end = loop_now() + ns;

	while (ahci_read(hba, reg) & bits)
		if (loop_now() > end)
			return false;
	return true;
}

static void take_from_firmware(const struct ahci *hba)
{
	if (!(ahci_read(hba, AHCI_CAP2) & CAP2_HANDOFF))
		return;
	ahci_write(hba, AHCI_BOHC, ahci_read(hba, AHCI_BOHC) | BOHC_OS);
	if (!wait_clear(hba, AHCI_BOHC, BOHC_BIOS, HANDOFF_NS))
		pci_log(hba->pci, "the firmware does not let go of it, taken anyway");
}

static int reset(const struct ahci *hba)
{
	ahci_write(hba, AHCI_GHC, GHC_AHCI);
	ahci_write(hba, AHCI_GHC, GHC_AHCI | GHC_RESET);
	if (!wait_clear(hba, AHCI_GHC, GHC_RESET, RESET_NS))
		return -EIO;
	ahci_write(hba, AHCI_GHC, GHC_AHCI);
	return 0;
}

static bool interrupt(void *arg)
{
	struct ahci *hba = arg;
	uint32_t ports = ahci_read(hba, AHCI_IS), left;

	if (!ports)
		return false;
	for (left = ports; left; left &= left - 1) {
		struct ahci_port *port = hba->port[__builtin_ctz(left)];

		if (!port)
			continue;
		disk_watch_interrupt(&port->watch);
		ahci_port_interrupt(port);
	}
	return true;
}

/* Requests bring memory from anywhere in the machine. */
static bool reaches_memory(const struct ahci *hba)
{
	return (hba->capabilities & CAP_64BIT) ||
	       HYPERVISOR_memory_op(XENMEM_maximum_ram_page, NULL) < FRAMES_OF_4_GIB;
}

/* As many ports as the controller has room for. */
static size_t registers_length(const struct pci_device *pci)
{
	uint64_t size = pci->bar[REGISTERS_BAR].size;

	return size < REGISTERS_BYTES ? (size_t)size : REGISTERS_BYTES;
}

static bool has_port(const struct ahci *hba, unsigned number)
{
	size_t end = AHCI_PORT0 + (number + 1) * AHCI_PORT_BYTES;

	return (ahci_read(hba, AHCI_PI) >> number & 1) && end <= registers_length(hba->pci);
}

static int start(struct ahci *hba)
{
	unsigned i;
	int rc;

	pci_enable(hba->pci);
	hba->registers = pci_map(hba->pci, REGISTERS_BAR, 0, registers_length(hba->pci));
	if (!hba->registers) {
		pci_log(hba->pci, "AHCI: its registers cannot be mapped");
		return -ENODEV;
	}
	take_from_firmware(hba);
	rc = reset(hba);
	if (rc) {
		pci_log(hba->pci, "AHCI: the controller does not come out of its reset");
		return rc;
	}
	hba->capabilities = ahci_read(hba, AHCI_CAP);
	if (!reaches_memory(hba)) {
		pci_log(hba->pci, "AHCI: it reaches 4 GiB only, and there is more memory");
		return -ENODEV;
	}
	rc = irq_attach(hba->pci, interrupt, hba);
	if (rc)
		pci_log(hba->pci, "AHCI: no interrupt, looked after by a timer: %s", strerror(-rc));
	for (i = 0; i < AHCI_PORTS; i++)
		if (has_port(hba, i) && ahci_port_create(hba, i, !rc))
			break;
	ahci_write(hba, AHCI_GHC, GHC_AHCI | GHC_INTERRUPTS);
	return 0;
}

static int probe(struct pci_device *pci)
{
	struct ahci *hba = calloc(1, sizeof(*hba));
	int rc = -ENOMEM;

	if (hba) {
		hba->pci = pci;
		rc = start(hba);
	}
	if (rc) {
		pci_disable(pci);
		free(hba);
	}
	return rc;
}

#define CLASS_AHCI 0x010601u

static const struct pci_match match[] = {
	{ PCI_ANY, PCI_ANY, CLASS_AHCI, 0xffffff },
	{ 0, 0, 0, 0 },
};

const struct pci_driver ahci_driver = { "ahci", match, probe };
