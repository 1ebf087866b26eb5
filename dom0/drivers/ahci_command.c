/* SPDX-License-Identifier: MIT */
/*
 * Requests to AHCI disks: see ahci.h for who waits for whom. Commands and register layout: ATA/ATAPI
 * Command Set 3, Serial ATA 3.0 chapter 10, AHCI 1.3.1 chapters 4 and 5.
 *
 * What was submitted in one turn of the loop is announced to the controller together.
 */
#include <errno.h>
#include <string.h>

#include "dom0/drivers/ahci.h"

enum command {
	COMMAND_DISCARD = 0x06,
	COMMAND_READ = 0x25,
	COMMAND_WRITE = 0x35,
	COMMAND_READ_QUEUED = 0x60,
	COMMAND_WRITE_QUEUED = 0x61,
	COMMAND_READ_28 = 0xc8,
	COMMAND_WRITE_28 = 0xca,
	COMMAND_FLUSH = 0xe7,
	COMMAND_FLUSH_EXT = 0xea,
	COMMAND_IDENTIFY = 0xec,
};

#define FIS_REGISTERS 0x27
#define FIS_COMMAND 0x80
#define DEVICE_LBA 0x40
#define FEATURE_TRIM 1
#define TAG_SHIFT 3

/* A discard: one block of ranges, each of 48 bits of address and 16 of length. */
#define RANGE_BLOCK 512u
#define RANGE_MAX 65535u
#define RANGES (RANGE_BLOCK / sizeof(uint64_t))

#define for_each_bit(bit, mask)                                                             \
	for (uint32_t left_ = (mask); left_ && ((bit) = (unsigned)__builtin_ctz(left_), 1); \
	     left_ &= left_ - 1)

/* ---- frames ---- */

struct task {
	enum command command;
	uint16_t features, count;
	uint64_t lba;
	uint8_t device;
};

static void write_fis(struct ahci_port *port, unsigned number, const struct task *task)
{
	uint8_t *fis = port->table[number]->fis;
	unsigned i;

	memset(fis, 0, HEADER_FIS_WORDS * sizeof(uint32_t));
	fis[0] = FIS_REGISTERS;
	fis[1] = FIS_COMMAND;
	fis[2] = (uint8_t)task->command;
	fis[3] = (uint8_t)task->features;
	fis[11] = (uint8_t)(task->features >> 8);
	for (i = 0; i < 3; i++) {
		fis[4 + i] = (uint8_t)(task->lba >> (8 * i));
		fis[8 + i] = (uint8_t)(task->lba >> (24 + 8 * i));
	}
	fis[7] = task->device;
	fis[12] = (uint8_t)task->count;
	fis[13] = (uint8_t)(task->count >> 8);
}

static void write_header(struct ahci_port *port, unsigned number, unsigned nr_pieces, bool write)
{
	struct ahci_header *header = &port->list[number];

	header->flags = (uint16_t)(HEADER_FIS_WORDS | (write ? HEADER_WRITE : 0));
	header->nr_pieces = (uint16_t)nr_pieces;
	header->bytes = 0;
}

static void set_piece(struct ahci_port *port, unsigned number, unsigned index, uint64_t address,
		      uint32_t length)
{
	port->table[number]->pieces[index] =
		(struct ahci_piece){ .address = address, .last_byte = length - 1 };
}

/* ---- what a request becomes ---- */

static void prepare_data(struct ahci_port *port, unsigned number, struct task *task)
{
	const struct ahci_slot *slot = &port->slot[number];
	const struct block_request *req = slot->req;
	bool write = req->op == BLOCK_WRITE;
	unsigned i;

	task->lba = req->sector / port->unit;
	task->count = (uint16_t)(req->count / port->unit);
	task->device = DEVICE_LBA;
	if (slot->queued) {
		task->command = write ? COMMAND_WRITE_QUEUED : COMMAND_READ_QUEUED;
		task->features = task->count;
		task->count = (uint16_t)(number << TAG_SHIFT);
	} else if (port->lba48) {
		task->command = write ? COMMAND_WRITE : COMMAND_READ;
	} else {
		/* 256 sectors are 0 there, and the address ends in the device's register. */
		task->command = write ? COMMAND_WRITE_28 : COMMAND_READ_28;
		task->count &= 0xff;
		task->device |= (uint8_t)(task->lba >> 24 & 0xf);
		task->lba &= 0xffffff;
	}
	for (i = 0; i < req->nr_segments; i++)
		set_piece(port, number, i, req->segments[i].maddr, req->segments[i].length);
	write_header(port, number, req->nr_segments, write);
}

