/* SPDX-License-Identifier: MIT */
/*
 * A domain builder: what a control domain does with the interfaces under test,
 * kept as small as the payload allows.
 */
#include "guests/multi/child.h"

#include <xen/elfnote.h>
#include <xen/memory.h>
#include <xen/arch-x86/xen.h>

#define PATIENCE (20 * NS_PER_S)
#define FLAGS_MAGIC "xen-3.0-x86_32p"

extern const unsigned char payload_start[], payload_end[];

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version, entry, phoff, shoff, flags;
	uint16_t ehsize, phentsize, phnum;
};

struct program_header {
	uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
#define PT_LOAD 1
#define PT_NOTE 4

/* The payload as it lies in a child's first frames. */
static struct {
	unsigned char *memory;
	unsigned long pages;
	uint32_t entry, hypercall_page;
} image;

/* ---- the image ---- */

static void read_note(const uint32_t *note)
{
	/* name size, descriptor size, type, "Xen", descriptor */
	if (note[2] == XEN_ELFNOTE_ENTRY)
		image.entry = note[4];
	if (note[2] == XEN_ELFNOTE_HYPERCALL_PAGE)
		image.hypercall_page = note[4];
}

static void read_notes(const struct program_header *ph)
{
	const unsigned char *at = payload_start + ph->offset, *end = at + ph->filesz;

	while (at < end) {
		const uint32_t *note = (const uint32_t *)at;

		read_note(note);
		at += 12 + ((note[0] + 3) & ~3u) + ((note[1] + 3) & ~3u);
	}
}

static const struct program_header *program_headers(unsigned int *n)
{
	const struct elf_header *header = (const struct elf_header *)payload_start;

	*n = header->phnum;
	return (const struct program_header *)(payload_start + header->phoff);
}

void child_init(void)
{
	unsigned int n, i;
	const struct program_header *ph = program_headers(&n);
	uint32_t end = 0;

	for (i = 0; i < n; i++)
		if (ph[i].type == PT_LOAD && ph[i].paddr + ph[i].memsz > end)
			end = ph[i].paddr + ph[i].memsz;
	image.pages = (end + PAGE_SIZE - 1) / PAGE_SIZE;
	image.memory = page_alloc_run(image.pages);
	memset(image.memory, 0, image.pages * PAGE_SIZE);
	for (i = 0; i < n; i++) {
		if (ph[i].type == PT_LOAD)
			memcpy(image.memory + ph[i].paddr, payload_start + ph[i].offset,
			       ph[i].filesz);
		else if (ph[i].type == PT_NOTE)
			read_notes(&ph[i]);
	}
	BUG_ON(!image.entry || !image.hypercall_page);
}

/* ---- others' frames ---- */

void *foreign_map(domid_t domid, unsigned long mfn, pte_t flags)
{
	void *va = page_alloc();

	if (!HYPERVISOR_update_va_mapping_otherdomain(PTR32(va), mfn_pte(mfn, flags),
						      UVMF_INVLPG | UVMF_LOCAL, domid))
		return va;
	page_free(va);
	return NULL;
}

void foreign_unmap(void *va)
{
	mm_unmap_frame(va);
}

/* Fills a frame of the child's: from a page, or with zeros behind what there is. */
static int write_frame(struct child *c, unsigned long pfn, const void *data, unsigned int size)
{
	void *va = foreign_map(c->id, c->mfn[pfn], PTE_KERNEL_RW);

	if (!va)
		return -XEN_EFAULT;
	memcpy(va, data, size);
	foreign_unmap(va);
	return 0;
}

/* ---- the steps ---- */

int child_create(struct child *c, unsigned int vcpus)
{
	struct xen_domctl op = { 0 };
	int rc;

	op.u.createdomain.max_vcpus = vcpus;
	op.u.createdomain.max_evtchn_port = ~0u;
	op.u.createdomain.max_grant_frames = -1;
	op.u.createdomain.max_maptrack_frames = -1;
	rc = domctl(XEN_DOMCTL_createdomain, 0, &op);
	if (rc)
		return rc;
	c->id = op.domain;
	c->made = true;
	memset(&op, 0, sizeof(op));
	op.u.max_vcpus.max = vcpus;
	return domctl(XEN_DOMCTL_max_vcpus, c->id, &op);
}

int child_populate(struct child *c, unsigned int pages)
{
	struct xen_memory_reservation res = { .domid = c->id, .nr_extents = pages };
	unsigned int i;
	int rc = domain_max_mem(c->id, pages * (PAGE_SIZE / 1024));

	if (rc)
		return rc;
	for (i = 0; i < pages; i++)
		c->mfn[i] = i;
	set_xen_guest_handle(res.extent_start, c->mfn);
	rc = HYPERVISOR_memory_op(XENMEM_populate_physmap, &res);
	c->pages = rc > 0 ? rc : 0;
	return rc == (int)pages ? 0 : -XEN_ENOMEM;
}

static uint32_t child_va(unsigned long pfn)
{
	return VIRT_BASE + pfn * PAGE_SIZE;
}

static int write_start_info(struct child *c, const char *what)
{
	static union {
		start_info_t si;
		char page[PAGE_BYTES];
	} u;
	struct xen_domctl_getdomaininfo info;
	int rc = domain_info(c->id, &info);

	if (rc)
		return rc;
	memset(&u, 0, sizeof(u));
	memcpy(u.si.magic, FLAGS_MAGIC, sizeof(FLAGS_MAGIC));
	u.si.nr_pages = c->pages;
	u.si.shared_info = (unsigned long)info.shared_info_frame << PAGE_SHIFT;
	u.si.pt_base = child_va(c->top_pfn);
	u.si.nr_pt_frames = 3;
	u.si.mfn_list = child_va(c->si_pfn - 1);
	pv_snprintf((char *)u.si.cmd_line, sizeof(u.si.cmd_line), "%s mailbox=%x", what,
		    child_va(c->mailbox_pfn));
	return write_frame(c, c->si_pfn, u.page, PAGE_SIZE);
}

static int write_tables(struct child *c)
{
	static pte_t table[ENTRIES_PER_TABLE];
	unsigned long pfn;
	int rc;

	memset(table, 0, sizeof(table));
	for (pfn = 0; pfn < c->pages && pfn < ENTRIES_PER_TABLE; pfn++)
		table[pfn] = mfn_pte(c->mfn[pfn], pfn >= c->top_pfn && pfn < c->top_pfn + 3
							  ? PTE_KERNEL_RO | PTE_US
							  : PTE_USER_RW);
	rc = write_frame(c, c->top_pfn + 2, table, PAGE_SIZE);
	if (rc)
		return rc;
	memset(table, 0, sizeof(table));
	table[table_index(VIRT_BASE, 2)] = mfn_pte(c->mfn[c->top_pfn + 2], PTE_TABLE);
	rc = write_frame(c, c->top_pfn + 1, table, PAGE_SIZE);
	if (rc)
		return rc;
	memset(table, 0, sizeof(table));
	table[table_index(VIRT_BASE, 3)] = mfn_pte(c->mfn[c->top_pfn + 1], PTE_P);
	return write_frame(c, c->top_pfn, table, PAGE_SIZE);
}

static int pin_top(struct child *c)
{
	struct mmuext_op op = { .cmd = MMUEXT_PIN_L3_TABLE, .arg1.mfn = c->mfn[c->top_pfn] };

	return HYPERVISOR_mmuext_op(&op, 1, NULL, c->id);
}

static int init_hypercall_page(struct child *c)
{
	struct xen_domctl op = { 0 };

	op.u.hypercall_init.gmfn = c->mfn[(image.hypercall_page - VIRT_BASE) / PAGE_SIZE];
	return domctl(XEN_DOMCTL_hypercall_init, c->id, &op);
}

int child_load(struct child *c, const char *what)
{
	unsigned long pfn;
	int rc = 0;

	c->mailbox_pfn = image.pages;
	c->si_pfn = image.pages + 2;
	c->top_pfn = image.pages + 3;
	for (pfn = 1; pfn < image.pages && !rc; pfn++)
		rc = write_frame(c, pfn, image.memory + pfn * PAGE_SIZE, PAGE_SIZE);
	if (!rc)
		rc = write_frame(c, c->si_pfn - 1, c->mfn, c->pages * sizeof(c->mfn[0]));
	if (!rc)
		rc = init_hypercall_page(c);
	if (!rc)
		rc = write_start_info(c, what);
	if (!rc)
		rc = write_tables(c);
	return rc ? rc : pin_top(c);
}

int child_set_context(struct child *c)
{
	static vcpu_guest_context_t context;
	struct xen_domctl op = { 0 };

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_in_kernel | VGCF_online;
	context.user_regs.eip = image.entry;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
	context.user_regs.ds = context.user_regs.es = FLAT_KERNEL_DS;
	context.user_regs.esp = context.kernel_sp = child_va(c->top_pfn + 4);
	context.user_regs.esi = child_va(c->si_pfn);
	context.ctrlreg[3] = xen_pfn_to_cr3(c->mfn[c->top_pfn]);
	set_xen_guest_handle_raw(op.u.vcpucontext.ctxt, &context);
	return domctl(XEN_DOMCTL_setvcpucontext, c->id, &op);
}

int child_map_mailbox(struct child *c)
{
	c->mailbox = foreign_map(c->id, c->mfn[c->mailbox_pfn], PTE_KERNEL_RW);
	return c->mailbox ? 0 : -XEN_EFAULT;
}

int child_start(struct child *c)
{
	return domctl_simple(XEN_DOMCTL_unpausedomain, c->id);
}

static int step(struct child *c, const char *what, unsigned int n)
{
	switch (n) {
	case 0:
		return child_create(c, 1);
	case 1:
		return child_populate(c, CHILD_PAGES);
	case 2:
		return child_load(c, what);
	case 3:
		return child_set_context(c);
	case 4:
		return child_map_mailbox(c);
	default:
		return child_start(c);
	}
}

bool child_make(struct child *c, const char *what, unsigned int n)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < n; i++) {
		int rc = step(c, what, i);

		if (!rc)
			continue;
		test_fail("making a domain, step %u: %d", i, rc);
		child_destroy(c);
		return false;
	}
	return true;
}

