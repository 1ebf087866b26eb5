/* SPDX-License-Identifier: MIT */
/* A ring with memory for tests, and the device's side of it. */
#pragma once

#include "dom0/drivers/vring.h"

#define TEST_RING_MAX 64u
#define TEST_TABLES 4u

struct test_ring {
	struct vring ring; /* the first */
	struct vring_slot slots[TEST_RING_MAX];
	struct vring_desc *tables[TEST_TABLES];
	uint64_t table_maddr[TEST_TABLES];
	uint16_t free_table[TEST_TABLES];
	unsigned notifications;
	uint16_t device_avail; /* how far the device has read */
};

/* Machine addresses are the process's own. */
void test_ring_init(struct test_ring *t, unsigned size, unsigned tables, bool event_idx);
void test_ring_free(struct test_ring *t);

/* The device's view. */
struct vring_used_entry *test_used_entry(struct test_ring *t, uint16_t index);
uint16_t *test_used_index(struct test_ring *t);
uint16_t *test_avail_event(struct test_ring *t);
/* The head of the next chain, -1: none. */
int test_device_take(struct test_ring *t);
/* Copies the chain's buffers out, following indirect tables; returns how many. */
unsigned test_device_read(struct test_ring *t, unsigned head, struct vring_desc *buffers,
			  unsigned max);
void test_device_done(struct test_ring *t, unsigned head, uint32_t length);
