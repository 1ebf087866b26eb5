/* SPDX-License-Identifier: MIT */
/*
 * The machine's console: one ring that keeps the last messages, and the devices behind
 * serial_write(). The hypervisor's lines begin with "(RL) "; raw output of a control domain, which is
 * shown but not kept, may stop in the middle of a line, and the next message then begins a new one.
 *
 * console_lock is the innermost lock: messages are allowed anywhere. A panic ignores
 * it, for its holder will never run again.
 */
#include "core/console.h"

#include "arch/x86_32/arch.h"
#include "core/event.h"
#include "core/lib.h"

#define RING_SIZE 65536u
#define INPUT_SIZE 1024u
#define MESSAGE_MAX 512
#define ESCAPE_KEY '\x01' /* Ctrl-A */
#define ESCAPE_COUNT 3
_Static_assert((RING_SIZE & (RING_SIZE - 1)) == 0 && (INPUT_SIZE & (INPUT_SIZE - 1)) == 0,
	       "counters wrap with the rings");

static spinlock_t console_lock = SPINLOCK_INIT; /* everything below */
static char ring[RING_SIZE];
static uint32_t ring_first, ring_end; /* counts of bytes: the oldest kept, one past the newest */
static bool mid_line;		      /* what was shown last has not ended its line */
static bool panicking;

static struct {
	char text[INPUT_SIZE];
	uint32_t first, end;
	unsigned escapes; /* seen in a row, not yet passed on */
	bool to_hypervisor;
} input;

/*
 * False: go on without. With one CPU, who finds the lock held is an NMI in the middle of a message.
 */
static bool lock_console(void)
{
	if (panicking || (NR_CPUS == 1 && spin_is_locked(&console_lock)))
		return false;
	spin_lock(&console_lock);
	return true;
}

static void unlock_console(bool locked)
{
	if (locked)
		spin_unlock(&console_lock);
}

void console_panic_mode(void)
{
	panicking = true;
	screen_take_back();
}

static void keep(const char *text, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		ring[ring_end++ % RING_SIZE] = text[i];
	if (ring_end - ring_first > RING_SIZE)
		ring_first = ring_end - RING_SIZE;
}

static void show(const char *text, uint32_t len)
{
	if (!len)
		return;
	mid_line = text[len - 1] != '\n';
	serial_write(text, len);
}

static void show_line_start(void)
{
	if (mid_line)
		show("\n", 1);
}

static void emit(const char *text, uint32_t len)
{
	keep(text, len);
	show(text, len);
}

/* Each line of the text gets the prefix. */
static void emit_message(const char *text, uint32_t len)
{
	uint32_t done = 0;

	show_line_start();
	while (done < len) {
		uint32_t n = 0;

		while (done + n < len && text[done + n++] != '\n')
			;
		emit("(RL) ", 5);
		emit(text + done, n);
		done += n;
	}
}

void printk(const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list args;
	bool locked;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len >= MESSAGE_MAX) {
		len = MESSAGE_MAX - 1;
		text[len - 1] = '\n';
	}
	locked = lock_console();
	emit_message(text, (uint32_t)len);
	unlock_console(locked);
}

void console_raw_write(const char *text, uint32_t len)
{
	bool locked = lock_console();

	show(text, len);
	unlock_console(locked);
}

void console_line_write(const char *line, uint32_t len)
{
	bool locked = lock_console();

	show_line_start();
	emit(line, len);
	unlock_console(locked);
}

void console_line_keep(const char *line, uint32_t len)
{
	bool locked = lock_console();

	keep(line, len);
	unlock_console(locked);
}

uint32_t console_ring_read(char *buf, uint32_t max, uint32_t *index, bool clear)
{
	bool locked = lock_console();
	uint32_t from, n;

	/* Counts of bytes wrap: compare distances from the oldest byte kept. */
	from = *index - ring_first <= ring_end - ring_first ? *index : ring_first;
	n = MIN(max, ring_end - from);
	for (uint32_t i = 0; i < n; i++)
		buf[i] = ring[(from + i) % RING_SIZE];
	*index = from + n;
	if (clear)
		ring_first = ring_end;
	unlock_console(locked);
	return n;
}

/* ---- input ---- */

static void accept_char(char c)
{
	if (input.to_hypervisor) {
		debug_key_queue(c);
		return;
	}
	if (input.end - input.first == INPUT_SIZE)
		return; /* nobody reads */
	input.text[input.end++ % INPUT_SIZE] = c;
	if (dom0)
		evtchn_send_global_virq(dom0, VIRQ_CONSOLE);
}

static void switch_input(void)
{
	input.to_hypervisor = !input.to_hypervisor;
	printk("Input goes to %s (Ctrl-A three times switches)\n",
	       input.to_hypervisor ? "the hypervisor: press h for its keys" : "domain 0");
}

/* Escape characters that do not make up a whole sequence belong to the domain. */
void console_input(char c)
{
	if (c == ESCAPE_KEY) {
		if (++input.escapes == ESCAPE_COUNT) {
			input.escapes = 0;
			switch_input();
		}
		return;
	}
	for (; input.escapes; input.escapes--)
		accept_char(ESCAPE_KEY);
	accept_char(c);
}

uint32_t console_input_peek(char *buf, uint32_t max)
{
	bool locked = lock_console();
	uint32_t n;

	n = MIN(max, input.end - input.first);
	for (uint32_t i = 0; i < n; i++)
		buf[i] = input.text[(input.first + i) % INPUT_SIZE];
	unlock_console(locked);
	return n;
}

void console_input_consume(uint32_t n)
{
	bool locked = lock_console();

	input.first += MIN(n, input.end - input.first);
	unlock_console(locked);
}
