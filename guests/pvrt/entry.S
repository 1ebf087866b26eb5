/* SPDX-License-Identifier: MIT */
/*
 * Everything that Xen's x86_32 PV interface makes a guest write in assembly: the ELF
 * notes that the domain builder reads, the hypercall page, the first instruction, the
 * entries for traps, events and the failsafe callback, and the way back out (ABI:
 * <xen/elfnote.h>, <xen/arch-x86/xen-x86_32.h>).
 *
 * A trap enters with this on the ring-1 stack, lowest address first:
 *
 *	[error code]  eip  cs | saved upcall mask << 16  eflags  [esp  ss]
 *
 * The error code is there for the exceptions that have one; esp and ss are
 * there when ring 3 was interrupted.  Every stub completes this to a struct
 * trap_frame (trap.h) and calls trap_dispatch().
 *
 * Return path: when the interrupted code ran with events unmasked, the mask must be opened and the
 * frame popped without losing an event in between.  All registers are restored first; only then is
 * the mask opened, inside [unmask_start, unmask_end).  An upcall that arrives in that window finds
 * registers which already belong to the outer frame, so it drops its own three words and carries on
 * with the outer frame as if it had interrupted that code itself.  The window uses the absolute
 * address of vCPU 0's mask; guests that move vcpu_info or run several vCPUs set
 * trap_return_by_hypercall and leave with HYPERVISOR_iret instead, which does both steps at once.
 */
#ifndef __ASSEMBLY__
#define __ASSEMBLY__
#endif

#include <xen/elfnote.h>
#include <xen/arch-x86_32.h>

#include "guests/pvrt/layout.h"

#define UPCALL_PENDING	shared_info_page + 0
#define UPCALL_MASK	shared_info_page + 1

/* --- ELF notes -------------------------------------------------------------------------------- */

	.macro note type, payload:vararg
	.pushsection .note.Xen, "a", @note
	.balign 4
	.long 4f - 3f, 2f - 1f, \type
3:	.asciz "Xen"
4:	.balign 4
1:	\payload
2:	.balign 4
	.popsection
	.endm

	note XEN_ELFNOTE_GUEST_OS, .asciz "pvrt"
	note XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
	note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
	note XEN_ELFNOTE_VIRT_BASE, .long VIRT_BASE
	note XEN_ELFNOTE_PADDR_OFFSET, .long 0
	note XEN_ELFNOTE_ENTRY, .long _start
	note XEN_ELFNOTE_HYPERCALL_PAGE, .long hypercall_page
	note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
	note XEN_ELFNOTE_FEATURES, .asciz "pae_pgdir_above_4gb"
	note XEN_ELFNOTE_L1_MFN_VALID, .quad 1, 1
	note XEN_ELFNOTE_LOADER, .asciz "generic"
	note XEN_ELFNOTE_HV_START_LOW, .long __HYPERVISOR_VIRT_START

/* --- Start and hypercalls --------------------------------------------------------------------- */

	.section .text.hypercall_page, "ax", @progbits
	.balign 4096
	.globl hypercall_page
hypercall_page:
	.skip 4096, 0x90

	.text
	.globl _start
_start:
	movl	%esi, start_info
	movl	%esp, boot_stack_top
	movl	%eax, boot_registers + 0
	movl	%ebx, boot_registers + 4
	movl	%ecx, boot_registers + 8
	movl	%edx, boot_registers + 12
	movl	%edi, boot_registers + 16
	movl	%ebp, boot_registers + 20
	movw	%cs, boot_registers + 24
	movw	%ss, boot_registers + 28
	movw	%ds, boot_registers + 32
	movw	%es, boot_registers + 36
	movw	%fs, boot_registers + 40
	movw	%gs, boot_registers + 44
	pushfl
	popl	boot_registers + 48
	cld
	movl	$kernel_stack_top, %esp
	xorl	%ebp, %ebp
	call	pv_start
	ud2

/* long hypercall_raw(const struct hypercall_regs *in_out): registers in, registers out. */
	.globl hypercall_raw
hypercall_raw:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	20(%esp), %eax
	pushl	%eax
	movl	4(%eax), %ebx
	movl	8(%eax), %ecx
	movl	12(%eax), %edx
	movl	16(%eax), %esi
	movl	20(%eax), %edi
	movl	24(%eax), %ebp
	movl	(%eax), %eax
	int	$0x82
	xchgl	%eax, (%esp)
	movl	%ebx, 4(%eax)
	movl	%ecx, 8(%eax)
	movl	%edx, 12(%eax)
	movl	%esi, 16(%eax)
	movl	%edi, 20(%eax)
	movl	%ebp, 24(%eax)
	popl	(%eax)
	movl	(%eax), %eax
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

/* --- Entries ---------------------------------------------------------------------------------- */

	.globl event_entry
event_entry:
	testb	$2, 4(%esp)			/* RPL 3: cannot be the window */
	jnz	1f
	cmpl	$unmask_start, (%esp)
	jb	1f
	cmpl	$unmask_end, (%esp)
	jae	1f
	addl	$12, %esp			/* inside the window: the outer frame takes over */
1:	pushl	$0
	pushl	$VECTOR_EVENT
	jmp	trap_common

	/* The failsafe frame has ds, es, fs, gs below eip.  ds itself is null here. */
	.globl failsafe_entry
