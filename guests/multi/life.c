/* SPDX-License-Identifier: MIT */
/* Making, running and ending domains: nothing of them may be left. */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"

#define CYCLES 1000
#define RANDOM_KILLS 300

static struct child a, b;

/* ---- one life ---- */

/* Runs a payload to its end; the reason for which it shut down, or ~0. */
static unsigned int run_to_end(struct child *c, const char *what)
{
	unsigned int reason = ~0u;

	if (!child_make(c, what, CHILD_STEPS))
		return reason;
	if (child_wait_shutdown(c, &reason))
		CHECK(c->mailbox->alive == MAILBOX_ALIVE, "%s: it never ran", what);
	child_destroy(c);
	return reason;
}

void test_create_and_run(void)
{
	uint64_t before = free_frames();

	CHECK_EQ(run_to_end(&a, "exit"), SHUTDOWN_poweroff, "shutdown reason");
	CHECK_EQ(free_frames(), before, "free frames");
}

/* What the hypervisor needs for a domain besides the domain's own memory: at most 64 KiB. */
void test_overhead(void)
{
	uint64_t before = free_frames(), overhead;

	if (!child_make(&a, "block", CHILD_STEPS))
		return;
	child_wait_stage(&a, 1);
	overhead = before - free_frames() - CHILD_PAGES;
	CHECK(overhead <= 16, "%u pages", (unsigned int)overhead);
	pv_printf("a domain costs %u pages of the hypervisor's\n", (unsigned int)overhead);
	child_destroy(&a);
}

void test_two_at_once(void)
{
	uint64_t before = free_frames();
	uint32_t seen_a, seen_b;

	if (!child_make(&a, "spin", CHILD_STEPS) || !child_make(&b, "spin", CHILD_STEPS))
		return;
	if (child_wait_stage(&a, 1) && child_wait_stage(&b, 1)) {
		seen_a = a.mailbox->counter;
		seen_b = b.mailbox->counter;
		time_delay_ns(100 * NS_PER_MS);
		check_audit("two domains run");
		CHECK(a.mailbox->counter != seen_a && b.mailbox->counter != seen_b,
		      "one of them stands still");
	}
	child_destroy(&a);
	child_destroy(&b);
	CHECK_EQ(free_frames(), before, "free frames");
}

void test_shutdown_reasons(void)
{
	CHECK_EQ(run_to_end(&a, "exit"), SHUTDOWN_poweroff, "poweroff");
	CHECK_EQ(run_to_end(&a, "reboot"), SHUTDOWN_reboot, "reboot");
	CHECK_EQ(run_to_end(&a, "crash"), SHUTDOWN_crash, "crash");
	CHECK_EQ(run_to_end(&a, "code"), 77, "given by SCHEDOP_shutdown_code");
}

/* One that kills itself leaves the others alone. */
void test_crash(void)
{
	uint32_t seen;

	if (!child_make(&b, "spin", CHILD_STEPS))
		return;
	CHECK_EQ(run_to_end(&a, "die"), SHUTDOWN_crash, "shutdown reason");
	if (child_wait_stage(&b, 1)) {
		seen = b.mailbox->counter;
		time_delay_ns(50 * NS_PER_MS);
		CHECK(b.mailbox->counter != seen, "another domain stopped");
	}
	child_destroy(&b);
}

/* ---- consoles ---- */

static int read_console(domid_t id, char *buf, unsigned int size, uint32_t *index)
{
	struct xen_sysctl op = { 0 };
	int rc;

	op.u.readconsole.pad0 = id;
	op.u.readconsole.pad1 = id >> 8;
	op.u.readconsole.incremental = 1;
	op.u.readconsole.index = *index;
	op.u.readconsole.count = size - 1;
	set_xen_guest_handle_raw(op.u.readconsole.buffer, buf);
	rc = sysctl(XEN_SYSCTL_readconsole, &op);
	if (rc)
		return rc;
	*index = op.u.readconsole.index;
	buf[op.u.readconsole.count] = 0;
	return op.u.readconsole.count;
}

void test_console(void)
{
	static char text[256];
	unsigned int reason;
	uint32_t index = 0;
	domid_t id;

	if (!child_make(&a, "talk", CHILD_STEPS))
		return;
	id = a.id;
	if (child_wait_stage(&a, 2)) {
		read_console(id, text, sizeof(text), &index);
		CHECK(strstr(text, "first words"), "while it lives: \"%s\"", text);
		a.mailbox->go = 1;
		child_wait_shutdown(&a, &reason);
	}
	child_destroy(&a);
	read_console(id, text, sizeof(text), &index);
	CHECK(!strcmp(text, "last words\n"), "when it is dead: \"%s\"", text);
	index = 0;
	read_console(0, text, sizeof(text), &index);
	CHECK(text[0], "the machine's console is empty");
}

/* ---- pausing ---- */

