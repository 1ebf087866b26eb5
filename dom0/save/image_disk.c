/* SPDX-License-Identifier: MIT */
/* Images on block devices: see image_disk.h. */
#include "dom0/save/image_disk.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "dom0/drivers/dma.h"

/* ---- one chunk ---- */

bool image_chunk_alloc(struct image_chunk *chunk)
{
	chunk->data = memalign(IMAGE_PAGE, IMAGE_CHUNK);
	return chunk->data;
}

void image_chunk_free(struct image_chunk *chunk)
{
	free(chunk->data);
	chunk->data = NULL;
}

void image_chunk_start(struct image_chunk *chunk, struct block_device *dev, enum block_op op,
		       uint64_t offset, uint32_t bytes,
		       void (*done)(struct block_request *req, int error), void *arg)
{
	struct block_request *req = &chunk->req;
	unsigned i;

	*req = (struct block_request){ .op = op,
				       .sector = offset / BLOCK_SECTOR,
				       .count = bytes / BLOCK_SECTOR,
				       .segments = chunk->segments,
				       .nr_segments = bytes / IMAGE_PAGE,
				       .done = done,
				       .arg = arg };
	for (i = 0; i < req->nr_segments; i++) {
		uint8_t *page = chunk->data + i * IMAGE_PAGE;

		chunk->segments[i] = (struct block_segment){ .data = page,
							     .maddr = virt_to_maddr(page),
							     .length = IMAGE_PAGE };
	}
	chunk->busy = true;
	block_submit(dev, req);
}

/* ---- the device ---- */

static const char *open_error(int rc)
{
	switch (-rc) {
	case EBUSY:
		return "is in use";
	case EROFS:
		return "cannot be written to";
	default:
		return "does not work any more";
	}
}

const char *image_open(const char *name, enum image_access access, struct block_device **dev,
		       bool *writable)
{
	static char message[160];
	int rc;

	*dev = block_find(name);
	if (!*dev) {
		snprintf(message, sizeof(message),
			 "%.40s is no block device: guests are saved on disks and partitions "
			 "(`block-list` shows them)",
			 name);
		return message;
	}
	*writable = access == IMAGE_WRITE || !(*dev)->read_only;
	rc = block_open(*dev, *writable, BLOCK_EXCLUSIVE);
	if (!rc)
		return NULL;
	snprintf(message, sizeof(message), "%.40s %s", name, open_error(rc));
	return message;
}

/* ---- what is on the device already ---- */

static const struct {
	uint32_t offset;
	const char *mark;
	uint8_t length;
	const char *what;
} marks[] = {
	{ 510, "\x55\xaa", 2, "a partition table or a boot sector" },
	{ 512, "EFI PART", 8, "a partition table" },
	{ 4096, "EFI PART", 8, "a partition table" },
	{ 1080, "\x53\xef", 2, "an ext2, ext3 or ext4 file system" },
	{ 0, "XFSB", 4, "an XFS file system" },
	{ 65600, "_BHRfS_M", 8, "a Btrfs file system" },
	{ 1024, "\x10\x20\xf5\xf2", 4, "an F2FS file system" },
	{ 65588, "ReIsEr", 6, "a ReiserFS file system" },
	{ 32768, "JFS1", 4, "a JFS file system" },
	{ 32769, "CD001", 5, "an ISO 9660 file system" },
	{ 0, "hsqs", 4, "a SquashFS file system" },
	{ 9564, "\x19\x01\x54\x19", 4, "a UFS file system" },
	{ 66908, "\x19\x01\x54\x19", 4, "a UFS file system" },
	{ 4086, "SWAPSPACE2", 10, "a swap area" },
	{ 0, "LUKS\xba\xbe", 6, "an encrypted volume" },
	{ 512, "LABELONE", 8, "an LVM volume" },
	{ 4096, "\xfc\x4e\x2b\xa9", 4, "a RAID member" },
	{ 0, "\xfc\x4e\x2b\xa9", 4, "a RAID member" },
};

/* An image that was used, or never finished, is nothing to keep. */
static const char *recognise_image(const uint8_t *bytes)
{
	struct image_header header;

	if (image_header_read(&header, bytes) || header.state != IMAGE_COMPLETE)
		return NULL;
	return "a saved guest";
}

const char *image_recognise(const uint8_t *bytes, uint64_t length)
{
	unsigned i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (marks[i].offset + marks[i].length <= length &&
		    !memcmp(bytes + marks[i].offset, marks[i].mark, marks[i].length))
			return marks[i].what;
	return length >= IMAGE_PAGE ? recognise_image(bytes) : NULL;
}

/* ---- writing ---- */

