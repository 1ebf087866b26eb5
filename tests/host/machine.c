/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine: boot, time, work, switching, hypercalls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_32/arch.h"
#include "arch/x86_32/platform.h"
#include "boot/boot.h"
#include "core/errno.h"
#include "core/sched.h"
#include "core/timer.h"
#include "hypercall/hypercall.h"
#include "mm/mmu.h"
#include "tests/host/machine.h"
#include "tests/host/machine_internal.h"

/* A hypercall that restarts this often makes no progress. */
#define MAX_RESTARTS 1000000u
#define GUEST_EIP 0x00100000u
#define INT82_SIZE 2u

struct machine machine;
uint32_t machine_ram_frames = MACHINE_MAX_FRAMES;
uint32_t *m2p;
struct pcpu pcpu[NR_CPUS];
struct boot_info boot_info;

static struct vcpu idle_vcpu;
static vcpu_info_t idle_info;
static struct trap_frame frame_page;
static struct vcpu *loaded;
static uint32_t free_at_boot;
static char log_text[8192];
static uint32_t log_used;

void machine_stop_with(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%.*s\n*** ", (int)log_used, log_text);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

/* ---- boot ---- */

static void domain_kill_all(struct domain *d)
{
	if (!d)
		machine_stop_with("too little simulated memory");
	while (domain_kill(d))
		continue;
}

void machine_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	machine.alarm = STIME_MAX;
	machine.random = 88172645463325252ull;
	machine.now = NSEC_PER_SEC;
	idle_vcpu.info = &idle_info;
	idle_vcpu.arch.top = INVALID_MFN;
	this_cpu()->idle = this_cpu()->current = &idle_vcpu;
	this_cpu()->info = &idle_info;
	machine_memory_init();
	boot_info.nr_regions = 1;
	boot_info.region[0].end = (paddr_t)machine_ram_frames << PAGE_SHIFT;
	boot_info.region[0].type = 1;
	sched_init();
	/* A first domain leaves behind what the heap keeps for good. */
	domain_kill_all(domain_create(1, DOMAIN_ORDINARY, 1, 1));
	free_at_boot = alloc_free_count();
}

int machine_leaks(void)
{
	return (int)(free_at_boot - alloc_free_count());
}

/* ---- time and work ---- */

s_time_t time_now(void)
{
	return machine.now;
}

void arch_timer_program(s_time_t deadline)
{
	machine.alarm = deadline;
}

void arch_time_fill(struct vcpu_time_info *t)
{
	t->tsc_timestamp = t->system_time = machine.now;
	t->tsc_to_system_mul = 0x80000000u;
	t->tsc_shift = 1;
}

uint32_t machine_random(void)
{
	machine.random ^= machine.random << 13;
	machine.random ^= machine.random >> 7;
	machine.random ^= machine.random << 17;
	return (uint32_t)(machine.random >> 16);
}

bool preempt_needed(void)
{
	machine.preempt_calls++;
	if (this_cpu()->work)
		return true;
	switch (machine.preempt) {
	case PREEMPT_ALWAYS:
		return true;
	case PREEMPT_EVERY:
		return machine.preempt_every && machine.preempt_calls % machine.preempt_every == 0;
	case PREEMPT_RANDOM:
		return machine.preempt_every && machine_random() % machine.preempt_every == 0;
	default:
		return false;
	}
}

void machine_exit_path(void)
{
	unsigned rounds;

	for (rounds = 0; this_cpu()->work; rounds++) {
		uint32_t work = __atomic_exchange_n(&this_cpu()->work, 0, __ATOMIC_SEQ_CST);

		if (rounds > 1000)
			machine_stop_with("work that never ends: %x", work);
		if (work & WORK_TIMER)
			timer_run_due();
		if (work & WORK_SCHEDULE)
			schedule();
	}
}

void machine_advance(s_time_t ns)
{
	machine.now += ns;
	while (machine.alarm <= machine.now) {
		machine.alarm = STIME_MAX;
		raise_work(WORK_TIMER);
		machine_exit_path();
	}
}

void arch_idle(void)
{
	if (machine.alarm != STIME_MAX && machine.alarm > machine.now)
		machine.now = machine.alarm;
	raise_work(WORK_TIMER);
}

/* ---- switching ---- */

struct trap_frame *guest_frame(void)
{
	return &frame_page;
}

struct trap_frame *vcpu_frame(struct vcpu *v)
{
	return v == loaded ? &frame_page : &v->arch.frame;
}

static void unload(void)
{
	if (loaded)
		loaded->arch.frame = frame_page;
	loaded = NULL;
}

void arch_switch_to(struct vcpu *next)
{
	if (next->domain && next != loaded) {
		unload();
		this_cpu()->current = loaded = next;
		frame_page = next->arch.frame;
		if (next->arch.top != INVALID_MFN)
			arch_load_top(next);
	}
	this_cpu()->current = next;
	this_cpu()->info = next->info;
}

void arch_switch_init(void)
{
}

void arch_vcpu_unload(struct vcpu *v)
{
	if (v != loaded)
		return;
	unload();
	memset(machine_l3, 0, sizeof(machine_l3));
	tlb_flush_local();
}

void arch_info_changed(struct vcpu *v)
{
	if (v == current_vcpu())
		this_cpu()->info = v->info;
}

/* Domains that the tests keep off the processor, so that the scheduler's choice is theirs. */
static struct domain *parked[8];

static void park(struct domain *d)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(parked); i++) {
		if (!parked[i]) {
			parked[i] = d;
			domain_pause(d);
			raise_work(WORK_SCHEDULE);
			return;
		}
	}
	machine_stop_with("too many domains");
}

