/* SPDX-License-Identifier: MIT */
/*
 * Domains from creation to the last byte, and virtual CPUs.
 *
 *   BUILDING -> RUNNING -> SHUTDOWN -> DYING -> DEAD (only others' references keep the structure)
 *
 * A dead domain keeps its number until the last reference goes, so that whoever still holds its
 * memory can be told from a new domain's. It is found by domain_from() only.
 *
 * A domain's end is the control domain's business, but for domain 0: when
 * it ends, so does the machine's work.
 */
#include "core/domain.h"

#include <xen/sched.h>

#include "arch/x86_32/arch.h"
#include "arch/x86_32/dump.h"
#include "core/console.h"
#include "core/errno.h"
#include "core/event.h"
#include "core/options.h"
#include "core/pirq.h"
#include "core/rights.h"
#include "core/sched.h"
#include "core/time.h"
#include "mm/grant.h"
#include "mm/mmu.h"

struct domain *dom0;
struct list domain_list = LIST_INIT(domain_list);
spinlock_t domain_list_lock = SPINLOCK_INIT;

/* ---- the list ---- */

/* The list's lock is held. */
static struct domain *find_from(domid_t id)
{
	struct list *pos;

	list_for_each(pos, &domain_list) {
		struct domain *d = list_entry(pos, struct domain, link);

		if (d->id >= id)
			return d;
	}
	return NULL;
}

struct domain *domain_from(domid_t id)
{
	struct domain *d;

	spin_lock(&domain_list_lock);
	d = find_from(id);
	spin_unlock(&domain_list_lock);
	return d;
}

struct domain *domain_by_id(domid_t id)
{
	struct domain *d = domain_from(id);

	return d && d->id == id && d->state != DOMAIN_DEAD ? d : NULL;
}

/* The first number not below `first` that is free. */
static domid_t free_id_from(domid_t first)
{
	const struct domain *d;

	for (; first < DOMID_FIRST_RESERVED; first++) {
		d = find_from(first);
		if (!d || d->id != first)
			return first;
	}
	return DOMID_INVALID;
}

domid_t domain_free_id(void)
{
	static domid_t last; /* guarded by domain_list_lock */
	domid_t id;

	spin_lock(&domain_list_lock);
	id = free_id_from((domid_t)(last + 1));
	if (id == DOMID_INVALID)
		id = free_id_from(1);
	if (id != DOMID_INVALID)
		last = id;
	spin_unlock(&domain_list_lock);
	return id;
}

struct domain *domain_lookup(domid_t id, int *rc)
{
	struct domain *caller = current_vcpu()->domain, *d;

	if (id == DOMID_SELF || id == caller->id)
		return caller;
	d = domain_by_id(id);
	if (!d)
		*rc = -ESRCH;
	else if (!domain_is_control(caller))
		*rc = -EPERM;
	else
		return d;
	return NULL;
}

/* False when there is one of this number. */
static bool list_domain(struct domain *d)
{
	struct list *pos;
	bool unique = true;

	spin_lock(&domain_list_lock);
	list_for_each(pos, &domain_list) {
		const struct domain *other = list_entry(pos, struct domain, link);

		if (other->id >= d->id) {
			unique = other->id != d->id;
			break;
		}
	}
	if (unique)
		list_add_before(&d->link, pos);
	spin_unlock(&domain_list_lock);
	return unique;
}

static void unlist_domain(struct domain *d)
{
	spin_lock(&domain_list_lock);
	list_del(&d->link);
	spin_unlock(&domain_list_lock);
}

/* ---- virtual CPUs ---- */

struct vcpu *vcpu_create(struct domain *d, uint32_t id)
{
	struct vcpu *v;

	if (id >= d->max_vcpus)
		return NULL;
	if (d->vcpu[id])
		return d->vcpu[id];
	v = heap_alloc(sizeof(*v));
	if (!v)
		return NULL;
	v->domain = d;
	v->id = id;
	v->info = &d->shared_info->vcpu_info[id];
	v->info_mfn = INVALID_MFN;
	v->time_stale = true;
	arch_vcpu_init(v);
	if (arch_vcpu_alloc(v)) {
		heap_free(v);
		return NULL;
	}
	sched_vcpu_init(v);
	vcpu_timers_init(v);
	d->vcpu[id] = v;
	return v;
}

