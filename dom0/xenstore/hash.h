/* SPDX-License-Identifier: MIT */
/*
 * Hash tables whose entries are part of what they hold. They grow with what is in them; when there
 * is no memory to grow they only get slower. Hash functions start from a seed that guests do not
 * know, so that a guest cannot choose names that collide.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_hash_entry {
	struct xs_hash_entry *next;
	uint32_t hash;
};

struct xs_hash {
	struct xs_hash_entry **heads;
	unsigned mask, count;
};

bool xs_hash_init(struct xs_hash *table);
void xs_hash_free(struct xs_hash *table);
void xs_hash_insert(struct xs_hash *table, struct xs_hash_entry *entry, uint32_t hash);
void xs_hash_remove(struct xs_hash *table, struct xs_hash_entry *entry);
/* Entries with that very hash, one after the other; NULL behind the last. */
struct xs_hash_entry *xs_hash_first(const struct xs_hash *table, uint32_t hash);
struct xs_hash_entry *xs_hash_next(const struct xs_hash_entry *entry);

/* Adds a byte to a running hash value. */
static inline uint32_t xs_hash_byte(uint32_t hash, char c)
{
	return (hash ^ (uint8_t)c) * 0x01000193u;
}

/* Spreads the running value over all bits, for use in a table. */
static inline uint32_t xs_hash_finish(uint32_t hash)
{
	hash ^= hash >> 16;
	hash *= 0x85ebca6bu;
	hash ^= hash >> 13;
	hash *= 0xc2b2ae35u;
	return hash ^ hash >> 16;
}
