/* SPDX-License-Identifier: MIT */
/*
 * The processor's own tables. The GDT is one window: a guest's pages first, then the reserved page
 * with the selectors that xen-x86_32.h fixes. A guest's view of the window is read-only, so every
 * descriptor has its accessed bit set and no task switch may happen there: in paging mode, where
 * the guest's view is in use when an NMI hits, the NMI comes through an interrupt gate instead of a
 * task gate. (A double fault can only hit the hypervisor's own view.)
 */
#include "arch/x86_32/tables.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/frame.h"
#include "arch/x86_32/paging.h"
#include "arch/x86_32/trapnr.h"
#include "core/domain.h"

/* Descriptor types, with the present bit and the accessed bit. */
#define TYPE_CODE 0x9bu
#define TYPE_DATA 0x93u
#define TYPE_TSS 0x89u
#define TYPE_LDT 0x82u
#define TYPE_DPL(n) ((unsigned)(n) << 5)
#define FLAGS_32BIT_PAGES 0xcu /* 32-bit, limit in pages */

#define GATE_TASK 0x85u
#define GATE_INTERRUPT 0x8eu
#define GATE_TRAP 0x8fu

#define FLAT_LIMIT 0xfffffu
#define GUEST_LIMIT ((GUEST_SEGMENT_END >> PAGE_SHIFT) - 1)

extern char trap_stubs[], entry_hypercall[];
void double_fault_task(void);
void nmi_task(void);

#define TSS_SIZE (sizeof(struct tss) + IOBITMAP_SIZE)
_Static_assert(TSS_SIZE <= WINDOW_TSS_SIZE, "the bitmap is behind the TSS");

static struct tss df_tss, nmi_tss;

static uint64_t *reserved_gdt(uint16_t selector)
{
	return (uint64_t *)(WINDOW(cpu_id()) + WINDOW_GDT + (selector & ~7u));
}

static uint64_t *idt(void)
{
	return (uint64_t *)(WINDOW(cpu_id()) + WINDOW_TABLES);
}

struct tss *tables_tss(void)
{
	return (struct tss *)(WINDOW(cpu_id()) + WINDOW_TSS);
}

uint8_t *tables_iobitmap(void)
{
	return (uint8_t *)(tables_tss() + 1);
}

void tables_allow_ports(bool allow)
{
	/* A bitmap at the segment's end, or beyond, is none (SDM vol. 1, 19.5.2). */
	tables_tss()->iobase = allow ? sizeof(struct tss) : TSS_SIZE;
}

const struct tss *tables_interrupted(void)
{
	return tables_tss();
}

static uint64_t descriptor(uint32_t base, uint32_t limit, unsigned type, unsigned flags)
{
	uint32_t low = (base & 0xffff) << 16 | (limit & 0xffff);
	uint32_t high = (base & 0xff000000) | flags << 20 | (limit & 0xf0000) | type << 8 |
			(base >> 16 & 0xff);

	return (uint64_t)high << 32 | low;
}

static uint64_t gate(uint16_t cs, uint32_t address, unsigned type, unsigned dpl)
{
	return (uint64_t)((address & 0xffff0000) | (type | TYPE_DPL(dpl)) << 8) << 32 |
	       (uint32_t)cs << 16 | (address & 0xffff);
}

static uint32_t stub_address(unsigned vector)
{
	return (uintptr_t)trap_stubs + vector * 16;
}

static void fill_gdt(void)
{
	*reserved_gdt(HV_CS) = descriptor(0, FLAT_LIMIT, TYPE_CODE, FLAGS_32BIT_PAGES);
	*reserved_gdt(HV_DS) = descriptor(0, FLAT_LIMIT, TYPE_DATA, FLAGS_32BIT_PAGES);
	*reserved_gdt(FLAT_RING1_CS) =
		descriptor(0, GUEST_LIMIT, TYPE_CODE | TYPE_DPL(1), FLAGS_32BIT_PAGES);
	*reserved_gdt(FLAT_RING1_DS) =
		descriptor(0, GUEST_LIMIT, TYPE_DATA | TYPE_DPL(1), FLAGS_32BIT_PAGES);
	*reserved_gdt(FLAT_RING3_CS) =
		descriptor(0, GUEST_LIMIT, TYPE_CODE | TYPE_DPL(3), FLAGS_32BIT_PAGES);
	*reserved_gdt(FLAT_RING3_DS) =
		descriptor(0, GUEST_LIMIT, TYPE_DATA | TYPE_DPL(3), FLAGS_32BIT_PAGES);
	*reserved_gdt(HV_TSS) = descriptor((uintptr_t)tables_tss(), TSS_SIZE - 1, TYPE_TSS, 0);
	*reserved_gdt(HV_DF_TSS) =
		descriptor((uintptr_t)&df_tss, sizeof(struct tss) - 1, TYPE_TSS, 0);
	*reserved_gdt(HV_NMI_TSS) =
		descriptor((uintptr_t)&nmi_tss, sizeof(struct tss) - 1, TYPE_TSS, 0);
}

