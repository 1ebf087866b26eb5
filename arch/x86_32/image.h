/* SPDX-License-Identifier: MIT */
/* Symbols that linker.ld defines; only their addresses mean something. */
#pragma once

#include "core/types.h"

extern char image_start[], text_start[], text_end[], init_text_start[], rodata_start[],
	rodata_end[];
extern char ro_after_init_start[], ro_after_init_end[], data_end[];
extern char switcher_start[], switcher_end[], switcher_load_paddr[], image_end_paddr[];
extern char build_id_note_start[], build_id_note_end[];
/* pairs: instruction, where to go on */
extern const uint32_t extable_start[], extable_end[];
extern const uint32_t patch_sites_start[], patch_sites_end[]; /* pairs: start, end of a CR3 load */
