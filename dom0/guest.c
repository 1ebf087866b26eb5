/* SPDX-License-Identifier: MIT */
/* Life cycle of guests: see guest.h. VIRQ_DOM_EXC says that some domain changed; all are looked at. */
#include "dom0/guest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xen/sched.h>

#include "dom0/ctl.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "guests/pvrt/time.h"

#define KIB_PER_MIB 1024u
#define NR_PAST 8

/* A guest that ends sooner than this restarts after a pause, which doubles each time. */
#define SHORT_LIFE (10 * NS_PER_S)
#define LONGEST_PAUSE_SHIFT 6

/* How long a guest may take to shut down when it is asked to. */
#define PATIENCE_S 60u
#define FORCED_PATIENCE_S 10u

static struct guest *guests;
static guest_watcher watcher;

/* Output of guests that are gone, the newest first. */
static struct past {
	char name[NAME_MAX_LENGTH];
	domid_t domain;
	struct guest_log log;
} past[NR_PAST];

static void end_domain(struct guest *guest, bool restart);

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

static struct guest *find_name(const char *name)
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
	return find_name(name_or_id);
}

void guests_watch(guest_watcher new_watcher)
{
	watcher = new_watcher;
}

const struct guest_log *guest_past_log(const char *name, domid_t *domain)
{
	unsigned i;

	for (i = 0; i < NR_PAST; i++)
		if (!strcmp(past[i].name, name)) {
			*domain = past[i].domain;
			return &past[i].log;
		}
	return NULL;
}

static void forget(struct guest *guest)
{
	struct guest **at;

	for (at = &guests; *at != guest; at = &(*at)->next)
		;
	*at = guest->next;
	loop_timer_cancel(&guest->timer);
	guest_log_free(&past[NR_PAST - 1].log);
	memmove(past + 1, past, sizeof(past) - sizeof(past[0]));
	strcpy(past[0].name, guest->spec.name);
	past[0].domain = guest->domain;
	past[0].log = guest->log;
	free(guest);
}

/* ---- start ---- */

static void connect_guest(struct guest *g)
{
	struct xen_domctl_sched_credit2 params = { .weight = (uint16_t)g->spec.weight,
						   .cap = (uint16_t)g->spec.cap };

	g->console = guest_console_create(g->domain, g->built.console_mfn, g->built.console_port,
					  &g->log);
	g->store = store_introduce(g);
	ctl_sched(g->domain, &params, true);
}

/* Builds the domain of a guest that has none and lets it run. */
static const char *start(struct guest *g, bool paused)
{
	struct build_request request = {
		.kernel = g->spec.kernel,
		.ramdisk = g->spec.ramdisk,
		.cmdline = g->spec.cmdline,
		.memory_kib = g->spec.memory_mib * KIB_PER_MIB,
		.maxmem_kib = g->spec.maxmem_mib * KIB_PER_MIB,
		.vcpus = g->spec.vcpus,
	};
	const char *error;

	memcpy(request.uuid, g->spec.uuid, sizeof(request.uuid));
	error = build_domain(&request, &g->built);
	if (error)
		return error;
	g->domain = g->built.domain;
	g->state = GUEST_RUNNING;
	g->started = loop_now();
	connect_guest(g);
	if (watcher)
		watcher(g, true);
	if (!paused)
		ctl_unpause(g->domain);
	return NULL;
}

const char *guest_create(const struct guest_spec *spec, bool paused, struct guest **guest)
{
	static char message[NAME_MAX_LENGTH + 48];
	struct guest *g, **at;
	const char *error;

	if (find_name(spec->name) || !strcmp(spec->name, "Domain-0")) {
		snprintf(message, sizeof(message), "Domain with name \"%s\" already exists.",
			 spec->name);
		return message;
	}
	g = calloc(1, sizeof(*g));
	if (!g)
		return "the control domain is out of memory";
	g->spec = *spec;
	error = start(g, paused);
	if (error) {
		free(g);
		return error;
	}
	for (at = &guests; *at; at = &(*at)->next)
		;
	*at = g;
	*guest = g;
	return NULL;
}

/* ---- end ---- */

static void start_again(void *arg)
{
	struct guest *g = arg;
	const char *error = start(g, false);

	if (!error)
		return;
	shell_notice("%s: cannot restart: %s", g->spec.name, error);
	forget(g);
}

