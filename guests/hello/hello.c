/* SPDX-License-Identifier: MIT */
/* The smallest guest that shows something: a greeting, what it runs on, a clean power-off. */
#include "guests/pvrt/pvrt.h"

#include <xen/version.h>

static void print_version(void)
{
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);
	xen_extraversion_t extra = "";
	xen_capabilities_info_t caps = "";

	HYPERVISOR_xen_version(XENVER_extraversion, extra);
	HYPERVISOR_xen_version(XENVER_capabilities, caps);
	pv_printf("version %ld.%ld%s, %s\n", version >> 16, version & 0xffff, extra, caps);
}

static void print_features(void)
{
	struct xen_feature_info info = { .submap_idx = 0 };

	if (!HYPERVISOR_xen_version(XENVER_get_features, &info))
		pv_printf("features %08x\n", info.submap);
}

int main(void)
{
	pv_printf("Hello from ring %u, started as %s\n", FLAT_KERNEL_CS & 3, start_info->magic);
	print_version();
	print_features();
	pv_printf("%lu pages, %lu MiB\n", start_info->nr_pages, start_info->nr_pages >> 8);
	pv_printf("command line: \"%s\"\n", (const char *)start_info->cmd_line);
	return 0;
}
