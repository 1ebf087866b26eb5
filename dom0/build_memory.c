/* SPDX-License-Identifier: MIT */
/* The new guest's frames, and windows on them. */
#include <string.h>

#include <xen/memory.h>

#include "dom0/build_internal.h"
#include "dom0/ctl.h"
#include "dom0/memory.h"

#define COPY_PAGES 64u
#define POPULATE_STEP 4096u
#define BITS_BELOW_4GIB 32

const char *build_populate(struct build *b)
{
	unsigned flags = b->image.pae == ELF_PAE_YES ? XENMEMF_address_bits(BITS_BELOW_4GIB) : 0;
	uint32_t pfn, n;
	int rc;

	for (pfn = 0; pfn < b->nr_pages; pfn += n) {
		n = MIN(b->nr_pages - pfn, POPULATE_STEP);
		rc = ctl_populate(b->result->domain, pfn, n, flags, &b->p2m[pfn]);
		if (rc)
			return build_fail(b, "cannot get %u KiB of memory: %s (%d)",
					  (unsigned)b->request->memory_kib, ctl_strerror(rc), rc);
	}
	return NULL;
}

void *build_map(const struct build *b, pfn_t pfn)
{
	return foreign_map(b->result->domain, &b->p2m[pfn], 1, true);
}

void build_unmap(void *page)
{
	foreign_unmap(page, 1);
}

const char *build_copy(struct build *b, uint32_t paddr, const void *src, uint32_t len)
{
	while (len) {
		uint32_t in_page = paddr % PAGE_SIZE, pfn = paddr / PAGE_SIZE;
		uint32_t n = MIN(len, COPY_PAGES * PAGE_SIZE - in_page);
		unsigned pages = DIV_ROUND_UP(in_page + n, PAGE_SIZE);
		uint8_t *window;

		if (pfn >= b->nr_pages || pages > b->nr_pages - pfn)
			return build_fail(b, "the kernel lies outside its own memory");
		window = foreign_map(b->result->domain, &b->p2m[pfn], pages, true);
		if (!window)
			return build_fail(b, "cannot map the new guest's memory");
		memcpy(window + in_page, src, n);
		foreign_unmap(window, pages);
		src = (const uint8_t *)src + n;
		paddr += n;
		len -= n;
	}
	return NULL;
}
