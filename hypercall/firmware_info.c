/* SPDX-License-Identifier: MIT */
/*
 * XENPF_firmware_info (<xen/platform.h>): what the firmware told the boot loader. Of it Ringlet has
 * one thing that a control domain cannot find otherwise: the ACPI root pointer on machines whose
 * BIOS area has none. It is offered in EFI's way, as a configuration table with that one entry
 * (UEFI specification, 4.6), in a page that the initial domain may map for reading.
 */
#include "hypercall/firmware_info.h"

#include "boot/boot.h"
#include "core/lib.h"
#include "mm/mmu.h"

/* EFI_CONFIGURATION_TABLE of 32-bit firmware. */
struct efi_table {
	uint8_t guid[16];
	uint32_t address;
};
_Static_assert(sizeof(struct efi_table) == 20, "UEFI specification, 4.6");

struct root_pointer_page {
	struct efi_table table;
	uint8_t rsdp[sizeof(boot_info.rsdp_copy)] ALIGNED(16);
};

#define RSDP_LEN_2 36

static const uint8_t acpi_1_guid[16] = { 0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11,
					 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d };
static const uint8_t acpi_2_guid[16] = { 0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11,
					 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 };

/* Made when first asked for, and the initial domain's until the machine's end. NULL: no memory. */
static struct root_pointer_page *root_pointer_page(void)
{
	static struct root_pointer_page *page;
	paddr_t address;

	if (page)
		return page;
	page = heap_page_alloc();
	if (!page)
		return NULL;
	address = (paddr_t)heap_page_mfn(page) << PAGE_SHIFT;
	memcpy(page->table.guid, boot_info.rsdp_length >= RSDP_LEN_2 ? acpi_2_guid : acpi_1_guid,
	       sizeof(page->table.guid));
	page->table.address = (uint32_t)address + offsetof(struct root_pointer_page, rsdp);
	memcpy(page->rsdp, boot_info.rsdp_copy, boot_info.rsdp_length);
	domain_share_heap_page(dom0, page, false);
	return page;
}

static long efi_info(struct xenpf_firmware_info *info)
{
	const struct root_pointer_page *page;

	if (info->index != XEN_FW_EFI_CONFIG_TABLE || current_vcpu()->domain != dom0 ||
	    !boot_info.rsdp_length)
		return -ENOSYS;
	page = root_pointer_page();
	if (!page)
		return -ENOMEM;
	info->u.efi_info.cfg.addr = (paddr_t)heap_page_mfn(page) << PAGE_SHIFT;
	info->u.efi_info.cfg.nent = 1;
	return 0;
}

long firmware_info(struct xenpf_firmware_info *info)
{
	switch (info->type) {
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE:
		return -ENOENT;
	case XEN_FW_VBEDDC_INFO:
	case XEN_FW_KBD_SHIFT_FLAGS:
		return -ESRCH;
	case XEN_FW_EFI_INFO:
		return efi_info(info);
	default:
		return -EINVAL;
	}
}
