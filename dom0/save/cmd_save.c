/* SPDX-License-Identifier: MIT */
/* Verbs save and restore, with xl's words. They take the terminal until they are done; Ctrl-C cancels. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dom0/args.h"
#include "dom0/console.h"
#include "dom0/create.h"
#include "dom0/guest.h"
#include "dom0/save/save.h"
#include "dom0/shell.h"

#define CTRL_C 3

static const char *verb; /* of the command under way */
static void (*cancel)(void);

static void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void report(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

static void ended(const char *error)
{
	if (error)
		shell_error(verb, "%s", error);
	cancel = NULL;
	shell_resume();
}

static void interrupt(const char *text, size_t len)
{
	if (memchr(text, CTRL_C, len) && cancel)
		cancel();
}

/* error: what the start of it said. */
static void take_terminal(const char *name, const char *error, void (*how_to_cancel)(void))
{
	if (error) {
		shell_error(name, "%s", error);
		return;
	}
	verb = name;
	cancel = how_to_cancel;
	shell_suspend();
	console_set_reader(interrupt);
}

static bool read_spec(const char *name, const char *path, struct guest_spec *spec)
{
	struct create_request request = { .path = path };

	return create_read_spec(name, &request, spec);
}

static void run_save(int argc, char **argv)
{
	static const struct args_syntax syntax = { "cpf", NULL, 2, 3 };
	static struct guest_spec spec;
	struct save_options options;
	struct guest *guest;
	struct args args;
	bool given;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	guest = shell_guest("save", args.words[0]);
	given = args.count == 3;
	if (!guest || (given && !read_spec("save", args.words[2], &spec)))
		return;
	options = (struct save_options){ .checkpoint = args.given['c'],
					 .pause = args.given['p'],
					 .force = args.given['f'] };
	printf("Saving to %s\n", args.words[1]);
	take_terminal("save",
		      save_start(guest, args.words[1], given ? &spec : NULL, &options, report,
				 ended),
		      save_cancel);
}

static void run_restore(int argc, char **argv)
{
	static const struct args_syntax syntax = { "pf", NULL, 1, 2 };
	static struct guest_spec spec;
	struct restore_options options;
	struct args args;
	const char *disk;
	bool given;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	given = args.count == 2;
	disk = args.words[args.count - 1];
	if (given && !read_spec("restore", args.words[0], &spec))
		return;
	options = (struct restore_options){ .pause = args.given['p'], .force = args.given['f'] };
	printf("Loading from %s\n", disk);
	take_terminal("restore", restore_start(disk, given ? &spec : NULL, &options, report, ended),
		      restore_cancel);
}

const struct command commands_save[] = {
	{ "save", "[-c|-p] [-f] DOMAIN DISK [FILE]",
	  "Save a domain to a disk or partition\n"
	  "-c  let it run on\n"
	  "-p  leave it, paused\n"
	  "-f  whatever the disk holds, and whatever disks the domain has in memory\n"
	  "FILE is the description for its next life",
	  run_save },
	{ "restore", "[-p] [-f] [FILE] DISK",
	  "Restore a domain from the disk or partition where it was saved\n"
	  "-p  leave it paused\n"
	  "-f  also when it was restored from there before\n"
	  "FILE is a description in place of its own",
	  run_restore },
	{ NULL, NULL, NULL, NULL },
};
