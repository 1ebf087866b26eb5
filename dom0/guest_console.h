/* SPDX-License-Identifier: MIT */
/*
 * Back end of one guest's console: its ring (<xen/io/console.h>), and what it writes to the emergency
 * console (HYPERVISOR_console_io), which kernels use before their driver for the ring is up. Everything
 * that the guest prints is kept, its last GUEST_LOG_KEPT bytes at least, also beyond its death; one guest at a time
 * is attached to the terminal.
 */
#pragma once

#include <stddef.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

#define GUEST_LOG_KEPT (64u << 10)

struct guest_console;

void guest_consoles_init(void);

/* What a guest printed, oldest first. */
struct guest_log {
	char *text;
	size_t len, size;
};
void guest_log_append(struct guest_log *log, const char *text, size_t len);
void guest_log_free(struct guest_log *log);

/* Output goes to *log, which must outlive the console. NULL when the hypervisor refuses. */
struct guest_console *guest_console_create(domid_t domain, xen_pfn_t mfn, evtchn_port_t remote_port,
					   struct guest_log *log);
/* Takes what the guest has printed and not yet announced, then lets go of the ring. */
void guest_console_destroy(struct guest_console *console);

/* From now on output is also given to the function; NULL ends that. */
void guest_console_tap(struct guest_console *console, void (*output)(const char *text, size_t len));
/* Takes what the guest has printed and not yet announced. */
void guest_console_refresh(struct guest_console *console);
/* Types for the guest. What neither the ring nor a small buffer takes is lost. */
void guest_console_type(struct guest_console *console, const char *text, size_t len);
