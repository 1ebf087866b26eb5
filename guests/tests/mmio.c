/* SPDX-License-Identifier: MIT */
/*
 * Device and firmware memory in the page tables of a privileged domain: the screen, the ACPI
 * tables, device registers, with the cache attributes that the page-table entry asks for; and what
 * the hypervisor keeps to itself.
 */
#include "guests/pvrt/hw.h"
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/platform.h>

#define VGA_TEXT_MFN 0xb8
#define LOCAL_APIC_MFN 0xfee00
#define MSR_PAT 0x277
/* The four attributes of old, then write-combining and write-protected: as Xen. */
#define PAT_LAYOUT 0x0000050100070406ULL
#define PTE_WRITE_COMBINING PTE_PAT

/* update_va_mapping's result for that frame. */
static int try_map(unsigned long mfn, pte_t flags)
{
	void *page = page_alloc();
	int rc = mm_map(page, mfn_pte(mfn, PTE_KERNEL_RW | flags));

	page_free(page);
	return rc;
}

/* --- The screen --- */

static void test_vga_text(void)
{
	const struct dom0_vga_console_info *info;
	volatile uint16_t *screen;
	uint16_t before;

	if (!test_is_privileged())
		return;
	info = (const void *)((const char *)start_info + start_info->console.dom0.info_off);
	if (!start_info->console.dom0.info_size || info->video_type != XEN_VGATYPE_TEXT_MODE_3) {
		test_skip("no text screen");
		return;
	}
	CHECK_EQ(info->u.text_mode_3.columns, 80, "columns");
	CHECK_EQ(info->u.text_mode_3.rows, 25, "rows");
	screen = mm_map_frame(VGA_TEXT_MFN, PTE_KERNEL_RW | PTE_PCD);
	if (!CHECK(screen != NULL, "the text screen cannot be mapped"))
		return;
	before = screen[79];
	screen[79] = 0x0752;
	CHECK_EQ(screen[79], 0x0752, "what was written in the corner");
	screen[79] = before;
	mm_unmap_frame((void *)screen);
}

#define STD_VGA_ID 0x11111234u
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x2u
#define PCI_BAR0 0x10

static void test_framebuffer(void)
{
	volatile uint32_t *pixels;
	uint32_t value;
	int slot;

	if (!test_is_privileged())
		return;
	slot = pci_find(STD_VGA_ID);
	if (slot < 0 || !(pci_read((uint8_t)slot, PCI_COMMAND) & PCI_COMMAND_MEMORY)) {
		test_skip("no framebuffer that this test knows");
		return;
	}
	pixels = mm_map_frame((pci_read((uint8_t)slot, PCI_BAR0) & ~0xfu) >> PAGE_SHIFT,
			      PTE_KERNEL_RW | PTE_WRITE_COMBINING);
	if (!CHECK(pixels != NULL, "the framebuffer cannot be mapped"))
		return;
	value = pixels[0];
	pixels[0] = ~value;
	CHECK_EQ(pixels[0], ~value, "a pixel");
	pixels[0] = value;
	mm_unmap_frame((void *)pixels);
}

/* --- Attributes --- */

static void test_attributes(void)
{
	static const pte_t attributes[] = { 0, PTE_PWT, PTE_PCD, PTE_PCD | PTE_PWT };
	unsigned long ram = va_to_mfn(page_alloc());
	size_t i;

	if (!test_is_privileged())
		return;
	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		CHECK_EQ(try_map(VGA_TEXT_MFN, attributes[i]), 0, "device memory");
		CHECK_EQ(try_map(VGA_TEXT_MFN, attributes[i] | PTE_PAT), 0, "device memory, PAT");
		CHECK_EQ(try_map(ram, attributes[i] | PTE_PAT), 0, "RAM, PAT");
		CHECK_EQ(try_map(ram, attributes[i]), 0, "RAM");
	}
	CHECK_EQ(try_map(VGA_TEXT_MFN, PTE_G), -XEN_EINVAL, "a global entry");
}

static uint64_t rdmsr(uint32_t msr)
{
	uint64_t value;

	__asm__ __volatile__("rdmsr" : "=A"(value) : "c"(msr));
	return value;
}

static void test_pat(void)
{
	uint32_t edx, eax = 1, ebx, ecx = 0;

	__asm__ __volatile__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (!(edx & 1u << 16)) {
		test_skip("no PAT in this processor");
		return;
	}
	CHECK(rdmsr(MSR_PAT) == PAT_LAYOUT, "PAT is %08x:%08x", (uint32_t)(rdmsr(MSR_PAT) >> 32),
	      (uint32_t)rdmsr(MSR_PAT));
}

/* --- ACPI --- */

#define TABLE_HEADER 36
#define TABLE_MAX 0x10000u
#define MADT_ENTRIES 44
#define MADT_IO_APIC 1

/* Copies from physical memory, page by page; false: it cannot be mapped. */
static bool physical_read(uint32_t address, void *buffer, uint32_t len)
{
	uint8_t *to = buffer;

	while (len) {
		uint32_t offset = address & (PAGE_SIZE - 1), n = PAGE_SIZE - offset;
		char *page = mm_map_frame(address >> PAGE_SHIFT, PTE_KERNEL_RO);

		if (!page)
			return false;
		n = n < len ? n : len;
		memcpy(to, page + offset, n);
		mm_unmap_frame(page);
		address += n;
		to += n;
		len -= n;
	}
	return true;
}

static uint8_t sum(const uint8_t *data, uint32_t len)
{
	uint8_t total = 0;

	while (len--)
		total += *data++;
	return total;
}

/* The address of the RSDT, 0: no RSDP where a BIOS has one. */
static uint32_t find_rsdt(void)
{
	static uint8_t area[0x20000];
	uint16_t ebda = 0;
	uint32_t at, rsdt;

	if (!CHECK(physical_read(0xe0000, area, sizeof(area)), "the BIOS cannot be mapped") ||
	    !CHECK(physical_read(0x40e, &ebda, sizeof(ebda)), "page 0 cannot be mapped"))
		return 0;
	for (at = 0; at < sizeof(area) - 20; at += 16) {
		if (memcmp(area + at, "RSD PTR ", 8) || sum(area + at, 20))
			continue;
		memcpy(&rsdt, area + at + 16, sizeof(rsdt));
		return rsdt;
	}
	return 0;
}

/* Reads a table whose checksum is right; its length, or 0. */
static uint32_t read_table(uint32_t address, uint8_t *table)
{
	uint32_t len;

	if (!physical_read(address, table, TABLE_HEADER))
		return 0;
	memcpy(&len, table + 4, sizeof(len));
	if (len < TABLE_HEADER || len > TABLE_MAX || !physical_read(address, table, len))
		return 0;
	return sum(table, len) ? 0 : len;
}

/* The table of that signature, in a static buffer; its length, or 0. */
static uint32_t find_table(const char *signature, uint8_t **found)
{
	static uint8_t root[TABLE_MAX], table[TABLE_MAX];
	uint32_t rsdt = find_rsdt(), root_len, at, address, len;

	*found = table;
	if (!rsdt)
		return 0;
	root_len = read_table(rsdt, root);
	CHECK(root_len && !memcmp(root, "RSDT", 4), "no valid RSDT at 0x%x", rsdt);
	for (at = TABLE_HEADER; at + 4 <= root_len; at += 4) {
		memcpy(&address, root + at, sizeof(address));
		len = read_table(address, table);
		if (CHECK(len != 0, "a table at 0x%x cannot be read", address) &&
		    !memcmp(table, signature, 4))
			return len;
	}
	return 0;
}

static void test_acpi(void)
{
	uint8_t *table;

	if (!test_is_privileged())
		return;
	if (!find_rsdt())
		test_skip("no RSDP in the BIOS area");
	else
		CHECK(find_table("FACP", &table), "no FADT");
}

