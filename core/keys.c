/* SPDX-License-Identifier: MIT */
/*
 * Debug keys: what a person at the serial line can ask the hypervisor. Handlers run on the way to a
 * guest, with no lock held, and only look; the exceptions say so in their help.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/dump.h"
#include "core/console.h"
#include "core/event.h"
#include "core/pirq.h"
#include "core/sched.h"
#include "core/timer.h"
#include "mm/grant.h"
#include "mm/mmu.h"
#include "mm/page.h"

#define MIB_SHIFT (20 - PAGE_SHIFT)
#define PENDING_KEYS 16

static const char *domain_state_name(const struct domain *d)
{
	static const char *const names[] = {
		[DOMAIN_BUILDING] = "building",	 [DOMAIN_RUNNING] = "running",
		[DOMAIN_SHUTDOWN] = "shut down", [DOMAIN_DYING] = "dying",
		[DOMAIN_DEAD] = "dead",
	};

	return names[d->state];
}

static const char *vcpu_state_name(const struct vcpu *v)
{
	if (!v->initialised)
		return "not initialised";
	if (!v->online)
		return "down";
	if (v->running)
		return "running";
	if (v->on_queue)
		return "runnable";
	if (v->blocked)
		return v->poll_port ? "polling" : "blocked";
	return "paused";
}

static void show_each(void (*show)(struct domain *d))
{
	struct list *pos;

	list_for_each(pos, &domain_list)
		show(list_entry(pos, struct domain, link));
}

/* ---- who holds memory of a dying domain ---- */

struct holding {
	const struct domain *owner;
	uint32_t grants;
};

static void count_grant(void *context, mfn_t frame, UNUSED enum grant_access access)
{
	struct holding *holding = context;

	holding->grants += mfn_valid(frame) && mfn_to_page(frame)->owner == holding->owner;
}

static void show_holders(const struct domain *d)
{
	struct list *pos;

	list_for_each(pos, &domain_list) {
		const struct domain *other = list_entry(pos, struct domain, link);
		struct holding holding = { .owner = d };

		grant_for_each_handle(other, count_grant, &holding);
		if (holding.grants)
			printk("  held by domain %u: %u grants of it are mapped\n", other->id,
			       holding.grants);
	}
	printk("  %u pages are still referenced; those that are no grants, by a control domain's "
	       "mappings\n",
	       d->tot_pages);
}

static void show_domain(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	printk("Domain %u: %s, weight %u, cap %u%%, %u of %u pages, vm_assist 0x%x\n", d->id,
	       domain_state_name(d), d->weight, d->cap, d->tot_pages, d->max_pages, d->vm_assist);
	for_each_vcpu(d, v, i) {
		struct vcpu_runstate_info r;

		vcpu_runstate_get(v, &r);
		printk("  vCPU %u: %s, upcall pending %u mask %u, sel 0x%x, pauses %u\n", v->id,
		       vcpu_state_name(v), v->info->evtchn_upcall_pending,
		       v->info->evtchn_upcall_mask, (uint32_t)v->info->evtchn_pending_sel,
		       d->pause_count);
		printk("    ran %llu ms, waited %llu, blocked %llu, offline %llu\n",
		       r.time[RUNSTATE_running] / NSEC_PER_MSEC,
		       r.time[RUNSTATE_runnable] / NSEC_PER_MSEC,
		       r.time[RUNSTATE_blocked] / NSEC_PER_MSEC,
		       r.time[RUNSTATE_offline] / NSEC_PER_MSEC);
		if (v->arch.segment_flips)
			printk("    4gb_segments helped %u times\n", v->arch.segment_flips);
	}
	if (d->state >= DOMAIN_DYING)
		show_holders(d);
}

static void show_registers(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	for_each_vcpu(d, v, i) {
		if (!v->initialised)
			continue;
		printk("d%uv%u:\n", d->id, v->id);
		arch_dump_vcpu(v);
	}
}