void test_pause(void)
{
	uint32_t seen;

	if (!child_make(&a, "spin", CHILD_STEPS))
		return;
	if (child_wait_stage(&a, 1)) {
		CHECK_EQ(domctl_simple(XEN_DOMCTL_pausedomain, a.id), 0, "pause");
		CHECK_EQ(domctl_simple(XEN_DOMCTL_pausedomain, a.id), 0, "pause again");
		CHECK_EQ(domctl_simple(XEN_DOMCTL_unpausedomain, a.id), 0, "unpause once");
		seen = a.mailbox->counter;
		time_delay_ns(50 * NS_PER_MS);
		CHECK_EQ(a.mailbox->counter, seen, "it runs while paused");
		CHECK_EQ(domctl_simple(XEN_DOMCTL_unpausedomain, a.id), 0, "unpause twice");
		CHECK_EQ(domctl_simple(XEN_DOMCTL_unpausedomain, a.id), -XEN_EINVAL,
			 "unpause once too often");
		time_delay_ns(50 * NS_PER_MS);
		CHECK(a.mailbox->counter != seen, "it does not go on");
	}
	child_destroy(&a);
	CHECK_EQ(domctl_simple(XEN_DOMCTL_pausedomain, DOMID_SELF), -XEN_ESRCH, "DOMID_SELF");
	CHECK_EQ(domctl_simple(XEN_DOMCTL_pausedomain, 0), -XEN_EINVAL, "pause the caller");
	CHECK_EQ(domctl_simple(XEN_DOMCTL_destroydomain, 0), -XEN_EINVAL, "destroy the caller");
}

/* ---- numbers, lists, and versions ---- */

static int create_as(domid_t id)
{
	struct xen_domctl op = { 0 };

	op.u.createdomain.max_vcpus = 1;
	op.u.createdomain.max_grant_frames = -1;
	return domctl(XEN_DOMCTL_createdomain, id, &op);
}

static unsigned int list_domains(domid_t first, struct xen_domctl_getdomaininfo *list,
				 unsigned int max)
{
	struct xen_sysctl op = { 0 };

	op.u.getdomaininfolist.first_domain = first;
	op.u.getdomaininfolist.max_domains = max;
	set_xen_guest_handle_raw(op.u.getdomaininfolist.buffer, list);
	BUG_ON(sysctl(XEN_SYSCTL_getdomaininfolist, &op));
	return op.u.getdomaininfolist.num_domains;
}

static void check_dead_number_stays(void)
{
	static struct xen_domctl_getdomaininfo list[4];
	void *page;

	if (!child_make(&a, "block", 2))
		return;
	page = foreign_map(a.id, a.mfn[5], PTE_KERNEL_RW);
	CHECK(page != NULL, "a foreign map was refused");
	child_destroy(&a);
	CHECK_EQ(list_domains(a.id, list, 4), 1, "domains listed while its page is mapped");
	CHECK(list[0].domain == a.id && (list[0].flags & XEN_DOMINF_dying),
	      "it is not listed as dying");
	CHECK_EQ(list[0].tot_pages, 1, "its pages");
	CHECK_EQ(create_as(a.id), -XEN_EEXIST, "its number is free");
	CHECK_EQ(domctl_simple(XEN_DOMCTL_pausedomain, a.id), -XEN_ESRCH, "it can be paused");
	if (page)
		foreign_unmap(page);
	CHECK_EQ(list_domains(a.id, list, 4), 0, "domains listed afterwards");
}

void test_numbers(void)
{
	static struct xen_domctl_getdomaininfo list[4];
	struct xen_domctl op = { 0 };
	uint64_t before = free_frames();

	CHECK_EQ(create_as(1234), 0, "a chosen number");
	CHECK_EQ(create_as(1234), -XEN_EEXIST, "a number in use");
	CHECK_EQ(list_domains(0, list, 4), 2, "domains");
	CHECK_EQ(list[0].domain, 0, "first number");
	CHECK_EQ(list[1].domain, 1234, "second number");
	CHECK(list[1].flags & XEN_DOMINF_paused, "a new domain is not paused");
	CHECK_EQ(domctl_simple(XEN_DOMCTL_destroydomain, 1234), 0, "destroy");
	CHECK_EQ(domctl_simple(XEN_DOMCTL_destroydomain, 1234), -XEN_ESRCH, "destroy it again");
	CHECK_EQ(create_as(1234), 0, "the number again");
	CHECK_EQ(domctl_simple(XEN_DOMCTL_destroydomain, 1234), 0, "destroy");
	op.cmd = XEN_DOMCTL_getdomaininfo;
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1;
	CHECK_EQ(hypercall1(__HYPERVISOR_domctl, PTR32(&op)), -XEN_EACCES, "another version");
	CHECK_EQ(hypercall1(__HYPERVISOR_domctl, 0xf6000000u), -XEN_EFAULT, "a bad address");
	CHECK_EQ(domctl_simple(999, 0), -XEN_ENOSYS, "an unknown operation");
	check_dead_number_stays();
	CHECK_EQ(free_frames(), before, "free frames");
}

