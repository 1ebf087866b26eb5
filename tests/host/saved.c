// SPDX-License-Identifier: MIT
// Simulated domains that are saved and restored: see saved.h.
#include "tests/host/saved.h"

#include <stdlib.h>
#include <string.h>

#include <xen/errno.h>

#include "dom0/ctl.h"
#include "dom0/drivers/dma.h"
#include "dom0/files.h"
#include "dom0/memory.h"
#include "dom0/net/bridge.h"
#include "guests/pvrt/mm.h"

#define BASE 0x100u
#define MAPPINGS 8u
#define NONE (~0u)

// Frames of the guest that is made.
enum {
	SI = 3,
	STORE,
	CONSOLE,
	LIST_TOP,
	LIST_MIDDLE,
	LIST,
	GDT,
	HOLE,
	L3,
	L2,
	L2_HV,
	L1,
	DATA_FIRST
};

static struct {
	uint8_t bytes[PAGE_BYTES];
	domid_t owner; // 0: free
	uint32_t pfn, type;
} frames[SAVED_FRAMES];

static struct mapping {
	uint8_t *window;
	domid_t domain;
	unsigned count;
	bool writable;
	xen_pfn_t mfns[64];
} mappings[MAPPINGS];

static struct {
	struct vcpu_guest_context context[XEN_LEGACY_MAX_VCPUS];
	bool set[XEN_LEGACY_MAX_VCPUS];
	uint32_t shared_mfn;
	unsigned pins, ports;
} domains[3];

static bool exhausted;
static domid_t next_domain;

// ---- frames ----

static uint32_t take_frame(domid_t domain, uint32_t pfn)
{
	static uint32_t next;
	uint32_t i, at;

	for (i = 0; i < SAVED_FRAMES && !exhausted; i++) {
		at = (next + i) % SAVED_FRAMES;
		if (frames[at].owner)
			continue;
		memset(&frames[at], 0, sizeof(frames[at]));
		frames[at].owner = domain;
		frames[at].pfn = pfn;
		next = at + 7;
		return at + BASE;
	}
	return NONE;
}

static bool valid(domid_t domain, unsigned long mfn)
{
	return mfn >= BASE && mfn < BASE + SAVED_FRAMES && frames[mfn - BASE].owner == domain;
}

void saved_reset(void)
{
	memset(frames, 0, sizeof(frames));
	memset(domains, 0, sizeof(domains));
	exhausted = false;
	next_domain = 2;
}

unsigned saved_frames(domid_t domain)
{
	unsigned i, count = 0;

	for (i = 0; i < SAVED_FRAMES; i++)
		count += frames[i].owner == domain;
	return count;
}

uint32_t saved_mfn(domid_t domain, uint32_t pfn)
{
	unsigned i;

	for (i = 0; i < SAVED_FRAMES; i++)
		if (frames[i].owner == domain && frames[i].pfn == pfn)
			return i + BASE;
	return NONE;
}

uint8_t *saved_page(domid_t domain, uint32_t pfn)
{
	uint32_t mfn = saved_mfn(domain, pfn);

	return mfn == NONE ? NULL : frames[mfn - BASE].bytes;
}

struct shared_info *saved_shared_info(domid_t domain)
{
	return (struct shared_info *)frames[domains[domain].shared_mfn - BASE].bytes;
}

struct vcpu_guest_context *saved_context(domid_t domain, unsigned vcpu)
{
	return domains[domain].set[vcpu] ? &domains[domain].context[vcpu] : NULL;
}

unsigned saved_pins(domid_t domain)
{
	return domains[domain].pins;
}

void saved_exhaust(void)
{
	exhausted = true;
}

unsigned long mfn_to_pfn(unsigned long mfn)
{
	return mfn >= BASE && mfn < BASE + SAVED_FRAMES ? frames[mfn - BASE].pfn : INVALID_MFN;
}

// ---- mappings are copies, written back when they end ----

unsigned saved_mapped(void)
{
	unsigned i, count = 0;

	for (i = 0; i < MAPPINGS; i++)
		count += mappings[i].count;
	return count;
}

