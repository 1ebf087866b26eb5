/* SPDX-License-Identifier: MIT */
/*
 * Says what the time stamp counter was when a loader began a Linux kernel: the zero from which
 * boots on the bare machine are timed. It looks like a bzImage (Documentation/x86/boot.rst of
 * the kernel) with one sector of real-mode code, prints `BENCH start: 0x<hexadecimal>` to COM1,
 * and halts.
 */
	.code16
	.text
	.globl _start
_start:
	.org	0x1f1
	.byte	1			/* setup_sects */
	.word	0
	.long	1			/* syssize, in paragraphs */
	.word	0, 0, 0
	.word	0xaa55
	/* The entry: loaders jump here, at offset 0x200 from the segment. */
	jmp	start
	.ascii	"HdrS"
	.word	0x0206			/* version of the protocol */
	.long	0
	.word	0, 0
	.byte	0xff			/* type_of_loader: unknown */
	.byte	1			/* loadflags: the rest of the kernel belongs at 1 MiB */
	.word	0
	.long	0x100000
	.long	0, 0, 0
	.word	0, 0
	.long	0
	.long	0x7fffffff		/* initrd_addr_max */
	.long	0
	.byte	0
	.org	0x260
	.long	0
start:
	rdtsc
	movl	%eax, %esi
	movl	%edx, %edi
	pushw	%cs
	popw	%ds
	movw	$0x3fd, %dx		/* COM1's line status; its data port is 5 below */
	movw	$greeting, %bx
1:	movb	(%bx), %al
	incw	%bx
	testb	%al, %al
	jz	2f
	call	put
	jmp	1b
2:	movl	%edi, %ebx
	call	put_hex
	movl	%esi, %ebx
	call	put_hex
	movb	$'\n', %al
	call	put
3:	hlt
	jmp	3b

put_hex:				/* %ebx, as eight digits */
	movw	$8, %cx
1:	roll	$4, %ebx
	movb	%bl, %al
	andb	$15, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	2f
	addb	$'a' - '9' - 1, %al
2:	call	put
	loop	1b
	ret

put:					/* %al */
	movb	%al, %ah
1:	inb	%dx, %al
	testb	$0x20, %al		/* room for a byte */
	jz	1b
	subw	$5, %dx
	movb	%ah, %al
	outb	%al, %dx
	addw	$5, %dx
	ret

	/* The code's segment is 0x20 paragraphs above the header's. */
	.set	greeting, text - 0x200
text:	.asciz	"BENCH start: 0x"
	.org	0x400
	.fill	16
