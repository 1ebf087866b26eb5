/* SPDX-License-Identifier: MIT */
/*
 * Handing a trap, an event or a failed return to the guest kernel: the frames of
 * xen-x86_32.h. v is current; its registers are in the frame page and are changed there. A
 * guest whose stack cannot take the frame is crashed.
 */
#pragma once

#include "core/domain.h"

/* error_code is pushed for the vectors that have one (SDM vol. 3, table 6-1), else ignored. */
void bounce_trap(struct vcpu *v, unsigned vector, uint32_t error_code);
/* A software interrupt: no error code whatever the vector. A notification: always one. */
void bounce_interrupt(struct vcpu *v, unsigned vector);
void bounce_notify(struct vcpu *v, unsigned vector, uint32_t value);
/* Sets arch_vcpu_info.cr2 and bounces #PF. */
void bounce_page_fault(struct vcpu *v, gva_t cr2, uint32_t error_code);
void bounce_event(struct vcpu *v);
void bounce_nmi(struct vcpu *v);
/*
 * The return to the guest failed: {ds, es, fs, gs} and the frame that could not be loaded. fs and
 * gs are what the guest had there: the register of one that would not load is null by now.
 */
void bounce_failsafe(struct vcpu *v, uint32_t fs, uint32_t gs);
