/* SPDX-License-Identifier: MIT */
/*
 * Counters whose frequency is known, against which the TSC is measured at boot. HPET: IA-PC HPET
 * specification 1.0a, 2.3; PM timer: ACPI specification, 4.8.3.3; PIT: Intel's 8254 data sheet.
 */
#include "arch/x86_32/asm.h"
#include "arch/x86_32/clock.h"
#include "arch/x86_32/platform.h"
#include "core/options.h"

#define FS_PER_SECOND 1000000000000000ull

/* ---- HPET ---- */
#define HPET_WINDOW 0x400
#define HPET_PERIOD 0x004 /* femtoseconds a tick, upper half of the capabilities */
#define HPET_CONFIG 0x010
#define HPET_COUNTER 0x0f0
#define HPET_ENABLE 1u
#define HPET_LEGACY_ROUTE 2u /* would take line 0 away from the PIT */
#define HPET_MAX_PERIOD 100000000u

static volatile uint32_t *hpet;

static uint32_t hpet_read(void)
{
	return hpet[HPET_COUNTER / 4];
}

static struct reference hpet_reference = { "HPET", 0, 0xffffffff, hpet_read };

INIT static bool hpet_init(void)
{
	uint32_t period;

	if (!acpi.hpet || options.no_hpet)
		return false;
	hpet = fixmap_map(acpi.hpet, HPET_WINDOW, true);
	if (!hpet)
		return false;
	period = hpet[HPET_PERIOD / 4];
	if (period == 0 || period > HPET_MAX_PERIOD)
		return false;
	hpet[HPET_CONFIG / 4] = (hpet[HPET_CONFIG / 4] | HPET_ENABLE) & ~HPET_LEGACY_ROUTE;
	hpet_reference.hz = (uint32_t)(FS_PER_SECOND / period);
	return hpet_reference.hz != 0;
}

/* ---- ACPI power management timer ---- */
#define PM_TIMER_HZ 3579545u

/* Chipsets of the 1990s may be caught between two bits changing: believe two readings in order. */
static uint32_t pm_timer_read(void)
{
	uint32_t a = inl(acpi.pm_timer_port), b;
	unsigned tries;

	for (tries = 0; tries < 4; tries++) {
		b = inl(acpi.pm_timer_port);
		if (((b - a) & 0xffffff) < 0x1000)
			return b;
		a = b;
	}
	return a;
}

/* Only the 24 bits that every implementation has. */
static struct reference pm_timer_reference = { "ACPI PM timer", PM_TIMER_HZ, 0x00ffffff,
					       pm_timer_read };

/*
 * ---- PIT, channel 2: the one whose gate software controls and whose output interrupts nobody ----
 */
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_SELECT2_MODE0 0xb0
#define PIT_LATCH2 0x80
#define PORT_B 0x61
#define PORT_B_GATE2 0x01
#define PORT_B_SPEAKER 0x02

static uint32_t pit_read(void)
{
	uint32_t count;

	outb(PIT_COMMAND, PIT_LATCH2);
	count = inb(PIT_CHANNEL2);
	count |= inb(PIT_CHANNEL2) << 8;
	return ~count & 0xffff;
}

static struct reference pit_reference = { "PIT", PIT_HZ, 0xffff, pit_read };

INIT static void pit_init(void)
{
	outb(PORT_B, (inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE2);
	outb(PIT_COMMAND, PIT_SELECT2_MODE0);
	outb(PIT_CHANNEL2, 0xff);
	outb(PIT_CHANNEL2, 0xff);
}

/* ---- choice ---- */

INIT static bool reference_moves(const struct reference *r)
{
	uint32_t start = r->read(), tries;

	for (tries = 0; tries < 10000; tries++)
		if (r->read() != start)
			return true;
	return false;
}

INIT const struct reference *reference_find(void)
{
	if (hpet_init() && reference_moves(&hpet_reference))
		return &hpet_reference;
	if (acpi.pm_timer_port && reference_moves(&pm_timer_reference))
		return &pm_timer_reference;
	pit_init();
	return &pit_reference;
}
