/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_multicall (<xen/xen.h>, struct multicall_entry): a list of hypercalls
 * in guest memory, worked off in order.
 *
 * Each entry is read once, and its result written before the next call starts. When work is pending
 * after an entry, when an interrupt waits (asked every few entries), and when a call itself asks
 * for a restart, the list is continued later by issuing the multicall again on what is left.
 *
 * Refused as an entry: multicall. An iret ends the list: the guest has moved
 * on, perhaps to user mode (XSA-213).
 *
 * Restarts: a hypercall that would take too long puts its remaining work into the guest's registers
 * and moves the guest's instruction pointer back on the `int`, so that the guest itself issues it
 * again after whatever was waiting; one in a list, into the list. The guest may change all of that
 * meanwhile: a handler checks every argument anew each time.
 */
#include <stdarg.h>

#include "hypercall/hypercall.h"

#define ENTRY_SIZE ((uint32_t)sizeof(struct multicall_entry))
#define PREEMPT_INTERVAL 8 /* a power of two */
_Static_assert(sizeof(struct multicall_entry) == 32, "ABI");
_Static_assert(offsetof(struct multicall_entry, result) == 4, "ABI");

#define HYPERCALL_ARGS 6

/* Values of pcpu.multicall_active. */
enum multicall_state {
	MULTICALL_NONE,
	MULTICALL_RUNNING,
	/* the running entry wants to be issued again, as multicall_restart[cpu] says */
	MULTICALL_RESTART,
};

/*
 * What hypercall_restart() was given while MULTICALL_RUNNING: the first nr_args arguments change.
 */
static struct multicall_restart {
	uint32_t op;
	uint32_t nr_args;
	uint32_t args[HYPERCALL_ARGS];
} multicall_restart[NR_CPUS];

#define HYPERCALL_INSN_SIZE 2 /* int $0x82: opcode and vector */

static void restart_in_multicall(uint32_t op, unsigned nr_args, va_list args)
{
	struct multicall_restart *restart = &multicall_restart[cpu_id()];
	unsigned i;

	restart->op = op;
	restart->nr_args = nr_args;
	for (i = 0; i < nr_args; i++)
		restart->args[i] = va_arg(args, uint32_t);
	this_cpu()->multicall_active = MULTICALL_RESTART;
}

static void restart_in_frame(uint32_t op, unsigned nr_args, va_list args)
{
	struct trap_frame *frame = guest_frame();
	uint32_t *const reg[] = { &frame->ebx, &frame->ecx, &frame->edx,
				  &frame->esi, &frame->edi, &frame->ebp };
	unsigned i;

	frame->eax = op;
	frame->eip -= HYPERCALL_INSN_SIZE;
	for (i = 0; i < nr_args; i++)
		*reg[i] = va_arg(args, uint32_t);
}

long hypercall_restart(uint32_t op, unsigned nr_args, ...)
{
	va_list args;

	ASSERT(nr_args <= HYPERCALL_ARGS);
	va_start(args, nr_args);
	if (this_cpu()->multicall_active != MULTICALL_NONE)
		restart_in_multicall(op, nr_args, args);
	else
		restart_in_frame(op, nr_args, args);
	va_end(args);
	/* The exit path stores the result in eax, which has to hold the hypercall's number. */
	return (long)op;
}

/*
 * Puts the changed call into its place in the list, so that the
 * guest's next attempt finds it there.
 */
static int store_restart(gva_t list)
{
	const struct multicall_restart *restart = &multicall_restart[cpu_id()];
	struct multicall_entry e;
	unsigned i;

	if (copy_from_guest(&e, list, ENTRY_SIZE))
		return -EFAULT;
	e.op = restart->op;
	for (i = 0; i < restart->nr_args; i++)
		e.args[i] = restart->args[i];
	return copy_to_guest(list, &e, ENTRY_SIZE);
}

static long restart_list(gva_t list, uint32_t nr_calls)
{
	this_cpu()->multicall_active = MULTICALL_NONE;
	return hypercall_restart(__HYPERVISOR_multicall, 2, list, nr_calls);
}

static long run_list(gva_t list, uint32_t nr_calls)
{
	struct pcpu *cpu = this_cpu();

	for (;;) {
		int rc = arch_multicall_call(list);

		if (unlikely(rc))
			return rc == MULTICALL_LEFT ? (long)guest_frame()->eax : rc;
		if (unlikely(cpu->multicall_active == MULTICALL_RESTART)) {
			if (store_restart(list))
				return -EFAULT;
			return restart_list(list, nr_calls);
		}
		if (--nr_calls == 0)
			return 0;
		list += ENTRY_SIZE;
		if (unlikely((cpu->work & ~WORK_VCPU) != 0 ||
			     ((nr_calls & (PREEMPT_INTERVAL - 1)) == 0 && preempt_needed())))
			return restart_list(list, nr_calls);
	}
}

HYPERCALL(multicall, list, nr_calls)
{
	struct pcpu *cpu = this_cpu();
	long rc;

	if (unlikely(cpu->multicall_active != MULTICALL_NONE))
		return -EINVAL;
	if (nr_calls > HV_START / ENTRY_SIZE || !guest_range_ok(list, nr_calls * ENTRY_SIZE))
		return -EFAULT;
	if (nr_calls == 0)
		return 0;

	cpu->multicall_active = MULTICALL_RUNNING;
	rc = run_list(list, nr_calls);
	cpu->multicall_active = MULTICALL_NONE;
	return rc;
}
