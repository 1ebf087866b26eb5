/* SPDX-License-Identifier: MIT */
/*
 * Event channels, the 2-level form of <xen/event_channel.h>: up to 1024 ports for a 32-bit domain.
 */
#pragma once

#include <stdint.h>

#include <xen/event_channel.h>

#include "core/domain.h"

#define MAX_EVTCHNS 1024
#define EVTCHNS_PER_PAGE 256
/*
 * Physical interrupts that could have a number here; which of them a
 * domain may bind is another matter.
 */
#define NR_PIRQS 256

enum evtchn_state {
	ECS_FREE,
	ECS_RESERVED,
	ECS_UNBOUND,
	ECS_INTERDOMAIN,
	ECS_PIRQ,
	ECS_VIRQ,
	ECS_IPI
};

struct evtchn {
	uint8_t state; /* enum evtchn_state */
	uint8_t notify_vcpu;
	union {
		domid_t unbound_domid; /* ECS_UNBOUND: who may bind */
		struct {
			uint16_t remote_port;
			struct domain *remote;
		} interdomain;
		uint16_t virq;
		uint16_t pirq;
	};
};
_Static_assert(sizeof(void *) != 4 || sizeof(struct evtchn) <= 16, "EVTCHNS_PER_PAGE");

/*
 * Sets the port pending for its vCPU and wakes it; port must be valid
 * and bound; event_lock not needed.
 */
void evtchn_set_pending(struct domain *d, unsigned port);
/*
 * Raises a VIRQ (VIRQ_*): per-vCPU ones go to v, global ones to whichever vCPU of v's
 * domain bound it; nothing when unbound.
 */
void evtchn_send_virq(struct vcpu *v, unsigned virq);
void evtchn_send_global_virq(struct domain *d, unsigned virq);
/*
 * Port number of d: 1 when its pending bit is set, 0 when not, -EINVAL when there is no such port.
 */
int evtchn_is_pending(struct domain *d, uint32_t port) MUST_CHECK;
/* Marks the upcall pending and wakes v from block; what every event ends in. */
void vcpu_mark_events_pending(struct vcpu *v);
/* Gives v its NMI, which also ends a block. */
void vcpu_send_nmi(struct vcpu *v);
/* Is an event pending and not masked: v must not block. */
bool vcpu_events_pending(const struct vcpu *v);
/*
 * Moves v's event state to a registered vcpu_info; pending bits are carried over. -EINVAL, -ENOMEM.
 */
int vcpu_info_register(struct vcpu *v, mfn_t mfn, uint32_t offset) MUST_CHECK;
/*
 * Gives the registered page back; v, which is not to run again, is on
 * its shared_info slot afterwards.
 */
void vcpu_info_release(struct vcpu *v);
/*
 * A mapping of a guest's frame that stays; the caller holds a writable
 * reference as long. NULL: no memory.
 */
void *guest_frame_keep(mfn_t mfn);
void guest_frame_release(void *va);
/* Closes every channel (EVTCHNOP_reset, teardown); restartable (-ERESTART). */
int evtchn_close_all(struct domain *d) MUST_CHECK;
/* Gives back the memory; every channel is closed. */
void evtchn_free_domain(struct domain *d);
int evtchn_init_domain(struct domain *d) MUST_CHECK;
/*
 * The bodies of EVTCHNOP_*, for current: argument in hypervisor memory, result written back there.
 * Errors, and the order of the checks, as Xen's.
 */
int evtchn_op(unsigned cmd, void *arg) MUST_CHECK;
/* Console (debug key 'e'). */
void evtchn_dump(const struct domain *d);