void *foreign_map(domid_t domain, const xen_pfn_t *mfns, unsigned count, bool writable)
{
	struct mapping *m = mappings;
	unsigned i;

	while (m->count)
		m++;
	for (i = 0; i < count; i++)
		if (!valid(domain, mfns[i]) || (writable && frames[mfns[i] - BASE].type))
			return NULL;
	*m = (struct mapping){ .window = malloc(count * PAGE_BYTES),
			       .domain = domain,
			       .count = count,
			       .writable = writable };
	memcpy(m->mfns, mfns, count * sizeof(*mfns));
	for (i = 0; i < count; i++)
		memcpy(m->window + i * PAGE_BYTES, frames[mfns[i] - BASE].bytes, PAGE_BYTES);
	return m->window;
}

void foreign_unmap(void *address, unsigned count)
{
	struct mapping *m = mappings;
	unsigned i;

	if (!address)
		return;
	while (m->window != address)
		m++;
	for (i = 0; i < count && m->writable; i++)
		memcpy(frames[m->mfns[i] - BASE].bytes, m->window + i * PAGE_BYTES, PAGE_BYTES);
	free(m->window);
	memset(m, 0, sizeof(*m));
}

// ---- the hypervisor ----

const char *ctl_strerror(int rc)
{
	return rc ? "refused" : "success";
}

int ctl_physinfo(struct xen_sysctl_physinfo *info)
{
	memset(info, 0, sizeof(*info));
	info->free_pages = exhausted ? 0 : SAVED_FRAMES - saved_frames(1) - saved_frames(2);
	return 0;
}

int ctl_create(domid_t *domain, const xen_domain_handle_t handle, unsigned vcpus)
{
	(void)handle, (void)vcpus;
	*domain = next_domain;
	domains[next_domain].shared_mfn = take_frame(next_domain, NONE);
	return domains[next_domain].shared_mfn == NONE ? -XEN_ENOMEM : 0;
}

int ctl_max_vcpus(domid_t domain, unsigned vcpus)
{
	(void)domain, (void)vcpus;
	return 0;
}

int ctl_max_mem(domid_t domain, uint64_t kib)
{
	(void)domain, (void)kib;
	return 0;
}

int ctl_info(domid_t domain, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->shared_info_frame = domains[domain].shared_mfn;
	info->tot_pages = saved_frames(domain) - 1;
	return 0;
}

int ctl_populate_list(domid_t domain, xen_ulong_t count, unsigned flags, xen_pfn_t *list)
{
	xen_ulong_t i;

	(void)flags;
	for (i = 0; i < count; i++) {
		list[i] = take_frame(domain, (uint32_t)list[i]);
		if (list[i] == NONE)
			return -XEN_ENOMEM;
	}
	return 0;
}

int ctl_frame_types(domid_t domain, unsigned count, xen_pfn_t *list)
{
	unsigned i;

	for (i = 0; i < count; i++)
		list[i] = valid(domain, list[i]) ? frames[list[i] - BASE].type
						 : XEN_DOMCTL_PFINFO_XTAB;
	return 0;
}

int ctl_mmuext(domid_t domain, struct mmuext_op *ops, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		if (ops[i].cmd > MMUEXT_PIN_L3_TABLE || !valid(domain, ops[i].arg1.mfn))
			return -XEN_EINVAL;
		frames[ops[i].arg1.mfn - BASE].type = (ops[i].cmd + 1)
							      << XEN_DOMCTL_PFINFO_LTAB_SHIFT |
						      XEN_DOMCTL_PFINFO_LPINTAB;
		domains[domain].pins++;
	}
	return 0;
}

int ctl_alloc_port(domid_t domain)
{
	return (int)++domains[domain].ports;
}

int ctl_get_vcpu(domid_t domain, unsigned vcpu, struct vcpu_guest_context *context)
{
	if (!domains[domain].set[vcpu])
		return -XEN_ENODATA;
	*context = domains[domain].context[vcpu];
	return 0;
}