bool image_writer_init(struct image_writer *writer, struct block_device *dev,
		       void (*wake)(void *arg), void *arg)
{
	unsigned i;

	memset(writer, 0, sizeof(*writer));
	writer->dev = dev;
	writer->offset = IMAGE_PAGE;
	writer->wake = wake;
	writer->arg = arg;
	for (i = 0; i < IMAGE_WRITER_CHUNKS; i++)
		if (!image_chunk_alloc(&writer->chunks[i])) {
			image_writer_free(writer);
			return false;
		}
	return true;
}

void image_writer_free(struct image_writer *writer)
{
	unsigned i;

	for (i = 0; i < IMAGE_WRITER_CHUNKS; i++)
		image_chunk_free(&writer->chunks[i]);
}

static void chunk_ended(struct image_writer *writer, struct block_request *req, int error)
{
	struct image_chunk *chunk = (struct image_chunk *)req; /* its first member */

	chunk->busy = false;
	writer->running--;
	if (error && !writer->error)
		writer->error = error;
}

static void chunk_written(struct block_request *req, int error)
{
	struct image_writer *writer = req->arg;

	chunk_ended(writer, req, error);
	writer->wake(writer->arg);
}

static void start(struct image_writer *writer, struct image_chunk *chunk, enum block_op op,
		  uint64_t offset, uint32_t bytes,
		  void (*done)(struct block_request *req, int error))
{
	writer->running++;
	image_chunk_start(chunk, writer->dev, op, offset, bytes, done, writer);
}

/* ---- the header: flush, write, flush; on a device without a flush what is written is safe ---- */

static void flush(struct image_writer *writer, struct image_chunk *chunk,
		  void (*done)(struct block_request *req, int error))
{
	if (writer->dev->has_flush)
		start(writer, chunk, BLOCK_FLUSH, 0, 0, done);
	else
		start(writer, chunk, BLOCK_READ, 0, IMAGE_PAGE, done);
}

static void header_written(struct block_request *req, int error)
{
	struct image_writer *writer = req->arg;

	chunk_ended(writer, req, error);
	flush(writer, (struct image_chunk *)req, chunk_written);
}

static void records_flushed(struct block_request *req, int error)
{
	struct image_writer *writer = req->arg;
	struct image_chunk *chunk = (struct image_chunk *)req;

	chunk_ended(writer, req, error);
	if (writer->error) {
		writer->wake(writer->arg);
		return;
	}
	memset(chunk->data, 0, IMAGE_PAGE);
	image_header_seal(&writer->header);
	memcpy(chunk->data, &writer->header, sizeof(writer->header));
	start(writer, chunk, BLOCK_WRITE, 0, IMAGE_PAGE, header_written);
}

/* Nothing else is being written. */
void image_writer_header(struct image_writer *writer, enum image_state state)
{
	writer->header.state = state;
	flush(writer, &writer->chunks[writer->current], records_flushed);
}

/* ---- records ---- */

/* A record fills at most one chunk beyond the current one. */
bool image_writer_ready(const struct image_writer *writer)
{
	return !writer->chunks[writer->current].busy &&
	       !writer->chunks[(writer->current + 1) % IMAGE_WRITER_CHUNKS].busy &&
	       !writer->chunks[(writer->current + 2) % IMAGE_WRITER_CHUNKS].busy;
}

static void send(struct image_writer *writer)
{
	struct image_chunk *chunk = &writer->chunks[writer->current];
	uint32_t bytes = (writer->used + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE;

	memset(chunk->data + writer->used, 0, bytes - writer->used);
	start(writer, chunk, BLOCK_WRITE, writer->offset, bytes, chunk_written);
	writer->offset += bytes;
	writer->used = 0;
	writer->current = (writer->current + 1) % IMAGE_WRITER_CHUNKS;
}

void image_writer_bytes(struct image_writer *writer, const void *bytes, uint32_t length)
{
	const uint8_t *from = bytes;
	uint32_t n;

	writer->header.length += length;
	for (; length; length -= n, from += n) {
		uint8_t *to = writer->chunks[writer->current].data + writer->used;

		n = IMAGE_CHUNK - writer->used;
		n = n < length ? n : length;
		/* Of the copy: a device may still write to the guest's page. */
		memcpy(to, from, n);
		writer->header.checksum = (uint32_t)crc32(writer->header.checksum, to, n);
		writer->used += n;
		if (writer->used == IMAGE_CHUNK)
			send(writer);
	}
}

void image_writer_record(struct image_writer *writer, enum image_type type, uint32_t length)
{
	struct image_record record = { .type = type, .length = length };

	image_writer_bytes(writer, &record, sizeof(record));
}

void image_writer_pad(struct image_writer *writer, uint32_t length)
{
	static const uint8_t zeros[8];

	image_writer_bytes(writer, zeros, image_padded(length) - length);
}

void image_writer_finish(struct image_writer *writer)
{
	if (writer->used)
		send(writer);
}
