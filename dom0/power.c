/* SPDX-License-Identifier: MIT */
/* Ends the machine: see power.h. Looks again each time that a tenth of a second has passed. */
#include "dom0/power.h"

#include <stdio.h>

#include <xen/sched.h>

#include "dom0/guest.h"
#include "dom0/loop.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/time.h"

#define LOOK_INTERVAL (100 * NS_PER_MS)

static struct loop_timer timer;
static uint64_t patience_ends;
static enum power_end how;

static void ask(struct guest *guest)
{
	/* Whatever its description says: none of them comes back now. */
	guest->spec.on_poweroff = guest->spec.on_reboot = guest->spec.on_crash = ACTION_DESTROY;
	if (guest->state == GUEST_RUNNING && store_write_control(guest, "shutdown", "poweroff"))
		return;
	guest_destroy(guest);
}

static bool all_gone(bool destroy)
{
	struct guest *guest, *next;

	for (guest = guests_first(); guest; guest = next) {
		next = guest->next;
		if (destroy)
			guest_destroy(guest);
	}
	return !guests_first();
}

static void look(void *arg)
{
	bool late = loop_now() >= patience_ends;

	(void)arg;
	/* A dying domain whose memory somebody holds does not keep the machine up. */
	if (all_gone(late) || late) {
		fflush(stdout);
		pv_shutdown(how == POWER_OFF ? SHUTDOWN_poweroff : SHUTDOWN_reboot);
	}
	loop_timer_set(&timer, LOOK_INTERVAL, look, NULL);
}

void power_end(bool at_once, enum power_end new_how)
{
	struct guest *guest, *next;

	how = new_how;
	patience_ends = loop_now() + (at_once ? 0 : POWER_PATIENCE_S * NS_PER_S);
	for (guest = guests_first(); guest && !at_once; guest = next) {
		next = guest->next;
		ask(guest);
	}
	look(NULL);
}
