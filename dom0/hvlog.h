/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's messages. Its ring also holds what domains write to the
 * emergency console (HYPERVISOR_console_io): lines of guest N begin with "(dN) ",
 * this shell's own output has no prefix.
 */
#ifndef DOM0_HVLOG_H
#define DOM0_HVLOG_H

#include <xen/xen.h>

/* Prints the lines of the hypervisor and of guests. 0, or Xen's error. */
int hvlog_print(void);
/* Prints what one guest said before it had a console of its own, without the prefix. */
void hvlog_print_guest(domid_t domain);
void hvlog_clear(void);

#endif
