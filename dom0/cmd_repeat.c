/* SPDX-License-Identifier: MIT */
/* Verbs that run other verbs: how long they take, and again and again, for tests of endurance. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/console.h"
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

static void run_time(int argc, char **argv)
{
	const struct command *c = argc > 1 ? shell_command(argv[1]) : NULL;
	uint64_t start = loop_now();

	if (!c) {
		shell_usage(argv[0]);
		return;
	}
	c->run(argc - 1, argv + 1);
	print_time(start);
}

const struct command commands_repeat[] = {
	{ "time", "COMMAND ...", "Run a command and print how long it took", run_time },
	{ "repeat", "COUNT \"COMMAND; COMMAND ...\"", "Run commands COUNT times; Ctrl-C stops",
	  run_repeat },
	{ NULL, NULL, NULL, NULL },
};
