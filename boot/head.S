/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to C. GRUB enters in 32-bit protected mode, paging off, at
 * physical addresses (Multiboot2 specification, 3.3 "I386 machine state"). Temporary
 * tables map the first 4 GiB one to one up to HV_START, and the image at IMAGE_START;
 * start_hypervisor() replaces them with the real ones.
 *
 * Everything up to the jump runs at its load address: PHYS() of a symbol is where it is now.
 */
#include "arch/x86_32/layout.h"
#include "boot/multiboot2.h"

#define PHYS(symbol) ((symbol) - IMAGE_START)
#define PTE_LARGE 0x083
#define CR0_PG_WP_PE 0x80010001
#define CR4_PAE 0x20
#define CPUID_EDX_PAE (1 << 6)
#define EFLAGS_ID (1 << 21)
#define COM1_DATA 0x3f8

	.section .multiboot2, "ax"
	.balign MULTIBOOT2_HEADER_ALIGN
header:
	.long MULTIBOOT2_HEADER_MAGIC
	.long MULTIBOOT2_ARCHITECTURE_I386
	.long header_end - header
	.long -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_ARCHITECTURE_I386 + (header_end - header))

	.balign MULTIBOOT2_TAG_ALIGN
	.short MULTIBOOT2_HEADER_TAG_INFORMATION_REQUEST, 0
	.long 5 * 4
	.long MULTIBOOT2_TAG_CMDLINE
	.long MULTIBOOT2_TAG_MODULE
	.long MULTIBOOT2_TAG_MMAP

	.balign MULTIBOOT2_TAG_ALIGN
	.short MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS, 0
	.long 12
	.long PHYS(boot_entry)

	.balign MULTIBOOT2_TAG_ALIGN
	.short MULTIBOOT2_HEADER_TAG_MODULE_ALIGN, 0
	.long 8

	.balign MULTIBOOT2_TAG_ALIGN
	.short MULTIBOOT2_HEADER_TAG_CONSOLE_FLAGS, MULTIBOOT2_HEADER_TAG_OPTIONAL
	.long 12
	.long MULTIBOOT2_CONSOLE_EGA_TEXT_SUPPORTED

	.balign MULTIBOOT2_TAG_ALIGN
	.short MULTIBOOT2_HEADER_TAG_END, 0
	.long 8
header_end:

	.section .boot.text, "ax"
	.globl boot_entry
boot_entry:
	cli
	cld
	mov $PHYS(boot_stack_top), %esp
	mov %eax, %esi			/* loader's magic */
	mov %ebx, %edi			/* its information structure */

	/* PAE or no further: without it there are no page tables that a guest could use. */
	pushf
	pop %eax
	mov %eax, %ecx
	xor $EFLAGS_ID, %eax
	push %eax
	popf
	pushf
	pop %eax
	cmp %eax, %ecx
	je no_pae
	mov $1, %eax
	cpuid
	test $CPUID_EDX_PAE, %edx
	jz no_pae

	/* Four L2 tables of large pages, one to one. */
	mov $PHYS(boot_l2), %ebx
	mov $PTE_LARGE, %eax
	mov $4 * 512, %ecx
1:	mov %eax, (%ebx)
	movl $0, 4(%ebx)
	add $8, %ebx
	add $(1 << L2_SHIFT), %eax
	loop 1b

	/* ... but for the image's slots, which show the first megabytes again. */
	mov $PHYS(boot_l2) + (IMAGE_START >> L2_SHIFT) * 8, %ebx
	mov $PTE_LARGE, %eax
	mov $(IMAGE_SIZE >> L2_SHIFT), %ecx
2:	mov %eax, (%ebx)
	add $8, %ebx
	add $(1 << L2_SHIFT), %eax
	loop 2b

	mov $PHYS(boot_l3), %ebx
	mov $PHYS(boot_l2) + 1, %eax	/* an L3 entry has no write bit */
	mov $4, %ecx
3:	mov %eax, (%ebx)
	movl $0, 4(%ebx)
	add $8, %ebx
	add $PAGE_SIZE, %eax
	loop 3b

	mov %cr4, %eax
	or $CR4_PAE, %eax
	mov %eax, %cr4
	mov $PHYS(boot_l3), %eax
	mov %eax, %cr3
	mov %cr0, %eax
	or $CR0_PG_WP_PE, %eax
	mov %eax, %cr0
	mov $high, %eax
	jmp *%eax
high:
	mov $boot_stack_top, %esp
	xor %ebp, %ebp			/* backtraces end here */
	push %edi
	push %esi
	call start_hypervisor
	ud2

no_pae:	mov $PHYS(no_pae_text), %esi
4:	lodsb
	test %al, %al
	jz 6f
	mov %al, %ah
	mov $COM1_DATA + 5, %dx
	mov $0xffff, %ecx
5:	in %dx, %al
	test $0x20, %al
	loopz 5b
	mov %ah, %al
	mov $COM1_DATA, %dx
	out %al, %dx
	jmp 4b
6:	hlt
	jmp 6b

no_pae_text:
	.asciz "(RL) PANIC: this processor has no PAE; Ringlet needs a Pentium Pro or later\r\n"

	.section .bss.page_aligned, "aw", @nobits
	.balign PAGE_SIZE
boot_l2:
	.skip 4 * PAGE_SIZE
boot_l3:
	.skip 32
	.balign 16
boot_stack:
	.skip 4 * PAGE_SIZE
	.globl boot_stack_top
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
