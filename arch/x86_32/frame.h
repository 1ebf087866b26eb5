/* SPDX-License-Identifier: MIT */
/* guest_frame() as a constant, for code that is compiled for the processor only. */
#pragma once

#include "arch/x86_32/arch.h"

/* What virtual-8086 mode would push above the frame; see switcher.S. */
#define FRAME_HEADROOM 16

static inline struct trap_frame *frame_page(void)
{
	return (struct trap_frame *)(FRAME_END(cpu_id()) - FRAME_HEADROOM) - 1;
}
