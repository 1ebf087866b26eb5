/* SPDX-License-Identifier: MIT */
/*
 * What back ends do with memory that guests granted (<xen/grant_table.h>): look at a shared page, let
 * a device read or write a page, copy. A guest may grant anything, so all of them can fail. Whatever
 * is mapped keeps a domain from being gone until it is unmapped.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

/* A page that both sides write, such as a ring. NULL: refused. */
struct grant_page {
	void *address;
	grant_handle_t handle;
};
bool grant_page_map(struct grant_page *page, domid_t domain, grant_ref_t ref);
void grant_page_unmap(struct grant_page *page);

/* Pages for a device's DMA: they get no address in the control domain, only a machine address. */
struct grant_dma {
	grant_ref_t ref; /* in */
	grant_handle_t handle;
	uint64_t maddr;
};

/* All or nothing. read_only: the device may not write to the page. */
#define GRANT_DMA_MAX 128u
bool grant_dma_map(struct grant_dma *pages, unsigned count, domid_t domain, bool read_only);
void grant_dma_unmap(const struct grant_dma *pages, unsigned count);

/*
 * Between granted memory and pages of the kernel map (page_alloc()): length bytes at offset of the
 * granted page, at local here; neither crosses a page. False unless all were copied.
 */
struct grant_copy {
	grant_ref_t ref;
	uint16_t offset, length;
	void *local;
};
#define GRANT_COPY_MAX 128u
enum grant_direction { GRANT_FROM_GUEST, GRANT_TO_GUEST };
bool grant_copy(const struct grant_copy *parts, unsigned count, domid_t domain,
		enum grant_direction direction);
