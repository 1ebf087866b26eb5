/* SPDX-License-Identifier: MIT */
/*
 * Partition tables as bytes: GPT (UEFI specification, 5.3) and MBR with logical partitions. What a disk
 * says is hostile input, for a guest may have written it. Pure functions: dom0/block/partition.c reads
 * the blocks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTITIONS_MAX 128u
#define GPT_ENTRY_SIZE 128u
#define GPT_ENTRIES_MAX 256u

/* Everything here counts the disk's own (logical) blocks. */
struct partition {
	unsigned number;
	uint64_t start, blocks;
};

struct partition_table {
	uint64_t disk_blocks;
	unsigned count;
	struct partition parts[PARTITIONS_MAX];
};

enum mbr_kind {
	MBR_NONE, /* no table: not an error */
	MBR_PLAIN,
	MBR_GPT,
};

/* Where the chain of logical partitions goes on; next 0: nowhere. */
struct mbr_chain {
	uint64_t first, blocks, next;
	unsigned number;
};

struct gpt_header {
	uint64_t entries_block;
	uint32_t nr_entries, entries_crc;
	uint64_t first_usable, last_usable;
};

/*
 * Block 0. Adds the primary partitions, and says where logical ones begin. *error: NULL, or what is
 * wrong with the table.
 */
enum mbr_kind partition_read_mbr(struct partition_table *table, const uint8_t *block,
				 struct mbr_chain *chain, const char **error);
/* The block that chain->next named. NULL, or what is wrong. */
const char *partition_read_logical(struct partition_table *table, const uint8_t *block,
				   struct mbr_chain *chain);

/* The header at that block, of block_size bytes. NULL, or what is wrong. */
const char *gpt_read_header(struct gpt_header *header, const uint8_t *block, uint32_t block_size,
			    uint64_t at, uint64_t disk_blocks);
/* All of its entries, header->nr_entries of GPT_ENTRY_SIZE bytes. */
const char *gpt_read_entries(struct partition_table *table, const struct gpt_header *header,
			     const uint8_t *entries);

/* NULL, or what is wrong with the table as a whole. */
const char *partition_check(struct partition_table *table);
