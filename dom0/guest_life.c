/* SPDX-License-Identifier: MIT */
/* The life cycle of guests: see guest.h. VIRQ_DOM_EXC says that some domain changed; all are looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xen/sched.h>

#include "dom0/block/blkback.h"
#include "dom0/block/guest_disks.h"
#include "dom0/ctl.h"
#include "dom0/files.h"
#include "dom0/guest_internal.h"
#include "dom0/net/guest_net.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "dom0/xenbus.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/time.h"

#define KIB_PER_MIB 1024u

/* A guest that ends sooner than this restarts after a pause, which doubles each time. */
#define SHORT_LIFE (10 * NS_PER_S)
#define LONGEST_PAUSE_SHIFT 6
/* A domain that is not gone by then is worth a word. */
#define HELD_FOR_LONG (2 * NS_PER_S)

/* ---- start ---- */

static void connect_guest(struct guest *g)
{
	struct xen_domctl_sched_credit2 params = { .weight = (uint16_t)g->spec.weight,
						   .cap = (uint16_t)g->spec.cap };

	g->console = guest_console_create(g->domain, g->built.console_mfn, g->built.console_port,
					  &g->log);
	g->store = store_introduce(g);
	guest_net_start(g);
	ctl_sched(g->domain, &params, true);
}

static void disconnect_guest(struct guest *g)
{
	xenbus_domain_ends(g->domain);
	store_release(g);
	/* What it said last is read before the ring is gone. */
	guest_console_destroy(g->console);
	g->console = NULL;
}

static const char *build(struct guest *g)
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
	/* The kernel that a boot loader starts has notes of its own, which nobody sees. */
	if (!strcmp(g->spec.kernel->name, SPEC_PVGRUB))
		g->built.suspend_cancel = true;
	return error;
}

/* Gives its devices to a domain that was built: NULL, or what is wrong; then the disks are closed. */
static const char *furnish(struct guest *g, const struct guest_disks *disks)
{
	const char *error;

	g->domain = g->built.domain;
	g->state = GUEST_RUNNING;
	g->started = loop_now();
	g->shutdown_reason = -1;
	g->end_reported = false;
	connect_guest(g);
	error = guest_disks_attach(g, disks);
	if (error)
		disconnect_guest(g);
	return error;
}

/* Builds the domain of a guest that has none and lets it run. */
static const char *start(struct guest *g, bool paused)
{
	struct guest_disks disks;
	const char *error = guest_disks_open(&g->spec, &disks);

	if (error)
		return error;
	error = build(g);
	if (error) {
		guest_disks_close(&g->spec, &disks);
		return error;
	}
	error = furnish(g, &disks);
	if (error) {
		ctl_destroy(g->domain);
		return error;
	}
	guest_announce(g, true);
	if (!paused)
		ctl_unpause(g->domain);
	return NULL;
}

const char *guest_name_error(const char *name)
{
	static char message[NAME_MAX_LENGTH + 48];

	if (!guest_by_name(name) && strcmp(name, "Domain-0"))
		return NULL;
	snprintf(message, sizeof(message), "Domain with name \"%s\" already exists.", name);
	return message;
}

const char *guest_create(const struct guest_spec *spec, bool paused, struct guest **guest)
{
	const char *error = guest_name_error(spec->name);
	struct guest *g;

	if (error)
		return error;
	g = calloc(1, sizeof(*g));
	if (!g)
		return "the control domain is out of memory";
	g->spec = *spec;
	error = start(g, paused);
	if (error) {
		free(g);
		return error;
	}
	guest_list_add(g);
	*guest = g;
	return NULL;
}

const char *guest_adopt(const struct guest_spec *spec, const struct build_result *built,
			const struct guest_disks *disks, struct guest **guest)
{
	const char *error = guest_name_error(spec->name);
	struct guest *g = error ? NULL : calloc(1, sizeof(*g));

	if (!g) {
		guest_disks_close(spec, disks);
		return error ? error : "the control domain is out of memory";
	}
	g->spec = *spec;
	g->built = *built;
	error = furnish(g, disks);
	if (error) {
		free(g);
		return error;
	}
	guest_list_add(g);
	guest_announce(g, true);
	*guest = g;
	return NULL;
}

