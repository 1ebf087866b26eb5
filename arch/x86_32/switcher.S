/* SPDX-License-Identifier: MIT */
/*
 * The switcher: every way into the hypervisor and the one way out. This text is mapped at the same
 * address in every address space; in paging mode it is all of the hypervisor that is.
 *
 * The contract
 *   - All gates are interrupt gates: the hypervisor runs with interrupts off but where it says
 *     otherwise.
 *   - From a guest the processor takes esp from the TSS: the top of this CPU's frame page, below it
 *     room for the four words that virtual-8086 mode would push (no guest is let into that mode).
 *     Then, from high to low:
 *
 *         ss  esp  eflags  cs  eip                 pushed by the processor
 *         error code                               by the processor or the stub
 *         vector                                   by the stub
 *         eax ecx edx ebx (esp) ebp esi edi        pusha
 *         ds  es                                   = struct trap_frame
 *
 *     fs and gs stay the guest's; the hypervisor does not use them.
 *   - C runs on the CPU's own stack, which no guest's view has. What is on the frame page may be
 *     guest-readable in paging mode, so nothing but the frame above ever goes there.
 *   - Nothing from the guest is trusted on the way in but through its registers. On the way out,
 *     loading ds, es and iret may fault, because a guest chose what they load: trap_exit_fault()
 *     turns such a fault into the guest's failsafe callback. Any other fault in here is a
 *     hypervisor bug.
 *   - In paging mode LOAD_HV_VIEW and LOAD_GUEST_VIEW switch CR3; in segment mode paging_seal()
 *     turns both into a jump.
 *   - A trap from ring 0 (interrupt at a preemption point, fault on guest memory, NMI or #DB
 *     anywhere, this file included) saves and restores CR3 and data segments, and leaves the frame
 *     page to the guest's frame.
 */
#include "arch/x86_32/layout.h"
#include "arch/x86_32/trapnr.h"
#include "generated/asm-offsets.h"

#define CPU 0 /* NR_CPUS == 1; with more, LOAD_STACK derives the number from esp */
#define FRAME (FRAME_END(CPU) - 16 - FRAME_SIZE)
#define EFLAGS_VM_BYTE2 2 /* bit 17 */

/* A CR3 load that is jumped over in segment mode. Clobbers eax. */
	.macro LOAD_VIEW table
.Lsite\@:
	mov $(\table - IMAGE_START), %eax
	mov %eax, %cr3
.Lend\@:
	.pushsection .patch_sites, "a"
	.long .Lsite\@, .Lend\@
	.popsection
	.endm

	.macro LOAD_HV_VIEW
	LOAD_VIEW hv_l3
	.endm

	.macro LOAD_GUEST_VIEW
	LOAD_VIEW guest_l3
	.endm

	.macro LOAD_HV_SEGMENTS
	mov %ss, %eax
	mov %eax, %ds
	mov %eax, %es
	.endm

	.section .switcher, "ax"

/*
 * One stub per vector, all of the same size, so that the IDT is filled by arithmetic. Vectors for
 * which the processor pushes an error code: SDM vol. 3, 6.13.
 */
#define NO_ERROR_CODE(v)                                                          \
	((v) != 8) && ((v) != 10) && ((v) != 11) && ((v) != 12) && ((v) != 13) && \
	((v) != 14) && ((v) != 17) && ((v) != 21) && ((v) != 29) && ((v) != 30)

	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if NO_ERROR_CODE(vector)
	pushl $0
	.endif
	pushl $vector
	jmp entry_trap
	.set vector, vector + 1
	.endr
	.balign 16
	/* Fails to assemble when a stub outgrew its slot. */
	.org trap_stubs + 256 * 16

	.balign 16
entry_trap:
	pusha
	push %ds
	push %es
	cld
	testb $EFLAGS_VM_BYTE2, FRAME_EFLAGS + 2(%esp)
	jnz entry_virtual_8086
	testb $3, FRAME_CS(%esp)
	jz entry_from_hypervisor
	LOAD_HV_VIEW
	LOAD_HV_SEGMENTS
	mov FRAME_VECTOR(%esp), %eax
	mov %esp, %edx
	mov $STACK_TOP(CPU), %esp
	push %edx
	call *trap_handlers(, %eax, 4)
	jmp exit_to_guest


/*
 * Hypercall: int $0x82. The arguments are pushed for the handler as C takes them. The mask
 * bounds the number on a mispredicted path too.
 */
	.balign 16
	.globl entry_hypercall
