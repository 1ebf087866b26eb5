// SPDX-License-Identifier: MIT
// Fuzz harness of restoring a guest. The input is changes to a good image: each a place, a length and bytes. The
// checksum is made good, and the first byte says whether lengths are: chance would not find them. Whatever the image says, it
// is refused or makes a domain whose registers and tables name only frames of its own, and nothing stays mapped.
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "dom0/block/memdisk.h"
#include "tests/host/dom0.h"
#include "tests/host/saved.h"

#define IMAGE_BYTES (1u << 20)
#define TURNS 100000u
#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static uint8_t good[IMAGE_BYTES], image[IMAGE_BYTES];
static struct image_header header;

static void wake(void *arg)
{
	(void)arg;
}

static void copied(struct block_request *req, int error)
{
	(void)req;
	REQUIRE(!error);
}

static void read_back(struct block_device *disk)
{
	struct image_chunk chunk;
	uint32_t at;

	REQUIRE(image_chunk_alloc(&chunk));
	for (at = 0; at < IMAGE_BYTES; at += IMAGE_CHUNK) {
		image_chunk_start(&chunk, disk, BLOCK_READ, IMAGE_PAGE + at, IMAGE_CHUNK, copied,
				  NULL);
		REQUIRE(host_loop_run(TURNS));
		memcpy(good + at, chunk.data, IMAGE_CHUNK);
	}
	image_chunk_free(&chunk);
}

static void make_image(void)
{
	struct block_device *disk = memdisk_create("ram", NULL, 0, 4096, false);
	static struct guest guest;
	static struct save save;
	bool done = false;

	saved_make_guest(&guest);
	save.guest = &guest;
	save.spec = guest.spec;
	REQUIRE(!block_open(disk, true, BLOCK_EXCLUSIVE));
	REQUIRE(image_writer_init(&save.writer, disk, wake, NULL) && !save_memory_begin(&save));
	while (!done)
		REQUIRE(!save_memory_turn(&save, &done));
	save.next = 0;
	do {
		REQUIRE(!save_records_turn(&save, &done));
		REQUIRE(host_loop_run(TURNS));
	} while (!done);
	header = save.writer.header;
	read_back(disk);
	save_memory_free(&save);
	image_writer_free(&save.writer);
	block_close(disk, true);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	make_image();
	return 0;
}

// ---- changes ----

static uint32_t take(const uint8_t **data, size_t *size, unsigned bytes)
{
	uint32_t value = 0;

	while (bytes--) {
		value = value << 8 | (*size ? **data : 0);
		*data += *size > 0;
		*size -= *size > 0;
	}
	return value;
}

static uint32_t change(const uint8_t *data, size_t size)
{
	uint32_t length = (uint32_t)header.length, at, n;
	uint8_t how = (uint8_t)take(&data, &size, 1);

	memcpy(image, good, IMAGE_BYTES);
	if (how & 1)
		length = take(&data, &size, 3) % IMAGE_BYTES;
	while (size) {
		// Most places are pages: the interesting ones are near the front and the end.
		at = take(&data, &size, 3) % (how & 2 ? 4096 : length ? length : 1);
		if (how & 4 && length > 16384)
			at = length - 16384 + at % 16384;
		for (n = take(&data, &size, 1) % 8 + 1; n && at < IMAGE_BYTES; n--)
			image[at++] = (uint8_t)take(&data, &size, 1);
	}
	return length;
}

// ---- use ----

static const char *feed(struct restore *r)
{
	const struct image_record *record = NULL;
	const uint8_t *at = image;
	const char *error = NULL;
	uint32_t n;

	while (!error && (!record || record->type != IMAGE_END)) {
		error = image_reader_next(&r->reader, &record);
		if (!error && record) {
			error = restore_record(r, record);
		} else if (!error) {
			n = image_reader_wants(&r->reader);
			REQUIRE(n && n <= (uint32_t)(image + IMAGE_BYTES - at));
			image_reader_put(&r->reader, at);
			at += n;
		}
	}
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buffer[IMAGE_READER_BUFFER] __attribute__((aligned(8)));
	static struct restore r;
	const char *error;
	bool done = false;

	saved_reset();
	memset(&r, 0, sizeof(r));
	r.header = header;
	r.header.length = change(data, size);
	r.header.checksum = (uint32_t)crc32(0, image, (uInt)r.header.length);
	image_reader_init(&r.reader, &r.header, buffer);
	error = feed(&r);
	while (!error && !done)
		error = restore_domain_turn(&r, &done);
	if (!error)
		error = restore_start_guest(&r);
	REQUIRE(!error || *error);
	REQUIRE(saved_mapped() == 0);
	REQUIRE(error || saved_context(2, 0));
	restore_records_free(&r);
	return 0;
}
