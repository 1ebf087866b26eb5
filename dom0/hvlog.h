/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's messages, and what domains write to the emergency console
 * (HYPERVISOR_console_io): lines of guest N begin with "(dN) ".
 */
#pragma once

/* Prints them. 0, or Xen's error. */
int hvlog_print(void);
void hvlog_clear(void);
