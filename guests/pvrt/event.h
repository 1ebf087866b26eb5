/* SPDX-License-Identifier: MIT */
/*
 * Event channels in the 2-level form (ABI: <xen/event_channel.h>, struct
 * shared_info).  Ports are masked at start; event_bind() gives one a handler and
 * unmasks it.  Handlers run with upcalls masked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

typedef void (*event_handler_t)(evtchn_port_t port, void *data);

void event_init(void);

/* --- The calling vCPU's upcall mask --- */

/* Sets the mask; returns whether it was set before. */
bool events_disable(void);
/* Clears the mask and takes what is pending before it returns. */
void events_enable(void);
/* Back to what events_disable() returned. */
void events_restore(bool masked);

/* --- Ports. Results are Xen's: a port or 0, or a negative error --- */

int event_alloc_unbound(domid_t remote);
int event_bind_interdomain(domid_t remote, evtchn_port_t remote_port);
int event_bind_virq(unsigned int virq, unsigned int vcpu);
int event_bind_ipi(unsigned int vcpu);
int event_send(evtchn_port_t port);
int event_close(evtchn_port_t port);
int event_status(evtchn_port_t port, struct evtchn_status *status);

/* Gives the port a handler and unmasks it. */
void event_bind(evtchn_port_t port, event_handler_t handler, void *data);
/* Masks the port and takes its handler away; it stays allocated. */
void event_unbind(evtchn_port_t port);

void event_mask(evtchn_port_t port);
void event_unmask(evtchn_port_t port);
bool event_is_pending(evtchn_port_t port);
/* Clears the pending bit; returns whether it was set. */
bool event_clear(evtchn_port_t port);

/* Runs the handlers of all pending, unmasked ports. */
void event_dispatch(void);

/*
 * Runs, with upcalls open, until handlers have counted that far or the time is over; then masks
 * upcalls.
 */
void events_wait_count(const volatile unsigned int *count, unsigned int wanted, uint64_t ns);

/* Sleeps until an event comes (SCHEDOP_block); unmasks upcalls. */
void event_block(void);
