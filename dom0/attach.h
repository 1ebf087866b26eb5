/* SPDX-License-Identifier: MIT */
/* One guest's console on the terminal, until Ctrl-] is typed or the guest is gone. */
#pragma once

struct guest;

void attach_init(void);
/* Takes the terminal from the shell; the last lines of the guest are shown first. */
void attach_guest(struct guest *guest);
/* Called when an attached guest has ended for good, instead of going back to the prompt only. */
void attach_on_end(void (*fn)(void));
