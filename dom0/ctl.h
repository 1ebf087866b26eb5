/* SPDX-License-Identifier: MIT */
/*
 * The privileged hypercalls, one function each (<xen/domctl.h>, <xen/sysctl.h>, <xen/memory.h>).
 * Results are Xen's: 0, or a negative XEN_E* number; ctl_strerror() words it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

const char *ctl_strerror(int rc);

/* ---- one domain ---- */

/* *domain is the number wanted, or 0 for any; on success the one given. */
int ctl_create(domid_t *domain, const xen_domain_handle_t handle, unsigned vcpus);
int ctl_destroy(domid_t domain);
int ctl_pause(domid_t domain);
int ctl_unpause(domid_t domain);
int ctl_max_mem(domid_t domain, uint64_t kib);
int ctl_info(domid_t domain, struct xen_domctl_getdomaininfo *info);
/* Makes all vCPUs that it was created with. */
int ctl_max_vcpus(domid_t domain, unsigned vcpus);
int ctl_set_vcpu(domid_t domain, unsigned vcpu, struct vcpu_guest_context *context);
int ctl_get_vcpu(domid_t domain, unsigned vcpu, struct vcpu_guest_context *context);
/*
 * XCR0 and the XSAVE area of a vCPU, which has a context. *size is how large the buffer is, then what it holds;
 * -XEN_E2BIG: larger than that. To be set behind the context, which resets it.
 */
int ctl_get_xstate(domid_t domain, unsigned vcpu, void *buffer, uint32_t *size, uint64_t *features);
int ctl_set_xstate(domid_t domain, unsigned vcpu, void *buffer, uint32_t size);
/* Lets a domain that has shut down go on behind the call that did it. */
int ctl_resume(domid_t domain);
int ctl_vcpu_info(domid_t domain, unsigned vcpu, struct xen_domctl_getvcpuinfo *info);
int ctl_hypercall_page(domid_t domain, xen_pfn_t mfn);
/* The scheduler's weight and cap; put sets them. */
int ctl_sched(domid_t domain, struct xen_domctl_sched_credit2 *params, bool put);
/* Bit N: processor N; 0 leaves that affinity as it is. */
int ctl_pin(domid_t domain, unsigned vcpu, uint32_t hard, uint32_t soft);
/* Lets the domain shut down with a SHUTDOWN_* reason, without asking it. */
int ctl_remote_shutdown(domid_t domain, unsigned reason);
/* Allocates an event channel of the domain that domain 0 may bind; the port, or an error. */
int ctl_alloc_port(domid_t domain);

/* ---- its memory ---- */

/*
 * Gives the domain zeroed frames for pfns [first, first + count); mfns are
 * stored in *mfns on. flags: XENMEMF_*.
 */
int ctl_populate(domid_t domain, xen_pfn_t first, xen_ulong_t count, unsigned flags,
		 xen_pfn_t *mfns);
/* The same for the pfns in *frames, which become mfns. */
int ctl_populate_list(domid_t domain, xen_ulong_t count, unsigned flags, xen_pfn_t *frames);
/* Each mfn becomes its XEN_DOMCTL_PFINFO_*; at most 1024. */
int ctl_frame_types(domid_t domain, unsigned count, xen_pfn_t *frames);
/* MMUEXT_* operations on the domain's frames. */
int ctl_mmuext(domid_t domain, struct mmuext_op *ops, unsigned count);
int ctl_pin_top_table(domid_t domain, xen_pfn_t mfn);

/* ---- the machine ---- */

/* Domains from number first on; returns how many were stored. */
int ctl_list(domid_t first, unsigned max, struct xen_domctl_getdomaininfo *list);
int ctl_physinfo(struct xen_sysctl_physinfo *info);
/*
 * What a domain has written to the emergency console, for domain 0 the hypervisor's messages, from
 * *index on; returns the bytes stored and moves *index.
 */
int ctl_read_log(domid_t domain, char *buf, uint32_t size, uint32_t *index, bool clear);
int ctl_debug_keys(const char *keys, unsigned count);