static void plan_restart(struct guest *g)
{
	uint64_t pause = 0;

	g->quick_ends = loop_now() - g->started < SHORT_LIFE ? g->quick_ends + 1 : 0;
	if (g->quick_ends > 1) {
		unsigned shift = g->quick_ends - 2;

		pause = NS_PER_S << (shift < LONGEST_PAUSE_SHIFT ? shift : LONGEST_PAUSE_SHIFT);
		shell_notice("%s: ends too quickly, restarting in %u s", g->spec.name,
		       (unsigned)div_u64_u32(pause, NS_PER_S, NULL));
	}
	g->state = GUEST_WAITING;
	loop_timer_set(&g->timer, pause, start_again, g);
}

/* The hypervisor has nothing of it any more. */
static void domain_gone(struct guest *g)
{
	if (g->restart_wanted)
		plan_restart(g);
	else
		forget(g);
}

static bool domain_exists(const struct guest *g)
{
	struct xen_domctl_getdomaininfo info;

	return !ctl_info(g->domain, &info);
}

static void end_domain(struct guest *g, bool restart)
{
	if (g->state == GUEST_WAITING) {
		if (!restart)
			forget(g);
		return;
	}
	g->restart_wanted = restart;
	loop_timer_cancel(&g->timer);
	if (g->state == GUEST_DYING)
		return;
	/* What it said last is read before the ring is gone. */
	store_release(g);
	guest_console_destroy(g->console);
	g->console = NULL;
	g->state = GUEST_DYING;
	if (watcher)
		watcher(g, false);
	ctl_destroy(g->domain);
	if (!domain_exists(g))
		domain_gone(g);
}

void guest_destroy(struct guest *guest)
{
	end_domain(guest, false);
}

void guest_restart(struct guest *guest)
{
	end_domain(guest, true);
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
		       (!asked ? 0 : force ? FORCED_PATIENCE_S : PATIENCE_S) * NS_PER_S,
		       patience_ends, guest);
	return NULL;
}

const char *guest_rename(struct guest *guest, const char *name)
{
	if (find_name(name))
		return "a guest of that name exists already";
	if (strlen(name) >= sizeof(guest->spec.name))
		return "the name is too long";
	strcpy(guest->spec.name, name);
	store_renamed(guest);
	return NULL;
}

/* ---- the domain shut itself down ---- */

static void rename_and_restart(struct guest *g)
{
	struct guest_spec spec = g->spec;
	struct guest *successor;
	const char *error;
	char name[2 * NAME_MAX_LENGTH], stamp[24];
	time_t now = time(NULL);

	g->state = GUEST_ENDED;
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", gmtime(&now));
	snprintf(name, sizeof(name), "%.40s-%s", g->spec.name, stamp);
	error = guest_rename(g, name);
	if (!error)
		error = guest_create(&spec, false, &successor);
	if (error)
		shell_notice("%s: cannot restart: %s", spec.name, error);
}

static void take_action(struct guest *g, enum spec_action action)
{
	switch (action) {
	case ACTION_DESTROY:
		end_domain(g, false);
		break;
	case ACTION_RESTART:
		end_domain(g, true);
		break;
	case ACTION_RENAME_RESTART:
		rename_and_restart(g);
		break;
	case ACTION_PRESERVE:
		g->state = GUEST_ENDED;
		break;
	}
}

static void domain_shut_down(struct guest *g, unsigned reason)
{
	store_shut_down(g);
	switch (reason) {
	case SHUTDOWN_poweroff:
		take_action(g, g->spec.on_poweroff);
		break;
	case SHUTDOWN_reboot:
		take_action(g, g->spec.on_reboot);
		break;
	default:
		shell_notice("%s: crashed (reason %u); `console -l %s` shows its last output",
		       g->spec.name, reason, g->spec.name);
		take_action(g, g->spec.on_crash);
	}
}

static void check(struct guest *g)
{
	struct xen_domctl_getdomaininfo info;
	int rc;

	if (g->state != GUEST_RUNNING && g->state != GUEST_DYING)
		return;
	rc = ctl_info(g->domain, &info);
	if (g->state == GUEST_DYING) {
		if (rc)
			domain_gone(g);
		return;
	}
	if (rc || info.flags & XEN_DOMINF_dying)
		end_domain(g, false);
	else if (info.flags & XEN_DOMINF_shutdown)
		domain_shut_down(g, info.flags >> XEN_DOMINF_shutdownshift &
					    XEN_DOMINF_shutdownmask);
}

static void check_all(void *arg)
{
	struct guest *g, *next;

	(void)arg;
	for (g = guests; g; g = next) {
		next = g->next;
		check(g);
	}
}

void guests_init(void)
{
	loop_add_virq(VIRQ_DOM_EXC, check_all, NULL);
}
