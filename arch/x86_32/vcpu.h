/* SPDX-License-Identifier: MIT */
/*
 * The register state of a virtual CPU. Included by core/domain.h; compiles on the host.
 */
#pragma once

#include <stdint.h>

#include "core/types.h"

#include <xen/xen.h>

#include "mm/page.h"

/*
 * What the entry path leaves in the frame page (arch/x86_32/switcher.S pushes it
 * from the bottom of this picture up). While a vCPU runs its registers live there;
 * while it does not, in arch_vcpu.frame.
 */
struct trap_frame {
	uint32_t es, ds;
	uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax; /* pusha order */
	uint32_t vector;
	uint32_t error_code;
	uint32_t eip, cs, eflags;
	uint32_t esp, ss; /* only when the trap came from an outer ring */
};

#define EFLAGS_CF 0x00000001u
#define EFLAGS_FIXED 0x00000002u
#define EFLAGS_TF 0x00000100u
#define EFLAGS_IF 0x00000200u
#define EFLAGS_DF 0x00000400u
#define EFLAGS_IOPL 0x00003000u
#define EFLAGS_IOPL_SHIFT 12
#define EFLAGS_NT 0x00004000u
#define EFLAGS_RF 0x00010000u
#define EFLAGS_VM 0x00020000u
#define EFLAGS_AC 0x00040000u
#define EFLAGS_VIF 0x00080000u
#define EFLAGS_VIP 0x00100000u

/* One handler of the guest's virtual IDT, packed. address 0: none. */
struct guest_trap {
	uint32_t address;
	uint16_t cs;
	uint8_t dpl;
	bool masks_events; /* TI_GET_IF */
};

struct guest_callback {
	uint32_t eip;
	uint16_t cs;
	bool masks_events; /* CALLBACKF_mask_events */
};

#define GUEST_GDT_FRAMES 14
#define GUEST_LDT_PAGES 16
#define DESCRIPTORS_PER_PAGE (PAGE_SIZE / 8)

struct arch_vcpu {
	struct trap_frame frame; /* while not on a CPU */
	uint32_t fs, gs;	 /* while not on a CPU */

	/*
	 * Address space. top is the L3 frame (holds an L3 type reference),
	 * INVALID_MFN before the first.
	 */
	mfn_t top;
	/*
	 * A table whose last reference this vCPU drops in steps (mmu_drop_table()): both
	 * its references are held here. 0: none.
	 */
	mfn_t old_table;

	struct guest_trap trap[256];
	struct guest_callback event_callback, failsafe_callback, nmi_callback;
	uint32_t kernel_ss, kernel_esp;

	uint32_t gdt_entries; /* 0 .. 14 * 512 */
	/* each holds a PGT_SEG_DESC reference; INVALID_MFN: none */
	mfn_t gdt_frame[GUEST_GDT_FRAMES];
	gva_t ldt_base;	      /* page aligned */
	uint32_t ldt_entries; /* 0 .. 8192 */
	/* mapped on demand, each with a PGT_SEG_DESC reference */
	mfn_t ldt_frame[GUEST_LDT_PAGES];
	bool ldt_mapped; /* any of ldt_frame in use */

	/* 4 unused; 5: enable bits of I/O breakpoints, which emulation checks */
	uint32_t debugreg[8];
	bool ts;      /* the guest's own task-switched flag */
	uint8_t iopl; /* virtual I/O privilege, 0..3 */
	uint32_t guest_cr4;
	uint64_t xcr0;	       /* in force while guest_cr4 has OSXSAVE */
	void *fpu;	       /* XSAVE or FXSAVE image, FNSAVE on a CPU without; 64-byte aligned */
	bool nmi_masked;       /* from the delivery of an NMI to the guest's iret hypercall */
	bool failsafe_pending; /* failsafe_fs or failsafe_gs could not be loaded */
	bool reload_segments;  /* descriptors changed: re-check fs and gs before the next return */
	uint32_t failsafe_fs, failsafe_gs;
	gva_t iobitmap; /* guest address of its bitmap for ring 3, or 0 */
	uint32_t iobitmap_ports;
	uint32_t segment_flips; /* 4gb_segments: how often it had to help */
};
