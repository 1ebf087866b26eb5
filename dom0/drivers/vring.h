/* SPDX-License-Identifier: MIT */
/*
 * A split virtqueue (Virtual I/O Device 1.1, 2.6), driver's side. It knows nothing of PCI: the host's
 * tests drive it with a device of their own.
 *
 * What the device writes (the used ring, and the flags by which it asks for fewer notifications) is
 * checked: an entry must name a chain that the device has, and no more bytes than the chain takes. A
 * device that says otherwise has the ring marked broken, and nothing more is taken from it. What the
 * driver must remember is kept outside the shared memory and never read back from there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VRING_MAX_SIZE 1024u

/* One piece of a chain: machine address and bytes. */
struct vring_buffer {
	uint64_t maddr;
	uint32_t length;
};

struct vring_desc {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct vring_used_entry {
	uint32_t id, length;
};

/* Kept outside the shared memory, one for each descriptor. */
struct vring_slot {
	void *token;	   /* NULL: not the head of a chain that the device has */
	uint32_t writable; /* bytes that the device may write */
	uint16_t count;	   /* descriptors of the ring that the chain takes */
	uint16_t table;	   /* number of its indirect table plus 1, 0: none */
	uint16_t next;	   /* free list, and chain */
};

/* Longer chains take an indirect table. */
#define VRING_DIRECT_MAX 4u
#define VRING_TABLE_BYTES 4096u
#define VRING_TABLE_ENTRIES (VRING_TABLE_BYTES / sizeof(struct vring_desc))

struct vring {
	unsigned size; /* a power of 2 */
	/* shared with the device */
	struct vring_desc *desc;
	volatile uint16_t *avail; /* flags, index, ring[size], used_event */
	volatile uint16_t *used;  /* flags, index, then entries, avail_event */
	uint64_t desc_maddr, avail_maddr, used_maddr;
	/* tables of indirect descriptors, one page each */
	unsigned nr_tables;
	struct vring_desc **tables;
	uint64_t *table_maddr;
	uint16_t *free_table; /* a stack */
	unsigned nr_free_tables;
	/* ours */
	bool event_idx, broken;
	struct vring_slot *slots;
	uint16_t free_head, nr_free;
	uint16_t added;	    /* avail index, the device has not been told of all */
	uint16_t published; /* as of the last vring_kick() */
	uint16_t seen;	    /* used index */
	void (*notify)(void *arg);
	void *notify_arg;
};

/* Bytes of shared memory that a ring needs; it must begin on a page, and be zero. */
size_t vring_bytes(unsigned size);

/*
 * Memory, addresses, tables and slots are the caller's; size, desc, desc_maddr, slots, tables,
 * table_maddr, free_table and nr_tables are set before. Also after a reset of the device: all is
 * free again.
 */
void vring_init(struct vring *ring);

/* Most buffers that one chain can have, when nothing else is under way. */
unsigned vring_max_buffers(const struct vring *ring);

/*
 * Adds a chain: first nr_out buffers that the device reads, then nr_in that it writes. token, which
 * is not NULL, comes back with it. False: no room now.
 */
bool vring_add(struct vring *ring, const struct vring_buffer *buffers, unsigned nr_out,
	       unsigned nr_in, void *token);

/* Tells the device of what was added since the last time, if it wants to know. */
void vring_kick(struct vring *ring);

/*
 * The next chain that the device is done with; length: how many bytes it says to have written. NULL:
 * none, or the ring is broken.
 */
void *vring_get(struct vring *ring, uint32_t *length);

/* Interrupts: off is a hint. On says false if chains are waiting already. */
void vring_disable_interrupts(struct vring *ring);
bool vring_enable_interrupts(struct vring *ring);

/* Whether vring_get() has something to give. */
bool vring_is_waiting(const struct vring *ring);

/* Chains that the device has. */
static inline unsigned vring_in_flight(const struct vring *ring)
{
	return (uint16_t)(ring->added - ring->seen);
}

/* After the device was reset: the tokens of the chains that it had, one at a time, then NULL; the ring
 * can be used again after vring_init(). */
void *vring_detach(struct vring *ring);
