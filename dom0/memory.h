/* SPDX-License-Identifier: MIT */
/*
 * The control domain's own address space below its kernel map: the heap, and windows on frames of
 * other domains.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

/* As sbrk: the old end, NULL when memory is short. Only newlib calls it; it never shrinks. */
void *heap_extend(ptrdiff_t increment);

/* Pages that the heap could still take. */
unsigned long heap_pages_left(void);

/* With what was freed in it, which need not be in one piece. */
unsigned long heap_bytes_left(void);

/*
 * Maps count frames of a domain next to each other. The frames keep a reference until they are
 * unmapped: a domain that dies is not gone before. NULL when the hypervisor refuses one of them
 * (then none stays mapped) or the window is full.
 */
void *foreign_map(domid_t domain, const xen_pfn_t *mfns, unsigned count, bool writable);
void foreign_unmap(void *address, unsigned count);

/*
 * Maps count frames of devices or firmware from first on, uncached; foreign_unmap() takes them away
 * again. NULL: as above, or more than DEVICE_PAGES_MAX.
 */
#define DEVICE_PAGES_MAX 256u
void *device_map(xen_pfn_t first, unsigned count);

/*
 * One page of the kernel map, for devices and for copies between domains, with its machine address. NULL
 * when memory is short.
 */
void *dma_page_get(uint64_t *maddr);
void dma_page_put(void *page);

/* A page of that window that nothing is mapped at, with its tables; NULL when there is none. */
void *page_window_get(void);
void page_window_put(void *address);