/* ---- suspended ---- */

static void (*on_suspend)(struct guest *guest);

void guests_on_suspend(void (*fn)(struct guest *guest))
{
	on_suspend = fn;
}

static void suspended(struct guest *g)
{
	g->state = GUEST_SUSPENDED;
	on_suspend(g);
}

/* As Xen's tools: 1 from the hypercall says "you were not saved, all is as it was". */
bool guest_resume(struct guest *g)
{
	static struct vcpu_guest_context context;
	static uint64_t xstate[PAGE_SIZE / sizeof(uint64_t)];
	uint32_t size = sizeof(xstate);
	uint64_t features;

	if (ctl_get_vcpu(g->domain, 0, &context) ||
	    ctl_get_xstate(g->domain, 0, xstate, &size, &features))
		return false;
	context.user_regs.eax = 1;
	if (ctl_set_vcpu(g->domain, 0, &context) || ctl_set_xstate(g->domain, 0, xstate, size) ||
	    ctl_resume(g->domain))
		return false;
	g->state = GUEST_RUNNING;
	return true;
}

/* ---- end ---- */

static void start_again(void *arg)
{
	struct guest *g = arg;
	const char *error = start(g, false);

	if (!error)
		return;
	shell_notice("%s: cannot restart: %s", g->spec.name, error);
	guest_forget(g);
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
		guest_forget(g);
}

/* Its disks are not closed before what it wrote last has ended: then they are free for its next life. */
static bool is_gone(const struct guest *g)
{
	struct xen_domctl_getdomaininfo info;

	return ctl_info(g->domain, &info) && !blkback_has_disks(g->domain);
}

static void tell_of_holder(void *arg)
{
	const struct guest *g = arg;

	shell_notice(
		"%s: domain %u has ended, but somebody still holds memory of it; debug-keys d, then "
		"dmesg, says who",
		g->spec.name, g->domain);
}

static void end_domain(struct guest *g, bool restart)
{
	if (g->state == GUEST_WAITING) {
		if (!restart)
			guest_forget(g);
		return;
	}
	g->restart_wanted = restart;
	loop_timer_cancel(&g->timer);
	if (g->state == GUEST_DYING)
		return;
	disconnect_guest(g);
	g->state = GUEST_DYING;
	guest_announce(g, false);
	ctl_destroy(g->domain);
	if (is_gone(g))
		domain_gone(g);
	else
		loop_timer_set(&g->timer, HELD_FOR_LONG, tell_of_holder, g);
}

void guest_destroy(struct guest *guest)
{
	end_domain(guest, false);
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
	guest_announce(g, false);
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
		guest_announce(g, false);
		break;
	}
}

static void domain_shut_down(struct guest *g, unsigned reason)
{
	if (reason == SHUTDOWN_suspend) {
		suspended(g);
		return;
	}
	store_shut_down(g);
	g->shutdown_reason = (int)reason;
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

static void check_running(struct guest *g)
{
	struct xen_domctl_getdomaininfo info;
	int rc = ctl_info(g->domain, &info);

	if (rc || info.flags & XEN_DOMINF_dying)
		end_domain(g, false);
	else if (info.flags & XEN_DOMINF_shutdown)
		domain_shut_down(g,
				 info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
}

static void check(struct guest *g)
{
	if (g->state == GUEST_RUNNING)
		check_running(g);
	else if (g->state == GUEST_DYING && is_gone(g))
		domain_gone(g);
}

static void check_all(void *arg)
{
	struct guest *g, *next;

	(void)arg;
	for (g = guests_first(); g; g = next) {
		next = g->next;
		check(g);
	}
}

/* Runs while the domain's own end may be going on: not at once. */
static void disk_ended(domid_t domain)
{
	static struct loop_work work;

	(void)domain;
	if (!work.fn)
		loop_work_init(&work, check_all, NULL);
	loop_work_queue(&work);
}

void guests_init(void)
{
	guest_consoles_init();
	loop_add_virq(VIRQ_DOM_EXC, check_all, NULL);
	blkback_on_end(disk_ended);
}
