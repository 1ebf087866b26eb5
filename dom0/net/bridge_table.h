/* SPDX-License-Identifier: MIT */
/* The addresses that a bridge knows, for bridge.c. Times are loop_now()'s. */
#pragma once

#include "dom0/net/bridge.h"

/* Binds port->mac to the port for good; false when another port has it so, or memory is short. */
bool table_fix(struct net_bridge *bridge, struct net_port *port);
/* The address was seen behind the port. Fixed addresses stay where they are. */
void table_learn(struct net_bridge *bridge, const uint8_t *mac, struct net_port *port,
		 uint64_t now);
/* The port behind which the address is; NULL: not known. */
struct net_port *table_find(struct net_bridge *bridge, const uint8_t *mac, uint64_t now);
/* Forgets everything behind the port. */
void table_remove_port(struct net_bridge *bridge, struct net_port *port);
