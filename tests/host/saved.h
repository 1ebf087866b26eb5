/* SPDX-License-Identifier: MIT */
/*
 * Simulated domains for tests of saving and restoring: machine frames with owners, types and contents, as far as
 * dom0/ctl.h and dom0/memory.h show them. Domain numbers are 1 and 2.
 */
#pragma once

/* The ABI shows what it needs only to control tools: included first. */
#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif

#include <stdbool.h>
#include <stdint.h>

#include "dom0/save/image.h"
#include "dom0/save/restore_internal.h"
#include "dom0/save/save_internal.h"

#define SAVED_FRAMES 2048u /* of the machine */
#define SAVED_PFNS 64u	   /* of the guest that saved_make_guest() makes */

/* Frees all frames; the next domain has this number. */
void saved_reset(void);
/* Frames mapped now, and frames that a domain has. */
unsigned saved_mapped(void);
unsigned saved_frames(domid_t domain);

/*
 * Domain 1: a suspended guest with page tables of all levels, one of them pinned, a frame list, a hole, rings, a
 * start_info, a GDT frame, two vCPUs of which one was started, and pages of zeros and of data.
 */
void saved_make_guest(struct guest *guest);
/* A page of a domain, by the guest's number; NULL: none. */
uint8_t *saved_page(domid_t domain, uint32_t pfn);
struct shared_info *saved_shared_info(domid_t domain);
uint32_t saved_mfn(domid_t domain, uint32_t pfn);
struct vcpu_guest_context *saved_context(domid_t domain, unsigned vcpu);
/* What was pinned in a domain, in all. */
unsigned saved_pins(domid_t domain);
/* From now on the machine has no more memory. */
void saved_exhaust(void);

/* Whether all that domain 2 has is what domain 1 had, but for the numbers of frames. Says what is not. */
const char *saved_compare(void);
