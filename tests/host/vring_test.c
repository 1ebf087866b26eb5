/* SPDX-License-Identifier: MIT */
/* See vring_test.h. */
#include "tests/host/vring_test.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096u
#define DESC_NEXT 1u
#define DESC_INDIRECT 4u

static void notified(void *arg)
{
	struct test_ring *t = arg;

	t->notifications++;
}

void test_ring_init(struct test_ring *t, unsigned size, unsigned tables, bool event_idx)
{
	struct vring *ring = &t->ring;
	unsigned i;

	memset(t, 0, sizeof(*t));
	ring->size = size;
	ring->desc = aligned_alloc(PAGE, vring_bytes(size));
	ring->desc_maddr = (uintptr_t)ring->desc;
	ring->slots = t->slots;
	ring->tables = t->tables;
	ring->table_maddr = t->table_maddr;
	ring->free_table = t->free_table;
	ring->nr_tables = tables;
	for (i = 0; i < tables; i++) {
		t->tables[i] = aligned_alloc(PAGE, VRING_TABLE_BYTES);
		t->table_maddr[i] = (uintptr_t)t->tables[i];
	}
	ring->event_idx = event_idx;
	ring->notify = notified;
	ring->notify_arg = t;
	vring_init(ring);
}

void test_ring_free(struct test_ring *t)
{
	unsigned i;

	for (i = 0; i < t->ring.nr_tables; i++)
		free(t->tables[i]);
	free(t->ring.desc);
}

struct vring_used_entry *test_used_entry(struct test_ring *t, uint16_t index)
{
	char *entries = (char *)(uintptr_t)t->ring.used_maddr + 2 * sizeof(uint16_t);

	return (struct vring_used_entry *)entries + index % t->ring.size;
}

uint16_t *test_used_index(struct test_ring *t)
{
	return (uint16_t *)(uintptr_t)t->ring.used_maddr + 1;
}

uint16_t *test_avail_event(struct test_ring *t)
{
	return (uint16_t *)(test_used_entry(t, 0) + t->ring.size);
}

int test_device_take(struct test_ring *t)
{
	const uint16_t *avail = (const uint16_t *)(uintptr_t)t->ring.avail_maddr;

	if (avail[1] == t->device_avail)
		return -1;
	return avail[2 + t->device_avail++ % t->ring.size];
}

unsigned test_device_read(struct test_ring *t, unsigned head, struct vring_desc *buffers,
			  unsigned max)
{
	const struct vring_desc *table = t->ring.desc;
	unsigned count = 0, at = head;

	if (table[at].flags & DESC_INDIRECT) {
		table = (const struct vring_desc *)(uintptr_t)table[at].address;
		at = 0;
	}
	for (; count < max; at = table[at].next) {
		buffers[count++] = table[at];
		if (!(table[at].flags & DESC_NEXT))
			break;
	}
	return count;
}

void test_device_done(struct test_ring *t, unsigned head, uint32_t length)
{
	uint16_t *index = test_used_index(t);

	*test_used_entry(t, *index) = (struct vring_used_entry){ head, length };
	++*index;
}
