/* SPDX-License-Identifier: MIT */
/*
 * Arguments of a verb, by getopt_long's rules, which xl has: options may stand anywhere, letters may be
 * joined, "--" ends them.
 */
#pragma once

#include <getopt.h>
#include <stdbool.h>

struct args_syntax {
	const char *letters;	    /* as getopt's */
	const struct option *names; /* as getopt_long's, each for one of the letters; NULL: none */
	int min, max;		    /* how many words besides options */
};

struct args {
	int count;
	char **words; /* what is no option */
	/* By letter: how often it was given, and the last value of one that has values. */
	unsigned char given['z' + 1];
	const char *value['z' + 1];
};

/* False after a message: an option that is unknown, too few words or too many. */
bool args_read(struct args *args, const struct args_syntax *syntax, int argc, char **argv);

/* The whole text is a number of at most max. */
bool args_number(const char *text, unsigned long max, unsigned long *number);
