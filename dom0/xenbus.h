/* SPDX-License-Identifier: MIT */
/*
 * The back-end side of xenbus (<xen/io/xenbus.h>): for each device of a guest a directory of the guest's
 * (the front end), one of ours (the back end), and in each a state. This part makes the directories, follows
 * the front end's state and says when to connect and disconnect; blkback and netback do that.
 *
 *	back end	front end		what happens
 *	InitWait	Initialised, Connected	connect(), then Connected; when that fails Closed, with a reason
 *	Connected	Closing			disconnect() (unless patient), Closing
 *	any		Closed, or gone		disconnect(), Closed; if it was to be detached: removed
 *	Closed		Initialising		InitWait: a front end that starts again, in GRUB's or a kernel's hands
 *	Connected	Initialising		disconnect(), InitWait: it starts again and has not said goodbye
 *
 * Everything below the front end's directory is the guest's to write, at any time: values are read once,
 * as numbers or bounded strings, and checked. Where to look is never read from there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/io/xenbus.h>

#include "dom0/loop.h"

#define XENBUS_PATH 64

struct xenbus_device;
struct xs_local_watch;

struct xenbus_class {
	const char *type; /* "vif" or "vbd": what its directories are called */
	/* The front end's nodes are complete. NULL, or why this cannot work: told to the person. */
	const char *(*connect)(struct xenbus_device *device);
	/* After this nothing of the guest's is touched. Called exactly once after each connect() that worked. */
	void (*disconnect)(struct xenbus_device *device);
	/*
	 * Optional. After a disconnect(): a device still reads or writes the guest's memory. The back
	 * end's state stays until xenbus_idle(), which is called later, from the event loop.
	 */
	bool (*busy)(struct xenbus_device *device);
	/*
	 * What is in use must not be torn away: serves until the front end is Closed, not only Closing,
	 * and a detach waits for as long as the guest does not let go.
	 */
	bool patient;
	/* The last call: the device is disconnected, its directories are gone. Frees it. */
	void (*removed)(struct xenbus_device *device);
};

/* Embedded in the back end's own structure; zeroed before xenbus_create(). */
struct xenbus_device {
	struct xenbus_device *next;
	const struct xenbus_class *class;
	domid_t domain;
	unsigned handle;
	enum xenbus_state state; /* of the back end */
	bool connected, detaching;
	bool ending, withdrawn; /* busy; removed from the store */
	char front[XENBUS_PATH], back[XENBUS_PATH];
	struct xs_local_watch *watch;
	struct loop_timer timer; /* for a detach that the guest ignores */
	uint64_t reported;
};

/*
 * Makes both directories with the nodes that every device has. The caller adds his own and then calls
 * xenbus_announce(). False when memory is short: then nothing is left.
 */
bool xenbus_create(struct xenbus_device *device, const struct xenbus_class *class, domid_t domain,
		   unsigned handle);
/* The back end waits for the front end from now on (InitWait). False: no memory; then it is removed. */
bool xenbus_announce(struct xenbus_device *device);

/* Asks the front end to close; when it does not within some seconds it is removed, or, if patient, reported. */
void xenbus_detach(struct xenbus_device *device);
/* At once. removed() runs before this returns, unless the device is busy: then behind xenbus_idle(). */
void xenbus_remove(struct xenbus_device *device);
/* Removes all devices of the domain, before it is destroyed. */
void xenbus_domain_ends(domid_t domain);

/* A device is busy no more. May free it. */
void xenbus_idle(struct xenbus_device *device);

/* All devices, by next; and the one with this type's handle. */
struct xenbus_device *xenbus_first(void);
struct xenbus_device *xenbus_find(const struct xenbus_class *class, domid_t domain,
				  unsigned handle);

/* ---- nodes of the two directories ---- */

void xenbus_write_front(struct xenbus_device *device, const char *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void xenbus_write_back(struct xenbus_device *device, const char *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The guest's value, until the next change of the store; NULL when there is none. */
const char *xenbus_read_front(const struct xenbus_device *device, const char *node);
/* False when it is missing, is no decimal number, or is larger than max. */
bool xenbus_read_number(const struct xenbus_device *device, const char *node, unsigned long max,
			unsigned long *value);
/* Whether the front end has written "1" there. */
bool xenbus_read_flag(const struct xenbus_device *device, const char *node);
/* The front end's state. */
enum xenbus_state xenbus_front_state(const struct xenbus_device *device);

/* A message to the person about what this guest did; a guest cannot cause many of them. */
void xenbus_report(struct xenbus_device *device, const char *text);
/* The guest broke the protocol: disconnects, closes, reports. */
void xenbus_fail(struct xenbus_device *device, const char *text);
