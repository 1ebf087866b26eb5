/* SPDX-License-Identifier: MIT */
/*
 * The I/O permission bitmap behind this CPU's TSS (SDM vol. 1, 19.5.2): ports that need no
 * emulation. It holds for rings 1 and 3 alike, and a guest goes from one to the other without
 * the hypervisor; so it is in force only while the guest's virtual privilege level allows ports
 * to ring 3 too. A kernel that keeps its user programs from ports (level 1) goes through
 * emulation, at about a thousand instructions an access.
 *
 * I/O breakpoints are emulation's as well: while a vCPU has one, it gets no bitmap. Nor do
 * other domains than control domains: they have few ports, if any, and one bitmap serves all.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/emulate_internal.h"
#include "arch/x86_32/platform.h"
#include "arch/x86_32/tables.h"
#include "core/lib.h"

#define ANY_RING 3

/* Bits are set for what is not allowed. */
INIT void iobitmap_init(void)
{
	uint8_t *bitmap = tables_iobitmap();

	memset(bitmap, 0xff, IOBITMAP_SIZE);
	for (uint32_t port = 0; port < NR_PORTS; port++)
		if (port_needs_no_check((uint16_t)port))
			bitmap[port / 8] &= (uint8_t) ~(1u << port % 8);
}

void arch_iopl_changed(struct vcpu *v)
{
	bool direct;

	if (v != current_vcpu())
		return;
	direct = v->arch.iopl == ANY_RING && domain_is_control(v->domain) && !v->arch.debugreg[5];
	tables_allow_ports(direct);
}
