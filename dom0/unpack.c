/* SPDX-License-Identifier: MIT */
/* Finds the ELF file inside a kernel file: see unpack.h. The file is hostile input. */
#include "dom0/unpack.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "dom0/lzop.h"
#include "dom0/memory.h"

/* The real-mode header of a bzImage. */
#define SETUP_SECTS 0x1f1
#define BOOT_FLAG 0x1fe
#define BOOT_FLAG_VALUE 0xaa55
#define HEADER_MAGIC 0x202
#define PROTOCOL_VERSION 0x206
#define PROTOCOL_WITH_PAYLOAD 0x208
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define HEADER_END 0x250
#define SECTOR 512
#define DEFAULT_SETUP_SECTS 4

#define SIZE_BYTES 4
/* Of the old format: properties, size of the dictionary, size of all. */
#define LZMA_HEADER 13

static char message[160];

static uint32_t le32(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* ---- formats: unpack exactly out_size bytes ---- */

static bool unpack_gzip(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t out_size)
{
	z_stream stream = {
		.next_in = (uint8_t *)in, .avail_in = size, .next_out = out, .avail_out = out_size
	};
	int rc;

	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return false;
	rc = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	return rc == Z_STREAM_END && stream.total_out == out_size;
}

static bool unpack_bzip2(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t out_size)
{
	bz_stream stream = { .next_in = (char *)in,
			     .avail_in = size,
			     .next_out = (char *)out,
			     .avail_out = out_size };
	int rc;

	if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK)
		return false;
	rc = BZ2_bzDecompress(&stream);
	BZ2_bzDecompressEnd(&stream);
	return rc == BZ_STREAM_END && stream.avail_out == 0;
}

/*
 * A dictionary need not be larger than what is unpacked with it, whatever the header says: Linux's
 * build asks for 32 MiB.
 */
static uint32_t dictionary_size(uint32_t said, uint32_t out_size)
{
	uint32_t enough = out_size < LZMA_DICT_SIZE_MIN ? LZMA_DICT_SIZE_MIN : out_size;

	return said < enough ? said : enough;
}

static bool unpack_xz_block(lzma_check check, const uint8_t *in, size_t *pos, size_t size,
			    uint8_t *out, size_t *done, size_t out_size)
{
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	lzma_block block = { .check = check, .filters = filters };
	lzma_options_lzma *last;
	bool good = false;
	unsigned n = 0;

	block.header_size = lzma_block_header_size_decode(in[*pos]);
	if (block.header_size > size - *pos ||
	    lzma_block_header_decode(&block, NULL, in + *pos) != LZMA_OK)
		return false;
	*pos += block.header_size;
	while (filters[n + 1].id != LZMA_VLI_UNKNOWN)
		n++;
	last = filters[n].options;
	if (filters[n].id == LZMA_FILTER_LZMA2) {
		last->dict_size = dictionary_size(last->dict_size, (uint32_t)out_size);
		good = lzma_block_buffer_decode(&block, NULL, in, pos, size, out, done, out_size) ==
		       LZMA_OK;
	}
	for (n = 0; filters[n].id != LZMA_VLI_UNKNOWN; n++)
		free(filters[n].options);
	return good;
}

static bool unpack_xz(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t out_size)
{
	size_t pos = LZMA_STREAM_HEADER_SIZE, done = 0;
	lzma_stream_flags flags;

	if (size < pos || lzma_stream_header_decode(&flags, in) != LZMA_OK)
		return false;
	/* A block's header begins with its size, which is not 0; the index behind the last one does with 0. */
	while (done < out_size && pos < size && in[pos])
		if (!unpack_xz_block(flags.check, in, &pos, size, out, &done, out_size))
			return false;
	return done == out_size;
}

/* The old format need not have an end mark: the size decides. */
static bool unpack_lzma(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t out_size)
{
	uint8_t header[LZMA_HEADER];
	lzma_stream stream = LZMA_STREAM_INIT;
	uint32_t dictionary;
	lzma_ret rc;

	if (size < LZMA_HEADER || lzma_alone_decoder(&stream, UINT64_MAX) != LZMA_OK)
		return false;
	memcpy(header, in, LZMA_HEADER);
	dictionary = dictionary_size(le32(header + 1), out_size);
	memcpy(header + 1, &dictionary, sizeof(dictionary));
	stream.next_in = header;
	stream.avail_in = LZMA_HEADER;
	stream.next_out = out;
	stream.avail_out = out_size;
	rc = lzma_code(&stream, LZMA_RUN);
	stream.next_in = in + LZMA_HEADER;
	stream.avail_in = size - LZMA_HEADER;
	while (rc == LZMA_OK && stream.avail_in && stream.avail_out)
		rc = lzma_code(&stream, LZMA_RUN);
	lzma_end(&stream);
	return (rc == LZMA_OK || rc == LZMA_STREAM_END) && stream.total_out == out_size;
}

