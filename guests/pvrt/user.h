/* SPDX-License-Identifier: MIT */
/*
 * Short excursions into ring 3.  Code and data for them carry __user_code and __user_data: those
 * pages, and nothing else, are user-accessible; user code must call nothing outside them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guests/pvrt/trap.h"

#define __user_code __attribute__((section(".user.text"), noinline, used))
#define __user_data __attribute__((section(".user.data")))

/* The registers that ring 3 starts with. */
struct user_state {
	uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
	uint32_t ds, es, fs, gs;
	uint32_t eip, cs, eflags, esp, ss;
};

void user_init(void);

/* Flat segments, an empty stack, interrupts on, and eip at the code given. */
struct user_state user_state_for(const void *code);

/*
 * Goes to ring 3 and comes back at its first trap, which is put into *exit; events are served on
 * the way.  A vector's hook still comes first.  The event mask is afterwards as it was before.
 */
void user_run(const struct user_state *state, struct fault *exit);

/*
 * Calls fn(arg) in ring 3.  Returns true when it came back by returning; its result is then in
 * exit->frame.eax.  Otherwise exit tells which trap ended it.
 */
bool user_call(uint32_t (*fn)(uint32_t arg), uint32_t arg, struct fault *exit);

/* For trap.c: takes a trap of ring 3 when user_run() waits for one, and does not come back then. */
bool user_trap(struct trap_frame *frame);
