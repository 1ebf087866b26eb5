/* SPDX-License-Identifier: MIT */
/*
 * Hypercall handlers. Each decodes (copies its arguments, checks ranges), then
 * commits. Arguments arrive on the stack, as the guest had them in ebx, ecx, edx, esi,
 * edi, ebp. The result goes to the guest's eax.
 */
#pragma once

#include <stdint.h>

#include <xen/xen.h>

#include "arch/x86_32/arch.h"
#include "arch/x86_32/uaccess.h"
#include "core/domain.h"
#include "core/errno.h"

#define NR_HYPERCALLS 64

typedef long ASMCALL hypercall_fn(uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5,
				  uint32_t a6);

/*
 * Begins the definition of do_NAME. Of the six arguments those are listed that it looks at, by the
 * names they have there.
 */
#define HYPERCALL(name, ...) HYPERCALL_OF_SIX(name, ##__VA_ARGS__, u1, u2, u3, u4, u5, u6, )
#define HYPERCALL_OF_SIX(name, a, b, c, d, e, f, ...)                                   \
	long ASMCALL do_##name(UNUSED uint32_t a, UNUSED uint32_t b, UNUSED uint32_t c, \
			       UNUSED uint32_t d, UNUSED uint32_t e, UNUSED uint32_t f)

/* Full: a slot without handler holds do_enosys. */
extern hypercall_fn *const hypercall_table[NR_HYPERCALLS];

/*
 * An operation of a hypercall whose argument is a structure in guest memory: `size` bytes are copied
 * in, and with SUB_OP_RESULT back again when fn returns 0. SUB_OP_CONTROL: it is for control domains.
 */
enum sub_op_flag { SUB_OP_RESULT = 1, SUB_OP_CONTROL = 2 };
struct sub_op {
	long (*fn)(void *arg); /* for current; NULL: -ENOSYS */
	uint8_t size;
	uint8_t flags; /* enum sub_op_flag */
};
#define SUB_OP_MAX_SIZE 64
long sub_op_run(const struct sub_op *table, uint32_t count, uint32_t nr, gva_t arg) MUST_CHECK;

/*
 * Restart: makes the guest issue `op` again with these arguments when it next
 * runs (within a multicall: makes the multicall go on there). Return what this
 * returns, without touching anything else.
 */
long hypercall_restart(uint32_t op, unsigned nr_args, ...) MUST_CHECK;

hypercall_fn do_enosys, do_set_trap_table, do_mmu_update, do_set_gdt, do_stack_switch,
	do_set_callbacks, do_fpu_taskswitch, do_sched_op_compat, do_platform_op, do_set_debugreg,
	do_get_debugreg, do_update_descriptor, do_memory_op, do_multicall, do_update_va_mapping,
	do_set_timer_op, do_event_channel_op_compat, do_xen_version, do_console_io,
	do_physdev_op_compat, do_grant_table_op, do_vm_assist, do_update_va_mapping_otherdomain,
	do_iret, do_vcpu_op, do_mmuext_op, do_nmi_op, do_sched_op, do_callback_op,
	do_event_channel_op, do_physdev_op, do_sysctl, do_domctl;
