/* SPDX-License-Identifier: MIT */
/*
 * AHCI controllers and their disks (Serial ATA AHCI 1.3.1; ATA/ATAPI Command Set 3): what ahci.c (the
 * controller), ahci_port.c (a port from its reset to a disk) and ahci_command.c (requests) share.
 *
 * A request has a slot: a command header and a table of its own. Reads and writes are queued (NCQ)
 * where controller and disk can. Everything else, and everything on a disk that cannot queue, is
 * `waiting` until nothing is under way, and then runs alone. So do requests after an error: one of
 * many queued ones failed, and run alone it shows which.
 */
#pragma once

#include "dom0/drivers/disk.h"
#include "guests/pvrt/mm.h"

#define AHCI_PORTS 32u
#define AHCI_SLOTS 32u

/* ---- registers ---- */

enum ahci_register {
	AHCI_CAP = 0x00,
	AHCI_GHC = 0x04,
	AHCI_IS = 0x08,
	AHCI_PI = 0x0c,
	AHCI_CAP2 = 0x24,
	AHCI_BOHC = 0x28,
	AHCI_PORT0 = 0x100,
};
#define AHCI_PORT_BYTES 0x80u

#define CAP_SLOTS(cap) (((cap) >> 8 & 0x1f) + 1)
#define CAP_QUEUE (1u << 30)
#define CAP_64BIT (1u << 31)
#define GHC_RESET (1u << 0)
#define GHC_INTERRUPTS (1u << 1)
#define GHC_AHCI (1u << 31)
#define CAP2_HANDOFF (1u << 0)
#define BOHC_BIOS (1u << 0)
#define BOHC_OS (1u << 1)

enum port_register {
	PORT_LIST = 0x00,
	PORT_FIS = 0x08,
	PORT_IS = 0x10,
	PORT_IE = 0x14,
	PORT_CMD = 0x18,
	PORT_TFD = 0x20,
	PORT_SIGNATURE = 0x24,
	PORT_SSTS = 0x28,
	PORT_SCTL = 0x2c,
	PORT_SERR = 0x30,
	PORT_SACT = 0x34,
	PORT_CI = 0x38,
};

#define CMD_START (1u << 0)
#define CMD_SPIN_UP (1u << 1)
#define CMD_POWER (1u << 2)
#define CMD_FIS (1u << 4)
#define CMD_FIS_RUNS (1u << 14)
#define CMD_LIST_RUNS (1u << 15)
#define TFD_ERROR 0x01u
#define TFD_BUSY 0x88u /* BSY and DRQ */
#define DET(status) ((status)&0xf)
#define DET_NONE 0u
#define DET_RESET 1u
#define DET_UP 3u
#define SIGNATURE_ATA 0x00000101u

/* Interrupt causes: a response of the device; that something went wrong. */
#define IS_DONE 0x0000002fu
#define IS_TASK_FILE (1u << 30)
#define IS_BROKEN 0x39400050u /* the link, or the transfer, or another device */

/* ---- memory that the controller reads ---- */

struct ahci_header {
	uint16_t flags, nr_pieces;
	volatile uint32_t bytes;
	uint64_t table;
	uint32_t reserved[4];
};
#define HEADER_FIS_WORDS 5u
#define HEADER_WRITE (1u << 6)

struct ahci_piece {
	uint64_t address;
	uint32_t reserved, last_byte; /* length - 1 */
};

struct ahci_table {
	uint8_t fis[64], atapi[16], reserved[48];
	struct ahci_piece pieces[];
};

_Static_assert(sizeof(struct ahci_header) == 32 && sizeof(struct ahci_table) == 128 &&
		       sizeof(struct ahci_piece) == 16,
	       "AHCI 1.3.1, 4.2");

/* A table is a page. */
#define AHCI_PIECES ((PAGE_SIZE - sizeof(struct ahci_table)) / sizeof(struct ahci_piece))

/* ---- ours ---- */

struct ahci_slot {
	struct block_request *req; /* NULL: free */
	uint64_t started;
	uint32_t done; /* logical sectors of a discard */
	unsigned tries;
	bool queued;
};

enum ahci_state {
	AHCI_OFF,      /* no disk, or given up */
	AHCI_RESET,    /* the link's reset signal is on */
	AHCI_LINK,     /* waits for the link */
	AHCI_READY,    /* waits until the disk is ready */
	AHCI_IDENTIFY, /* asks what it is */
	AHCI_RUNNING,
};

struct ahci_port {
	struct ahci *hba;
	unsigned number;
	volatile uint8_t *registers;
	enum ahci_state state;
	uint64_t deadline; /* of the state */
	struct loop_timer timer;
	/* memory for the controller */
	struct ahci_header *list;
	uint64_t list_maddr;
	struct ahci_table *table[AHCI_SLOTS];
	uint8_t *buffer; /* what the disk says of itself; ranges of a discard */
	uint64_t buffer_maddr;
	/* the disk */
	struct block_device block;
	uint16_t identity[256];
	bool known, queues, lba48, flush_ext;
	uint32_t unit;	/* sectors of BLOCK_SECTOR in one of the disk's */
	unsigned depth; /* slots that are used */
	/* requests, as masks of slots */
	struct ahci_slot slot[AHCI_SLOTS];
	uint32_t waiting, collected, issued;
	struct loop_work kick;
	struct disk_watch watch;
};

struct ahci {
	struct pci_device *pci;
	volatile uint8_t *registers;
	uint32_t capabilities;
	struct ahci_port *port[AHCI_PORTS];
};

static inline uint32_t ahci_read(const struct ahci *hba, enum ahci_register reg)
{
	return *(volatile uint32_t *)(hba->registers + reg);
}

static inline void ahci_write(const struct ahci *hba, enum ahci_register reg, uint32_t value)
{
	*(volatile uint32_t *)(hba->registers + reg) = value;
}

static inline uint32_t port_read(const struct ahci_port *port, enum port_register reg)
{
	return *(volatile uint32_t *)(port->registers + reg);
}

static inline void port_write(const struct ahci_port *port, enum port_register reg, uint32_t value)
{
	*(volatile uint32_t *)(port->registers + reg) = value;
}

/* ---- ahci_port.c ---- */

/* Begins to look for a disk. -ENOMEM. */
int ahci_port_create(struct ahci *hba, unsigned number, bool has_interrupt);
/*
 * Resets link and disk. Requests that are under way get another try, or fail; the controller no
 * longer reaches their memory then. Ends in RUNNING or OFF.
 */
void ahci_port_reset(struct ahci_port *port, const char *why);
/* Lets the port go on after a command that failed alone; false: it needs a reset. */
bool ahci_port_clear(struct ahci_port *port);

/* ---- ahci_command.c ---- */

extern const struct block_ops ahci_block_ops;

void ahci_command_init(struct ahci_port *port, bool has_interrupt);
/* Fills in slot 0 for a command that reads into the buffer, and starts it. */
void ahci_identify(struct ahci_port *port);
/* Clears what the controller reports, and acts on it: takes what is done, resets after an error. */
void ahci_port_interrupt(struct ahci_port *port);
/*
 * What was under way waits for another try, or has failed: when it had enough of them, or
 * disk_refused and it ran alone.
 */
void ahci_requeue(struct ahci_port *port, bool disk_refused);
/* Starts what waits; after a reset too. */
void ahci_run(struct ahci_port *port);
/* Ends all requests with -EIO. */
void ahci_fail_all(struct ahci_port *port);
