/* SPDX-License-Identifier: MIT */
/*
 * A line editor that is fed: characters go in as they arrive, finished lines come out by callback.
 * Keys as in readline: arrows, Home, End, Delete, Ctrl-A B D E F H K L N P T U W, Tab.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX_LENGTH 512

struct line_callbacks {
	/* A finished line, without its end. */
	void (*accept)(char *line);
	/*
	 * Possible completions of the word that ends at the cursor: calls add for each. word points
	 * into line, which is everything before the cursor.
	 */
	void (*complete)(const char *line, const char *word, void (*add)(const char *candidate));
	void (*put)(const char *text, size_t len);
};

void line_init(const struct line_callbacks *callbacks, const char *prompt);
/* Shows the prompt (again), with what has been typed so far. */
void line_show(void);
/* Removes the prompt from the screen, for output that comes in between. */
void line_hide(void);
void line_feed(const char *text, size_t len);
/* Entries of the history, the oldest first; NULL behind the last. */
const char *line_history(unsigned index);
