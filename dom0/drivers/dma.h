/* SPDX-License-Identifier: MIT */
/*
 * Memory that devices reach. A machine address is what a device uses: no MMU is between them, so a
 * driver gives a device only addresses of memory that stays its own until the device is done.
 */
#pragma once

#include <stdint.h>

/*
 * Pages next to each other in the machine as well, below 4 GiB, zeroed; they are kept for good. NULL:
 * there are none.
 */
void *dma_alloc(unsigned pages, uint64_t *maddr);

/* Machine address of mapped memory, the heap's for example; good up to the end of its page. */
uint64_t virt_to_maddr(const void *address);
