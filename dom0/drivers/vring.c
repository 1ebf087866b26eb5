/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueues: see vring.h. The barriers are those of the specification (2.6.13, 2.6.14): a chain
 * is complete before the available index names it, that index is out before the device's wish for
 * notifications is read, and a used entry is read after the index that announces it.
 */
#include "dom0/drivers/vring.h"

#include <string.h>

#define DESC_NEXT 1u
#define DESC_WRITE 2u
#define DESC_INDIRECT 4u
#define AVAIL_NO_INTERRUPT 1u
#define USED_NO_NOTIFY 1u

#define PAGE 4096u
#define AVAIL_HEAD 2u /* half words before the ring */
#define USED_HEAD 4u  /* bytes before the entries */

_Static_assert(sizeof(struct vring_desc) == 16 && sizeof(struct vring_used_entry) == 8, "ABI");

/* x86 lets a load pass an older store to another place: only that needs an instruction. */
#define compiler_barrier() __asm__ __volatile__("" : : : "memory")
#define full_barrier() __sync_synchronize()

/* ---- layout: descriptors, available ring; on the next page the used ring ---- */

static size_t avail_offset(unsigned size)
{
	return size * sizeof(struct vring_desc);
}

static size_t used_offset(unsigned size)
{
	size_t end = avail_offset(size) + (AVAIL_HEAD + size + 1) * sizeof(uint16_t);

	return (end + PAGE - 1) & ~(size_t)(PAGE - 1);
}

