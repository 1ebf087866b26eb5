/* SPDX-License-Identifier: MIT */
/*
 * The guest's frame list, for whoever saves it: shared_info names a page, that names pages, and those name the pages
 * of the list (pfn_to_mfn_frame_list_list, <xen/arch-x86/xen.h>).
 */
#include "guests/suspend/suspend.h"

#include "guests/pvrt/pvrt.h"

#define PER_PAGE (PAGE_SIZE / sizeof(xen_pfn_t))

static xen_pfn_t *top, *middle;

void list_init(void)
{
	BUG_ON(start_info->nr_pages > PER_PAGE * PER_PAGE);
	top = page_alloc();
	middle = page_alloc();
}

void list_publish(void)
{
	const unsigned long *p2m = p2m_table();
	unsigned long i;

	top[0] = va_to_mfn(middle);
	for (i = 0; i * PER_PAGE < start_info->nr_pages; i++)
		middle[i] = pte_mfn(pte_read(p2m + i * PER_PAGE));
	shared_info->arch.pfn_to_mfn_frame_list_list = va_to_mfn(top);
	shared_info->arch.max_pfn = start_info->nr_pages;
}

bool list_spoil(const char *attack)
{
	if (!strcmp(attack, "top"))
		shared_info->arch.pfn_to_mfn_frame_list_list = 0x12345678;
	else if (!strcmp(attack, "middle"))
		top[0] = 1; /* not its own */
	else if (!strcmp(attack, "leaf"))
		middle[0] = ~0ul;
	else if (!strcmp(attack, "length"))
		shared_info->arch.max_pfn = ~0ul;
	else if (!strcmp(attack, "none"))
		shared_info->arch.max_pfn = 0;
	else if (!strcmp(attack, "huge"))
		shared_info->arch.max_pfn = 1ul << 22;
	else
		return false;
	return true;
}
