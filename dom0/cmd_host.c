/* SPDX-License-Identifier: MIT */
/* Verbs about the machine, and the shell's own. */
#include <_newlib_version.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <xen/version.h>

#include "dom0/args.h"
#include "dom0/ctl.h"
#include "dom0/files.h"
#include "dom0/hvlog.h"
#include "dom0/line.h"
#include "dom0/shell.h"
#include "guests/pvrt/hypercall.h"

#define PAGES_PER_MIB 256u

/* ---- info: one function for each line that is more than a number ---- */

/* Only the line whose key begins so, and of that only the value; NULL: all. */
static const char *wanted;

static void line(const char *key, const char *value)
{
	if (!wanted)
		printf("%-23s: %s\n", key, value);
	else if (!strncmp(key, wanted, strlen(wanted)))
		printf("%s\n", value);
}

static void formatted(const char *key, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void formatted(const char *key, const char *fmt, ...)
{
	char value[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	line(key, value);
}

static void number(const char *key, uint64_t value)
{
	formatted(key, "%llu", (unsigned long long)value);
}

static void print_machine(void)
{
	struct xen_sysctl_physinfo info;
	int rc = ctl_physinfo(&info);

	if (rc) {
		shell_error("info", "physinfo: %s (%d)", ctl_strerror(rc), rc);
		return;
	}
	number("nr_cpus", info.nr_cpus);
	number("max_cpu_id", info.max_cpu_id);
	number("nr_nodes", info.nr_nodes);
	number("cores_per_socket", info.cores_per_socket);
	number("threads_per_core", info.threads_per_core);
	formatted("cpu_mhz", "%u.%03u", (unsigned)(info.cpu_khz / 1000),
		  (unsigned)(info.cpu_khz % 1000));
	formatted("hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", (unsigned)info.hw_cap[0],
		  (unsigned)info.hw_cap[1], (unsigned)info.hw_cap[2], (unsigned)info.hw_cap[3],
		  (unsigned)info.hw_cap[4], (unsigned)info.hw_cap[5], (unsigned)info.hw_cap[6],
		  (unsigned)info.hw_cap[7]);
	formatted("virt_caps", "%s%s", info.capabilities & XEN_SYSCTL_PHYSCAP_pv ? "pv" : "",
		  info.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v1 ? " gnttab-v1" : "");
	number("total_memory", info.total_pages / PAGES_PER_MIB);
	number("free_memory", info.free_pages / PAGES_PER_MIB);
	number("sharing_freed_memory", 0);
	number("sharing_used_memory", 0);
	number("outstanding_claims", 0);
	number("free_cpus", 0);
	number("dom0_heap_used", (uint64_t)(unsigned)mallinfo().uordblks);
}

static void print_build_id(void)
{
	union {
		xen_build_id_t id;
		unsigned char space[64];
	} build = { .id.len = sizeof(build) - sizeof(xen_build_id_t) };
	char text[2 * sizeof(build) + 1] = "";
	long len = HYPERVISOR_xen_version(XENVER_build_id, &build);
	long i;

	for (i = 0; i < len && i < (long)build.id.len; i++)
		sprintf(text + 2 * i, "%02x", build.id.buf[i]);
	line("build_id", text);
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
	formatted("xen_version", "%ld.%ld%s", version >> 16, version & 0xffff, extra);
	line("xen_caps", caps);
	line("xen_scheduler", "credit2");
	number("xen_pagesize", 4096);
	formatted("platform_params", "virt_start=0x%lx", platform.virt_start);
	line("xen_changeset", changeset);
	line("xen_commandline", commandline);
	line("cc_compiler", compile.compiler);
	line("cc_compile_by", compile.compile_by);
	line("cc_compile_domain", compile.compile_domain);
	line("cc_compile_date", compile.compile_date);
	print_build_id();
}

/* Nobody but the initial domain could tell more of a machine with one node. */
static void print_topology(void)
{
	struct xen_sysctl_physinfo info;
	unsigned i;

	if (ctl_physinfo(&info))
		return;
	printf("cpu_topology           :\ncpu:    core    socket     node\n");
	for (i = 0; i < info.nr_cpus; i++)
		printf("%3u:    %4u     %4u     %4u\n", i, i, 0, 0);
	printf("device topology        :\nNo device topology data available\n"
	       "numa_info              :\nnode:    memsize    memfree    distances\n"
	       "%4u:    %6llu     %6llu      %u\n",
	       0, (unsigned long long)info.total_pages / PAGES_PER_MIB,
	       (unsigned long long)info.free_pages / PAGES_PER_MIB, 10);
}

static void run_info(int argc, char **argv)
{
	static const struct option names[] = { { "numa", no_argument, NULL, 'n' }, { 0 } };
	static const struct args_syntax syntax = { "n", names, 0, 1 };
	struct args args;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	wanted = args.count && !args.given['n'] ? args.words[0] : NULL;
	line("host", "ringlet");
	formatted("release", "newlib-%s", _NEWLIB_VERSION);
	line("version", "Ringlet control domain");
	line("machine", "i686");
	print_machine();
	if (args.given['n'])
		print_topology();
	print_version();
	number("xend_config_format", 4);
}

/* ---- log ---- */

static void run_dmesg(int argc, char **argv)
{
	static const struct option names[] = { { "clear", no_argument, NULL, 'c' }, { 0 } };
	static const struct args_syntax syntax = { "c", names, 0, 0 };
	struct args args;
	int error;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	error = hvlog_print();
	if (error)
		shell_error(argv[0], "%s (%d)", ctl_strerror(error), error);
	if (args.given['c'])
		hvlog_clear();
}

static void run_debug_keys(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 1, 1 };
	struct args args;
	int rc;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	rc = ctl_debug_keys(args.words[0], strlen(args.words[0]));
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

	/* xl shows the usual ones only, unless --long is given. */
	if (argc > 1 && strcmp(argv[1], "--long")) {
		shell_help(argv[1]);
		return;
	}
	for (i = 0; (c = shell_commands(i)); i++)
		for (; c->name; c++)
			printf(" %-15s %.*s\n", c->name, (int)strcspn(c->help, "\n"), c->help);
}

const struct command commands_host[] = {
	{ "info", "[-n] [KEY]",
	  "Get information about the host\n"
	  "KEY  only the value of this\n"
	  "-n, --numa  its topology too",
	  run_info },
	{ "dmesg", "[-c]",
	  "Read the hypervisor's messages\n"
	  "-c, --clear  and clear them",
	  run_dmesg },
	{ "debug-keys", "KEYS", "Send debug keys to the hypervisor", run_debug_keys },
	{ "files", "", "List the GRUB modules, which descriptions name as kernel and ramdisk",
	  run_files },
	{ "history", "", "List the commands entered", run_history },
	{ "help", "[--long] [COMMAND]", "List the commands, or explain one", run_help },
	{ NULL, NULL, NULL, NULL },
};
