/* SPDX-License-Identifier: MIT */
/* See domain_list.h. */
#include "dom0/domain_list.h"

#include <stdlib.h>

#include "dom0/ctl.h"
#include "dom0/guest.h"
#include "dom0/shell.h"

#define MAX_DOMAINS 512

bool domain_list_read(struct domain_list *list, const char *verb, const char *name_or_id)
{
	struct guest *guest;
	domid_t first = 0;

	if (name_or_id && !shell_domain(verb, name_or_id, &first, &guest))
		return false;
	list->domains = calloc(name_or_id ? 1 : MAX_DOMAINS, sizeof(*list->domains));
	if (!list->domains) {
		shell_error(verb, "the control domain is out of memory");
		return false;
	}
	list->count = ctl_list(first, name_or_id ? 1 : MAX_DOMAINS, list->domains);
	if (list->count >= 0)
		return true;
	shell_error(verb, "%s (%d)", ctl_strerror(list->count), list->count);
	domain_list_free(list);
	return false;
}

void domain_list_free(struct domain_list *list)
{
	free(list->domains);
}

const char *domain_name(domid_t domain)
{
	const struct guest *guest = guest_by_domain(domain);

	return guest ? guest->spec.name : domain ? "(null)" : "Domain-0";
}

int domain_shutdown_reason(const struct xen_domctl_getdomaininfo *info)
{
	if (!(info->flags & XEN_DOMINF_shutdown))
		return -1;
	return (int)(info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
}

double domain_seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}
