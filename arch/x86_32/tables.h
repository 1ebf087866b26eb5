/* SPDX-License-Identifier: MIT */
/*
 * The processor's own tables: GDT, IDT, TSS (SDM vol. 3, chapters 3, 6, 7).
 * They live in this CPU's switcher window.
 */
#pragma once

#include "arch/x86_32/arch.h"
#include "arch/x86_32/descriptor.h"

struct tss {
	uint32_t link;
	uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
	uint32_t cr3, eip, eflags;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs, ldt;
	uint16_t trap, iobase;
};
_Static_assert(sizeof(struct tss) == 104, "SDM vol. 3, 7.2.1");

/*
 * Boot: fills this CPU's GDT page, IDT, TSSes and loads them. Double
 * faults go to a task from here on.
 */
void tables_init(void);
/*
 * Boot, once the isolation mode is known: NMIs go to a task where the
 * guest's view allows that (segment mode).
 */
void tables_nmi_gate(void);

/* This CPU's TSS; writable through this address in the hypervisor's view. */
struct tss *tables_tss(void);
/*
 * The I/O permission bitmap behind it: one bit a port, and a last byte
 * of ones that the processor wants.
 */
#define IOBITMAP_SIZE (0x10000u / 8 + 1)
uint8_t *tables_iobitmap(void);
/* Whether the processor looks at the bitmap, or refuses all I/O to rings 1 to 3. */
void tables_allow_ports(bool allow);
/* The state that a double fault interrupted. */
const struct tss *tables_interrupted(void);

/*
 * Installs, or with address 0 removes, the direct gate for VECTOR_SYSCALL. dpl
 * 1..3; cs is a checked ring-1 selector.
 */
void tables_direct_gate(uint16_t cs, uint32_t address, unsigned dpl);

/*
 * The raw descriptor behind a selector as this CPU would load it; 0 when
 * it is out of range or not mapped.
 */
uint64_t tables_read_descriptor(uint16_t selector);
/* Linear base of a data or stack selector of the running guest, as the processor would use it. */
static inline uint32_t tables_segment_base(uint16_t selector)
{
	uint32_t offset = selector & ~7u;

	if (selector & SELECTOR_LDT || offset >= (FIRST_RESERVED_GDT_PAGE + 1) * PAGE_SIZE)
		return descriptor_base(tables_read_descriptor(selector));
	return descriptor_base(*(uint64_t *)(WINDOW(cpu_id()) + WINDOW_GDT + offset));
}

/* Entries in the LDT window, 0 for none. */
void tables_set_ldt(uint32_t entries);
