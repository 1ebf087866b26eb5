/* SPDX-License-Identifier: MIT */
/* Verbs that change one guest. Their words and outputs are those of xl(1). */
#include <stdio.h>
#include <string.h>

#include "dom0/args.h"
#include "dom0/attach.h"
#include "dom0/await.h"
#include "dom0/console.h"
#include "dom0/create.h"
#include "dom0/ctl.h"
#include "dom0/guest.h"
#include "dom0/shell.h"

/* The one guest that a verb is given; -f means nothing where the control domain is spared anyway. */
static struct guest *only_guest(int argc, char **argv)
{
	static const struct args_syntax syntax = { "f", NULL, 1, 1 };
	struct args args;

	return args_read(&args, &syntax, argc, argv) ? shell_guest(argv[0], args.words[0]) : NULL;
}

static void report(const char *verb, int rc)
{
	if (rc)
		shell_error(verb, "%s (%d)", ctl_strerror(rc), rc);
}

/* ---- create ---- */

static const struct option create_names[] = { { "quiet", no_argument, NULL, 'q' },
					      { "dryrun", no_argument, NULL, 'n' },
					      { "defconfig", required_argument, NULL, 'f' },
					      { 0 } };
static const struct args_syntax create_syntax = { "cpqnFdef:", create_names, 0, 30 };

static bool is_listed(const void *guest)
{
	const struct guest *g;

	for (g = guests_first(); g; g = g->next)
		if (g == guest)
			return true;
	return false;
}

/* The file is the first word, unless -f says it or that is an override already. */
static void run_create(int argc, char **argv)
{
	struct create_request request = { 0 };
	struct guest *guest;
	struct args args;

	if (!args_read(&args, &create_syntax, argc, argv))
		return;
	request.path = args.value['f'];
	if (!request.path && args.count && !strchr(args.words[0], '=')) {
		request.path = *args.words++;
		args.count--;
	}
	if (!request.path) {
		shell_usage(argv[0]);
		return;
	}
	request.overrides = args.words;
	request.nr_overrides = args.count;
	request.paused = args.given['p'];
	request.quiet = args.given['q'];
	request.dry_run = args.given['n'];
	guest = create_from_file(&request);
	if (guest && args.given['c'])
		attach_guest(guest);
	else if (guest && args.given['F'])
		await_while(is_listed, guest);
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

/* There is one console, number 0, of the type "pv". */
static void run_console(int argc, char **argv)
{
	static const struct args_syntax syntax = { "lt:n:", NULL, 1, 1 };
	struct guest *guest;
	struct args args;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	if (args.given['t'] && strcmp(args.value['t'], "pv")) {
		shell_error(argv[0], "console type supported are: pv");
		return;
	}
	if (args.given['n'] && strcmp(args.value['n'], "0")) {
		shell_error(argv[0], "a guest has one console, number 0");
		return;
	}
	if (args.given['l']) {
		show_log(argv[0], args.words[0]);
		return;
	}
	guest = shell_guest(argv[0], args.words[0]);
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
	static const struct args_syntax syntax = { "", NULL, 2, 2 };
	struct guest *guest;
	struct args args;
	const char *error;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	guest = shell_guest(argv[0], args.words[0]);
	error = guest ? guest_rename(guest, args.words[1]) : NULL;
	if (error)
		shell_error(argv[0], "Can't rename domain '%s': %s.", args.words[0], error);
}

const struct command commands_domain[] = {
	{ "create", "[-c] [-p] [-q] [-F] [-n] FILE [KEY=VALUE ...]",
	  "Create a domain from a description\n"
	  "-c  connect to its console\n"
	  "-p  leave it paused\n"
	  "-q, --quiet  say nothing of what is read\n"
	  "-F  wait for its end\n"
	  "-n, --dryrun  only show what would be created\n"
	  "-f FILE, --defconfig=FILE  another place for the file\n"
	  "-d, -e  mean nothing here",
	  run_create },
	{ "destroy", "[-f] DOMAIN", "Terminate a domain immediately", run_destroy },
	{ "console", "[-l] [-t pv] [-n 0] DOMAIN",
	  "Attach to a domain's console; Ctrl-] leaves it\n"
	  "-l  only show what it has printed, also when it is gone",
	  run_console },
	{ "pause", "DOMAIN", "Pause execution of a domain", run_pause },
	{ "unpause", "DOMAIN", "Unpause a paused domain", run_unpause },
	{ "rename", "DOMAIN NEW-NAME", "Rename a domain", run_rename },
	{ NULL, NULL, NULL, NULL },
};
