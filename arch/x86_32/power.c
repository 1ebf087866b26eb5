/* SPDX-License-Identifier: MIT */
/*
 * Ending it all: power off by ACPI, then by the ports emulators offer; reset by ACPI, the keyboard
 * controller, and at last a triple fault. Each way is given a moment before the next.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/platform.h"

#define PM1_SCI_ENABLED 1u
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_ENABLE (1u << 13)
#define PM1_SLEEP_TYPE_MASK (7u << PM1_SLEEP_TYPE_SHIFT)

#define PATIENCE_US 200000

#define BOCHS_SHUTDOWN_PORT 0x8900
#define QEMU_PM1_PORT 0x604 /* PIIX4's control register where SeaBIOS puts it */

#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_BUSY 0x02
#define KEYBOARD_PULSE_RESET 0xfe

static void pm1_sleep(uint16_t port, uint16_t type)
{
	uint16_t value = inw(port) & ~(PM1_SLEEP_TYPE_MASK | PM1_SLEEP_ENABLE);

	outw(port, value | (type << PM1_SLEEP_TYPE_SHIFT & PM1_SLEEP_TYPE_MASK) | PM1_SLEEP_ENABLE);
}

/* Firmware that is still in legacy mode ignores the sleep request. */
static void leave_legacy_mode(void)
{
	unsigned i;

	if (!acpi.smi_command || !acpi.acpi_enable || inw(acpi.pm1a_control) & PM1_SCI_ENABLED)
		return;
	outb(acpi.smi_command, acpi.acpi_enable);
	for (i = 0; i < 300 && !(inw(acpi.pm1a_control) & PM1_SCI_ENABLED); i++)
		clock_delay_us(10000);
}

static void acpi_power_off(void)
{
	if (!acpi.have_s5 || !acpi.pm1a_control)
		return;
	leave_legacy_mode();
	if (acpi.pm1b_control)
		pm1_sleep(acpi.pm1b_control, acpi.sleep_type_b);
	pm1_sleep(acpi.pm1a_control, acpi.sleep_type_a);
	clock_delay_us(PATIENCE_US);
}

void machine_power_off(void)
{
	const char *c;

	cli();
	serial_flush();
	acpi_power_off();
	for (c = "Shutdown"; *c; c++)
		outb(BOCHS_SHUTDOWN_PORT, *c);
	outw(QEMU_PM1_PORT, PM1_SLEEP_ENABLE);
	clock_delay_us(PATIENCE_US);
	machine_halt();
}

static void keyboard_reset(void)
{
	unsigned i;

	for (i = 0; i < 1000 && (inb(KEYBOARD_COMMAND) & KEYBOARD_BUSY); i++)
		clock_delay_us(10);
	outb(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
	clock_delay_us(PATIENCE_US);
}

/* An exception without a table to find its handler in. */
static void triple_fault(void)
{
	static const struct table_pointer none = { 0, 0 };

	lidt(&none);
	__asm__ volatile("int3");
}

void machine_reboot(void)
{
	cli();
	serial_flush();
	if (acpi.reset_port) {
		outb(acpi.reset_port, acpi.reset_value);
		clock_delay_us(PATIENCE_US);
	}
	keyboard_reset();
	triple_fault();
	machine_halt();
}

void machine_halt(void)
{
	cli();
	serial_flush();
	for (;;)
		hlt();
}
