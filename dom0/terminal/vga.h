/* SPDX-License-Identifier: MIT */
/*
 * The screen as the control domain's terminal: VGA text memory as the boot loader left it, described in
 * start_info (struct dom0_vga_console_info). A screen in a graphics mode stays the hypervisor's, which
 * shows plain text there.
 */
#pragma once

#include <stddef.h>

/* Without a text screen, nothing happens here or later. */
void vga_init(void);
void vga_write(const char *text, size_t len);
