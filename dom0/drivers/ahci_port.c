/* SPDX-License-Identifier: MIT */
/*
 * A port from its reset to a disk (AHCI 1.3.1, 10.1 and 10.4.2): the link's reset, the disk's first
 * word, IDENTIFY DEVICE. The same way is taken after errors; a disk that is another one then, or does
 * not answer any more, is given up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/drivers/ahci.h"
#include "dom0/drivers/dma.h"
#include "dom0/drivers/irq.h"
#include "guests/pvrt/time.h"

#define STEP_NS (1 * NS_PER_MS)
#define RESET_NS (2 * NS_PER_MS)
#define LINK_NS (1000 * NS_PER_MS)
#define READY_NS (30 * NS_PER_S)
#define IDENTIFY_NS (10000 * NS_PER_MS)
#define STOP_NS (500 * NS_PER_MS)

#define FIS_OFFSET 1024u /* behind the command list, in its page */

static void step(void *arg);

/* ---- the port's engines ---- */

static bool wait_command(const struct ahci_port *port, uint32_t bits)
{
	uint64_t end = loop_now() + STOP_NS;

	while (port_read(port, PORT_CMD) & bits)
		if (loop_now() > end)
			return false;
	return true;
}

/* Stops commands and answers: false if the controller goes on to reach memory. */
static bool stop_engines(const struct ahci_port *port)
{
	port_write(port, PORT_IE, 0);
	port_write(port, PORT_CMD, port_read(port, PORT_CMD) & ~CMD_START);
	if (!wait_command(port, CMD_LIST_RUNS))
		return false;
	port_write(port, PORT_CMD, port_read(port, PORT_CMD) & ~CMD_FIS);
	return wait_command(port, CMD_FIS_RUNS);
}

static void write_address(const struct ahci_port *port, enum port_register reg, uint64_t address)
{
	port_write(port, reg, (uint32_t)address);
	port_write(port, reg + 4, (uint32_t)(address >> 32));
}

/* Answers are received; commands not yet. */
static void start_answers(const struct ahci_port *port)
{
	write_address(port, PORT_LIST, port->list_maddr);
	write_address(port, PORT_FIS, port->list_maddr + FIS_OFFSET);
	port_write(port, PORT_CMD, port_read(port, PORT_CMD) | CMD_FIS | CMD_SPIN_UP | CMD_POWER);
}

static void start_commands(const struct ahci_port *port)
{
	port_write(port, PORT_SERR, ~0u);
	port_write(port, PORT_IS, ~0u);
	port_write(port, PORT_IE, IS_DONE | IS_TASK_FILE | IS_BROKEN);
	port_write(port, PORT_CMD, port_read(port, PORT_CMD) | CMD_START);
}

/* ---- states ---- */

static void enter(struct ahci_port *port, enum ahci_state state, uint64_t ns)
{
	port->state = state;
	port->deadline = loop_now() + ns;
	loop_timer_set(&port->timer, STEP_NS, step, port);
}

static void give_up(struct ahci_port *port, const char *why)
{
	bool was_known = port->known;

	if (was_known || why)
		pci_log(port->hba->pci, "port %u: %s", port->number,
			why ? why : "no disk any more");
	/* Other ports lose the controller too, which reaches memory that is not its own any more. */
	if (!stop_engines(port)) {
		pci_log(port->hba->pci, "port %u does not stop, the controller is cut off",
			port->number);
		pci_disable(port->hba->pci);
	}
	port->state = AHCI_OFF;
	port->known = false;
	if (was_known)
		block_unregister(&port->block);
	ahci_fail_all(port);
	if (!was_known)
		block_probe_end();
}

static void begin_reset(struct ahci_port *port)
{
	if (!stop_engines(port)) {
		give_up(port, "the controller does not stop");
		return;
	}
	start_answers(port);
	port_write(port, PORT_SCTL, (port_read(port, PORT_SCTL) & ~0xfu) | DET_RESET);
	enter(port, AHCI_RESET, RESET_NS);
}

void ahci_port_reset(struct ahci_port *port, const char *why)
{
	disk_tell(&port->watch, port->block.name, why);
	begin_reset(port);
	if (port->state != AHCI_OFF)
		ahci_requeue(port, false);
}

