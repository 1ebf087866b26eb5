/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_multicall (<xen/xen.h>, struct multicall_entry): a list of hypercalls in guest memory, worked off in order.
 *
 * Each entry is read once, some of them ahead of their turn; a call that rewrites the rest of its own list
 * may therefore be too late. Its result is written before the next call starts. When work is pending after an entry, when
 * an interrupt waits at the end of what was read, and when a call itself asks for a restart, the list is continued
 * later by issuing the multicall again on what is left.
 *
 * Refused as entries: multicall, and iret, which would leave the list's results to a guest that has
 * moved on, perhaps to user mode (XSA-213).
 */
#include "hypercall/hypercall.h"
#include "hypercall/multicall.h"

#include "core/errno.h"
#include "core/panic.h"

#define ENTRY_SIZE ((uint32_t)sizeof(struct multicall_entry))
#define READ_AHEAD 8
_Static_assert(sizeof(struct multicall_entry) == 32, "ABI");
_Static_assert(offsetof(struct multicall_entry, result) == 4, "ABI");

/* Reads between one and READ_AHEAD entries; the number read, 0 on a fault in the first. */
static unsigned fetch_entries(struct multicall_entry *entries, gva_t list, uint32_t nr_calls)
{
	unsigned n = MIN(nr_calls, READ_AHEAD);

	if (likely(copy_from_guest(entries, list, n * ENTRY_SIZE) == 0))
		return n;
	/* The list may end in an unmapped page: what is before it still counts. */
	return copy_from_guest(entries, list, ENTRY_SIZE) == 0 ? 1 : 0;
}

static inline uint32_t call_entry(const struct multicall_entry *e)
{
	if (unlikely(e->op >= NR_HYPERCALLS))
		return (uint32_t)-ENOSYS;
	if (unlikely(e->op == __HYPERVISOR_iret))
		return (uint32_t)-EINVAL;
	return (uint32_t)hypercall_table[index_nospec(e->op, NR_HYPERCALLS)](e->args[0], e->args[1], e->args[2],
									     e->args[3], e->args[4], e->args[5]);
}

/* Puts the changed call into its place in the list, so that the guest's next attempt finds it there. */
static int store_restart(gva_t list, struct multicall_entry *e)
{
	const struct multicall_restart *restart = &multicall_restart[cpu_id()];
	unsigned i;

	e->op = restart->op;
	for (i = 0; i < restart->nr_args; i++)
		e->args[i] = restart->args[i];
	return copy_to_guest(list, e, ENTRY_SIZE);
}

static long restart_list(gva_t list, uint32_t nr_calls)
{
	this_cpu()->multicall_active = MULTICALL_NONE;
	return hypercall_restart(__HYPERVISOR_multicall, 2, list, nr_calls);
}

static long run_list(gva_t list, uint32_t nr_calls)
{
	struct pcpu *cpu = this_cpu();
	struct multicall_entry entries[READ_AHEAD], *e = entries;
	unsigned ready = 0;

	for (;;) {
		if (ready == 0) {
			ready = fetch_entries(entries, list, nr_calls);
			if (unlikely(ready == 0))
				return -EFAULT;
			e = entries;
		}
		e->result = call_entry(e);
		if (unlikely(cpu->multicall_active == MULTICALL_RESTART)) {
			if (store_restart(list, e))
				return -EFAULT;
			return restart_list(list, nr_calls);
		}
		if (unlikely(put_guest_u32(list + offsetof(struct multicall_entry, result), e->result)))
			return -EFAULT;
		if (--nr_calls == 0)
			return 0;
		list += ENTRY_SIZE;
		e++;
		ready--;
		if (unlikely(cpu->work != 0 || (ready == 0 && preempt_needed())))
			return restart_list(list, nr_calls);
	}
}

long ASMCALL do_multicall(uint32_t list, uint32_t nr_calls, uint32_t a3, uint32_t a4, uint32_t a5, uint32_t a6)
{
	struct pcpu *cpu = this_cpu();
	long rc;

	(void)a3, (void)a4, (void)a5, (void)a6;
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
