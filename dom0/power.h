/* SPDX-License-Identifier: MIT */
/*
 * The end of the machine: guests first, then SCHEDOP_shutdown of domain 0,
 * which the hypervisor carries out.
 */
#pragma once

#include <stdbool.h>

enum power_end { POWER_OFF, POWER_RESET };

/*
 * Asks all guests to shut down, gives them POWER_PATIENCE_S, destroys the rest, and ends the
 * machine. at_once skips the asking.
 */
#define POWER_PATIENCE_S 30
void power_end(bool at_once, enum power_end how);