bool ahci_port_clear(struct ahci_port *port)
{
	port_write(port, PORT_CMD, port_read(port, PORT_CMD) & ~CMD_START);
	if (!wait_command(port, CMD_LIST_RUNS) || (port_read(port, PORT_TFD) & TFD_BUSY))
		return false;
	start_commands(port);
	return true;
}

/* ---- memory ---- */

/* Slots from..to-1 get a table, unless they have one. Empty ports do not come so far. */
static bool alloc_tables(struct ahci_port *port, unsigned from, unsigned to)
{
	for (; from < to; from++) {
		if (port->table[from])
			continue;
		port->table[from] = dma_alloc(1, &port->list[from].table);
		if (!port->table[from])
			return false;
	}
	if (!port->buffer)
		port->buffer = dma_alloc(1, &port->buffer_maddr);
	return port->buffer;
}

/* ---- what the disk says (IDENTIFY DEVICE, words) ---- */

enum word {
	WORD_GENERAL = 0,
	WORD_SERIAL = 10,
	WORD_MODEL = 27,
	WORD_LBA28 = 60,
	WORD_QUEUE_DEPTH = 75,
	WORD_SATA = 76,
	WORD_COMMANDS = 83,
	WORD_LBA48 = 100,
	WORD_SECTOR_SIZE = 106,
	WORD_LOGICAL_WORDS = 117,
	WORD_DISCARD = 169,
};

static bool bit(const uint16_t *words, enum word word, unsigned bit)
{
	return words[word] >> bit & 1;
}

static uint32_t pair(const uint16_t *words, enum word word)
{
	return words[word] | (uint32_t)words[word + 1] << 16;
}

static void read_sizes(struct ahci_port *port, const uint16_t *words)
{
	struct block_device *block = &port->block;
	uint64_t sectors;

	port->lba48 = bit(words, WORD_COMMANDS, 10);
	sectors = port->lba48
			  ? pair(words, WORD_LBA48) | (uint64_t)pair(words, WORD_LBA48 + 2) << 32
			  : pair(words, WORD_LBA28);
	block->sector_size = BLOCK_SECTOR;
	block->physical_size = BLOCK_SECTOR;
	if ((words[WORD_SECTOR_SIZE] & 0xc000) == 0x4000) {
		if (bit(words, WORD_SECTOR_SIZE, 12))
			block->sector_size = 2 * pair(words, WORD_LOGICAL_WORDS);
		block->physical_size = block->sector_size;
		if (bit(words, WORD_SECTOR_SIZE, 13))
			block->physical_size <<= words[WORD_SECTOR_SIZE] & 0xf;
	}
	port->unit = block->sector_size == 4096 ? 8 : 1;
	block->sectors = (sectors & 0xffffffffffffULL) * port->unit;
}

static void read_abilities(struct ahci_port *port, const uint16_t *words)
{
	struct block_device *block = &port->block;
	unsigned slots = CAP_SLOTS(port->hba->capabilities), depth;

	port->queues = port->lba48 && (port->hba->capabilities & CAP_QUEUE) &&
		       words[WORD_SATA] != 0xffff && bit(words, WORD_SATA, 8);
	depth = (words[WORD_QUEUE_DEPTH] & 0x1f) + 1u;
	port->depth = !port->queues ? 1 : depth < slots ? depth : slots;
	port->flush_ext = port->lba48 && bit(words, WORD_COMMANDS, 13);
	block->has_flush = true;
	block->has_discard = port->lba48 && bit(words, WORD_DISCARD, 0);
	block->max_segments = AHCI_PIECES;
	block->max_sectors = port->lba48 ? AHCI_PIECES * (PAGE_SIZE / BLOCK_SECTOR) : 256;
}

static void read_identity(struct ahci_port *port)
{
	read_sizes(port, port->identity);
	read_abilities(port, port->identity);
	port->block.ops = &ahci_block_ops;
	port->block.driver = port;
}

