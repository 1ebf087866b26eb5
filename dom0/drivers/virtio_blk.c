/* SPDX-License-Identifier: MIT */
/*
 * Disks of virtio (Virtual I/O Device 1.1, 5.2). A request is a chain of a header, its data, and a
 * status byte; header and status lie in a slot, of which there is one for each request under way.
 *
 * Requests are announced to the device once a turn of the loop, so that it sees those of one turn
 * together. A device that is stuck is reset and gets its requests again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/drivers/disk.h"
#include "dom0/drivers/dma.h"
#include "dom0/drivers/irq.h"
#include "dom0/drivers/virtio.h"
#include "guests/pvrt/mm.h"

#define DEVICE_MODERN 0x1042u
#define DEVICE_TRANSITIONAL 0x1001u

enum feature {
	BLK_F_SIZE_MAX = 1,
	BLK_F_SEG_MAX = 2,
	BLK_F_RO = 5,
	BLK_F_BLK_SIZE = 6,
	BLK_F_FLUSH = 9,
	BLK_F_TOPOLOGY = 10,
	BLK_F_DISCARD = 13,
};

#define WANTED                                                                               \
	(VIRTIO_BIT(BLK_F_SIZE_MAX) | VIRTIO_BIT(BLK_F_SEG_MAX) | VIRTIO_BIT(BLK_F_RO) |     \
	 VIRTIO_BIT(BLK_F_BLK_SIZE) | VIRTIO_BIT(BLK_F_FLUSH) | VIRTIO_BIT(BLK_F_TOPOLOGY) | \
	 VIRTIO_BIT(BLK_F_DISCARD))

/* Offsets in the device's configuration. */
enum config {
	CONFIG_CAPACITY = 0,
	CONFIG_SIZE_MAX = 8,
	CONFIG_SEG_MAX = 12,
	CONFIG_BLK_SIZE = 20,
	CONFIG_PHYSICAL_EXPONENT = 24,
	CONFIG_MAX_DISCARD = 36,
};

enum type { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4, TYPE_DISCARD = 11 };
enum status { STATUS_OK = 0, STATUS_IOERR = 1, STATUS_UNSUPPORTED = 2, STATUS_NONE = 0xff };

#define QUEUE_SIZE 256u
#define TABLES 32u
#define SLOTS 128u
#define FRAME_BUFFERS 2u /* header and status */

/* What the device sees of a slot. */
struct frame {
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header;
	struct {
		uint64_t sector;
		uint32_t count, flags;
	} discard;
	volatile uint8_t status;
	uint8_t reserved[31];
};
_Static_assert(sizeof(struct frame) == 64, "frames do not cross pages");

struct slot {
	struct slot *next;
	struct block_request *req; /* NULL: free */
	struct frame *frame;
	uint64_t frame_maddr;
	uint64_t started;
	uint32_t done; /* sectors of a discard */
	unsigned tries;
};

struct disk {
	struct block_device block;
	struct virtio_device virtio;
	struct vring *ring;
	struct slot slots[SLOTS], *free, *again; /* again: after a reset */
	struct loop_work kick;
	struct disk_watch watch;
	uint32_t size_max, max_discard;
};

/* ---- requests ---- */

/* Pieces next to each other in the machine are one buffer. */
static unsigned add_data(const struct disk *disk, struct vring_buffer *buffers,
			 const struct block_request *req)
{
	unsigned count = 0, i;

	for (i = 0; i < req->nr_segments; i++) {
		const struct block_segment *s = &req->segments[i];
		struct vring_buffer *last = count ? &buffers[count - 1] : NULL;

		if (last && last->maddr + last->length == s->maddr &&
		    last->length + s->length <= disk->size_max)
			last->length += s->length;
		else
			buffers[count++] = (struct vring_buffer){ s->maddr, s->length };
	}
	return count;
}

static void prepare_discard(const struct disk *disk, struct slot *slot)
{
	uint32_t left = slot->req->count - slot->done;

	slot->frame->discard.sector = slot->req->sector + slot->done;
	slot->frame->discard.count = left < disk->max_discard ? left : disk->max_discard;
	slot->frame->discard.flags = 0;
}

static enum type type_of(const struct block_request *req)
{
	static const enum type types[] = { [BLOCK_READ] = TYPE_IN,
					   [BLOCK_WRITE] = TYPE_OUT,
					   [BLOCK_FLUSH] = TYPE_FLUSH,
					   [BLOCK_DISCARD] = TYPE_DISCARD };

	return types[req->op];
}