int ctl_set_vcpu(domid_t domain, unsigned vcpu, struct vcpu_guest_context *context)
{
	unsigned i;

	if (!valid(domain, xen_cr3_to_pfn(context->ctrlreg[3])))
		return -XEN_EINVAL;
	for (i = 0; i < (context->gdt_ents + 511) / 512; i++)
		if (!valid(domain, context->gdt_frames[i]))
			return -XEN_EINVAL;
	domains[domain].context[vcpu] = *context;
	domains[domain].set[vcpu] = true;
	return 0;
}

int ctl_get_xstate(domid_t domain, unsigned vcpu, void *buffer, uint32_t *size, uint64_t *features)
{
	(void)domain;
	*features = 3;
	*size = 600;
	memset(buffer, 0x40 + (int)vcpu, *size);
	return 0;
}

int ctl_set_xstate(domid_t domain, unsigned vcpu, void *buffer, uint32_t size)
{
	(void)domain, (void)vcpu;
	return size == 600 && *(uint8_t *)buffer == 0x40 + vcpu ? 0 : -XEN_EINVAL;
}

// ---- the rest of the control domain ----

const struct file *files_find(const char *path)
{
	static const struct file file = { .name = "kernel" };

	return !strcmp(path, "kernel") ? &file : NULL;
}

const char *guest_name_error(const char *name)
{
	return strcmp(name, "taken") ? NULL : "exists already";
}

const char *guest_disks_open(const struct guest_spec *spec, struct guest_disks *disks)
{
	(void)spec;
	disks->count = 0;
	return NULL;
}

// ---- a guest ----

static uint64_t *entry(uint32_t pfn, unsigned index)
{
	return (uint64_t *)saved_page(1, pfn) + index;
}

static void refer(uint32_t table, unsigned index, uint32_t pfn, unsigned flags)
{
	*entry(table, index) = (uint64_t)saved_mfn(1, pfn) << 12 | flags;
}

static void set_type(uint32_t pfn, unsigned level, bool pinned)
{
	frames[saved_mfn(1, pfn) - BASE].type = level << XEN_DOMCTL_PFINFO_LTAB_SHIFT |
						(pinned ? XEN_DOMCTL_PFINFO_LPINTAB : 0);
}

static void make_tables(void)
{
	uint32_t pfn;

	refer(L3, 0, L2, 1);
	refer(L3, 3, L2_HV, 1);
	refer(L2, 5, L1, 7);
	refer(L2_HV, 0, L1, 7);
	*entry(L2_HV, 430) = 0x7ffff067; // the hypervisor's own
	for (pfn = DATA_FIRST; pfn < SAVED_PFNS; pfn++)
		refer(L1, pfn, pfn, pfn % 2 ? 3 : 1);
	*entry(L1, 100) = 0x123456; // not present: swapped out
	set_type(L3, 3, true);
	set_type(L2, 2, false);
	set_type(L2_HV, 2, false);
	set_type(L1, 1, true);
}

static void make_lists(void)
{
	struct shared_info *shared = saved_shared_info(1);
	uint32_t *list = (uint32_t *)saved_page(1, LIST), pfn;

	*(uint32_t *)saved_page(1, LIST_TOP) = saved_mfn(1, LIST_MIDDLE);
	*(uint32_t *)saved_page(1, LIST_MIDDLE) = saved_mfn(1, LIST);
	memset(list, 0xff, PAGE_BYTES);
	for (pfn = 0; pfn < SAVED_PFNS; pfn++)
		list[pfn] = saved_mfn(1, pfn);
	shared->arch.max_pfn = SAVED_PFNS;
	shared->arch.pfn_to_mfn_frame_list_list = saved_mfn(1, LIST_TOP);
}

static void make_registers(void)
{
	struct start_info *si = (void *)saved_page(1, SI);
	struct vcpu_guest_context *c = &domains[1].context[0];

	si->store_mfn = STORE;
	si->console.domU.mfn = CONSOLE;
	si->nr_pages = SAVED_PFNS;
	c->user_regs.edx = saved_mfn(1, SI);
	c->user_regs.eip = 0xc0001234;
	c->user_regs.saved_upcall_mask = 1;
	c->gdt_ents = 16;
	c->gdt_frames[0] = saved_mfn(1, GDT);
	c->ctrlreg[3] = xen_pfn_to_cr3(saved_mfn(1, L3));
	domains[1].set[0] = true;
}

