/* SPDX-License-Identifier: MIT */
/*
 * Builds the initial domain from the boot modules, laid out in memory as <xen/xen.h> describes
 * under "startofday".
 */
#pragma once

#include "core/domain.h"

/*
 * Module 0 is the kernel, module 1 its initial RAM disk. More modules, or a kernel with the note
 * INFO "MODULES=multiboot", get a table of struct xen_multiboot_mod_list (SIF_MULTIBOOT_MOD). With
 * INFO "SCREEN=text" a text screen is left to the kernel (screen_release()), with INFO
 * "CONSOLE=guests" the output of guests (console_leave_guests()). The
 * result is in DOMAIN_BUILDING with its vCPU 0 initialised and online; sets the variable dom0.
 * Panics with advice when it cannot be done. Boot only.
 */
struct domain *dom0_build(void);

/*
 * Fills a hypercall transfer page: 32 bytes for each number, `mov $nr,%eax; int $0x82; ret`, and
 * iret's own form.
 */
void hypercall_page_fill(void *page);
/* Makes one of a frame of d's, which must not be a table. 0 or -EINVAL. */
int hypercall_page_write(struct domain *d, uint64_t frame) MUST_CHECK;
