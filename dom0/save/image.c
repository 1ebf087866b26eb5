/* SPDX-License-Identifier: MIT */
/* Header and records of saved guests: see image.h. */
#include "dom0/save/image.h"

#include <string.h>

#include <zlib.h>

#define MAGIC "RLguest\x1a"
#define VERSION 1u

_Static_assert(sizeof(struct image_header) == 100, "format");
_Static_assert(sizeof(struct image_pages) + IMAGE_PAGES_MAX * (4 + IMAGE_PAGE) + 4 <=
		       IMAGE_RECORD_MAX,
	       "a record of pages is one that can be read");
_Static_assert(IMAGE_PFNS_MAX <= IMAGE_PFN(~0u), "a word holds every frame number");

/* ---- header ---- */

static uint32_t header_checksum(const struct image_header *header)
{
	return (uint32_t)crc32(0, (const uint8_t *)header,
			       offsetof(struct image_header, header_checksum));
}

void image_header_seal(struct image_header *header)
{
	memcpy(header->magic, MAGIC, sizeof(header->magic));
	header->version = VERSION;
	header->header_checksum = header_checksum(header);
}

const char *image_header_read(struct image_header *header, const void *page)
{
	memcpy(header, page, sizeof(*header));
	if (memcmp(header->magic, MAGIC, sizeof(header->magic)))
		return "there is no saved guest";
	if (header->version != VERSION)
		return "the image has a format of another version";
	if (header->header_checksum != header_checksum(header))
		return "the image is damaged: its header has a wrong checksum";
	if (header->state == IMAGE_UNFINISHED)
		return "the image was never finished: its guest was not saved";
	if (header->state > IMAGE_USED || header->guest[sizeof(header->guest) - 1])
		return "the image is damaged: its header makes no sense";
	return NULL;
}

/* ---- records ---- */

void image_reader_init(struct image_reader *reader, const struct image_header *header, void *buffer)
{
	*reader = (struct image_reader){ .buffer = buffer,
					 .left = header->length,
					 .wanted = header->checksum };
}

uint32_t image_reader_wants(const struct image_reader *reader)
{
	return reader->left < IMAGE_CHUNK ? (uint32_t)reader->left : IMAGE_CHUNK;
}

/* There is room: a record that is not complete is shorter than the largest. */
void image_reader_put(struct image_reader *reader, const void *bytes)
{
	uint32_t length = image_reader_wants(reader);

	reader->have -= reader->at;
	memmove(reader->buffer, reader->buffer + reader->at, reader->have);
	reader->at = 0;
	memcpy(reader->buffer + reader->have, bytes, length);
	reader->checksum = (uint32_t)crc32(reader->checksum, bytes, length);
	reader->have += length;
	reader->left -= length;
}

/* Each kind has its place, and only some come more than once. */
static bool in_order(uint32_t last, uint32_t type)
{
	if (type == last)
		return type == IMAGE_PAGES || type == IMAGE_VCPU;
	return type == last + 1;
}

static const char *check_end(const struct image_reader *reader)
{
	if (reader->left || reader->at != reader->have)
		return "the image is damaged: something follows its end";
	return reader->checksum == reader->wanted ? NULL : "the image is damaged: wrong checksum";
}

/* Fewer bytes than it takes are there: will the rest come? */
static const char *need_more(const struct image_reader *reader, uint64_t bytes)
{
	return bytes > reader->have - reader->at + reader->left
		       ? "the image is damaged: it ends early"
		       : NULL;
}

const char *image_reader_next(struct image_reader *reader, const struct image_record **record)
{
	const struct image_record *r = (const void *)(reader->buffer + reader->at);
	uint32_t have = reader->have - reader->at, bytes;

	*record = NULL;
	if (have < sizeof(*r))
		return need_more(reader, sizeof(*r));
	if (reader->ended || !in_order(reader->last, r->type) || r->length > IMAGE_RECORD_MAX)
		return "the image is damaged: a record that does not belong there";
	bytes = (uint32_t)sizeof(*r) + image_padded(r->length);
	if (have < bytes)
		return need_more(reader, bytes);
	reader->at += bytes;
	reader->last = r->type;
	*record = r;
	if (r->type != IMAGE_END)
		return NULL;
	reader->ended = true;
	return check_end(reader);
}

/* ---- pages ---- */

static bool word_valid(uint32_t word)
{
	uint32_t kind = IMAGE_KIND(word);

	if (word & IMAGE_PINNED)
		return kind >= 1 && kind <= IMAGE_KIND_TABLE_MAX;
	return kind <= IMAGE_KIND_ZERO;
}

const char *image_pages_read(const struct image_record *record, struct image_pages_view *view)
{
	const struct image_pages *head = (const void *)(record + 1);
	uint32_t offset, i;

	if (record->length < sizeof(*head) || !head->count || head->count > IMAGE_PAGES_MAX)
		return "the image is damaged: a record of pages has no sensible number of them";
	view->count = head->count;
	view->words = (const void *)(head + 1);
	offset = (uint32_t)sizeof(*head) + image_padded(4 * view->count);
	view->pages = (const uint8_t *)head + offset;
	if (offset > record->length)
		return "the image is damaged: a record of pages is too short";
	for (i = 0; i < view->count; i++) {
		if (!word_valid(view->words[i]))
			return "the image is damaged: a page of no known kind";
		if (IMAGE_KIND(view->words[i]) != IMAGE_KIND_ZERO)
			offset += IMAGE_PAGE;
	}
	return offset == record->length
		       ? NULL
		       : "the image is damaged: a record of pages has another length";
}
