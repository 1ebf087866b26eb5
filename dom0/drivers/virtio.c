/* SPDX-License-Identifier: MIT */
/*
 * virtio on PCI: see virtio.h. Offsets and capabilities: Virtual I/O Device 1.1, 4.1.4 (modern) and
 * 4.1.4.8 (older layout, in ports).
 */
#include "dom0/drivers/virtio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/drivers/dma.h"
#include "guests/pvrt/hw.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/time.h"

/* Device status. */
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 0x40u

#define TRANSPORT_FEATURES                                                     \
	(VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) | \
	 VIRTIO_BIT(VIRTIO_F_EVENT_IDX))

#define RESET_TIMEOUT_NS (1000 * NS_PER_MS)

/* ---- modern layout: the common configuration ---- */

enum common {
	COMMON_DEVICE_SELECT = 0,
	COMMON_DEVICE_FEATURE = 4,
	COMMON_DRIVER_SELECT = 8,
	COMMON_DRIVER_FEATURE = 12,
	COMMON_STATUS = 20,
	COMMON_GENERATION = 21,
	COMMON_QUEUE_SELECT = 22,
	COMMON_QUEUE_SIZE = 24,
	COMMON_QUEUE_ENABLE = 28,
	COMMON_QUEUE_NOTIFY = 30,
	COMMON_QUEUE_DESC = 32,
	COMMON_QUEUE_DRIVER = 40,
	COMMON_QUEUE_DEVICE = 48,
	COMMON_BYTES = 56,
};

/* ---- older layout, in ports ---- */

enum legacy {
	LEGACY_DEVICE_FEATURES = 0,
	LEGACY_DRIVER_FEATURES = 4,
	LEGACY_QUEUE_ADDRESS = 8,
	LEGACY_QUEUE_SIZE = 12,
	LEGACY_QUEUE_SELECT = 14,
	LEGACY_QUEUE_NOTIFY = 16,
	LEGACY_STATUS = 18,
	LEGACY_ISR = 19,
	LEGACY_CONFIG = 20, /* without message-signalled interrupts */
};

#define LEGACY_MIN_PORTS 24u

static uint8_t read8(const volatile uint8_t *at)
{
	return *at;
}

static uint16_t read16(const volatile uint8_t *at)
{
	return *(const volatile uint16_t *)at;
}

static uint32_t read32(const volatile uint8_t *at)
{
	return *(const volatile uint32_t *)at;
}

static void write16(volatile uint8_t *at, uint16_t value)
{
	*(volatile uint16_t *)at = value;
}

static void write32(volatile uint8_t *at, uint32_t value)
{
	*(volatile uint32_t *)at = value;
}

/* Two halves: 64-bit accesses need not be one. */
static void write_address(volatile uint8_t *at, uint64_t value)
{
	write32(at, (uint32_t)value);
	write32(at + 4, (uint32_t)(value >> 32));
}

/* ---- capabilities ---- */

#define CAPABILITY_VENDOR 0x09
#define CAP_LENGTH 2u
#define CAP_TYPE 3u
#define CAP_BAR 4u
#define CAP_OFFSET 8u
#define CAP_SIZE 12u
#define CAP_MULTIPLIER 16u

enum capability { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4 };

/* Enough for the queues that are used here, and for the configuration of any device. */
#define NOTIFY_MAX 0x10000u
#define CONFIG_MAX 0x1000u

/* Maps the first structure of that type that can be; *length: in, at most; out, what there is. */
static volatile uint8_t *map_capability(struct virtio_device *dev, enum capability type,
					uint32_t least, uint32_t *length)
{
	struct pci_device *pci = dev->pci;
	uint8_t at = 0;

	while ((at = pci_find_capability(pci, CAPABILITY_VENDOR, at))) {
		uint32_t size = pci_read32(pci, at + CAP_SIZE);
		volatile void *mapped;

		if (pci_read8(pci, at + CAP_TYPE) != type || size < least)
			continue;
		size = size < *length ? size : *length;
		mapped = pci_map(pci, pci_read8(pci, at + CAP_BAR),
				 pci_read32(pci, at + CAP_OFFSET), size);
		if (!mapped)
			continue;
		if (type == CAP_NOTIFY)
			dev->notify_multiplier = pci_read32(pci, at + CAP_MULTIPLIER);
		*length = size;
		return mapped;
	}
	return NULL;
}

static bool find_modern(struct virtio_device *dev)
{
	uint32_t common_length = COMMON_BYTES, isr_length = 1;

	dev->notify_length = NOTIFY_MAX;
	dev->config_length = CONFIG_MAX;
	dev->common = map_capability(dev, CAP_COMMON, COMMON_BYTES, &common_length);
	if (!dev->common)
		return false;
	dev->notify = map_capability(dev, CAP_NOTIFY, sizeof(uint16_t), &dev->notify_length);
	dev->isr = map_capability(dev, CAP_ISR, 1, &isr_length);
	dev->config = map_capability(dev, CAP_DEVICE, 1, &dev->config_length);
	return dev->notify && dev->isr && dev->config;
}

