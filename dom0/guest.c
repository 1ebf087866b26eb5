/* SPDX-License-Identifier: MIT */
/* The list of guests, what is kept of those that are gone, and what can be asked of one: see guest.h. */
#include "dom0/guest_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <xen/sched.h>

#include "dom0/ctl.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/time.h"

#define NR_PAST 8

/* How long a guest may take to shut down when it is asked to. */
#define PATIENCE_S 60u
#define FORCED_PATIENCE_S 10u

static struct guest *guests;
#define MAX_WATCHERS 4

static guest_watcher watchers[MAX_WATCHERS];
static unsigned nr_watchers;

/* Output of guests that are gone, the newest first. */
static struct past {
	char name[NAME_MAX_LENGTH];
	struct guest_log log;
} past[NR_PAST];

/* ---- the list ---- */

struct guest *guests_first(void)
{
	return guests;
}

struct guest *guest_by_domain(domid_t domain)
{
	struct guest *g;

	for (g = guests; g; g = g->next)
		if (g->state != GUEST_WAITING && g->domain == domain)
			return g;
	return NULL;
}

struct guest *guest_by_name(const char *name)
{
	struct guest *g;

	for (g = guests; g; g = g->next)
		if (!strcmp(g->spec.name, name))
			return g;
	return NULL;
}

struct guest *guest_find(const char *name_or_id)
{
	char *end;
	unsigned long id = strtoul(name_or_id, &end, 10);

	if (isdigit((unsigned char)*name_or_id) && !*end)
		return id < DOMID_FIRST_RESERVED ? guest_by_domain((domid_t)id) : NULL;
	return guest_by_name(name_or_id);
}

void guests_watch(guest_watcher new_watcher)
{
	BUG_ON(nr_watchers == MAX_WATCHERS);
	watchers[nr_watchers++] = new_watcher;
}

void guest_announce(struct guest *guest, bool started)
{
	unsigned i;

	for (i = 0; i < nr_watchers; i++)
		watchers[i](guest, started);
}

void guest_list_add(struct guest *guest)
{
	struct guest **at;

	for (at = &guests; *at; at = &(*at)->next)
		;
	*at = guest;
}

const struct guest_log *guest_past_log(const char *name)
{
	unsigned i;

	for (i = 0; i < NR_PAST; i++)
		if (!strcmp(past[i].name, name))
			return &past[i].log;
	return NULL;
}

/* One log for each name, so that a guest which comes and goes again and again leaves those of others. */
static void keep_log(const struct guest *guest)
{
	unsigned i;

	for (i = 0; i < NR_PAST - 1 && strcmp(past[i].name, guest->spec.name); i++)
		;
	guest_log_free(&past[i].log);
	memmove(past + 1, past, i * sizeof(past[0]));
	strcpy(past[0].name, guest->spec.name);
	past[0].log = guest->log;
}

void guest_forget(struct guest *guest)
{
	struct guest **at;

	for (at = &guests; *at != guest; at = &(*at)->next)
		;
	*at = guest->next;
	guest->restart_wanted = false;
	guest_announce(guest, false);
	loop_timer_cancel(&guest->timer);
	keep_log(guest);
	free(guest);
}

/* ---- asking it to end ---- */

static void patience_ends(void *arg)
{
	struct guest *g = arg;

	if (g->state != GUEST_RUNNING)
		return;
	if (g->forced)
		ctl_remote_shutdown(g->domain, g->rebooting ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
	else
		shell_notice("%s: has not shut down within %u s; `shutdown -F %s` ends it",
			     g->spec.name, PATIENCE_S, g->spec.name);
}

const char *guest_shutdown(struct guest *guest, bool reboot, bool force)
{
	bool asked;

	if (guest->state != GUEST_RUNNING)
		return "is not running; `destroy` removes it";
	asked = store_write_control(guest, "shutdown", reboot ? "reboot" : "poweroff");
	if (!asked && !force)
		return "does not listen on its control node; -F ends it without asking";
	guest->forced = force;
	guest->rebooting = reboot;
	loop_timer_set(&guest->timer,
		       (!asked	? 0
			: force ? FORCED_PATIENCE_S
				: PATIENCE_S) *
			       NS_PER_S,
		       patience_ends, guest);
	return NULL;
}

const char *guest_rename(struct guest *guest, const char *name)
{
	if (guest_by_name(name))
		return "a guest of that name exists already";
	if (strlen(name) >= sizeof(guest->spec.name))
		return "the name is too long";
	strcpy(guest->spec.name, name);
	store_renamed(guest);
	return NULL;
}
