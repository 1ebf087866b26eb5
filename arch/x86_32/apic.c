/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of this CPU: switched on in virtual-wire mode, so that the 8259's interrupts pass
 * through LINT0, and its timer. SDM vol. 3, chapter 10. Without one everything works by 8259 and
 * PIT.
 */
#include "arch/x86_32/asm.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/msr.h"
#include "arch/x86_32/platform.h"
#include "core/options.h"

#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_X2APIC (1ull << 10)
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull

enum apic_register {
	APIC_ID = 0x020,
	APIC_TASK_PRIORITY = 0x080,
	APIC_EOI = 0x0b0,
	APIC_SPURIOUS = 0x0f0,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_PERFORMANCE = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define SPURIOUS_ENABLE 0x100
#define LVT_MASKED 0x10000
#define LVT_NMI 0x400
#define LVT_EXTINT 0x700
#define DIVIDE_BY_4 0x1

static RO_AFTER_INIT volatile uint32_t *apic;

static uint32_t apic_read(enum apic_register reg)
{
	return apic[reg / 4];
}

static void apic_write(enum apic_register reg, uint32_t value)
{
	apic[reg / 4] = value;
}

/* Into the mode with memory-mapped registers; from x2APIC mode the way leads over "off". */
INIT static paddr_t apic_enable(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (base & APIC_BASE_X2APIC) {
		base &= ~(APIC_BASE_X2APIC | APIC_BASE_ENABLE);
		wrmsr(MSR_APIC_BASE, base);
	}
	if (!(base & APIC_BASE_ENABLE))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	return rdmsr(MSR_APIC_BASE) & APIC_BASE_ENABLE ? base & APIC_BASE_ADDRESS : 0;
}

/* A vector that firmware left in service would block everything below it. */
INIT static void apic_drain(void)
{
	unsigned i;

	for (i = 0; i < 256; i++)
		apic_write(APIC_EOI, 0);
}

INIT bool apic_init(void)
{
	paddr_t base;

	if (options.no_apic || !cpu_has_apic)
		return false;
	base = apic_enable();
	if (!base)
		return false;
	apic = fixmap_map(base, PAGE_SIZE, true);
	if (!apic)
		return false;
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_APIC_SPURIOUS);
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_LVT_PERFORMANCE, LVT_MASKED);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_LVT_LINT0, LVT_EXTINT);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_4);
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_APIC_TIMER);
	apic_drain();
	return true;
}

bool apic_present(void)
{
	return apic != NULL;
}

uint8_t apic_id(void)
{
	return apic ? apic_read(APIC_ID) >> 24 : 0;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_leave_8259(void)
{
	apic_write(APIC_LVT_LINT0, LVT_EXTINT | LVT_MASKED);
}

void apic_timer_start(uint32_t ticks)
{
	apic_write(APIC_TIMER_INITIAL, ticks);
}

uint32_t apic_timer_left(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}
