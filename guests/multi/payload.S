/* SPDX-License-Identifier: MIT */
/* The payload's image, as the build made it. */
	.section .rodata
	.balign 16
	.globl payload_start, payload_end
payload_start:
	.incbin PAYLOAD
payload_end:
