/* SPDX-License-Identifier: MIT */
/*
 * The address map. One table for C, assembly and the linker script.
 *
 * Everything from HV_START up belongs to the hypervisor in every address space. The order below is
 * the order in memory; the asserts in arch/x86_32/paging.c tie the table to the ABI
 * (__HYPERVISOR_VIRT_START_PAE) and show that no two ranges overlap.
 *
 *   range         what                                          guest's view (segment | paging)
 *   M2P           machine-to-physical table                     read-only    | read-only
 *   FRAMETABLE    one struct page_info per machine frame        out of limit | absent
 *   IMAGE         hypervisor text, read-only data, data, bss    out of limit | absent
 *   HEAP          single pages and small objects, on demand     out of limit | absent
 *   M2P_RW        the machine-to-physical table, writable       out of limit | absent
 *   MAPCACHE      per-CPU windows on arbitrary frames           out of limit | absent
 *   FIXMAP        device registers, boot-time look-ups          out of limit | absent
 *   STACKS        per-CPU stacks between guard pages            out of limit | absent
 *   PTMAP         the L1 tables of the hypervisor's range       out of limit | absent
 *   SWITCHER      entry and exit text, then one window per CPU  out of limit | present
 *
 * "out of limit": mapped, but above the end of every segment that a guest can load. Guest segments
 * end at GUEST_SEGMENT_END, that is, they include the machine-to-physical table.
 */
#pragma once

#ifdef __ASSEMBLY__
#define _U(x) x
#else
#define _U(x) x##u
#endif

#define PAGE_SHIFT 12
#define PAGE_SIZE _U(0x1000)
#define L2_SHIFT 21
#define L3_SHIFT 30

#define HV_START _U(0xF5800000)

#define M2P_START HV_START
#define M2P_SIZE _U(0x01000000)
#define GUEST_SEGMENT_END (M2P_START + M2P_SIZE)

#define FRAMETABLE_START _U(0xF6800000)
#define FRAMETABLE_SIZE _U(0x06000000)

#define IMAGE_START _U(0xFC800000)
#define IMAGE_SIZE _U(0x00400000)
#define IMAGE_LOAD_PADDR _U(0x00100000) /* the image begins at IMAGE_START + this */

#define HEAP_START _U(0xFCC00000)
#define HEAP_SIZE _U(0x01800000)

/*
 * The machine-to-physical table again, writable: what guests see of it never is,
 * and in segment mode their view is ours.
 */
#define M2P_RW_START _U(0xFE400000)

#define MAPCACHE_START _U(0xFF400000)
#define MAPCACHE_SIZE _U(0x00200000)

#define FIXMAP_START _U(0xFF600000)
#define FIXMAP_SIZE _U(0x00200000)

#define STACKS_START _U(0xFF800000)
#define STACKS_SIZE _U(0x00200000)

/* One L2 slot that points back at the L2 page: entry n of it is the L1 table of L2 slot n. */
#define PTMAP_START _U(0xFFA00000)

#define SWITCHER_START _U(0xFFC00000)
#define SWITCHER_SIZE _U(0x00200000)
#define SWITCHER_TEXT_SIZE _U(0x00010000)

/* The last L2 slot stays empty: no hypervisor pointer plus a small offset wraps to zero. */

#define NR_CPUS 1

/*
 * Per-CPU stack area: guard page, the stack, guard page, the double-fault
 * stack, guard page, the NMI stack.
 */
#define STACK_STRIDE _U(0x00010000)
#define STACK_SIZE _U(0x00004000)
#define STACK_BOTTOM(cpu) (STACKS_START + (cpu)*STACK_STRIDE + PAGE_SIZE)
#define STACK_TOP(cpu) (STACK_BOTTOM(cpu) + STACK_SIZE)
#define DF_STACK_BOTTOM(cpu) (STACK_TOP(cpu) + PAGE_SIZE)
#define DF_STACK_TOP(cpu) (DF_STACK_BOTTOM(cpu) + PAGE_SIZE)
#define NMI_STACK_BOTTOM(cpu) (DF_STACK_TOP(cpu) + PAGE_SIZE)
#define NMI_STACK_TOP(cpu) (NMI_STACK_BOTTOM(cpu) + PAGE_SIZE)

/*
 * Per-CPU window of the switcher. Offsets within the window:
 *   GDT    FIRST_RESERVED_GDT_PAGE pages of the guest's, then the reserved page: the hypervisor's
 *          and the flat selectors
 *   LDT    16 pages of the guest's
 *   TABLES IDT and the values that the switcher itself reads; read-only in the guest's view
 *   TSS    task state segment, followed by the I/O permission bitmap; read-only in the guest's view
 *   FRAME  the trap frame page: the ring-0 stack at entry and exit, nothing else
 */
#define WINDOW_STRIDE _U(0x00030000)
#define WINDOW(cpu) (SWITCHER_START + SWITCHER_TEXT_SIZE + (cpu)*WINDOW_STRIDE)
#define WINDOW_GDT _U(0x00000)
#define WINDOW_LDT _U(0x10000)
#define WINDOW_TABLES _U(0x20000)
#define WINDOW_TSS _U(0x22000)
#define WINDOW_TSS_SIZE _U(0x3000)
#define WINDOW_FRAME _U(0x28000)
#define FRAME_END(cpu) (WINDOW(cpu) + WINDOW_FRAME + PAGE_SIZE)

/* Selectors in the reserved page of the GDT; the flat guest selectors are fixed by xen-x86_32.h. */
#define FIRST_RESERVED_GDT_PAGE 14
#define HV_CS 0xe008
#define HV_DS 0xe010
#define HV_TSS 0xe038
#define HV_DF_TSS 0xe040
#define HV_NMI_TSS 0xe048
#define HV_LDT 0xe050

/* Vectors that the hypervisor keeps for itself; a guest's own `int n` on them goes through #GP. */
#define VECTOR_HYPERCALL 0x82
#define VECTOR_SYSCALL 0x80
#define VECTOR_8259 0xe0
#define VECTOR_IOAPIC 0xb0
#define VECTOR_APIC_TIMER 0xf0
#define VECTOR_APIC_SPURIOUS 0xff
