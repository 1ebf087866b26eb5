/* SPDX-License-Identifier: MIT */
/*
 * Time is the TSC. Its frequency is measured at boot, twice; from then on a time stamp becomes
 * nanoseconds by one shift and one 64 by 32 bit multiplication, the same that guests do with their
 * vcpu_time_info (xen.h), so both agree. The values are written once, by clock_init.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/clock.h"
#include "arch/x86_32/platform.h"
#include "core/console.h"

static RO_AFTER_INIT uint64_t tsc_boot; /* time stamp at s_time 0 */
static RO_AFTER_INIT uint64_t tsc_hz;	/* 0: not yet known */
static RO_AFTER_INIT uint32_t tsc_mul;	/* ns = (ticks << shift) * mul >> 32 */
static RO_AFTER_INIT int8_t tsc_shift;

/* ---- reading ---- */

static inline uint64_t ticks_to_ns(uint64_t ticks)
{
	if (tsc_shift < 0)
		ticks >>= -tsc_shift;
	else
		ticks <<= tsc_shift;
	return (ticks >> 32) * tsc_mul + ((uint64_t)(uint32_t)ticks * tsc_mul >> 32);
}

s_time_t time_now(void)
{
	return ticks_to_ns(rdtsc() - tsc_boot);
}

void arch_time_fill(struct vcpu_time_info *t)
{
	uint64_t tsc = rdtsc();

	t->tsc_timestamp = tsc;
	t->system_time = ticks_to_ns(tsc - tsc_boot);
	t->tsc_to_system_mul = tsc_mul;
	t->tsc_shift = tsc_shift;
}

uint32_t clock_tsc_khz(void)
{
	return (uint32_t)(tsc_hz / 1000);
}

static void spin_ticks(uint64_t ticks)
{
	uint64_t start = rdtsc();

	while (rdtsc() - start < ticks)
		cpu_pause();
}

/* Before calibration as if the TSC ran at 4 GHz: never too short. */
void clock_delay_us(uint32_t us)
{
	spin_ticks((tsc_hz ? tsc_hz : 4000000000ull) / 1000000 * us + 1);
}

/* ---- calibration ---- */

#define FIRST_RUN_MS 10
#define SECOND_RUN_MS 20
#define MAX_TRIES 5
#define TOLERANCE 500 /* the two runs agree to one part in so many */
/* How often to look at the reference: reading a device is slow where it is emulated. */
#define POLL_TICKS 500000u
#define STUCK_TICKS (1ull << 35)

struct sample {
	uint64_t tsc;
	uint32_t count;
};

/*
 * The tightest of a few readings: an interrupt of the machine underneath may fall into any of them.
 */
INIT static struct sample take_sample(const struct reference *r)
{
	uint64_t best = ~0ull;
	struct sample s = { 0, 0 };
	unsigned i;

	for (i = 0; i < 8; i++) {
		uint64_t before = rdtsc();
		uint32_t count = r->read();
		uint64_t window = rdtsc() - before;

		if (window < best) {
			best = window;
			s.tsc = before + window / 2;
			s.count = count;
		}
	}
	return s;
}

/* Waits until `ms` of the reference have passed since *from; false when it stands still. */
INIT static bool wait_reference(const struct reference *r, const struct sample *from, uint32_t ms)
{
	uint32_t ticks = r->hz / 1000 * ms;

	while (((r->read() - from->count) & r->mask) < ticks) {
		if (rdtsc() - from->tsc > STUCK_TICKS)
			return false;
		spin_ticks(POLL_TICKS);
	}
	return true;
}

INIT static uint64_t frequency(const struct reference *r, const struct sample *a,
			       const struct sample *b)
{
	uint32_t counts = (b->count - a->count) & r->mask;

	return counts ? (b->tsc - a->tsc) * r->hz / counts : 0;
}

INIT static bool close_enough(uint64_t a, uint64_t b)
{
	uint64_t difference = a > b ? a - b : b - a;

	return difference <= a / TOLERANCE;
}

/*
 * Two runs in a row over one reference, which must agree; the result is over both together. 0: the
 * reference is stuck. On a machine that is itself preempted for long a short counter goes round
 * unseen, which can only make the frequency too high: of results that never agree, the lowest.
 */
INIT static uint64_t measure(const struct reference *r)
{
	uint64_t lowest = ~0ull;
	unsigned tries;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		struct sample a = take_sample(r), b, c;
		uint64_t hz;

		if (!wait_reference(r, &a, FIRST_RUN_MS))
			return 0;
		b = take_sample(r);
		if (!wait_reference(r, &b, SECOND_RUN_MS))
			return 0;
		c = take_sample(r);
		hz = frequency(r, &a, &c);
		if (close_enough(frequency(r, &a, &b), frequency(r, &b, &c)))
			return hz;
		if (hz && hz < lowest)
			lowest = hz;
	}
	printk("clock: two measurements against the %s never agreed; time may drift\n", r->name);
	return lowest == ~0ull ? 0 : lowest;
}

/* The multiplier keeps its top bit set, for precision. */
INIT static void set_scale(uint64_t hz)
{
	int8_t shift = 0;

	while (hz > 2 * NSEC_PER_SEC) {
		hz >>= 1;
		shift--;
	}
	while (hz <= NSEC_PER_SEC) {
		hz <<= 1;
		shift++;
	}
	tsc_shift = shift;
	tsc_mul = (uint32_t)((NSEC_PER_SEC << 32) / hz);
}

INIT void clock_init(void)
{
	const struct reference *r = reference_find();

	tsc_hz = measure(r);
	if (tsc_hz < 1000000)
		panic("the time stamp counter cannot be calibrated against the %s: its frequency "
		      "comes out as %u Hz. "
		      "Try the option nohpet.\n",
		      r->name, (uint32_t)tsc_hz);
	set_scale(tsc_hz);
	tsc_boot = rdtsc();
	printk("clock: TSC %u kHz, measured against the %s\n", clock_tsc_khz(), r->name);
	oneshot_init();
}
