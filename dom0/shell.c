/* SPDX-License-Identifier: MIT */
/* Prompt, words, dispatch and completion: see shell.h. */
#include "dom0/shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dom0/console.h"
#include "dom0/files.h"
#include "dom0/guest.h"
#include "dom0/line.h"

#define PROMPT "ringlet# "
#define MAX_WORDS 32

static const struct command *const tables[] = { commands_domain, commands_limits, commands_top,
						commands_power,	 commands_list,	  commands_store,
						commands_repeat, commands_vcpu,	  commands_host,
						commands_pci,	 commands_bridge, commands_disk,
						commands_net,	 commands_block,  commands_save };

static bool suspended; /* the terminal is somebody else's */
static bool prompting;

/* ---- verbs ---- */

const struct command *shell_commands(unsigned table)
{
	return table < sizeof(tables) / sizeof(tables[0]) ? tables[table] : NULL;
}

const struct command *shell_command(const char *name)
{
	const struct command *c, *found = NULL;
	unsigned i, count = 0;

	for (i = 0; (c = shell_commands(i)); i++)
		for (; c->name; c++) {
			if (!strcmp(c->name, name))
				return c;
			if (strncmp(c->name, name, strlen(name)))
				continue;
			found = c;
			count++;
		}
	return count == 1 ? found : NULL;
}

void shell_notice(const char *fmt, ...)
{
	va_list args;

	if (prompting)
		line_hide();
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	if (prompting)
		line_show();
}

void shell_error(const char *verb, const char *fmt, ...)
{
	va_list args;

	printf("%s: ", verb);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

void shell_usage(const char *verb)
{
	const struct command *c = shell_command(verb);

	printf("Usage: %s %s\n", verb, c ? c->arguments : "");
}

void shell_help(const char *verb)
{
	const struct command *c = shell_command(verb);

	if (c)
		printf("Usage: %s %s\n\n%s\n", c->name, c->arguments, c->help);
	else
		printf("no such command: %s\n", verb);
}

bool shell_domain(const char *verb, const char *name_or_id, domid_t *domain, struct guest **guest)
{
	*guest = NULL;
	*domain = 0;
	if (!strcmp(name_or_id, "0") || !strcmp(name_or_id, "Domain-0"))
		return true;
	*guest = shell_guest(verb, name_or_id);
	if (*guest && (*guest)->state == GUEST_WAITING) {
		shell_error(verb, "%s is about to start again", (*guest)->spec.name);
		*guest = NULL;
	}
	*domain = *guest ? (*guest)->domain : DOMID_INVALID;
	return *guest != NULL;
}

struct guest *shell_guest(const char *verb, const char *name_or_id)
{
	struct guest *guest = guest_find(name_or_id);

	if (!guest && (!strcmp(name_or_id, "0") || !strcmp(name_or_id, "Domain-0")))
		shell_error(verb, "Domain-0 is this control domain; see poweroff and reboot");
	else if (!guest)
		shell_error(verb, "%s is an invalid domain identifier (`list` shows the domains)",
			    name_or_id);
	return guest;
}

/* ---- words ---- */

/*
 * Cuts line into words in place. Quotes keep blanks; # starts a comment. Returns how many, or -1.
 */
static int split(char *line, char **words)
{
	char *to, quote;
	int count = 0;

	for (;;) {
		while (*line == ' ' || *line == '\t')
			line++;
		if (!*line || *line == '#')
			return count;
		if (count == MAX_WORDS - 1)
			return -1;
		words[count++] = to = line;
		for (quote = 0; *line && (quote || (*line != ' ' && *line != '\t')); line++) {
			if (quote ? *line == quote : *line == '"' || *line == '\'')
				quote = quote ? 0 : *line;
			else
				*to++ = *line;
		}
		if (*line)
			line++;
		*to = '\0';
	}
}

/* "xl" with its global options, which mean nothing here, may stand before a verb. */
static int skip_xl(int count, char **words)
{
	int i = 0;

	if (count && !strcmp(words[0], "xl"))
		for (i = 1; i < count && words[i][0] == '-' && strspn(words[i] + 1, "vftT"); i++)
			;
	return i;
}

void shell_execute(char *line)
{
	char *words[MAX_WORDS] = { NULL };
	int count = split(line, words), first;
	const struct command *c;

	if (count < 0) {
		printf("more than %d words\n", MAX_WORDS - 1);
		return;
	}
	first = skip_xl(count, words);
	if (first == count)
		return;
	c = shell_command(words[first]);
	if (!c) {
		printf("%s: no such command; `help` lists them\n", words[first]);
		return;
	}
	words[first] = (char *)c->name;
	if (count - first == 2 &&
	    (!strcmp(words[first + 1], "-h") || !strcmp(words[first + 1], "--help")))
		shell_help(c->name);
	else
		c->run(count - first, words + first);
}

/* ---- the terminal ---- */

static void show_prompt(void)
{
	if (suspended)
		return;
	prompting = true;
	line_show();
}

static void accept(char *line)
{
	prompting = false;
	shell_execute(line);
	fflush(stdout);
	show_prompt();
}

/* Verbs first, then what most verbs take: guests and files. */
static void complete(const char *line, const char *word, void (*add)(const char *candidate))
{
	const struct command *c;
	const struct file *file;
	struct guest *g;
	unsigned i;

	if (word == line || !strncmp(line, "help ", 5)) {
		for (i = 0; (c = shell_commands(i)); i++)
			for (; c->name; c++)
				add(c->name);
		return;
	}
	if (!strncmp(line, "create ", 7)) {
		for (i = 0; (file = files_get(i)); i++)
			add(file->name);
		return;
	}
	for (g = guests_first(); g; g = g->next)
		add(g->spec.name);
}

static const struct line_callbacks callbacks = {
	.accept = accept,
	.complete = complete,
	.put = console_write,
};

void shell_suspend(void)
{
	suspended = true;
	prompting = false;
}

void shell_resume(void)
{
	suspended = false;
	fflush(stdout);
	console_set_reader(line_feed);
	show_prompt();
}

void shell_start(void)
{
	fflush(stdout);
	show_prompt();
}

void shell_init(void)
{
	line_init(&callbacks, PROMPT);
	console_init(line_feed);
}
