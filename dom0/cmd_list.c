/* SPDX-License-Identifier: MIT */
/* Verbs that show domains, in xl's columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/sched.h>

#include "dom0/ctl.h"
#include "dom0/guest.h"
#include "dom0/shell.h"
#include "guests/pvrt/time.h"

#define MAX_DOMAINS 512
#define PAGES_PER_MIB 256u

static const char *domain_name(domid_t domain)
{
	const struct guest *guest = guest_by_domain(domain);

	return guest ? guest->spec.name : domain ? "(null)" : "Domain-0";
}

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* All domains, or one; *list is freed by the caller. Returns how many, negative after a message. */
static int get_domains(int argc, char **argv, struct xen_domctl_getdomaininfo **list)
{
	const struct guest *only = NULL;
	bool self = argc > 1 && (!strcmp(argv[1], "0") || !strcmp(argv[1], "Domain-0"));
	int count;

	if (argc > 2) {
		shell_usage(argv[0]);
		return -1;
	}
	if (argc == 2 && !self) {
		only = shell_guest(argv[0], argv[1]);
		if (!only)
			return -1;
	}
	*list = calloc(MAX_DOMAINS, sizeof(**list));
	if (!*list)
		return -1;
	count = ctl_list(only ? only->domain : 0, only || self ? 1 : MAX_DOMAINS, *list);
	if (count < 0) {
		shell_error(argv[0], "%s (%d)", ctl_strerror(count), count);
		free(*list);
	}
	return count;
}

/* ---- list ---- */

static char flag(const struct xen_domctl_getdomaininfo *d, unsigned bit, char letter)
{
	return d->flags & bit ? letter : '-';
}

static bool crashed(const struct xen_domctl_getdomaininfo *d)
{
	return d->flags & XEN_DOMINF_shutdown &&
	       (d->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) == SHUTDOWN_crash;
}

static void print_domain(const struct xen_domctl_getdomaininfo *d)
{
	unsigned shutdown = crashed(d) ? 0 : XEN_DOMINF_shutdown;

	printf("%-40s %5u %5u %5u     %c%c%c%c%c%c  %8.1f\n", domain_name(d->domain), d->domain,
	       (unsigned)(d->tot_pages / PAGES_PER_MIB), (unsigned)d->nr_online_vcpus,
	       flag(d, XEN_DOMINF_running, 'r'), flag(d, XEN_DOMINF_blocked, 'b'),
	       flag(d, XEN_DOMINF_paused, 'p'), flag(d, shutdown, 's'), crashed(d) ? 'c' : '-',
	       flag(d, XEN_DOMINF_dying, 'd'), seconds(d->cpu_time));
}

static void run_list(int argc, char **argv)
{
	struct xen_domctl_getdomaininfo *list;
	int i, count = get_domains(argc, argv, &list);

	if (count < 0)
		return;
	printf("Name                                        ID   Mem VCPUs\tState\tTime(s)\n");
	for (i = 0; i < count; i++)
		print_domain(&list[i]);
	free(list);
}

/* ---- vcpu-list ---- */

static void print_vcpu(domid_t domain, unsigned vcpu)
{
	struct xen_domctl_getvcpuinfo info;

	if (ctl_vcpu_info(domain, vcpu, &info))
		return;
	printf("%-32s %5u %5u ", domain_name(domain), domain, vcpu);
	if (info.online)
		printf("%5u %3c%c- ", (unsigned)info.cpu, info.running ? 'r' : '-',
		       info.blocked ? 'b' : '-');
	else
		printf("%5c %3c%cp ", '-', '-', '-');
	printf("%9.1f  all / all\n", seconds(info.cpu_time));
}

static void run_vcpu_list(int argc, char **argv)
{
	struct xen_domctl_getdomaininfo *list;
	int i, count = get_domains(argc, argv, &list);
	unsigned vcpu;

	if (count < 0)
		return;
	printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
	       "Affinity (Hard / Soft)");
	for (i = 0; i < count; i++)
		for (vcpu = 0; vcpu <= list[i].max_vcpu_id && vcpu < XEN_LEGACY_MAX_VCPUS; vcpu++)
			print_vcpu(list[i].domain, vcpu);
	free(list);
}