/* As much as one block of ranges holds; slot->done says how far it got. */
static void prepare_discard(struct ahci_port *port, unsigned number, struct task *task)
{
	struct ahci_slot *slot = &port->slot[number];
	uint64_t *range = (uint64_t *)port->buffer;
	uint32_t all = slot->req->count / port->unit, n;
	uint64_t lba = slot->req->sector / port->unit;
	unsigned i;

	memset(range, 0, RANGE_BLOCK);
	for (i = 0; i < RANGES && slot->done < all; i++, slot->done += n) {
		n = all - slot->done < RANGE_MAX ? all - slot->done : RANGE_MAX;
		range[i] = (lba + slot->done) | (uint64_t)n << 48;
	}
	task->command = COMMAND_DISCARD;
	task->features = FEATURE_TRIM;
	task->count = 1;
	task->device = DEVICE_LBA;
	set_piece(port, number, 0, port->buffer_maddr, RANGE_BLOCK);
	write_header(port, number, 1, true);
}

static void prepare_flush(struct ahci_port *port, unsigned number, struct task *task)
{
	task->command = port->flush_ext ? COMMAND_FLUSH_EXT : COMMAND_FLUSH;
	task->device = DEVICE_LBA;
	write_header(port, number, 0, false);
}

static void collect(struct ahci_port *port, unsigned number)
{
	struct ahci_slot *slot = &port->slot[number];
	struct task task = { 0 };

	if (slot->req->op == BLOCK_FLUSH)
		prepare_flush(port, number, &task);
	else if (slot->req->op == BLOCK_DISCARD)
		prepare_discard(port, number, &task);
	else
		prepare_data(port, number, &task);
	write_fis(port, number, &task);
	slot->started = loop_now();
	port->collected |= 1u << number;
	loop_work_queue(&port->kick);
	disk_watch_start(&port->watch);
}

/* ---- starting ---- */

static void kick(void *arg)
{
	struct ahci_port *port = arg;
	uint32_t queued = 0;
	unsigned i;

	if (port->state != AHCI_RUNNING || !port->collected)
		return;
	for_each_bit(i, port->collected) queued |= (uint32_t)port->slot[i].queued << i;
	port->issued |= port->collected;
	if (queued)
		port_write(port, PORT_SACT, queued);
	port_write(port, PORT_CI, port->collected);
	port->collected = 0;
}

/* Something that is not queued has the disk for itself. */
static bool runs_alone(const struct ahci_port *port)
{
	uint32_t busy = port->collected | port->issued;

	return busy && !port->slot[__builtin_ctz(busy)].queued;
}

static void start_waiting(struct ahci_port *port)
{
	unsigned number;

	if (port->state != AHCI_RUNNING || !port->waiting || port->collected || port->issued)
		return;
	number = (unsigned)__builtin_ctz(port->waiting);
	port->waiting &= port->waiting - 1;
	port->slot[number].queued = false;
	collect(port, number);
}

void ahci_run(struct ahci_port *port)
{
	start_waiting(port);
	if (port->state == AHCI_RUNNING && port->known)
		block_kick(&port->block);
}

/* The lowest free slot; port->depth: none. */
static unsigned find_slot(const struct ahci_port *port)
{
	unsigned i;

	for (i = 0; i < port->depth && port->slot[i].req; i++)
		;
	return i;
}

static bool submit(struct block_device *block, struct block_request *req)
{
	struct ahci_port *port = block->driver;
	unsigned number = find_slot(port);
	bool data = req->op == BLOCK_READ || req->op == BLOCK_WRITE;

	if (port->state != AHCI_RUNNING || port->waiting || number == port->depth ||
	    runs_alone(port))
		return false;
	port->slot[number] =
		(struct ahci_slot){ .req = req, .tries = 1, .queued = data && port->queues };
	if (port->slot[number].queued) {
		collect(port, number);
		return true;
	}
	port->waiting |= 1u << number;
	start_waiting(port);
	return true;
}

const struct block_ops ahci_block_ops = { .submit = submit };

