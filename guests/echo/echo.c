/* SPDX-License-Identifier: MIT */
/*
 * A guest for trying the control domain: greets on its console ring (<xen/io/console.h>),
 * repeats each line that is typed, and ends as a line says: poweroff, reboot, crash. Its command
 * line may say the same: end=reboot and so on.
 */
#include "guests/pvrt/pvrt.h"

#include <xen/io/console.h>
#include <xen/sched.h>

#define LINE_SIZE 128

static volatile struct xencons_interface *ring;
static char line[LINE_SIZE];
static size_t line_len;

static void notify(void)
{
	event_send(start_info->console.domU.evtchn);
}

static void put(const char *text)
{
	for (; *text; text++) {
		while (ring->out_prod - ring->out_cons == sizeof(ring->out)) {
			notify();
			HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
		}
		ring->out[ring->out_prod % sizeof(ring->out)] = *text;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		ring->out_prod++;
	}
	notify();
}

static void end_as(const char *word)
{
	if (!strcmp(word, "poweroff"))
		pv_shutdown(SHUTDOWN_poweroff);
	if (!strcmp(word, "reboot"))
		pv_shutdown(SHUTDOWN_reboot);
	if (!strcmp(word, "crash"))
		pv_shutdown(SHUTDOWN_crash);
}

static void type(char c)
{
	if (c != '\r' && c != '\n') {
		if (line_len + 1 < sizeof(line))
			line[line_len++] = c;
		return;
	}
	line[line_len] = '\0';
	line_len = 0;
	put("you said: ");
	put(line);
	put("\r\n");
	end_as(line);
}

static void console_event(evtchn_port_t port, void *data)
{
	(void)port, (void)data;
	while (ring->in_cons != ring->in_prod) {
		char c = ring->in[ring->in_cons % sizeof(ring->in)];

		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		ring->in_cons++;
		type(c);
	}
}

static void put_early(const char *text)
{
	pv_printf("%s", text);
}

/* Numbered lines of 50 bytes, as many as the word says: lines=N on the ring, early=N before that. */
static void print_lines(const char *word, void (*print)(const char *text))
{
	const char *digit = strstr((const char *)start_info->cmd_line, word);
	unsigned int i, count = 0;
	char text[64];

	if (!digit)
		return;
	for (digit += strlen(word); *digit >= '0' && *digit <= '9'; digit++)
		count = count * 10 + (unsigned int)(*digit - '0');
	for (i = 1; i <= count; i++) {
		pv_snprintf(text, sizeof(text), "line %6u of %6u ---------------------------\n", i,
			    count);
		print(text);
	}
}

int main(void)
{
	const char *end = strstr((const char *)start_info->cmd_line, "end=");

	ring = pfn_to_va(mfn_to_pfn(start_info->console.domU.mfn));
	put("echo guest: ");
	put((const char *)start_info->cmd_line);
	put("\r\n");
	print_lines("early=", put_early);
	print_lines("lines=", put);
	if (end)
		end_as(end + strlen("end="));
	event_bind(start_info->console.domU.evtchn, console_event, NULL);
	for (;;)
		event_block();
}
