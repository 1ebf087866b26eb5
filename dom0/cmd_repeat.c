/* SPDX-License-Identifier: MIT */
/* Verbs that run other verbs: how long they take, and again and again, for tests of endurance. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/console.h"
#include "dom0/guest.h"
#include "dom0/line.h"
#include "dom0/loop.h"
#include "dom0/shell.h"
#include "guests/pvrt/time.h"

#define CTRL_C 3

static char repeated[LINE_MAX_LENGTH];
static unsigned long rounds, rounds_left;
static uint64_t started;
static struct loop_work work;

static void print_time(uint64_t since)
{
	unsigned us = (unsigned)div_u64_u32(loop_now() - since, NS_PER_US, NULL);

	printf("real %u.%03u ms\n", us / 1000, us % 1000);
}

/* One round a turn: the guests' events are served in between. */
static void run_round(void *arg)
{
	char line[LINE_MAX_LENGTH], *part, *next;

	(void)arg;
	if (!rounds_left) {
		printf("%lu rounds, ", rounds);
		print_time(started);
		shell_resume();
		return;
	}
	rounds_left--;
	strcpy(line, repeated);
	for (part = line; part; part = next) {
		next = strchr(part, ';');
		if (next)
			*next++ = '\0';
		shell_execute(part);
	}
	loop_work_queue(&work);
}

static void interrupt(const char *text, size_t len)
{
	if (memchr(text, CTRL_C, len))
		rounds_left = 0;
}

static void run_repeat(int argc, char **argv)
{
	unsigned long count = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;

	if (!count || rounds_left || strlen(argv[2]) >= sizeof(repeated)) {
		shell_usage(argv[0]);
		return;
	}
	strcpy(repeated, argv[2]);
	rounds = rounds_left = count;
	started = loop_now();
	loop_work_init(&work, run_round, NULL);
	shell_suspend();
	console_set_reader(interrupt);
	loop_work_queue(&work);
}

/* ---- time ---- */

static const struct guest *timed; /* whose end is waited for */
static uint64_t timed_since;

static void stop_waiting(void)
{
	timed = NULL;
	print_time(timed_since);
	shell_resume();
}

static void watch(struct guest *guest, bool guest_started)
{
	if (guest == timed && !guest_started)
		stop_waiting();
}

static void interrupt_wait(const char *text, size_t len)
{
	if (timed && memchr(text, CTRL_C, len))
		stop_waiting();
}

static const struct guest *newest(void)
{
	const struct guest *g = guests_first();

	while (g && g->next)
		g = g->next;
	return g;
}

static void await_end_of(const struct guest *guest)
{
	static bool watching;

	if (!watching)
		guests_watch(watch);
	watching = true;
	timed = guest;
	shell_suspend();
	console_set_reader(interrupt_wait);
}

/* With -w it includes the life of the guest that the command creates. */
static void run_time(int argc, char **argv)
{
	bool wait = argc > 1 && !strcmp(argv[1], "-w");
	const struct command *c = argc > 1 + wait ? shell_command(argv[1 + wait]) : NULL;
	const struct guest *before = newest();

	if (!c) {
		shell_usage(argv[0]);
		return;
	}
	timed_since = loop_now();
	c->run(argc - 1 - wait, argv + 1 + wait);
	if (wait && newest() && newest() != before)
		await_end_of(newest());
	else
		print_time(timed_since);
}

const struct command commands_repeat[] = {
	{ "time", "[-w] COMMAND ...",
	  "Run a command and print how long it took; -w: until the domain that it creates has ended",
	  run_time },
	{ "repeat", "COUNT \"COMMAND; COMMAND ...\"", "Run commands COUNT times; Ctrl-C stops",
	  run_repeat },
	{ NULL, NULL, NULL, NULL },
};
