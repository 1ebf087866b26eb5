/* SPDX-License-Identifier: MIT */
/*
 * The domain builder: makes a paused domain from a kernel file, as <xen/xen.h> describes under
 * "startofday". Kernel and RAM disk are hostile input.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

struct file;

struct build_request {
	const struct file *kernel, *ramdisk; /* ramdisk may be NULL */
	const char *cmdline;
	uint32_t memory_kib, maxmem_kib;
	unsigned vcpus;
	xen_domain_handle_t uuid;
};

/* What the control domain needs to know of a new guest. */
struct build_result {
	domid_t domain;
	xen_pfn_t console_mfn, xenstore_mfn;
	evtchn_port_t console_port, xenstore_port; /* the guest's ends */
	bool suspend_cancel; /* the kernel can go on when its suspend comes to nothing */
};

/*
 * NULL, or one line that says what is wrong and what to do (valid until the
 * next call); then nothing is left behind.
 */
const char *build_domain(const struct build_request *request, struct build_result *result);
