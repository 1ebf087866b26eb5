/* SPDX-License-Identifier: MIT */
/*
 * A failsafe callback that cannot be entered itself: each attempt to run the guest ends in the
 * next one's fault, without an instruction of the guest between them. The hypervisor must keep
 * serving the machine's interrupts and timers meanwhile; here the guest's own watchdog ends it
 * (escape classes: XSA-136, XSA-183, the failsafe callback).
 *
 * With privilege level 3 in its selector, the callback starts on the same kernel stack each
 * time, so that nothing is ever used up.
 *
 * Boot: expect=reboot
 */
#include "guests/pvrt/pvrt.h"

#include <xen/sched.h>

#define NO_DESCRIPTOR 0x7ffb /* level 3; beyond the guest's table */
#define SECONDS 1

int main(void)
{
	sched_watchdog_t watchdog = { .timeout = SECONDS };

	BUG_ON(HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog) <= 0);
	BUG_ON(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, PTR32(event_entry), NO_DESCRIPTOR, 0x1000));
	/* A deviation from the rule that guests report cases: nothing runs behind the return. */
	pv_printf("TEST xsa_136.exit_loop: PASS\n");
	__asm__ volatile("pushl %0\n\t" /* ss, esp, eflags, cs, eip, eax */
			 "pushl $0x1000\n\t"
			 "pushl %1\n\t"
			 "pushl %0\n\t"
			 "pushl $0x1000\n\t"
			 "pushl $0\n\t"
			 "mov %2, %%eax\n\t"
			 "int $0x82"
			 :
			 : "i"(NO_DESCRIPTOR), "i"(EFLAGS_IF | EFLAGS_FIXED),
			   "i"(__HYPERVISOR_iret));
	return 1;
}
