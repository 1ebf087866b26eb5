/* SPDX-License-Identifier: MIT */
/*
 * Restarts: a hypercall that would take too long puts its remaining work into the guest's
 * registers and moves the guest's instruction pointer back on the `int`, so that the guest itself
 * issues it again after whatever was waiting. The guest may change these registers meanwhile: a
 * handler checks every argument anew each time.
 */
#include <stdarg.h>

#include "hypercall/hypercall.h"
#include "hypercall/multicall.h"

#include "core/panic.h"

#define HYPERCALL_INSN_SIZE 2 /* int $0x82: opcode and vector */

struct multicall_restart multicall_restart[NR_CPUS];

static void restart_in_multicall(uint32_t op, unsigned nr_args, va_list args)
{
	struct multicall_restart *restart = &multicall_restart[cpu_id()];
	unsigned i;

	restart->op = op;
	restart->nr_args = nr_args;
	for (i = 0; i < nr_args; i++)
		restart->args[i] = va_arg(args, uint32_t);
	this_cpu()->multicall_active = MULTICALL_RESTART;
}

static void restart_in_frame(uint32_t op, unsigned nr_args, va_list args)
{
	struct trap_frame *frame = guest_frame();
	uint32_t *const reg[] = { &frame->ebx, &frame->ecx, &frame->edx,
				  &frame->esi, &frame->edi, &frame->ebp };
	unsigned i;

	frame->eax = op;
	frame->eip -= HYPERCALL_INSN_SIZE;
	for (i = 0; i < nr_args; i++)
		*reg[i] = va_arg(args, uint32_t);
}

long hypercall_restart(uint32_t op, unsigned nr_args, ...)
{
	va_list args;

	ASSERT(nr_args <= HYPERCALL_ARGS);
	va_start(args, nr_args);
	if (this_cpu()->multicall_active != MULTICALL_NONE)
		restart_in_multicall(op, nr_args, args);
	else
		restart_in_frame(op, nr_args, args);
	va_end(args);
	/* The exit path stores the result in eax, which has to hold the hypercall's number. */
	return (long)op;
}
