/* SPDX-License-Identifier: MIT */
/* Verbs about networks. Words and columns are xl(1)'s; bridge-list is our own. */
#include <stdio.h>
#include <string.h>

#include "dom0/args.h"
#include "dom0/guest.h"
#include "dom0/net/bridge.h"
#include "dom0/net/guest_net.h"
#include "dom0/net/interface.h"
#include "dom0/shell.h"

#define DESCRIPTION_MAX 256

/* ---- network-attach, network-detach ---- */

/* The words of a description may be separate arguments, as in xl. */
static void run_attach(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 1, 30 };
	char description[DESCRIPTION_MAX] = "";
	struct guest *guest;
	const char *error;
	struct args args;
	size_t len = 0;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	guest = shell_guest(argv[0], args.words[0]);
	if (!guest)
		return;
	for (i = 1; i < args.count && len < sizeof(description); i++)
		len += (size_t)snprintf(description + len, sizeof(description) - len, "%s,",
					args.words[i]);
	error = len < sizeof(description) ? guest_net_attach(guest, description)
					  : "the description is too long";
	if (error)
		shell_error(argv[0], "%s", error);
}

static void run_detach(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 2, 2 };
	struct guest *guest;
	const char *error;
	struct args args;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	guest = shell_guest(argv[0], args.words[0]);
	error = guest ? guest_net_detach(guest, args.words[1]) : NULL;
	if (error)
		shell_error(argv[0], "%s", error);
}

/* ---- network-list ---- */

static void print_interface(unsigned index, const struct net_interface_info *info)
{
	char mac[VIF_MAC_TEXT];

	printf("%-3u %-2d %-17s %6u %5d %6d %5ld/%-11ld %-30s\n", index, 0,
	       vif_mac_text(info->mac, mac), info->handle, info->state, info->port,
	       info->connected ? (long)info->tx_ref : -1, info->connected ? (long)info->rx_ref : -1,
	       info->path);
}

static void list_guest(const struct guest *guest)
{
	struct net_interface *in;
	unsigned index = 0;

	for (in = net_interface_first(guest->domain); in; in = net_interface_next(in)) {
		struct net_interface_info info = net_interface_info(in);

		print_interface(index++, &info);
	}
}

static void run_list(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 1, 30 };
	const struct guest *guest;
	struct args args;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	printf("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-11s %-30s\n", "Idx", "BE", "Mac Addr.",
	       "handle", "state", "evt-ch", "tx-", "rx-ring-ref", "BE-path");
	for (i = 0; i < args.count; i++) {
		guest = shell_guest(argv[0], args.words[i]);
		if (guest && guest->state != GUEST_WAITING)
			list_guest(guest);
	}
}

/* ---- bridge-list ---- */

static void print_counters(const struct net_counters *c)
{
	printf(" %10llu %13llu %8llu %6llu", (unsigned long long)c->packets,
	       (unsigned long long)c->bytes, (unsigned long long)c->dropped,
	       (unsigned long long)c->errors);
}

static void print_port(const char *bridge, const struct net_port *port)
{
	printf("%-6s %-10s", bridge, port->name);
	print_counters(&port->received);
	print_counters(&port->sent);
	printf("\n");
}

/* As the bridge sees it: received is what came from the port. */
static void run_bridges(int argc, char **argv)
{
	const struct net_bridge *bridge;
	static const struct args_syntax syntax = { "", NULL, 0, 1 };
	const struct net_port *port;
	struct args args;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	printf("%-6s %-10s %10s %13s %8s %6s %10s %13s %8s %6s\n", "Bridge", "Port", "received",
	       "bytes", "dropped", "errors", "sent", "bytes", "dropped", "errors");
	for (bridge = bridge_first(); bridge; bridge = bridge->next)
		for (port = bridge->members; port; port = port->next_member)
			if (!args.count || !strcmp(args.words[0], bridge->name))
				print_port(bridge->name, port);
}

const struct command commands_net[] = {
	{ "network-attach",
	  "DOMAIN [mac=ADDRESS] [bridge=BRIDGE] [devid=NUMBER] [rate=RATE] [ip=ADDRESS] [filter=0]",
	  "Create a new virtual network device", run_attach },
	{ "network-detach", "DOMAIN DEVICE-NUMBER|MAC", "Destroy a domain's virtual network device",
	  run_detach },
	{ "network-list", "DOMAIN...", "List virtual network interfaces for domains", run_list },
	{ "bridge-list", "[BRIDGE]", "List bridges, their ports, and what passed through them",
	  run_bridges },
	{ NULL, NULL, NULL, NULL },
};