/* For machines without a root pointer in the BIOS area: the one that the loader had. */
static void test_root_pointer(void)
{
	struct xen_platform_op op = { .cmd = XENPF_firmware_info,
				      .interface_version = XENPF_INTERFACE_VERSION };
	uint32_t rsdp_address, rsdt;
	const uint8_t *page;

	if (!test_is_privileged())
		return;
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	op.u.firmware_info.index = XEN_FW_EFI_CONFIG_TABLE;
	if (HYPERVISOR_platform_op(&op) == -XEN_ENOSYS) {
		test_skip("no ACPI in this machine");
		return;
	}
	CHECK_EQ(op.u.firmware_info.u.efi_info.cfg.nent, 1, "entries");
	page = mm_map_frame(op.u.firmware_info.u.efi_info.cfg.addr >> PAGE_SHIFT, PTE_KERNEL_RO);
	if (!CHECK(page != NULL, "the table cannot be mapped"))
		return;
	memcpy(&rsdp_address, page + 16, sizeof(rsdp_address));
	CHECK_EQ(rsdp_address >> PAGE_SHIFT, op.u.firmware_info.u.efi_info.cfg.addr >> PAGE_SHIFT,
		 "the pointer's page");
	page += rsdp_address & (PAGE_SIZE - 1);
	CHECK(!memcmp(page, "RSD PTR ", 8) && !sum(page, 20), "no valid RSDP there");
	memcpy(&rsdt, page + 16, sizeof(rsdt));
	if (find_rsdt())
		CHECK_EQ(rsdt, find_rsdt(), "its RSDT");
	CHECK_EQ(try_map(op.u.firmware_info.u.efi_info.cfg.addr >> PAGE_SHIFT, 0), -XEN_EBUSY,
		 "mapping it for writing");
}

static void test_firmware_info_errors(void)
{
	struct xen_platform_op op = { .cmd = XENPF_firmware_info,
				      .interface_version = XENPF_INTERFACE_VERSION };

	if (!test_is_privileged())
		return;
	op.u.firmware_info.type = XEN_FW_DISK_INFO;
	CHECK_EQ(HYPERVISOR_platform_op(&op), -XEN_ENOENT, "disks");
	op.u.firmware_info.type = XEN_FW_VBEDDC_INFO;
	CHECK_EQ(HYPERVISOR_platform_op(&op), -XEN_ESRCH, "the monitor");
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	op.u.firmware_info.index = XEN_FW_EFI_VERSION;
	CHECK_EQ(HYPERVISOR_platform_op(&op), -XEN_ENOSYS, "EFI's version");
	op.u.firmware_info.type = 99;
	CHECK_EQ(HYPERVISOR_platform_op(&op), -XEN_EINVAL, "type 99");
}

/* --- What is the hypervisor's --- */

static void test_local_apic(void)
{
	if (!test_is_privileged())
		return;
	CHECK_EQ(try_map(LOCAL_APIC_MFN, PTE_PCD), -XEN_EPERM, "the local APIC");
}

/* The machine has one I/O APIC at least, says the MADT; its registers go through the hypervisor. */
static void test_io_apic(void)
{
	struct physdev_apic op = { .reg = 1 };
	uint32_t len, at, address = 0;
	uint8_t *madt;
	long rc;

	if (!test_is_privileged())
		return;
	len = find_table("APIC", &madt);
	for (at = MADT_ENTRIES; at + 2 <= len && madt[at + 1] && !address; at += madt[at + 1])
		if (madt[at] == MADT_IO_APIC)
			memcpy(&address, madt + at + 4, sizeof(address));
	if (!address) {
		test_skip("no I/O APIC in this machine");
		return;
	}
	CHECK_EQ(try_map(address >> PAGE_SHIFT, PTE_PCD), -XEN_EPERM, "mapping it");
	op.apic_physbase = address;
	rc = HYPERVISOR_physdev_op(PHYSDEVOP_apic_read, &op);
	if (rc == -XEN_EINVAL) {
		test_skip("the I/O APIC is not used (noapic)");
		return;
	}
	CHECK_EQ(rc, 0, "reading its version");
	CHECK((op.value >> 16 & 0xff) >= 15, "version register 0x%x", op.value);
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_apic_write, &op), 0, "writing there");
	op.apic_physbase = 0x1000;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_apic_read, &op), -XEN_EINVAL, "somewhere else");
}

static const struct test_case cases[] = {
	{ "mmio.vga_text", test_vga_text },
	{ "mmio.framebuffer", test_framebuffer },
	{ "mmio.attributes", test_attributes },
	{ "mmio.pat", test_pat },
	{ "mmio.acpi", test_acpi },
	{ "mmio.root_pointer", test_root_pointer },
	{ "mmio.firmware_info_errors", test_firmware_info_errors },
	{ "mmio.local_apic", test_local_apic },
	{ "mmio.io_apic", test_io_apic },
};

int main(void)
{
	pv_set_iopl(1);
	return test_run(cases, ARRAY_SIZE(cases));
}
