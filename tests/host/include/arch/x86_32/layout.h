/* SPDX-License-Identifier: MIT */
/*
 * The address map for the host build: the real one, but for the ranges that the hypervisor maps by
 * itself. They go where a 32-bit process with the address sanitizer has room. Found before the
 * real header by the order of include folders.
 */
#pragma once

#include_next "arch/x86_32/layout.h"

#undef HEAP_START
#define HEAP_START _U(0x80000000)
/* Smaller than the simulated RAM, so that it can be full first. */
#undef HEAP_SIZE
#define HEAP_SIZE _U(0x00800000)

/*
 * As large as the simulated RAM: a system call for each change of a
 * window would be most of the work.
 */
#undef MAPCACHE_START
#undef MAPCACHE_SIZE
#define MAPCACHE_START _U(0x88000000)
#define MAPCACHE_SIZE _U(0x01000000)
