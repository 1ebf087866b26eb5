/* SPDX-License-Identifier: MIT */
/* Draws what changed of the terminal into VGA's text memory, and moves its cursor (IBM VGA, CRTC). */
#include "dom0/terminal/vga.h"

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

#include "dom0/memory.h"
#include "dom0/terminal/terminal.h"
#include "guests/pvrt/hw.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/start.h"

#define TEXT_FRAME 0xb8u
#define TEXT_FRAMES 8u

#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_START 0x0a
#define CURSOR_OFF 0x20u
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f

static volatile uint16_t *memory; /* NULL: no text screen */
static struct terminal terminal;
/* What is on the screen. */
static uint16_t shown[TERMINAL_MAX_COLUMNS * TERMINAL_MAX_ROWS];
static bool cursor_shown = true;
static unsigned cursor_shown_at;

static void crtc_write(uint8_t index, unsigned value)
{
	outb(CRTC_INDEX, index);
	outb(CRTC_DATA, (uint8_t)value);
}

static uint8_t crtc_read(uint8_t index)
{
	outb(CRTC_INDEX, index);
	return inb(CRTC_DATA);
}

static void draw_cursor(void)
{
	unsigned at = terminal.cursor.y * terminal.columns + terminal.cursor.x;
	uint8_t start;

	if (cursor_shown == terminal.cursor_hidden) {
		start = crtc_read(CRTC_CURSOR_START);
		crtc_write(CRTC_CURSOR_START,
			   terminal.cursor_hidden ? start | CURSOR_OFF : start & ~CURSOR_OFF);
		cursor_shown = !terminal.cursor_hidden;
	}
	if (at == cursor_shown_at)
		return;
	crtc_write(CRTC_CURSOR_HIGH, at >> 8);
	crtc_write(CRTC_CURSOR_LOW, at);
	cursor_shown_at = at;
}

static void draw(void)
{
	unsigned i, end = terminal.dirty_to * terminal.columns;

	for (i = terminal.dirty_from * terminal.columns; i < end; i++) {
		if (shown[i] == terminal.cell[i])
			continue;
		memory[i] = shown[i] = terminal.cell[i];
	}
	terminal_clean(&terminal);
	draw_cursor();
}

void vga_write(const char *text, size_t len)
{
	if (!memory)
		return;
	terminal_write(&terminal, text, len);
	draw();
}

/* The hypervisor's last messages stay in view: they are what the screen shows now. */
static void take_over(void)
{
	unsigned i, last = 0, all = terminal.columns * terminal.rows;

	for (i = 0; i < all; i++) {
		terminal.cell[i] = shown[i] = memory[i];
		if ((shown[i] & 0xff) != ' ' && shown[i] & 0xff)
			last = i / terminal.columns + 1;
	}
	terminal.cursor.y = last < terminal.rows ? last : terminal.rows - 1;
	if (last == terminal.rows)
		terminal_write(&terminal, "\n", 1);
	cursor_shown_at = all;
	draw();
}

void vga_init(void)
{
	const struct dom0_vga_console_info *info =
		(const void *)((const char *)start_info + start_info->console.dom0.info_off);

	if (!start_info->console.dom0.info_size || info->video_type != XEN_VGATYPE_TEXT_MODE_3 ||
	    (unsigned)info->u.text_mode_3.columns * info->u.text_mode_3.rows * 2 >
		    TEXT_FRAMES * PAGE_SIZE)
		return;
	memory = device_map(TEXT_FRAME, TEXT_FRAMES);
	if (!memory)
		return;
	terminal_init(&terminal, info->u.text_mode_3.columns, info->u.text_mode_3.rows);
	take_over();
}
