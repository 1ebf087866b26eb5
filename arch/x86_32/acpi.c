/* SPDX-License-Identifier: MIT */
/*
 * The few facts of the firmware's ACPI tables that the hypervisor uses itself; the control domain
 * reads the rest on its own. ACPI specification 6.x, chapter 5.2 and HPET 1.0a, 3.2.4. Nothing is interpreted: the sleep type of \_S5 is found by its byte pattern.
 * Firmware is believed no further than its checksums and lengths.
 */
#include "arch/x86_32/platform.h"
#include "boot/boot.h"
#include "core/console.h"
#include "core/lib.h"

struct acpi_info acpi;

#define HEADER_LEN 36
#define TABLE_MAX 0x100000u /* longer ones are passed over */
#define MAX_TABLES 64

/* A table that is mapped and checked. */
struct table {
	const uint8_t *data;
	uint32_t len;
};

/* Little-endian field of 1..8 bytes; 0 where the table is too short, as in older revisions. */
INIT static uint64_t field(const struct table *t, uint32_t offset, uint32_t bytes)
{
	uint64_t value = 0;

	if (bytes <= t->len && offset <= t->len - bytes)
		memcpy(&value, t->data + offset, bytes);
	return value;
}

INIT static bool checksum_ok(const uint8_t *data, uint32_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum += *data++;
	return sum == 0;
}

INIT static bool map_table(paddr_t address, struct table *t)
{
	const uint8_t *header = address ? fixmap_map(address, HEADER_LEN, false) : NULL;

	if (!header)
		return false;
	memcpy(&t->len, header + 4, sizeof(t->len));
	if (t->len < HEADER_LEN || t->len > TABLE_MAX)
		return false;
	t->data = fixmap_map(address, t->len, false);
	if (!t->data)
		return false;
	if (checksum_ok(t->data, t->len))
		return true;
	printk("ACPI: table %.4s has a wrong checksum, ignored\n", t->data);
	return false;
}

/* ---- \_S5: Name(_S5_, Package() { type for PM1a, type for PM1b, ... }) ---- */

#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_WORD 0x0b
#define AML_DWORD 0x0c
#define AML_PACKAGE 0x12

/* An integer constant at *at, which moves behind it. */
INIT static bool aml_integer(const struct table *t, uint32_t *at, uint16_t *value)
{
	uint8_t op = (uint8_t)field(t, *at, 1);
	uint32_t bytes = op == AML_BYTE ? 1 : op == AML_WORD ? 2 : op == AML_DWORD ? 4 : 0;

	if (bytes == 0 && op != AML_ZERO && op != AML_ONE)
		return false;
	*value = bytes ? (uint16_t)field(t, *at + 1, bytes) : op;
	*at += 1 + bytes;
	return true;
}

/*
 * at: behind the name. The package's length takes one byte and as many more as its two top bits
 * say; then the element count.
 */
INIT static bool parse_s5(const struct table *t, uint32_t at)
{
	if (field(t, at, 1) != AML_PACKAGE)
		return false;
	at += 2 + (uint32_t)(field(t, at + 1, 1) >> 6);
	if (field(t, at++, 1) < 2)
		return false;
	return aml_integer(t, &at, &acpi.sleep_type_a) && aml_integer(t, &at, &acpi.sleep_type_b);
}

INIT static void find_s5(const struct table *t)
{
	uint32_t i;

	for (i = HEADER_LEN + 2; i + 4 < t->len && !acpi.have_s5; i++) {
		const uint8_t *p = t->data + i;

		if (memcmp(p, "_S5_", 4) ||
		    !(p[-1] == AML_NAME || (p[-1] == '\\' && p[-2] == AML_NAME)))
			continue;
		acpi.have_s5 = parse_s5(t, i + 4);
	}
}

/* ---- FADT ---- */

#define FADT_RESET_SUPPORTED (1u << 10)
#define FADT_HARDWARE_REDUCED (1u << 20)
#define GAS_IO 1

/* The port in a generic address structure at `offset`; 0 when it is no I/O port. */
INIT static uint32_t gas_port(const struct table *t, uint32_t offset)
{
	uint64_t address = field(t, offset + 4, 8);

	return field(t, offset, 1) == GAS_IO && address <= 0xffff ? (uint32_t)address : 0;
}

/* A register block: its old 32-bit field, else its extended one. */
INIT static uint32_t fadt_port(const struct table *t, uint32_t offset, uint32_t extended)
{
	uint32_t port = (uint32_t)field(t, offset, 4);

	return port && port <= 0xffff ? port : gas_port(t, extended);
}

INIT static void parse_fadt(const struct table *t)
{
	uint32_t flags = (uint32_t)field(t, 112, 4), mark;
	struct table dsdt;

	acpi.century_register = (uint8_t)field(t, 108, 1);
	if (flags & FADT_RESET_SUPPORTED) {
		acpi.reset_port = gas_port(t, 116);
		acpi.reset_value = (uint8_t)field(t, 128, 1);
	}
	if (!(flags & FADT_HARDWARE_REDUCED)) {
		acpi.smi_command = (uint32_t)field(t, 48, 4) & 0xffff;
		acpi.acpi_enable = (uint8_t)field(t, 52, 1);
		acpi.pm1a_control = fadt_port(t, 64, 172);
		acpi.pm1b_control = fadt_port(t, 68, 184);
		acpi.pm_timer_port = fadt_port(t, 76, 208);
	}
	mark = fixmap_mark();
	if (map_table(field(t, 140, 8) ? field(t, 140, 8) : field(t, 40, 4), &dsdt))
		find_s5(&dsdt);
	fixmap_release(mark);
}

/* ---- MADT ---- */

