/* SPDX-License-Identifier: MIT */
/*
 * Offsets and sizes for assembly: compiled, never linked; the build turns each `->NAME value` of
 * the output into a line of generated/asm-offsets.h.
 */
#include "arch/x86_32/arch.h"
#include "hypercall/hypercall.h"

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %0" : : "i"(value))
#define OFFSET(name, type, member) DEFINE(name, offsetof(type, member))

void asm_offsets(void);

void asm_offsets(void)
{
	OFFSET(FRAME_ES, struct trap_frame, es);
	OFFSET(FRAME_EAX, struct trap_frame, eax);
	OFFSET(FRAME_VECTOR, struct trap_frame, vector);
	OFFSET(FRAME_EIP, struct trap_frame, eip);
	OFFSET(FRAME_CS, struct trap_frame, cs);
	OFFSET(FRAME_EFLAGS, struct trap_frame, eflags);
	DEFINE(FRAME_SIZE, sizeof(struct trap_frame));

	OFFSET(PCPU_WORK, struct pcpu, work);
	OFFSET(PCPU_INFO, struct pcpu, info);

	OFFSET(INFO_UPCALL_PENDING, struct vcpu_info, evtchn_upcall_pending);
	OFFSET(INFO_UPCALL_MASK, struct vcpu_info, evtchn_upcall_mask);

	DEFINE(NR_HYPERCALLS, NR_HYPERCALLS);
	DEFINE(NR_IRET, __HYPERVISOR_iret);
	DEFINE(ENOSYS, ENOSYS);
	DEFINE(MULTICALL_LEFT, MULTICALL_LEFT);
	DEFINE(EFAULT, EFAULT);
	OFFSET(ENTRY_OP, struct multicall_entry, op);
	OFFSET(ENTRY_RESULT, struct multicall_entry, result);
	OFFSET(ENTRY_ARGS, struct multicall_entry, args);
}
