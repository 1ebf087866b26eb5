/* SPDX-License-Identifier: MIT */
/* Parts of the guest that is saved and restored: see suspend.c. */
#pragma once

#include <stdbool.h>

/* ---- list.c: the frame list that a control domain reads ---- */
void list_init(void);
/* Fills in the list anew: its own frames, and what shared_info says of it. */
void list_publish(void);
/* Spoils what was published, as the word says; false when it is none of these attacks. */
bool list_spoil(const char *attack);

/* ---- state.c: what must be the same when it goes on ---- */
void state_make(void);
/* NULL, or what has changed. restored: on other frames than before. */
const char *state_check(bool restored);
/* Where the guest's descriptor table is. */
unsigned long state_gdt_mfn(void);
/* Registers, which change between calls: between these two nothing else uses them. */
void state_load_registers(void);
const char *state_check_registers(void);

/* ---- second.c: further virtual CPUs, as many as the guest has ---- */
void second_start(unsigned long gdt_mfn);
const char *second_check(bool restored);
