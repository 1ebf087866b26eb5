/* SPDX-License-Identifier: MIT */
/*
 * What the new guest finds when it starts: start_info, hypercall page, shared_info, its two event
 * channels, and the registers of vCPU 0 (<xen/arch-x86/xen-x86_32.h>).
 */
#include <stdio.h>
#include <string.h>

#include "dom0/build_internal.h"
#include "dom0/ctl.h"
#include "dom0/memory.h"

#define MAGIC "xen-3.0-x86_32p"
#define EFLAGS_IF 0x200

static const char *make_ports(struct build *b)
{
	int console = ctl_alloc_port(b->result->domain);
	int xenstore = ctl_alloc_port(b->result->domain);
	pfn_t special;

	if (console < 0 || xenstore < 0)
		return build_fail(b, "cannot make its event channels: %s",
				  ctl_strerror(console < 0 ? console : xenstore));
	b->result->console_port = (evtchn_port_t)console;
	b->result->xenstore_port = (evtchn_port_t)xenstore;
	special = start_layout_pfn(&b->layout, b->layout.start_info);
	b->result->console_mfn = b->p2m[special + CONSOLE_PAGE];
	b->result->xenstore_mfn = b->p2m[special + XENSTORE_PAGE];
	return NULL;
}

static void fill_ramdisk(const struct build *b, struct start_info *si)
{
	if (!b->request->ramdisk)
		return;
	si->mod_len = b->request->ramdisk->size;
	si->mod_start = b->layout.modules;
	if (!b->layout.modules) {
		si->mod_start = b->layout.modules_pfn;
		si->flags |= SIF_MOD_START_PFN;
	}
}

static const char *write_start_info(struct build *b)
{
	const struct start_layout *l = &b->layout;
	struct start_info *si = build_map(b, start_layout_pfn(l, l->start_info));

	if (!si)
		return build_fail(b, "cannot map its start_info");
	strcpy(si->magic, MAGIC);
	si->nr_pages = b->nr_pages;
	si->shared_info = (unsigned long)b->shared_info;
	si->store_mfn = b->result->xenstore_mfn;
	si->store_evtchn = b->result->xenstore_port;
	si->console.domU.mfn = b->result->console_mfn;
	si->console.domU.evtchn = b->result->console_port;
	si->pt_base = l->page_tables;
	si->nr_pt_frames = l->nr_page_tables;
	si->mfn_list = l->p2m;
	if (b->image.has_init_p2m) {
		si->first_p2m_pfn = l->p2m_pfn;
		si->nr_p2m_frames = l->nr_p2m_frames + l->nr_p2m_l1;
	}
	fill_ramdisk(b, si);
	snprintf((char *)si->cmd_line, sizeof(si->cmd_line), "%s", b->request->cmdline);
	build_unmap(si);
	return NULL;
}

/* Every vCPU starts with events masked. */
static const char *init_shared_info(struct build *b)
{
	struct xen_domctl_getdomaininfo info;
	int rc = ctl_info(b->result->domain, &info);
	xen_pfn_t mfn = (xen_pfn_t)info.shared_info_frame;
	struct shared_info *shared;
	unsigned i;

	shared = rc ? NULL : foreign_map(b->result->domain, &mfn, 1, true);
	if (!shared)
		return build_fail(b, "cannot map its shared_info");
	b->shared_info = (uint64_t)mfn * PAGE_SIZE;
	for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		shared->vcpu_info[i].evtchn_upcall_mask = 1;
	foreign_unmap(shared, 1);
	return NULL;
}

static const char *make_hypercall_page(struct build *b)
{
	xen_pfn_t mfn;
	int rc;

	if (!b->image.has_hypercall_page)
		return NULL;
	if (start_layout_pfn(&b->layout, b->image.hypercall_page) >= b->nr_pages)
		return build_fail(b, "note HYPERCALL_PAGE lies outside the kernel");
	mfn = b->p2m[start_layout_pfn(&b->layout, b->image.hypercall_page)];
	rc = ctl_hypercall_page(b->result->domain, mfn);
	return rc ? build_fail(b, "cannot make its hypercall page: %s (%d)", ctl_strerror(rc), rc)
		  : NULL;
}

static const char *start_vcpu(struct build *b)
{
	static struct vcpu_guest_context context;
	const struct start_layout *l = &b->layout;
	int rc;

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_in_kernel | VGCF_online;
	context.user_regs.eip = b->image.entry;
	context.user_regs.esp = l->stack_end;
	context.user_regs.esi = l->start_info;
	context.user_regs.eflags = EFLAGS_IF;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = FLAT_KERNEL_SS;
	context.user_regs.ds = context.user_regs.es = FLAT_KERNEL_DS;
	context.user_regs.fs = context.user_regs.gs = FLAT_KERNEL_DS;
	context.kernel_ss = FLAT_KERNEL_SS;
	context.kernel_sp = l->stack_end;
	context.ctrlreg[3] = xen_pfn_to_cr3(b->p2m[start_layout_pfn(l, l->page_tables)]);
	if (b->image.pae >= ELF_PAE_EXTENDED)
		context.vm_assist = 1u << VMASST_TYPE_pae_extended_cr3;
	rc = ctl_set_vcpu(b->result->domain, 0, &context);
	return rc ? build_fail(b, "the hypervisor refuses its registers: %s (%d)", ctl_strerror(rc),
			       rc)
		  : NULL;
}

const char *build_start(struct build *b)
{
	const char *error = make_ports(b);

	if (!error)
		error = init_shared_info(b);
	if (!error)
		error = write_start_info(b);
	if (!error)
		error = make_hypercall_page(b);
	if (!error)
		error = start_vcpu(b);
	return error;
}
