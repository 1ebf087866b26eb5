/* SPDX-License-Identifier: MIT */
/*
 * Attached consoles: see attach.h. A guest that restarts stays attached; one that ends for
 * good gives the terminal back to the shell.
 */
#include "dom0/attach.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dom0/console.h"
#include "dom0/guest.h"
#include "dom0/shell.h"

#define ESCAPE '\x1d'

static struct guest *attached;
static void (*on_end)(void);

static void show(const char *text, size_t len)
{
	console_write(text, len);
}

static void detach(void)
{
	if (attached->console)
		guest_console_tap(attached->console, NULL);
	attached = NULL;
	shell_resume();
}

static void type(const char *text, size_t len)
{
	const char *escape = memchr(text, ESCAPE, len);

	if (attached->console)
		guest_console_type(attached->console, text, escape ? (size_t)(escape - text) : len);
	if (!escape)
		return;
	printf("\n");
	detach();
}

/* The guest that is attached starts again, or ends. */
static void watch(struct guest *guest, bool started)
{
	if (guest != attached)
		return;
	if (started)
		guest_console_tap(guest->console, show);
	else if (!guest->restart_wanted) {
		printf("\n%s has ended\n", guest->spec.name);
		detach();
		if (on_end)
			on_end();
	}
}

void attach_guest(struct guest *guest)
{
	attached = guest;
	shell_suspend();
	console_set_reader(type);
	if (guest->log.len)
		console_write(guest->log.text, guest->log.len);
	if (guest->console)
		guest_console_tap(guest->console, show);
}

void attach_on_end(void (*fn)(void))
{
	on_end = fn;
}

void attach_init(void)
{
	guests_watch(watch);
}
