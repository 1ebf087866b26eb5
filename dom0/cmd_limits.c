/* SPDX-License-Identifier: MIT */
/* Verbs about the memory and the processor time of a domain. Words and columns are those of xl(1). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/args.h"
#include "dom0/ctl.h"
#include "dom0/guest.h"
#include "dom0/shell.h"
#include "dom0/store.h"

#define KIB_PER_MIB 1024u
#define MAX_KIB (64ull << 20)
#define BALLOON_SLACK_KIB KIB_PER_MIB /* libxl's: what a balloon driver may be off its target */
#define WEIGHT_MAX 65535
#define CAP_MAX (100 * XEN_LEGACY_MAX_VCPUS)

/* ---- memory ---- */

/* A size as xl takes it: MiB, or with b, k, m, g or t behind it. False: it is none. */
static bool read_kib(const char *text, uint64_t *kib)
{
	static const char units[] = "kmgt";
	const char *unit;
	char *end;
	uint64_t size = strtoull(text, &end, 10);

	unit = strchr(units, *end ? tolower((unsigned char)*end) : 'm');
	if (!isdigit((unsigned char)*text) || (*end && end[1]) || size > MAX_KIB)
		return false;
	if (unit)
		*kib = size << 10 * (unit - units);
	else if (tolower((unsigned char)*end) == 'b')
		*kib = size >> 10;
	else
		return false;
	return *kib && *kib <= MAX_KIB;
}

/* The guest and the size that a verb was given; NULL after a message. */
static struct guest *read_size(int argc, char **argv, uint64_t *kib)
{
	static const struct args_syntax syntax = { "", NULL, 2, 2 };
	struct args args;

	if (!args_read(&args, &syntax, argc, argv))
		return NULL;
	if (read_kib(args.words[1], kib))
		return shell_guest(argv[0], args.words[0]);
	shell_error(argv[0], "invalid memory size: %s (MiB, or a number with b, k, m, g or t)",
		    args.words[1]);
	return NULL;
}

static void run_mem_max(int argc, char **argv)
{
	uint64_t kib;
	struct guest *guest = read_size(argc, argv, &kib);
	int rc;

	if (!guest)
		return;
	rc = ctl_max_mem(guest->domain, kib);
	if (rc)
		shell_error(argv[0], "%s (%d)", ctl_strerror(rc), rc);
}

/*
 * The guest's balloon driver follows its memory/target. The limit goes with it, so that what the
 * guest gave up it cannot take again by itself.
 */
static void run_mem_set(int argc, char **argv)
{
	uint64_t kib;
	struct guest *guest = read_size(argc, argv, &kib);
	uint64_t most;
	char text[24];
	int rc;

	if (!guest)
		return;
	most = (uint64_t)guest->spec.maxmem_mib * KIB_PER_MIB;
	if (kib > most) {
		shell_error(argv[0], "%s may have at most %u MiB (maxmem in its description)",
			    guest->spec.name, (unsigned)guest->spec.maxmem_mib);
		return;
	}
	rc = ctl_max_mem(guest->domain,
			 kib + BALLOON_SLACK_KIB < most ? kib + BALLOON_SLACK_KIB : most);
	if (rc) {
		shell_error(argv[0], "%s (%d)", ctl_strerror(rc), rc);
		return;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)kib);
	if (!store_write(guest, "memory/target", text))
		shell_error(argv[0], "%s has no connection to xenstore", guest->spec.name);
}

/* ---- scheduling ---- */

static const struct option sched_names[] = {
	{ "domain", required_argument, NULL, 'd' }, { "weight", required_argument, NULL, 'w' },
	{ "cap", required_argument, NULL, 'c' },    { "cpupool", required_argument, NULL, 'p' },
	{ "schedparam", no_argument, NULL, 's' },   { 0 }
};
static const struct args_syntax sched_syntax = { "d:w:c:p:s", sched_names, 0, 0 };

static void print_header(void)
{
	printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
}

