/* SPDX-License-Identifier: MIT */
/*
 * What each operation costs, in units of the TSC: cycles on a real machine, instructions under
 * QEMU's `-icount shift=0`. Every figure is the smallest of several runs of a loop, less what the
 * empty loop costs, divided by the iterations. One line each: `BENCH <name> <cost>`.
 */
#include "guests/pvrt/pvrt.h"

#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define ITERATIONS 1000u
#define RUNS 5u
#define MULTICALLS 16u

_Static_assert(__HYPERVISOR_iret == 23, "entry.S");

extern char bench_int3_entry[], bench_fault_entry[], bench_syscall_entry[], bench_event_entry[],
	bench_user_syscalls[];
extern volatile unsigned long *bench_event_word;

typedef void operation(void);

static void nothing(void)
{
	__asm__ volatile("" ::: "memory");
}

static uint32_t run(operation *op, unsigned iterations)
{
	uint32_t best = UINT32_MAX;

	for (unsigned r = 0; r < RUNS; r++) {
		uint64_t start = rdtsc();

		for (unsigned i = 0; i < iterations; i++)
			op();
		uint32_t cost = (uint32_t)(rdtsc() - start);

		best = cost < best ? cost : best;
	}
	return best;
}

static void report(const char *name, uint32_t total, unsigned iterations)
{
	pv_printf("BENCH %s %u\n", name, (unsigned)((total + iterations / 2) / iterations));
}

static void bench(const char *name, operation *op)
{
	uint32_t loop = run(nothing, ITERATIONS), total = run(op, ITERATIONS);

	report(name, total > loop ? total - loop : 0, ITERATIONS);
}

/* ---- hypercalls ---- */

static void null_call(void)
{
	hypercall2(__HYPERVISOR_xen_version, XENVER_version, 0);
}

static struct multicall_entry calls[MULTICALLS];

static void multicall_16(void)
{
	HYPERVISOR_multicall(calls, MULTICALLS);
}

static void yield(void)
{
	hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

static void set_timer(void)
{
	HYPERVISOR_set_timer_op(UINT64_MAX / 2);
}

static uint8_t *page;
static pte_t page_pte;

static void update_va(void)
{
	hypercall4(__HYPERVISOR_update_va_mapping, PTR32(page), LO32(page_pte), HI32(page_pte), 0);
}

static void unmap_map(void)
{
	hypercall4(__HYPERVISOR_update_va_mapping, PTR32(page), 0, 0, UVMF_INVLPG | UVMF_ALL);
	hypercall4(__HYPERVISOR_update_va_mapping, PTR32(page), LO32(page_pte), HI32(page_pte), 0);
}

static struct mmu_update update;

static void mmu_update_one(void)
{
	HYPERVISOR_mmu_update(&update, 1, NULL, DOMID_SELF);
}

/* Linux's way of changing one entry of a live table: a store, which faults and is emulated. */
static void emulated_write(void)
{
	volatile uint32_t *entry = (volatile uint32_t *)(uintptr_t)pte_find(PTR32(page), 1);

	*entry = LO32(page_pte);
}

/* ---- traps ---- */

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

static void page_fault(void)
{
	__asm__ volatile("movb (%0), %%al" : : "r"(0x10) : "eax");
}

static void bench_syscall(void)
{
	struct user_state state = user_state_for(bench_user_syscalls);
	struct fault exit;

	state.ecx = ITERATIONS;
	user_run(&state, &exit);
	report("syscall_int80", exit.frame.eax, ITERATIONS);
}

static evtchn_port_t port;

static void event_to_self(void)
{
	hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send,
		   PTR32(&(struct evtchn_send){ .port = port }));
}

static void bench_events(void)
{
	int unbound = event_alloc_unbound(DOMID_SELF);

	port = event_bind_interdomain(DOMID_SELF, unbound);
	bench_event_word = &shared_info->evtchn_pending[unbound / 32];
	shared_info->evtchn_mask[unbound / 32] &= ~(1ul << unbound % 32);
	hypercall4(__HYPERVISOR_set_callbacks, FLAT_KERNEL_CS, PTR32(bench_event_entry),
		   FLAT_KERNEL_CS, PTR32(failsafe_entry));
	bench("event_send_masked", event_to_self);
	events_enable();
	bench("event_upcall", event_to_self);
	events_disable();
}

static void install(unsigned vector, unsigned dpl, const char *entry)
{
	trap_install((struct trap_info){
		.vector = vector, .flags = dpl, .cs = FLAT_KERNEL_CS, .address = PTR32(entry) });
}

int main(void)
{
	page = page_alloc();
	page_pte = mfn_pte(va_to_mfn(page), PTE_KERNEL_RW);
	update = (struct mmu_update){ .ptr = pte_maddr(PTR32(page), 1) | MMU_NORMAL_PT_UPDATE,
				      .val = page_pte };
	for (unsigned i = 0; i < MULTICALLS; i++)
		calls[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
						     .args = { XENVER_version } };

	bench("null_hypercall", null_call);
	bench("multicall_16", multicall_16);
	bench("yield", yield);
	bench("set_timer", set_timer);
	bench("update_va_mapping", update_va);
	bench("unmap_flush_map", unmap_map);
	bench("mmu_update_1", mmu_update_one);
	HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	bench("ptwr_write", emulated_write);
	install(X86_BP, 3, bench_int3_entry);
	bench("exception_bounce", breakpoint);
	install(X86_PF, 0, bench_fault_entry);
	bench("page_fault_bounce", page_fault);
	trap_install_table();
	install(0x80, 3, bench_syscall_entry);
	bench_syscall();
	trap_install_table();
	bench_events();
	return 0;
}
