/* SPDX-License-Identifier: MIT */
/*
 * The shell: xl's verbs on the serial line. A verb is an entry of a table; the cmd_*.c files hold
 * the tables. Verbs return at once: those that wait (console, shutdown -w) take the terminal with
 * shell_suspend() and give it back with shell_resume().
 */
#pragma once

#include <stdbool.h>

#include <xen/xen.h>

struct guest;

struct command {
	/* The first line of help is a short one, for the list of all verbs. */
	const char *name, *arguments, *help;
	/* argv[0] is the verb. */
	void (*run)(int argc, char **argv);
};

/* Tables end with an entry without a name. */
extern const struct command commands_domain[], commands_power[], commands_list[], commands_store[],
	commands_limits[], commands_top[], commands_repeat[], commands_vcpu[], commands_host[],
	commands_pci[], commands_bridge[], commands_disk[], commands_net[], commands_block[],
	commands_save[];

void shell_init(void);
/* Shows the first prompt, unless the terminal has been taken meanwhile. */
void shell_start(void);
void shell_execute(char *line);

/* While suspended no prompt is shown and input goes elsewhere. */
void shell_suspend(void);
void shell_resume(void);

/* A line that nobody asked for right now: the prompt steps aside for it. */
void shell_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* An error of a verb: "VERB: text". */
void shell_error(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The guest named, or NULL after a message. */
struct guest *shell_guest(const char *verb, const char *name_or_id);
/*
 * As shell_guest(), but the control domain is one too (then *guest is NULL). False after a message, also
 * for a guest that has no domain because it is about to start again.
 */
bool shell_domain(const char *verb, const char *name_or_id, domid_t *domain, struct guest **guest);
/* Reports wrong usage; explains a verb. */
void shell_usage(const char *verb);
void shell_help(const char *verb);
/* The verb of that name, or the only one that begins so. */
const struct command *shell_command(const char *name);
const struct command *shell_commands(unsigned table); /* NULL behind the last table */
