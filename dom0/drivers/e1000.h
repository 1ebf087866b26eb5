/* SPDX-License-Identifier: MIT */
/*
 * Intel 8254x network controllers, what e1000.c (the card), e1000_rx.c and e1000_tx.c (its rings) share.
 *
 * The card writes nothing but the descriptors' ends: lengths and states. They are read once and
 * checked; addresses and everything that is needed later are kept outside.
 */
#pragma once

#include "dom0/drivers/e1000_regs.h"
#include "dom0/drivers/nic.h"

/* Entries of the rings; one page holds a ring. */
#define E1000_RING 256u

struct e1000_rx {
	volatile struct e1000_rx_desc *ring;
	uint64_t maddr;
	struct net_packet *packet[E1000_RING]; /* all filled, always */
	unsigned next;			       /* the one that the card fills next */
	bool skipping;			       /* inside a frame longer than a buffer */
};

/* Headers of a packet that the card cuts into segments, changed as the card wants them. */
#define E1000_HEADER_BYTES 256u

struct e1000_tx {
	volatile union e1000_tx_desc *ring;
	uint64_t maddr;
	uint8_t *headers; /* E1000_HEADER_BYTES for each entry */
	/* At a packet's first entry: its last one, and the packet. */
	uint16_t last[E1000_RING];
	struct net_packet *packet[E1000_RING];
	unsigned oldest, next, used;
	union e1000_tx_desc context; /* the last one given to the card */
	bool context_valid;
	bool waiting; /* entries that the card has not been told of */
};

struct e1000 {
	struct nic nic; /* the first: a struct nic * of ours is a struct e1000 * */
	volatile uint8_t *registers;
	bool listening; /* causes of receiving are not masked */
	struct e1000_rx rx;
	struct e1000_tx tx;
};

static inline struct e1000 *e1000_of(struct nic *nic)
{
	return (struct e1000 *)nic;
}

static inline uint32_t e1000_read(const struct e1000 *card, unsigned offset)
{
	return *(volatile uint32_t *)(card->registers + offset);
}

static inline void e1000_write(struct e1000 *card, unsigned offset, uint32_t value)
{
	*(volatile uint32_t *)(card->registers + offset) = value;
}

/* What was written to memory before is there when a register is written afterwards. */
static inline void e1000_barrier(void)
{
	__asm__ __volatile__("" ::: "memory");
}

/* ---- receiving ---- */

/* Allocates the ring and its packets; false when memory is short. */
bool e1000_rx_create(struct e1000 *card);
/* The card was reset: gives it the ring again. */
void e1000_rx_start(struct e1000 *card);
/* As in struct nic_ops. */
unsigned e1000_receive(struct nic *nic, unsigned budget);
bool e1000_has_received(struct nic *nic);

/* ---- sending ---- */

bool e1000_tx_create(struct e1000 *card);
void e1000_tx_start(struct e1000 *card);
/* The card was reset: what it had is lost. */
void e1000_tx_drop(struct e1000 *card);
/* As in struct nic_ops. */
unsigned e1000_reclaim(struct nic *nic);
/* struct net_port's transmit and flush. */
void e1000_transmit(struct net_port *port, struct net_packet *packet);
void e1000_flush(struct net_port *port);

extern const struct pci_driver e1000_driver;
