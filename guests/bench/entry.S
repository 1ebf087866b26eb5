/* SPDX-License-Identifier: MIT */
/* The handlers that are measured: the least a guest kernel could do, and back. */
#ifndef __ASSEMBLY__
#define __ASSEMBLY__
#endif
#include <xen/arch-x86_32.h>

#define HYPERCALL_IRET 23 /* bench.c holds it against __HYPERVISOR_iret */

	.text
	/* An exception without an error code, from ring 1: events stay as they were. */
	.globl bench_int3_entry
bench_int3_entry:
	iret

	/* A page fault: skips the two bytes of the instruction that took it. */
	.globl bench_fault_entry
bench_fault_entry:
	addl	$4, %esp
	addl	$2, (%esp)
	iret

	/* int $0x80 from ring 3, by the direct gate. */
	.globl bench_syscall_entry
bench_syscall_entry:
	iret

	/* The upcall: clears what is pending, opens the mask by the hypercall. */
	.globl bench_event_entry
bench_event_entry:
	pushl	%eax
	movb	$0, shared_info_page
	movl	$0, shared_info_page + 4	/* evtchn_pending_sel of vCPU 0 */
	movl	bench_event_word, %eax
	movl	$0, (%eax)
	movl	$HYPERCALL_IRET, %eax
	int	$0x82
	ud2

	.data
	.globl bench_event_word
bench_event_word:
	.long	0

	.section .user.text, "ax", @progbits
	/*
	 * Started with a count in ecx; ends in #UD with the cycles of
	 * that many system calls in eax.
	 */
	.globl bench_user_syscalls
bench_user_syscalls:
	rdtsc
	movl	%eax, %ebx
1:	int	$0x80
	decl	%ecx
	jnz	1b
	rdtsc
	subl	%ebx, %eax
	ud2

	.section .note.GNU-stack, "", @progbits
