/* SPDX-License-Identifier: MIT */
/*
 * RAM before there is an allocator. Frames are taken downwards from the top of the RAM that
 * the boot tables map; what is left, above and below, goes to the page allocator in one sweep.
 * The first megabyte is left to the firmware.
 */
#include "boot/memory.h"

#include "arch/x86_32/image.h"
#include "boot/boot.h"
#include "core/panic.h"
#include "mm/page.h"

#define LOW_MEMORY_END 0x100000ull
#define REGION_RAM 1
/* Less than this and not even a small domain fits beside the tables. */
#define MINIMUM_MIB 16

/* The next boot_memory_take() looks below; what is at or above, down from take_start, is taken. */
static paddr_t take_next = HV_START, take_lowest = HV_START;

struct range {
	paddr_t start, end;
};

static struct range reserved(unsigned index)
{
	if (index == 0)
		return (struct range){ 0, LOW_MEMORY_END };
	if (index == 1)
		return (struct range){ LOW_MEMORY_END, (uintptr_t)image_end_paddr };
	return (struct range){ boot_info.module[index - 2].start & ~(paddr_t)(PAGE_SIZE - 1),
			       ROUND_UP(boot_info.module[index - 2].end, PAGE_SIZE) };
}

static unsigned nr_reserved(void)
{
	return 2 + boot_info.nr_modules;
}

static struct range region_frames(const struct boot_region *r)
{
	return (struct range){ ROUND_UP(r->start, PAGE_SIZE), r->end & ~(paddr_t)(PAGE_SIZE - 1) };
}

/* The highest free frame that ends at or below `limit`; 0 when none. */
static paddr_t highest_free_below(paddr_t limit)
{
	for (unsigned i = boot_info.nr_regions; i-- > 0;) {
		struct range r = region_frames(&boot_info.region[i]);
		paddr_t end = MIN(r.end, limit);
		bool moved = true;

		if (boot_info.region[i].type != REGION_RAM)
			continue;
		while (moved && end > r.start) {
			moved = false;
			for (unsigned j = 0; j < nr_reserved(); j++) {
				struct range x = reserved(j);

				if (end > x.start && end - PAGE_SIZE < x.end) {
					end = x.start;
					moved = true;
				}
			}
		}
		if (end >= r.start + PAGE_SIZE)
			return end - PAGE_SIZE;
	}
	return 0;
}

paddr_t boot_memory_take(void)
{
	paddr_t frame = highest_free_below(take_next);

	if (!frame)
		panic("too little memory: %u MiB found, at least %u MiB needed\n",
		      boot_memory_total() >> (20 - PAGE_SHIFT), MINIMUM_MIB);
	take_next = take_lowest = frame;
	return frame;
}

mfn_t boot_memory_end(void)
{
	paddr_t end = 0;

	for (unsigned i = 0; i < boot_info.nr_regions; i++)
		if (boot_info.region[i].type == REGION_RAM)
			end = MAX(end, region_frames(&boot_info.region[i]).end);
	return MIN(end >> PAGE_SHIFT, M2P_SIZE / sizeof(uint32_t));
}

uint32_t boot_memory_total(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < boot_info.nr_regions; i++)
		if (boot_info.region[i].type == REGION_RAM)
			bytes += boot_info.region[i].end - boot_info.region[i].start;
	return (uint32_t)(bytes >> PAGE_SHIFT);
}

/* Adds [start, end) less every reserved range from `index` on. */
static void add_unreserved(paddr_t start, paddr_t end, unsigned index)
{
	for (; index < nr_reserved() && start < end; index++) {
		struct range x = reserved(index);

		if (x.end <= start || x.start >= end)
			continue;
		if (x.start > start)
			add_unreserved(start, x.start, index + 1);
		start = x.end;
	}
	if (start < end)
		alloc_add_range((mfn_t)(start >> PAGE_SHIFT), (mfn_t)(end >> PAGE_SHIFT));
}

/* Firmware, devices and holes: the first megabyte, and whatever lies between RAM regions. */
static void mark_io(void)
{
	mfn_t next = LOW_MEMORY_END >> PAGE_SHIFT;

	frame_mark_io(0, next);
	for (unsigned i = 0; i < boot_info.nr_regions; i++) {
		struct range r = region_frames(&boot_info.region[i]);

		if (boot_info.region[i].type != REGION_RAM || r.end >> PAGE_SHIFT <= next ||
		    r.start >= r.end)
			continue;
		if (r.start >> PAGE_SHIFT > next)
			frame_mark_io(next, (mfn_t)MIN(r.start >> PAGE_SHIFT, max_mfn));
		next = (mfn_t)MIN(r.end >> PAGE_SHIFT, max_mfn);
	}
}

void boot_memory_release(void)
{
	paddr_t limit = (paddr_t)boot_memory_end() << PAGE_SHIFT;

	mark_io();
	for (unsigned i = 0; i < boot_info.nr_regions; i++) {
		struct range r = region_frames(&boot_info.region[i]);

		r.end = MIN(r.end, limit);
		if (boot_info.region[i].type != REGION_RAM || r.start >= r.end)
			continue;
		/* Everything from take_lowest up to HV_START was taken, as far as it was free. */
		if (r.start < take_lowest)
			add_unreserved(r.start, MIN(r.end, take_lowest), 0);
		if (r.end > HV_START)
			add_unreserved(MAX(r.start, (paddr_t)HV_START), r.end, 0);
	}
}