struct vcpu *domain_vcpu(struct domain *d, uint32_t id)
{
	return id < d->max_vcpus ? vcpu_create(d, index_nospec(id, MAX_VCPUS)) : NULL;
}

static void vcpu_free(struct vcpu *v)
{
	v->domain->vcpu[v->id] = NULL;
	arch_vcpu_free(v);
	heap_free(v);
}

/* ---- creation ---- */

static void watchdog_fired(void *data)
{
	struct domain *d = data;

	if (d->state != DOMAIN_RUNNING)
		return;
	printk("d%u: its watchdog timer has run out\n", d->id);
	domain_shutdown(d, SHUTDOWN_watchdog);
}

static void init_fields(struct domain *d)
{
	spin_lock_init(&d->page_lock);
	d->page_list = INVALID_MFN;
	d->refs = 1;
	d->max_evtchn = MAX_EVTCHNS - 1;
	d->max_grant_frames = MAX_GRANT_FRAMES;
	d->weight = SCHED_DEFAULT_WEIGHT;
	d->shutdown_reason = SHUTDOWN_NONE;
	d->message_budget = MESSAGE_BURST;
	d->message_refill = time_now();
	for (unsigned i = 0; i < ARRAY_SIZE(d->watchdog); i++)
		timer_init(&d->watchdog[i], watchdog_fired, d);
}

static bool init_shared_info(struct domain *d)
{
	d->shared_info = heap_page_alloc();
	if (!d->shared_info)
		return false;
	domain_share_heap_page(d, d->shared_info, true);
	for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
	wallclock_update(d);
	return true;
}

/*
 * All that only a domain with vCPUs needs. Also of one that is half made;
 * nothing of it is in use any more.
 */
static void free_parts(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	for_each_vcpu(d, v, i)
		vcpu_free(v);
	evtchn_free_domain(d);
	rights_free(d);
	heap_free(d->memory_map);
	d->memory_map = NULL;
	/* Whoever still maps it keeps the page, and through it the structure. */
	if (d->shared_info)
		heap_page_free(d->shared_info);
	d->shared_info = NULL;
}

static void domain_free(struct domain *d)
{
	grant_table_free(d);
	console_domain_free(d);
	heap_free(d);
}

struct domain *domain_create(domid_t id, enum domain_privilege privilege, uint32_t max_vcpus,
			     uint32_t max_pages)
{
	struct domain *d;

	if (!max_vcpus || max_vcpus > MAX_VCPUS)
		return NULL;
	d = heap_alloc(sizeof(*d));
	if (!d)
		return NULL;
	init_fields(d);
	d->id = id;
	d->privilege = privilege;
	d->max_vcpus = max_vcpus;
	d->max_pages = max_pages;
	if (!init_shared_info(d) || evtchn_init_domain(d) || !vcpu_create(d, 0) ||
	    !list_domain(d)) {
		free_parts(d);
		domain_free(d);
		return NULL;
	}
	console_forget(id);
	if (id == 0)
		dom0 = d;
	return d;
}

void domain_unpause_first(struct domain *d)
{
	ASSERT(d->state == DOMAIN_BUILDING);
	d->state = DOMAIN_RUNNING;
	d->vcpu[0]->online = true;
	domain_wake(d);
}

/* ---- the end ---- */

/* Domain 0 has ended, and with it what this machine was booted for. */
static void NORETURN end_machine(const struct domain *d)
{
	screen_take_back();
	switch (d->shutdown_reason) {
	case SHUTDOWN_poweroff:
		printk("power-off\n");
		machine_power_off();
	case SHUTDOWN_crash:
		if (!d->crash_reason)
			printk("dom0 crashed: its kernel says so\n");
		machine_stop();
	case SHUTDOWN_reboot:
		break;
	default:
		printk("domain 0 has shut down for reason %u\n", d->shutdown_reason);
		break;
	}
	if (options.noreboot)
		machine_stop();
	printk("reboot\n");
	machine_reboot();
}

