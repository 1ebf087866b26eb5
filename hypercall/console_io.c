/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_console_io (<xen/xen.h>, CONSOLEIO_*). Any domain may write, into what is kept of its
 * last words; only a control domain reads what is typed.
 */
#include "hypercall/hypercall.h"

#include "core/console.h"

#define CHUNK 128u

static long write(uint32_t count, gva_t buffer)
{
	char text[CHUNK];

	while (count) {
		uint32_t n = MIN(count, CHUNK);

		if (copy_from_guest(text, buffer, n))
			return -EFAULT;
		console_guest_write(current_vcpu()->domain, text, n);
		count -= n;
		buffer += n;
		if (count && preempt_needed())
			return hypercall_restart(__HYPERVISOR_console_io, 3, CONSOLEIO_write, count,
						 buffer);
	}
	return 0;
}

/* The number of characters. Nothing is lost when the buffer turns out bad half way. */
static long read(uint32_t count, gva_t buffer)
{
	char text[CHUNK];
	uint32_t done = 0, n;

	if (count > INT32_MAX)
		return -E2BIG;
	while ((n = console_input_peek(text, MIN(count - done, CHUNK)))) {
		if (copy_to_guest(buffer + done, text, n))
			return -EFAULT;
		console_input_consume(n);
		done += n;
	}
	return (long)done;
}

HYPERCALL(console_io, cmd, count, buffer)
{
	if (cmd == CONSOLEIO_write)
		return write(count, buffer);
	if (!domain_is_control(current_vcpu()->domain))
		return -EPERM;
	return cmd == CONSOLEIO_read ? read(count, buffer) : -ENOSYS;
}
