/* SPDX-License-Identifier: MIT */
/*
 * What drivers of network cards have in common: frames that came are taken in by work of the event
 * loop, a budget of them at a time and without interrupts in between; a timer finds interrupts that got
 * lost and cards that send nothing any more, which are reset.
 */
#pragma once

#include "dom0/drivers/pci.h"
#include "dom0/loop.h"
#include "dom0/net/net.h"

struct nic;

struct nic_ops {
	/* Takes in what has come until the budget is used up; returns the work done. */
	unsigned (*receive)(struct nic *nic, unsigned budget);
	/* Whether something has come and was not taken in. */
	bool (*has_received)(struct nic *nic);
	/* Interrupts on again; false: something has come meanwhile, which will cause none. */
	bool (*listen)(struct nic *nic);
	/* Takes back what was sent, calling nic_progress(); returns how much the card still has. */
	unsigned (*reclaim)(struct nic *nic);
	/* Looks at the link; nic_break() if the card does not answer. */
	void (*check)(struct nic *nic);
	/* Starts the card anew; what it had to send is lost. 0, or -errno. */
	int (*reset)(struct nic *nic);
};

/* Embedded in the driver's structure, which is zeroed. port.driver points to it. */
struct nic {
	struct net_port port;
	struct pci_device *pci;
	const struct nic_ops *ops;
	const char *kind; /* for people */
	/* Asks the card why it interrupts, which ends the request; for irq_attach(). */
	bool (*interrupt)(void *nic);
	bool link;
	bool broken; /* to be reset */
	bool polled; /* no interrupts: the timer looks */
	bool late;   /* something had come that no interrupt told of */
	struct loop_work work;
	struct loop_timer timer;
	uint64_t progress; /* when the card last had nothing to send or had sent something */
	uint64_t reset_pause,
		reset_next; /* a card that cannot be reset is left alone ever longer */
	uint64_t told;	    /* when the last message was written */
};

/* Starts a card that is ready, except for interrupts: its port gets a name and joins its bridge. */
void nic_start(struct nic *nic);
/* The card interrupted because of frames: they will be taken in. */
void nic_received(struct nic *nic);
/* The card did something wrong: it gets and gives nothing until it was reset. */
void nic_break(struct nic *nic, const char *why);
void nic_set_link(struct nic *nic, bool up);

static inline bool nic_can_send(const struct nic *nic)
{
	return nic->link && !nic->broken;
}

static inline void nic_progress(struct nic *nic)
{
	nic->progress = loop_now();
}

/* transmit() counts a packet that it cannot send, and gives it back. */
static inline void nic_drop(struct nic *nic, struct net_packet *packet)
{
	nic->port.sent.dropped++;
	net_packet_put(packet);
}

static inline void nic_refuse(struct nic *nic, struct net_packet *packet)
{
	nic->port.sent.errors++;
	net_packet_put(packet);
}