/* ---- uptime, domid, domname ---- */

static void print_uptime(const char *name, domid_t domain, uint64_t since)
{
	unsigned s = (unsigned)div_u64_u32(loop_now() - since, NS_PER_S, NULL);

	printf("%-33s %4u  ", name, domain);
	if (s >= 86400)
		printf("%u days, ", s / 86400);
	printf("%2u:%02u:%02u\n", s / 3600 % 24, s / 60 % 60, s % 60);
}

static void run_uptime(int argc, char **argv)
{
	const struct guest *g, *only = NULL;

	if (argc > 1 && !(only = shell_guest(argv[0], argv[1])))
		return;
	printf("%-33s %4s %s\n", "Name", "ID", "Uptime");
	if (!only)
		print_uptime("Domain-0", 0, 0);
	for (g = guests_first(); g; g = g->next)
		if ((!only || g == only) && g->state != GUEST_WAITING)
			print_uptime(g->spec.name, g->domain, g->started);
}

static void run_domid(int argc, char **argv)
{
	const struct guest *guest;

	if (argc != 2) {
		shell_usage(argv[0]);
		return;
	}
	if (!strcmp(argv[1], "Domain-0")) {
		printf("0\n");
		return;
	}
	guest = shell_guest(argv[0], argv[1]);
	if (guest)
		printf("%u\n", guest->domain);
}

static void run_domname(int argc, char **argv)
{
	const struct guest *guest;

	if (argc != 2) {
		shell_usage(argv[0]);
		return;
	}
	if (!strcmp(argv[1], "0")) {
		printf("Domain-0\n");
		return;
	}
	guest = shell_guest(argv[0], argv[1]);
	if (guest)
		printf("%s\n", guest->spec.name);
}

/* ---- top: shares since the last call ---- */

static uint64_t last_time[MAX_DOMAINS], last_look;

static void run_top(int argc, char **argv)
{
	struct xen_domctl_getdomaininfo *list;
	int i, count = get_domains(argc, argv, &list);
	double passed = (double)(loop_now() - last_look);

	if (count < 0)
		return;
	printf("%-20s %6s %10s %6s %8s %5s\n", "NAME", "STATE", "CPU(sec)", "CPU(%)", "MEM(k)",
	       "VCPUS");
	for (i = 0; i < count; i++) {
		const struct xen_domctl_getdomaininfo *d = &list[i];
		uint64_t *last = &last_time[d->domain % MAX_DOMAINS];
		uint64_t used = d->cpu_time > *last ? d->cpu_time - *last : 0;

		printf("%-20s %c%c%c%c%c%c %10.1f %6.1f %8u %5u\n", domain_name(d->domain),
		       flag(d, XEN_DOMINF_dying, 'd'), flag(d, XEN_DOMINF_shutdown, 's'),
		       flag(d, XEN_DOMINF_blocked, 'b'), crashed(d) ? 'c' : '-',
		       flag(d, XEN_DOMINF_paused, 'p'), flag(d, XEN_DOMINF_running, 'r'),
		       seconds(d->cpu_time), 100.0 * (double)used / passed,
		       (unsigned)d->tot_pages * 4, (unsigned)d->nr_online_vcpus);
		*last = d->cpu_time;
	}
	last_look = loop_now();
	free(list);
}

const struct command commands_list[] = {
	{ "list", "[DOMAIN]", "List information about all or one domain", run_list },
	{ "vcpu-list", "[DOMAIN]", "List the VCPUs for all or one domain", run_vcpu_list },
	{ "top", "", "CPU share since the last call, and memory, of every domain", run_top },
	{ "uptime", "[DOMAIN]", "Print uptime for all or one domain", run_uptime },
	{ "domid", "DOMAIN-NAME", "Convert a domain name to domain id", run_domid },
	{ "domname", "DOMAIN-ID", "Convert a domain id to domain name", run_domname },
	{ NULL, NULL, NULL, NULL },
};
