/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines of PCI devices: see irq.h.
 *
 * When a line fires, every device that may be on it is asked, and then the end of the interrupt is
 * told: a level-triggered line that is still asked for fires again. A line that nobody knows to be
 * his is bound only while somebody searches; the hypervisor holds back one that storms.
 */
#include "dom0/drivers/irq.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "dom0/loop.h"
#include "guests/pvrt/hw.h"
#include "guests/pvrt/start.h"

#define LINES 64u
#define ISA_LINES 16u
#define ISA_CASCADE 2u
#define FIRST_PCI_LINE 16u

/* So many interrupts with work found make a line the device's. */
#define ENOUGH_HITS 4u

struct attachment {
	struct attachment *next;
	struct pci_device *dev;
	irq_fn fn;
	void *arg;
	uint64_t lines; /* those that it is attached to */
	uint8_t hits[LINES];
};

static struct attachment *attachments;
static int line_port[LINES]; /* 0: not bound */

static bool has_line(const struct attachment *a, unsigned line)
{
	return a->lines >> line & 1;
}

static bool is_certain(const struct attachment *a)
{
	return a->lines && !(a->lines & (a->lines - 1));
}

/* ---- lines ---- */

static void line_fired(void *arg);

static bool line_map(unsigned line)
{
	struct physdev_map_pirq op = { .domid = DOMID_SELF,
				       .type = MAP_PIRQ_TYPE_GSI,
				       .index = (int)line,
				       .pirq = (int)line };

	return !HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &op);
}

static bool line_open(unsigned line)
{
	int port;

	if (line_port[line])
		return true;
	if (!line_map(line))
		return false;
	port = event_bind_pirq(line, BIND_PIRQ__WILL_SHARE);
	if (port <= 0)
		return false;
	line_port[line] = port;
	loop_add_port((evtchn_port_t)port, line_fired, (void *)(uintptr_t)line);
	return true;
}

static void line_close_unused(void)
{
	const struct attachment *a;
	uint64_t used = 0;
	unsigned line;

	for (a = attachments; a; a = a->next)
		used |= a->lines;
	for (line = 0; line < LINES; line++) {
		if (!line_port[line] || (used >> line & 1))
			continue;
		loop_remove_port((evtchn_port_t)line_port[line]);
		BUG_ON(event_close((evtchn_port_t)line_port[line]));
		line_port[line] = 0;
	}
}

/* ---- interrupts ---- */

static void count_hit(struct attachment *a, unsigned line)
{
	if (is_certain(a) || ++a->hits[line] < ENOUGH_HITS)
		return;
	a->lines = 1ULL << line;
	line_close_unused();
}

static void line_fired(void *arg)
{
	unsigned line = (unsigned)(uintptr_t)arg;
	struct attachment *a;

	for (a = attachments; a; a = a->next)
		if (has_line(a, line) && a->fn(a->arg))
			count_hit(a, line);
	/* Closed when the last who searched has found another. */
	if (line_port[line])
		pirq_eoi(line);
}

/* ---- devices ---- */

/* The 8259 has no lines from 16 on, and the firmware's choice is right there. */
static uint64_t open_candidates(const struct pci_device *dev)
{
	uint64_t lines = 0;
	unsigned line;

	if (!dev->irq_pin)
		return 0;
	if (dev->irq_line && dev->irq_line < ISA_LINES && dev->irq_line != ISA_CASCADE &&
	    line_open(dev->irq_line))
		lines |= 1ULL << dev->irq_line;
	for (line = FIRST_PCI_LINE; line < LINES; line++)
		if (line_open(line))
			lines |= 1ULL << line;
	return lines;
}

static struct attachment *find(const struct pci_device *dev)
{
	struct attachment *a;

	for (a = attachments; a && a->dev != dev; a = a->next)
		;
	return a;
}

static void search(struct attachment *a)
{
	unsigned line;

	for (line = 0; line < LINES; line++)
		a->hits[line] = 0;
	a->lines |= open_candidates(a->dev);
}

int irq_attach(struct pci_device *dev, irq_fn fn, void *arg)
{
	struct attachment *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->dev = dev;
	a->fn = fn;
	a->arg = arg;
	search(a);
	if (!a->lines) {
		free(a);
		return -ENOENT;
	}
	a->next = attachments;
	attachments = a;
	return 0;
}

void irq_detach(struct pci_device *dev)
{
	struct attachment *a = find(dev), **at;

	if (!a)
		return;
	for (at = &attachments; *at != a; at = &(*at)->next)
		;
	*at = a->next;
	free(a);
	line_close_unused();
}

void irq_missed(struct pci_device *dev)
{
	struct attachment *a = find(dev);

	if (a)
		search(a);
}

int irq_line_of(const struct pci_device *dev)
{
	const struct attachment *a = find(dev);

	return a && is_certain(a) ? __builtin_ctzll(a->lines) : -1;
}
