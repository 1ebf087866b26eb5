/* SPDX-License-Identifier: MIT */
/* Verbs that wait for guests: the terminal is theirs meanwhile, and Ctrl-C ends the waiting. */
#pragma once

#include <stdbool.h>

#include <xen/xen.h>

/* Until condition(arg) is false. */
void await_while(bool (*condition)(const void *arg), const void *arg);
/* Until that domain has ended, or with DOMID_INVALID all of them; says of each how it ended, as xl. */
void await_end(domid_t domain);
