/* SPDX-License-Identifier: MIT */
/*
 * Domains and virtual CPUs: what all of core/, mm/ and hypercall/ share. The parts that name a
 * register are struct arch_vcpu, in arch/x86_32/vcpu.h.
 */
#pragma once

#include <stdint.h>

#include "arch/x86_32/vcpu.h"
#include "arch/x86_32/vpit.h"

#include <xen/xen.h>
#include <xen/vcpu.h>

#include "core/list.h"
#include "core/lock.h"
#include "core/timer.h"
#include "core/types.h"
#include "mm/page.h"

#define MAX_MEMORY_MAP_ENTRIES 128 /* what the domain's memory_map may hold */
#define MAX_VCPUS 32		   /* XEN_LEGACY_MAX_VCPUS: as many as shared_info has room for */

struct evtchn;
struct grant_table;
struct console_ring;
struct e820_entry;
struct rights;
struct domain_pirqs;

/*
 * What a domain is allowed beyond its own memory. Checked by
 * domain_is_control(), never by domid.
 */
enum domain_privilege {
	DOMAIN_ORDINARY,
	DOMAIN_CONTROL,
};

enum domain_state {
	DOMAIN_BUILDING, /* no vCPU has run yet */
	DOMAIN_RUNNING,
	DOMAIN_SHUTDOWN, /* shutdown_reason says why; no vCPU runs */
	DOMAIN_DYING,	 /* being torn down */
	DOMAIN_DEAD,	 /* only page references of others keep the structure, and its number */
};

struct vcpu {
	struct domain *domain;
	uint32_t id;
	/*
	 * The guest's view of event state: in shared_info, or where
	 * VCPUOP_register_vcpu_info put it. Never NULL.
	 */
	vcpu_info_t *info;
	void *info_page; /* base of the heap mapping of a registered info page, or NULL */
	mfn_t info_mfn;	 /* INVALID_MFN, or the registered frame (holds a writable reference) */

	struct arch_vcpu arch;

	/* --- scheduler (core/sched.c); guarded by the queue lock --- */
	struct list run_link;
	uint64_t vruntime;   /* weighted nanoseconds */
	s_time_t run_since;  /* while running: up to when its time has been charged */
	s_time_t turn_since; /* while running: when it was put on the CPU */
	bool initialised;    /* has a context; VCPUOP_initialise */
	bool online;	     /* VCPUOP_up */
	bool blocked;	     /* SCHEDOP_block or poll */
	bool on_queue;
	bool running;
	bool pin_override; /* SCHEDOP_pin_override in force */
	struct vcpu_runstate_info runstate;
	gva_t runstate_area; /* where the guest wants a copy, or 0 */
	gva_t time_area;     /* VCPUOP_register_vcpu_time_memory_area, or 0 */
	bool time_stale;     /* its time information is to be rewritten before it runs on */

	/* --- timers --- */
	struct timer singleshot; /* VIRQ_TIMER once */
	struct timer periodic;
	s_time_t periodic_period; /* 0: off */
	struct timer poll_timer;

	/* --- events --- */
	uint16_t virq_port[NR_VIRQS]; /* 0: not bound */
	int32_t poll_port;	      /* 0: not polling; > 0: that one; -1: several */
	bool nmi_pending;
};

struct domain {
	domid_t id;
	enum domain_privilege privilege;
	enum domain_state state;
	uint32_t refs; /* the living domain's own, and one per page that others still hold */
	struct list link;
	struct domain *next_unused; /* no reference is left: waits for domain_reap() */
	uint32_t pause_count;	    /* > 0: none of its vCPUs runs */
	uint32_t controller_pauses; /* how many of these a control domain asked for */
	bool is_xenstore;	    /* the builder says so; reported, and nothing else */

	shared_info_t *shared_info; /* a heap page, owned by this domain so that it can map it */
	uint32_t max_vcpus;
	struct vcpu *vcpu[MAX_VCPUS];

	/* --- memory; guarded by page_lock --- */
	/* page_list, tot_pages, max_pages; held around every change of a live page table */
	spinlock_t page_lock;
	mfn_t page_list; /* first frame, INVALID_MFN when empty */
	uint32_t tot_pages, max_pages;
	/* XENMEM_set_memory_map: a heap object, or NULL: all RAM from 0 on */
	struct e820_entry *memory_map;
	uint32_t memory_map_entries;

	/* --- event channels (core/event.c); guarded by event_lock --- */
	spinlock_t event_lock;	  /* evtchn, poll_mask */
	struct evtchn *evtchn[4]; /* pages of EVTCHNS_PER_PAGE, allocated when first needed */
	uint32_t max_evtchn;	  /* its highest port, below MAX_EVTCHNS */
	uint32_t poll_mask[1];	  /* vCPUs that are in SCHEDOP_poll */

	struct grant_table *grant_table; /* mm/grant.c */
	uint32_t max_grant_frames;	 /* at most MAX_GRANT_FRAMES */
	struct rights *rights;		 /* core/rights.c; NULL: none */
	struct domain_pirqs *pirqs;	 /* core/pirq.c; NULL: none */

