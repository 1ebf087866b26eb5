/* SPDX-License-Identifier: MIT */
/*
 * `top`: every domain's share of the processor, memory and devices, again and again. Columns, letters and
 * options are those of xentop(1); q or Ctrl-C ends it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xen/sched.h>

#include "dom0/args.h"
#include "dom0/block/blkback.h"
#include "dom0/console.h"
#include "dom0/ctl.h"
#include "dom0/domain_list.h"
#include "dom0/guest.h"
#include "dom0/net/net.h"
#include "dom0/shell.h"
#include "guests/pvrt/time.h"

#define KIB_PER_PAGE 4u
#define DEFAULT_DELAY_S 3u
#define MAX_DELAY_S 3600u
#define NR_TIMES 512u /* remembered by domain number modulo this */
#define CTRL_C 3

static struct {
	bool batch, full_names;
	uint64_t delay;
	unsigned long rounds_left; /* 0: no end */
	struct loop_timer timer;
} top;

static uint64_t last_time[NR_TIMES], last_look;

/* ---- one domain ---- */

struct traffic {
	unsigned count;
	uint64_t sent, received; /* bytes, as the guest sees it */
};

static struct traffic count_traffic(domid_t domain)
{
	struct traffic t = { 0 };
	const struct net_port *port;
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "vif%u.", domain);
	for (port = net_port_first(); port; port = port->next) {
		if (strncmp(port->name, prefix, strlen(prefix)))
			continue;
		t.count++;
		t.sent += port->received.bytes;
		t.received += port->sent.bytes;
	}
	return t;
}

static void print_disks(domid_t domain)
{
	struct blkback_statistics sum = { 0 };
	const struct vbd *vbd;
	unsigned count = 0;

	for (vbd = blkback_first(); vbd; vbd = vbd->next) {
		if (vbd->xenbus.domain != domain)
			continue;
		count++;
		sum.reads += vbd->ring.statistics.reads;
		sum.writes += vbd->ring.statistics.writes;
		sum.read_sectors += vbd->ring.statistics.read_sectors;
		sum.write_sectors += vbd->ring.statistics.write_sectors;
	}
	printf(" %4u %8u %8llu %8llu %10llu %10llu %4u\n", count, 0, (unsigned long long)sum.reads,
	       (unsigned long long)sum.writes, (unsigned long long)sum.read_sectors,
	       (unsigned long long)sum.write_sectors, 0);
}

static void print_state(const struct xen_domctl_getdomaininfo *d)
{
	bool crashed = domain_shutdown_reason(d) == SHUTDOWN_crash;
	bool shutdown = domain_shutdown_reason(d) >= 0 && !crashed;

	printf(" %c%c%c%c%c%c", d->flags & XEN_DOMINF_dying ? 'd' : '-', shutdown ? 's' : '-',
	       d->flags & XEN_DOMINF_blocked ? 'b' : '-', crashed ? 'c' : '-',
	       d->flags & XEN_DOMINF_paused ? 'p' : '-', d->flags & XEN_DOMINF_running ? 'r' : '-');
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100.0 * part / whole : 0;
}

/* Before the first look nothing has been measured: a share of 0. */
static double cpu_share(const struct xen_domctl_getdomaininfo *d, uint64_t now)
{
	uint64_t *last = &last_time[d->domain % NR_TIMES];
	uint64_t used = last_look && d->cpu_time > *last ? d->cpu_time - *last : 0;

	*last = d->cpu_time;
	return percent((double)used, (double)(now - last_look));
}

static void print_domain(const struct xen_domctl_getdomaininfo *d, uint64_t now, double total_pages)
{
	struct traffic net = count_traffic(d->domain);
	const char *name = domain_name(d->domain);

	printf(top.full_names ? "%10s" : "%10.10s", name);
	print_state(d);
	printf(" %10llu %6.1f %10llu %6.1f", (unsigned long long)domain_seconds(d->cpu_time),
	       cpu_share(d, now), (unsigned long long)d->tot_pages * KIB_PER_PAGE,
	       percent((double)d->tot_pages, total_pages));
	/* The control domain's limit is no limit. */
	if (d->domain)
		printf(" %10llu %9.1f", (unsigned long long)d->max_pages * KIB_PER_PAGE,
		       percent((double)d->max_pages, total_pages));
	else
		printf(" %10s %9s", "no limit", "n/a");
	printf(" %5u %4u %8llu %8llu", (unsigned)d->nr_online_vcpus, net.count,
	       (unsigned long long)net.sent / 1024, (unsigned long long)net.received / 1024);
	print_disks(d->domain);
}

