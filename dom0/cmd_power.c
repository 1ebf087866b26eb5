/* SPDX-License-Identifier: MIT */
/* Verbs that ask guests to end, and those that end the machine. */
#include <stdio.h>
#include <string.h>

#include "dom0/args.h"
#include "dom0/await.h"
#include "dom0/guest.h"
#include "dom0/power.h"
#include "dom0/shell.h"
#include "dom0/store.h"

/* ---- guests ---- */

struct request {
	const char *verb;
	bool reboot, force, wait;
};

static const struct option names[] = { { "all", no_argument, NULL, 'a' },
				       { "wait", no_argument, NULL, 'w' },
				       { 0 } };
static const struct args_syntax syntax = { "aFw", names, 0, 1 };

static void ask(const struct request *r, struct guest *guest)
{
	const char *error;

	printf("%s domain %u\n", r->reboot ? "Rebooting" : "Shutting down", guest->domain);
	error = guest_shutdown(guest, r->reboot, r->force);
	if (error)
		shell_error(r->verb, "%s %s", guest->spec.name, error);
}

static void ask_all(const struct request *r)
{
	struct guest *guest;

	for (guest = guests_first(); guest; guest = guest->next)
		if (guest->state == GUEST_RUNNING)
			ask(r, guest);
	if (r->wait)
		await_end(DOMID_INVALID);
}

static void ask_one(const struct request *r, const char *name)
{
	struct guest *guest;
	domid_t domain;

	if (!shell_domain(r->verb, name, &domain, &guest))
		return;
	if (!guest) {
		shell_error(r->verb, "Domain-0 is this control domain; see poweroff and reboot");
		return;
	}
	ask(r, guest);
	if (r->wait)
		await_end(domain);
}

static void ask_guests(const char *verb, bool reboot, const struct args *args)
{
	struct request r = {
		.verb = verb, .reboot = reboot, .force = args->given['F'], .wait = args->given['w']
	};

	if (args->given['a'] && !args->count)
		ask_all(&r);
	else if (!args->given['a'] && args->count)
		ask_one(&r, args->words[0]);
	else
		shell_error(verb, "You must specify -a or a domain id.");
}

static void run_shutdown(int argc, char **argv)
{
	struct args args;

	if (args_read(&args, &syntax, argc, argv))
		ask_guests(argv[0], false, &args);
}

/* Without a domain: the machine. */
static void run_reboot(int argc, char **argv)
{
	struct args args;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	if (!args.count && !args.given['a'])
		power_end(args.given['F'], POWER_RESET);
	else
		ask_guests(argv[0], true, &args);
}

static void run_poweroff(int argc, char **argv)
{
	static const struct args_syntax force = { "F", NULL, 0, 0 };
	struct args args;

	if (args_read(&args, &force, argc, argv))
		power_end(args.given['F'], POWER_OFF);
}

static void run_sysrq(int argc, char **argv)
{
	static const struct args_syntax two_words = { "", NULL, 2, 2 };
	struct guest *guest;
	struct args args;

	if (!args_read(&args, &two_words, argc, argv))
		return;
	guest = shell_guest(argv[0], args.words[0]);
	if (guest && strlen(args.words[1]) != 1)
		shell_error(argv[0], "Invalid sysrq: it is one letter");
	else if (guest && !store_write_control(guest, "sysrq", args.words[1]))
		shell_error(argv[0], "%s does not listen on its control node", guest->spec.name);
}

const struct command commands_power[] = {
	{ "shutdown", "[-F] [-w] -a|DOMAIN",
	  "Issue a shutdown signal to a domain\n"
	  "-a, --all  to all guests\n"
	  "-w, --wait  wait for the end\n"
	  "-F  end those that cannot be asked, or do not react",
	  run_shutdown },
	{ "reboot", "[-F] [-w] [-a|DOMAIN]",
	  "Issue a reboot signal to a domain, or restart the machine\n"
	  "Without a domain it is the machine; its guests are shut down first.\n"
	  "-a, --all  to all guests\n"
	  "-w, --wait  wait for the end\n"
	  "-F  end those that cannot be asked, or do not react; the machine: at once",
	  run_reboot },
	{ "sysrq", "DOMAIN LETTER", "Send a sysrq to a domain", run_sysrq },
	{ "poweroff", "[-F]",
	  "Shut the guests down, then switch the machine off\n"
	  "-F  at once",
	  run_poweroff },
	{ NULL, NULL, NULL, NULL },
};
