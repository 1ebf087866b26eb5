/* SPDX-License-Identifier: MIT */
/*
 * A guest that can be saved: it waits for control/shutdown to say "suspend", suspends itself, and when it goes
 * on, here or in another life, looks whether everything is as it was. It says so on its console ring and in data/result. Words of its command
 * line make it behave badly: "deaf" never answers, "attack=WORD" shows the control domain a broken guest (list.c, and
 * below).
 */
#include "guests/suspend/suspend.h"

#include <xen/io/console.h>
#include <xen/sched.h>

#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/xenstore.h"

#define LOOK_INTERVAL (50 * NS_PER_MS)

static volatile struct xencons_interface *console;
static unsigned lives; /* how often it was restored */
static char attack[16];

static void put(const char *text)
{
	for (; *text; text++) {
		while (console->out_prod - console->out_cons == sizeof(console->out))
			HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
		console->out[console->out_prod % sizeof(console->out)] = *text;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		console->out_prod++;
	}
	event_send(start_info->console.domU.evtchn);
}

static void pause_a_moment(void)
{
	evtchn_port_t port = start_info->store_evtchn;
	struct sched_poll poll = { .nr_ports = 1, .timeout = time_system_ns() + LOOK_INTERVAL };

	set_xen_guest_handle_raw(poll.ports, &port);
	do {
		event_clear(port);
		HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
	} while (time_system_ns() < poll.timeout);
}

/* ---- the suspend itself ---- */

static long call_suspend(unsigned long frame)
{
	struct sched_shutdown op = { .reason = SHUTDOWN_suspend };

	return hypercall3(__HYPERVISOR_sched_op, SCHEDOP_shutdown, PTR32(&op), frame);
}

/* What a control domain must understand without knowing this machine goes as the guest's own numbers. */
static void before(void)
{
	list_publish();
	list_spoil(attack);
	start_info->store_mfn = mfn_to_pfn(start_info->store_mfn);
	start_info->console.domU.mfn = mfn_to_pfn(start_info->console.domU.mfn);
	if (strcmp(attack, "shared"))
		BUG_ON(mm_map(shared_info_page, 0));
	if (!strcmp(attack, "rings"))
		start_info->store_mfn = ~0ul;
}

static void after(bool restored)
{
	BUG_ON(mm_map(shared_info_page, start_info->shared_info | PTE_KERNEL_RW));
	if (restored)
		return;
	start_info->store_mfn = va_to_mfn((void *)xenstore_ring());
	start_info->console.domU.mfn = va_to_mfn((void *)console);
}

static bool suspend(const char **error)
{
	unsigned long frame = va_to_mfn(start_info);
	bool restored;

	if (!strcmp(attack, "info"))
		frame = ~0ul;
	events_disable();
	before();
	state_load_registers();
	restored = !call_suspend(frame);
	*error = state_check_registers();
	after(restored);
	return restored;
}

static void report(bool restored, const char *error)
{
	char text[80];

	lives += restored;
	if (error)
		pv_snprintf(text, sizeof(text), "suspend: FAIL %s\r\n", error);
	else if (restored)
		pv_snprintf(text, sizeof(text), "suspend: life %u, all is as it was\r\n",
			    lives + 1);
	else
		pv_snprintf(text, sizeof(text), "suspend: not saved, all is as it was\r\n");
	put(text);
	xenstore_write("data/result", error ? error : "passed");
}

static void answer(void)
{
	const char *error;
	bool restored;

	xenstore_write("control/shutdown", "");
	restored = suspend(&error);
	if (!error)
		error = state_check(restored);
	if (!error)
		error = second_check(restored);
	report(restored, error);
}

int main(void)
{
	const char *cmdline = (const char *)start_info->cmd_line;
	const char *word = strstr(cmdline, "attack=");
	unsigned i;

	for (i = 0; word && i + 1 < sizeof(attack) && word[7 + i] && word[7 + i] != ' '; i++)
		attack[i] = word[7 + i];
	console = pfn_to_va(mfn_to_pfn(start_info->console.domU.mfn));
	xenstore_init();
	list_init();
	state_make();
	second_start(state_gdt_mfn());
	xenstore_read("domid");
	put("suspend: ready\r\n");
	for (;;) {
		pause_a_moment();
		if (!strstr(cmdline, "deaf") &&
		    !strcmp(xenstore_read("control/shutdown"), "suspend"))
			answer();
	}
}
