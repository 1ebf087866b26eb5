/* SPDX-License-Identifier: MIT */
/*
 * Kernel files in their wrappings: plain ELF, gzipped ELF, and Linux bzImages whose payload is ELF
 * in gzip, bzip2, xz, lzma, lzo, lz4 or zstd (Linux, Documentation/x86/boot.rst, payload_offset). All of these
 * end with the unpacked size, so the output is one buffer of that size and no byte more.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* No kernel unpacks to more than this, whatever a file claims. */
#define UNPACK_MAX (128u << 20)

struct unpacked {
	const uint8_t *data;
	uint32_t size;
	void *buffer; /* what unpack_free() frees; NULL when data is part of the file */
};

/* NULL, or what is wrong with the file (valid until the next call). */
const char *unpack_kernel(struct unpacked *out, const uint8_t *file, uint32_t size);
void unpack_free(struct unpacked *out);
