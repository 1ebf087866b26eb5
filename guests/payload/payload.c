/* SPDX-License-Identifier: MIT */
/* A domain made by guests/multi: the first word of its command line says what to do. */
#include "guests/payload/payload.h"

#include <xen/physdev.h>
#include <xen/vcpu.h>

#include "guests/payload/gnttab.h"

static struct mailbox *mailbox_of(const char *cmdline)
{
	const char *word = strstr(cmdline, "mailbox=");
	uint32_t va = 0;

	if (!word)
		return NULL;
	for (word += 8; *word && *word != ' '; word++)
		va = va << 4 | (*word <= '9' ? *word - '0' : *word - 'a' + 10);
	return (struct mailbox *)(uintptr_t)va;
}

static void do_exit(struct mailbox *m)
{
	(void)m;
}

static void do_reboot(struct mailbox *m)
{
	(void)m;
	pv_shutdown(SHUTDOWN_reboot);
}

/* A reason given before counts more than the one at the end. */
static void do_code(struct mailbox *m)
{
	struct sched_shutdown code = { .reason = 77 };

	(void)m;
	HYPERVISOR_sched_op(SCHEDOP_shutdown_code, &code);
	pv_shutdown(SHUTDOWN_reboot);
}

static void do_crash(struct mailbox *m)
{
	(void)m;
	pv_shutdown(SHUTDOWN_crash);
}

/* No frame to return to. */
static void do_die(struct mailbox *m)
{
	(void)m;
	__asm__ __volatile__("movl $0, %%esp; movl %0, %%eax; int $0x82"
			     :
			     : "i"(__HYPERVISOR_iret));
}

static void do_spin(struct mailbox *m)
{
	for (;;)
		m->counter++;
}

