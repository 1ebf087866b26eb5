/* SPDX-License-Identifier: MIT */
/*
 * One entry of a multicall, the arguments pushed for the handler straight from the guest's list. In
 * assembly because this is all a batch costs per call. Contract in arch/x86_32/uaccess.h.
 */
#include "arch/x86_32/extable.h"
#include "generated/asm-offsets.h"

	.text
	.globl arch_multicall_call
arch_multicall_call:
	push %ebp
	mov %esp, %ebp
	push %ebx
	mov 8(%ebp), %ebx
1:	push ENTRY_ARGS + 20(%ebx)
2:	push ENTRY_ARGS + 16(%ebx)
3:	push ENTRY_ARGS + 12(%ebx)
4:	push ENTRY_ARGS + 8(%ebx)
5:	push ENTRY_ARGS + 4(%ebx)
6:	push ENTRY_ARGS(%ebx)
7:	mov ENTRY_OP(%ebx), %eax
	cmp $NR_HYPERCALLS, %eax
	jae unknown
	cmp $NR_IRET, %eax
	je iret
	and $(NR_HYPERCALLS - 1), %eax	/* the bound holds on a mispredicted path too */
	call *hypercall_table(, %eax, 4)
8:	mov %eax, ENTRY_RESULT(%ebx)
	xor %eax, %eax
leave:	mov -4(%ebp), %ebx
	mov %ebp, %esp
	pop %ebp
	ret

unknown:
	mov $-ENOSYS, %eax
	jmp 8b

	/*
	 * The list ends here: its result is the guest's own business,
	 * and may no longer be storable.
	 */
iret:	call *hypercall_table + 4 * NR_IRET
9:	mov %eax, ENTRY_RESULT(%ebx)
left:	mov $MULTICALL_LEFT, %eax
	jmp leave
fault:	mov $-EFAULT, %eax
	jmp leave

	EXTABLE(1b, fault)
	EXTABLE(2b, fault)
	EXTABLE(3b, fault)
	EXTABLE(4b, fault)
	EXTABLE(5b, fault)
	EXTABLE(6b, fault)
	EXTABLE(7b, fault)
	EXTABLE(8b, fault)
	EXTABLE(9b, left)

	.section .note.GNU-stack, "", @progbits
