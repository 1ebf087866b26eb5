/* SPDX-License-Identifier: MIT */
/*
 * What guests print or make the hypervisor print. A guest that prints without end delays and hides
 * nothing of the others (XSA-152): it has a budget of lines on the machine's console, and a ring of
 * its own that keeps its last output even after it has died.
 */
#include "core/console.h"

#include "arch/x86_32/arch.h"
#include "core/event.h"
#include "core/lib.h"
#include "core/options.h"

#define LINE_INTERVAL (50 * NSEC_PER_MSEC)
#define LINE_MAX 160

/*
 * What a domain printed last: 64 KiB, in pages made as they are needed, so a quiet domain has none.
 */
#define RING_PAGES 16u
#define RING_SIZE (RING_PAGES * PAGE_SIZE)
struct console_ring {
	uint32_t first, end; /* counts of all bytes written: the oldest kept, one past the newest */
	char *page[RING_PAGES];
};

/*
 * What the dead leave behind, one after the other in a ring, the oldest overwritten first. The
 * memory is the hypervisor's own, so a domain that is gone holds no page. An entry is good
 * while its text is; guarded by domain_list_lock.
 */
#define DEAD_OUTPUT_SIZE 131072u
#define DEAD_ENTRIES 64u
static char dead_text[DEAD_OUTPUT_SIZE];
static uint32_t dead_end; /* bytes ever put there */
static struct dead_output {
	domid_t id;
	uint32_t first, end; /* as in its struct console_ring; equal: nothing, or forgotten */
	uint32_t start;	     /* where its text begins, as a count like dead_end */
} dead_output[DEAD_ENTRIES];
static unsigned next_dead;

/*
 * What all guests together may put there: a serial line is slow, and written with interrupts off.
 * Twice what one may, so that none takes it all.
 */
#define ALL_GUESTS_BURST (4 * MESSAGE_BURST)
#define ALL_GUESTS_INTERVAL (LINE_INTERVAL / 2)
static struct {
	uint32_t budget;
	s_time_t refill;
} all_guests = { .budget = ALL_GUESTS_BURST };

/* The control domain has said that it shows what guests print. */
static bool left_to_dom0;

static void refill_budget(uint32_t *budget, s_time_t *refill, s_time_t interval, uint32_t burst,
			  s_time_t now)
{
	uint64_t lines = (now - *refill) / interval;

	if (!lines)
		return;
	*budget = (uint32_t)MIN(lines + *budget, (uint64_t)burst);
	*refill = now;
}

void console_leave_guests(void)
{
	left_to_dom0 = true;
}

static bool shows_guests(void)
{
	return options.guest_output == GUEST_OUTPUT_ON ||
	       (options.guest_output == GUEST_OUTPUT_AUTO && !left_to_dom0);
}

static void put_line(const char *text, uint32_t len)
{
	if (shows_guests())
		console_line_write(text, len);
	else
		console_line_keep(text, len);
}

static void report_dropped(struct domain *d)
{
	char text[LINE_MAX];
	int len = snprintf(text, sizeof(text), "(RL) d%u: %u lines dropped\n", d->id,
			   d->messages_dropped);

	put_line(text, (uint32_t)len);
	d->messages_dropped = 0;
}

