/* SPDX-License-Identifier: MIT */
/* Verbs that show domains, in xl's columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xen/sched.h>

#include "dom0/args.h"
#include "dom0/ctl.h"
#include "dom0/domain_list.h"
#include "dom0/guest.h"
#include "dom0/guest_json.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "guests/pvrt/time.h"

#define PAGES_PER_MIB 256u
#define DAY 86400u

/* ---- list ---- */

static const struct option list_names[] = {
	{ "long", no_argument, NULL, 'l' },    { "verbose", no_argument, NULL, 'v' },
	{ "context", no_argument, NULL, 'Z' }, { "cpupool", no_argument, NULL, 'c' },
	{ "numa", no_argument, NULL, 'n' },    { 0 },
};
static const struct args_syntax list_syntax = { "lvZcn", list_names, 0, 1 };

static char flag(const struct xen_domctl_getdomaininfo *d, unsigned bit, char letter)
{
	return d->flags & bit ? letter : '-';
}

static char reason_letter(const struct xen_domctl_getdomaininfo *d)
{
	static const char letters[] = "-rscwS";
	int reason = domain_shutdown_reason(d);

	if (reason < 0)
		return '-';
	return (size_t)reason < sizeof(letters) - 1 ? letters[reason] : '?';
}

static void print_domain(const struct xen_domctl_getdomaininfo *d, const struct args *args)
{
	char uuid[UUID_TEXT];

	printf("%-40s %5u %5u %5u     %c%c%c%c%c%c  %8.1f", domain_name(d->domain), d->domain,
	       (unsigned)(d->tot_pages / PAGES_PER_MIB), (unsigned)d->nr_online_vcpus,
	       flag(d, XEN_DOMINF_running, 'r'), flag(d, XEN_DOMINF_blocked, 'b'),
	       flag(d, XEN_DOMINF_paused, 'p'), flag(d, XEN_DOMINF_shutdown, 's'), reason_letter(d),
	       flag(d, XEN_DOMINF_dying, 'd'), domain_seconds(d->cpu_time));
	if (args->given['v']) {
		uuid_text(d->handle, uuid);
		printf(" %s", uuid);
		if (domain_shutdown_reason(d) < 0)
			printf(" %8s", "-");
		else
			printf(" %8x", (unsigned)domain_shutdown_reason(d));
	}
	if (args->given['v'] || args->given['Z'])
		printf(" %16s", "-");
	if (args->given['c'])
		printf("%16s", "Pool-0");
	if (args->given['n'])
		printf(" all");
	printf("\n");
}

static void print_domains(const struct domain_list *list, const struct args *args)
{
	int i;

	printf("Name                                        ID   Mem VCPUs\tState\tTime(s)");
	if (args->given['v'])
		printf("   UUID                            Reason-Code\tSecurity Label");
	else if (args->given['Z'])
		printf("   Security Label");
	printf("%s%s\n", args->given['c'] ? "         Cpupool" : "",
	       args->given['n'] ? " NODE Affinity" : "");
	for (i = 0; i < list->count; i++)
		print_domain(&list->domains[i], args);
}

/* Nobody described domain 0: what it has. */
static const struct guest_spec *describe_control_domain(const struct xen_domctl_getdomaininfo *d)
{
	struct xen_domctl_sched_credit2 share = { 0 };
	static struct guest_spec spec;

	if (ctl_sched(d->domain, &share, false))
		return NULL;
	snprintf(spec.name, sizeof(spec.name), "%s", domain_name(d->domain));
	memcpy(spec.uuid, d->handle, sizeof(spec.uuid));
	spec.memory_mib = (uint32_t)(d->tot_pages / PAGES_PER_MIB);
	spec.maxmem_mib = (uint32_t)(d->max_pages / PAGES_PER_MIB);
	spec.vcpus = d->max_vcpu_id + 1;
	spec.vcpus_online = d->nr_online_vcpus;
	spec.weight = share.weight;
	spec.cap = share.cap;
	return &spec;
}

static void print_details(const struct domain_list *list)
{
	bool first = true;
	int i;

	printf("[");
	for (i = 0; i < list->count; i++) {
		const struct xen_domctl_getdomaininfo *d = &list->domains[i];
		const struct guest *guest = guest_by_domain(d->domain);
		const struct guest_spec *spec = guest ? &guest->spec : NULL;

		if (d->domain == 0)
			spec = describe_control_domain(d);
		if (!spec)
			continue;
		printf("%s\n", first ? "" : ",");
		guest_json_print(d->domain, spec);
		first = false;
	}
	printf("\n]\n");
}

static void run_list(int argc, char **argv)
{
	struct domain_list list;
	struct args args;

	if (!args_read(&args, &list_syntax, argc, argv) ||
	    !domain_list_read(&list, argv[0], args.count ? args.words[0] : NULL))
		return;
	if (args.given['l'])
		print_details(&list);
	else
		print_domains(&list, &args);
	domain_list_free(&list);
}

