/* SPDX-License-Identifier: MIT */
/* Verbs that change one guest. Their words and outputs are those of xl(1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/attach.h"
#include "dom0/console.h"
#include "dom0/create.h"
#include "dom0/ctl.h"
#include "dom0/guest.h"
#include "dom0/shell.h"
#include "dom0/store.h"

/* Reads single-letter options; returns the index of the first argument, or -1 after a message. */
static int options(int argc, char **argv, const char *known, char *found)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (argv[i][2] || !strchr(known, argv[i][1])) {
			shell_error(argv[0], "unknown option %s", argv[i]);
			shell_usage(argv[0]);
			return -1;
		}
		found[strlen(found)] = argv[i][1];
	}
	return i;
}

/* The one guest that a verb without options is given. */
static struct guest *only_guest(int argc, char **argv)
{
	if (argc == 2)
		return shell_guest(argv[0], argv[1]);
	shell_usage(argv[0]);
	return NULL;
}

static void report(const char *verb, int rc)
{
	if (rc)
		shell_error(verb, "%s (%d)", ctl_strerror(rc), rc);
}

/* ---- create ---- */

static void run_create(int argc, char **argv)
{
	char found[8] = "";
	int at = options(argc, argv, "cpq", found);
	struct guest *guest;

	if (at < 0)
		return;
	if (at == argc) {
		shell_usage(argv[0]);
		return;
	}
	guest = create_from_file(argv[at], argc - at - 1, argv + at + 1, strchr(found, 'p'));
	if (guest && strchr(found, 'c'))
		attach_guest(guest);
}

/* ---- console ---- */

static void show_log(const char *verb, const char *name)
{
	struct guest *guest = guest_find(name);
	const struct guest_log *log;

	if (guest) {
		if (guest->console)
			guest_console_refresh(guest->console);
		log = &guest->log;
	} else {
		log = guest_past_log(name);
	}
	if (!log) {
		shell_error(verb, "nothing is kept of %s", name);
		return;
	}
	fflush(stdout);
	console_write(log->text, log->len);
}

static void run_console(int argc, char **argv)
{
	char found[8] = "";
	int at = options(argc, argv, "l", found);
	struct guest *guest;

	if (at < 0)
		return;
	if (at + 1 != argc) {
		shell_usage(argv[0]);
		return;
	}
	if (*found) {
		show_log(argv[0], argv[at]);
		return;
	}
	guest = shell_guest(argv[0], argv[at]);
	if (guest)
		attach_guest(guest);
}

/* ---- pause, destroy, rename ---- */

static void run_pause(int argc, char **argv)
{
	struct guest *guest = only_guest(argc, argv);

	if (guest)
		report(argv[0], ctl_pause(guest->domain));
}

static void run_unpause(int argc, char **argv)
{
	struct guest *guest = only_guest(argc, argv);

	if (guest)
		report(argv[0], ctl_unpause(guest->domain));
}

static void run_destroy(int argc, char **argv)
{
	struct guest *guest = only_guest(argc, argv);

	if (guest)
		guest_destroy(guest);
}

static void run_rename(int argc, char **argv)
{
	struct guest *guest;
	const char *error;

	if (argc != 3) {
		shell_usage(argv[0]);
		return;
	}
	guest = shell_guest(argv[0], argv[1]);
	error = guest ? guest_rename(guest, argv[2]) : NULL;
	if (error)
		shell_error(argv[0], "%s", error);
}

/* ---- scheduling, memory ---- */

static void run_mem_max(int argc, char **argv)
{
	struct guest *guest;
	unsigned long mib;

	if (argc != 3 || !(mib = strtoul(argv[2], NULL, 10))) {
		shell_usage(argv[0]);
		return;
	}
	guest = shell_guest(argv[0], argv[1]);
	if (guest)
		report(argv[0], ctl_max_mem(guest->domain, (uint64_t)mib * 1024));
}

