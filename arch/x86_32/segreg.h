/* SPDX-License-Identifier: MIT */
/*
 * fs and gs: the guest's at all times, loaded under the exception table
 * because a guest chose the values.
 */
#pragma once

#include "arch/x86_32/extable.h"
#include "core/types.h"

static inline void segreg_read_fs_gs(uint32_t *fs, uint32_t *gs)
{
	__asm__ volatile("mov %%fs, %0\n\tmov %%gs, %1" : "=r"(*fs), "=r"(*gs));
}

/* True when both could be loaded; one that could not is null then. */
static inline bool segreg_load_fs_gs(uint32_t fs, uint32_t gs)
{
	uint32_t bad = 0, zero = 0;

	__asm__ volatile("1: mov %[fs], %%fs\n"
			 "2: mov %[gs], %%gs\n\t"
			 "jmp 5f\n"
			 "3: mov %[zero], %%fs\n\t"
			 "inc %[bad]\n\t"
			 "jmp 2b\n"
			 "4: mov %[zero], %%gs\n\t"
			 "inc %[bad]\n"
			 "5:\n\t" EXTABLE("1b", "3b") EXTABLE("2b", "4b")
			 : [bad] "+r"(bad)
			 : [fs] "r"(fs), [gs] "r"(gs), [zero] "r"(zero));
	return !bad;
}
