/* SPDX-License-Identifier: MIT */
/* Verbs that look into xenstore, named and written as Xen's programs of the same name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/io/xs_wire.h>

#include "dom0/args.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "dom0/xenstore/xenstore.h"

static void report(const char *verb, const char *path, int error)
{
	if (error)
		shell_error(verb, "%s: %s", path, strerror(error));
}

/* Values are bytes: what does not print is written as these programs do. */
static void print_value(const char *value, size_t len)
{
	static const char plain[] = "\t\n\r\\", letters[] = "tnr\\";
	const char *at;

	for (; len; len--, value++) {
		unsigned c = (unsigned char)*value;

		at = c ? strchr(plain, (int)c) : NULL;
		if (at)
			printf("\\%c", letters[at - plain]);
		else if (c >= ' ' && c <= '~')
			putchar((int)c);
		else
			printf(c < 8 ? "\\%03o" : "\\x%02x", c);
	}
}

/* The reverse, in place; returns the length. */
static size_t read_value(char *text)
{
	static const char plain[] = "\t\n\r", letters[] = "tnr";
	char *to = text, *from, *end;
	const char *at;

	for (from = text; *from; from++) {
		if (*from != '\\' || !from[1]) {
			*to++ = *from;
			continue;
		}
		from++;
		at = strchr(letters, *from);
		if (at) {
			*to++ = plain[at - letters];
		} else if (*from == 'x' || (*from >= '0' && *from <= '7')) {
			bool hex = *from == 'x';

			*to++ = (char)strtoul(from + hex, &end, hex ? 16 : 8);
			from = end - 1;
		} else {
			*to++ = *from;
		}
	}
	return (size_t)(to - text);
}

/* ---- ls, list ---- */

static struct listing {
	bool full, perms;
	char path[XENSTORE_ABS_PATH_MAX + 1];
	size_t length[XENSTORE_ABS_PATH_MAX / 2 + 1]; /* of the path down to each depth */
} listing;

static void print_perms(const char *path)
{
	static const char letters[] = "nrwb";
	struct xs_perm perms[16];
	unsigned i, count = 0;

	xs_local_get_perms(store_get(), path, perms, 16, &count);
	printf("   (");
	for (i = 0; i < count && i < 16; i++)
		printf("%s%c%u", i ? "," : "", letters[perms[i].bits & 3], perms[i].domid);
	printf(")");
}

static void print_node(void *arg, unsigned depth, const char *name, const char *value, size_t len)
{
	struct listing *l = arg;
	size_t used = l->length[depth - 1];

	l->length[depth] = used + (size_t)snprintf(l->path + used, sizeof(l->path) - used, "%s%s",
						   used > 1 ? "/"
						   : used   ? ""
							    : "/",
						   name);
	if (l->full)
		printf("%s = \"", l->path);
	else
		printf("%*s%s = \"", (int)depth - 1, "", name);
	print_value(value, len);
	printf("\"");
	if (l->perms)
		print_perms(l->path);
	printf("\n");
}

static void list(const char *verb, const char *path)
{
	listing.length[0] = (size_t)snprintf(listing.path, sizeof(listing.path), "%s", path);
	if (listing.length[0] >= sizeof(listing.path) ||
	    xs_local_walk(store_get(), path, print_node, &listing))
		shell_error(verb, "%s: no such node", path);
}

static void run_ls(int argc, char **argv)
{
	static const struct args_syntax syntax = { "fp", NULL, 0, 30 };
	struct args args;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	listing.full = args.given['f'];
	listing.perms = args.given['p'];
	if (!args.count)
		list(argv[0], "/");
	for (i = 0; i < args.count; i++)
		list(argv[0], args.words[i]);
}

static void print_name(void *arg, const char *name)
{
	(void)arg;
	printf("%s\n", name);
}

static void run_list(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 1, 30 };
	struct args args;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	for (i = 0; i < args.count; i++)
		report(argv[0], args.words[i],
		       xs_local_directory(store_get(), args.words[i], print_name, NULL));
}

/* ---- read, write, rm ---- */

static void run_read(int argc, char **argv)
{
	static const struct args_syntax syntax = { "pR", NULL, 1, 30 };
	const char *value;
	struct args args;
	size_t len;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	for (i = 0; i < args.count; i++) {
		value = xs_local_read(store_get(), args.words[i], &len);
		if (!value) {
			shell_error(argv[0], "couldn't read path %s", args.words[i]);
			return;
		}
		if (args.given['p'])
			printf("%s: ", args.words[i]);
		if (args.given['R'])
			fwrite(value, 1, len, stdout);
		else
			print_value(value, len);
		printf("\n");
	}
}

static void run_write(int argc, char **argv)
{
	static const struct args_syntax syntax = { "R", NULL, 2, 30 };
	struct args args;
	size_t len;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	if (args.count % 2) {
		shell_usage(argv[0]);
		return;
	}
	for (i = 0; i < args.count; i += 2) {
		char *value = args.words[i + 1];

		len = args.given['R'] ? strlen(value) : read_value(value);
		report(argv[0], args.words[i],
		       xs_local_write(store_get(), args.words[i], value, len));
	}
}

static void count_child(void *arg, const char *name)
{
	(void)name;
	++*(unsigned *)arg;
}

/* -t: parents that are empty then go too. */
static void tidy(char *path)
{
	unsigned children;
	char *slash;
	size_t len;

	while ((slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		children = 0;
		xs_local_directory(store_get(), path, count_child, &children);
		if (children || !xs_local_read(store_get(), path, &len) || len ||
		    xs_local_rm(store_get(), path))
			return;
	}
}

static void run_rm(int argc, char **argv)
{
	static const struct args_syntax syntax = { "t", NULL, 1, 30 };
	struct args args;
	int i, error;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	for (i = 0; i < args.count; i++) {
		error = xs_local_rm(store_get(), args.words[i]);
		report(argv[0], args.words[i], error);
		if (!error && args.given['t'])
			tidy(args.words[i]);
	}
}

/* ---- watch: one at a time ---- */

static struct xs_local_watch *watch;

static void print_event(void *arg, const char *path)
{
	(void)arg;
	shell_notice("%s", path);
}

static void run_watch(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 0, 1 };
	struct args args;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	if (watch)
		xs_local_unwatch(watch);
	watch = NULL;
	if (!args.count)
		return;
	watch = xs_local_watch(store_get(), args.words[0], print_event, NULL);
	if (!watch)
		shell_error(argv[0], "%s is no path", args.words[0]);
}

const struct command commands_store[] = {
	{ "xenstore-ls", "[-f] [-p] [PATH ...]",
	  "List parts of xenstore with their values\n"
	  "-f  whole paths\n"
	  "-p  permissions",
	  run_ls },
	{ "xenstore-list", "PATH ...", "List the children of nodes in xenstore", run_list },
	{ "xenstore-read", "[-p] [-R] PATH ...",
	  "Read values from xenstore\n"
	  "-p  with their paths\n"
	  "-R  as they are, also bytes that do not print",
	  run_read },
	{ "xenstore-write", "[-R] PATH VALUE ...",
	  "Write values to xenstore\n"
	  "-R  as they are: a backslash means nothing",
	  run_write },
	{ "xenstore-rm", "[-t] PATH ...",
	  "Remove nodes and all below them from xenstore\n"
	  "-t  and parents that are empty then",
	  run_rm },
	{ "xenstore-watch", "[PATH]", "Print paths that change; without a path, stop that",
	  run_watch },
	{ NULL, NULL, NULL, NULL },
};