/* ---- status, features ---- */

static uint8_t status_read(const struct virtio_device *dev)
{
	return dev->modern ? read8(dev->common + COMMON_STATUS) : inb(dev->ports + LEGACY_STATUS);
}

static void status_write(const struct virtio_device *dev, uint8_t status)
{
	if (dev->modern)
		dev->common[COMMON_STATUS] = status;
	else
		outb(dev->ports + LEGACY_STATUS, status);
}

static void status_add(const struct virtio_device *dev, uint8_t bits)
{
	status_write(dev, status_read(dev) | bits);
}

void virtio_stop(struct virtio_device *dev)
{
	uint64_t end = time_system_ns() + RESET_TIMEOUT_NS;

	status_write(dev, 0);
	while (status_read(dev) && time_system_ns() < end)
		;
}

bool virtio_failed(const struct virtio_device *dev)
{
	return status_read(dev) & STATUS_NEEDS_RESET;
}

static uint64_t features_read(const struct virtio_device *dev)
{
	uint64_t features;

	if (!dev->modern)
		return inl(dev->ports + LEGACY_DEVICE_FEATURES);
	write32(dev->common + COMMON_DEVICE_SELECT, 0);
	features = read32(dev->common + COMMON_DEVICE_FEATURE);
	write32(dev->common + COMMON_DEVICE_SELECT, 1);
	return features | (uint64_t)read32(dev->common + COMMON_DEVICE_FEATURE) << 32;
}

static void features_write(const struct virtio_device *dev)
{
	if (!dev->modern) {
		outl(dev->ports + LEGACY_DRIVER_FEATURES, (uint32_t)dev->features);
		return;
	}
	write32(dev->common + COMMON_DRIVER_SELECT, 0);
	write32(dev->common + COMMON_DRIVER_FEATURE, (uint32_t)dev->features);
	write32(dev->common + COMMON_DRIVER_SELECT, 1);
	write32(dev->common + COMMON_DRIVER_FEATURE, (uint32_t)(dev->features >> 32));
}

/* Resets the device and agrees on dev->features; -EIO: it refuses. */
static int negotiate(struct virtio_device *dev)
{
	virtio_stop(dev);
	status_add(dev, STATUS_ACKNOWLEDGE);
	status_add(dev, STATUS_DRIVER);
	features_write(dev);
	if (!dev->modern)
		return 0;
	status_add(dev, STATUS_FEATURES_OK);
	return status_read(dev) & STATUS_FEATURES_OK ? 0 : -EIO;
}

int virtio_open(struct virtio_device *dev, struct pci_device *pci, uint64_t wanted)
{
	dev->pci = pci;
	pci_enable(pci);
	dev->modern = find_modern(dev);
	dev->ports = dev->modern ? 0 : pci_ports(pci, 0, LEGACY_MIN_PORTS);
	if (!dev->modern && !dev->ports) {
		pci_log(pci, "no registers that virtio's driver knows");
		return -ENODEV;
	}
	virtio_stop(dev);
	dev->features = features_read(dev) & (wanted | TRANSPORT_FEATURES);
	if (dev->modern && !virtio_has(dev, VIRTIO_F_VERSION_1)) {
		pci_log(pci, "modern registers of a device that is not");
		return -ENODEV;
	}
	if (!dev->modern)
		dev->features &= ~VIRTIO_BIT(VIRTIO_F_VERSION_1);
	if (!negotiate(dev))
		return 0;
	pci_log(pci, "the device refuses its own features");
	return -EIO;
}

/* ---- queues ---- */

struct queue {
	struct vring ring;
	struct virtio_device *dev;
	unsigned index;
	volatile uint8_t *notify;
};

static void notify(void *arg)
{
	const struct queue *q = arg;

	if (q->notify)
		write16(q->notify, (uint16_t)q->index);
	else
		outw(q->dev->ports + LEGACY_QUEUE_NOTIFY, (uint16_t)q->index);
}

static void queue_select(const struct virtio_device *dev, unsigned index)
{
	if (dev->modern)
		write16(dev->common + COMMON_QUEUE_SELECT, (uint16_t)index);
	else
		outw(dev->ports + LEGACY_QUEUE_SELECT, (uint16_t)index);
}

/* The queue's size as the device offers it. */
static unsigned queue_size(const struct virtio_device *dev)
{
	return dev->modern ? read16(dev->common + COMMON_QUEUE_SIZE)
			   : inw(dev->ports + LEGACY_QUEUE_SIZE);
}

