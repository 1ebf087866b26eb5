// SPDX-License-Identifier: MIT
// Fuzz harness of partition tables. The input is a disk, its first byte the geometry: the scan reads it
// through the block layer. Checksums are made good first when the geometry byte says so: chance would not
// find them. Whatever the disk says, the devices that come out lie on it and apart from each other, and
// nothing is left over.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "dom0/block/block.h"
#include "tests/host/dom0.h"

#define DISK_SECTORS 512u
#define TURNS 4096u
#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static uint8_t disk_bytes[DISK_SECTORS * BLOCK_SECTOR];

static bool submit(struct block_device *dev, struct block_request *req)
{
	const uint8_t *from = disk_bytes + req->sector * BLOCK_SECTOR;
	unsigned i;

	REQUIRE(dev->sectors == DISK_SECTORS && req->op == BLOCK_READ);
	REQUIRE(req->sector + req->count <= DISK_SECTORS);
	for (i = 0; i < req->nr_segments; i++) {
		memcpy(req->segments[i].data, from, req->segments[i].length);
		from += req->segments[i].length;
	}
	block_complete(req, req->sector == 77 ? -EIO : 0);
	return true;
}

static const struct block_ops ops = { .submit = submit };

static uint32_t get32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void mend_header(uint32_t block, uint32_t block_size)
{
	uint8_t *header = disk_bytes + block * block_size;
	uint32_t entries = get32(header + 72), count = get32(header + 80);

	memcpy(header, "EFI PART", 8);
	put32(header + 12, 92);
	put32(header + 24, block);
	put32(header + 28, 0);
	if (entries < sizeof(disk_bytes) / block_size && count <= 256 &&
	    entries * block_size + count * 128 <= sizeof(disk_bytes))
		put32(header + 88,
		      (uint32_t)crc32(0, disk_bytes + entries * block_size, count * 128));
	put32(header + 16, 0);
	put32(header + 16, (uint32_t)crc32(0, header, 92));
}

static void check_devices(const struct block_device *disk)
{
	const struct block_device *a, *b;

	for (a = block_first(); a; a = a->next) {
		REQUIRE(a->sectors && a->start + a->sectors <= DISK_SECTORS);
		for (b = block_first(); b != a; b = b->next)
			REQUIRE(b == disk || a->start >= b->start + b->sectors ||
				b->start >= a->start + a->sectors);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct block_device disk = { .name = "fuzz",
				     .sectors = DISK_SECTORS,
				     .sector_size = 512,
				     .physical_size = 4096,
				     .max_segments = BLOCK_MIN_SEGMENTS,
				     .max_sectors = BLOCK_MIN_SECTORS,
				     .ops = &ops };

	if (size < 2)
		return 0;
	memset(disk_bytes, 0, sizeof(disk_bytes));
	memcpy(disk_bytes, data + 1, size - 1 < sizeof(disk_bytes) ? size - 1 : sizeof(disk_bytes));
	disk_bytes[510] = 0x55;
	disk_bytes[511] = 0xaa;
	if (data[0] & 1)
		disk.sector_size = 4096;
	if (data[0] & 2)
		mend_header(1, disk.sector_size);
	if (data[0] & 4)
		mend_header((uint32_t)sizeof(disk_bytes) / disk.sector_size - 1, disk.sector_size);
	host_loop_reset();
	REQUIRE(!block_register(&disk));
	REQUIRE(host_loop_run(TURNS));
	check_devices(&disk);
	block_unregister(&disk);
	REQUIRE(!block_first() && !disk.readers && !host_pages_out());
	return 0;
}
