/* SPDX-License-Identifier: MIT */
/* Verbs about the virtual processors of a domain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/args.h"
#include "dom0/ctl.h"
#include "dom0/guest.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "guests/pvrt/hypercall.h"

#define MAX_CPU 31ul

/* The guest brings its processors up and down as cpu/N/availability says. */
static void run_vcpu_set(int argc, char **argv)
{
	static const struct option names[] = { { "ignore-host", no_argument, NULL, 'i' }, { 0 } };
	static const struct args_syntax syntax = { "i", names, 2, 2 };
	struct guest *guest;
	struct args args;
	unsigned long count;
	char node[32];
	unsigned i;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	if (!args_number(args.words[1], UINT32_MAX, &count) || !count) {
		shell_error(argv[0], "%s is no number of VCPUs", args.words[1]);
		return;
	}
	guest = shell_guest(argv[0], args.words[0]);
	if (guest && count > guest->spec.vcpus)
		shell_error(argv[0], "%s has at most %u", guest->spec.name, guest->spec.vcpus);
	if (!guest || count > guest->spec.vcpus)
		return;
	/* As xl: its next life, after a reboot or a save, has as many. */
	guest->spec.vcpus_online = count;
	for (i = 0; i < guest->spec.vcpus; i++) {
		snprintf(node, sizeof(node), "cpu/%u/availability", i);
		store_write(guest, node, i < count ? "online" : "offline");
	}
}

/* ---- vcpu-pin ---- */

/* N or N-M, with ^ in front: but not these. False: it is nothing of the kind. */
static bool add_range(const char *text, uint32_t *cpus)
{
	bool remove = *text == '^';
	unsigned long first, last;
	char *end;

	text += remove;
	first = last = strtoul(text, &end, 10);
	if (end != text && *end == '-') {
		text = end + 1;
		last = strtoul(text, &end, 10);
	}
	if (end == text || *end || first > last || last > MAX_CPU)
		return false;
	for (; first <= last; first++)
		*cpus = remove ? *cpus & ~(1u << first) : *cpus | 1u << first;
	return true;
}

/* As xl: "all", or ranges with commas between; "-" leaves it as it is (*cpus is 0 then). */
static bool read_cpus(const char *text, uint32_t *cpus)
{
	char copy[64], *part, *next;

	*cpus = 0;
	if (!strcmp(text, "-"))
		return true;
	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	for (part = copy; part; part = next) {
		next = strchr(part, ',');
		if (next)
			*next++ = '\0';
		if (!strcmp(part, "all"))
			*cpus = UINT32_MAX;
		else if (!add_range(part, cpus))
			return false;
	}
	return *cpus != 0;
}

static bool pin(const char *verb, domid_t domain, unsigned vcpu, uint32_t hard, uint32_t soft)
{
	int rc = ctl_pin(domain, vcpu, hard, soft);

	if (rc == -XEN_ESRCH)
		shell_error(verb, "the guest has not started its vCPU %u", vcpu);
	else if (rc)
		shell_error(verb, "vCPU %u: %s (%d); `info` shows nr_cpus", vcpu, ctl_strerror(rc),
			    rc);
	return !rc;
}

static void pin_domain(const char *verb, const char *vcpu, domid_t domain, uint32_t hard,
		       uint32_t soft)
{
	struct xen_domctl_getdomaininfo info;
	unsigned i;
	char *end;

	if (strcmp(vcpu, "all")) {
		i = (unsigned)strtoul(vcpu, &end, 10);
		if (end == vcpu || *end)
			shell_error(verb, "%s is no vCPU number, nor \"all\"", vcpu);
		else
			pin(verb, domain, i, hard, soft);
		return;
	}
	if (ctl_info(domain, &info))
		return;
	for (i = 0; i <= info.max_vcpu_id; i++)
		if (!pin(verb, domain, i, hard, soft))
			return;
}

/* No kernel here pins a vCPU for a while by itself, which --force would undo. */
static void run_vcpu_pin(int argc, char **argv)
{
	static const struct option names[] = { { "force", no_argument, NULL, 'f' }, { 0 } };
	static const struct args_syntax syntax = { "f", names, 3, 4 };
	struct guest *guest;
	uint32_t hard, soft = 0;
	struct args args;
	domid_t domain;

	if (!args_read(&args, &syntax, argc, argv))
		return;
	if (!read_cpus(args.words[2], &hard) ||
	    (args.count == 4 && !read_cpus(args.words[3], &soft)))
		shell_error(argv[0], "%s: processors are \"all\", numbers and ranges: 0,2-3,^1",
			    args.words[args.count - 1]);
	else if (shell_domain(argv[0], args.words[0], &domain, &guest))
		pin_domain(argv[0], args.words[1], domain, hard, soft);
}

const struct command commands_vcpu[] = {
	{ "vcpu-set", "[-i] DOMAIN COUNT", "Set the number of active VCPUs allowed for the domain",
	  run_vcpu_set },
	{ "vcpu-pin", "[-f] DOMAIN VCPU|all CPUS [SOFT-CPUS]",
	  "Set which processors a VCPU may run on, and which it prefers", run_vcpu_pin },
	{ NULL, NULL, NULL, NULL },
};