entry_hypercall:
	pushl $0
	pushl $VECTOR_HYPERCALL
	pusha
	push %ds
	push %es
	cld
	LOAD_HV_VIEW
	mov $STACK_TOP(CPU), %esp
	push %ebp
	push %edi
	push %esi
	push %edx
	push %ecx
	push %ebx
	LOAD_HV_SEGMENTS
	mov FRAME + FRAME_EAX, %eax
	cmp $NR_HYPERCALLS, %eax
	jae hypercall_unknown
	and $(NR_HYPERCALLS - 1), %eax
	call *hypercall_table(, %eax, 4)
exit_hypercall:
	mov %eax, FRAME + FRAME_EAX
	/* falls through */

/*
 * To the guest. Unless there is work, or an event that the guest has not masked, straight back.
 */
	.globl exit_to_guest
exit_to_guest:
	cmpl $0, pcpu + PCPU_WORK
	jne exit_slow
	mov pcpu + PCPU_INFO, %eax
	cmpb $0, INFO_UPCALL_PENDING(%eax)
	jne exit_event
exit_fast:
	mov $FRAME, %esp
	LOAD_GUEST_VIEW
	.globl exit_restore, exit_iret, exit_restore_end
exit_restore:
	pop %es
	pop %ds
	popa
	add $8, %esp
exit_iret:
	iret
exit_restore_end:

exit_event:
	cmpb $0, INFO_UPCALL_MASK(%eax)
	jne exit_fast
exit_slow:
	mov $STACK_TOP(CPU), %esp
	call exit_work
	jmp exit_fast

/*
 * The guest was in virtual-8086 mode, which it cannot enter: the hypervisor refuses, and the
 * processor ignores the flag outside ring 0. QEMU's TCG does not. The frame sits lower than
 * usual, with what that mode pushes above it.
 */
entry_virtual_8086:
	LOAD_HV_VIEW
	LOAD_HV_SEGMENTS
	mov $STACK_TOP(CPU), %esp
	call trap_virtual_8086
	jmp exit_to_guest

hypercall_unknown:
	mov $-ENOSYS, %eax
	jmp exit_hypercall

/*
 * A trap from ring 0. The stack is the one in use; it may be the frame page, when the
 * trap hit this file, and then the C part runs on the CPU's stack, which nothing uses at
 * that time. (Not on the NMI stack: in segment mode the NMI task would start there again.)
 * A fault while loading the guest's registers gives up the way out.
 */
	.balign 16
entry_from_hypervisor:
	LOAD_HV_SEGMENTS
	mov %cr3, %eax
	push %eax
	LOAD_HV_VIEW
	lea 4(%esp), %eax
	mov FRAME_EIP(%eax), %ecx
	mov FRAME_VECTOR(%eax), %edx
	cmp $exit_restore, %ecx
	jb 1f
	cmp $exit_restore_end, %ecx
	jae 1f
	cmp $TRAP_NMI, %edx
	je 1f
	cmp $TRAP_DEBUG, %edx
	je 1f
	cmp $TRAP_MACHINE_CHECK, %edx
	je 1f
	mov $STACK_TOP(CPU), %esp
	push %eax
	call trap_exit_fault
	jmp exit_to_guest

1:	mov %esp, %edx
	mov %esp, %ecx
	sub $(FRAME_END(CPU) - PAGE_SIZE), %ecx
	cmp $PAGE_SIZE, %ecx
	ja 2f
	mov $STACK_TOP(CPU), %esp
2:	push %edx
	push %eax
	call trap_hypervisor
	mov 4(%esp), %esp
	pop %eax
.Lrestore_view:
	jmp .Lrestore_cr3
.Lrestore_view_end:
	pop %es
	pop %ds
	popa
	add $8, %esp
	iret
.Lrestore_cr3:
	mov %eax, %cr3
	jmp .Lrestore_view_end
	.pushsection .patch_sites, "a"
	.long .Lrestore_view, .Lrestore_view_end
	.popsection

/*
 * Task gates. The processor has switched to a TSS of its own with the hypervisor's view and a
 * stack of its own. A double fault does not come back. The NMI task returns to the
 * interrupted one, and runs on here the next time.
 */
	.text
	.globl double_fault_task, nmi_task
double_fault_task:
	call dump_double_fault
	ud2

nmi_task:
	push $0
	call trap_nmi
	add $4, %esp
	iret
	jmp nmi_task

	.section .note.GNU-stack, "", @progbits
