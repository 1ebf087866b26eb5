/* SPDX-License-Identifier: MIT */
/*
 * RAM before there is an allocator: which frames are free of the image,
 * the modules and the first megabyte.
 */
#pragma once

#include "core/types.h"

/*
 * One frame, never given back, below HV_START; panics when there is too little
 * memory. Before boot_memory_release() only.
 */
paddr_t boot_memory_take(void);
/* One past the highest RAM frame that the machine-to-physical table has room for. */
mfn_t boot_memory_end(void);
/*
 * Gives all RAM that is not reserved or taken to the page allocator, and
 * marks what is no RAM as I/O memory.
 */
void boot_memory_release(void);
/* RAM as the firmware reported it, in frames. */
uint32_t boot_memory_total(void);