failsafe_entry:
	popl	%ss:failsafe_selectors + 0
	popl	%ss:failsafe_selectors + 4
	popl	%ss:failsafe_selectors + 8
	popl	%ss:failsafe_selectors + 12
	pushl	$0
	pushl	$VECTOR_FAILSAFE
	jmp	trap_common

	.globl nmi_entry
nmi_entry:
	pushl	$0
	pushl	$2
	jmp	trap_common

	/*
	 * Fixed-size stubs: trap_stubs for exceptions, soft_stubs for
	 * INT n, which has no error code.
	 */
	.macro stub vector, has_error
	.balign TRAP_STUB_SIZE
	.if !\has_error
	pushl	$0
	.endif
	pushl	$\vector
	jmp	trap_common
	.endm

#define HAS_ERROR(v) (((v) == 8) || ((v) >= 10 && (v) <= 14) || ((v) == 17))

	.balign TRAP_STUB_SIZE
	.globl trap_stubs
trap_stubs:
	.set vec, 0
	.rept 256
	.if HAS_ERROR(vec)
	stub	vec, 1
	.else
	stub	vec, 0
	.endif
	.set vec, vec + 1
	.endr

	.balign TRAP_STUB_SIZE
	.globl soft_stubs
soft_stubs:
	.set vec, 0
	.rept 256
	stub	vec, 0
	.set vec, vec + 1
	.endr

	.balign 16
trap_common:
	pushl	%gs
	pushl	%fs
	pushl	%es
	pushl	%ds
	pushl	%eax
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
	movl	$FLAT_KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	cld
	movl	%esp, %eax
	pushl	%eax
	call	trap_dispatch
	addl	$4, %esp

	.globl trap_return
trap_return:
	cmpl	$0, trap_return_by_hypercall
	jne	return_by_hypercall
	testb	$1, FRAME_MASK(%esp)
	jz	return_unmasked
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
	popl	%eax
	popl	%ds
	popl	%es
	popl	%fs
	popl	%gs
	addl	$8, %esp			/* vector, error code */
	.globl iret_masked
iret_masked:
	iret

return_unmasked:
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
	popl	%eax
	popl	%ds
	popl	%es
	popl	%fs
	popl	%gs
	addl	$8, %esp
unmask_start:
	movb	$0, %ss:UPCALL_MASK
	testb	$0xff, %ss:UPCALL_PENDING
	jnz	1f
	.globl iret_unmasked
iret_unmasked:
	iret
1:	movb	$1, %ss:UPCALL_MASK
unmask_end:
	pushl	$0
	pushl	$VECTOR_EVENT
	jmp	trap_common

return_by_hypercall:
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
	popl	%eax
	popl	%ds
	popl	%es
	popl	%fs
	popl	%gs
	addl	$4, %esp			/* vector; the error code's slot takes eax */
	movl	%eax, (%esp)
	movl	$__HYPERVISOR_iret, %eax
	int	$0x82
	ud2

/* --- Probes and ring 3 ------------------------------------------------------------------------ */

/*
 * bool try_enter(void (*fn)(void *), void *arg): false when fn came back, true after try_leave().
 */
	.globl try_enter
try_enter:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	try_stack			/* probes nest */
	movl	%esp, try_stack
	pushl	28(%esp)			/* arg */
	call	*28(%esp)			/* fn */
	xorl	%eax, %eax
	jmp	1f

	.globl try_leave
try_leave:
	movl	$FLAT_KERNEL_DS, %eax		/* the probe may have left any selector behind */
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	cld
	movl	$1, %eax
1:	movl	try_stack, %esp
	popl	try_stack
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

/*
 * void user_enter(const struct user_state *): leaves for ring 3; comes back through user_leave().
 * Entries from ring 3 push below user_stack, which holds what user_leave() needs.
 */
	.globl user_enter
user_enter:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	20(%esp), %esi
	movl	%esp, user_stack
	movl	$FLAT_KERNEL_SS, %ebx
	movl	%esp, %ecx
	movl	$__HYPERVISOR_stack_switch, %eax
	int	$0x82
	pushl	USER_SS(%esi)
	pushl	USER_ESP(%esi)
	pushl	USER_EFLAGS(%esi)
	pushl	USER_CS(%esi)
	pushl	USER_EIP(%esi)
	pushl	USER_EAX(%esi)
	movl	USER_FS(%esi), %eax
	movl	%eax, %fs
	movl	USER_GS(%esi), %eax
	movl	%eax, %gs
	movl	USER_EBX(%esi), %ebx
	movl	USER_ECX(%esi), %ecx
	movl	USER_EDX(%esi), %edx
	movl	USER_EDI(%esi), %edi
	movl	USER_EBP(%esi), %ebp
	pushl	USER_ES(%esi)
	pushl	USER_DS(%esi)
	movl	USER_ESI(%esi), %esi
	popl	%ds
	popl	%es
	movl	$__HYPERVISOR_iret, %eax
	int	$0x82
	ud2

	.globl user_leave
user_leave:
	movl	user_stack, %esp
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.section .user.text, "ax", @progbits
	.globl user_return_thunk
user_return_thunk:
	int	$USER_RETURN_VECTOR
	ud2

	.bss
	.balign 16
	.skip	KERNEL_STACK_SIZE
	.globl kernel_stack_top
kernel_stack_top:
	.globl try_stack
try_stack:
	.skip	4
	.globl user_stack
user_stack:
	.skip	4

	.section .bss.page, "aw", @nobits
	.balign 4096
	.globl shared_info_page
shared_info_page:
	.skip	4096

	.section .note.GNU-stack, "", @progbits
