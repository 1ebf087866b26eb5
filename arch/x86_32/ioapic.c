/* SPDX-License-Identifier: MIT */
/*
 * The I/O APICs that the MADT lists (Intel 82093AA data sheet): an index and a data
 * register, behind which each input has a redirection entry of two words. Interrupts are
 * fixed, to this CPU, in physical destination mode.
 *
 * A level-triggered input is masked first and its interrupt ended afterwards, so
 * that the local APIC's message finds the entry's vector unchanged and clears its
 * remote IRR. Called with interrupts off.
 */
#include "arch/x86_32/irq.h"
#include "arch/x86_32/irqchip.h"
#include "arch/x86_32/platform.h"
#include "core/console.h"

#define REGISTERS_SIZE 0x20
#define INDEX (0x00 / 4)
#define DATA (0x10 / 4)

enum ioapic_register { IOAPIC_ID = 0, IOAPIC_VERSION = 1, IOAPIC_REDIRECTION = 0x10 };

#define VERSION_LAST_INPUT(value) ((value) >> 16 & 0xff)
#define ENTRY_ACTIVE_LOW (1u << 13)
#define ENTRY_LEVEL (1u << 15)
#define ENTRY_MASKED (1u << 16)
#define ENTRY_DESTINATION_SHIFT 24

struct ioapic {
	volatile uint32_t *registers;
	paddr_t address;
	unsigned gsi_base, inputs;
};

static struct ioapic ioapics[ARRAY_SIZE(acpi.ioapic)] RO_AFTER_INIT;
static unsigned nr_ioapics RO_AFTER_INIT;

static uint32_t read_register(const struct ioapic *io, uint32_t reg)
{
	io->registers[INDEX] = reg;
	return io->registers[DATA];
}

static void write_register(const struct ioapic *io, uint32_t reg, uint32_t value)
{
	io->registers[INDEX] = reg;
	io->registers[DATA] = value;
}

static uint32_t entry_register(const struct ioapic *io, unsigned gsi)
{
	return IOAPIC_REDIRECTION + 2 * (gsi - io->gsi_base);
}

static const struct ioapic *find(unsigned gsi)
{
	for (unsigned i = 0; i < nr_ioapics; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].inputs)
			return &ioapics[i];
	return NULL;
}

static bool has(unsigned gsi)
{
	return find(gsi) != NULL;
}

static void change_entry(unsigned gsi, uint32_t clear, uint32_t set)
{
	const struct ioapic *io = find(gsi);
	uint32_t reg = entry_register(io, gsi);

	write_register(io, reg, (read_register(io, reg) & ~clear) | set);
}

static void mask(unsigned gsi)
{
	change_entry(gsi, 0, ENTRY_MASKED);
}

static void unmask(unsigned gsi)
{
	change_entry(gsi, ENTRY_MASKED, 0);
}

static void setup(unsigned gsi, unsigned vector, bool level, bool active_low)
{
	const struct ioapic *io = find(gsi);
	uint32_t reg = entry_register(io, gsi);

	write_register(io, reg, ENTRY_MASKED);
	write_register(io, reg + 1, (uint32_t)apic_id() << ENTRY_DESTINATION_SHIFT);
	write_register(io, reg,
		       ENTRY_MASKED | vector | (level ? ENTRY_LEVEL : 0) |
			       (active_low ? ENTRY_ACTIVE_LOW : 0));
}

static bool ack(UNUSED unsigned gsi)
{
	apic_eoi();
	return true;
}

const struct irqchip ioapic_chip = {
	.name = "I/O APIC",
	.has = has,
	.setup = setup,
	.mask = mask,
	.unmask = unmask,
	.ack = ack,
};

/* ---- boot ---- */

INIT static void add(unsigned index)
{
	struct ioapic *io = &ioapics[nr_ioapics];

	io->address = acpi.ioapic[index].address;
	io->gsi_base = acpi.ioapic[index].gsi_base;
	io->registers = fixmap_map(io->address, REGISTERS_SIZE, true);
	if (!io->registers)
		return;
	/* An address where nothing answers reads as all ones. */
	if (read_register(io, IOAPIC_VERSION) == ~0u) {
		printk("I/O APIC %u does not answer, ignored\n", index);
		return;
	}
	io->inputs = VERSION_LAST_INPUT(read_register(io, IOAPIC_VERSION)) + 1;
	nr_ioapics++;
	for (unsigned gsi = io->gsi_base; gsi < io->gsi_base + io->inputs; gsi++)
		write_register(io, entry_register(io, gsi), ENTRY_MASKED);
}

INIT bool ioapic_init(void)
{
	for (unsigned i = 0; i < acpi.nr_ioapics; i++)
		add(i);
	return nr_ioapics > 0;
}

INIT unsigned ioapic_lines(void)
{
	unsigned lines = 0;

	for (unsigned i = 0; i < nr_ioapics; i++)
		lines = MAX(lines, ioapics[i].gsi_base + ioapics[i].inputs);
	return lines;
}

/* ---- a guest's view ---- */

static const struct ioapic *find_address(paddr_t base)
{
	for (unsigned i = 0; i < nr_ioapics; i++)
		if (ioapics[i].address == base)
			return &ioapics[i];
	return NULL;
}

bool ioapic_guest_read(paddr_t base, uint32_t reg, uint32_t *value)
{
	const struct ioapic *io = find_address(base);

	if (!io)
		return false;
	*value = read_register(io, reg & 0xff);
	return true;
}

bool ioapic_guest_write(paddr_t base, uint32_t reg, uint32_t value)
{
	const struct ioapic *io = find_address(base);
	unsigned gsi;

	if (!io)
		return false;
	/*
	 * The second word of an entry is its destination, and the
	 * registers below are the chip's own.
	 */
	if (reg < IOAPIC_REDIRECTION || reg >= IOAPIC_REDIRECTION + 2 * io->inputs || reg % 2)
		return true;
	gsi = io->gsi_base + (reg - IOAPIC_REDIRECTION) / 2;
	(void)!irq_set_mode(gsi, value & ENTRY_LEVEL, value & ENTRY_ACTIVE_LOW);
	return true;
}
