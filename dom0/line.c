/* SPDX-License-Identifier: MIT */
/*
 * The line editor: see line.h. State is the text, the cursor and the place in the
 * history; after each key that changed something the line is drawn again (ECMA-48
 * sequences that every terminal knows).
 */
#include "dom0/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_SIZE 64
#define MAX_CANDIDATES 128
#define CTRL(c) ((c)&0x1f)
#define ESCAPE 27
#define DELETE 127

static const struct line_callbacks *call;
static const char *prompt;
static char text[LINE_MAX_LENGTH];
static size_t length, cursor;
static bool shown;

/* The line entered as number n is at n modulo the size. Not on the heap: it never grows. */
static char history[HISTORY_SIZE][LINE_MAX_LENGTH];
static unsigned history_count, history_at; /* lines ever entered; the one that is looked at */
static char unfinished[LINE_MAX_LENGTH];   /* what was typed before the history was looked at */

static char sequence[8]; /* an escape sequence that is still coming in */
static size_t sequence_len;

static char *candidates[MAX_CANDIDATES];
static unsigned nr_candidates;
static const char *word; /* being completed */

/* ---- screen ---- */

static void put(const char *s)
{
	call->put(s, strlen(s));
}

static void draw(void)
{
	char move[16];

	put("\r");
	put(prompt);
	call->put(text, length);
	put("\x1b[K");
	if (length > cursor) {
		snprintf(move, sizeof(move), "\x1b[%uD", (unsigned)(length - cursor));
		put(move);
	}
}

void line_show(void)
{
	shown = true;
	draw();
}

void line_hide(void)
{
	if (shown)
		put("\r\x1b[K");
	shown = false;
}

/* ---- text ---- */

static void insert(char c)
{
	if (length + 1 >= sizeof(text)) {
		put("\a");
		return;
	}
	memmove(&text[cursor + 1], &text[cursor], length - cursor);
	text[cursor++] = c;
	length++;
	if (cursor == length)
		call->put(&c, 1);
	else
		draw();
}

static void erase(size_t from, size_t to)
{
	memmove(&text[from], &text[to], length - to);
	length -= to - from;
	cursor = from;
	draw();
}

static size_t word_start(void)
{
	size_t at = cursor;

	while (at && text[at - 1] == ' ')
		at--;
	while (at && text[at - 1] != ' ')
		at--;
	return at;
}

static void transpose(void)
{
	char c;

	if (!cursor || length < 2)
		return;
	if (cursor == length)
		cursor--;
	c = text[cursor];
	text[cursor] = text[cursor - 1];
	text[cursor - 1] = c;
	cursor++;
	draw();
}

static void move_to(size_t to)
{
	cursor = to;
	draw();
}

/* ---- history ---- */

static char *history_line(unsigned number)
{
	return history[number % HISTORY_SIZE];
}

static unsigned history_oldest(void)
{
	return history_count > HISTORY_SIZE ? history_count - HISTORY_SIZE : 0;
}

const char *line_history(unsigned index)
{
	unsigned number = history_oldest() + index;

	return number < history_count ? history_line(number) : NULL;
}

static void history_add(const char *line)
{
	if (*line && (!history_count || strcmp(history_line(history_count - 1), line)))
		strcpy(history_line(history_count++), line);
}

static void history_go(unsigned to)
{
	text[length] = '\0';
	if (history_at == history_count)
		strcpy(unfinished, text);
	history_at = to;
	strcpy(text, to == history_count ? unfinished : history_line(to));
	length = cursor = strlen(text);
	draw();
}

/* ---- completion ---- */

static void add_candidate(const char *candidate)
{
	char *copy;

	if (nr_candidates == MAX_CANDIDATES || strncmp(candidate, word, strlen(word)))
		return;
	copy = strdup(candidate);
	if (copy)
		candidates[nr_candidates++] = copy;
}

static size_t common_length(void)
{
	size_t len = strlen(candidates[0]);
	unsigned i;

	for (i = 1; i < nr_candidates; i++)
		while (strncmp(candidates[0], candidates[i], len))
			len--;
	return len;
}

static void list_candidates(void)
{
	unsigned i;

	put("\n");
	for (i = 0; i < nr_candidates; i++) {
		put(candidates[i]);
		put(i + 1 < nr_candidates ? "  " : "\n");
	}
	draw();
}

