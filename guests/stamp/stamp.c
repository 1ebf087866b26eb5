/* SPDX-License-Identifier: MIT */
/*
 * Says what the time stamp counter was when a guest began, which is the zero from which boots are
 * timed, and what the hypervisor's clock says, against which guests' clocks are judged.
 */
#include "guests/pvrt/pvrt.h"

int main(void)
{
	uint64_t begin = rdtsc();
	uint64_t now = time_wallclock_base_ns() + time_system_ns();
	uint64_t tsc = rdtsc();

	pv_printf("BENCH start: %llu\n", begin);
	pv_printf("CLOCK %llu at %llu\n", now, tsc);
	return 0;
}
