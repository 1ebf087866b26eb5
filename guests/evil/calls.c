/* SPDX-License-Identifier: MIT */
/*
 * Random hypercalls.  Left out is only what legitimately ends or freezes a domain: shutdown and its
 * code, sleep without an alarm, taking the only virtual CPU down, a watchdog, an iret to nowhere,
 * an NMI to nowhere, a base pointer that maps something else.  What would redirect this guest's own
 * entries (trap table, callbacks, kernel stack) is put right after each call.
 */
#include "guests/evil/evil.h"
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define DEFAULT_CALLS 1000000u
#define CHECK_EVERY 4096u
#define MAX_LIST 8
#define NR_ARGS 6

struct call {
	uint32_t number;
	uint32_t args[NR_ARGS];
};

static bool is_buffer_or_bad(uint32_t *arg)
{
	*arg = random_below(2) ? word_buffer() : word_bad_pointer();
	return true;
}

/* --- Lists that a random buffer would hardly ever get right --- */

static void make_mmu_update(struct call *call)
{
	static struct mmu_update list[MAX_LIST];
	unsigned int i;

	for (i = 0; i < MAX_LIST; i++) {
		list[i].ptr = word_entry() + random_below(8) / 5;
		list[i].val = word_pte();
		if ((list[i].ptr & 7) == MMU_MACHPHYS_UPDATE)
			list[i].ptr = (uint64_t)word_frame() << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
	}
	call->args[0] = random_below(8) ? PTR32(list) : word_bad_pointer();
	call->args[1] = random_below(8) ? random_below(MAX_LIST + 1) : word_any() | 0x1000000;
	if (call->args[1] > MAX_LIST)
		call->args[0] = word_bad_pointer();
	call->args[3] = random_below(4) ? DOMID_SELF : word_any();
}

static void make_mmuext(struct call *call)
{
	static struct mmuext_op list[MAX_LIST];
	unsigned int i;

	for (i = 0; i < MAX_LIST; i++) {
		list[i].cmd = random_below(24);
		list[i].arg1.mfn = random_below(2) ? word_frame() : word_address();
		list[i].arg2.src_mfn = random_below(2) ? word_frame() : word_any();
		if (list[i].cmd == MMUEXT_NEW_BASEPTR)
			list[i].arg1.mfn = random_below(2) ? va_to_mfn(mm_top_table()) : 0xfffff;
	}
	call->args[0] = PTR32(list);
	call->args[1] = random_below(MAX_LIST + 1);
	call->args[3] = random_below(4) ? DOMID_SELF : word_any();
}

static void make_memory_op(struct call *call)
{
	static struct xen_memory_exchange op;
	static xen_pfn_t extents[2][MAX_LIST];
	unsigned int i;

	call->args[0] = random_below(32);
	if (random_below(2))
		return;
	for (i = 0; i < MAX_LIST; i++) {
		extents[0][i] = word_frame();
		extents[1][i] = word_any();
	}
	memset(&op, 0, sizeof(op));
	set_xen_guest_handle(op.in.extent_start, extents[0]);
	set_xen_guest_handle(op.out.extent_start, extents[random_below(2)]);
	op.in.nr_extents = random_below(MAX_LIST);
	op.out.nr_extents = random_below(4) ? op.in.nr_extents : random_below(MAX_LIST);
	op.in.extent_order = random_below(4) ? 0 : word_any();
	op.out.extent_order = random_below(4) ? op.in.extent_order : random_below(4);
	op.in.domid = op.out.domid = random_below(8) ? DOMID_SELF : word_any();
	op.nr_exchanged = random_below(8) ? 0 : word_any();
	call->args[1] = PTR32(&op);
}

/* --- Bounds on what a call may do to this guest --- */

/* Calls whose only danger lies in some of their commands. */
static bool is_allowed_command(uint32_t number, uint32_t cmd)
{
	switch (number) {
	case __HYPERVISOR_sched_op:
		return cmd == SCHEDOP_yield || cmd > SCHEDOP_watchdog;
	case __HYPERVISOR_sched_op_compat:
		return cmd != SCHEDOP_block && cmd != SCHEDOP_shutdown;
	case __HYPERVISOR_vcpu_op:
		return cmd != VCPUOP_down && cmd != VCPUOP_send_nmi &&
		       cmd != VCPUOP_register_vcpu_info;
	default:
		return true;
	}
}

