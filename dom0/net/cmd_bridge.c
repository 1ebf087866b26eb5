/* SPDX-License-Identifier: MIT */
/* Verbs that say which network cards are in which bridge. */
#include <string.h>

#include "dom0/net/bridge.h"
#include "dom0/shell.h"

/* Guests' interfaces stay where their description puts them. */
static struct net_port *find_card(const char *verb, const char *name)
{
	struct net_port *port = net_port_find(name);

	if (port && !port->filtered && !strncmp(name, "eth", 3))
		return port;
	shell_error(verb, "%s is no network card", name);
	return NULL;
}

static void run_add(int argc, char **argv)
{
	struct net_port *port;
	const char *error;

	if (argc != 3) {
		shell_usage(argv[0]);
		return;
	}
	port = find_card(argv[0], argv[2]);
	if (!port)
		return;
	bridge_remove_port(port);
	error = bridge_add_port(argv[1], port);
	if (error)
		shell_error(argv[0], "%s %s", argv[1], error);
}

static void run_remove(int argc, char **argv)
{
	struct net_port *port;

	if (argc != 2) {
		shell_usage(argv[0]);
		return;
	}
	port = find_card(argv[0], argv[1]);
	if (port)
		bridge_remove_port(port);
}

const struct command commands_bridge[] = {
	{ "bridge-add", "BRIDGE CARD", "Put a network card (eth0, ...) into a bridge (br0, ...)",
	  run_add },
	{ "bridge-remove", "CARD", "Take a network card out of its bridge", run_remove },
	{ NULL, NULL, NULL, NULL },
};