	/* --- shares --- */
	uint32_t weight;	 /* SCHED_DEFAULT_WEIGHT unless set; the domain's vCPUs divide it */
	uint32_t cap;		 /* percent of one CPU, 0: none */
	s_time_t cap_used;	 /* run time charged against the budget of the current window */
	s_time_t cap_window;	 /* when that window began */
	uint32_t runnable_vcpus; /* queued or running */

	uint32_t vm_assist;	  /* bits VMASST_TYPE_* */
	uint32_t shutdown_reason; /* SHUTDOWN_*, or SHUTDOWN_NONE until one is given */
	const char *crash_reason; /* the first one; NULL */
	struct timer watchdog[2];
	struct vpit pit;
	uint32_t wallclock_sec, wallclock_nsec; /* at s_time 0 */

	/* console messages that this guest may still cause; refilled by time */
	uint32_t message_budget;
	uint32_t messages_dropped;
	s_time_t message_refill;
	struct console_ring *console; /* last output, readable after death */
	char console_line[128];	      /* the line being collected for the machine's console */
	uint32_t console_used;
	xen_domain_handle_t handle; /* its UUID, for the toolstack */
};

#define SHUTDOWN_NONE (~0u)

extern struct domain *dom0;

/* The list of domains, in order of domid; guarded by domain_list_lock. */
extern struct list domain_list;
extern spinlock_t domain_list_lock;

/*
 * NULL when there is none, or only a dead one. No reference is taken:
 * valid until the next preemption point.
 */
struct domain *domain_by_id(domid_t id);
/* The first domain, dead or alive, whose number is not below id; NULL: none. */
struct domain *domain_from(domid_t id);
/* The next number that no domain has, dead or alive; DOMID_INVALID: none is left. */
domid_t domain_free_id(void);

/*
 * Allocates the structure, its shared_info and vCPU 0..max_vcpus-1 on demand; the result
 * is in DOMAIN_BUILDING. NULL: no memory.
 */
struct domain *domain_create(domid_t id, enum domain_privilege privilege, uint32_t max_vcpus,
			     uint32_t max_pages);
/* NULL when id >= max_vcpus or no memory. */
struct vcpu *vcpu_create(struct domain *d, uint32_t id);
/* d's vCPU number id, made now if it never existed; NULL as vcpu_create(). */
struct vcpu *domain_vcpu(struct domain *d, uint32_t id);
void domain_unpause_first(struct domain *d); /* DOMAIN_BUILDING -> DOMAIN_RUNNING */
/* Ends a shutdown: d's vCPUs go on behind the call that shut it down (XEN_DOMCTL_resumedomain). */
void domain_resume(struct domain *d);

/*
 * Guest state beyond repair. Keeps the first reason, stops the domain's vCPUs; safe anywhere: the
 * caller goes on with harmless values and the exit path never returns to the guest.
 */
void domain_crash(struct domain *d, const char *reason) COLD;
/*
 * reason: SHUTDOWN_*, unless SCHEDOP_shutdown_code gave another before.
 * Domain 0's ends or restarts the machine.
 */
void domain_shutdown(struct domain *d, uint32_t reason);
/* SCHEDOP_watchdog: id 0 takes a free one and returns its id, timeout 0 (seconds) gives it back. */
int domain_watchdog(struct domain *d, uint32_t id, uint32_t timeout) MUST_CHECK;
/*
 * Tears a domain down: channels, memory, vCPUs, then the structure, which stays only as long as
 * others hold pages of it. d is not the running domain. 0 (d is dead, or gone) or -ERESTART.
 */
int domain_kill(struct domain *d) MUST_CHECK;
/*
 * Drops one of d->refs. After the last one the structure waits for
 * domain_reap(). Any locks may be held.
 */
void domain_put(struct domain *d);
/* Body of WORK_REAP: frees the structures that nobody refers to any more. No lock is held. */
void domain_reap(void);

/*
 * DOMID_SELF, an own domid, or, for a control domain, anybody's. NULL with *rc = -ESRCH or -EPERM.
 */
struct domain *domain_lookup(domid_t id, int *rc);

static inline bool domain_is_control(const struct domain *d)
{
	return d->privilege == DOMAIN_CONTROL;
}

/* Bits of vm_assist that a guest may have set. */
#define VM_ASSIST_KNOWN                                                               \
	(1u << VMASST_TYPE_4gb_segments | 1u << VMASST_TYPE_4gb_segments_notify |     \
	 1u << VMASST_TYPE_writable_pagetables | 1u << VMASST_TYPE_pae_extended_cr3 | \
	 1u << VMASST_TYPE_architectural_iopl | 1u << VMASST_TYPE_runstate_update_flag)

static inline bool vm_assist_on(const struct domain *d, unsigned type)
{
	return d->vm_assist >> type & 1;
}

#define for_each_vcpu(d, v, i)               \
	for (i = 0; i < (d)->max_vcpus; i++) \
		if (!((v) = (d)->vcpu[i])) { \
		} else
