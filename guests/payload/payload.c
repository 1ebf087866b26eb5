/* SPDX-License-Identifier: MIT */
/* A domain made by guests/multi: the first word of its command line says what to do. */
#include "guests/payload/payload.h"

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
	__asm__ __volatile__("movl $0, %%esp; movl %0, %%eax; int $0x82" : : "i"(__HYPERVISOR_iret));
}

static void do_spin(struct mailbox *m)
{
	for (;;)
		m->counter++;
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

static const struct {
	const char *word;
	void (*fn)(struct mailbox *m);
} things[] = {
	{ "exit", do_exit },	   { "reboot", do_reboot },	{ "code", do_code },
	{ "crash", do_crash },	   { "die", do_die },		{ "spin", do_spin },
	{ "block", do_block },	   { "watchdog", do_watchdog }, { "talk", do_talk },
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