/* Puts the slot's request into the ring; false: no room. */
static bool slot_start(struct disk *disk, struct slot *slot)
{
	static struct vring_buffer buffers[VRING_TABLE_ENTRIES];
	const struct block_request *req = slot->req;
	struct frame *frame = slot->frame;
	unsigned count = 1, nr_out;

	frame->header.type = type_of(req);
	frame->header.sector = req->op == BLOCK_READ || req->op == BLOCK_WRITE ? req->sector : 0;
	frame->status = STATUS_NONE;
	buffers[0] = (struct vring_buffer){ slot->frame_maddr, sizeof(frame->header) };
	if (req->op == BLOCK_DISCARD) {
		prepare_discard(disk, slot);
		buffers[count++] =
			(struct vring_buffer){ slot->frame_maddr + offsetof(struct frame, discard),
					       sizeof(frame->discard) };
	} else {
		count += add_data(disk, buffers + 1, req);
	}
	nr_out = req->op == BLOCK_READ ? 1 : count;
	buffers[count++] =
		(struct vring_buffer){ slot->frame_maddr + offsetof(struct frame, status),
				       sizeof(frame->status) };
	if (!vring_add(disk->ring, buffers, nr_out, count - nr_out, slot))
		return false;
	slot->started = loop_now();
	loop_work_queue(&disk->kick);
	return true;
}

static bool submit(struct block_device *block, struct block_request *req)
{
	struct disk *disk = block->driver;
	struct slot *slot = disk->free;

	if (!slot || disk->again)
		return false;
	slot->req = req;
	slot->done = 0;
	slot->tries = 1;
	if (!slot_start(disk, slot)) {
		slot->req = NULL;
		return false;
	}
	disk->free = slot->next;
	disk_watch_start(&disk->watch);
	return true;
}

static const struct block_ops ops = { .submit = submit };

static void kick(void *arg)
{
	struct disk *disk = arg;

	vring_kick(disk->ring);
}

static void slot_end(struct disk *disk, struct slot *slot, int error)
{
	struct block_request *req = slot->req;

	slot->req = NULL;
	slot->next = disk->free;
	disk->free = slot;
	block_complete(req, error);
}

/* ---- reset ---- */

/* Nothing of the device can be trusted any more; it no longer reaches memory. */
static void give_up(struct disk *disk)
{
	unsigned i;

	pci_log(disk->virtio.pci, "%s does not come back after a reset, given up",
		disk->block.name);
	pci_disable(disk->virtio.pci);
	disk_watch_stop(&disk->watch);
	disk->ring->broken = true;
	disk->again = NULL;
	block_unregister(&disk->block);
	for (i = 0; i < SLOTS; i++)
		if (disk->slots[i].req)
			slot_end(disk, &disk->slots[i], -EIO);
}

/* Requests from before the reset come first; new ones wait until they are all under way. */
static void start_again(struct disk *disk)
{
	while (disk->again && slot_start(disk, disk->again))
		disk->again = disk->again->next;
}

static void reset(struct disk *disk, const char *why)
{
	struct slot *slot;
	unsigned i;

	disk_tell(&disk->watch, disk->block.name, why);
	virtio_stop(&disk->virtio);
	loop_work_cancel(&disk->kick);
	if (virtio_restart(&disk->virtio)) {
		give_up(disk);
		return;
	}
	vring_enable_interrupts(disk->ring);
	disk->again = NULL;
	for (i = SLOTS; i--;) {
		slot = &disk->slots[i];
		if (!slot->req || slot->tries++ >= DISK_TRIES)
			continue;
		slot->started = loop_now();
		slot->next = disk->again;
		disk->again = slot;
	}
	start_again(disk);
	for (i = 0; i < SLOTS; i++)
		if (disk->slots[i].req && disk->slots[i].tries > DISK_TRIES)
			slot_end(disk, &disk->slots[i], -EIO);
}

/* ---- completions ---- */

static void slot_done(struct disk *disk, struct slot *slot)
{
	uint8_t status = slot->frame->status;

	if (status == STATUS_OK && slot->req->op == BLOCK_DISCARD) {
		slot->done += slot->frame->discard.count;
		/* Its own descriptors have just become free. */
		if (slot->done < slot->req->count && slot_start(disk, slot))
			return;
	}
	if (status == STATUS_UNSUPPORTED)
		slot_end(disk, slot, -EOPNOTSUPP);
	else
		slot_end(disk, slot, status == STATUS_OK ? 0 : -EIO);
}

static void take_done(struct disk *disk)
{
	struct slot *slot;
	uint32_t length;

	do {
		while ((slot = vring_get(disk->ring, &length)))
			slot_done(disk, slot);
	} while (!disk->ring->broken && !vring_enable_interrupts(disk->ring));
	if (disk->again)
		start_again(disk);
	if (disk->ring->broken && !disk->block.failed)
		reset(disk, "its answers make no sense, resetting it");
}

static bool interrupt(void *arg)
{
	struct disk *disk = arg;

	if (!virtio_isr(&disk->virtio))
		return false;
	disk_watch_interrupt(&disk->watch);
	take_done(disk);
	return true;
}

/* ---- supervision ---- */

static bool watch_is_waiting(void *arg)
{
	const struct disk *disk = arg;

	return vring_is_waiting(disk->ring);
}

static void watch_take(void *arg)
{
	take_done(arg);
}

static bool is_stuck(const struct disk *disk)
{
	uint64_t now = loop_now();
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		if (disk->slots[i].req && now - disk->slots[i].started > disk_timeout_ns)
			return true;
	return false;
}

