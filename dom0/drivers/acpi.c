/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables: see acpi.h. The root pointer is where a BIOS puts it, or where the boot loader had it
 * (XENPF_firmware_info).
 */
#include "dom0/drivers/acpi.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <xen/platform.h>

#include "dom0/memory.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"

#define BIOS_START 0xe0000u
#define BIOS_BYTES 0x20000u
#define EBDA_POINTER 0x40eu
#define EBDA_BYTES 0x400u
#define RSDP_BYTES 20u
#define RSDP_STEP 16u
#define HEADER_BYTES 36u
#define TABLE_MAX 0x10000u

static uint8_t checksum(const uint8_t *data, uint32_t length)
{
	uint8_t sum = 0;

	while (length--)
		sum += *data++;
	return sum;
}

/* Copies from physical memory; false: it cannot be mapped. */
static bool physical_read(uint32_t address, void *to, uint32_t length)
{
	uint32_t offset = address & (PAGE_SIZE - 1);
	unsigned pages = (offset + length + PAGE_SIZE - 1) / PAGE_SIZE;
	uint8_t *window = device_map(address >> PAGE_SHIFT, pages);

	if (!window)
		return false;
	memcpy(to, window + offset, length);
	foreign_unmap(window, pages);
	return true;
}

/* ---- the root pointer ---- */

/* The RSDT's address from a root pointer in that memory; 0: none. */
static uint32_t search_area(uint32_t address, uint32_t length)
{
	uint8_t *area = malloc(length);
	uint32_t at, rsdt = 0;

	if (!area || !physical_read(address, area, length)) {
		free(area);
		return 0;
	}
	for (at = 0; at + RSDP_BYTES <= length && !rsdt; at += RSDP_STEP)
		if (!memcmp(area + at, "RSD PTR ", 8) && !checksum(area + at, RSDP_BYTES))
			memcpy(&rsdt, area + at + 16, sizeof(rsdt));
	free(area);
	return rsdt;
}

static uint32_t rsdt_from_loader(void)
{
	struct xen_platform_op op = { .cmd = XENPF_firmware_info,
				      .interface_version = XENPF_INTERFACE_VERSION };
	uint32_t rsdp = 0, rsdt = 0;
	const uint8_t *page;

	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	op.u.firmware_info.index = XEN_FW_EFI_CONFIG_TABLE;
	if (HYPERVISOR_platform_op(&op) || !op.u.firmware_info.u.efi_info.cfg.nent)
		return 0;
	page = mm_map_frame(op.u.firmware_info.u.efi_info.cfg.addr >> PAGE_SHIFT, PTE_KERNEL_RO);
	if (!page)
		return 0;
	/* The entry: a GUID and the pointer's address, which is in the same page. */
	memcpy(&rsdp, page + 16, sizeof(rsdp));
	rsdp &= PAGE_SIZE - 1;
	if (rsdp + RSDP_BYTES <= PAGE_SIZE && !memcmp(page + rsdp, "RSD PTR ", 8))
		memcpy(&rsdt, page + rsdp + 16, sizeof(rsdt));
	mm_unmap_frame((void *)page);
	return rsdt;
}

static uint32_t find_rsdt(void)
{
	uint32_t rsdt = rsdt_from_loader();
	uint16_t segment = 0;

	if (!rsdt && physical_read(EBDA_POINTER, &segment, sizeof(segment)) && segment)
		rsdt = search_area((uint32_t)segment << 4, EBDA_BYTES);
	return rsdt ? rsdt : search_area(BIOS_START, BIOS_BYTES);
}

/* ---- tables ---- */

/* A copy of the table at that address, NULL if it is not sound. */
static uint8_t *read_table(uint32_t address, const char *signature, uint32_t *length)
{
	uint8_t header[HEADER_BYTES], *table;

	if (!physical_read(address, header, sizeof(header)) || memcmp(header, signature, 4))
		return NULL;
	memcpy(length, header + 4, sizeof(*length));
	if (*length < HEADER_BYTES || *length > TABLE_MAX)
		return NULL;
	table = malloc(*length);
	if (table && physical_read(address, table, *length) && !checksum(table, *length))
		return table;
	free(table);
	return NULL;
}

uint8_t *acpi_table(const char *signature, uint32_t *length)
{
	uint32_t rsdt = find_rsdt(), root_length, at, address;
	uint8_t *root = rsdt ? read_table(rsdt, "RSDT", &root_length) : NULL, *table = NULL;

	if (!root)
		return NULL;
	for (at = HEADER_BYTES; at + sizeof(address) <= root_length && !table;
	     at += sizeof(address)) {
		memcpy(&address, root + at, sizeof(address));
		table = read_table(address, signature, length);
	}
	free(root);
	return table;
}
