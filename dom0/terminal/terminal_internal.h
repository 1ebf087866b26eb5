/* SPDX-License-Identifier: MIT */
/* Between the reader of sequences (terminal.c) and what they do to the screen (screen.c). */
#pragma once

#include "dom0/terminal/terminal.h"

/* Rows and columns count from 0 and are cut to the screen. */
void screen_reset(struct terminal *t);
void screen_put(struct terminal *t, uint8_t character);
void screen_move(struct terminal *t, unsigned x, unsigned y);
/* One row on, or back, scrolling at the end of the region. */
void screen_index(struct terminal *t);
void screen_reverse_index(struct terminal *t);
/* Cells [from, to) of the whole screen become blank. */
void screen_erase(struct terminal *t, unsigned from, unsigned to);
/* n rows at the cursor's are inserted or deleted, n characters likewise. */
void screen_insert_rows(struct terminal *t, unsigned n);
void screen_delete_rows(struct terminal *t, unsigned n);
void screen_insert_cells(struct terminal *t, unsigned n);
void screen_delete_cells(struct terminal *t, unsigned n);
void screen_touch(struct terminal *t, unsigned from_row, unsigned to_row);

/* Code page 437's character for a Unicode one, '?' where it has none (characters.c). */
uint8_t character_of(uint32_t code_point);