void saved_make_guest(struct guest *guest)
{
	static const struct file kernel = { .name = "kernel" };
	uint32_t pfn, i;

	saved_reset();
	domains[1].shared_mfn = take_frame(1, NONE);
	for (pfn = 0; pfn < SAVED_PFNS; pfn++)
		if (pfn != HOLE)
			take_frame(1, pfn);
	for (pfn = DATA_FIRST; pfn < SAVED_PFNS; pfn++)
		for (i = 0; i < PAGE_BYTES && pfn % 3; i++)
			saved_page(1, pfn)[i] = (uint8_t)(pfn * 7 + i);
	make_tables();
	make_lists();
	make_registers();
	memset(guest, 0, sizeof(*guest));
	guest->domain = 1;
	guest->state = GUEST_SUSPENDED;
	strcpy(guest->spec.name, "saved");
	strcpy(guest->spec.cmdline, "a 'quoted' word");
	guest->spec.kernel = &kernel;
	guest->spec.memory_mib = guest->spec.maxmem_mib = 1;
	guest->spec.vcpus = 2;
	guest->spec.vcpus_online = 1;
	guest->spec.weight = 256;
}

// ---- comparison ----

static uint64_t translate(uint64_t e)
{
	uint32_t pfn;

	if (!(e & 1))
		return e;
	pfn = (uint32_t)mfn_to_pfn((unsigned long)(e >> 12));
	return valid(1, (unsigned long)(e >> 12)) ? (e & 0xfff) | (uint64_t)saved_mfn(2, pfn) << 12
						  : 0;
}

static bool same_table(uint32_t pfn, unsigned entries)
{
	const uint64_t *new = (const void *)saved_page(2, pfn);
	unsigned i;

	for (i = 0; i < entries; i++)
		if (new[i] != translate(*entry(pfn, i)))
			return false;
	return true;
}

static bool same_list(void)
{
	const uint32_t *list = (const void *)saved_page(2, LIST);
	uint32_t pfn;

	for (pfn = 0; pfn < SAVED_PFNS; pfn++)
		if (list[pfn] != saved_mfn(2, pfn))
			return false;
	return list[SAVED_PFNS] == NONE;
}

static bool same_start_info(void)
{
	const struct start_info *si = (const void *)saved_page(2, SI);

	return si->store_mfn == saved_mfn(2, STORE) &&
	       si->console.domU.mfn == saved_mfn(2, CONSOLE) && si->store_evtchn &&
	       si->console.domU.evtchn && si->shared_info == domains[2].shared_mfn << 12;
}

const char *saved_compare(void)
{
	const struct vcpu_guest_context *c = saved_context(2, 0);
	uint32_t pfn;

	for (pfn = DATA_FIRST; pfn < SAVED_PFNS; pfn++)
		if (!saved_page(2, pfn) ||
		    memcmp(saved_page(1, pfn), saved_page(2, pfn), PAGE_BYTES))
			return "data";
	if (saved_page(2, HOLE) || saved_frames(2) != saved_frames(1))
		return "which frames it has";
	if (!same_table(L3, 4) || !same_table(L2, 512) || !same_table(L2_HV, 512) ||
	    !same_table(L1, 512))
		return "page tables";
	if (saved_pins(2) != 2)
		return "pins";
	if (!same_list() || !same_start_info())
		return "frame list or start_info";
	if (!c || saved_context(2, 1) || c->user_regs.edx != saved_mfn(2, SI) ||
	    c->gdt_frames[0] != saved_mfn(2, GDT) || c->user_regs.eip != 0xc0001234 ||
	    xen_cr3_to_pfn(c->ctrlreg[3]) != saved_mfn(2, L3))
		return "registers";
	return NULL;
}

/* ---- what image files and descriptions ask of other parts; weak, for tests that have those ---- */

__attribute__((weak)) bool bridge_name_valid(const char *name)
{
	return *name == 'b' && strlen(name) < NET_NAME_MAX;
}

__attribute__((weak)) uint64_t virt_to_maddr(const void *address)
{
	return (uintptr_t)address;
}
