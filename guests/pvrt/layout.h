/* SPDX-License-Identifier: MIT */
/* Numbers that C, assembly and guest.ld share; C asserts those that describe structures. */
#pragma once

#define VIRT_BASE 0xC0000000
#define PAGE_BYTES 0x1000
#define KERNEL_STACK_SIZE 32768
#define TRAP_STUB_SIZE 16

/* Entries that are no processor vectors. */
#define VECTOR_FAILSAFE 256
#define VECTOR_EVENT 257
#define NR_VECTORS 258

/* The software interrupt by which ring-3 code returns to the kernel (a direct gate). */
#define USER_RETURN_VECTOR 0x80

/* Offset of struct trap_frame.upcall_mask. */
#define FRAME_MASK 58

/* Offsets in struct user_state. */
#define USER_EAX 0
#define USER_EBX 4
#define USER_ECX 8
#define USER_EDX 12
#define USER_ESI 16
#define USER_EDI 20
#define USER_EBP 24
#define USER_DS 28
#define USER_ES 32
#define USER_FS 36
#define USER_GS 40
#define USER_EIP 44
#define USER_CS 48
#define USER_EFLAGS 52
#define USER_ESP 56
#define USER_SS 60
