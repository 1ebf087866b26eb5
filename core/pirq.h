/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts of domains (PIRQs): EVTCHNOP_bind_pirq and the interrupt
 * operations of <xen/physdev.h>. A PIRQ has the number of its line
 * (arch/x86_32/irq.h); there are no message-signalled ones.
 */
#pragma once

#include "core/domain.h"
#include "core/event.h"

/* Domains that can share a line; as many as Xen lets. */
#define PIRQ_MAX_GUESTS 7

/* The line fired: arch/x86_32/irq.c, with interrupts off and no lock held. */
void pirq_interrupt(unsigned pirq);

/* ---- rights and numbers ---- */

/*
 * May d bind it? A control domain may bind every line, another what core/rights.h says.
 * What is bound stays so when the right goes.
 */
bool pirq_permitted(const struct domain *d, unsigned pirq);
/*
 * PHYSDEVOP_map_pirq and _unmap_pirq of a line for d. 0, or -EINVAL, -EPERM,
 * -ENOMEM; an unmapped one is unbound.
 */
int pirq_map(struct domain *d, unsigned pirq) MUST_CHECK;
int pirq_unmap(struct domain *d, unsigned pirq) MUST_CHECK;
/* A number that nobody has mapped or bound, above the ISA lines; -ENOSPC. */
int pirq_find_free(const struct domain *d) MUST_CHECK;

/* ---- binding; d's event_lock is held ---- */

/*
 * Sends the line's interrupts to port. 0, -EINVAL: no such line, -EBUSY: it is the hypervisor's
 * own, or others have it and not all of them share, or too many do; -ENOSPC, -ENOMEM.
 */
int pirq_bind(struct domain *d, unsigned pirq, unsigned port, bool will_share) MUST_CHECK;
/*
 * Does nothing when d has it on another port, or not at all. What the
 * line waits for from d counts as done.
 */
void pirq_unbind(struct domain *d, unsigned pirq, unsigned port);
/* The port that d has bound it to; 0: none. */
unsigned pirq_port(const struct domain *d, unsigned pirq);

/* ---- use ---- */

/* PHYSDEVOP_eoi: d has served its device. 0, -EINVAL: not a number of d's. */
int pirq_eoi(struct domain *d, unsigned pirq) MUST_CHECK;
bool pirq_is_shared(unsigned pirq);
/*
 * PHYSDEVOP_pirq_eoi_gmfn_v1, _v2: d gets a page with a bit for each PIRQ, set where it has
 * to call pirq_eoi(). auto_unmask: that call also unmasks the port. 0, -EINVAL: no writable
 * page of d's, -EBUSY: has one already, -ENOMEM.
 */
int pirq_set_eoi_map(struct domain *d, mfn_t mfn, bool auto_unmask) MUST_CHECK;
/* The frame of that page, which holds a writable reference; INVALID_MFN: none. */
mfn_t pirq_eoi_map_mfn(const struct domain *d);

/* d dies: its numbers and the page of bits go. Its channels are closed later. */
void pirq_domain_stop(struct domain *d);
/* Console (debug key i). */
void pirq_dump(void);
