/* SPDX-License-Identifier: MIT */
/*
 * Timer interrupts, one at a time: from the local APIC's timer, else from the PIT's channel 0 in
 * its one-shot mode 0 on line 0. A deadline beyond the hardware's reach comes early;
 * timer_run_due() then programs the rest.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/clock.h"
#include "arch/x86_32/irq.h"
#include "arch/x86_32/platform.h"
#include "core/console.h"
#include "core/lib.h"
#include "core/options.h"

#define PIT_CHANNEL0 0x40
#define PIT_COMMAND 0x43
#define PIT_SELECT0_MODE0 0x30
#define PIT_LINE 0
#define PIT_MAX_NS 50000000u

#define CALIBRATE_US 4000

static void pit_start(uint32_t ticks)
{
	outb(PIT_COMMAND, PIT_SELECT0_MODE0);
	if (ticks == 0)
		return;
	outb(PIT_CHANNEL0, ticks & 0xff);
	outb(PIT_CHANNEL0, ticks >> 8);
}

struct oneshot {
	void (*start)(uint32_t ticks); /* 0: stop */
	uint32_t mul;		       /* ticks = ns * mul >> 32 */
	uint32_t max_ns;	       /* what the counter can hold, rounded down */
};

static RO_AFTER_INIT struct oneshot oneshot;

void arch_timer_program(s_time_t deadline)
{
	s_time_t now;
	uint32_t ns;

	if (deadline == STIME_MAX) {
		oneshot.start(0);
		return;
	}
	now = time_now();
	if (deadline <= now) {
		raise_work(WORK_TIMER);
		return;
	}
	ns = deadline - now > oneshot.max_ns ? oneshot.max_ns : (uint32_t)(deadline - now);
	/* Rounded up: an interrupt before the deadline would only be taken twice. */
	oneshot.start((uint32_t)((uint64_t)ns * oneshot.mul >> 32) + 1);
}

void clock_timer_interrupt(void)
{
	raise_work(WORK_TIMER);
}

INIT static void set_source(void (*start)(uint32_t), uint32_t hz, uint64_t max_ns)
{
	oneshot.start = start;
	oneshot.mul = (uint32_t)(((uint64_t)hz << 32) / NSEC_PER_SEC);
	oneshot.max_ns = (uint32_t)MIN(max_ns, 0xffffffffull);
}

/*
 * Ticks a second of the APIC timer by the TSC; 0 when it does not count, or faster than a 32-bit
 * multiplier can express.
 */
INIT static uint32_t apic_timer_hz(void)
{
	uint32_t left, used;
	s_time_t start, end;
	uint64_t hz;

	apic_timer_start(~0u);
	left = apic_timer_left();
	start = time_now();
	clock_delay_us(CALIBRATE_US);
	used = left - apic_timer_left();
	end = time_now();
	apic_timer_start(0);
	hz = (uint64_t)used * NSEC_PER_SEC / (end - start);
	return hz < NSEC_PER_SEC ? (uint32_t)hz : 0;
}

INIT void oneshot_init(void)
{
	uint32_t hz = 0;

	if (apic_present() && strcmp(options.timer, "pit") != 0)
		hz = apic_timer_hz();
	if (hz > 1000) {
		set_source(apic_timer_start, hz, 0xfffffff0ull * NSEC_PER_SEC / hz);
		irq_take(PIT_LINE, NULL); /* all the same no guest's: the PIT is the hypervisor's */
		printk("clock: timer interrupts from the local APIC, %u kHz\n", hz / 1000);
		return;
	}
	set_source(pit_start, PIT_HZ, PIT_MAX_NS);
	pit_start(0);
	irq_take(PIT_LINE, clock_timer_interrupt);
	printk("clock: timer interrupts from the PIT\n");
}
