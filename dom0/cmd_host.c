/* SPDX-License-Identifier: MIT */
/* Verbs about the machine, and the shell's own. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include <xen/version.h>

#include "dom0/ctl.h"
#include "dom0/files.h"
#include "dom0/hvlog.h"
#include "dom0/line.h"
#include "dom0/shell.h"
#include "guests/pvrt/hypercall.h"

#define PAGES_PER_MIB 256u

/* ---- info: one function for each line that is more than a number ---- */

static void line(const char *key, const char *value)
{
	printf("%-23s: %s\n", key, value);
}

static void number(const char *key, uint64_t value)
{
	printf("%-23s: %llu\n", key, (unsigned long long)value);
}

static void print_machine(void)
{
	struct xen_sysctl_physinfo info;
	int rc = ctl_physinfo(&info), i;

	if (rc) {
		shell_error("info", "physinfo: %s (%d)", ctl_strerror(rc), rc);
		return;
	}
	number("nr_cpus", info.nr_cpus);
	number("max_cpu_id", info.max_cpu_id);
	number("nr_nodes", info.nr_nodes);
	number("cores_per_socket", info.cores_per_socket);
	number("threads_per_core", info.threads_per_core);
	printf("%-23s: %u.%03u\n", "cpu_mhz", (unsigned)(info.cpu_khz / 1000),
	       (unsigned)(info.cpu_khz % 1000));
	printf("%-23s: ", "hw_caps");
	for (i = 0; i < 8; i++)
		printf("%08x%c", (unsigned)info.hw_cap[i], i < 7 ? ':' : '\n');
	line("virt_caps", info.capabilities & XEN_SYSCTL_PHYSCAP_pv ? "pv" : "");
	number("total_memory", info.total_pages / PAGES_PER_MIB);
	number("free_memory", info.free_pages / PAGES_PER_MIB);
	number("sharing_freed_memory", 0);
	number("sharing_used_memory", 0);
	number("outstanding_claims", 0);
	number("free_cpus", 0);
	number("dom0_heap_used", (uint64_t)(unsigned)mallinfo().uordblks);
}

static void print_version(void)
{
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);
	xen_extraversion_t extra = "";
	xen_capabilities_info_t caps = "";
	xen_changeset_info_t changeset = "";
	xen_commandline_t commandline = "";
	struct xen_platform_parameters platform = { 0 };
	struct xen_compile_info compile = { "", "", "", "" };

	HYPERVISOR_xen_version(XENVER_extraversion, extra);
	HYPERVISOR_xen_version(XENVER_capabilities, caps);
	HYPERVISOR_xen_version(XENVER_changeset, changeset);
	HYPERVISOR_xen_version(XENVER_commandline, commandline);
	HYPERVISOR_xen_version(XENVER_platform_parameters, &platform);
	HYPERVISOR_xen_version(XENVER_compile_info, &compile);
	number("xen_major", (uint64_t)version >> 16);
	number("xen_minor", version & 0xffff);
	line("xen_extra", extra);
	printf("%-23s: %ld.%ld%s\n", "xen_version", version >> 16, version & 0xffff, extra);
	line("xen_caps", caps);
	line("xen_scheduler", "credit2");
	number("xen_pagesize", 4096);
	printf("%-23s: virt_start=0x%lx\n", "platform_params", platform.virt_start);
	line("xen_changeset", changeset);
	line("xen_commandline", commandline);
	line("cc_compiler", compile.compiler);
	line("cc_compile_by", compile.compile_by);
	line("cc_compile_domain", compile.compile_domain);
	line("cc_compile_date", compile.compile_date);
}

static void run_info(int argc, char **argv)
{
	(void)argc, (void)argv;
	line("host", "ringlet");
	line("machine", "i686");
	print_machine();
	print_version();
	number("xend_config_format", 4);
}

/* ---- log ---- */

static void run_dmesg(int argc, char **argv)
{
	bool clear = argc == 2 && !strcmp(argv[1], "-c");
	int error;

	if (argc > 1 && !clear) {
		shell_usage(argv[0]);
		return;
	}
	error = hvlog_print();
	if (error)
		shell_error(argv[0], "%s (%d)", ctl_strerror(error), error);
	if (clear)
		hvlog_clear();
}

static void run_debug_keys(int argc, char **argv)
{
	int rc;

	if (argc != 2) {
		shell_usage(argv[0]);
		return;
	}
	rc = ctl_debug_keys(argv[1], strlen(argv[1]));
	if (rc)
		shell_error(argv[0], "%s (%d)", ctl_strerror(rc), rc);
}

/* ---- the shell's own ---- */

static void run_files(int argc, char **argv)
{
	const struct file *file;
	unsigned i;

	(void)argc, (void)argv;
	for (i = 0; (file = files_get(i)); i++)
		printf("%9u %s %s\n", (unsigned)file->size, file->name, file->arguments);
}

static void run_history(int argc, char **argv)
{
	const char *entry;
	unsigned i;

	(void)argc, (void)argv;
	for (i = 0; (entry = line_history(i)); i++)
		printf("%5u  %s\n", i + 1, entry);
}

static void run_help(int argc, char **argv)
{
	const struct command *c;
	unsigned i;

	if (argc == 2) {
		c = shell_command(argv[1]);
		if (c)
			printf("Usage: %s %s\n\n%s.\n", c->name, c->arguments, c->help);
		else
			printf("no such command: %s\n", argv[1]);
		return;
	}
	for (i = 0; (c = shell_commands(i)); i++)
		for (; c->name; c++)
			printf(" %-15s %s\n", c->name, c->help);
}

const struct command commands_host[] = {
	{ "info", "", "Get information about the host", run_info },
	{ "dmesg", "[-c]", "Read the hypervisor's messages; -c clears them", run_dmesg },
	{ "debug-keys", "KEYS", "Send debug keys to the hypervisor", run_debug_keys },
	{ "files", "", "List the GRUB modules, which descriptions name as kernel and ramdisk",
	  run_files },
	{ "history", "", "List the commands entered", run_history },
	{ "help", "[COMMAND]", "List the commands, or explain one", run_help },
	{ NULL, NULL, NULL, NULL },
};
