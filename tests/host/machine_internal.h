/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "core/types.h"

#define TLB_ENTRIES 64

struct tlb_entry {
	bool valid, writable;
	gva_t va; /* page aligned */
	mfn_t mfn;
};
extern struct tlb_entry machine_tlb[TLB_ENTRIES];

/* The four entries that the processor read when CR3 was loaded. */
extern pte_t machine_l3[4];

/* All of physical memory, in a row. */
extern unsigned char *machine_ram;
extern int machine_ram_file;

void machine_memory_init(void);
void machine_stop_with(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
