/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls as inline functions, named as in Xen's headers (HYPERVISOR_*).  The number is in %eax,
 * arguments in %ebx, %ecx, %edx, %esi, %edi; Xen may clobber the argument registers.  Results are
 * Xen's: zero or positive for success, a negative XEN_E* number otherwise.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/errno.h>

extern char hypercall_page[];

/* Any hypercall by int $0x82: registers as they shall be, then as they came back.  Returns eax. */
struct hypercall_regs {
	uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
};
long hypercall_raw(struct hypercall_regs *regs);

/* Any hypercall through the hypercall page.  nr must be below 128: the page has no more slots. */
static inline long hypercall5(unsigned int nr, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4,
			      uint32_t a5)
{
	long result;

	__asm__ __volatile__("call *%%eax"
			     : "=a"(result), "+b"(a1), "+c"(a2), "+d"(a3), "+S"(a4), "+D"(a5)
			     : "0"(hypercall_page + nr * 32)
			     : "memory");
	return result;
}

static inline long hypercall4(unsigned int nr, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4)
{
	long result;

	__asm__ __volatile__("call *%%eax"
			     : "=a"(result), "+b"(a1), "+c"(a2), "+d"(a3), "+S"(a4)
			     : "0"(hypercall_page + nr * 32)
			     : "memory");
	return result;
}

static inline long hypercall3(unsigned int nr, uint32_t a1, uint32_t a2, uint32_t a3)
{
	long result;

	__asm__ __volatile__("call *%%eax"
			     : "=a"(result), "+b"(a1), "+c"(a2), "+d"(a3)
			     : "0"(hypercall_page + nr * 32)
			     : "memory");
	return result;
}

static inline long hypercall2(unsigned int nr, uint32_t a1, uint32_t a2)
{
	long result;

	__asm__ __volatile__("call *%%eax"
			     : "=a"(result), "+b"(a1), "+c"(a2)
			     : "0"(hypercall_page + nr * 32)
			     : "memory");
	return result;
}

static inline long hypercall1(unsigned int nr, uint32_t a1)
{
	long result;

	__asm__ __volatile__("call *%%eax"
			     : "=a"(result), "+b"(a1)
			     : "0"(hypercall_page + nr * 32)
			     : "memory");
	return result;
}

#define PTR32(p) ((uint32_t)(uintptr_t)(p))
#define LO32(v) ((uint32_t)(v))
#define HI32(v) ((uint32_t)((uint64_t)(v) >> 32))

static inline long HYPERVISOR_set_trap_table(const struct trap_info *table)
{
	return hypercall1(__HYPERVISOR_set_trap_table, PTR32(table));
}

static inline long HYPERVISOR_mmu_update(const struct mmu_update *reqs, unsigned int count,
					 unsigned int *done, unsigned int foreigndom)
{
	return hypercall4(__HYPERVISOR_mmu_update, PTR32(reqs), count, PTR32(done), foreigndom);
}

static inline long HYPERVISOR_set_gdt(const xen_pfn_t *frames, unsigned int entries)
{
	return hypercall2(__HYPERVISOR_set_gdt, PTR32(frames), entries);
}

static inline long HYPERVISOR_stack_switch(uint32_t ss, uint32_t esp)
{
	return hypercall2(__HYPERVISOR_stack_switch, ss, esp);
}

static inline long HYPERVISOR_set_callbacks(uint32_t event_cs, uint32_t event_eip,
					    uint32_t failsafe_cs, uint32_t failsafe_eip)
{
	return hypercall4(__HYPERVISOR_set_callbacks, event_cs, event_eip, failsafe_cs,
			  failsafe_eip);
}

static inline long HYPERVISOR_fpu_taskswitch(int set)
{
	return hypercall1(__HYPERVISOR_fpu_taskswitch, set);
}

static inline long HYPERVISOR_sched_op_compat(int cmd, unsigned long arg)
{
	return hypercall2(__HYPERVISOR_sched_op_compat, cmd, arg);
}