static void complete(void)
{
	char before[LINE_MAX_LENGTH];
	size_t have, want, i;

	memcpy(before, text, cursor);
	before[cursor] = '\0';
	word = strrchr(before, ' ') ? strrchr(before, ' ') + 1 : before;
	have = strlen(word);
	nr_candidates = 0;
	call->complete(before, word, add_candidate);
	want = nr_candidates ? common_length() : have;
	for (i = have; i < want; i++)
		insert(candidates[0][i]);
	if (nr_candidates == 1)
		insert(' ');
	else if (want == have && nr_candidates)
		list_candidates();
	else if (!nr_candidates)
		put("\a");
	for (i = 0; i < nr_candidates; i++)
		free(candidates[i]);
}

/* ---- keys ---- */

static void accept(void)
{
	static char line[LINE_MAX_LENGTH];

	memcpy(line, text, length);
	line[length] = '\0';
	length = cursor = 0;
	shown = false;
	put("\n");
	history_add(line);
	history_at = history_count;
	call->accept(line);
}

static void abandon(void)
{
	length = cursor = 0;
	history_at = history_count;
	put("^C\n");
	draw();
}

static void key(char c)
{
	switch (c) {
	case '\r':
	case '\n':
		accept();
		break;
	case '\t':
		complete();
		break;
	case CTRL('A'):
		move_to(0);
		break;
	case CTRL('B'):
		move_to(cursor ? cursor - 1 : 0);
		break;
	case CTRL('C'):
		abandon();
		break;
	case CTRL('D'):
		if (cursor < length)
			erase(cursor, cursor + 1);
		break;
	case CTRL('E'):
		move_to(length);
		break;
	case CTRL('F'):
		move_to(cursor < length ? cursor + 1 : length);
		break;
	case CTRL('H'):
	case DELETE:
		if (cursor)
			erase(cursor - 1, cursor);
		break;
	case CTRL('K'):
		erase(cursor, length);
		break;
	case CTRL('L'):
		put("\x1b[H\x1b[J");
		draw();
		break;
	case CTRL('N'):
		if (history_at < history_count)
			history_go(history_at + 1);
		break;
	case CTRL('P'):
		if (history_at > history_oldest())
			history_go(history_at - 1);
		break;
	case CTRL('T'):
		transpose();
		break;
	case CTRL('U'):
		erase(0, cursor);
		break;
	case CTRL('W'):
		erase(word_start(), cursor);
		break;
	default:
		if ((unsigned char)c >= ' ')
			insert(c);
	}
}

/* Escape sequences of the cursor keys stand for control keys. */
static const struct {
	const char *sequence;
	char key;
} cursor_keys[] = {
	{ "[A", CTRL('P') }, { "OA", CTRL('P') },  { "[B", CTRL('N') },	 { "OB", CTRL('N') },
	{ "[C", CTRL('F') }, { "OC", CTRL('F') },  { "[D", CTRL('B') },	 { "OD", CTRL('B') },
	{ "[H", CTRL('A') }, { "OH", CTRL('A') },  { "[1~", CTRL('A') }, { "[F", CTRL('E') },
	{ "OF", CTRL('E') }, { "[4~", CTRL('E') }, { "[3~", CTRL('D') },
};

/* True while the sequence so far may become a known one. */
static bool sequence_goes_on(void)
{
	size_t i, len = sequence_len - 1;

	for (i = 0; i < sizeof(cursor_keys) / sizeof(cursor_keys[0]); i++) {
		if (strncmp(cursor_keys[i].sequence, sequence + 1, len))
			continue;
		if (cursor_keys[i].sequence[len])
			return true;
		key(cursor_keys[i].key);
		return false;
	}
	return false;
}

void line_feed(const char *input, size_t len)
{
	for (; len; len--, input++) {
		if (!sequence_len && *input != ESCAPE) {
			key(*input);
			continue;
		}
		sequence[sequence_len++] = *input;
		sequence[sequence_len] = '\0';
		if (sequence_len > 1 && !sequence_goes_on())
			sequence_len = 0;
	}
}

void line_init(const struct line_callbacks *callbacks, const char *new_prompt)
{
	call = callbacks;
	prompt = new_prompt;
}
