/* SPDX-License-Identifier: MIT */
/*
 * The machine round the processor: consoles, clocks, interrupt controllers, firmware tables, power.
 */
#pragma once

#include "core/types.h"

/* ---- fixmap (arch/x86_32/paging.c): windows on device and firmware memory ---- */
/* Maps [paddr, paddr + len) for good, uncached when `device`; NULL when the range is full. */
void *fixmap_map(paddr_t paddr, uint32_t len, bool device);
/* Frees everything mapped since the mark; boot only (firmware tables). */
uint32_t fixmap_mark(void);
void fixmap_release(uint32_t mark);

/* ---- serial lines (serial.c) and screen (vga.c) ---- */
/*
 * serial_write() of arch.h writes to every serial console and, with options.vga, to the screen; \n
 * becomes \r\n on a serial line.
 */
void serial_early_init(void); /* COM1 at once, for messages before the options are known */
void serial_flush(void);      /* waits until everything is on the line */
void serial_init(void);	      /* by options.com_used and com_baud */
void serial_enable_irq(void); /* input by interrupt, once those work */
void serial_interrupt(void);  /* reads what came, feeds console_input() */
/* EGA text, or the framebuffer of boot_info with the video BIOS's font; nothing when neither. */
void vga_init(void);
void vga_write(const char *text, size_t len);

/* ---- ACPI (acpi.c): found and checked (checksums, lengths) at boot ---- */
struct acpi_info {
	uint32_t pm_timer_port; /* 0: none */
	uint32_t pm1a_control, pm1b_control;
	uint16_t sleep_type_a, sleep_type_b; /* \_S5; valid when have_s5 */
	bool have_s5;
	uint32_t smi_command; /* takes acpi_enable to leave legacy mode; 0: none */
	uint8_t acpi_enable;
	uint32_t reset_port; /* FADT reset register in I/O space, 0: none */
	uint8_t reset_value;
	paddr_t hpet;
	paddr_t lapic;
	uint32_t nr_ioapics;
	struct {
		paddr_t address;
		uint32_t gsi_base;
	} ioapic[4];
	struct {
		uint8_t gsi;
		uint8_t flags; /* MADT polarity and trigger */
	} isa_override[16];
	uint8_t century_register; /* CMOS index, 0: none */
};
extern struct acpi_info acpi;
void acpi_init(void);

/* ---- 8259 (i8259.c), local APIC (apic.c) ---- */
void i8259_init(void); /* remapped to VECTOR_8259, all masked */
bool apic_init(void); /* enables the local APIC (virtual wire); false: there is none, or `noapic` */
bool apic_present(void);
uint8_t apic_id(void);
void apic_eoi(void);
void apic_leave_8259(void); /* its interrupts no longer pass */
/* The APIC's count-down timer, which raises VECTOR_APIC_TIMER once; 0 ticks: stop. */
void apic_timer_start(uint32_t ticks);
uint32_t apic_timer_left(void);

/*
 * ---- clock (clock.c): the TSC, calibrated against HPET, PM timer or PIT; one-shot interrupts from
 * APIC timer or PIT ----
 */
void clock_init(void); /* after acpi_init, i8259_init, apic_init; interrupts off */
uint32_t clock_tsc_khz(void);
/*
 * Body of the handler of either timer interrupt: raises WORK_TIMER. The caller acknowledges
 * (apic_eoi or irq_dispatch).
 */
void clock_timer_interrupt(void);
/* Seconds since 1970 from the CMOS clock, read consistently. */
uint64_t rtc_read(void);
/* Busy wait, for boot and panic. */
void clock_delay_us(uint32_t us);

/* ---- I/O ports (iobitmap.c) ---- */
void iobitmap_init(void); /* boot, once acpi and options are known */

/* ---- interrupt lines (irq.c; more in arch/x86_32/irq.h) ---- */
/* after acpi_init, i8259_init, apic_init: which controller it is to be, all lines masked */
void irq_init(void);
/*
 * A device interrupt: a vector from VECTOR_IOAPIC up to the last of the
 * 8259s'. Called by the trap code.
 */
void irq_dispatch(unsigned vector);
