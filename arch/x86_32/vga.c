/* SPDX-License-Identifier: MIT */
/*
 * Text on the screen the boot loader left: EGA text memory, or a linear framebuffer with the font
 * of the video BIOS. A copy of the text is kept here, so scrolling never reads video memory. Called
 * under the console lock.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/platform.h"
#include "boot/boot.h"
#include "core/console.h"
#include "core/lib.h"
#include "core/options.h"
#include "mm/page.h"

#define MAX_COLUMNS 160
#define MAX_ROWS 64
#define TAB 8

static struct screen {
	uint32_t columns, rows; /* 0: no screen */
	uint32_t x, y;
	char text[MAX_ROWS][MAX_COLUMNS];			/* what should be there */
	char shown[MAX_ROWS][MAX_COLUMNS];			/* what is there */
	void (*draw)(uint32_t row, uint32_t from, uint32_t to); /* columns [from, to) */
	void (*move_cursor)(void);
	bool released; /* the initial domain draws on it */
} screen;

/* ---- EGA text ---- */

#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f
#define ATTRIBUTE_GREY 0x0700

static volatile uint16_t *ega;

static void ega_draw(uint32_t row, uint32_t from, uint32_t to)
{
	uint32_t x;

	for (x = from; x < to; x++)
		ega[row * screen.columns + x] = ATTRIBUTE_GREY | (uint8_t)screen.text[row][x];
}

static void ega_move_cursor(void)
{
	uint32_t position = screen.y * screen.columns + screen.x;

	outb(CRTC_INDEX, CRTC_CURSOR_HIGH);
	outb(CRTC_DATA, (position >> 8) & 0xff);
	outb(CRTC_INDEX, CRTC_CURSOR_LOW);
	outb(CRTC_DATA, position & 0xff);
}

INIT static bool ega_init(void)
{
	ega = fixmap_map(boot_info.framebuffer.address, MAX_COLUMNS * MAX_ROWS * 2, true);
	screen.columns = MIN(boot_info.framebuffer.width, MAX_COLUMNS);
	screen.rows = MIN(boot_info.framebuffer.height, MAX_ROWS);
	screen.draw = ega_draw;
	screen.move_cursor = ega_move_cursor;
	return ega != NULL && boot_info.framebuffer.width <= MAX_COLUMNS;
}

/* ---- linear framebuffer ---- */

#define GLYPH_WIDTH 8
#define GLYPH_HEIGHT 16
#define FONT_GLYPHS 256
#define FONT_SIZE (FONT_GLYPHS * GLYPH_HEIGHT)
#define VIDEO_BIOS 0xc0000
#define VIDEO_BIOS_SIZE 0x10000

static uint8_t font[FONT_GLYPHS][GLYPH_HEIGHT];
static uint32_t bytes_per_pixel, pixel_on;

static void put_pixel(uint8_t *line, uint32_t pixel)
{
	memcpy(line, &pixel, bytes_per_pixel);
}

/*
 * The page with byte `offset` of the framebuffer; the window stays open while the next offsets are
 * in the same page.
 */
static uint8_t *framebuffer_at(uint64_t offset, uint8_t *open, uint64_t *open_page)
{
	uint64_t address = boot_info.framebuffer.address + offset;

	if (!open || address >> PAGE_SHIFT != *open_page) {
		if (open)
			frame_unmap(open);
		*open_page = address >> PAGE_SHIFT;
		open = frame_map((mfn_t)*open_page);
	}
	return open;
}

/* Pixels of 3 bytes may cross a page: such a one is left out. */
static void draw_scan_line(uint32_t row, uint32_t line, uint32_t from, uint32_t to)
{
	uint64_t offset = (uint64_t)(row * GLYPH_HEIGHT + line) * boot_info.framebuffer.pitch,
		 page = 0;
	uint8_t *window = NULL;
	uint32_t x;

	offset += from * GLYPH_WIDTH * bytes_per_pixel;
	for (x = from * GLYPH_WIDTH; x < to * GLYPH_WIDTH; x++, offset += bytes_per_pixel) {
		uint8_t bits = font[(uint8_t)screen.text[row][x / GLYPH_WIDTH]][line];
		uint32_t in_page = (boot_info.framebuffer.address + offset) & (PAGE_SIZE - 1);

		window = framebuffer_at(offset, window, &page);
		if (in_page + bytes_per_pixel <= PAGE_SIZE)
			put_pixel(window + in_page,
				  bits >> (7 - x % GLYPH_WIDTH) & 1 ? pixel_on : 0);
	}
	if (window)
		frame_unmap(window);
}

static void framebuffer_draw(uint32_t row, uint32_t from, uint32_t to)
{
	uint32_t line;

	for (line = 0; line < GLYPH_HEIGHT; line++)
		draw_scan_line(row, line, from, to);
}

static void framebuffer_move_cursor(void)
{
}

/*
 * The 8x16 font every video BIOS carries, found by its letter A; a blank must precede it in its
 * place.
 */