static inline long HYPERVISOR_platform_op(void *op)
{
	return hypercall1(__HYPERVISOR_platform_op, PTR32(op));
}

static inline long HYPERVISOR_set_debugreg(int reg, uint32_t value)
{
	return hypercall2(__HYPERVISOR_set_debugreg, reg, value);
}

static inline uint32_t HYPERVISOR_get_debugreg(int reg)
{
	return hypercall1(__HYPERVISOR_get_debugreg, reg);
}

static inline long HYPERVISOR_update_descriptor(uint64_t maddr, uint64_t desc)
{
	return hypercall4(__HYPERVISOR_update_descriptor, LO32(maddr), HI32(maddr), LO32(desc),
			  HI32(desc));
}

static inline long HYPERVISOR_memory_op(unsigned int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_memory_op, cmd, PTR32(arg));
}

static inline long HYPERVISOR_multicall(struct multicall_entry *list, unsigned int nr)
{
	return hypercall2(__HYPERVISOR_multicall, PTR32(list), nr);
}

static inline long HYPERVISOR_update_va_mapping(uint32_t va, uint64_t pte, uint32_t flags)
{
	return hypercall4(__HYPERVISOR_update_va_mapping, va, LO32(pte), HI32(pte), flags);
}

static inline long HYPERVISOR_update_va_mapping_otherdomain(uint32_t va, uint64_t pte,
							    uint32_t flags, domid_t domid)
{
	return hypercall5(__HYPERVISOR_update_va_mapping_otherdomain, va, LO32(pte), HI32(pte),
			  flags, domid);
}

static inline long HYPERVISOR_set_timer_op(uint64_t deadline)
{
	return hypercall2(__HYPERVISOR_set_timer_op, LO32(deadline), HI32(deadline));
}

static inline long HYPERVISOR_event_channel_op_compat(void *op)
{
	return hypercall1(__HYPERVISOR_event_channel_op_compat, PTR32(op));
}

static inline long HYPERVISOR_event_channel_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_event_channel_op, cmd, PTR32(arg));
}

static inline long HYPERVISOR_xen_version(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_xen_version, cmd, PTR32(arg));
}

static inline long HYPERVISOR_console_io(int cmd, unsigned int count, const char *buffer)
{
	return hypercall3(__HYPERVISOR_console_io, cmd, count, PTR32(buffer));
}

static inline long HYPERVISOR_physdev_op_compat(void *op)
{
	return hypercall1(__HYPERVISOR_physdev_op_compat, PTR32(op));
}

static inline long HYPERVISOR_physdev_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_physdev_op, cmd, PTR32(arg));
}

static inline long HYPERVISOR_grant_table_op(unsigned int cmd, void *ops, unsigned int count)
{
	return hypercall3(__HYPERVISOR_grant_table_op, cmd, PTR32(ops), count);
}

static inline long HYPERVISOR_vm_assist(unsigned int cmd, unsigned int type)
{
	return hypercall2(__HYPERVISOR_vm_assist, cmd, type);
}

static inline long HYPERVISOR_vcpu_op(int cmd, unsigned int vcpu, void *arg)
{
	return hypercall3(__HYPERVISOR_vcpu_op, cmd, vcpu, PTR32(arg));
}

static inline long HYPERVISOR_mmuext_op(const struct mmuext_op *ops, unsigned int count,
					unsigned int *done, unsigned int foreigndom)
{
	return hypercall4(__HYPERVISOR_mmuext_op, PTR32(ops), count, PTR32(done), foreigndom);
}

static inline long HYPERVISOR_nmi_op(unsigned int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_nmi_op, cmd, PTR32(arg));
}

static inline long HYPERVISOR_sched_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_sched_op, cmd, PTR32(arg));
}

static inline long HYPERVISOR_callback_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_callback_op, cmd, PTR32(arg));
}
