/* SPDX-License-Identifier: MIT */
/*
 * What guests print or make the hypervisor print. A guest that prints without end delays and hides nothing of the
 * others (XSA-152): it has a budget of lines on the machine's console, and a ring of its own that keeps its last
 * output even after it has died.
 */
#include "core/console.h"

#include "arch/x86_32/arch.h"
#include "core/lib.h"
#include "core/options.h"

#define LINE_INTERVAL (50 * NSEC_PER_MSEC)
#define LINE_MAX 160

struct console_ring {
	uint32_t next; /* where the next byte goes */
	bool full;     /* once round: next is also the oldest */
	char text[PAGE_SIZE - 2 * sizeof(uint32_t)];
};
_Static_assert(sizeof(struct console_ring) == PAGE_SIZE, "one heap page");
#define DOMAIN_RING_SIZE sizeof(((struct console_ring *)0)->text)

static void refill_budget(struct domain *d, s_time_t now)
{
	uint64_t lines = (now - d->message_refill) / LINE_INTERVAL;

	if (!lines)
		return;
	d->message_budget = (uint32_t)MIN(lines + d->message_budget, (uint64_t)MESSAGE_BURST);
	d->message_refill = now;
}

/* Whether d may put one more line on the console. Reports first what was dropped before. */
static bool take_line(struct domain *d)
{
	refill_budget(d, time_now());
	if (!d->message_budget) {
		d->messages_dropped++;
		return false;
	}
	d->message_budget--;
	if (d->messages_dropped) {
		printk("d%u: %u lines dropped\n", d->id, d->messages_dropped);
		d->messages_dropped = 0;
	}
	return true;
}

void guest_printk(struct domain *d, const char *fmt, ...)
{
	char text[LINE_MAX];
	va_list args;

	if (options.loglevel < LOG_WARNING || !take_line(d))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk("d%u: %s%s", d->id, text, strchr(text, '\n') ? "" : "\n");
}

static void ring_append(struct domain *d, const char *text, uint32_t len)
{
	if (!d->console)
		d->console = heap_page_alloc();
	if (!d->console)
		return;
	for (uint32_t i = 0; i < len; i++) {
		d->console->text[d->console->next] = text[i];
		if (++d->console->next == DOMAIN_RING_SIZE) {
			d->console->next = 0;
			d->console->full = true;
		}
	}
}

static void flush_line(struct domain *d)
{
	char text[LINE_MAX];
	int len;

	if (options.loglevel >= LOG_WARNING && take_line(d)) {
		len = snprintf(text, sizeof(text), "(d%u) %.*s\n", d->id, (int)d->console_used,
			       d->console_line);
		console_line_write(text, (uint32_t)len);
	}
	d->console_used = 0;
}

static void collect_char(struct domain *d, char c)
{
	if (c == '\n') {
		flush_line(d);
		return;
	}
	if (c != '\t' && (c < ' ' || c > '~'))
		return; /* no terminal control from guests */
	d->console_line[d->console_used++] = c;
	if (d->console_used == sizeof(d->console_line))
		flush_line(d);
}

void console_guest_write(struct domain *d, const char *text, uint32_t len)
{
	if (domain_is_control(d)) {
		console_raw_write(text, len);
		return;
	}
	ring_append(d, text, len);
	for (uint32_t i = 0; i < len; i++)
		collect_char(d, text[i]);
}

uint32_t console_domain_read(const struct domain *d, char *buf, uint32_t max)
{
	const struct console_ring *r = d->console;
	uint32_t have, from;

	if (!r)
		return 0;
	have = r->full ? DOMAIN_RING_SIZE : r->next;
	have = MIN(have, max);
	from = r->next + DOMAIN_RING_SIZE - have;
	for (uint32_t i = 0; i < have; i++)
		buf[i] = r->text[(from + i) % DOMAIN_RING_SIZE];
	return have;
}

void console_domain_free(struct domain *d)
{
	if (d->console)
		heap_page_free(d->console);
	d->console = NULL;
}