/* Tells the device where the selected queue is; false: it would notify beyond what is mapped. */
static bool queue_install(struct queue *q)
{
	struct virtio_device *dev = q->dev;
	uint64_t at;

	queue_select(dev, q->index);
	if (!dev->modern) {
		outl(dev->ports + LEGACY_QUEUE_ADDRESS,
		     (uint32_t)(q->ring.desc_maddr >> PAGE_SHIFT));
		return true;
	}
	at = (uint64_t)read16(dev->common + COMMON_QUEUE_NOTIFY) * dev->notify_multiplier;
	if (at + sizeof(uint16_t) > dev->notify_length)
		return false;
	q->notify = dev->notify + at;
	write16(dev->common + COMMON_QUEUE_SIZE, (uint16_t)q->ring.size);
	write_address(dev->common + COMMON_QUEUE_DESC, q->ring.desc_maddr);
	write_address(dev->common + COMMON_QUEUE_DRIVER, q->ring.avail_maddr);
	write_address(dev->common + COMMON_QUEUE_DEVICE, q->ring.used_maddr);
	write16(dev->common + COMMON_QUEUE_ENABLE, 1);
	return true;
}

/* Tables as far as there is memory: without any, chains are short. */
static bool add_tables(struct vring *ring, unsigned tables)
{
	ring->tables = calloc(tables, sizeof(*ring->tables));
	ring->table_maddr = calloc(tables, sizeof(*ring->table_maddr));
	ring->free_table = calloc(tables, sizeof(*ring->free_table));
	if (!ring->tables || !ring->table_maddr || !ring->free_table)
		return false;
	for (; ring->nr_tables < tables; ring->nr_tables++) {
		unsigned i = ring->nr_tables;

		ring->tables[i] = dma_alloc(1, &ring->table_maddr[i]);
		if (!ring->tables[i])
			break;
	}
	return true;
}

/* The older layout has no way to choose a smaller size. */
static unsigned choose_size(const struct virtio_device *dev, unsigned max_size)
{
	unsigned size = queue_size(dev);

	if (!size || (size & (size - 1)) || size > 32768)
		return 0;
	if (!dev->modern)
		return size <= VRING_MAX_SIZE ? size : 0;
	while (size > max_size)
		size /= 2;
	return size;
}

static struct queue *queue_create(struct virtio_device *dev, unsigned index, unsigned max_size,
				  unsigned tables)
{
	struct queue *q = calloc(1, sizeof(*q));
	struct vring *ring = &q->ring;

	queue_select(dev, index);
	if (!q || !(ring->size = choose_size(dev, max_size)))
		return NULL;
	q->dev = dev;
	q->index = index;
	ring->event_idx = virtio_has(dev, VIRTIO_F_EVENT_IDX);
	ring->notify = notify;
	ring->notify_arg = q;
	ring->slots = calloc(ring->size, sizeof(*ring->slots));
	ring->desc = dma_alloc((unsigned)(vring_bytes(ring->size) / PAGE_SIZE), &ring->desc_maddr);
	if (!ring->slots || !ring->desc)
		return NULL;
	if (virtio_has(dev, VIRTIO_F_INDIRECT_DESC) && tables && !add_tables(ring, tables))
		return NULL;
	vring_init(ring);
	return q;
}

/* What is not used after a failure stays: it happens at the start, or never. */
struct vring *virtio_add_queue(struct virtio_device *dev, unsigned index, unsigned max_size,
			       unsigned tables)
{
	struct queue *q = queue_create(dev, index, max_size, tables);

	if (!q || !queue_install(q)) {
		pci_log(dev->pci, "queue %u cannot be set up", index);
		return NULL;
	}
	dev->queue[index] = &q->ring;
	return &q->ring;
}

void virtio_start(struct virtio_device *dev)
{
	status_add(dev, STATUS_DRIVER_OK);
}

int virtio_restart(struct virtio_device *dev)
{
	unsigned i;

	if (negotiate(dev))
		return -EIO;
	for (i = 0; i < VIRTIO_MAX_QUEUES; i++) {
		if (!dev->queue[i])
			continue;
		vring_init(dev->queue[i]);
		if (!queue_install(dev->queue[i]->notify_arg))
			return -EIO;
	}
	virtio_start(dev);
	return virtio_failed(dev) ? -EIO : 0;
}

/* ---- the device's configuration ---- */

static void config_read_once(const struct virtio_device *dev, unsigned offset, uint8_t *data,
			     size_t length)
{
	for (; length; length--, offset++, data++) {
		if (!dev->modern)
			*data = inb((uint16_t)(dev->ports + LEGACY_CONFIG + offset));
		else
			*data = offset < dev->config_length ? read8(dev->config + offset) : 0;
	}
}

void virtio_config_read(const struct virtio_device *dev, unsigned offset, void *data, size_t length)
{
	unsigned tries = 10;
	uint8_t generation;

	do {
		generation = dev->modern ? read8(dev->common + COMMON_GENERATION) : 0;
		config_read_once(dev, offset, data, length);
	} while (dev->modern && generation != read8(dev->common + COMMON_GENERATION) && --tries);
}

void virtio_config_write(const struct virtio_device *dev, unsigned offset, uint8_t value)
{
	if (!dev->modern)
		outb((uint16_t)(dev->ports + LEGACY_CONFIG + offset), value);
	else if (offset < dev->config_length)
		dev->config[offset] = value;
}

uint8_t virtio_isr(const struct virtio_device *dev)
{
	return dev->modern ? read8(dev->isr) : inb(dev->ports + LEGACY_ISR);
}
