/* SPDX-License-Identifier: MIT */
/*
 * What a restored guest finds when its suspend returns (<xen/xen.h>): start_info with new numbers, a shared_info
 * without events, two new event channels, and its registers.
 */
#include <string.h>

#include "dom0/ctl.h"
#include "dom0/memory.h"
#include "dom0/save/restore_internal.h"
#include "guests/pvrt/mm.h"

#define MAGIC "xen-3.0-x86_32p"
#define GDT_ENTRIES_PER_PAGE 512u
#define GDT_ENTRIES_MAX 8192u
#define DAMAGED "the image is damaged: "

/* The machine frame of a page of data; FRAMES_NONE: it is none. */
static uint32_t data_frame(const struct restore *r, unsigned long pfn)
{
	if (pfn >= FRAMES_NONE || !frames_has(&r->frames, (uint32_t)pfn) || r->frames.kinds[pfn])
		return FRAMES_NONE;
	return r->frames.mfns[pfn];
}

static const char *make_ports(struct restore *r)
{
	int console = ctl_alloc_port(r->built.domain), store = ctl_alloc_port(r->built.domain);

	if (console < 0 || store < 0)
		return "cannot make its event channels";
	r->built.console_port = (evtchn_port_t)console;
	r->built.xenstore_port = (evtchn_port_t)store;
	return NULL;
}

/* A new domain has no events; a kernel opens those it wants. */
static const char *init_shared_info(struct restore *r, uint64_t *address)
{
	struct xen_domctl_getdomaininfo info;
	int rc = ctl_info(r->built.domain, &info);
	xen_pfn_t mfn = (xen_pfn_t)info.shared_info_frame;
	struct shared_info *shared = rc ? NULL : foreign_map(r->built.domain, &mfn, 1, true);
	unsigned i;

	if (!shared)
		return "cannot map its shared_info";
	*address = (uint64_t)mfn * PAGE_SIZE;
	memset(shared->evtchn_mask, 0xff, sizeof(shared->evtchn_mask));
	for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		shared->vcpu_info[i].evtchn_upcall_mask =
			!r->vcpus[i] || r->vcpus[i]->context.user_regs.saved_upcall_mask;
	shared->arch.max_pfn = r->frames.nr_pfns;
	foreign_unmap(shared, 1);
	return NULL;
}

/* The kernel has left the guest's numbers of the two rings there. */
static const char *write_start_info(struct restore *r, uint64_t shared_info)
{
	xen_pfn_t mfn = data_frame(r, r->vcpus[0]->context.user_regs.edx);
	struct start_info *si = mfn == FRAMES_NONE ? NULL
						   : foreign_map(r->built.domain, &mfn, 1, true);

	if (!si)
		return DAMAGED "it has no start_info";
	r->built.xenstore_mfn = data_frame(r, si->store_mfn);
	r->built.console_mfn = data_frame(r, si->console.domU.mfn);
	memcpy(si->magic, MAGIC, sizeof(MAGIC));
	si->nr_pages = r->memory.nr_pages;
	si->shared_info = (unsigned long)shared_info;
	si->flags = 0;
	si->store_mfn = r->built.xenstore_mfn;
	si->store_evtchn = r->built.xenstore_port;
	si->console.domU.mfn = r->built.console_mfn;
	si->console.domU.evtchn = r->built.console_port;
	foreign_unmap(si, 1);
	return r->built.xenstore_mfn == FRAMES_NONE || r->built.console_mfn == FRAMES_NONE ? DAMAGED
		       "its rings of console and xenstore are not in its memory"
											   : NULL;
}

/* ---- registers ---- */

static bool name_frames(const struct restore *r, struct image_vcpu *vcpu)
{
	struct vcpu_guest_context *c = &vcpu->context;
	unsigned long top = xen_cr3_to_pfn(c->ctrlreg[3]);
	unsigned i;

	if (c->gdt_ents > GDT_ENTRIES_MAX || top >= FRAMES_NONE ||
	    !frames_has(&r->frames, (uint32_t)top))
		return false;
	for (i = 0; i < (c->gdt_ents + GDT_ENTRIES_PER_PAGE - 1) / GDT_ENTRIES_PER_PAGE; i++) {
		c->gdt_frames[i] = data_frame(r, c->gdt_frames[i]);
		if (c->gdt_frames[i] == FRAMES_NONE)
			return false;
	}
	c->ctrlreg[3] = xen_pfn_to_cr3(r->frames.mfns[top]);
	if (vcpu->id == 0)
		c->user_regs.edx = data_frame(r, c->user_regs.edx);
	return true;
}

static const char *set_vcpu(struct restore *r, struct image_vcpu *vcpu)
{
	int rc;

	if (!name_frames(r, vcpu))
		return DAMAGED "registers point to what the guest does not have";
	rc = ctl_set_vcpu(r->built.domain, vcpu->id, &vcpu->context);
	if (rc)
		return restore_fail(r, "the hypervisor refuses its registers: %s (%d)",
				    ctl_strerror(rc), rc);
	rc = ctl_set_xstate(r->built.domain, vcpu->id, vcpu + 1, vcpu->xstate_size);
	return rc ? restore_fail(r, "this processor does not have the registers that it uses (%d)",
				 rc)
		  : NULL;
}

const char *restore_start_guest(struct restore *r)
{
	uint64_t shared_info;
	const char *error = make_ports(r);
	unsigned i;

	if (!error)
		error = init_shared_info(r, &shared_info);
	if (!error)
		error = write_start_info(r, shared_info);
	for (i = 0; i < XEN_LEGACY_MAX_VCPUS && !error; i++)
		if (r->vcpus[i])
			error = set_vcpu(r, r->vcpus[i]);
	return error;
}
