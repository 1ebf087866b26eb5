/* SPDX-License-Identifier: MIT */
/* Verbs that ask guests to end, and those that end the machine. */
#include <stdio.h>
#include <string.h>

#include "dom0/console.h"
#include "dom0/guest.h"
#include "dom0/power.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "guests/pvrt/time.h"

#define LOOK_INTERVAL (100 * NS_PER_MS)
#define CTRL_C 3

/* ---- shutdown -w: the terminal waits; Ctrl-C ends the waiting ---- */

static struct loop_timer wait_timer;
static domid_t awaited; /* DOMID_INVALID: all guests */

static bool still_there(void)
{
	const struct guest *g;

	if (awaited != DOMID_INVALID)
		return guest_by_domain(awaited);
	for (g = guests_first(); g; g = g->next)
		if (g->state == GUEST_RUNNING || g->state == GUEST_DYING)
			return true;
	return false;
}

static void look(void *arg)
{
	(void)arg;
	if (still_there())
		loop_timer_set(&wait_timer, LOOK_INTERVAL, look, NULL);
	else
		shell_resume();
}

static void interrupt(const char *text, size_t len)
{
	if (!memchr(text, CTRL_C, len))
		return;
	loop_timer_cancel(&wait_timer);
	shell_resume();
}

static void await_end(domid_t domain)
{
	awaited = domain;
	shell_suspend();
	console_set_reader(interrupt);
	look(NULL);
}

/* ---- guests ---- */

struct request {
	const char *verb;
	bool reboot, force, all, wait;
};

/* Reads the options; returns the index of the first argument, or -1. */
static int read_options(struct request *r, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-F"))
			r->force = true;
		else if (!strcmp(argv[i], "-a"))
			r->all = true;
		else if (!strcmp(argv[i], "-w"))
			r->wait = true;
		else
			return -1;
	}
	return i;
}

static void ask(const struct request *r, struct guest *guest)
{
	const char *error;

	printf("%s domain %u\n", r->reboot ? "Rebooting" : "Shutting down", guest->domain);
	error = guest_shutdown(guest, r->reboot, r->force);
	if (error)
		shell_error(r->verb, "%s %s", guest->spec.name, error);
}

static void ask_guests(struct request *r, int argc, char **argv)
{
	int at = read_options(r, argc, argv);
	struct guest *guest;
	domid_t domain;

	if (at < 0 || at + !r->all != argc) {
		shell_usage(argv[0]);
		return;
	}
	if (r->all) {
		for (guest = guests_first(); guest; guest = guest->next)
			if (guest->state == GUEST_RUNNING)
				ask(r, guest);
		if (r->wait)
			await_end(DOMID_INVALID);
		return;
	}
	guest = shell_guest(argv[0], argv[at]);
	if (!guest)
		return;
	domain = guest->domain;
	ask(r, guest);
	if (r->wait)
		await_end(domain);
}

static void run_shutdown(int argc, char **argv)
{
	struct request r = { .verb = argv[0] };

	ask_guests(&r, argc, argv);
}

/* Without a domain: the machine. */
static void run_reboot(int argc, char **argv)
{
	struct request r = { .verb = argv[0], .reboot = true };
	bool at_once = argc == 2 && !strcmp(argv[1], "-F");

	if (argc == 1 || at_once)
		power_end(at_once, POWER_RESET);
	else
		ask_guests(&r, argc, argv);
}

static void run_poweroff(int argc, char **argv)
{
	bool at_once = argc == 2 && !strcmp(argv[1], "-F");

	if (argc == 1 || at_once)
		power_end(at_once, POWER_OFF);
	else
		shell_usage(argv[0]);
}

static void run_sysrq(int argc, char **argv)
{
	struct guest *guest;

	if (argc != 3 || strlen(argv[2]) != 1) {
		shell_usage(argv[0]);
		return;
	}
	guest = shell_guest(argv[0], argv[1]);
	if (guest && !store_write_control(guest, "sysrq", argv[2]))
		shell_error(argv[0], "%s does not listen on its control node", guest->spec.name);
}

const struct command commands_power[] = {
	{ "shutdown", "[-F] [-w] -a|DOMAIN",
	  "Issue a shutdown signal to a domain (-F: end it if it does not react, -w: wait)",
	  run_shutdown },
	{ "reboot", "[-F] [-w] [-a|DOMAIN]",
	  "Issue a reboot signal to a domain; without one, restart the machine", run_reboot },
	{ "sysrq", "DOMAIN LETTER", "Send a sysrq to a domain", run_sysrq },
	{ "poweroff", "[-F]", "Shut the guests down, then switch the machine off (-F: at once)",
	  run_poweroff },
	{ NULL, NULL, NULL, NULL },
};
