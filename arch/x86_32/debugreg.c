/* SPDX-License-Identifier: MIT */
/*
 * A guest's debug registers, by set_debugreg and by emulated moves. No breakpoint may lie in the
 * hypervisor's range, where it would trap on every entry, and the hypervisor keeps general
 * detection to itself.
 *
 * I/O breakpoints never reach the processor, since a guest's I/O instructions are emulated: their
 * enable bits are kept in debugreg[5] and compared there. Bits: SDM vol. 3, 17.2; results: Xen's.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/uaccess.h"
#include "core/domain.h"
#include "core/errno.h"

#define DR7_FIELD(dr7, n) ((dr7) >> (16 + 4 * (n)) & 0xf)
#define DR7_FIELD_RW 0x3u
#define DR7_FIELD_LEN 0xcu
#define DR7_RW_IO 0x2u
#define DR7_LEN_8 0x8u
#define DR7_ENABLES(n) (3u << 2 * (n))

static bool has_eight_byte_length(uint32_t dr7)
{
	for (unsigned n = 0; n < 4; n++)
		if ((DR7_FIELD(dr7, n) & DR7_FIELD_LEN) == DR7_LEN_8)
			return true;
	return false;
}

/* With the fixed bits as the processor wants them; false: a guest may not have this. */
static bool is_permitted(unsigned reg, uint32_t value, uint32_t *clean)
{
	switch (reg) {
	case 0 ... 3:
		*clean = value;
		return guest_range_ok(value, 4);
	case 6:
		*clean = (value & ~DR6_RESERVED_ZERO) | DR6_RESERVED_ONE;
		return true;
	case 7:
		*clean = (value & ~DR7_RESERVED_ZERO) | DR7_RESERVED_ONE;
		if (value & DR7_GENERAL_DETECT)
			return false;
		return !(value & DR7_ACTIVE) || !has_eight_byte_length(value);
	default:
		return false;
	}
}

/* The enable bits of those of DR7's breakpoints that are on I/O ports. */
static uint32_t io_enables(uint32_t dr7, bool *any)
{
	uint32_t enables = 0;

	*any = false;
	for (unsigned n = 0; n < 4; n++) {
		if ((DR7_FIELD(dr7, n) & DR7_FIELD_RW) != DR7_RW_IO)
			continue;
		*any = true;
		enables |= dr7 & DR7_ENABLES(n);
	}
	return enables;
}

static int set_control(struct vcpu *v, uint32_t value)
{
	uint32_t io = 0;
	bool any;

	if (value & DR7_ACTIVE) {
		io = io_enables(value, &any);
		if (any && !(v->arch.guest_cr4 & CR4_DE))
			return -EPERM;
	}
	v->arch.debugreg[5] = io;
	v->arch.debugreg[7] = value & ~io;
	return 0;
}

int arch_debugreg_set(struct vcpu *v, unsigned reg, uint32_t value)
{
	int rc = 0;

	if (reg > 7 || reg == 4 || reg == 5)
		return -EINVAL;
	if (!is_permitted(reg, value, &value))
		return -EPERM;
	if (reg == 7)
		rc = set_control(v, value);
	else
		v->arch.debugreg[reg] = value;
	if (rc == 0 && v == current_vcpu())
		arch_debugreg_load(v);
	return rc;
}

int arch_debugreg_get(const struct vcpu *v, unsigned reg, uint32_t *value)
{
	bool aliased = reg == 4 || reg == 5;

	if (reg > 7)
		return -EINVAL;
	*value = 0;
	if (aliased && !(v->arch.guest_cr4 & CR4_DE))
		return 0;
	if (aliased)
		reg += 2;
	*value = v->arch.debugreg[reg];
	if (reg == 7)
		*value |= v->arch.debugreg[5];
	return 0;
}

uint32_t debugreg_io_match(const struct vcpu *v, uint16_t port, unsigned size)
{
	static const uint8_t width[4] = { 1, 2, 8, 4 };
	uint32_t match = 0, dr7 = v->arch.debugreg[7];

	if (likely(v->arch.debugreg[5] == 0))
		return 0;
	for (unsigned n = 0; n < 4; n++) {
		uint32_t start = v->arch.debugreg[n], len = width[DR7_FIELD(dr7, n) >> 2];

		if ((v->arch.debugreg[5] & DR7_ENABLES(n)) && start < port + size &&
		    start + len > port)
			match |= 1u << n;
	}
	return match;
}