void child_destroy(struct child *c)
{
	int rc;

	if (c->mailbox)
		foreign_unmap(c->mailbox);
	c->mailbox = NULL;
	if (!c->made)
		return;
	c->made = false;
	rc = domctl_simple(XEN_DOMCTL_destroydomain, c->id);
	if (rc)
		test_fail("destroydomain(%u): %d", c->id, rc);
}

/* ---- waiting ---- */

static void yield(void)
{
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

bool child_wait_stage(struct child *c, uint32_t stage)
{
	uint64_t end = time_system_ns() + PATIENCE;
	struct xen_domctl_getdomaininfo info;

	while (c->mailbox->stage < stage) {
		if (!domain_info(c->id, &info) && (info.flags & XEN_DOMINF_shutdown)) {
			test_fail("the domain shut down (flags 0x%x) before stage %u", info.flags,
				  stage);
			return false;
		}
		if (time_system_ns() > end) {
			test_fail("the domain never came to stage %u, it is at %u", stage,
				  c->mailbox->stage);
			return false;
		}
		yield();
	}
	return true;
}

bool child_wait_shutdown(struct child *c, unsigned int *reason)
{
	uint64_t end = time_system_ns() + PATIENCE;
	struct xen_domctl_getdomaininfo info;

	do {
		if (domain_info(c->id, &info)) {
			test_fail("no information on domain %u", c->id);
			return false;
		}
		if (info.flags & XEN_DOMINF_shutdown) {
			*reason = info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
			return true;
		}
		yield();
	} while (time_system_ns() < end);
	test_fail("the domain never shut down, flags 0x%x", info.flags);
	return false;
}

/* ---- the audit ---- */

/* The machine's messages from *index on; how many bytes. */
static unsigned int read_messages(char *text, unsigned int size, uint32_t *index)
{
	struct xen_sysctl op = { 0 };

	op.u.readconsole.incremental = 1;
	op.u.readconsole.index = *index;
	op.u.readconsole.count = size - 1;
	set_xen_guest_handle_raw(op.u.readconsole.buffer, text);
	BUG_ON(sysctl(XEN_SYSCTL_readconsole, &op));
	*index = op.u.readconsole.index;
	text[op.u.readconsole.count] = 0;
	return op.u.readconsole.count;
}

void check_audit(const char *when)
{
	static const char key[] = "a";
	static char text[2048];
	struct xen_sysctl op = { 0 };
	uint32_t index = 0;

	while (read_messages(text, sizeof(text), &index))
		;
	set_xen_guest_handle_raw(op.u.debug_keys.keys, key);
	op.u.debug_keys.nr_keys = 1;
	if (!CHECK_EQ(sysctl(XEN_SYSCTL_debug_keys, &op), 0, "debug key"))
		return;
	read_messages(text, sizeof(text), &index);
	CHECK(strstr(text, "every count is right"), "%s: wrong counts", when);
}
