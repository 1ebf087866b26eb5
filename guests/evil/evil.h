/* SPDX-License-Identifier: MIT */
/* The hostile guest: its cases, and the helpers that they share. */
#pragma once

#include <stdint.h>

/* A million random hypercalls with hostile arguments (calls.c). */
void evil_hypercalls(void);

/* Reads, writes and jumps into the hypervisor through every kind of segment (probe.c). */
void evil_flat_segments(void);
void evil_own_segments(void);
void evil_local_segments(void);
void evil_execute(void);
void evil_user(void);

/* Random numbers; the sequence depends on the seed alone. */
void random_seed(uint32_t seed);
uint32_t random_next(void);
/* Below the bound given (> 0). */
uint32_t random_below(uint32_t bound);

/* The number behind a word of the command line such as "calls=", or the one given. */
uint32_t evil_option(const char *word, uint32_t otherwise);

/* --- Hostile arguments (words.c) --- */

/* Lays out the pages that hostile calls may name. Called once. */
void words_init(void);

/* One argument: a pointer, count, frame number or flag that something might trip over. */
uint32_t word_any(void);
/* A pointer that cannot be read, and one that can (to random words). */
uint32_t word_bad_pointer(void);
uint32_t word_buffer(void);
/* A machine frame that may be lost without harm to this guest, or that is no frame of it. */
uint32_t word_frame(void);
/* Machine address of a page-table entry which may change without harm, or of none. */
uint64_t word_entry(void);
/* A value for a page-table entry, and an address whose mapping may change. */
uint64_t word_pte(void);
uint32_t word_address(void);
