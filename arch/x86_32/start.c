/* SPDX-License-Identifier: MIT */
/*
 * From head.S to the first guest: one flat list of what is set up, in order.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/cpu.h"
#include "arch/x86_32/isolation.h"
#include "arch/x86_32/paging.h"
#include "arch/x86_32/platform.h"
#include "arch/x86_32/tables.h"
#include "boot/boot.h"
#include "boot/memory.h"
#include "core/console.h"
#include "core/dom0.h"
#include "core/domain.h"
#include "core/options.h"
#include "core/sched.h"
#include "core/time.h"
#include "mm/page.h"

ASMCALL void start_hypervisor(uint32_t magic, const void *mbi);
void exit_to_guest(void) NORETURN;

#define DEFAULT_APIC_ADDRESS 0xfee00000u /* SDM vol. 3, 11.4.1 */

/* The idle vCPU has no event state; the exit path looks at this all the same. */
static vcpu_info_t idle_info;
static struct vcpu idle_vcpu;

static void start_cpu(void)
{
	struct pcpu *cpu = this_cpu();

	idle_vcpu.info = &idle_info;
	idle_vcpu.arch.top = INVALID_MFN;
	cpu->idle = cpu->current = &idle_vcpu;
	cpu->info = &idle_info;
}

static void print_banner(void)
{
	printk("Ringlet, a microhypervisor for 32-bit x86\n");
	printk("loaded by %s, command line \"%s\"\n", boot_info.loader, boot_info.cmdline);
}

/* Device registers that the hypervisor drives itself: no domain may map them. */
static void keep_own_devices(void)
{
	mfn_t lapic = (mfn_t)((acpi.lapic ? acpi.lapic : DEFAULT_APIC_ADDRESS) >> PAGE_SHIFT);

	frame_deny_io(lapic, lapic + 1);
	if (acpi.hpet)
		frame_deny_io((mfn_t)(acpi.hpet >> PAGE_SHIFT),
			      (mfn_t)(acpi.hpet >> PAGE_SHIFT) + 1);
	for (unsigned i = 0; i < acpi.nr_ioapics; i++) {
		mfn_t ioapic = (mfn_t)(acpi.ioapic[i].address >> PAGE_SHIFT);

		frame_deny_io(ioapic, ioapic + 1);
	}
}

ASMCALL void start_hypervisor(uint32_t magic, const void *mbi)
{
	const char *complaint;
	struct domain *first;

	start_cpu();
	serial_early_init();
	complaint = multiboot2_parse(mbi, magic);
	if (complaint)
		panic("%s\n", complaint);
	options_parse(boot_info.cmdline);
	serial_init();
	print_banner();
	cpu_init_features();

	paging_init();
	tables_init();
	vga_init();
	options_report();
	boot_memory_release();
	printk("%u MiB of RAM, %u MiB free\n", boot_memory_total() >> (20 - PAGE_SHIFT),
	       alloc_free_count() >> (20 - PAGE_SHIFT));
	arch_switch_init();
	fpu_init();

	acpi_init();
	i8259_init();
	apic_init();
	keep_own_devices();
	irq_init();
	iobitmap_init();
	clock_init();
	sched_init();
	wallclock_set_at(rtc_read(), 0, time_now());
	isolation_choose();
	paging_seal();
	tables_nmi_gate();
	serial_enable_irq();

	first = dom0_build();
	domain_unpause_first(first);
	exit_to_guest();
}
