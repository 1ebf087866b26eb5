/* SPDX-License-Identifier: MIT */
/*
 * The terminal: see console.h. Line ends gain a carriage return, which
 * the hypervisor's lines have too.
 */
#include "dom0/console.h"

#include <string.h>

#include "dom0/loop.h"
#include "dom0/terminal/keyboard.h"
#include "dom0/terminal/vga.h"
#include "guests/pvrt/hypercall.h"

#define CHUNK 128

static console_reader reader;

/* Line by line: a command may give the terminal to another reader, who gets what follows it. */
void console_feed(const char *text, size_t len)
{
	size_t n;

	for (; len; text += n, len -= n) {
		for (n = 0; n < len && text[n] != '\r' && text[n] != '\n'; n++)
			;
		n += n < len;
		reader(text, n);
	}
}

/* Reads all there is, because the hypervisor's buffer is small. */
static void input(void *arg)
{
	char text[CHUNK];
	long n;

	(void)arg;
	while ((n = HYPERVISOR_console_io(CONSOLEIO_read, sizeof(text), text)) > 0)
		console_feed(text, (size_t)n);
}

void console_init(console_reader first)
{
	reader = first;
	vga_init();
	keyboard_init(console_feed);
	loop_add_virq(VIRQ_CONSOLE, input, NULL);
	input(NULL);
}

console_reader console_set_reader(console_reader next)
{
	console_reader old = reader;

	reader = next;
	return old;
}

void console_write(const char *text, size_t len)
{
	HYPERVISOR_console_io(CONSOLEIO_write, len, text);
	vga_write(text, len);
}
