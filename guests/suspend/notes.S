/* SPDX-License-Identifier: MIT */
/* One note more than other guests have: this one can go on when it was suspended and not saved. */
#include <xen/elfnote.h>

	.pushsection .note.Xen, "a", @note
	.balign 4
	.long 4, 4, XEN_ELFNOTE_SUSPEND_CANCEL
	.asciz "Xen"
	.long 1
	.popsection
