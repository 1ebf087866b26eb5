/* SPDX-License-Identifier: MIT */
/*
 * Bits of the control and debug registers (SDM vol. 3, 2.5 and 17.2). Compiles on the host and in
 * assembly.
 */
#pragma once

#include "arch/x86_32/layout.h"

#define CR0_PE _U(0x00000001)
#define CR0_MP _U(0x00000002)
#define CR0_EM _U(0x00000004)
#define CR0_TS _U(0x00000008)
#define CR0_NE _U(0x00000020)
#define CR0_WP _U(0x00010000)
#define CR0_PG _U(0x80000000)

#define CR4_TSD _U(0x00000004)
#define CR4_DE _U(0x00000008)
#define CR4_PSE _U(0x00000010)
#define CR4_PAE _U(0x00000020)
#define CR4_MCE _U(0x00000040)
#define CR4_PGE _U(0x00000080)
#define CR4_OSFXSR _U(0x00000200)
#define CR4_OSXMMEXCPT _U(0x00000400)
#define CR4_OSXSAVE _U(0x00040000)

#define DR6_RESERVED_ZERO _U(0x00001000)
#define DR6_RESERVED_ONE _U(0xffff0ff0)
#define DR6_SINGLE_STEP _U(0x00004000)
#define DR7_ACTIVE _U(0x000000ff) /* any breakpoint enabled */
#define DR7_RESERVED_ONE _U(0x00000400)
#define DR7_RESERVED_ZERO _U(0x0000d800)
#define DR7_GENERAL_DETECT _U(0x00002000)

#ifndef __ASSEMBLY__
#include "core/types.h"

struct vcpu;

/* debugreg.c: DR6 bits of v's I/O breakpoints that an access to [port, port + size) hits. */
uint32_t debugreg_io_match(const struct vcpu *v, uint16_t port, unsigned size);
#endif