/* Hands the processor on all the time. */
static void do_yield(struct mailbox *m)
{
	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	m->stage = 2;
	for (;;) {
		m->counter++;
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
}

static void do_block(struct mailbox *m)
{
	(void)m;
	for (;;)
		event_block();
}

static void do_watchdog(struct mailbox *m)
{
	struct sched_watchdog dog = { .id = 0, .timeout = 1 };

	m->extra = HYPERVISOR_sched_op(SCHEDOP_watchdog, &dog);
	m->stage = 2;
	for (;;)
		m->counter++;
}

static void do_talk(struct mailbox *m)
{
	pv_printf("first words\n");
	m->stage = 2;
	while (!m->go)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	pv_printf("last words\n");
}

/* ---- events ---- */

static struct mailbox *mailbox;

static void answer(evtchn_port_t port, void *data)
{
	(void)data;
	mailbox->time = time_system_ns();
	mailbox->counter++;
	event_send(port);
}

/* Answers each event on a port that domain 0 may bind. */
static void do_ping(struct mailbox *m)
{
	int port = event_alloc_unbound(0);

	mailbox = m;
	if (port > 0)
		event_bind(port, answer, NULL);
	m->port = port;
	m->stage = 2;
	for (;;)
		event_block();
}

/* Polls a port instead, with upcalls masked. */
static void do_poll(struct mailbox *m)
{
	evtchn_port_t port = event_alloc_unbound(0);
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle_raw(poll.ports, &port);
	m->port = port;
	m->stage = 2;
	for (;;) {
		HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
		if (!event_clear(port))
			continue;
		m->counter++;
		event_send(port);
	}
}

/* As many ports as there are, all open when it is destroyed; half of them are another domain's to bind. */
static void do_ports(struct mailbox *m)
{
	unsigned int n = 0;

	while (event_alloc_unbound(n % 2 ? 0 : DOMID_SELF) > 0)
		n++;
	m->extra = n;
	m->stage = 2;
	for (;;)
		event_block();
}

/* ---- time ---- */

#define NAP (10 * NS_PER_MS)

static void woke(evtchn_port_t port, void *data)
{
	(void)port, (void)data;
	mailbox->time = time_system_ns();
}

/* Sleeps for ten milliseconds again and again. extra: the worst it ever was late, in microseconds. */
static void do_nap(struct mailbox *m)
{
	int port = event_bind_virq(VIRQ_TIMER, 0);

	mailbox = m;
	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	event_bind(port, woke, NULL);
	m->stage = 2;
	for (;;) {
		uint64_t due = time_system_ns() + NAP;
		uint32_t late;

		HYPERVISOR_set_timer_op(due);
		event_block();
		if (m->time < due)
			continue;
		late = div_u64_u32(m->time - due, 1000, NULL);
		if (late > m->extra)
			m->extra = late;
		m->counter++;
	}
}

/* ---- memory ---- */

/* Leaves a pattern in every free page, and in the floating-point registers. */
static void do_fill(struct mailbox *m)
{
	unsigned int n = m->go;

	while (n--)
		memset(page_alloc(), 0xa5, PAGE_SIZE);
	m->stage = 2;
	for (;;)
		event_block();
}

/* Grants two pages to domain 0: entry 8 for writing, entry 9 for reading. */
static void do_grant(struct mailbox *m)
{
	grant_entry_v1_t *entries = gnttab_entries();
	uint32_t *writable = page_alloc(), *readable = page_alloc();

	if (!entries)
		return;
	writable[0] = 0x600d;
	readable[0] = 0xbeef;
	gnttab_grant(&entries[8], 0, va_to_mfn(writable), 0);
	gnttab_grant(&entries[9], 0, va_to_mfn(readable), GTF_readonly);
	m->ref = 8;
	m->stage = 2;
	for (;;) {
		m->extra = writable[0];
		if (m->go == 1 && gnttab_revoke(&entries[8]) && gnttab_revoke(&entries[9]))
			m->stage = 3;
		m->counter = entries[8].flags;
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
}

/* Maps grant number m->ref of domain 0 and holds on to it. */
static void do_map(struct mailbox *m)
{
	uint32_t *va = page_alloc();
	grant_handle_t handle;

	while (!m->go)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	m->extra = gnttab_map(va, 0, m->ref, 0, &handle);
	if (!m->extra)
		m->counter = va[0]++;
	m->stage = 2;
	for (;;)
		event_block();
}

/* ---- devices ---- */

/* Reads the keyboard controller's status port, for which it needs a right. */
static void do_inb(struct mailbox *m)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	uint8_t value;

	HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl);
	m->stage = 2;
	for (;;) {
		__asm__ __volatile__("inb $0x64, %0" : "=a"(value));
		m->extra = value;
		m->counter++;
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
}

static const struct {
	const char *word;
	void (*fn)(struct mailbox *m);
} things[] = {
	{ "exit", do_exit },
	{ "reboot", do_reboot },
	{ "code", do_code },
	{ "crash", do_crash },
	{ "die", do_die },
	{ "spin", do_spin },
	{ "block", do_block },
	{ "watchdog", do_watchdog },
	{ "talk", do_talk },
	{ "ping", do_ping },
	{ "poll", do_poll },
	{ "ports", do_ports },
	{ "nap", do_nap },
	{ "fill", do_fill },
	{ "grant", do_grant },
	{ "map", do_map },
	{ "yield", do_yield },
	{ "inb", do_inb },
	{ "hostile", payload_hostile },
};

int main(void)
{
	const char *cmdline = (const char *)start_info->cmd_line;
	struct mailbox *m = mailbox_of(cmdline);
	unsigned int i;

	if (!m) {
		pv_printf("this guest is made by guests/multi\n");
		return 0;
	}
	m->alive = MAILBOX_ALIVE;
	m->stage = 1;
	for (i = 0; i < ARRAY_SIZE(things); i++) {
		size_t len = strlen(things[i].word);

		if (!strncmp(cmdline, things[i].word, len) && cmdline[len] == ' ')
			things[i].fn(m);
	}
	return 0;
}
