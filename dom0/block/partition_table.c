/* SPDX-License-Identifier: MIT */
/* Reading partition tables: see partition_table.h. */
#include "dom0/block/partition_table.h"

#include <string.h>
#include <zlib.h>

/* MBR: four entries of 16 bytes. */
#define MBR_ENTRIES 446u
#define MBR_ENTRY_SIZE 16u
#define MBR_TYPE 4u
#define MBR_START 8u
#define MBR_BLOCKS 12u
#define MBR_SIGNATURE 510u
#define MBR_PRIMARIES 4u
#define TYPE_GPT 0xee
#define LOGICAL_MAX 60u

/* GPT header and entry. */
#define GPT_SIGNATURE "EFI PART"
#define GPT_HEADER_MIN 92u
#define GPT_HEADER_SIZE 12u
#define GPT_HEADER_CRC 16u
#define GPT_MY_BLOCK 24u
#define GPT_FIRST_USABLE 40u
#define GPT_LAST_USABLE 48u
#define GPT_ENTRIES_BLOCK 72u
#define GPT_NR_ENTRIES 80u
#define GPT_SIZE_OF_ENTRY 84u
#define GPT_ENTRIES_CRC 88u
#define ENTRY_FIRST 32u
#define ENTRY_LAST 40u
#define GUID_SIZE 16u