static void fill_idt(void)
{
	for (unsigned vector = 0; vector < 256; vector++)
		idt()[vector] = gate(HV_CS, stub_address(vector), GATE_INTERRUPT, 0);
	idt()[TRAP_INT3] = gate(HV_CS, stub_address(TRAP_INT3), GATE_INTERRUPT, 3);
	idt()[TRAP_OVERFLOW] = gate(HV_CS, stub_address(TRAP_OVERFLOW), GATE_INTERRUPT, 3);
	idt()[TRAP_DOUBLE_FAULT] = gate(HV_DF_TSS, 0, GATE_TASK, 0);
	idt()[VECTOR_HYPERCALL] = gate(HV_CS, (uintptr_t)entry_hypercall, GATE_INTERRUPT, 1);
}

static void fill_task(struct tss *tss, void (*entry)(void), uint32_t stack)
{
	tss->cr3 = paging_hv_cr3();
	tss->eip = (uintptr_t)entry;
	tss->eflags = EFLAGS_FIXED;
	tss->esp = stack;
	tss->cs = HV_CS;
	tss->ss = tss->ds = tss->es = HV_DS;
	tss->iobase = sizeof(*tss);
}

static void load_tables(void)
{
	const struct table_pointer gdtr = { (FIRST_RESERVED_GDT_PAGE + 1) * PAGE_SIZE - 1,
					    WINDOW(cpu_id()) + WINDOW_GDT };
	const struct table_pointer idtr = { 256 * 8 - 1, (uintptr_t)idt() };

	__asm__ volatile(
		"lgdt %0\n\t"
		"ljmp %[cs], $1f\n\t"
		"1: mov %[ds], %%ds\n\t"
		"mov %[ds], %%es\n\t"
		"mov %[ds], %%ss\n\t"
		"mov %[null], %%fs\n\t"
		"mov %[null], %%gs\n\t"
		"lidt %1\n\t"
		"ltr %w[tr]"
		:
		: "m"(gdtr),
		  "m"(idtr), [cs] "i"(HV_CS), [ds] "r"(HV_DS), [null] "r"(0), [tr] "r"(HV_TSS)
		: "memory");
}

void tables_init(void)
{
	struct tss *tss = tables_tss();

	fill_gdt();
	fill_idt();
	/* Below the top: room for what virtual-8086 mode pushes, see switcher.S. */
	tss->esp0 = FRAME_END(cpu_id()) - FRAME_HEADROOM;
	tss->ss0 = HV_DS;
	tss->cr3 = paging_hv_cr3();
	tables_allow_ports(false);
	fill_task(&df_tss, double_fault_task, DF_STACK_TOP(cpu_id()));
	fill_task(&nmi_tss, nmi_task, NMI_STACK_TOP(cpu_id()));
	load_tables();
	tables_set_ldt(0);
}

void tables_nmi_gate(void)
{
	if (!isolation_by_paging)
		idt()[TRAP_NMI] = gate(HV_NMI_TSS, 0, GATE_TASK, 0);
}

void tables_direct_gate(uint16_t cs, uint32_t address, unsigned dpl)
{
	if (address)
		idt()[VECTOR_SYSCALL] = gate(cs, address, GATE_TRAP, dpl);
	else
		idt()[VECTOR_SYSCALL] =
			gate(HV_CS, stub_address(VECTOR_SYSCALL), GATE_INTERRUPT, 0);
}

void tables_set_ldt(uint32_t entries)
{
	uint16_t selector = entries ? HV_LDT : 0;

	if (entries)
		*reserved_gdt(HV_LDT) =
			descriptor(WINDOW(cpu_id()) + WINDOW_LDT, entries * 8 - 1, TYPE_LDT, 0);
	tables_tss()->ldt = selector;
	__asm__ volatile("lldt %0" : : "r"(selector));
}

uint64_t tables_read_descriptor(uint16_t selector)
{
	struct vcpu *v = current_vcpu();
	uint32_t offset = selector & ~7u;

	if (selector & 4) {
		if (offset >= v->arch.ldt_entries * 8 ||
		    v->arch.ldt_frame[offset >> PAGE_SHIFT] == INVALID_MFN)
			return 0;
		return *(uint64_t *)(WINDOW(cpu_id()) + WINDOW_LDT + offset);
	}
	if (offset >= (FIRST_RESERVED_GDT_PAGE + 1) * PAGE_SIZE)
		return 0;
	return *(uint64_t *)(WINDOW(cpu_id()) + WINDOW_GDT + offset);
}