static bool watch_check(void *arg)
{
	struct disk *disk = arg;

	if (disk->block.failed)
		return false;
	if (virtio_failed(&disk->virtio))
		reset(disk, "it asks for a reset");
	else if (is_stuck(disk))
		reset(disk, "a request takes too long, resetting it");
	return vring_in_flight(disk->ring) && !disk->block.failed;
}

static const struct disk_watch_ops watch_ops = { watch_is_waiting, watch_take, watch_check };

/* ---- start ---- */

static uint32_t config32(const struct disk *disk, enum config offset)
{
	uint32_t value;

	virtio_config_read(&disk->virtio, offset, &value, sizeof(value));
	return value;
}

static void read_limits(struct disk *disk)
{
	struct block_device *block = &disk->block;
	unsigned most = vring_max_buffers(disk->ring);

	block->max_segments =
		(most < VRING_TABLE_ENTRIES ? most : VRING_TABLE_ENTRIES) - FRAME_BUFFERS;
	if (virtio_has(&disk->virtio, BLK_F_SEG_MAX) &&
	    config32(disk, CONFIG_SEG_MAX) < block->max_segments)
		block->max_segments = config32(disk, CONFIG_SEG_MAX);
	block->max_sectors = block->max_segments * (PAGE_SIZE / BLOCK_SECTOR);
	disk->size_max = ~0u;
	if (virtio_has(&disk->virtio, BLK_F_SIZE_MAX))
		disk->size_max = config32(disk, CONFIG_SIZE_MAX);
	disk->max_discard = ~0u;
	if (virtio_has(&disk->virtio, BLK_F_DISCARD))
		disk->max_discard = config32(disk, CONFIG_MAX_DISCARD);
}

static void read_geometry(struct disk *disk)
{
	struct block_device *block = &disk->block;
	uint8_t exponent = 0;

	virtio_config_read(&disk->virtio, CONFIG_CAPACITY, &block->sectors, sizeof(block->sectors));
	block->sector_size = BLOCK_SECTOR;
	if (virtio_has(&disk->virtio, BLK_F_BLK_SIZE))
		block->sector_size = config32(disk, CONFIG_BLK_SIZE);
	if (virtio_has(&disk->virtio, BLK_F_TOPOLOGY))
		virtio_config_read(&disk->virtio, CONFIG_PHYSICAL_EXPONENT, &exponent, 1);
	block->physical_size = block->sector_size << (exponent < 8 ? exponent : 0);
	block->read_only = virtio_has(&disk->virtio, BLK_F_RO);
	block->has_flush = virtio_has(&disk->virtio, BLK_F_FLUSH);
	block->has_discard = virtio_has(&disk->virtio, BLK_F_DISCARD) && disk->max_discard;
}

static bool slots_init(struct disk *disk)
{
	uint64_t maddr;
	struct frame *frames =
		dma_alloc((SLOTS * sizeof(*frames) + PAGE_SIZE - 1) / PAGE_SIZE, &maddr);
	unsigned i;

	if (!frames)
		return false;
	for (i = SLOTS; i--;) {
		disk->slots[i].frame = &frames[i];
		disk->slots[i].frame_maddr = maddr + i * sizeof(*frames);
		disk->slots[i].next = disk->free;
		disk->free = &disk->slots[i];
	}
	return true;
}

static int start(struct disk *disk, struct pci_device *pci)
{
	int rc = virtio_open(&disk->virtio, pci, WANTED);

	if (rc)
		return rc;
	disk->ring = virtio_add_queue(&disk->virtio, 0, QUEUE_SIZE, TABLES);
	if (!disk->ring || !slots_init(disk))
		return -ENOMEM;
	read_limits(disk);
	read_geometry(disk);
	if (disk->size_max < PAGE_SIZE) {
		pci_log(pci, "takes only %u bytes in a piece", (unsigned)disk->size_max);
		return -EINVAL;
	}
	disk->block.ops = &ops;
	disk->block.driver = disk;
	loop_work_init(&disk->kick, kick, disk);
	virtio_start(&disk->virtio);
	vring_enable_interrupts(disk->ring);
	rc = irq_attach(pci, interrupt, disk);
	disk_watch_init(&disk->watch, pci, &watch_ops, disk, !rc);
	if (rc)
		pci_log(pci, "no interrupt, looked after by a timer: %s", strerror(-rc));
	return disk_register(&disk->block, "vd",
			     disk->virtio.modern ? "virtio-blk" : "virtio-blk (legacy)");
}

/* A device that fails here is reset, so that it does nothing more. */
static int probe(struct pci_device *pci)
{
	struct disk *disk = calloc(1, sizeof(*disk));
	int rc = disk ? start(disk, pci) : -ENOMEM;

	if (rc && disk) {
		irq_detach(pci);
		if (disk->virtio.common || disk->virtio.ports)
			virtio_stop(&disk->virtio);
		pci_disable(pci);
		free(disk);
	}
	return rc;
}

static const struct pci_match match[] = {
	{ VIRTIO_VENDOR, DEVICE_MODERN, 0, 0 },
	{ VIRTIO_VENDOR, DEVICE_TRANSITIONAL, 0, 0 },
	{ 0, 0, 0, 0 },
};

const struct pci_driver virtio_blk_driver = { "virtio-blk", match, probe };