/* ---- ends that others decide ---- */

void test_remote_shutdown(void)
{
	struct sched_remote_shutdown op = { .reason = SHUTDOWN_suspend };
	unsigned int reason = ~0u;

	if (!child_make(&a, "block", CHILD_STEPS))
		return;
	op.domain_id = a.id;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &op), 0, "remote shutdown");
	if (child_wait_shutdown(&a, &reason))
		CHECK_EQ(reason, SHUTDOWN_suspend, "reason");
	CHECK_EQ(domctl_simple(XEN_DOMCTL_resumedomain, a.id), 0, "resume");
	child_wait_stage(&a, 1);
	child_destroy(&a);
}

void test_watchdog(void)
{
	unsigned int reason = ~0u;

	if (!child_make(&a, "watchdog", CHILD_STEPS))
		return;
	if (child_wait_stage(&a, 2) && child_wait_shutdown(&a, &reason)) {
		CHECK_EQ(a.mailbox->extra, 1, "its watchdog's number");
		CHECK_EQ(reason, SHUTDOWN_watchdog, "reason");
	}
	child_destroy(&a);
}

static volatile unsigned int nr_dom_exc;

static void count_dom_exc(evtchn_port_t port, void *data)
{
	(void)port, (void)data;
	nr_dom_exc++;
}

void test_dom_exc(void)
{
	int port = event_bind_virq(VIRQ_DOM_EXC, 0);
	unsigned int seen;

	if (!CHECK(port > 0, "bind VIRQ_DOM_EXC: %d", port))
		return;
	event_bind(port, count_dom_exc, NULL);
	events_enable();
	if (child_make(&a, "exit", CHILD_STEPS)) {
		unsigned int reason;

		child_wait_shutdown(&a, &reason);
		seen = nr_dom_exc;
		CHECK(seen > 0, "no event when it shut down");
		child_destroy(&a);
		CHECK(nr_dom_exc > seen, "no event when it was destroyed");
	}
	events_disable();
	event_unbind(port);
	event_close(port);
}

/* ---- many lives ---- */

#define MANY 100

/* Makes and starts one; how long it took until it ran, in microseconds. */
static uint32_t time_of_birth(struct child *c)
{
	uint64_t start = time_system_ns();

	if (!child_make(c, "block", CHILD_STEPS) || !child_wait_stage(c, 1))
		return 0;
	return div_u64_u32(time_system_ns() - start, 1000, NULL);
}

/* A hundred at once; the last is not made more slowly than the first. */
void test_hundred(void)
{
	static struct child many[MANY];
	uint64_t before = free_frames();
	uint32_t first = 0, last = 0;
	unsigned int i;

	for (i = 0; i < MANY && test_ok(); i++) {
		last = time_of_birth(&many[i]);
		if (i == 1)
			first = last;
	}
	check_audit("a hundred domains");
	CHECK(last <= first + first / 4, "the last took %u us, the second %u", last, first);
	pv_printf("second domain %u us, hundredth %u us\n", first, last);
	/* Every other one first, so that the list of domains has holes. */
	for (i = 0; i < MANY; i += 2)
		child_destroy(&many[i]);
	for (i = 1; i < MANY; i += 2)
		child_destroy(&many[i]);
	CHECK_EQ(free_frames(), before, "free frames");
}

void test_cycles(void)
{
	uint64_t before = free_frames(), start = time_system_ns();
	unsigned int i;

	for (i = 0; i < CYCLES && test_ok(); i++) {
		CHECK_EQ(run_to_end(&a, "exit"), SHUTDOWN_poweroff, "shutdown reason");
		CHECK_EQ(free_frames(), before, "free frames");
	}
	pv_printf("%u domains in %u ms\n", i,
		  (unsigned int)div_u64_u32(time_system_ns() - start, 1000000, NULL));
}

static uint32_t random_state = 0x2545f491;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

/* At any step of being made, or somewhere in what it does. */
void test_killed_at_random(void)
{
	static const char *const words[] = { "exit", "spin", "block", "talk", "crash", "watchdog" };
	uint64_t before = free_frames();
	unsigned int i;

	for (i = 0; i < RANDOM_KILLS && test_ok(); i++) {
		unsigned int steps = random_below(CHILD_STEPS + 4) + 1;

		if (steps > CHILD_STEPS)
			steps = CHILD_STEPS;
		if (!child_make(&a, words[random_below(ARRAY_SIZE(words))], steps))
			break;
		if (steps == CHILD_STEPS) {
			uint64_t end = time_system_ns() + random_below(3000) * NS_PER_US;

			while (time_system_ns() < end)
				HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
		}
		if (i % 30 == 0)
			check_audit("before it is killed");
		child_destroy(&a);
		CHECK_EQ(free_frames(), before, "free frames");
	}
}