/* The size of the whole lies behind the frame, so where the frame ends has to be found first. */
static bool unpack_zstd(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t out_size)
{
	size_t packed = ZSTD_findFrameCompressedSize(in, size);

	return !ZSTD_isError(packed) && ZSTD_decompress(out, out_size, in, packed) == out_size;
}

/* The legacy frame: blocks with their packed size in front. */
static bool unpack_lz4(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t out_size)
{
	uint32_t at = SIZE_BYTES, done = 0;

	while (done < out_size && size - at >= SIZE_BYTES) {
		uint32_t block = le32(in + at);
		int n;

		at += SIZE_BYTES;
		if (block > size - at)
			return false;
		n = LZ4_decompress_safe((const char *)in + at, (char *)out + done, (int)block,
					(int)(out_size - done));
		if (n <= 0)
			return false;
		at += block;
		done += (uint32_t)n;
	}
	return done == out_size;
}

static const struct format {
	const char *name, *magic;
	unsigned magic_len;
	bool (*unpack)(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t out_size);
} formats[] = {
	{ "gzip", "\x1f\x8b", 2, unpack_gzip },
	{ "bzip2", "BZh", 3, unpack_bzip2 },
	{ "xz",
	  "\xfd"
	  "7zXZ",
	  5, unpack_xz },
	{ "lzma", "\x5d\0\0", 3, unpack_lzma },
	{ "lzo", "\x89LZO", 4, lzop_unpack },
	{ "lz4", "\x02\x21\x4c\x18", 4, unpack_lz4 },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, unpack_zstd },
};

static const struct format *find_format(const uint8_t *data, uint32_t size)
{
	unsigned i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (size > formats[i].magic_len + SIZE_BYTES &&
		    !memcmp(data, formats[i].magic, formats[i].magic_len))
			return &formats[i];
	return NULL;
}

/* ---- wrappings ---- */

static const char *unpack_format(struct unpacked *out, const struct format *format,
				 const uint8_t *data, uint32_t size)
{
	uint32_t out_size = le32(data + size - SIZE_BYTES);

	if (out_size > UNPACK_MAX || out_size > heap_bytes_left()) {
		snprintf(message, sizeof(message),
			 "its %s data claims to unpack to %u KiB, the control domain has room for "
			 "%lu KiB (hypervisor option dom0_mem)",
			 format->name, (unsigned)(out_size >> 10), heap_bytes_left() >> 10);
		return message;
	}
	out->buffer = malloc(out_size ? out_size : 1);
	if (!out->buffer)
		return "the control domain has not enough memory to unpack it";
	if (!format->unpack(data, size, out->buffer, out_size)) {
		snprintf(message, sizeof(message), "its %s data is damaged", format->name);
		return message;
	}
	out->data = out->buffer;
	out->size = out_size;
	return NULL;
}

static bool is_bzimage(const uint8_t *file, uint32_t size)
{
	return size > HEADER_END &&
	       (file[BOOT_FLAG] | file[BOOT_FLAG + 1] << 8) == BOOT_FLAG_VALUE &&
	       !memcmp(file + HEADER_MAGIC, "HdrS", 4);
}

static const char *find_payload(const uint8_t **data, uint32_t *size)
{
	const uint8_t *file = *data;
	uint32_t sectors = file[SETUP_SECTS] ? file[SETUP_SECTS] : DEFAULT_SETUP_SECTS;
	uint32_t offset = le32(file + PAYLOAD_OFFSET), len = le32(file + PAYLOAD_LENGTH);
	uint64_t start = (uint64_t)(sectors + 1) * SECTOR + offset;

	if ((file[PROTOCOL_VERSION] | file[PROTOCOL_VERSION + 1] << 8) < PROTOCOL_WITH_PAYLOAD)
		return "its boot protocol is too old to say where the kernel is (2.08 is needed)";
	if (start > *size || len > *size - start || len <= SIZE_BYTES)
		return "its header points outside the file; is it complete?";
	*data = file + start;
	*size = len;
	return NULL;
}

const char *unpack_kernel(struct unpacked *out, const uint8_t *file, uint32_t size)
{
	const struct format *format;
	const char *error;

	*out = (struct unpacked){ .data = file, .size = size };
	if (is_bzimage(file, size)) {
		error = find_payload(&out->data, &out->size);
		if (error)
			return error;
	}
	format = find_format(out->data, out->size);
	return format ? unpack_format(out, format, out->data, out->size) : NULL;
}

void unpack_free(struct unpacked *out)
{
	free(out->buffer);
	out->buffer = NULL;
}
