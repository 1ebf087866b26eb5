/* SPDX-License-Identifier: MIT */
/*
 * The image of a saved guest, as it lies on a disk (docs/dom0.md, "Saved guests"). First a header of one page,
 * which is sealed last: an image that was not finished says so. Then records, each a struct image_record,
 * that many bytes, and zeros up to a multiple of 8:
 *
 *	DESCRIPTION	the guest's description in xl.cfg syntax, without a NUL
 *	MEMORY		struct image_memory
 *	P2M		the frames that hold the guest's frame list, in order
 *	PAGES		struct image_pages, its words, padding to 8, then a page for each word that has one; many of them
 *	VCPU		struct image_vcpu, then its extended state; one for vCPU 0 and for each other that is up
 *	END		empty
 *
 * Frames have the guest's numbers everywhere, in page tables and registers too. The reader believes nothing:
 * what is longer, later or other than it may be is an error, and so is a checksum that differs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#define IMAGE_PAGE 4096u
#define IMAGE_CHUNK (128u << 10) /* what is read and written at once */

/* ---- header ---- */

enum image_state {
	IMAGE_UNFINISHED = 1,
	IMAGE_COMPLETE,
	IMAGE_USED, /* restored: what its disks hold is no longer what it remembers */
};

struct image_header {
	char magic[8];
	uint32_t version, state;
	uint64_t length;   /* of the records */
	uint32_t checksum; /* CRC-32 of the records */
	uint32_t time;	   /* seconds since 1970 */
	char guest[64];
	uint32_t header_checksum; /* CRC-32 of all before */
};

/* Fills in magic, version and header_checksum. */
void image_header_seal(struct image_header *header);
/* Reads the first page of a disk. NULL, or why there is no image that this program can read. */
const char *image_header_read(struct image_header *header, const void *page);

/* ---- records ---- */

enum image_type {
	IMAGE_DESCRIPTION = 1,
	IMAGE_MEMORY,
	IMAGE_P2M,
	IMAGE_PAGES,
	IMAGE_VCPU,
	IMAGE_END,
};

struct image_record {
	uint32_t type, length;
};

#define IMAGE_RECORD_MAX IMAGE_CHUNK
#define IMAGE_DESCRIPTION_MAX (16u << 10)

struct image_memory {
	uint32_t nr_pfns;  /* the guest's frames have numbers below */
	uint32_t nr_pages; /* that many of them have memory */
	uint32_t nr_vcpus, nr_p2m;
	uint32_t flags;
};
#define IMAGE_TOP_ANYWHERE 1u	 /* the top level of page tables may lie above 4 GiB */
#define IMAGE_CANCELS_SUSPEND 2u /* the kernel can go on after a suspend */
#define IMAGE_PFNS_MAX (1u << 22)

/* A word: frame number, what the page is, whether it is pinned. */
struct image_pages {
	uint32_t count, reserved;
};
#define IMAGE_PAGES_MAX 31u
#define IMAGE_PFN(word) ((word)&0x0fffffffu)
#define IMAGE_KIND(word) ((word) >> 28 & 7)
#define IMAGE_WORD(pfn, kind, pinned) \
	((pfn) | (uint32_t)(kind) << 28 | ((pinned) ? IMAGE_PINNED : 0))
#define IMAGE_PINNED 0x80000000u
#define IMAGE_KIND_DATA 0u /* 1 to 3: page tables of that level */
#define IMAGE_KIND_TABLE_MAX 3u
#define IMAGE_KIND_ZERO 4u /* no page follows */

struct image_vcpu {
	uint32_t id, xstate_size;
	uint64_t xstate_features;
	struct vcpu_guest_context context;
};
#define IMAGE_XSTATE_MAX 4096u

/* ---- reading ---- */

struct image_reader {
	uint8_t *buffer; /* IMAGE_READER_BUFFER bytes, the owner's */
	uint32_t at, have;
	uint64_t left; /* of the header's length, not yet put */
	uint32_t checksum, wanted;
	uint32_t last; /* type of the record before */
	bool ended;
};
#define IMAGE_READER_BUFFER (IMAGE_CHUNK + IMAGE_RECORD_MAX + sizeof(struct image_record))

void image_reader_init(struct image_reader *reader, const struct image_header *header,
		       void *buffer);
/* How many bytes image_reader_put() takes next, at most IMAGE_CHUNK; 0: there are no more. */
uint32_t image_reader_wants(const struct image_reader *reader);
/* As many as it wants. */
void image_reader_put(struct image_reader *reader, const void *bytes);

/*
 * The next record: *record points to it, its bytes follow, good until the next put. NULL when more bytes are
 * needed first. The result is NULL, or what is wrong.
 */
const char *image_reader_next(struct image_reader *reader, const struct image_record **record);

/* The words of a PAGES record, and its pages. NULL, or what is wrong. */
struct image_pages_view {
	uint32_t count;
	const uint32_t *words;
	const uint8_t *pages;
};
const char *image_pages_read(const struct image_record *record, struct image_pages_view *view);

static inline uint32_t image_padded(uint32_t length)
{
	return (length + 7u) & ~7u;
}