static void bound_arguments(struct call *call)
{
	uint32_t *args = call->args;

	switch (call->number) {
	case __HYPERVISOR_mmu_update:
		make_mmu_update(call);
		break;
	case __HYPERVISOR_mmuext_op:
		make_mmuext(call);
		break;
	case __HYPERVISOR_memory_op:
		make_memory_op(call);
		break;
	case __HYPERVISOR_update_va_mapping:
	case __HYPERVISOR_update_va_mapping_otherdomain:
		args[0] = word_address();
		args[1] = LO32(word_pte());
		args[2] = random_below(16) ? 0 : word_any();
		break;
	case __HYPERVISOR_update_descriptor:
		args[0] = (word_frame() << PAGE_SHIFT) + random_below(PAGE_SIZE);
		args[1] = random_below(16) ? 0 : word_any();
		break;
	case __HYPERVISOR_console_io:
		args[2] = word_bad_pointer(); /* or the console drowns */
		break;
	}
}

static void make_call(struct call *call)
{
	unsigned int i;

	do {
		call->number = random_below(64);
		for (i = 0; i < NR_ARGS; i++)
			call->args[i] = word_any();
		if (random_below(2))
			call->args[0] = random_below(40);
	} while (call->number == __HYPERVISOR_iret ||
		 !is_allowed_command(call->number, call->args[0]));
	if (!random_below(32))
		call->number = 64 + random_below(0x10000);
	for (i = 0; i < 3; i++) {
		if (random_below(2))
			is_buffer_or_bad(&call->args[i + (i == 0)]);
	}
	bound_arguments(call);
}

static void make_multicall(struct call *call)
{
	static struct multicall_entry list[MAX_LIST];
	unsigned int i;

	for (i = 0; i < MAX_LIST; i++) {
		struct call inner;

		make_call(&inner);
		list[i].op = inner.number == __HYPERVISOR_multicall ? __HYPERVISOR_xen_version
								    : inner.number;
		memcpy(list[i].args, inner.args, sizeof(list[i].args));
	}
	call->args[0] = PTR32(list);
	call->args[1] = random_below(MAX_LIST + 1);
}

/* --- The run --- */

static void repair(uint32_t number)
{
	switch (number) {
	case __HYPERVISOR_set_trap_table:
	case __HYPERVISOR_set_callbacks:
	case __HYPERVISOR_callback_op:
	case __HYPERVISOR_stack_switch:
	case __HYPERVISOR_multicall:
		trap_init();
		break;
	case __HYPERVISOR_set_debugreg:
		HYPERVISOR_set_debugreg(7, 0);
		break;
	}
	vcpu_info->evtchn_upcall_mask = 1;
}

static void issue(void)
{
	struct hypercall_regs regs;
	struct call call;

	make_call(&call);
	if (call.number == __HYPERVISOR_multicall)
		make_multicall(&call);
	regs.eax = call.number;
	memcpy(&regs.ebx, call.args, sizeof(call.args));
	hypercall_raw(&regs);
	repair(call.number);
}

static void check_alive(uint32_t count)
{
	CHECK(HYPERVISOR_xen_version(XENVER_pagesize, NULL) == PAGE_SIZE,
	      "hypercalls stopped working after %u", count);
	CHECK(*pte_find(VIRT_BASE, 3) & PTE_P, "the top-level table changed after %u", count);
	HYPERVISOR_xen_version(XENVER_get_features, NULL);
}

/* Breakpoints that a random call set on this guest's own code. */
static bool ignore_breakpoint(struct trap_frame *frame)
{
	(void)frame;
	HYPERVISOR_set_debugreg(7, 0);
	return true;
}

void evil_hypercalls(void)
{
	uint32_t count, calls = evil_option("calls=", DEFAULT_CALLS);

	random_seed(evil_option("seed=", 1));
	trap_set_hook(X86_DB, ignore_breakpoint);
	for (count = 0; count < calls && test_ok(); count++) {
		issue();
		if (count % CHECK_EVERY == 0)
			check_alive(count);
	}
	check_alive(count);
	HYPERVISOR_set_debugreg(7, 0);
	trap_set_hook(X86_DB, NULL);
	pv_printf("EVIL %u hypercalls\n", count);
}
