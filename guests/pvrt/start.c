/* SPDX-License-Identifier: MIT */
/* From the first instruction in C to main(), and the ends of a domain. */
#include "guests/pvrt/event.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/print.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/trap.h"
#include "guests/pvrt/user.h"

/* In .data: entry code stores to them before anything else runs. */
struct start_info *start_info __attribute__((section(".data"))) = NULL;
uint32_t boot_stack_top __attribute__((section(".data"))) = 0;
struct boot_registers boot_registers __attribute__((section(".data"))) = { 0 };

struct shared_info *const shared_info = (struct shared_info *)shared_info_page;
volatile struct vcpu_info *vcpu_info;

void pv_start(void) __attribute__((noreturn));

void pv_start(void)
{
	mm_init();
	BUG_ON(mm_map(shared_info_page, start_info->shared_info | PTE_P | PTE_RW | PTE_A | PTE_D));
	vcpu_info = &shared_info->vcpu_info[0];
	event_init();
	trap_init();
	user_init();
	main();
	pv_shutdown(SHUTDOWN_poweroff);
}

bool pv_is_privileged(void)
{
	return start_info->flags & SIF_PRIVILEGED;
}

void pv_shutdown(unsigned int reason)
{
	struct sched_shutdown shutdown = { .reason = reason };

	for (;;)
		HYPERVISOR_sched_op(SCHEDOP_shutdown, &shutdown);
}

void pv_panic(const char *fmt, ...)
{
	va_list ap;

	pv_printf("panic: ");
	va_start(ap, fmt);
	pv_vprintf(fmt, ap);
	va_end(ap);
	pv_printf("\n");
	pv_shutdown(SHUTDOWN_crash);
}