size_t vring_bytes(unsigned size)
{
	size_t end = used_offset(size) + USED_HEAD + size * sizeof(struct vring_used_entry) +
		     sizeof(uint16_t);

	return (end + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static volatile uint16_t *avail_index(const struct vring *ring)
{
	return &ring->avail[1];
}

static volatile uint16_t *used_event(const struct vring *ring)
{
	return &ring->avail[AVAIL_HEAD + ring->size];
}

static uint16_t used_index(const struct vring *ring)
{
	return ring->used[1];
}

static volatile struct vring_used_entry *used_entry(const struct vring *ring, uint16_t index)
{
	return (volatile struct vring_used_entry *)((volatile char *)ring->used + USED_HEAD) +
	       (index & (ring->size - 1));
}

/* The index at which the device wants to be notified again; behind the last used entry. */
static uint16_t avail_event(const struct vring *ring)
{
	return *(volatile uint16_t *)(used_entry(ring, 0) + ring->size);
}

void vring_init(struct vring *ring)
{
	char *base = (char *)ring->desc;
	unsigned i;

	memset(base, 0, vring_bytes(ring->size));
	ring->avail = (volatile uint16_t *)(base + avail_offset(ring->size));
	ring->used = (volatile uint16_t *)(base + used_offset(ring->size));
	ring->avail_maddr = ring->desc_maddr + avail_offset(ring->size);
	ring->used_maddr = ring->desc_maddr + used_offset(ring->size);
	for (i = 0; i < ring->size; i++)
		ring->slots[i] = (struct vring_slot){ .next = (uint16_t)(i + 1) };
	for (i = 0; i < ring->nr_tables; i++)
		ring->free_table[i] = (uint16_t)i;
	ring->nr_free_tables = ring->nr_tables;
	ring->free_head = 0;
	ring->nr_free = (uint16_t)ring->size;
	ring->added = ring->published = ring->seen = 0;
	ring->broken = false;
}

unsigned vring_max_buffers(const struct vring *ring)
{
	return ring->nr_tables ? VRING_TABLE_ENTRIES : ring->size;
}

/* ---- adding ---- */

static void fill(struct vring_desc *desc, const struct vring_buffer *buffer, bool writable,
		 uint16_t next)
{
	desc->address = buffer->maddr;
	desc->length = buffer->length;
	desc->next = next;
	desc->flags = writable ? DESC_WRITE : 0;
}

/* Takes descriptors off the free list, which stays linked as the chain. */
static void add_direct(struct vring *ring, const struct vring_buffer *buffers, unsigned nr_out,
		       unsigned count)
{
	uint16_t at = ring->free_head, last = at;
	unsigned i;

	for (i = 0; i < count; i++, at = ring->slots[at].next) {
		fill(&ring->desc[at], &buffers[i], i >= nr_out, ring->slots[at].next);
		ring->desc[at].flags |= i + 1 < count ? DESC_NEXT : 0;
		last = at;
	}
	ring->slots[ring->free_head].count = (uint16_t)count;
	ring->slots[ring->free_head].table = 0;
	ring->free_head = ring->slots[last].next;
}

static void add_indirect(struct vring *ring, const struct vring_buffer *buffers, unsigned nr_out,
			 unsigned count)
{
	uint16_t number = ring->free_table[--ring->nr_free_tables], head = ring->free_head;
	struct vring_desc *table = ring->tables[number];
	struct vring_buffer whole = { ring->table_maddr[number],
				      (uint32_t)(count * sizeof(*table)) };
	unsigned i;

	for (i = 0; i < count; i++) {
		fill(&table[i], &buffers[i], i >= nr_out, (uint16_t)(i + 1));
		table[i].flags |= i + 1 < count ? DESC_NEXT : 0;
	}
	fill(&ring->desc[head], &whole, false, 0);
	ring->desc[head].flags = DESC_INDIRECT;
	ring->slots[head].count = 1;
	ring->slots[head].table = (uint16_t)(number + 1);
	ring->free_head = ring->slots[head].next;
}

/* Short chains leave the tables to long ones while there are plenty of descriptors. */
static bool wants_table(const struct vring *ring, unsigned count)
{
	return ring->nr_free_tables && ring->nr_free && count <= VRING_TABLE_ENTRIES &&
	       (count > VRING_DIRECT_MAX || count > ring->nr_free);
}

bool vring_add(struct vring *ring, const struct vring_buffer *buffers, unsigned nr_out,
	       unsigned nr_in, void *token)
{
	uint16_t head = ring->free_head;
	unsigned count = nr_out + nr_in, i;
	uint32_t writable = 0;

	if (ring->broken || !count)
		return false;
	if (wants_table(ring, count))
		add_indirect(ring, buffers, nr_out, count);
	else if (count <= ring->nr_free)
		add_direct(ring, buffers, nr_out, count);
	else
		return false;
	for (i = nr_out; i < count; i++)
		writable += buffers[i].length;
	ring->slots[head].token = token;
	ring->slots[head].writable = writable;
	ring->nr_free = (uint16_t)(ring->nr_free - ring->slots[head].count);
	ring->avail[AVAIL_HEAD + (ring->added & (ring->size - 1))] = head;
	ring->added++;
	return true;
}

/* Whether the device asked for a notification between the old index and the new one. */
static bool event_passed(uint16_t event, uint16_t old, uint16_t new)
{
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

void vring_kick(struct vring *ring)
{
	uint16_t old = ring->published;
	bool wanted;

	if (ring->broken || old == ring->added)
		return;
	compiler_barrier();
	*avail_index(ring) = ring->published = ring->added;
	full_barrier();
	if (ring->event_idx)
		wanted = event_passed(avail_event(ring), old, ring->added);
	else
		wanted = !(ring->used[0] & USED_NO_NOTIFY);
	if (wanted)
		ring->notify(ring->notify_arg);
}

/* ---- taking back ---- */

/* The chain's descriptors go back to the free list, in front. */
static void *release(struct vring *ring, uint16_t head)
{
	struct vring_slot *slot = &ring->slots[head];
	void *token = slot->token;
	uint16_t last = head;
	unsigned i;

	for (i = 1; i < slot->count; i++)
		last = ring->slots[last].next;
	ring->slots[last].next = ring->free_head;
	ring->free_head = head;
	ring->nr_free = (uint16_t)(ring->nr_free + slot->count);
	if (slot->table)
		ring->free_table[ring->nr_free_tables++] = (uint16_t)(slot->table - 1);
	slot->token = NULL;
	return token;
}

void *vring_get(struct vring *ring, uint32_t *length)
{
	volatile struct vring_used_entry *entry;
	uint16_t waiting = (uint16_t)(used_index(ring) - ring->seen);
	uint32_t id;

	if (ring->broken || !waiting)
		return NULL;
	compiler_barrier();
	entry = used_entry(ring, ring->seen);
	id = entry->id;
	*length = entry->length;
	if (waiting > (uint16_t)(ring->published - ring->seen) || id >= ring->size ||
	    !ring->slots[id].token || *length > ring->slots[id].writable) {
		ring->broken = true;
		return NULL;
	}
	ring->seen++;
	return release(ring, (uint16_t)id);
}

bool vring_is_waiting(const struct vring *ring)
{
	return !ring->broken && used_index(ring) != ring->seen;
}

void vring_disable_interrupts(struct vring *ring)
{
	if (!ring->event_idx)
		ring->avail[0] = AVAIL_NO_INTERRUPT;
}

bool vring_enable_interrupts(struct vring *ring)
{
	if (ring->event_idx)
		*used_event(ring) = ring->seen;
	else
		ring->avail[0] = 0;
	full_barrier();
	return used_index(ring) == ring->seen;
}

void *vring_detach(struct vring *ring)
{
	unsigned i;

	for (i = 0; i < ring->size; i++) {
		if (!ring->slots[i].token)
			continue;
		ring->added--;
		ring->broken = true;
		return release(ring, (uint16_t)i);
	}
	return NULL;
}
