/* SPDX-License-Identifier: MIT */
/*
 * What a domain finds when it starts: registers, start_info, the p2m list and its agreement
 * with the machine-to-physical table, the boot page tables, the module (ABI: "Start-of-day
 * memory layout" and struct start_info in <xen/xen.h>).  The word initrd=TEXT on the
 * command line says how the module must begin.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/memory.h>
#include <xen/version.h>

#define REGION_ALIGN (4u << 20)
#define REGION_PAD (512u << 10)

extern char image_start[], image_end[];

static void test_registers(void)
{
	const struct boot_registers *r = &boot_registers;

	CHECK_EQ(r->cs, FLAT_KERNEL_CS, "cs");
	CHECK_EQ(r->ss, FLAT_KERNEL_SS, "ss");
	CHECK_EQ(r->ds, FLAT_KERNEL_DS, "ds");
	CHECK_EQ(r->es, FLAT_KERNEL_DS, "es");
	CHECK_EQ(r->fs, FLAT_KERNEL_DS, "fs");
	CHECK_EQ(r->gs, FLAT_KERNEL_DS, "gs");
	CHECK(!(r->eax | r->ebx | r->ecx | r->edx | r->edi | r->ebp),
	      "a general register is not zero");
	CHECK(r->eflags & EFLAGS_IF, "interrupts are off: eflags 0x%x", r->eflags);
	CHECK(!(r->eflags & (EFLAGS_IOPL | EFLAGS_TF | EFLAGS_NT | EFLAGS_DF)),
	      "privileged or odd flags are set: eflags 0x%x", r->eflags);
}

static void test_magic(void)
{
	CHECK(!strcmp(start_info->magic, "xen-3.0-x86_32p"), "magic is \"%s\"", start_info->magic);
	CHECK_EQ(PTR32(start_info) % PAGE_SIZE, 0, "alignment of start_info");
}

static void test_flags(void)
{
	uint32_t flags = start_info->flags;

	CHECK(!(flags & SIF_MOD_START_PFN), "MOD_START_PFN without the note that allows it");
	CHECK(!(flags & SIF_VIRT_P2M_4TOOLS) || start_info->mfn_list, "flag for a missing p2m");
	CHECK(!!(flags & SIF_INITDOMAIN) == !!(flags & SIF_PRIVILEGED),
	      "initial domain and privileged disagree: 0x%x", flags);
	if (flags & SIF_INITDOMAIN)
		CHECK_EQ(start_info->store_mfn, 0, "store_mfn of the initial domain");
}

static void test_nr_pages(void)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF };
	long current = HYPERVISOR_memory_op(XENMEM_current_reservation, &self);
	long maximum = HYPERVISOR_memory_op(XENMEM_maximum_reservation, &self);

	CHECK_EQ(current, start_info->nr_pages, "current reservation");
	CHECK(maximum >= current, "maximum reservation %ld is below the current one, %ld", maximum,
	      current);
}

static void test_p2m(void)
{
	unsigned long pfn;

	for (pfn = 0; pfn < start_info->nr_pages && test_ok(); pfn++) {
		unsigned long mfn = pfn_to_mfn(pfn);

		CHECK(mfn < m2p_entries, "pfn %lu: mfn 0x%lx lies beyond the table", pfn, mfn);
		CHECK(mfn_to_pfn(mfn) == pfn, "pfn %lu is mfn 0x%lx, which says pfn %lu", pfn, mfn,
		      mfn_to_pfn(mfn));
	}
}

static void test_shared_info(void)
{
	CHECK_EQ(start_info->shared_info % PAGE_SIZE, 0, "alignment of shared_info");
	CHECK_EQ(shared_info->vcpu_info[0].evtchn_upcall_mask, 1, "upcall mask at start");
	CHECK_EQ(shared_info->arch.pfn_to_mfn_frame_list_list, 0, "frame list list at start");
}

/* First address above the boot region. */
static uint32_t region_end(void)
{
	uint32_t va = VIRT_BASE;

	while (pte_read((void *)va) & PTE_P)
		va += PAGE_SIZE;
	return va;
}

static void test_region(void)
{
	uint32_t end = region_end();

	CHECK_EQ(end % REGION_ALIGN, 0, "end of the boot region, modulo 4 MiB");
	CHECK(end - boot_stack_top >= REGION_PAD, "only 0x%x bytes behind the boot stack",
	      end - boot_stack_top);
}

static void test_region_mapping(void)
{
	uint32_t va, end = region_end();
	uint32_t tables = start_info->pt_base;
	uint32_t tables_end = tables + start_info->nr_pt_frames * PAGE_SIZE;

	for (va = VIRT_BASE; va < end && test_ok(); va += PAGE_SIZE) {
		pte_t pte = pte_read((void *)va);
		bool is_table = va >= tables && va < tables_end;

		if (va == PTR32(shared_info_page))
			continue;
		CHECK(pte_mfn(pte) == va_to_mfn((void *)va), "0x%x maps mfn 0x%lx, p2m says 0x%lx",
		      va, pte_mfn(pte), va_to_mfn((void *)va));
		CHECK(!(pte & PTE_RW) == is_table, "0x%x: pte 0x%llx, table: %d", va, pte,
		      is_table);
	}
}