/* Something happened to a domain: whoever manages them looks which. */
static void tell_control_domain(void)
{
	if (dom0)
		evtchn_send_global_virq(dom0, VIRQ_DOM_EXC);
}

void domain_shutdown(struct domain *d, uint32_t reason)
{
	if (d->shutdown_reason == SHUTDOWN_NONE)
		d->shutdown_reason = reason;
	if (d == dom0)
		end_machine(d);
	if (d->state >= DOMAIN_SHUTDOWN)
		return;
	d->state = DOMAIN_SHUTDOWN;
	domain_sleep(d);
	tell_control_domain();
}

void domain_resume(struct domain *d)
{
	if (d->state != DOMAIN_SHUTDOWN)
		return;
	d->state = DOMAIN_RUNNING;
	d->shutdown_reason = SHUTDOWN_NONE;
	d->crash_reason = NULL;
	domain_wake(d);
}

void domain_crash(struct domain *d, const char *reason)
{
	if (d->crash_reason)
		return;
	d->crash_reason = reason;
	if (d == dom0)
		screen_take_back();
	printk("dom%u crashed: %s\n", d->id, reason);
	if (current_vcpu()->domain == d)
		arch_dump_vcpu(current_vcpu());
	d->shutdown_reason = SHUTDOWN_crash;
	domain_shutdown(d, SHUTDOWN_crash);
}

int domain_watchdog(struct domain *d, uint32_t id, uint32_t timeout)
{
	const s_time_t deadline = time_now() + timeout * NSEC_PER_SEC;
	uint32_t i;

	if (id > ARRAY_SIZE(d->watchdog))
		return -EINVAL;
	if (id == 0) {
		for (i = 0; i < ARRAY_SIZE(d->watchdog); i++) {
			if (!timer_armed(&d->watchdog[i])) {
				timer_set(&d->watchdog[i], deadline);
				return (int)i + 1;
			}
		}
		return -ENOSPC;
	}
	i = index_nospec(id - 1, ARRAY_SIZE(d->watchdog));
	if (!timer_armed(&d->watchdog[i]))
		return -EINVAL;
	if (timeout)
		timer_set(&d->watchdog[i], deadline);
	else
		timer_stop(&d->watchdog[i]);
	return 0;
}

static void stop_domain(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	d->state = DOMAIN_DYING;
	pirq_domain_stop(d);
	for (i = 0; i < ARRAY_SIZE(d->watchdog); i++)
		timer_stop(&d->watchdog[i]);
	for_each_vcpu(d, v, i) {
		sched_vcpu_remove(v);
		vcpu_timers_stop(v);
		arch_vcpu_unload(v);
		vcpu_info_release(v);
	}
}

int domain_kill(struct domain *d)
{
	int rc;

	BUG_ON(current_vcpu()->domain == d);
	if (d->state == DOMAIN_DEAD)
		return 0;
	if (d->state < DOMAIN_DYING)
		stop_domain(d);
	rc = evtchn_close_all(d);
	if (!rc)
		rc = domain_relinquish_memory(d);
	if (!rc)
		rc = grant_table_relinquish(d);
	if (rc)
		return rc;
	d->state = DOMAIN_DEAD;
	free_parts(d);
	console_domain_retire(d);
	tell_control_domain();
	domain_put(d);
	domain_reap();
	return 0;
}

/*
 * Structures without references, linked by next_unused; changed by
 * compare-and-swap, because any lock may be held.
 */
static struct domain *unused_domains;

void domain_put(struct domain *d)
{
	struct domain *first;

	if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL))
		return;
	do {
		first = __atomic_load_n(&unused_domains, __ATOMIC_RELAXED);
		d->next_unused = first;
	} while (!__sync_bool_compare_and_swap(&unused_domains, first, d));
	raise_work(WORK_REAP);
}

void domain_reap(void)
{
	struct domain *d, *next;

	__atomic_fetch_and(&this_cpu()->work, ~(uint32_t)WORK_REAP, __ATOMIC_SEQ_CST);
	d = __atomic_exchange_n(&unused_domains, NULL, __ATOMIC_ACQ_REL);
	if (!d)
		return;
	for (; d; d = next) {
		next = d->next_unused;
		unlist_domain(d);
		domain_free(d);
	}
	tell_control_domain();
}
