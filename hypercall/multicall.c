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
 */
#include "hypercall/hypercall.h"
#include "hypercall/multicall.h"

#define ENTRY_SIZE ((uint32_t)sizeof(struct multicall_entry))
#define PREEMPT_INTERVAL 8 /* a power of two */
_Static_assert(sizeof(struct multicall_entry) == 32, "ABI");
_Static_assert(offsetof(struct multicall_entry, result) == 4, "ABI");

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
