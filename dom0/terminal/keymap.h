/* SPDX-License-Identifier: MIT */
/* What keys mean: scan codes of set 1 to what a terminal sends. US layout. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYMAP_MAX 8u /* characters that one key sends */

struct keymap {
	bool shift[2], control[2], alt[2]; /* left, right */
	bool caps, numbers_off;
	bool extended; /* 0xe0 came */
	unsigned skip; /* codes of the Pause key to come */
};

/* One code from the keyboard. Returns how many characters were stored in out. */
size_t keymap_translate(struct keymap *k, uint8_t code, char out[KEYMAP_MAX]);