#define MADT_ENTRIES 44
enum madt_type { MADT_IO_APIC = 1, MADT_OVERRIDE = 2, MADT_APIC_ADDRESS = 5 };

INIT static void parse_madt_entry(const struct table *t, uint32_t at)
{
	switch (field(t, at, 1)) {
	case MADT_IO_APIC:
		if (acpi.nr_ioapics == ARRAY_SIZE(acpi.ioapic))
			break;
		acpi.ioapic[acpi.nr_ioapics].address = field(t, at + 4, 4);
		acpi.ioapic[acpi.nr_ioapics++].gsi_base = (uint32_t)field(t, at + 8, 4);
		break;
	case MADT_OVERRIDE: {
		uint32_t irq = (uint32_t)field(t, at + 3, 1);

		if (irq >= ARRAY_SIZE(acpi.isa_override))
			break;
		acpi.isa_override[irq].gsi = (uint8_t)field(t, at + 4, 4);
		acpi.isa_override[irq].flags = (uint8_t)field(t, at + 8, 2);
		break;
	}
	case MADT_APIC_ADDRESS:
		acpi.lapic = field(t, at + 4, 8);
		break;
	}
}

INIT static void parse_madt(const struct table *t)
{
	uint32_t at = MADT_ENTRIES, len;

	acpi.lapic = field(t, 36, 4);
	for (; at + 2 <= t->len; at += len) {
		len = (uint32_t)field(t, at + 1, 1);
		if (len < 2 || len > t->len - at)
			break;
		parse_madt_entry(t, at);
	}
}

/* ---- HPET ---- */

INIT static void parse_hpet(const struct table *t)
{
	if (field(t, 40, 1) == 0)
		acpi.hpet = field(t, 44, 8);
}

static INITDATA struct {
	char signature[5];
	void (*parse)(const struct table *t);
} parsers[] = {
	{ "FACP", parse_fadt },
	{ "APIC", parse_madt },
	{ "HPET", parse_hpet },
	{ "SSDT", find_s5 }, /* sometimes \_S5 is there */
};

INIT static void parse_table(paddr_t address)
{
	uint32_t mark = fixmap_mark();
	struct table t;
	unsigned i;

	if (map_table(address, &t))
		for (i = 0; i < ARRAY_SIZE(parsers); i++)
			if (!memcmp(t.data, parsers[i].signature, 4))
				parsers[i].parse(&t);
	fixmap_release(mark);
}

/* ---- the way there: RSDP, then RSDT or XSDT ---- */

#define RSDP_ALIGN 16
#define RSDP_LEN_1 20
#define RSDP_LEN_2 36
#define EBDA_POINTER 0x40e
#define EBDA_SCAN 0x400
#define BIOS_START 0xe0000
#define BIOS_SIZE 0x20000

INIT static bool rsdp_ok(const uint8_t *p)
{
	return !memcmp(p, "RSD PTR ", 8) && checksum_ok(p, RSDP_LEN_1);
}

INIT static bool scan_rsdp(paddr_t start, uint32_t size)
{
	const uint8_t *area = fixmap_map(start, size, false);
	uint32_t i;

	for (i = 0; area && i + RSDP_LEN_2 <= size; i += RSDP_ALIGN) {
		if (!rsdp_ok(area + i))
			continue;
		boot_info.rsdp_length = area[i + 15] >= 2 ? RSDP_LEN_2 : RSDP_LEN_1;
		memcpy(boot_info.rsdp_copy, area + i, boot_info.rsdp_length);
		return true;
	}
	return false;
}

/* What the loader passed on; else what the firmware left in the BIOS area, if anything. */
INIT static bool find_rsdp(void)
{
	const uint8_t *bios_data = fixmap_map(0, PAGE_SIZE, false);
	uint16_t ebda_segment = 0;

	if (boot_info.rsdp_length && rsdp_ok(boot_info.rsdp_copy))
		return true;
	boot_info.rsdp_length = 0;
	if (bios_data)
		memcpy(&ebda_segment, bios_data + EBDA_POINTER, sizeof(ebda_segment));
	return (ebda_segment && scan_rsdp((paddr_t)ebda_segment << 4, EBDA_SCAN)) ||
	       scan_rsdp(BIOS_START, BIOS_SIZE);
}

/* The addresses of the root table's entries, copied: parsing a table uses the same windows. */
INIT static unsigned read_root(paddr_t address, const char *signature, uint32_t entry_size,
			       paddr_t *tables)
{
	struct table root;
	unsigned n = 0;
	uint32_t at;

	if (!map_table(address, &root) || memcmp(root.data, signature, 4))
		return 0;
	for (at = HEADER_LEN; at + entry_size <= root.len && n < MAX_TABLES; at += entry_size)
		tables[n++] = field(&root, at, entry_size);
	return n;
}

INIT void acpi_init(void)
{
	static INITDATA paddr_t tables[MAX_TABLES];
	struct table rsdp = { boot_info.rsdp_copy, 0 };
	uint32_t mark = fixmap_mark();
	unsigned n = 0, i;

	for (i = 0; i < ARRAY_SIZE(acpi.isa_override); i++)
		acpi.isa_override[i].gsi = (uint8_t)i;
	if (find_rsdp()) {
		rsdp.len = boot_info.rsdp_length;
		if (rsdp.len >= RSDP_LEN_2)
			n = read_root(field(&rsdp, 24, 8), "XSDT", 8, tables);
		if (n == 0)
			n = read_root(field(&rsdp, 16, 4), "RSDT", 4, tables);
	}
	fixmap_release(mark);
	for (i = 0; i < n; i++)
		parse_table(tables[i]);
	if (n == 0)
		printk("ACPI: no tables found\n");
}
