/* SPDX-License-Identifier: MIT */
/* Interrupt lines of the simulated machine, as a device and a test see them. */
#pragma once

#include "core/types.h"

/*
 * Lines 0 and 4 are the hypervisor's own, there is no line 2; those from 16 on are level-triggered.
 */
#define HOST_LINES 24
#define HOST_IOAPIC 0xfec00000u

extern struct host_line {
	bool own, open, masked, level;
	uint32_t fired;
} host_lines[HOST_LINES];

/* A device raises the line. False: it is masked, or closed. */
bool host_line_fire(unsigned pirq);
