/* SPDX-License-Identifier: MIT */
/*
 * What a privileged guest needs to drive devices: I/O ports, PCI configuration space, interrupt
 * lines (ABI: <xen/physdev.h>). Ports need a virtual privilege level of at least 1 (pv_set_iopl()).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/physdev.h>

#include "guests/pvrt/event.h"
#include "guests/pvrt/hypercall.h"

#define DEFINE_PORT_ACCESS(suffix, type)                                                  \
	static inline void out##suffix(uint16_t port, type value)                         \
	{                                                                                 \
		__asm__ __volatile__("out" #suffix " %0, %1" : : "a"(value), "Nd"(port)); \
	}                                                                                 \
	static inline type in##suffix(uint16_t port)                                      \
	{                                                                                 \
		type value;                                                               \
                                                                                          \
		__asm__ __volatile__("in" #suffix " %1, %0" : "=a"(value) : "Nd"(port));  \
		return value;                                                             \
	}

DEFINE_PORT_ACCESS(b, uint8_t)
DEFINE_PORT_ACCESS(w, uint16_t)
DEFINE_PORT_ACCESS(l, uint32_t)
#undef DEFINE_PORT_ACCESS

static inline long pv_set_iopl(uint32_t iopl)
{
	struct physdev_set_iopl op = { .iopl = iopl };

	return HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &op);
}

/* --- PCI configuration space of bus 0, by the old mechanism --- */

#define PCI_ADDRESS_PORT 0xcf8
#define PCI_DATA_PORT 0xcfc

static inline uint32_t pci_read(uint8_t slot, uint8_t reg)
{
	outl(PCI_ADDRESS_PORT, 0x80000000u | (uint32_t)slot << 11 | (reg & ~3u));
	return inl(PCI_DATA_PORT);
}

static inline void pci_write(uint8_t slot, uint8_t reg, uint32_t value)
{
	outl(PCI_ADDRESS_PORT, 0x80000000u | (uint32_t)slot << 11 | (reg & ~3u));
	outl(PCI_DATA_PORT, value);
}

/* The slot of the device with that vendor (low half) and device number; -1: none. */
static inline int pci_find(uint32_t id)
{
	int slot;

	for (slot = 0; slot < 32; slot++)
		if (pci_read((uint8_t)slot, 0) == id)
			return slot;
	return -1;
}

/* --- Interrupt lines. Results are Xen's: a port or 0, or a negative error --- */

static inline int event_bind_pirq(uint32_t pirq, uint32_t flags)
{
	struct evtchn_bind_pirq op = { .pirq = pirq, .flags = flags };
	int rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &op);

	return rc ? rc : (int)op.port;
}

static inline long pirq_eoi(uint32_t irq)
{
	struct physdev_eoi op = { .irq = irq };

	return HYPERVISOR_physdev_op(PHYSDEVOP_eoi, &op);
}
