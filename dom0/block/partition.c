/* SPDX-License-Identifier: MIT */
/*
 * Looks for partitions: reads the blocks that partition_table.c asks for, one after the other, and
 * registers what they say. One scan is one small state machine, driven by its request's completion.
 */
#include "dom0/block/partition.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/block/partition_table.h"
#include "dom0/memory.h"
#include "dom0/shell.h"

#define PAGE 4096u
#define BUFFER_PAGES (GPT_ENTRIES_MAX * GPT_ENTRY_SIZE / PAGE)

struct scan {
	struct block_device *disk;
	struct block_request request;
	struct block_segment segments[BUFFER_PAGES];
	uint8_t *bytes; /* what was read, in one piece */
	void (*next)(struct scan *scan);
	struct partition_table table;
	struct mbr_chain chain;
	struct gpt_header gpt;
	uint64_t gpt_block;
};

/* ---- end ---- */

static void end(struct scan *scan)
{
	struct block_device *disk = scan->disk;
	unsigned i;

	for (i = 0; i < BUFFER_PAGES; i++)
		if (scan->segments[i].data)
			dma_page_put(scan->segments[i].data);
	free(scan->bytes);
	free(scan);
	block_close(disk, false);
	block_probe_end();
}

static void refuse(struct scan *scan, const char *why)
{
	shell_notice("%s: partition table refused: %s", scan->disk->name, why);
	end(scan);
}

static void release(struct block_device *dev)
{
	free(dev);
}

static const struct block_ops partition_ops = { .release = release };

static void add_device(struct block_device *disk, const struct partition *part)
{
	uint32_t unit = disk->sector_size / BLOCK_SECTOR;
	bool digit = isdigit((unsigned char)disk->name[strlen(disk->name) - 1]);
	struct block_device *dev = malloc(sizeof(*dev));

	if (!dev)
		return;
	*dev = *disk;
	snprintf(dev->name, sizeof(dev->name), "%.50s%s%u", disk->name, digit ? "p" : "",
		 part->number);
	dev->parent = disk;
	dev->start = part->start * unit;
	dev->sectors = part->blocks * unit;
	dev->ops = &partition_ops;
	dev->driver = NULL;
	dev->readers = dev->writers = dev->inner_readers = dev->inner_writers = 0;
	dev->reads = dev->writes = dev->read_sectors = dev->write_sectors = dev->errors = 0;
	if (block_register(dev))
		free(dev);
}

static void finish(struct scan *scan)
{
	const char *error = partition_check(&scan->table);
	unsigned i;

	if (error) {
		refuse(scan, error);
		return;
	}
	for (i = 0; i < scan->table.count; i++)
		if (scan->disk->registered)
			add_device(scan->disk, &scan->table.parts[i]);
	end(scan);
}

/* ---- reading ---- */

static void read_done(struct block_request *req, int error)
{
	struct scan *scan = req->arg;
	unsigned i;

	if (error) {
		refuse(scan, "it cannot be read");
		return;
	}
	for (i = 0; i < req->nr_segments; i++)
		memcpy(scan->bytes + i * PAGE, scan->segments[i].data, scan->segments[i].length);
	scan->next(scan);
}

/* Blocks from there on, and then next(). */
static void read_blocks(struct scan *scan, uint64_t block, uint32_t bytes,
			void (*next)(struct scan *scan))
{
	uint32_t size = scan->disk->sector_size, left;
	unsigned n = 0;

	bytes = (bytes + size - 1) / size * size;
	for (left = bytes; left; n++) {
		scan->segments[n].length = left < PAGE ? left : PAGE;
		left -= scan->segments[n].length;
	}
	scan->next = next;
	scan->request = (struct block_request){ .op = BLOCK_READ,
						.sector = block * (size / BLOCK_SECTOR),
						.count = bytes / BLOCK_SECTOR,
						.segments = scan->segments,
						.nr_segments = n,
						.done = read_done,
						.arg = scan };
	block_submit(scan->disk, &scan->request);
}

/* ---- GPT: the header behind block 0, and its copy in the last block ---- */

static void have_gpt_header(struct scan *scan);

static void gpt_failed(struct scan *scan, const char *why)
{
	if (scan->gpt_block != 1) {
		refuse(scan, why);
		return;
	}
	shell_notice("%s: %s; trying its copy", scan->disk->name, why);
	scan->table.count = 0;
	scan->gpt_block = scan->table.disk_blocks - 1;
	read_blocks(scan, scan->gpt_block, 1, have_gpt_header);
}

static void have_gpt_entries(struct scan *scan)
{
	const char *error = gpt_read_entries(&scan->table, &scan->gpt, scan->bytes);

	if (!error)
		error = partition_check(&scan->table);
	if (error)
		gpt_failed(scan, error);
	else
		finish(scan);
}

static void have_gpt_header(struct scan *scan)
{
	const char *error = gpt_read_header(&scan->gpt, scan->bytes, scan->disk->sector_size,
					    scan->gpt_block, scan->table.disk_blocks);

	if (error)
		gpt_failed(scan, error);
	else
		read_blocks(scan, scan->gpt.entries_block, scan->gpt.nr_entries * GPT_ENTRY_SIZE,
			    have_gpt_entries);
}

/* ---- MBR ---- */

static void have_logical(struct scan *scan)
{
	const char *error = partition_read_logical(&scan->table, scan->bytes, &scan->chain);

	if (error)
		refuse(scan, error);
	else if (scan->chain.next)
		read_blocks(scan, scan->chain.next, 1, have_logical);
	else
		finish(scan);
}

static void have_mbr(struct scan *scan)
{
	const char *error;
	enum mbr_kind kind = partition_read_mbr(&scan->table, scan->bytes, &scan->chain, &error);

	if (error) {
		refuse(scan, error);
	} else if (kind == MBR_GPT) {
		scan->gpt_block = 1;
		read_blocks(scan, scan->gpt_block, 1, have_gpt_header);
	} else if (scan->chain.next) {
		read_blocks(scan, scan->chain.next, 1, have_logical);
	} else {
		finish(scan);
	}
}

/* ---- start ---- */

static struct scan *make_scan(struct block_device *disk)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	unsigned i;

	if (!scan)
		return NULL;
	scan->disk = disk;
	scan->table.disk_blocks = disk->sectors / (disk->sector_size / BLOCK_SECTOR);
	scan->bytes = malloc(BUFFER_PAGES * PAGE);
	for (i = 0; i < BUFFER_PAGES; i++)
		scan->segments[i].data = dma_page_get(&scan->segments[i].maddr);
	return scan;
}

void partition_scan(struct block_device *disk)
{
	struct scan *scan;

	if (block_open(disk, false, BLOCK_SHARED))
		return;
	block_probe_begin();
	scan = make_scan(disk);
	if (!scan) {
		block_close(disk, false);
		block_probe_end();
		return;
	}
	if (scan->bytes && scan->segments[BUFFER_PAGES - 1].data)
		read_blocks(scan, 0, 1, have_mbr);
	else
		refuse(scan, "not enough memory to read it");
}
