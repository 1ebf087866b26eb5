/* SPDX-License-Identifier: MIT */
/*
 * The control domain: the order in which its parts come up, and its command line:
 *
 *	guest=FILE	starts the guest that the GRUB module FILE describes
 *	console=1	attaches the terminal to that guest
 *	end=1		switches the machine off when that guest cannot be started, or has ended for good
 *			while the terminal is attached to it: for runs without a person there
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/attach.h"
#include "dom0/block/block.h"
#include "dom0/compat.h"
#include "dom0/create.h"
#include "dom0/drivers/pci.h"
#include "dom0/fd.h"
#include "dom0/files.h"
#include "dom0/guest.h"
#include "dom0/loop.h"
#include "dom0/power.h"
#include "dom0/save/save.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/time.h"

/* The value of a NAME=VALUE word of the command line, in a buffer of its own; NULL: not there. */
static const char *argument(const char *name)
{
	static char value[128];
	const char *at = (const char *)start_info->cmd_line;
	size_t len = strlen(name);

	for (; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strncmp(at, name, len) || at[len] != '=')
			continue;
		at += len + 1;
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, " "), at);
		return value;
	}
	return NULL;
}

static bool is_set(const char *name)
{
	const char *value = argument(name);

	return value && *value == '1';
}

static void end_machine(void)
{
	power_end(false, POWER_OFF);
}

static void start_named_guest(const char *file)
{
	struct guest *guest = create_from_file(&(struct create_request){ .path = file });

	if (is_set("end"))
		attach_on_end(end_machine);
	if (guest && is_set("console"))
		attach_guest(guest);
	if (!guest && is_set("end"))
		end_machine();
}

/* Once the disks are known: guests may ask for them, and so may people. */
static void start_guests(void)
{
	const char *file = argument("guest");

	printf("Ringlet control domain, %u ms after the hypervisor; `help` lists the commands\n",
	       (unsigned)div_u64_u32(loop_now(), NS_PER_MS, NULL));
	create_autostart();
	if (file)
		start_named_guest(file);
	shell_start();
}

int main(void)
{
	drivers_open_ports();
	fd_init();
	setvbuf(stdout, NULL, _IOLBF, 0);
	srand((unsigned)rdtsc());
	compat_init();
	files_init();
	loop_init();
	guests_init();
	store_init();
	attach_init();
	save_init();
	shell_init();
	drivers_init();
	block_when_probed(start_guests);
	loop_run();
}