/* The guest's balloon driver follows its memory/target. */
static void run_mem_set(int argc, char **argv)
{
	struct guest *guest;
	unsigned long mib;
	char text[16];

	if (argc != 3 || !(mib = strtoul(argv[2], NULL, 10))) {
		shell_usage(argv[0]);
		return;
	}
	guest = shell_guest(argv[0], argv[1]);
	if (!guest)
		return;
	if (mib > guest->spec.maxmem_mib) {
		shell_error(argv[0], "%s may have at most %u MiB (maxmem in its description)",
			    guest->spec.name, (unsigned)guest->spec.maxmem_mib);
		return;
	}
	snprintf(text, sizeof(text), "%lu", mib * 1024);
	if (!store_write(guest, "memory/target", text))
		shell_error(argv[0], "%s has no connection to xenstore", guest->spec.name);
}

static void print_sched(const char *name, domid_t domain)
{
	struct xen_domctl_sched_credit2 params = { 0 };

	if (!ctl_sched(domain, &params, false))
		printf("%-33s %4u %6u %4u\n", name, domain, params.weight, params.cap);
}

static void list_sched(const struct guest *only)
{
	struct guest *g;

	printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
	if (!only)
		print_sched("Domain-0", 0);
	for (g = guests_first(); g; g = g->next)
		if ((!only || g == only) && g->state != GUEST_WAITING)
			print_sched(g->spec.name, g->domain);
}

/* -d DOMAIN [-w WEIGHT] [-c CAP]; without -w and -c it shows. */
static void run_sched(int argc, char **argv)
{
	struct xen_domctl_sched_credit2 params = { 0 };
	const char *domain = NULL, *weight = NULL, *cap = NULL;
	struct guest *guest = NULL;
	domid_t id = 0;
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "-d"))
			domain = argv[i + 1];
		else if (!strcmp(argv[i], "-w"))
			weight = argv[i + 1];
		else if (!strcmp(argv[i], "-c"))
			cap = argv[i + 1];
		else
			break;
	}
	if (i != argc || (!domain && (weight || cap))) {
		shell_usage(argv[0]);
		return;
	}
	if (domain && strcmp(domain, "0") && strcmp(domain, "Domain-0")) {
		guest = shell_guest(argv[0], domain);
		if (!guest)
			return;
		id = guest->domain;
	}
	if (!weight && !cap) {
		list_sched(guest);
		return;
	}
	i = ctl_sched(id, &params, false);
	params.weight = weight ? (uint16_t)strtoul(weight, NULL, 10) : params.weight;
	params.cap = cap ? (uint16_t)strtoul(cap, NULL, 10) : params.cap;
	report(argv[0], i ? i : ctl_sched(id, &params, true));
}

/* ---- save, restore ---- */

static void refuse_save(int argc, char **argv)
{
	(void)argc;
	shell_error(argv[0], "not offered here: a domain's memory and devices are not written to "
			     "files; shut it down and create it again");
}

const struct command commands_domain[] = {
	{ "create", "[-c] [-p] FILE [KEY=VALUE ...]",
	  "Create a domain from a description: -c attaches its console, -p leaves it paused",
	  run_create },
	{ "destroy", "DOMAIN", "Terminate a domain immediately", run_destroy },
	{ "console", "[-l] DOMAIN",
	  "Attach to a domain's console, Ctrl-] leaves; -l shows what it has printed",
	  run_console },
	{ "pause", "DOMAIN", "Pause execution of a domain", run_pause },
	{ "unpause", "DOMAIN", "Unpause a paused domain", run_unpause },
	{ "rename", "DOMAIN NEW-NAME", "Rename a domain", run_rename },
	{ "mem-set", "DOMAIN MIB", "Set the current memory usage for a domain", run_mem_set },
	{ "save", "DOMAIN FILE", "Not offered: says so", refuse_save },
	{ "restore", "FILE", "Not offered: says so", refuse_save },
	{ "mem-max", "DOMAIN MIB", "Set the maximum amount reservation for a domain", run_mem_max },
	{ "sched-credit2", "[-d DOMAIN [-w WEIGHT] [-c CAP]]",
	  "Get or set the scheduler's weight and cap", run_sched },
	{ NULL, NULL, NULL, NULL },
};
