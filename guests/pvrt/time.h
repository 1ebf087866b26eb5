/* SPDX-License-Identifier: MIT */
/* System time from the vcpu_time_info page, wall clock, and 64-bit arithmetic for it. */
#pragma once

#include <stdint.h>

#include <xen/xen.h>

#define NS_PER_US 1000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

static inline uint64_t rdtsc(void)
{
	uint64_t tsc;

	__asm__ __volatile__("rdtsc" : "=A"(tsc));
	return tsc;
}

/* value / divisor without libgcc; the remainder goes to *rem when rem is not NULL. */
uint64_t div_u64_u32(uint64_t value, uint32_t divisor, uint32_t *rem);

/* Nanoseconds since the hypervisor started, of the calling vCPU. */
uint64_t time_system_ns(void);

/* The same from a given time area (a consistent snapshot of it). */
uint64_t time_from_info(const volatile struct vcpu_time_info *info);

/* Nanoseconds since 1970 when system time was zero. */
uint64_t time_wallclock_base_ns(void);

/* Spins until that much system time has passed. */
void time_delay_ns(uint64_t ns);
