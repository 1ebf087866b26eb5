/* SPDX-License-Identifier: MIT */
/* Domains as the hypervisor lists them, for verbs that show them. */
#pragma once

#include <stdbool.h>

#include <xen/xen.h>
#include <xen/domctl.h>

struct domain_list {
	int count;
	struct xen_domctl_getdomaininfo *domains;
};

/* All domains, or the one named. False after a message of the verb. */
bool domain_list_read(struct domain_list *list, const char *verb, const char *name_or_id);
void domain_list_free(struct domain_list *list);

const char *domain_name(domid_t domain);
/* SHUTDOWN_*, or negative while it has not shut down. */
int domain_shutdown_reason(const struct xen_domctl_getdomaininfo *info);
double domain_seconds(uint64_t ns);
