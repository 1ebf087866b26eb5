/* SPDX-License-Identifier: MIT */
/* pvclock: the version/seqlock protocol of struct vcpu_time_info and of the wall clock. */
#include "guests/pvrt/mm.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/time.h"

#define barrier() __asm__ __volatile__("" : : : "memory")

uint64_t div_u64_u32(uint64_t value, uint32_t divisor, uint32_t *rem)
{
	uint32_t high = (uint32_t)(value >> 32), low = (uint32_t)value;
	uint32_t q_high = high / divisor, q_low, r = high % divisor;

	__asm__("divl %4" : "=a"(q_low), "=d"(r) : "0"(low), "1"(r), "rm"(divisor) : "cc");
	if (rem)
		*rem = r;
	return ((uint64_t)q_high << 32) | q_low;
}

static uint64_t scale_tsc(uint64_t delta, uint32_t mul, int8_t shift)
{
	if (shift < 0)
		delta >>= -shift;
	else
		delta <<= shift;
	return (((uint64_t)(uint32_t)delta * mul) >> 32) + (delta >> 32) * mul;
}

uint64_t time_from_info(const volatile struct vcpu_time_info *info)
{
	uint64_t time;
	uint32_t version;

	do {
		version = info->version & ~1u;
		barrier();
		time = info->system_time + scale_tsc(rdtsc() - info->tsc_timestamp,
						     info->tsc_to_system_mul, info->tsc_shift);
		barrier();
	} while (version != info->version);
	return time;
}

uint64_t time_system_ns(void)
{
	return time_from_info(&vcpu_info->time);
}

uint64_t time_wallclock_base_ns(void)
{
	const volatile struct shared_info *si = shared_info;
	uint64_t ns;
	uint32_t version;

	do {
		version = si->wc_version & ~1u;
		barrier();
		ns = ((uint64_t)si->arch.wc_sec_hi << 32 | si->wc_sec) * NS_PER_S + si->wc_nsec;
		barrier();
	} while (version != si->wc_version);
	return ns;
}

void time_delay_ns(uint64_t ns)
{
	uint64_t end = time_system_ns() + ns;

	while (time_system_ns() < end)
		__asm__ __volatile__("pause");
}