static void test_order(void)
{
	const struct start_info *si = start_info;
	uint32_t at = PTR32(image_end);

	if (si->mod_len) {
		CHECK(si->mod_start >= at, "module at 0x%lx, image ends at 0x%x", si->mod_start,
		      at);
		at = si->mod_start + si->mod_len;
	}
	CHECK(si->mfn_list >= at, "p2m at 0x%lx, before 0x%x", si->mfn_list, at);
	at = si->mfn_list + si->nr_pages * sizeof(long);
	CHECK(PTR32(si) >= at, "start_info at 0x%x, before 0x%x", PTR32(si), at);
	CHECK(si->pt_base > PTR32(si), "page tables at 0x%lx, before start_info", si->pt_base);
	at = si->pt_base + si->nr_pt_frames * PAGE_SIZE;
	CHECK(boot_stack_top > at, "stack ends at 0x%x, before 0x%x", boot_stack_top, at);
	CHECK(!((si->mfn_list | si->pt_base | boot_stack_top | si->mod_start) % PAGE_SIZE),
	      "a boot object is not page-aligned");
}

/* Every table that the boot tree uses lies in the range that start_info names. */
static void test_tables(void)
{
	const struct start_info *si = start_info;
	uint32_t end = region_end();
	uint32_t va;
	unsigned int level;

	CHECK_EQ(si->pt_base % PAGE_SIZE, 0, "alignment of pt_base");
	for (va = VIRT_BASE; va < end; va += L2_SPAN) {
		for (level = 1; level <= 3; level++) {
			uint32_t at = PTR32(pte_find(va, level));

			CHECK(at >= si->pt_base && at < si->pt_base + si->nr_pt_frames * PAGE_SIZE,
			      "level %u table for 0x%x lies at 0x%x", level, va, at);
		}
	}
	CHECK(*pte_find(VIRT_BASE, 3) & PTE_P, "slot of VIRT_BASE is empty");
}

static void test_tables_read_only(void)
{
	const struct start_info *si = start_info;
	struct fault fault;
	unsigned long i;

	for (i = 0; i < si->nr_pt_frames && test_ok(); i++) {
		char *page = (char *)si->pt_base + i * PAGE_SIZE;

		/* Misaligned, so that no emulation of writes to tables takes it. */
		TRY_ASM(&fault, "movl $-1, 2(%0)", : : "r"(page) : "memory");
		check_fault_error(&fault, X86_PF, PF_PRESENT | PF_WRITE, "write to a boot table");
		CHECK_EQ(fault.cr2, PTR32(page) + 2, "cr2");
		CHECK(page_protect(page, PTE_KERNEL_RW) < 0,
		      "table page %lu could be mapped writable", i);
	}
}

static void test_m2p_read_only(void)
{
	struct xen_machphys_mapping mapping;
	struct fault fault;

	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mapping, &mapping), 0, "machphys_mapping");
	CHECK_EQ(mapping.v_start, MACH2PHYS_VIRT_START, "v_start");
	CHECK(mapping.v_end > mapping.v_start && mapping.v_end <= MACH2PHYS_VIRT_END, "v_end");
	CHECK(mapping.max_mfn < MACH2PHYS_NR_ENTRIES, "max_mfn 0x%lx", mapping.max_mfn);
	try_write((void *)m2p_table, &fault);
	CHECK(fault.vector == X86_PF || fault.vector == X86_GP,
	      "write to the machine-to-physical table: vector %u", fault.vector);
	try_read((void *)m2p_table, &fault);
	check_no_fault(&fault, "read of the machine-to-physical table");
}

static void test_module(void)
{
	const struct start_info *si = start_info;
	const char *text = strstr((const char *)si->cmd_line, "initrd=");
	const char *module = (const char *)si->mod_start;
	struct fault fault;

	if (!si->mod_len) {
		test_skip("no module was given");
		return;
	}
	try_read(module + si->mod_len - 1, &fault);
	check_no_fault(&fault, "read of the module's last byte");
	for (text = text ? text + strlen("initrd=") : ""; *text && *text != ' '; text++, module++)
		CHECK(*text == *module, "the module's content differs");
}

static void test_cmdline(void)
{
	size_t len = 0;

	while (len < MAX_GUEST_CMDLINE && start_info->cmd_line[len])
		len++;
	CHECK(len < MAX_GUEST_CMDLINE, "the command line does not end");
}

static void test_boot_stack(void)
{
	struct fault fault;

	CHECK_EQ(boot_stack_top % PAGE_SIZE, 0, "alignment of the boot stack's end");
	try_write((char *)boot_stack_top - 1, &fault);
	check_no_fault(&fault, "write to the boot stack");
}

/* The page's slots and int 0x82 are two ways to the same thing, and keep registers. */
static void test_hypercall_page(void)
{
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);
	struct hypercall_regs regs = { .eax = __HYPERVISOR_xen_version,
				       .ebx = XENVER_version,
				       .ebp = 0x5555 };

	CHECK(version > 0, "xen_version by the page: %ld", version);
	CHECK_EQ(hypercall_raw(&regs), version, "xen_version by int 0x82");
	CHECK_EQ(regs.ebp, 0x5555, "ebp after a hypercall");
	CHECK_EQ(hypercall2(63, 0, 0), -XEN_ENOSYS, "an unused slot of the page");
}

static const struct test_case cases[] = {
	{ "start.registers", test_registers },
	{ "start.magic", test_magic },
	{ "start.flags", test_flags },
	{ "start.nr_pages", test_nr_pages },
	{ "start.p2m", test_p2m },
	{ "start.shared_info", test_shared_info },
	{ "start.region", test_region },
	{ "start.region_mapping", test_region_mapping },
	{ "start.order", test_order },
	{ "start.tables", test_tables },
	{ "start.tables_read_only", test_tables_read_only },
	{ "start.m2p_read_only", test_m2p_read_only },
	{ "start.module", test_module },
	{ "start.cmdline", test_cmdline },
	{ "start.boot_stack", test_boot_stack },
	{ "start.hypercall_page", test_hypercall_page },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
