/* SPDX-License-Identifier: MIT */
#include "core/errno.h"
#include "hypercall/hypercall.h"

long ASMCALL do_sysctl(uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5, uint32_t a6)
{
	return hypercall_enosys(a1, a2, a3, a4, a5, a6);
}

long ASMCALL do_domctl(uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5, uint32_t a6)
{
	return hypercall_enosys(a1, a2, a3, a4, a5, a6);
}