INIT static bool find_font(void)
{
	static const uint8_t letter_a[12] = { 0x00, 0x00, 0x10, 0x38, 0x6c, 0xc6,
					      0xc6, 0xfe, 0xc6, 0xc6, 0xc6, 0xc6 };
	static const uint8_t blank[GLYPH_HEIGHT];
	uint32_t mark = fixmap_mark(), i;
	const uint8_t *rom = fixmap_map(VIDEO_BIOS, VIDEO_BIOS_SIZE, false);
	bool found = false;

	for (i = 'A' * GLYPH_HEIGHT;
	     rom && !found && i + FONT_SIZE - 'A' * GLYPH_HEIGHT <= VIDEO_BIOS_SIZE; i++) {
		const uint8_t *start = rom + i - 'A' * GLYPH_HEIGHT;

		if (memcmp(rom + i, letter_a, sizeof(letter_a)) ||
		    memcmp(start + ' ' * GLYPH_HEIGHT, blank, sizeof(blank)))
			continue;
		memcpy(font, start, FONT_SIZE);
		found = true;
	}
	fixmap_release(mark);
	return found;
}

INIT static uint32_t channel(uint8_t position, uint8_t size)
{
	uint32_t full = size >= 8 ? 0xffu << (size - 8) : (1u << size) - 1;

	/* Grey rather than white. */
	return position < 32 ? (full - full / 4) << position : 0;
}

INIT static bool framebuffer_init(void)
{
	const struct mb2_framebuffer *fb = &boot_info.framebuffer;

	bytes_per_pixel = DIV_ROUND_UP(fb->bpp, 8);
	if (bytes_per_pixel < 2 || bytes_per_pixel > 4 || fb->pitch / bytes_per_pixel < fb->width ||
	    !find_font())
		return false;
	pixel_on = channel(fb->red_pos, fb->red_size) | channel(fb->green_pos, fb->green_size) |
		   channel(fb->blue_pos, fb->blue_size);
	screen.columns = MIN(fb->width / GLYPH_WIDTH, MAX_COLUMNS);
	screen.rows = MIN(fb->height / GLYPH_HEIGHT, MAX_ROWS);
	screen.draw = framebuffer_draw;
	screen.move_cursor = framebuffer_move_cursor;
	return true;
}

/* ---- the terminal ---- */

/* Brings the stretch of a row that differs onto the screen. */
static void draw_row(uint32_t row)
{
	const char *text = screen.text[row], *shown = screen.shown[row];
	uint32_t from = 0, to = screen.columns;

	while (from < to && text[from] == shown[from])
		from++;
	while (to > from && text[to - 1] == shown[to - 1])
		to--;
	if (from == to)
		return;
	screen.draw(row, from, to);
	memcpy(screen.shown[row] + from, text + from, to - from);
}

static void scroll(void)
{
	uint32_t row;

	memmove(screen.text[0], screen.text[1], (screen.rows - 1) * sizeof(screen.text[0]));
	memset(screen.text[screen.rows - 1], ' ', sizeof(screen.text[0]));
	for (row = 0; row + 1 < screen.rows; row++)
		draw_row(row);
}

static void next_line(void)
{
	draw_row(screen.y);
	screen.x = 0;
	if (screen.y + 1 < screen.rows)
		screen.y++;
	else
		scroll();
}

static void put_char(char c)
{
	switch (c) {
	case '\n':
		next_line();
		return;
	case '\r':
		screen.x = 0;
		return;
	case '\b':
		screen.x -= screen.x > 0;
		return;
	case '\t':
		screen.x = MIN(ROUND_UP(screen.x + 1, TAB), screen.columns - 1);
		return;
	}
	screen.text[screen.y][screen.x++] = c;
	if (screen.x == screen.columns)
		next_line();
}

void vga_write(const char *text, size_t len)
{
	size_t i;

	if (screen.rows == 0 || screen.released)
		return;
	for (i = 0; i < len; i++)
		put_char(text[i]);
	draw_row(screen.y);
	screen.move_cursor();
}

void screen_release(void)
{
	screen.released = true;
}

void screen_take_back(void)
{
	uint32_t row;

	if (!screen.released)
		return;
	screen.released = false;
	for (row = 0; row < screen.rows; row++)
		screen.draw(row, 0, screen.columns);
}

/* What was said before there was a screen. */
INIT static void replay_messages(void)
{
	char text[128];
	uint32_t index = 0, n;

	while ((n = console_ring_read(text, sizeof(text), &index, false)) > 0)
		vga_write(text, n);
}

INIT void vga_init(void)
{
	bool works = false;
	uint32_t row;

	if (!boot_info.framebuffer.address)
		return;
	memset(screen.text, ' ', sizeof(screen.text));
	if (boot_info.framebuffer.type == MULTIBOOT2_FRAMEBUFFER_EGA_TEXT)
		works = ega_init();
	else if (boot_info.framebuffer.type == MULTIBOOT2_FRAMEBUFFER_RGB)
		works = framebuffer_init();
	if (!works || screen.columns == 0) {
		screen.rows = 0;
		return;
	}
	for (row = 0; row < screen.rows; row++)
		draw_row(row);
	if (options.vga)
		replay_messages();
}
