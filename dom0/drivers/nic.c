/* SPDX-License-Identifier: MIT */
/* What drivers of network cards have in common: see nic.h. */
#include "dom0/drivers/nic.h"

#include "dom0/drivers/irq.h"

#define BUDGET 64u
#define TICK_NS 500000000ull
/* Without interrupts; and after something has come untold, which may only just be on its way. */
#define POLL_NS 2000000ull
#define LATE_NS 20000000ull
/* A card that has sent nothing for so long, although it should, is stuck. */
#define STUCK_NS 2000000000ull
/* Between two resets, at least and at most, and between two messages. */
#define RESET_PAUSE_NS 2000000000ull
#define RESET_PAUSE_MAX_NS 64000000000ull
#define TELL_PAUSE_NS 10000000000ull

static void tell(struct nic *nic, const char *why)
{
	uint64_t now = loop_now();

	if (nic->told && now - nic->told < TELL_PAUSE_NS)
		return;
	nic->told = now;
	pci_log(nic->pci, "%s: %s", nic->port.name, why);
}

void nic_break(struct nic *nic, const char *why)
{
	if (nic->broken)
		return;
	nic->broken = true;
	tell(nic, why);
}

void nic_set_link(struct nic *nic, bool up)
{
	if (nic->link == up)
		return;
	nic->link = up;
	nic_progress(nic);
	pci_log(nic->pci, "%s: link %s", nic->port.name, up ? "up" : "down");
}

/* ---- receiving ---- */

static void take_in(void *arg)
{
	struct nic *nic = arg;
	unsigned work;

	if (nic->broken)
		return;
	work = nic->ops->receive(nic, BUDGET);
	net_flush();
	if (nic->broken)
		return;
	if (work >= BUDGET || !nic->ops->listen(nic))
		loop_work_queue(&nic->work);
}

void nic_received(struct nic *nic)
{
	loop_work_queue(&nic->work);
}

/* ---- the timer ---- */

static void reset(struct nic *nic)
{
	if (loop_now() < nic->reset_next)
		return;
	nic->broken = nic->ops->reset(nic) != 0;
	if (!nic->broken)
		nic->reset_pause = RESET_PAUSE_NS;
	else if (nic->reset_pause < RESET_PAUSE_MAX_NS)
		nic->reset_pause *= 2;
	nic->reset_next = loop_now() + nic->reset_pause;
	nic_progress(nic);
	if (nic->broken)
		tell(nic, "cannot be reset");
	else
		loop_work_queue(&nic->work);
}

/* Frames that wait while nobody is about to take them in, twice in a row: the interrupt is lost. */
static void find_late(struct nic *nic)
{
	bool late = !nic->broken && !nic->work.queued && nic->ops->has_received(nic);

	if (late && (nic->late || nic->polled)) {
		if (!nic->polled)
			irq_missed(nic->pci);
		late = false;
		nic->interrupt(nic);
		loop_work_queue(&nic->work);
	}
	nic->late = late;
}

static void tick(void *arg)
{
	struct nic *nic = arg;

	if (!nic->broken)
		nic->ops->check(nic);
	if (!nic->broken && (!nic->ops->reclaim(nic) || !nic->link))
		nic_progress(nic);
	if (!nic->broken && loop_now() - nic->progress > STUCK_NS)
		nic_break(nic, "sends nothing, is reset");
	if (nic->broken)
		reset(nic);
	find_late(nic);
	loop_timer_set(&nic->timer,
		       nic->polled ? POLL_NS
		       : nic->late ? LATE_NS
				   : TICK_NS,
		       tick, nic);
}

void nic_start(struct nic *nic)
{
	nic->port.driver = nic;
	nic->reset_pause = RESET_PAUSE_NS;
	loop_work_init(&nic->work, take_in, nic);
	nic_progress(nic);
	net_port_register(&nic->port);
	pci_log(nic->pci, "%s: %s, %02x:%02x:%02x:%02x:%02x:%02x, link %s", nic->port.name,
		nic->kind, nic->port.mac[0], nic->port.mac[1], nic->port.mac[2], nic->port.mac[3],
		nic->port.mac[4], nic->port.mac[5], nic->link ? "up" : "down");
	if (irq_attach(nic->pci, nic->interrupt, nic)) {
		nic->polled = true;
		pci_log(nic->pci, "%s: no interrupt: a timer polls it", nic->port.name);
	}
	/* A line that was asked for before it was bound may not fire: the request must end and begin again. */
	nic->interrupt(nic);
	loop_timer_set(&nic->timer, TICK_NS, tick, nic);
	loop_work_queue(&nic->work);
}