/* ---- all of them ---- */

static unsigned count_flag(const struct domain_list *list, unsigned flag)
{
	unsigned count = 0;
	int i;

	for (i = 0; i < list->count; i++)
		count += (list->domains[i].flags & flag) != 0;
	return count;
}

static void print_summary(const struct domain_list *list, const struct xen_sysctl_physinfo *info)
{
	unsigned long total = (unsigned long)info->total_pages * KIB_PER_PAGE;
	unsigned long available = (unsigned long)info->free_pages * KIB_PER_PAGE;
	time_t now = time(NULL);
	char clock[16];

	strftime(clock, sizeof(clock), "%H:%M:%S", gmtime(&now));
	printf("\x1b[H\x1b[Jxentop - %s   Ringlet; q ends it\n", clock);
	printf("%d domains: %u running, %u blocked, %u paused, %u dying, %u shutdown\n",
	       list->count, count_flag(list, XEN_DOMINF_running),
	       count_flag(list, XEN_DOMINF_blocked), count_flag(list, XEN_DOMINF_paused),
	       count_flag(list, XEN_DOMINF_dying), count_flag(list, XEN_DOMINF_shutdown));
	printf("Mem: %luk total, %luk used, %luk free    CPUs: %u @ %uMHz\n", total,
	       total - available, available, (unsigned)info->nr_cpus,
	       (unsigned)(info->cpu_khz / 1000));
}

static bool print_all(void)
{
	struct xen_sysctl_physinfo info;
	struct domain_list list;
	uint64_t now = loop_now();
	int i;

	if (ctl_physinfo(&info) || !domain_list_read(&list, "top", NULL))
		return false;
	if (!top.batch)
		print_summary(&list, &info);
	printf("%10s %6s %10s %6s %10s %6s %10s %9s %5s %4s %8s %8s %4s %8s %8s %8s %10s %10s %4s\n",
	       "NAME", "STATE", "CPU(sec)", "CPU(%)", "MEM(k)", "MEM(%)", "MAXMEM(k)", "MAXMEM(%)",
	       "VCPUS", "NETS", "NETTX(k)", "NETRX(k)", "VBDS", "VBD_OO", "VBD_RD", "VBD_WR",
	       "VBD_RSECT", "VBD_WSECT", "SSID");
	for (i = 0; i < list.count; i++)
		print_domain(&list.domains[i], now, (double)info.total_pages);
	fflush(stdout);
	last_look = now;
	domain_list_free(&list);
	return true;
}

/* ---- again and again ---- */

static void stop(void)
{
	loop_timer_cancel(&top.timer);
	shell_resume();
}

static void look(void *arg)
{
	(void)arg;
	if (!print_all() || (top.rounds_left && !--top.rounds_left))
		stop();
	else
		loop_timer_set(&top.timer, top.delay, look, NULL);
}

static void key(const char *text, size_t len)
{
	if (memchr(text, 'q', len) || memchr(text, 'Q', len) || memchr(text, CTRL_C, len))
		stop();
}

static void run_top(int argc, char **argv)
{
	static const struct option names[] = { { "batch", no_argument, NULL, 'b' },
					       { "delay", required_argument, NULL, 'd' },
					       { "iterations", required_argument, NULL, 'i' },
					       { "full-name", no_argument, NULL, 'f' },
					       { 0 } };
	static const struct args_syntax syntax = { "bd:i:f", names, 0, 0 };
	unsigned long delay = DEFAULT_DELAY_S, rounds = 0;
	struct args args;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	if ((args.given['d'] && (!args_number(args.value['d'], MAX_DELAY_S, &delay) || !delay)) ||
	    (args.given['i'] && !args_number(args.value['i'], UINT32_MAX, &rounds))) {
		shell_usage(argv[0]);
		return;
	}
	top.batch = args.given['b'];
	top.full_names = args.given['f'];
	top.delay = delay * NS_PER_S;
	top.rounds_left = rounds;
	shell_suspend();
	console_set_reader(key);
	look(NULL);
}

const struct command commands_top[] = {
	{ "top", "[-b] [-d SECONDS] [-i ROUNDS] [-f]",
	  "Watch what domains use; q ends it\n"
	  "-b, --batch  print one table after the other, for scripts\n"
	  "-d, --delay=SECONDS  how often; 3 unless told\n"
	  "-i, --iterations=ROUNDS  how many times\n"
	  "-f, --full-name  names in full",
	  run_top },
	{ NULL, NULL, NULL, NULL },
};
