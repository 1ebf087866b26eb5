/* SPDX-License-Identifier: MIT */
/*
 * The guests and their life cycle: one state machine each (docs/dom0.md has the picture).
 *
 *	RUNNING --ends--> the action for its reason:
 *		destroy, restart	-> DYING --domain gone--> forgotten, or WAITING -> RUNNING
 *		preserve		-> ENDED (until destroyed)
 *		rename-restart		-> ENDED under a new name; its successor RUNNING
 *	RUNNING --suspends--> SUSPENDED --saved--> DYING, or resumed --> RUNNING
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dom0/build.h"
#include "dom0/guest_console.h"
#include "dom0/loop.h"
#include "dom0/spec.h"

struct guest_disks;
struct guest_store;

enum guest_state {
	GUEST_RUNNING,	 /* or paused: the hypervisor knows */
	GUEST_SUSPENDED, /* as it was asked to, for being saved */
	GUEST_ENDED,	 /* shut down and kept */
	GUEST_DYING,	 /* destroyed, not all of it is free yet */
	GUEST_WAITING,	 /* has no domain; is started again by its timer */
};

struct guest {
	struct guest *next;
	struct guest_spec spec;
	enum guest_state state;
	domid_t domain; /* not while WAITING */
	struct build_result built;
	struct guest_console *console;
	struct guest_log log;
	struct guest_store *store;
	unsigned next_vif; /* where a number for one more interface is looked for */
	uint64_t started;
	bool restart_wanted;	/* while DYING */
	unsigned quick_ends;	/* restarts in a row that did not live long */
	bool forced, rebooting; /* asked to end while RUNNING */
	int shutdown_reason;	/* SHUTDOWN_*; negative: its domain has not shut down */
	bool end_reported;	/* who waited for its domain's end knows */
	struct loop_timer timer;
};

void guests_init(void);

/* All guests, the oldest first. */
struct guest *guests_first(void);
/* By name, or by domain number in decimal. */
struct guest *guest_find(const char *name_or_id);
struct guest *guest_by_domain(domid_t domain);

/* Makes and starts a guest. NULL, or what is wrong (valid until the next call). */
const char *guest_create(const struct guest_spec *spec, bool paused, struct guest **guest);
/*
 * Takes over a paused domain that was made from a saved guest, with the disks that were opened for it. NULL, or what
 * is wrong: then the disks are closed, and the domain is the caller's still.
 */
const char *guest_adopt(const struct guest_spec *spec, const struct build_result *built,
			const struct guest_disks *disks, struct guest **guest);
/* What keeps a new guest of this name from being made; NULL: nothing. */
const char *guest_name_error(const char *name);

/* Called when a guest has suspended itself; its state is SUSPENDED until it is resumed or destroyed. */
void guests_on_suspend(void (*fn)(struct guest *guest));
/* It goes on: the call by which it suspended returns 1. False: the hypervisor refuses. */
bool guest_resume(struct guest *guest);

/* At once, without asking it. */
void guest_destroy(struct guest *guest);
/*
 * Asks it through its control node to power off or to reboot. NULL, or why that is not possible. With
 * force a guest that cannot be asked, or does not react in time, is ended as if it had.
 */
const char *guest_shutdown(struct guest *guest, bool reboot, bool force);
const char *guest_rename(struct guest *guest, const char *name);

/* Called with every guest that starts (again) or ends. A few callers can ask for it, once each. */
typedef void (*guest_watcher)(struct guest *guest, bool started);
void guests_watch(guest_watcher watcher);

/* The output of a guest that is no more; NULL when nothing of that name is kept. */
const struct guest_log *guest_past_log(const char *name);
