/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Before the ABI's headers: they show domctl and sysctl only to control
 * tools, which this pretends to be.
 */
#define __XEN_TOOLS__ 1

#include "guests/multi/mailbox.h"
#include "guests/pvrt/pvrt.h"

/*
 * Tries what only a control domain may do, and what no domain may do
 * to another; counts in the mailbox.
 */
void payload_hostile(struct mailbox *m);
