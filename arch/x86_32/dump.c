/* SPDX-License-Identifier: MIT */
/*
 * Crash dumps. The symbol table is linked in (tools/mksymtab); frame pointers are not
 * kept, so a backtrace lists the words on the stack that point into the hypervisor's
 * text: a superset of the callers, in order.
 */
#include "arch/x86_32/dump.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/image.h"
#include "arch/x86_32/segreg.h"
#include "arch/x86_32/tables.h"
#include "arch/x86_32/uaccess.h"
#include "core/console.h"
#include "core/lib.h"
#include "core/panic.h"

#define BACKTRACE_LINES 24
#define GUEST_STACK_WORDS 24

extern const uint32_t symtab_count, symtab_addrs[];
extern const char symtab_names[];

static bool in_text(uint32_t address)
{
	return (address >= (uintptr_t)text_start && address < (uintptr_t)text_end) ||
	       (address >= (uintptr_t)switcher_start && address < (uintptr_t)switcher_end);
}

const char *symbol_find(uint32_t address, uint32_t *offset)
{
	const char *name = symtab_names;
	uint32_t low = 0, high = symtab_count;

	*offset = 0;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (symtab_addrs[middle] <= address)
			low = middle;
		else
			high = middle;
	}
	if (!symtab_count || address < symtab_addrs[low] || !in_text(address))
		return "?";
	*offset = address - symtab_addrs[low];
	while (low--)
		name += strlen(name) + 1;
	return name;
}

static void print_symbol(const char *what, uint32_t address)
{
	uint32_t offset;
	const char *name = symbol_find(address, &offset);

	printk("%s [<%08x>] %s+0x%x\n", what, address, name, offset);
}

/* The end of the stack that holds esp, or esp itself when it is none of ours. */
static uint32_t stack_end(uint32_t esp)
{
	unsigned cpu = cpu_id();

	if (esp >= STACK_BOTTOM(cpu) && esp < STACK_TOP(cpu))
		return STACK_TOP(cpu);
	if (esp >= DF_STACK_BOTTOM(cpu) && esp < DF_STACK_TOP(cpu))
		return DF_STACK_TOP(cpu);
	if (esp >= NMI_STACK_BOTTOM(cpu) && esp < NMI_STACK_TOP(cpu))
		return NMI_STACK_TOP(cpu);
	if (esp >= FRAME_END(cpu) - PAGE_SIZE && esp < FRAME_END(cpu))
		return FRAME_END(cpu);
	return esp;
}

static void print_backtrace(uint32_t eip, uint32_t esp)
{
	uint32_t end = stack_end(esp &= ~3u);
	unsigned lines = 0;

	print_symbol("  at", eip);
	for (; esp < end && lines < BACKTRACE_LINES; esp += 4) {
		uint32_t word = *(const uint32_t *)esp;

		if (in_text(word)) {
			print_symbol("    ", word);
			lines++;
		}
	}
}

static void print_registers(const struct trap_frame *f, uint32_t esp, uint32_t ss)
{
	printk("  eip %08x  cs %04x  eflags %08x  esp %08x  ss %04x\n", f->eip, f->cs & 0xffff,
	       f->eflags, esp, ss & 0xffff);
	printk("  eax %08x  ebx %08x  ecx %08x  edx %08x\n", f->eax, f->ebx, f->ecx, f->edx);
	printk("  esi %08x  edi %08x  ebp %08x  ds %04x  es %04x\n", f->esi, f->edi, f->ebp,
	       f->ds & 0xffff, f->es & 0xffff);
}

static void print_guest_stack(const struct vcpu *v, const struct trap_frame *f)
{
	uint32_t base = tables_segment_base(f->ss), word;

	if (v != current_vcpu())
		return;
	printk("  stack:");
	for (unsigned i = 0; i < GUEST_STACK_WORDS; i++) {
		if (get_guest_u32(&word, base + f->esp + i * 4))
			break;
		printk(" %08x", word);
	}
	printk("\n");
}

void arch_dump_vcpu(struct vcpu *v)
{
	const struct trap_frame *f = vcpu_frame(v);
	uint32_t fs = v->arch.fs, gs = v->arch.gs;

	if (v == current_vcpu())
		segreg_read_fs_gs(&fs, &gs);
	printk("d%u vcpu%u: ring %u\n", v->domain->id, v->id, f->cs & 3);
	print_registers(f, f->esp, f->ss);
	printk("  fs %04x  gs %04x  cr2 %08x  top mfn %x  pending %u  mask %u\n", fs & 0xffff,
	       gs & 0xffff, (uint32_t)v->info->arch.cr2, v->arch.top,
	       v->info->evtchn_upcall_pending, v->info->evtchn_upcall_mask);
	print_guest_stack(v, f);
}

static void print_guest(void)
{
	struct vcpu *v = current_vcpu();

	if (v && v->domain)
		arch_dump_vcpu(v);
	else
		printk("no guest was running\n");
}

static void print_control_registers(void)
{
	printk("  cr0 %08x  cr2 %08x  cr3 %08x  cr4 %08x\n", read_cr0(), read_cr2(), read_cr3(),
	       read_cr4());
}

void dump_fatal_trap(const struct trap_frame *f)
{
	console_panic_mode();
	printk("hypervisor trap %u, error code %04x\n", f->vector, f->error_code);
	/*
	 * From ring 0 the processor pushes no stack pointer: the stack
	 * goes on where the frame ends.
	 */
	print_registers(f, (uintptr_t)&f->esp, HV_DS);
	print_control_registers();
	print_backtrace(f->eip, (uintptr_t)&f->esp);
	print_guest();
	panic("hypervisor bug: unexpected trap %u\n", f->vector);
}

void dump_double_fault(void)
{
	const struct tss *t = tables_interrupted();
	struct trap_frame f = {
		.es = t->es,
		.ds = t->ds,
		.edi = t->edi,
		.esi = t->esi,
		.ebp = t->ebp,
		.ebx = t->ebx,
		.edx = t->edx,
		.ecx = t->ecx,
		.eax = t->eax,
		.eip = t->eip,
		.cs = t->cs,
		.eflags = t->eflags,
	};

	console_panic_mode();
	printk("double fault\n");
	print_registers(&f, t->esp, t->ss);
	print_control_registers();
	print_backtrace(t->eip, t->esp);
	panic("hypervisor bug: double fault\n");
}

void arch_dump_state(void)
{
	uint32_t esp;

	__asm__("mov %%esp, %0" : "=r"(esp));
	print_control_registers();
	print_backtrace((uintptr_t)__builtin_return_address(0), esp);
	print_guest();
}