static void run_vm_list(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 0, 0 };
	const struct guest *g;
	struct args args;
	char uuid[UUID_TEXT];

	if (!args_read(&args, &syntax, argc, argv))
		return;
	printf("UUID                                  ID    name\n");
	for (g = guests_first(); g; g = g->next) {
		if (g->state == GUEST_WAITING)
			continue;
		uuid_text(g->spec.uuid, uuid);
		printf("%s  %u    %-30s\n", uuid, g->domain, g->spec.name);
	}
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
	printf("%9.1f  all / all\n", domain_seconds(info.cpu_time));
}

static void print_vcpus(const struct domain_list *list)
{
	unsigned vcpu;
	int i;

	for (i = 0; i < list->count; i++)
		for (vcpu = 0; vcpu <= list->domains[i].max_vcpu_id && vcpu < XEN_LEGACY_MAX_VCPUS;
		     vcpu++)
			print_vcpu(list->domains[i].domain, vcpu);
}

static void run_vcpu_list(int argc, char **argv)
{
	static const struct args_syntax syntax = { "", NULL, 0, 32 };
	struct domain_list list;
	struct args args;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
	       "Affinity (Hard / Soft)");
	for (i = 0; i < args.count || i == 0; i++) {
		if (!domain_list_read(&list, argv[0], args.count ? args.words[i] : NULL))
			continue;
		print_vcpus(&list);
		domain_list_free(&list);
	}
}

/* ---- uptime ---- */

static void print_days(unsigned s)
{
	if (s >= DAY)
		printf("%u day%s, ", s / DAY, s >= 2 * DAY ? "s" : "");
	printf("%2u:%02u", s / 3600 % 24, s / 60 % 60);
}

static void print_uptime(const struct guest *guest, bool brief)
{
	uint64_t since = guest ? guest->started : 0;
	unsigned s = (unsigned)div_u64_u32(loop_now() - since, NS_PER_S, NULL);
	unsigned domain = guest ? guest->domain : 0;
	const char *name = domain_name((domid_t)domain);
	time_t now = time(NULL);
	char clock[16];

	if (!brief) {
		printf("%-33s %4u ", name, domain);
		print_days(s);
		printf(":%02u\n", s % 60);
		return;
	}
	strftime(clock, sizeof(clock), "%H:%M:%S", gmtime(&now));
	printf(" %s up ", clock);
	print_days(s);
	printf(", %s (%u)\n", name, domain);
}

static void run_uptime(int argc, char **argv)
{
	static const struct args_syntax syntax = { "s", NULL, 0, 32 };
	struct guest *guest;
	struct args args;
	domid_t domain;
	int i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	if (!args.given['s'])
		printf("%-33s %4s %s\n", "Name", "ID", "Uptime");
	for (i = 0; i < args.count; i++)
		if (shell_domain(argv[0], args.words[i], &domain, &guest))
			print_uptime(guest, args.given['s']);
	if (args.count)
		return;
	print_uptime(NULL, args.given['s']);
	for (guest = guests_first(); guest; guest = guest->next)
		if (guest->state != GUEST_WAITING)
			print_uptime(guest, args.given['s']);
}

/* ---- domid, domname ---- */

static const struct args_syntax one_word = { "", NULL, 1, 1 };

static void run_domid(int argc, char **argv)
{
	struct guest *guest;
	struct args args;
	domid_t domain;

	if (args_read(&args, &one_word, argc, argv) &&
	    shell_domain(argv[0], args.words[0], &domain, &guest))
		printf("%u\n", domain);
}

static void run_domname(int argc, char **argv)
{
	struct guest *guest;
	struct args args;
	domid_t domain;

	if (args_read(&args, &one_word, argc, argv) &&
	    shell_domain(argv[0], args.words[0], &domain, &guest))
		printf("%s\n", domain_name(domain));
}

const struct command commands_list[] = {
	{ "list", "[-l] [-v] [-Z] [-c] [-n] [DOMAIN]",
	  "List information about all domains or one\n"
	  "-l, --long  descriptions of the guests, as JSON\n"
	  "-v, --verbose  UUIDs, and the reason of an end\n"
	  "-Z, --context  security labels, of which there are none\n"
	  "-c, --cpupool  the pool of processors\n"
	  "-n, --numa  NUMA nodes",
	  run_list },
	{ "vm-list", "", "List guest domains with their UUIDs", run_vm_list },
	{ "vcpu-list", "[DOMAIN ...]", "List the VCPUs for all or some domains", run_vcpu_list },
	{ "uptime", "[-s] [DOMAIN ...]",
	  "Print uptime for all or some domains\n"
	  "-s  short",
	  run_uptime },
	{ "domid", "DOMAIN-NAME", "Convert a domain name to domain id", run_domid },
	{ "domname", "DOMAIN-ID", "Convert a domain id to domain name", run_domname },
	{ NULL, NULL, NULL, NULL },
};
