/* SPDX-License-Identifier: MIT */
/*
 * LZO1X, and the file format of lzop round it. Source: Linux, Documentation/staging/lzo.rst for the
 * one, lib/decompress_unlzo.c for which fields of the other there are.
 *
 * Bytes are only read through take(), which stops at the end of the input, and only written by
 * literals() and match(), which stop at the end of the output. The first that is too much sets
 * `bad`, and everything after it does nothing.
 */
#include "dom0/lzop.h"

#include <string.h>

#include <zlib.h>

struct codec {
	const uint8_t *in;
	uint32_t left;
	uint8_t *out;
	uint32_t done, room;
	bool bad;
};

/* ---- LZO1X ---- */

static uint32_t take(struct codec *c)
{
	if (c->bad || c->left == 0) {
		c->bad = true;
		return 1; /* no zero, which would say that a length goes on */
	}
	c->left--;
	return *c->in++;
}

static bool fits(struct codec *c, uint32_t n)
{
	if (n > c->room - c->done)
		c->bad = true;
	return !c->bad;
}

static void literals(struct codec *c, uint32_t n)
{
	if (n > c->left)
		c->bad = true;
	if (!fits(c, n))
		return;
	memcpy(c->out + c->done, c->in, n);
	c->in += n;
	c->left -= n;
	c->done += n;
}

/* The areas may overlap: a match can repeat what it has just written. */
static void match(struct codec *c, uint32_t distance, uint32_t n)
{
	if (distance > c->done)
		c->bad = true;
	if (!fits(c, n))
		return;
	for (; n > 0; n--, c->done++)
		c->out[c->done] = c->out[c->done - distance];
}

/* A length that is 0 in its own few bits goes on in bytes: 255 for each that is 0, then the rest. */
static uint32_t length(struct codec *c, uint32_t bits, uint32_t largest)
{
	uint32_t byte, n = largest;

	if (bits)
		return bits;
	while ((byte = take(c)) == 0 && !c->bad)
		n += 255; /* one input byte each: far from wrapping */
	return n + byte;
}

static uint32_t take16(struct codec *c)
{
	uint32_t low = take(c);

	return low | take(c) << 8;
}

#define AFTER_RUN \
	4 /* what a small code means depends on what was before: literals, how many, or a run */
#define END UINT32_MAX

/* Codes from 16 on. The number of literals that follow, or END. */
static uint32_t match_code(struct codec *c, uint32_t code)
{
	uint32_t n, word, distance;

	if (code >= 64) {
		distance = (code >> 2 & 7) + (take(c) << 3) + 1;
		match(c, distance, (code >> 5) + 1);
		return code & 3;
	}
	if (code >= 32) {
		n = length(c, code & 31, 31) + 2;
		word = take16(c);
		match(c, (word >> 2) + 1, n);
		return word & 3;
	}
	n = length(c, code & 7, 7) + 2;
	word = take16(c);
	distance = (code & 8) << 11 | word >> 2;
	if (distance == 0)
		return END;
	match(c, distance + 0x4000, n);
	return word & 3;
}

/* Codes below 16 that are no run of literals. */
static uint32_t short_match_code(struct codec *c, uint32_t code, uint32_t state)
{
	uint32_t distance = (code >> 2) + (take(c) << 2) + 1;

	if (state == AFTER_RUN)
		match(c, distance + 0x800, 3);
	else
		match(c, distance, 2);
	return code & 3;
}

static bool lzo1x_unpack(struct codec *c)
{
	uint32_t state = 0, code = take(c);

	if (code > 17) {
		literals(c, code - 17);
		state = code - 17 < AFTER_RUN ? code - 17 : AFTER_RUN;
		code = take(c);
	}
	for (; !c->bad; code = take(c)) {
		if (code >= 16) {
			state = match_code(c, code);
		} else if (state) {
			state = short_match_code(c, code, state);
		} else {
			literals(c, length(c, code, 15) + 3);
			state = AFTER_RUN;
			continue;
		}
		if (state == END)
			return c->left == 0 && !c->bad;
		literals(c, state);
	}
	return false;
}

/* ---- lzop ---- */

#define MAGIC_LEN 9
#define VERSION_WITH_LEVEL 0x0940
#define FLAG_ADLER32 0x001u /* of a block's contents; the next three likewise */
#define FLAG_ADLER32_PACKED 0x002u
#define FLAG_CRC32 0x100u
#define FLAG_CRC32_PACKED 0x200u
#define FLAG_FILTER 0x800u
#define FLAG_EXTRA_FIELD 0x040u

static uint32_t take_be(struct codec *c, unsigned bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | take(c);
	return value;
}

static void skip(struct codec *c, uint32_t n)
{
	if (n > c->left)
		c->bad = true;
	if (c->bad)
		return;
	c->in += n;
	c->left -= n;
}

/* Returns the flags. Versions, method and level, mode, times, name and checksums mean nothing here. */
static uint32_t read_header(struct codec *c)
{
	uint32_t version, flags;

	skip(c, MAGIC_LEN);
	version = take_be(c, 2);
	skip(c, version >= VERSION_WITH_LEVEL ? 6 : 3);
	flags = take_be(c, 4);
	skip(c, flags & FLAG_FILTER ? 4 : 0);
	skip(c, version >= VERSION_WITH_LEVEL ? 12 : 8);
	skip(c, take(c));
	skip(c, 4);
	if (flags & FLAG_EXTRA_FIELD) {
		skip(c, take_be(c, 4));
		skip(c, 4);
	}
	return flags;
}

static void read_block(struct codec *c, uint32_t flags, uint32_t size)
{
	uint32_t packed = take_be(c, 4), sum = 0;
	struct codec block = *c;

	if (flags & FLAG_ADLER32)
		sum = take_be(c, 4);
	skip(c, flags & FLAG_CRC32 ? 4 : 0);
	if (packed < size)
		skip(c,
		     (flags & FLAG_ADLER32_PACKED ? 4 : 0) + (flags & FLAG_CRC32_PACKED ? 4 : 0));
	block.in = c->in;
	block.out = c->out + c->done;
	block.left = packed;
	block.done = 0;
	block.room = size;
	skip(c, packed);
	if (!fits(c, size))
		return;
	if (packed >= size)
		literals(&block, size);
	else if (!lzo1x_unpack(&block))
		c->bad = true;
	if (block.bad || block.done != size ||
	    (flags & FLAG_ADLER32 && adler32(1, block.out, size) != sum))
		c->bad = true;
	c->done += size;
}

bool lzop_unpack(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t out_size)
{
	struct codec c = { .in = in, .left = size, .out = out, .room = out_size };
	uint32_t flags = read_header(&c), block;

	while (!c.bad && c.done < out_size && (block = take_be(&c, 4)) != 0)
		read_block(&c, flags, block);
	return !c.bad && c.done == out_size;
}
