/* SPDX-License-Identifier: MIT */
/*
 * A domain whose last virtual CPU goes down has powered itself off (VCPUOP_down in <xen/vcpu.h>;
 * what Xen does). The result is printed first, since nothing runs afterwards: a machine that does
 * not end, or a call that returns, spoils it.
 */
#include "guests/pvrt/pvrt.h"

#include <xen/vcpu.h>

int main(void)
{
	pv_printf("TEST last_vcpu.down: PASS\nRESULT: 1 passed, 0 failed\n");
	HYPERVISOR_vcpu_op(VCPUOP_down, 0, NULL);
	pv_printf("TEST last_vcpu.came_back: FAIL the call returned\n");
	return 0;
}
