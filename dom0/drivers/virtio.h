/* SPDX-License-Identifier: MIT */
/*
 * virtio devices on PCI (Virtual I/O Device 1.1): the modern register layout (4.1) and the older one
 * of transitional devices (4.1.4.8), behind one set of functions.
 *
 *	virtio_open()		reset, features
 *	virtio_add_queue()	for each queue
 *	virtio_start()		from now on the device works
 *	virtio_stop()		reset: it has let go of all buffers (then vring_detach() gives them back)
 *	virtio_restart()	the same features and queues again
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0/drivers/pci.h"
#include "dom0/drivers/vring.h"

#define VIRTIO_VENDOR 0x1af4u
#define VIRTIO_MAX_QUEUES 4

/* Feature bits of every device. */
#define VIRTIO_F_NOTIFY_ON_EMPTY 24
#define VIRTIO_F_ANY_LAYOUT 27
#define VIRTIO_F_INDIRECT_DESC 28
#define VIRTIO_F_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32

#define VIRTIO_BIT(feature) (1ULL << (feature))

struct virtio_device {
	struct pci_device *pci;
	bool modern;
	uint64_t features; /* those that both sides have */
	struct vring *queue[VIRTIO_MAX_QUEUES];
	/* modern layout */
	volatile uint8_t *common, *notify, *isr, *config;
	uint32_t notify_multiplier, notify_length, config_length;
	/* older layout */
	uint16_t ports;
};

/*
 * Takes the device over and agrees on the features among `wanted` (and VERSION_1, INDIRECT_DESC and
 * EVENT_IDX, which are the transport's). -errno after a message.
 */
int virtio_open(struct virtio_device *dev, struct pci_device *pci, uint64_t wanted);

static inline bool virtio_has(const struct virtio_device *dev, unsigned feature)
{
	return dev->features >> feature & 1;
}

/*
 * Sets up queue number index with at most max_size entries and that many tables of indirect
 * descriptors. NULL after a message.
 */
struct vring *virtio_add_queue(struct virtio_device *dev, unsigned index, unsigned max_size,
			       unsigned tables);
void virtio_start(struct virtio_device *dev);
void virtio_stop(struct virtio_device *dev);
int virtio_restart(struct virtio_device *dev);

/* The device's own configuration; consistent, even while the device changes it. */
void virtio_config_read(const struct virtio_device *dev, unsigned offset, void *data,
			size_t length);
void virtio_config_write(const struct virtio_device *dev, unsigned offset, uint8_t value);

/* Reads and clears why the device interrupts: bit 0 a queue, bit 1 its configuration; 0: it did not. */
#define VIRTIO_ISR_QUEUE 1u
#define VIRTIO_ISR_CONFIG 2u
uint8_t virtio_isr(const struct virtio_device *dev);

/* The device says that it cannot go on (DEVICE_NEEDS_RESET). */
bool virtio_failed(const struct virtio_device *dev);
