/* SPDX-License-Identifier: MIT */
/* Says what the time stamp counter was when a guest began: the zero from which boots are timed. */
#include "guests/pvrt/pvrt.h"

int main(void)
{
	pv_printf("BENCH start: %llu\n", rdtsc());
	return 0;
}
