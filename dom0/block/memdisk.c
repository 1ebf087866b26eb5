/* SPDX-License-Identifier: MIT */
/*
 * Memory disks: see memdisk.h. Pages that were written are found through a directory of tables, as in
 * page tables; a page that is not there is the image's, or zero.
 */
#include "dom0/block/memdisk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/memory.h"

#define PAGE 4096u
#define PAGE_SECTORS (PAGE / BLOCK_SECTOR)
#define TABLE_ENTRIES 1024u
#define MAX_SEGMENTS 128u

/* Disks leave this much of the heap to the rest of the control domain. */
#define PAGES_FOR_OTHERS 1024u

struct memdisk {
	struct block_device device;
	const uint8_t *image;
	size_t size;
	uint8_t ***tables;
	uint32_t nr_tables;
};

static struct memdisk *of(struct block_device *dev)
{
	return dev->driver;
}

/* ---- pages ---- */

static uint8_t *find_page(const struct memdisk *disk, uint32_t page)
{
	uint8_t **table = disk->tables ? disk->tables[page / TABLE_ENTRIES] : NULL;

	return table ? table[page % TABLE_ENTRIES] : NULL;
}

/* What the image has at that offset: fewer than length bytes near and behind its end. */
static size_t image_bytes(const struct memdisk *disk, uint64_t offset, size_t length)
{
	if (offset >= disk->size)
		return 0;
	return length < disk->size - offset ? length : (size_t)(disk->size - offset);
}

static void read_image(const struct memdisk *disk, uint64_t offset, uint8_t *to, size_t length)
{
	size_t have = image_bytes(disk, offset, length);

	if (have)
		memcpy(to, disk->image + offset, have);
	memset(to + have, 0, length - have);
}

/* The page in memory of its own, with its contents unless all of it is about to be written. */
static uint8_t *own_page(struct memdisk *disk, uint32_t page, bool whole)
{
	uint8_t ***table = &disk->tables[page / TABLE_ENTRIES];
	uint8_t *data = find_page(disk, page);

	if (data || heap_pages_left() < PAGES_FOR_OTHERS)
		return data;
	if (!*table)
		*table = calloc(TABLE_ENTRIES, sizeof(**table));
	data = *table ? malloc(PAGE) : NULL;
	if (!data)
		return NULL;
	if (!whole)
		read_image(disk, (uint64_t)page * PAGE, data, PAGE);
	(*table)[page % TABLE_ENTRIES] = data;
	return data;
}

/* ---- requests ---- */

static int read_bytes(struct memdisk *disk, uint64_t offset, uint8_t *to, uint32_t length)
{
	while (length) {
		uint32_t in_page = (uint32_t)(offset % PAGE);
		uint32_t n = length < PAGE - in_page ? length : PAGE - in_page;
		const uint8_t *data = find_page(disk, (uint32_t)(offset / PAGE));

		if (data)
			memcpy(to, data + in_page, n);
		else
			read_image(disk, offset, to, n);
		offset += n;
		to += n;
		length -= n;
	}
	return 0;
}

static int write_bytes(struct memdisk *disk, uint64_t offset, uint8_t *from, uint32_t length)
{
	while (length) {
		uint32_t in_page = (uint32_t)(offset % PAGE);
		uint32_t n = length < PAGE - in_page ? length : PAGE - in_page;
		uint8_t *data = own_page(disk, (uint32_t)(offset / PAGE), n == PAGE);

		if (!data)
			return -ENOSPC;
		memcpy(data + in_page, from, n);
		offset += n;
		from += n;
		length -= n;
	}
	return 0;
}

static int transfer(struct memdisk *disk, const struct block_request *req)
{
	int (*move)(struct memdisk *, uint64_t, uint8_t *, uint32_t) =
		req->op == BLOCK_READ ? read_bytes : write_bytes;
	uint64_t offset = req->sector * BLOCK_SECTOR;
	unsigned i;
	int error = 0;

	for (i = 0; i < req->nr_segments && !error; i++) {
		error = move(disk, offset, req->segments[i].data, req->segments[i].length);
		offset += req->segments[i].length;
	}
	return error;
}

/* Gives back whole pages that are zeros without. A discard may leave alone what it likes. */
static void discard(struct memdisk *disk, const struct block_request *req)
{
	uint64_t page = (req->sector + PAGE_SECTORS - 1) / PAGE_SECTORS;
	uint64_t end = (req->sector + req->count) / PAGE_SECTORS;

	for (; page < end; page++) {
		uint8_t **table = disk->tables[page / TABLE_ENTRIES];

		if (!table) {
			page |= TABLE_ENTRIES - 1;
		} else if (page * PAGE >= disk->size) {
			free(table[page % TABLE_ENTRIES]);
			table[page % TABLE_ENTRIES] = NULL;
		}
	}
}

static bool submit(struct block_device *dev, struct block_request *req)
{
	int error = 0;

	if (req->op == BLOCK_READ || req->op == BLOCK_WRITE)
		error = transfer(of(dev), req);
	else if (req->op == BLOCK_DISCARD)
		discard(of(dev), req);
	block_complete(req, error);
	return true;
}

/* ---- life ---- */

static void release(struct block_device *dev)
{
	struct memdisk *disk = of(dev);
	uint32_t i, j;

	for (i = 0; disk->tables && i < disk->nr_tables; i++) {
		for (j = 0; disk->tables[i] && j < TABLE_ENTRIES; j++)
			free(disk->tables[i][j]);
		free(disk->tables[i]);
	}
	free(disk->tables);
	free(disk);
}

static const struct block_ops ops = { .submit = submit, .release = release };

struct block_device *memdisk_create(const char *name, const uint8_t *image, size_t size,
				    uint64_t sectors, bool read_only)
{
	uint64_t tables = (sectors / PAGE_SECTORS + TABLE_ENTRIES - 1) / TABLE_ENTRIES;
	struct memdisk *disk;

	/* The directory alone of a disk that is larger would be too much. */
	if (!sectors || sectors % PAGE_SECTORS || tables > PAGE)
		return NULL;
	disk = calloc(1, sizeof(*disk));
	if (!disk)
		return NULL;
	disk->image = image;
	disk->size = size;
	disk->nr_tables = (uint32_t)tables;
	disk->tables = read_only ? NULL : calloc(disk->nr_tables, sizeof(*disk->tables));
	if (!disk->tables && !read_only) {
		free(disk);
		return NULL;
	}
	disk->device = (struct block_device){ .sectors = sectors,
					      .sector_size = BLOCK_SECTOR,
					      .physical_size = PAGE,
					      .read_only = read_only,
					      .has_flush = !read_only,
					      .has_discard = !read_only,
					      .needs_data = true,
					      .max_segments = MAX_SEGMENTS,
					      .max_sectors = MAX_SEGMENTS * PAGE_SECTORS,
					      .ops = &ops,
					      .driver = disk };
	snprintf(disk->device.name, sizeof(disk->device.name), "%s", name);
	return &disk->device;
}
