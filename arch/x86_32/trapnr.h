/* SPDX-License-Identifier: MIT */
/* Exception vectors (SDM vol. 3, table 6-1), for C and assembly. */
#pragma once

#define TRAP_DIVIDE 0
#define TRAP_DEBUG 1
#define TRAP_NMI 2
#define TRAP_INT3 3
#define TRAP_OVERFLOW 4
#define TRAP_BOUND 5
#define TRAP_INVALID_OPCODE 6
#define TRAP_NO_DEVICE 7
#define TRAP_DOUBLE_FAULT 8
#define TRAP_COPROCESSOR_SEGMENT 9
#define TRAP_INVALID_TSS 10
#define TRAP_NO_SEGMENT 11
#define TRAP_STACK 12
#define TRAP_GENERAL_PROTECTION 13
#define TRAP_PAGE_FAULT 14
#define TRAP_SPURIOUS 15
#define TRAP_FPU 16
#define TRAP_ALIGNMENT 17
#define TRAP_MACHINE_CHECK 18
#define TRAP_SIMD 19

/* Bits of a page fault's error code. */
#define PF_PRESENT 1
#define PF_WRITE 2
#define PF_USER 4
#define PF_RESERVED 8
#define PF_FETCH 16

/* Bits of the other error codes. */
#define EC_EXTERNAL 1
#define EC_IDT 2
