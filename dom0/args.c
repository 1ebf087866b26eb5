/* SPDX-License-Identifier: MIT */
/* newlib's getopt_long() for verbs: see args.h. */
#include "dom0/args.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/shell.h"

/* newlib takes a lone dash for an option without a letter: it goes by another name meanwhile. */
static char lone_dash[] = "(-)";

static void hide_dashes(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "-"))
			argv[i] = lone_dash;
}

static void show_dashes(const struct args *args)
{
	static char dash[] = "-";
	int i;

	for (i = 0; i < args->count; i++)
		if (args->words[i] == lone_dash)
			args->words[i] = dash;
}

static const struct option no_names[] = { { 0 } };

static bool read_options(struct args *args, const struct args_syntax *syntax, int argc, char **argv)
{
	int letter;

	optind = 0; /* newlib's way to begin again */
	opterr = 0;
	while ((letter = getopt_long(argc, argv, syntax->letters,
				     syntax->names ? syntax->names : no_names, NULL)) != -1) {
		if (letter == '?' || letter == ':') {
			shell_error(argv[0], "option %s is unknown, or lacks its value",
				    argv[optind > 1 ? optind - 1 : 1]);
			shell_usage(argv[0]);
			return false;
		}
		args->given[letter]++;
		args->value[letter] = optarg;
	}
	return true;
}

bool args_read(struct args *args, const struct args_syntax *syntax, int argc, char **argv)
{
	memset(args, 0, sizeof(*args));
	hide_dashes(argc, argv);
	if (!read_options(args, syntax, argc, argv))
		return false;
	args->count = argc - optind;
	args->words = argv + optind;
	show_dashes(args);
	if (args->count >= syntax->min && args->count <= syntax->max)
		return true;
	if (args->count < syntax->min)
		shell_error(argv[0], "requires at least %d argument%s", syntax->min,
			    syntax->min > 1 ? "s" : "");
	shell_usage(argv[0]);
	return false;
}

bool args_number(const char *text, unsigned long max, unsigned long *number)
{
	char *end;

	*number = strtoul(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && *number <= max;
}
