/* SPDX-License-Identifier: MIT */
/*
 * Non-maskable interrupts of the machine, while this guest computes and while it sleeps: with
 * the words wait=SECONDS on the command line it gives somebody outside the time to cause some
 * (tests/qemu/test_nmi.py). In segment mode an NMI is a task switch; coming back with another
 * address space than one left with would be the end of the guest.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/sched.h>

static volatile unsigned int nmis;

static bool count_nmi(struct trap_frame *frame)
{
	(void)frame;
	nmis++;
	return true;
}

static unsigned int seconds(void)
{
	const char *at = strstr((const char *)start_info->cmd_line, "wait=");

	return at ? at[5] - '0' : 0;
}

static void test_computing(void)
{
	uint64_t end = time_system_ns() + seconds() * NS_PER_S;
	uint32_t *page = page_alloc(), i = 0;

	trap_set_hook(X86_NMI, count_nmi);
	trap_return_by_hypercall = 1; /* which is what ends the masking of NMIs */
	pv_printf("ready for NMIs\n");
	do {
		page[i % 1024] = i;
		CHECK_EQ(page[i % 1024], i, "a word of memory");
		i++;
	} while (test_ok() && time_system_ns() < end);
	page_free(page);
	if (seconds())
		CHECK(nmis > 1, "%u interrupts arrived", nmis);
}

/* A timeout is what ends the sleep, so the timer must have survived too. */
static void test_sleeping(void)
{
	sched_poll_t poll = { .timeout = time_system_ns() + seconds() * NS_PER_S };

	if (seconds())
		CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0, "sleep");
}

static const struct test_case cases[] = {
	{ "nmi.computing", test_computing },
	{ "nmi.sleeping", test_sleeping },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
