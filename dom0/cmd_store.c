/* SPDX-License-Identifier: MIT */
/* Verbs that look into xenstore, named and written as Xen's programs of the same name. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dom0/shell.h"
#include "dom0/store.h"
#include "dom0/xenstore/xenstore.h"

static void report(const char *verb, const char *path, int error)
{
	if (error)
		shell_error(verb, "%s: %s", path, strerror(error));
}

/* Values are bytes: what does not print is shown in octal. */
static void print_value(const char *value, size_t len)
{
	for (; len; len--, value++)
		if (isprint((unsigned char)*value))
			putchar(*value);
		else
			printf("\\%03o", (unsigned char)*value);
}

/* ---- ls ---- */

static void print_node(void *arg, unsigned depth, const char *name, const char *value, size_t len)
{
	(void)arg;
	printf("%*s%s = \"", (int)depth - 1, "", name);
	print_value(value, len);
	printf("\"\n");
}

static void run_ls(int argc, char **argv)
{
	const char *path = argc == 2 ? argv[1] : "/";

	if (argc > 2)
		shell_usage(argv[0]);
	else if (xs_local_walk(store_get(), path, print_node, NULL))
		shell_error(argv[0], "%s: no such node", path);
}

/* ---- read, write, rm ---- */

static void run_read(int argc, char **argv)
{
	const char *value;
	size_t len;

	if (argc != 2) {
		shell_usage(argv[0]);
		return;
	}
	value = xs_local_read(store_get(), argv[1], &len);
	if (!value) {
		shell_error(argv[0], "couldn't read path %s", argv[1]);
		return;
	}
	print_value(value, len);
	printf("\n");
}

static void run_write(int argc, char **argv)
{
	if (argc == 3)
		report(argv[0], argv[1], xs_local_printf(store_get(), argv[1], "%s", argv[2]));
	else
		shell_usage(argv[0]);
}

static void run_rm(int argc, char **argv)
{
	if (argc == 2)
		report(argv[0], argv[1], xs_local_rm(store_get(), argv[1]));
	else
		shell_usage(argv[0]);
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
	if (argc > 2) {
		shell_usage(argv[0]);
		return;
	}
	if (watch)
		xs_local_unwatch(watch);
	watch = NULL;
	if (argc == 1)
		return;
	watch = xs_local_watch(store_get(), argv[1], print_event, NULL);
	if (!watch)
		shell_error(argv[0], "%s is no path", argv[1]);
}

const struct command commands_store[] = {
	{ "xenstore-ls", "[PATH]", "List a part of xenstore with its values", run_ls },
	{ "xenstore-read", "PATH", "Read a value from xenstore", run_read },
	{ "xenstore-write", "PATH VALUE", "Write a value to xenstore", run_write },
	{ "xenstore-rm", "PATH", "Remove a node and all below it from xenstore", run_rm },
	{ "xenstore-watch", "[PATH]", "Print paths that change; without a path, stop that",
	  run_watch },
	{ NULL, NULL, NULL, NULL },
};
