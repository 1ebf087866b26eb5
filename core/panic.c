/* SPDX-License-Identifier: MIT */
/*
 * The end of the line. Everything here must work with any lock held and any
 * state broken: it allocates nothing and takes no lock, and a failure inside it
 * stops the machine without another word.
 */
#include "core/panic.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/platform.h"
#include "core/console.h"
#include "core/lib.h"
#include "core/options.h"

#define USEC_PER_SEC 1000000u

static bool panicking;

void machine_stop(void)
{
	if (options.panic_seconds && !options.noreboot) {
		printk("Restarting in %u seconds\n", options.panic_seconds);
		for (uint32_t i = 0; i < options.panic_seconds; i++)
			clock_delay_us(USEC_PER_SEC);
		machine_reboot();
	}
	printk("The machine is stopped\n");
	machine_halt();
}

static void enter_panic(void)
{
	if (panicking)
		machine_halt();
	panicking = true;
	console_panic_mode();
}

void panic(const char *fmt, ...)
{
	char text[256];
	va_list args;

	enter_panic();
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk("PANIC: %s%s", text, strchr(text, '\n') ? "" : "\n");
	machine_stop();
}

void bug(const char *file, int line, const char *what)
{
	enter_panic();
	printk("PANIC: hypervisor bug at %s:%d: %s\n", file, line, what);
	arch_dump_state();
	machine_stop();
}
