/* SPDX-License-Identifier: MIT */
/* Ring 3: its pages, its stack, and the way there and back (entry.S has the instructions). */
#include <stddef.h>

#include "guests/pvrt/event.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/string.h"
#include "guests/pvrt/user.h"

_Static_assert(offsetof(struct user_state, ebp) == USER_EBP, "layout.h");
_Static_assert(offsetof(struct user_state, gs) == USER_GS, "layout.h");
_Static_assert(offsetof(struct user_state, ss) == USER_SS, "layout.h");

#define USER_STACK_SIZE 8192

void user_enter(const struct user_state *state);
void user_leave(void) __attribute__((noreturn));

extern char user_start[], user_end[], user_return_thunk[], kernel_stack_top[];

static uint8_t user_stack_area[USER_STACK_SIZE] __user_data __attribute__((aligned(16)));
static struct fault *user_exit;

/* Ring 3 needs the user bit at every level. */
static void make_user_accessible(char *page)
{
	uint64_t l2_maddr = pte_maddr(PTR32(page), 2);
	pte_t l2 = *pte_find(PTR32(page), 2);

	if (!(l2 & PTE_US))
		BUG_ON(mmu_write(l2_maddr, l2 | PTE_US));
	BUG_ON(page_protect(page, PTE_USER_RW));
}

void user_init(void)
{
	char *page;

	for (page = user_start; page < user_end; page += PAGE_SIZE)
		make_user_accessible(page);
}

struct user_state user_state_for(const void *code)
{
	struct user_state state = {
		.ds = FLAT_USER_DS,
		.es = FLAT_USER_DS,
		.eip = PTR32(code),
		.cs = FLAT_USER_CS,
		.eflags = EFLAGS_IF | EFLAGS_FIXED,
		.esp = PTR32(user_stack_area + USER_STACK_SIZE),
		.ss = FLAT_USER_SS,
	};

	return state;
}

void user_run(const struct user_state *state, struct fault *exit)
{
	struct fault *outer = user_exit;
	bool masked = vcpu_info->evtchn_upcall_mask;

	BUG_ON(outer);
	user_exit = exit;
	user_enter(state);
	user_exit = NULL;
	BUG_ON(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, PTR32(kernel_stack_top)));
	events_restore(masked);
}

bool user_call(uint32_t (*fn)(uint32_t arg), uint32_t arg, struct fault *exit)
{
	struct user_state state = user_state_for(fn);
	uint32_t *stack = (uint32_t *)state.esp;

	*--stack = 0; /* keeps the stack aligned at the call */
	*--stack = arg;
	*--stack = PTR32(user_return_thunk);
	state.esp = PTR32(stack);
	user_run(&state, exit);
	return exit->vector == USER_RETURN_VECTOR &&
	       exit->frame.eip == PTR32(user_return_thunk) + 2;
}

bool user_trap(struct trap_frame *frame)
{
	if (!user_exit)
		return false;
	trap_record(user_exit, frame);
	user_leave();
}