static uint32_t get32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get64(const uint8_t *at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static const char *add(struct partition_table *table, unsigned number, uint64_t start,
		       uint64_t blocks)
{
	if (table->count == PARTITIONS_MAX)
		return "more than 128 partitions";
	if (!start || !blocks || start >= table->disk_blocks || blocks > table->disk_blocks - start)
		return "a partition reaches beyond the disk";
	table->parts[table->count++] =
		(struct partition){ .number = number, .start = start, .blocks = blocks };
	return NULL;
}

/* ---- MBR ---- */

static bool has_signature(const uint8_t *block)
{
	return block[MBR_SIGNATURE] == 0x55 && block[MBR_SIGNATURE + 1] == 0xaa;
}

static bool is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

static const uint8_t *mbr_entry(const uint8_t *block, unsigned i)
{
	return block + MBR_ENTRIES + i * MBR_ENTRY_SIZE;
}

/* A boot sector of a file system has the signature too, and code where a table has its flags. */
static bool looks_like_table(const uint8_t *block)
{
	unsigned i, used = 0;

	if (!has_signature(block))
		return false;
	for (i = 0; i < MBR_PRIMARIES; i++) {
		const uint8_t *entry = mbr_entry(block, i);

		if (entry[0] != 0 && entry[0] != 0x80)
			return false;
		used += entry[MBR_TYPE] != 0;
	}
	return used > 0;
}

static const char *begin_chain(const struct partition_table *table, struct mbr_chain *chain,
			       const uint8_t *entry)
{
	if (chain->next)
		return "two extended partitions";
	chain->first = get32(entry + MBR_START);
	chain->blocks = get32(entry + MBR_BLOCKS);
	chain->next = chain->first;
	if (!chain->first || !chain->blocks || chain->first >= table->disk_blocks ||
	    chain->blocks > table->disk_blocks - chain->first)
		return "the extended partition reaches beyond the disk";
	return NULL;
}

enum mbr_kind partition_read_mbr(struct partition_table *table, const uint8_t *block,
				 struct mbr_chain *chain, const char **error)
{
	unsigned i;

	*chain = (struct mbr_chain){ .number = MBR_PRIMARIES + 1 };
	*error = NULL;
	if (!looks_like_table(block))
		return MBR_NONE;
	for (i = 0; i < MBR_PRIMARIES; i++)
		if (mbr_entry(block, i)[MBR_TYPE] == TYPE_GPT)
			return MBR_GPT;
	for (i = 0; i < MBR_PRIMARIES && !*error; i++) {
		const uint8_t *entry = mbr_entry(block, i);

		if (is_extended(entry[MBR_TYPE]))
			*error = begin_chain(table, chain, entry);
		else if (entry[MBR_TYPE])
			*error = add(table, i + 1, get32(entry + MBR_START),
				     get32(entry + MBR_BLOCKS));
	}
	return MBR_PLAIN;
}

/* The first entry is a partition, relative to this block; the second the next link, to the first. */
const char *partition_read_logical(struct partition_table *table, const uint8_t *block,
				   struct mbr_chain *chain)
{
	const uint8_t *part = mbr_entry(block, 0), *link = mbr_entry(block, 1);
	uint64_t here = chain->next, start = get32(part + MBR_START);
	uint64_t blocks = get32(part + MBR_BLOCKS), end = chain->first + chain->blocks;
	const char *error = NULL;

	if (!has_signature(block))
		return "the chain of logical partitions leads nowhere";
	if (part[MBR_TYPE]) {
		if (!start || start >= end - here || blocks > end - here - start)
			return "a logical partition reaches beyond the extended one";
		error = add(table, chain->number++, here + start, blocks);
	}
	chain->next = 0;
	if (error || !is_extended(link[MBR_TYPE]))
		return error;
	chain->next = chain->first + get32(link + MBR_START);
	/* Always onwards, so that a chain has an end. */
	if (chain->next <= here || chain->next >= end ||
	    chain->number > MBR_PRIMARIES + LOGICAL_MAX)
		return "the chain of logical partitions goes astray";
	return NULL;
}

/* ---- GPT ---- */

/* The checksum of a header is made with zeros in its place. */
static uint32_t header_crc(const uint8_t *block, uint32_t size)
{
	static const uint8_t zeros[4];
	uLong crc = crc32(0, block, GPT_HEADER_CRC);

	crc = crc32(crc, zeros, sizeof(zeros));
	return (uint32_t)crc32(crc, block + GPT_HEADER_CRC + sizeof(zeros),
			       size - GPT_HEADER_CRC - (uInt)sizeof(zeros));
}

static bool entries_fit(const struct gpt_header *header, uint32_t block_size, uint64_t at,
			uint64_t disk_blocks)
{
	uint64_t blocks = (header->nr_entries * GPT_ENTRY_SIZE + block_size - 1) / block_size;
	uint64_t from = header->entries_block;

	return from > 1 && from < disk_blocks && blocks <= disk_blocks - from &&
	       (at < from || at >= from + blocks) &&
	       (from > header->last_usable || from + blocks <= header->first_usable);
}

const char *gpt_read_header(struct gpt_header *header, const uint8_t *block, uint32_t block_size,
			    uint64_t at, uint64_t disk_blocks)
{
	uint32_t size = get32(block + GPT_HEADER_SIZE);

	if (memcmp(block, GPT_SIGNATURE, sizeof(GPT_SIGNATURE) - 1))
		return "there is no GPT header";
	if (size < GPT_HEADER_MIN || size > block_size ||
	    header_crc(block, size) != get32(block + GPT_HEADER_CRC))
		return "the GPT header has a wrong checksum";
	*header = (struct gpt_header){
		.entries_block = get64(block + GPT_ENTRIES_BLOCK),
		.nr_entries = get32(block + GPT_NR_ENTRIES),
		.entries_crc = get32(block + GPT_ENTRIES_CRC),
		.first_usable = get64(block + GPT_FIRST_USABLE),
		.last_usable = get64(block + GPT_LAST_USABLE),
	};
	if (get64(block + GPT_MY_BLOCK) != at)
		return "the GPT header belongs elsewhere";
	if (get32(block + GPT_SIZE_OF_ENTRY) != GPT_ENTRY_SIZE || !header->nr_entries ||
	    header->nr_entries > GPT_ENTRIES_MAX)
		return "the GPT has entries of an unknown kind";
	if (header->first_usable > header->last_usable || header->last_usable >= disk_blocks ||
	    !entries_fit(header, block_size, at, disk_blocks))
		return "the GPT reaches beyond the disk";
	return NULL;
}

const char *gpt_read_entries(struct partition_table *table, const struct gpt_header *header,
			     const uint8_t *entries)
{
	static const uint8_t unused[GUID_SIZE];
	const char *error = NULL;
	uint32_t i;

	if (crc32(0, entries, header->nr_entries * GPT_ENTRY_SIZE) != header->entries_crc)
		return "the GPT entries have a wrong checksum";
	for (i = 0; i < header->nr_entries && !error; i++) {
		const uint8_t *entry = entries + i * GPT_ENTRY_SIZE;
		uint64_t first = get64(entry + ENTRY_FIRST), last = get64(entry + ENTRY_LAST);

		if (!memcmp(entry, unused, GUID_SIZE))
			continue;
		if (first < header->first_usable || last < first || last > header->last_usable)
			return "a partition reaches beyond the usable blocks";
		error = add(table, i + 1, first, last - first + 1);
	}
	return error;
}

/* ---- all of it ---- */

const char *partition_check(struct partition_table *table)
{
	unsigned i, j;

	for (i = 0; i < table->count; i++)
		for (j = 0; j < i; j++) {
			const struct partition *a = &table->parts[i], *b = &table->parts[j];

			if (a->start < b->start + b->blocks && b->start < a->start + a->blocks)
				return "partitions overlap";
		}
	return NULL;
}