static void show_memory(struct domain *d)
{
	printk("  domain %u: %u pages of at most %u\n", d->id, d->tot_pages, d->max_pages);
}

static void key_memory(void)
{
	printk("Memory: %u pages free (%u MiB), %u in the hypervisor's heap, "
	       "frame numbers below %u\n",
	       alloc_free_count(), alloc_free_count() >> MIB_SHIFT, heap_used_count(), max_mfn);
	show_each(show_memory);
}

static void show_timer(const struct vcpu *v, const char *name, const struct timer *t)
{
	if (timer_armed(t))
		printk("  d%uv%u %s at %llu ns\n", v->domain->id, v->id, name, t->deadline);
}

static void show_timers(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	for_each_vcpu(d, v, i) {
		show_timer(v, "single-shot", &v->singleshot);
		show_timer(v, "periodic", &v->periodic);
		show_timer(v, "poll", &v->poll_timer);
	}
}

static void key_timers(void)
{
	timer_dump();
	show_each(show_timers);
}

static void show_events(struct domain *d)
{
	printk("Event channels of domain %u (state, vCPU, remote domain:port or number):\n", d->id);
	evtchn_dump(d);
}

static void key_events(void)
{
	show_each(show_events);
}

static void key_interrupts(void)
{
	printk("Interrupt lines that domains have bound:\n");
	pirq_dump();
}

/* Everybody waits for it: a tenth of a second, more on a machine with much memory. */
static void key_audit(void)
{
	if (!mm_audit())
		printk("audit: every count is right\n");
}

static void key_reboot(void)
{
	printk("reboot\n");
	machine_reboot();
}

static void key_power_off(void)
{
	printk("power-off\n");
	machine_power_off();
}

/* Makes kernels that bound VIRQ_DEBUG print their own state. */
static void ask_guest(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	for_each_vcpu(d, v, i)
		evtchn_send_virq(v, VIRQ_DEBUG);
}

static void key_help(void);

static const struct {
	char key;
	void (*handler)(void);
	void (*each)(struct domain *d); /* called for every one */
	const char *help;
} keys[] = {
	{ 'h', key_help, NULL, "this list" },
	{ 'd', NULL, show_domain, "domains and their vCPUs" },
	{ 'r', NULL, show_registers, "registers and stacks of all vCPUs" },
	{ 's', sched_dump, NULL, "scheduler: who runs, who waits" },
	{ 'm', key_memory, NULL, "memory" },
	{ 'a', key_audit, NULL, "audit: count every reference to memory again" },
	{ 't', key_timers, NULL, "timers" },
	{ 'e', key_events, NULL, "event channels" },
	{ 'g', NULL, grant_table_show, "grant tables" },
	{ 'i', key_interrupts, NULL, "interrupts" },
	{ 'q', NULL, ask_guest, "make guests print their own state (VIRQ_DEBUG)" },
	{ 'R', key_reboot, NULL, "restart the machine, without asking" },
	{ 'P', key_power_off, NULL, "power the machine off, without asking" },
};

static void key_help(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		printk("  %c  %s\n", keys[i].key, keys[i].help);
}

void debug_key(char key)
{
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].key == key) {
			printk("'%c': %s\n", key, keys[i].help);
			if (keys[i].handler)
				keys[i].handler();
			if (keys[i].each)
				show_each(keys[i].each);
			return;
		}
	}
	if (key > ' ' && key <= '~')
		printk("'%c' is no debug key; h lists them\n", key);
}

/* Filled by the interrupt handler, emptied here; interrupts are off in both. */
static char pending[PENDING_KEYS];
static unsigned nr_pending;

void debug_key_queue(char key)
{
	if (nr_pending < PENDING_KEYS)
		pending[nr_pending++] = key;
	raise_work(WORK_KEY);
}

void debug_key_pending(void)
{
	for (unsigned i = 0; i < nr_pending; i++)
		debug_key(pending[i]);
	nr_pending = 0;
}