static void unpark(struct domain *d)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(parked); i++) {
		if (parked[i] == d) {
			parked[i] = NULL;
			domain_unpause(d);
			return;
		}
	}
}

void machine_idle(void)
{
	if (current_vcpu()->domain)
		park(current_vcpu()->domain);
	machine_exit_path();
}

void machine_forget(struct domain *d)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(parked); i++)
		if (parked[i] == d)
			parked[i] = NULL;
}

bool machine_run(struct vcpu *v)
{
	if (v->domain->state != DOMAIN_RUNNING)
		return false;
	if (current_vcpu()->domain && current_vcpu()->domain != v->domain)
		park(current_vcpu()->domain);
	unpark(v->domain);
	vcpu_unblock(v);
	raise_work(WORK_SCHEDULE);
	machine_exit_path();
	return current_vcpu() == v;
}

void arch_vcpu_init(struct vcpu *v)
{
	unsigned i;

	v->arch.top = INVALID_MFN;
	for (i = 0; i < GUEST_GDT_FRAMES; i++)
		v->arch.gdt_frame[i] = INVALID_MFN;
	for (i = 0; i < GUEST_LDT_PAGES; i++)
		v->arch.ldt_frame[i] = INVALID_MFN;
	v->arch.frame.eip = GUEST_EIP;
}

int arch_vcpu_alloc(struct vcpu *v)
{
	v->arch.fpu = heap_page_alloc();
	return v->arch.fpu ? 0 : -ENOMEM;
}

void arch_vcpu_free(struct vcpu *v)
{
	heap_page_free(v->arch.fpu);
}

/* ---- hypercalls ---- */

static long call_once(struct trap_frame *f)
{
	hypercall_fn *fn = f->eax < NR_HYPERCALLS ? hypercall_table[f->eax] : do_enosys;

	f->eip += INT82_SIZE;
	return fn(f->ebx, f->ecx, f->edx, f->esi, f->edi, f->ebp);
}

int ASMCALL arch_multicall_call(gva_t entry)
{
	struct multicall_entry e;

	if (copy_from_guest(&e, entry, sizeof(e)))
		return -EFAULT;
	if (e.op >= NR_HYPERCALLS)
		e.result = (xen_ulong_t)-ENOSYS;
	else
		e.result = (xen_ulong_t)hypercall_table[e.op](e.args[0], e.args[1], e.args[2],
							      e.args[3], e.args[4], e.args[5]);
	if (put_guest_u32(entry + offsetof(struct multicall_entry, result), e.result) &&
	    e.op != __HYPERVISOR_iret)
		return -EFAULT;
	return e.op == __HYPERVISOR_iret ? MULTICALL_LEFT : 0;
}

long machine_hypercall(uint32_t op, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5,
		       uint32_t a6)
{
	struct vcpu *v = current_vcpu();
	struct trap_frame *f = guest_frame();
	uint32_t rounds;

	if (getenv("RINGLET_TRACE"))
		fprintf(stderr, "d%u: hypercall %u (%x, %x, %x, %x, %x, %x)\n", v->domain->id, op,
			a1, a2, a3, a4, a5, a6);
	f->eax = op, f->ebx = a1, f->ecx = a2, f->edx = a3, f->esi = a4, f->edi = a5, f->ebp = a6;
	for (rounds = 0; rounds < MAX_RESTARTS; rounds++) {
		uint32_t eip = f->eip;

		f->eax = (uint32_t)call_once(f);
		if (this_cpu()->multicall_active)
			machine_stop_with("hypercall %u left the multicall state", op);
		machine_exit_path();
		if (v->domain->state > DOMAIN_RUNNING)
			return (long)vcpu_frame(v)->eax;
		if (current_vcpu() != v && !machine_run(v))
			return (long)vcpu_frame(v)->eax;
		if (f->eip != eip || op == __HYPERVISOR_iret)
			return (long)f->eax;
		machine.restarts++;
	}
	machine_stop_with("hypercall %u restarts for ever", op);
}

/* ---- consoles and the end ---- */

void screen_release(void)
{
}

void screen_take_back(void)
{
}

void serial_write(const char *text, size_t len)
{
	size_t used = strlen(machine.said), room = sizeof(machine.said) - 1;
	size_t add = len < room ? len : room, keep = used + add < room ? used : room - add;

	memmove(machine.said, machine.said + used - keep, keep);
	memcpy(machine.said + keep, text + len - add, add);
	machine.said[keep + add] = 0;
	if (getenv("RINGLET_VERBOSE"))
		fwrite(text, 1, len, stderr);
	if (len > sizeof(log_text))
		return;
	if (log_used + len > sizeof(log_text))
		log_used = 0;
	memcpy(log_text + log_used, text, len);
	log_used += len;
}

void machine_halt(void)
{
	machine_stop_with("the machine halts");
}

void machine_power_off(void)
{
	machine_stop_with("the machine is switched off");
}

void machine_reboot(void)
{
	machine_stop_with("the machine restarts");
}

void clock_delay_us(uint32_t us)
{
	machine.now += us * NSEC_PER_USEC;
}

uint32_t clock_tsc_khz(void)
{
	return 1000000;
}

/* clang calls libatomic for these; nothing runs beside this thread. */
void atomic_store_8(volatile uint64_t *p, uint64_t value, int order) __asm__("__atomic_store_8");
void atomic_store_8(volatile uint64_t *p, uint64_t value, int order)
{
	(void)order;
	*p = value;
}
