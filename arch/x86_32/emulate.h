/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor does in a guest's place after a #GP or #UD of it (emulate.c, segment_4gb.c).
 */
#pragma once

#include "core/domain.h"

/*
 * A #GP without error code: a privileged or I/O instruction. True: done, or another fault was
 * delivered. False: the #GP is the guest's.
 */
bool emulate_privileged(struct vcpu *v, struct trap_frame *f);
/* #UD: the forced-emulation prefix with cpuid. */
bool emulate_forced(struct vcpu *v, struct trap_frame *f);
/* #GP with the IDT bit: `int n` through a gate that is the hypervisor's. */
bool emulate_software_interrupt(struct vcpu *v, struct trap_frame *f);
/* #GP (or #SS) on a truncated 4 GiB segment, with VMASST_TYPE_4gb_segments on. */
bool segment_4gb_fixup(struct vcpu *v, struct trap_frame *f);