static bool is_same_disk(const struct ahci_port *port, const uint16_t *words)
{
	return !memcmp(words + WORD_SERIAL, port->identity + WORD_SERIAL, 20) &&
	       !memcmp(words + WORD_MODEL, port->identity + WORD_MODEL, 40) &&
	       !memcmp(words + WORD_LBA28, port->identity + WORD_LBA28, 4) &&
	       !memcmp(words + WORD_LBA48, port->identity + WORD_LBA48, 8);
}

static void identified(struct ahci_port *port)
{
	uint16_t words[256];

	memcpy(words, port->buffer, sizeof(words));
	if (bit(words, WORD_GENERAL, 15)) {
		give_up(port, "what is there is no disk");
		return;
	}
	port->state = AHCI_RUNNING;
	if (port->known) {
		if (!is_same_disk(port, words))
			give_up(port, "another disk than before the reset, not used");
		else
			ahci_run(port);
		return;
	}
	memcpy(port->identity, words, sizeof(words));
	read_identity(port);
	if (!alloc_tables(port, 1, port->depth)) {
		give_up(port, "not enough memory");
		return;
	}
	port->known = !disk_register(&port->block, "sd", port->queues ? "AHCI" : "AHCI, no queue");
	if (!port->known)
		port->state = AHCI_OFF;
	block_probe_end();
}

/* ---- one step ---- */

static void step_ready(struct ahci_port *port)
{
	if (port_read(port, PORT_TFD) & TFD_BUSY)
		return;
	if (port_read(port, PORT_SIGNATURE) != SIGNATURE_ATA) {
		give_up(port, NULL);
		return;
	}
	if (!alloc_tables(port, 0, 1)) {
		give_up(port, "not enough memory");
		return;
	}
	start_commands(port);
	ahci_identify(port);
	enter(port, AHCI_IDENTIFY, IDENTIFY_NS);
}

static void step_identify(struct ahci_port *port)
{
	if (port_read(port, PORT_TFD) & TFD_ERROR)
		give_up(port, "it does not say what it is");
	else if (!(port_read(port, PORT_CI) & 1))
		identified(port);
}

static void step_state(struct ahci_port *port)
{
	switch (port->state) {
	case AHCI_RESET:
		port_write(port, PORT_SCTL, port_read(port, PORT_SCTL) & ~0xfu);
		enter(port, AHCI_LINK, LINK_NS);
		break;
	case AHCI_LINK:
		if (DET(port_read(port, PORT_SSTS)) != DET_UP)
			break;
		port_write(port, PORT_SERR, ~0u);
		enter(port, AHCI_READY, READY_NS);
		break;
	case AHCI_READY:
		step_ready(port);
		break;
	case AHCI_IDENTIFY:
		step_identify(port);
		break;
	case AHCI_OFF:
	case AHCI_RUNNING:
		break;
	}
}

static bool is_changing(const struct ahci_port *port)
{
	return port->state != AHCI_OFF && port->state != AHCI_RUNNING;
}

static void step(void *arg)
{
	struct ahci_port *port = arg;
	enum ahci_state before;

	/* What is quick is not waited for. */
	do {
		before = port->state;
		step_state(port);
	} while (port->state != before && is_changing(port));
	if (is_changing(port) && loop_now() > port->deadline)
		give_up(port, port->state == AHCI_LINK ? NULL : "no answer");
	if (is_changing(port))
		loop_timer_set(&port->timer, STEP_NS, step, port);
	else
		loop_timer_cancel(&port->timer);
}

/* ---- start ---- */

int ahci_port_create(struct ahci *hba, unsigned number, bool has_interrupt)
{
	struct ahci_port *port = calloc(1, sizeof(*port));

	if (!port)
		return -ENOMEM;
	port->hba = hba;
	port->number = number;
	port->registers = hba->registers + AHCI_PORT0 + number * AHCI_PORT_BYTES;
	snprintf(port->block.name, sizeof(port->block.name), "port %u", number);
	port->list = dma_alloc(1, &port->list_maddr);
	if (!port->list) {
		pci_log(hba->pci, "port %u: not enough memory", number);
		free(port);
		return -ENOMEM;
	}
	hba->port[number] = port;
	ahci_command_init(port, has_interrupt);
	block_probe_begin();
	begin_reset(port);
	return 0;
}