static void print_sched(const char *name, domid_t domain)
{
	struct xen_domctl_sched_credit2 params = { 0 };

	if (!ctl_sched(domain, &params, false))
		printf("%-33s %4d %6u %4u\n", name, domain, params.weight, params.cap);
}

/* There is one pool of processors, and its scheduler has nothing to set. */
static void list_pool(bool only_pool)
{
	const struct guest *g;

	printf("Cpupool Pool-0: [sched params unavailable]\n");
	if (only_pool)
		return;
	print_header();
	print_sched("Domain-0", 0);
	for (g = guests_first(); g; g = g->next)
		if (g->state != GUEST_WAITING)
			print_sched(g->spec.name, g->domain);
}

/* What is not given stays as it is. */
static bool read_params(const char *verb, const struct args *args,
			struct xen_domctl_sched_credit2 *params)
{
	unsigned long weight = params->weight, cap = params->cap;

	if (args->given['w'] && (!args_number(args->value['w'], WEIGHT_MAX, &weight) || !weight)) {
		shell_error(verb, "a weight is a number from 1 to %d", WEIGHT_MAX);
		return false;
	}
	if (args->given['c'] && !args_number(args->value['c'], CAP_MAX, &cap)) {
		shell_error(verb, "a cap is a percentage of one processor, 0 for none, at most %d",
			    CAP_MAX);
		return false;
	}
	params->weight = (uint16_t)weight;
	params->cap = (uint16_t)cap;
	return true;
}

static void set_sched(const char *verb, const struct args *args, domid_t domain)
{
	struct xen_domctl_sched_credit2 params = { 0 };
	int rc = ctl_sched(domain, &params, false);

	if (!rc && !read_params(verb, args, &params))
		return;
	rc = rc ? rc : ctl_sched(domain, &params, true);
	if (rc)
		shell_error(verb, "%s (%d)", ctl_strerror(rc), rc);
}

static void run_sched(int argc, char **argv)
{
	struct guest *guest;
	struct args args;
	domid_t domain;
	bool sets;

	if (!args_read(&args, &sched_syntax, argc, argv))
		return;
	sets = args.given['w'] || args.given['c'];
	if (sets && !args.given['d']) {
		shell_error(argv[0], "Must specify a domain.");
	} else if (args.given['p'] && strcmp(args.value['p'], "Pool-0")) {
		shell_error(argv[0], "unknown cpupool '%s'; there is only Pool-0", args.value['p']);
	} else if (args.given['d'] && (args.given['p'] || args.given['s'])) {
		shell_error(argv[0],
			    "Specifying a cpupool or schedparam is not allowed with domain "
			    "options.");
	} else if (!args.given['d']) {
		list_pool(args.given['s']);
	} else if (shell_domain(argv[0], args.value['d'], &domain, &guest)) {
		if (sets) {
			set_sched(argv[0], &args, domain);
			return;
		}
		print_header();
		print_sched(guest ? guest->spec.name : "Domain-0", domain);
	}
}

const struct command commands_limits[] = {
	{ "mem-set", "DOMAIN SIZE",
	  "Set the current memory usage for a domain\n"
	  "SIZE is in MiB, or has b, k, m, g or t behind it.",
	  run_mem_set },
	{ "mem-max", "DOMAIN SIZE",
	  "Set the maximum amount reservation for a domain\n"
	  "SIZE is in MiB, or has b, k, m, g or t behind it.",
	  run_mem_max },
	{ "sched-credit2", "[-d DOMAIN [-w WEIGHT] [-c CAP]] [-p CPUPOOL] [-s]",
	  "Get or set the scheduler's weight and cap\n"
	  "-d, --domain=DOMAIN  this one\n"
	  "-w, --weight=WEIGHT  1 to 65535; its share when several want the processor\n"
	  "-c, --cap=CAP  percent of a processor that it gets at most; 0: no limit\n"
	  "-p, --cpupool=Pool-0  the only pool of processors\n"
	  "-s, --schedparam  the pool's own parameters; there are none",
	  run_sched },
	{ NULL, NULL, NULL, NULL },
};
