/* SPDX-License-Identifier: MIT */
/*
 * ELF notes of the control domain besides those of guests/pvrt: it wants GRUB's modules as a table, it
 * draws a text screen itself, and it shows what guests print.
 */
#include <xen/elfnote.h>

	.section .note.Xen, "a", @note
	.balign 4
	.long	2f - 1f, 4f - 3f, XEN_ELFNOTE_INFO
1:	.asciz	"Xen"
2:	.balign	4
3:	.asciz	"MODULES=multiboot"
4:	.balign	4

	.balign 4
	.long	2f - 1f, 4f - 3f, XEN_ELFNOTE_INFO
1:	.asciz	"Xen"
2:	.balign	4
3:	.asciz	"SCREEN=text"
4:	.balign	4

	.balign 4
	.long	2f - 1f, 4f - 3f, XEN_ELFNOTE_INFO
1:	.asciz	"Xen"
2:	.balign	4
3:	.asciz	"CONSOLE=guests"
4:	.balign	4

	.section .note.GNU-stack, "", @progbits
