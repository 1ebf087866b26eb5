/* SPDX-License-Identifier: MIT */
/* Growing hash tables: see hash.h. */
#include "dom0/xenstore/hash.h"

#include <stdlib.h>

#define HASH_INITIAL 64u

bool xs_hash_init(struct xs_hash *table)
{
	table->heads = calloc(HASH_INITIAL, sizeof(*table->heads));
	table->mask = HASH_INITIAL - 1;
	table->count = 0;
	return table->heads != NULL;
}

void xs_hash_free(struct xs_hash *table)
{
	free(table->heads);
	table->heads = NULL;
}

static void grow(struct xs_hash *table)
{
	unsigned size = (table->mask + 1) * 2, i;
	struct xs_hash_entry **heads = calloc(size, sizeof(*heads)), *entry;

	if (!heads)
		return;
	for (i = 0; i <= table->mask; i++) {
		while ((entry = table->heads[i])) {
			table->heads[i] = entry->next;
			entry->next = heads[entry->hash & (size - 1)];
			heads[entry->hash & (size - 1)] = entry;
		}
	}
	free(table->heads);
	table->heads = heads;
	table->mask = size - 1;
}

void xs_hash_insert(struct xs_hash *table, struct xs_hash_entry *entry, uint32_t hash)
{
	struct xs_hash_entry **head;

	if (table->count > table->mask)
		grow(table);
	head = &table->heads[hash & table->mask];
	entry->hash = hash;
	entry->next = *head;
	*head = entry;
	table->count++;
}

void xs_hash_remove(struct xs_hash *table, struct xs_hash_entry *entry)
{
	struct xs_hash_entry **p = &table->heads[entry->hash & table->mask];

	while (*p != entry)
		p = &(*p)->next;
	*p = entry->next;
	table->count--;
}

static struct xs_hash_entry *same(struct xs_hash_entry *entry, uint32_t hash)
{
	while (entry && entry->hash != hash)
		entry = entry->next;
	return entry;
}

struct xs_hash_entry *xs_hash_first(const struct xs_hash *table, uint32_t hash)
{
	return same(table->heads[hash & table->mask], hash);
}

struct xs_hash_entry *xs_hash_next(const struct xs_hash_entry *entry)
{
	return same(entry->next, entry->hash);
}