/* Whether d may put one more line on the console. Reports first what was dropped before. */
static bool take_line(struct domain *d)
{
	s_time_t now = time_now();

	refill_budget(&d->message_budget, &d->message_refill, LINE_INTERVAL, MESSAGE_BURST, now);
	refill_budget(&all_guests.budget, &all_guests.refill, ALL_GUESTS_INTERVAL, ALL_GUESTS_BURST,
		      now);
	if (!d->message_budget || !all_guests.budget) {
		d->messages_dropped++;
		return false;
	}
	d->message_budget--;
	all_guests.budget--;
	if (d->messages_dropped)
		report_dropped(d);
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

static char *ring_byte(struct console_ring *r, uint32_t count)
{
	char *page = r->page[count / PAGE_SIZE % RING_PAGES];

	return page ? &page[count % PAGE_SIZE] : NULL;
}

static void ring_append(struct domain *d, const char *text, uint32_t len)
{
	struct console_ring *r = d->console;

	if (!r)
		r = d->console = heap_alloc(sizeof(*r));
	if (!r)
		return;
	for (uint32_t i = 0; i < len; i++) {
		char **page = &r->page[r->end / PAGE_SIZE % RING_PAGES];

		if (!*page)
			*page = heap_page_alloc();
		if (!*page)
			return;
		*ring_byte(r, r->end++) = text[i];
	}
	if (r->end - r->first > RING_SIZE)
		r->first = r->end - RING_SIZE;
	if (dom0)
		evtchn_send_global_virq(dom0, VIRQ_CON_RING);
}

static void flush_line(struct domain *d)
{
	char text[LINE_MAX];
	int len;

	if (options.loglevel >= LOG_WARNING && take_line(d)) {
		len = snprintf(text, sizeof(text), "(d%u) %.*s\n", d->id, (int)d->console_used,
			       d->console_line);
		put_line(text, (uint32_t)len);
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

/* ---- reading it, alive or dead ---- */

/* Where a reader that has seen everything before `index` goes on, within [first, end]. */
static uint32_t read_from(uint32_t index, uint32_t first, uint32_t end)
{
	return index - first <= end - first ? index : first;
}

static uint32_t read_ring(struct console_ring *r, char *buf, uint32_t max, uint32_t *index,
			  bool clear)
{
	uint32_t from = read_from(*index, r->first, r->end), n = MIN(max, r->end - from);

	for (uint32_t i = 0; i < n; i++)
		buf[i] = *ring_byte(r, from + i);
	*index = from + n;
	if (clear)
		r->first = *index;
	return n;
}

static struct dead_output *find_dead(domid_t id)
{
	for (unsigned i = 0; i < DEAD_ENTRIES; i++) {
		struct dead_output *o = &dead_output[i];

		if (o->id == id && o->first != o->end && dead_end - o->start <= DEAD_OUTPUT_SIZE)
			return o;
	}
	return NULL;
}

static uint32_t read_dead(domid_t id, char *buf, uint32_t max, uint32_t *index, bool clear)
{
	struct dead_output *o = find_dead(id);
	uint32_t from, n;

	if (!o)
		return 0;
	from = read_from(*index, o->first, o->end);
	n = MIN(max, o->end - from);
	for (uint32_t i = 0; i < n; i++)
		buf[i] = dead_text[(o->start + (from - o->first) + i) % DEAD_OUTPUT_SIZE];
	*index = from + n;
	if (clear) {
		o->start += *index - o->first;
		o->first = *index;
	}
	return n;
}

uint32_t console_domain_read(domid_t id, char *buf, uint32_t max, uint32_t *index, bool clear)
{
	struct domain *d = domain_from(id);
	uint32_t n;

	if (d && d->id == id && d->console)
		return read_ring(d->console, buf, max, index, clear);
	spin_lock(&domain_list_lock);
	n = read_dead(id, buf, max, index, clear);
	spin_unlock(&domain_list_lock);
	return n;
}

void console_domain_retire(struct domain *d)
{
	struct console_ring *r = d->console;
	struct dead_output *o;

	if (!r)
		return;
	spin_lock(&domain_list_lock);
	o = &dead_output[next_dead++ % DEAD_ENTRIES];
	*o = (struct dead_output){
		.id = d->id, .first = r->first, .end = r->end, .start = dead_end
	};
	for (uint32_t i = r->first; i != r->end; i++)
		dead_text[dead_end++ % DEAD_OUTPUT_SIZE] = *ring_byte(r, i);
	spin_unlock(&domain_list_lock);
	console_domain_free(d);
}

void console_forget(domid_t id)
{
	struct dead_output *o;

	spin_lock(&domain_list_lock);
	while ((o = find_dead(id)))
		o->first = o->end;
	spin_unlock(&domain_list_lock);
}

void console_domain_free(struct domain *d)
{
	if (!d->console)
		return;
	for (unsigned i = 0; i < RING_PAGES; i++)
		heap_page_free(d->console->page[i]);
	heap_free(d->console);
	d->console = NULL;
}
