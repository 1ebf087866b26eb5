/* SPDX-License-Identifier: MIT */
/* Verbs for disks, with xl's words and columns. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dom0/args.h"
#include "dom0/block/blkback.h"
#include "dom0/block/block.h"
#include "dom0/block/guest_disks.h"
#include "dom0/guest.h"
#include "dom0/shell.h"

#define SECTORS_PER_MIB 2048u

/* ---- block-attach ---- */

static void run_attach(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 2, 30 };
	char text[160] = "";
	struct disk_spec spec;
	struct guest *guest;
	const char *error;
	struct args args;
	size_t len = 0;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	guest = shell_guest(argv[0], args.words[0]);
	for (i = 1; guest && i < args.count && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 1 ? "," : "",
					args.words[i]);
	if (!guest)
		return;
	error = len < sizeof(text) ? disk_spec_parse(&spec, text) : "the description is too long";
	if (!error)
		error = guest_disk_add(guest, &spec);
	if (error)
		shell_error(argv[0], "%s", error);
}

/* ---- block-detach ---- */

static void run_detach(int argc, char **argv)
{
	static const struct option names[] = { { "force", no_argument, NULL, 'f' }, { 0 } };
	static const struct args_syntax syntax = { "f", names, 2, 2 };
	struct guest *guest;
	const char *error;
	struct args args;
	uint32_t number;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	guest = shell_guest(argv[0], args.words[0]);
	if (!guest)
		return;
	if (disk_vdev_number(args.words[1], &number))
		error = guest_disk_remove(guest, number, args.given['f']);
	else
		error = "a disk is named as in its description, or by its number";
	if (error)
		shell_error(argv[0], "%s: %s", args.words[1], error);
}

/* ---- block-list ---- */

static void print_device(const struct block_device *dev)
{
	char use[24] = "-";

	if (dev->readers || dev->writers)
		snprintf(use, sizeof(use), "%s%s", dev->readers ? "r" : "",
			 dev->writers ? "w" : "");
	printf("%-16s %10" PRIu64 " %6" PRIu32 "  %-4s  %-3s %10" PRIu64 " %10" PRIu64 " %6" PRIu64
	       "\n",
	       dev->name, dev->sectors / SECTORS_PER_MIB, dev->sector_size,
	       dev->read_only ? "ro" : "rw", use, dev->reads, dev->writes, dev->errors);
}

static void list_devices(void)
{
	const struct block_device *dev;

	printf("%-16s %10s %6s  %-4s  %-3s %10s %10s %6s\n", "Device", "MiB", "Sector", "Mode",
	       "Use", "Reads", "Writes", "Errors");
	for (dev = block_first(); dev; dev = dev->next)
		print_device(dev);
}

static void print_disk(const struct vbd *vbd)
{
	unsigned long port = 0, ref = 0;

	xenbus_read_number(&vbd->xenbus, "event-channel", UINT32_MAX, &port);
	xenbus_read_number(&vbd->xenbus, "ring-ref", UINT32_MAX, &ref);
	printf("%-5" PRIu32 " %-3d %-6u %-5d %-6lu %-8lu %-30s\n", vbd->spec.number, 0,
	       (unsigned)vbd->xenbus.domain, (int)vbd->xenbus.state, port, ref, vbd->xenbus.back);
}

/* In the order of their attachment: the list has the newest first. */
static void print_disks(const struct vbd *vbd, const struct guest *guest)
{
	const struct vbd *shown[4 * DISK_SPECS_MAX];
	unsigned n = 0;

	for (; vbd && n < sizeof(shown) / sizeof(shown[0]); vbd = vbd->next)
		if (vbd->xenbus.domain == guest->domain && !vbd->xenbus.withdrawn)
			shown[n++] = vbd;
	while (n)
		print_disk(shown[--n]);
}

static void run_list(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 0, 30 };
	const struct guest *guest;
	struct args args;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	if (!args.count) {
		list_devices();
		return;
	}
	printf("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state", "evt-ch",
	       "ring-ref", "BE-path");
	for (i = 0; i < args.count; i++) {
		guest = shell_guest(argv[0], args.words[i]);
		if (guest && guest->state != GUEST_WAITING)
			print_disks(blkback_first(), guest);
	}
}

const struct command commands_block[] = {
	{ "block-attach", "DOMAIN TARGET,FORMAT,VDEV,ACCESS|KEY=VALUE ...",
	  "Create a new virtual block device", run_attach },
	{ "block-detach", "[--force] DOMAIN VDEV",
	  "Destroy a domain's virtual block device\n"
	  "--force  at once, also when the guest does not let go of it",
	  run_detach },
	{ "block-list", "[DOMAIN ...]",
	  "List virtual block devices for domains, or the machine's disks", run_list },
	{ 0 },
};