void ahci_identify(struct ahci_port *port)
{
	struct task task = { .command = COMMAND_IDENTIFY };

	set_piece(port, 0, 0, port->buffer_maddr, sizeof(port->identity));
	write_header(port, 0, 1, false);
	write_fis(port, 0, &task);
	port_write(port, PORT_CI, 1);
}

/* ---- the end ---- */

static void slot_end(struct ahci_port *port, unsigned number, int error)
{
	struct block_request *req = port->slot[number].req;

	port->slot[number].req = NULL;
	block_complete(req, error);
}

static void slot_done(struct ahci_port *port, unsigned number)
{
	struct ahci_slot *slot = &port->slot[number];

	if (slot->req->op == BLOCK_DISCARD && slot->done < slot->req->count / port->unit)
		collect(port, number);
	else
		slot_end(port, number, 0);
}

static uint32_t done_slots(const struct ahci_port *port)
{
	return port->issued & ~(port_read(port, PORT_SACT) | port_read(port, PORT_CI));
}

static void take_done(struct ahci_port *port)
{
	uint32_t done = done_slots(port);
	unsigned i;

	port->issued &= ~done;
	for_each_bit(i, done) slot_done(port, i);
}

void ahci_requeue(struct ahci_port *port, bool disk_refused)
{
	uint32_t lost = port->issued | port->collected;
	unsigned i;

	port->issued = port->collected = 0;
	loop_work_cancel(&port->kick);
	for_each_bit(i, lost)
	{
		struct ahci_slot *slot = &port->slot[i];

		slot->done = 0;
		if ((disk_refused && !slot->queued) || slot->tries++ >= DISK_TRIES)
			slot_end(port, i, -EIO);
		else
			port->waiting |= 1u << i;
	}
}

void ahci_fail_all(struct ahci_port *port)
{
	unsigned i;

	port->issued = port->collected = port->waiting = 0;
	loop_work_cancel(&port->kick);
	disk_watch_stop(&port->watch);
	for (i = 0; i < AHCI_SLOTS; i++)
		if (port->slot[i].req)
			slot_end(port, i, -EIO);
}

/*
 * The disk has refused a command: one that ran alone is known, and has failed, whatever the
 * controller says of it. Of queued ones each is tried alone, after a reset that ends the queue.
 */
static void disk_refused(struct ahci_port *port)
{
	if (!runs_alone(port)) {
		take_done(port);
		ahci_port_reset(port, "an error, resetting it");
	} else if (ahci_port_clear(port)) {
		ahci_requeue(port, true);
		ahci_run(port);
	} else {
		ahci_requeue(port, true);
		ahci_port_reset(port, "an error that stays, resetting it");
	}
}

void ahci_port_interrupt(struct ahci_port *port)
{
	uint32_t causes = port_read(port, PORT_IS);

	port_write(port, PORT_IS, causes);
	ahci_write(port->hba, AHCI_IS, 1u << port->number);
	if (port->state != AHCI_RUNNING)
		return;
	if (causes & IS_BROKEN) {
		ahci_port_reset(port, "the link or a transfer failed, resetting it");
	} else if (causes & IS_TASK_FILE) {
		disk_refused(port);
	} else {
		take_done(port);
		ahci_run(port);
	}
}

/* ---- supervision ---- */

static bool watch_is_waiting(void *arg)
{
	const struct ahci_port *port = arg;

	return port->state == AHCI_RUNNING &&
	       (port_read(port, PORT_IS) & (IS_DONE | IS_TASK_FILE | IS_BROKEN));
}

static void watch_take(void *arg)
{
	ahci_port_interrupt(arg);
}

static bool is_stuck(const struct ahci_port *port)
{
	uint64_t now = loop_now();
	unsigned i;

	for_each_bit(i,
		     port->issued) if (now - port->slot[i].started > disk_timeout_ns) return true;
	return false;
}

static bool watch_check(void *arg)
{
	struct ahci_port *port = arg;

	if (port->state == AHCI_RUNNING && is_stuck(port))
		ahci_port_reset(port, "a request takes too long, resetting it");
	return port->state != AHCI_OFF && (port->issued | port->collected | port->waiting);
}

static const struct disk_watch_ops watch_ops = { watch_is_waiting, watch_take, watch_check };

void ahci_command_init(struct ahci_port *port, bool has_interrupt)
{
	loop_work_init(&port->kick, kick, port);
	disk_watch_init(&port->watch, port->hba->pci, &watch_ops, port, has_interrupt);
}
