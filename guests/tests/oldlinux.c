/* SPDX-License-Identifier: MIT */
/*
 * What 32-bit PV Linux of 2.6.32 to 5.8 does on its way to init and then for each process, in its
 * order and with its shapes of calls, where it stops for good when one is refused. Written after
 * reading 2.6.32, 3.4, 3.18, 4.8 and 5.2; docs/linux.md has the list. Bringing up
 * further virtual CPUs is in oldsmp.c.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/callback.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define SLOT3 3
#define TOP_ENTRIES 4
#define BATCH 32 /* entries of Linux's multicalls */

/* ---- multicalls as xen_mc_entry() makes them ---- */

static struct multicall_entry batch[BATCH];
static struct mmuext_op batch_ops[BATCH];
static unsigned int batched;

static struct multicall_entry *batch_add(unsigned long op)
{
	struct multicall_entry *entry = &batch[batched++];

	*entry = (struct multicall_entry){ .op = op };
	return entry;
}

static void batch_map(const void *va, pte_t pte, uint32_t flags)
{
	struct multicall_entry *entry = batch_add(__HYPERVISOR_update_va_mapping);

	entry->args[0] = PTR32(va);
	entry->args[1] = LO32(pte);
	entry->args[2] = HI32(pte);
	entry->args[3] = flags;
}

static void batch_ext(unsigned int cmd, unsigned long mfn)
{
	struct mmuext_op *op = &batch_ops[batched];
	struct multicall_entry *entry = batch_add(__HYPERVISOR_mmuext_op);

	*op = (struct mmuext_op){ .cmd = cmd, .arg1.mfn = mfn };
	entry->args[0] = PTR32(op);
	entry->args[1] = 1;
	entry->args[3] = DOMID_SELF;
}

/* xen_mc_flush(): anything negative is a bug to it. */
static void batch_issue(const char *what)
{
	CHECK_EQ(HYPERVISOR_multicall(batch, batched), 0, what);
	for (unsigned int i = 0; i < batched; i++)
		CHECK((long)batch[i].result >= 0, "%s: entry %u ends in %ld", what, i,
		      (long)batch[i].result);
	batched = 0;
}

static pte_t own_pte(const void *page, pte_t flags)
{
	return mfn_pte(va_to_mfn(page), flags);
}

/* set_page_prot(): no flush. */
static void set_prot(const void *page, pte_t flags, const char *what)
{
	CHECK_EQ(HYPERVISOR_update_va_mapping(PTR32(page), own_pte(page, flags), UVMF_NONE), 0,
		 what);
}

static void ext_now(unsigned int cmd, const void *page, const char *what)
{
	CHECK_EQ(mmuext_one(cmd, va_to_mfn(page), 0), 0, what);
}

/* ---- the first calls of a boot, and the answers it can live with ---- */

static void check_early_version(void)
{
	struct xen_platform_parameters platform = { 0 };
	struct xen_feature_info features = { .submap_idx = 0 };
	char extra[XEN_EXTRAVERSION_LEN];

	CHECK_EQ(HYPERVISOR_xen_version(XENVER_get_features, &features), 0, "features");
	CHECK(!(features.submap >> XENFEAT_auto_translated_physmap & 1) &&
		      !(features.submap >> XENFEAT_supervisor_mode_kernel & 1) &&
		      !(features.submap >> XENFEAT_writable_page_tables & 1),
	      "features of another machine: 0x%x", features.submap);
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_platform_parameters, &platform), 0, "parameters");
	CHECK(platform.virt_start >= HYPERVISOR_VIRT_START, "hypervisor from 0x%lx",
	      platform.virt_start);
	CHECK(HYPERVISOR_xen_version(XENVER_version, NULL) >= 4 << 16, "version");
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_extraversion, extra), 0, "extraversion");
}

/*
 * Before 2.6.37 nobody asked where the machine-to-physical table is: it is compiled in. What is read
 * behind its end, or of a frame that has no memory, is a page fault that the kernel expects.
 */
static void check_machine_to_phys(void)
{
	const unsigned long *compiled_in = (const unsigned long *)HYPERVISOR_VIRT_START;
	struct xen_machphys_mapping mapping = { 0 };
	struct fault fault;

	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mapping, &mapping), 0, "machphys_mapping");
	CHECK_EQ(mapping.v_start, PTR32(compiled_in), "its address");
	CHECK(mapping.v_start + 4 * mapping.max_mfn > mapping.v_start, "it wraps");
	CHECK_EQ(compiled_in[va_to_mfn(batch)], va_to_pfn(batch), "an entry");
	try_read(&compiled_in[mapping.max_mfn], &fault);
	if (fault.vector != NO_FAULT) {
		check_fault(&fault, X86_PF, "the last entry");
		CHECK_EQ(fault.cr2, PTR32(&compiled_in[mapping.max_mfn]), "cr2");
	}
}

struct early_e820 {
	uint64_t start, size;
	uint32_t type;
} __attribute__((packed));

static void check_memory_map(void)
{
	static struct early_e820 map[128];
	struct xen_memory_map call = { .nr_entries = ARRAY_SIZE(map) };

	set_xen_guest_handle(call.buffer, map);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_memory_map, &call), 0, "memory_map");
	CHECK(call.nr_entries >= 1 && map[0].type == 1 && map[0].start == 0, "%u entries",
	      call.nr_entries);
	CHECK(map[0].size >= (uint64_t)start_info->nr_pages * PAGE_SIZE, "0x%llx bytes",
	      map[0].size);
}

static long register_callback(uint16_t type, const void *entry)
{
	struct callback_register call = { .type = type, .flags = CALLBACKF_mask_events };

	call.address.cs = FLAT_KERNEL_CS;
	call.address.eip = PTR32(entry);
	return HYPERVISOR_callback_op(CALLBACKOP_register, &call);
}

static void test_early(void)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };

	check_early_version();
	check_machine_to_phys();
	check_memory_map();
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0, "set_iopl");
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_4gb_segments), 0, "segments");
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0,
		 "writable_pagetables");
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_pae_extended_cr3), 0,
		 "extended_cr3");
	CHECK_EQ(register_callback(CALLBACKTYPE_event, event_entry), 0, "event");
	CHECK_EQ(register_callback(CALLBACKTYPE_failsafe, failsafe_entry), 0, "failsafe");
	/* Anything but success: the feature is switched off. */
	CHECK(register_callback(CALLBACKTYPE_sysenter, event_entry) != 0, "SYSENTER");
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "periodic timer");
}

/* -ENOSYS of the new call makes Linux ask the old one, whose answer has to be the same. */
static void check_no_fifo(void)
{
	struct evtchn_init_control control = { .control_gfn = va_to_mfn(batch) };
	struct evtchn_op old = { .cmd = EVTCHNOP_init_control };

	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_init_control, &control), -XEN_ENOSYS,
		 "init_control");
	CHECK_EQ(HYPERVISOR_event_channel_op_compat(&old), -XEN_ENOSYS, "by the old call");
}

/* 3.2 to 3.17 want the second version, and panic when it is given and then taken back. */
static void check_grants(void)
{
	struct gnttab_set_version version = { .version = 2 };
	struct gnttab_query_size size = { .dom = DOMID_SELF };

	CHECK(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &version, 1) != 0 ||
		      version.version != 2,
	      "grants of version 2");
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &size, 1), 0, "query_size");
	CHECK_EQ(size.status, GNTST_okay, "query_size");
	CHECK(size.max_nr_frames >= 4, "%u frames", size.max_nr_frames);
}

/* 3.3 on: the page, if accepted, stays a page of the kernel's. */
static void check_eoi_page(void)
{
	struct physdev_pirq_eoi_gmfn call = { .gmfn = va_to_mfn(page_alloc()) };

	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &call), 0, "pirq_eoi_gmfn");
}

/* Possible processors: asked for one after another, up to what the kernel was built for. */
static void check_possible(void)
{
	unsigned int id;

	for (id = 1; id < 512; id++)
		if (HYPERVISOR_vcpu_op(VCPUOP_is_up, id, NULL) < 0)
			break;
	CHECK(id <= XEN_LEGACY_MAX_VCPUS, "%u virtual CPUs", id);
	for (; id < 512; id++)
		CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_is_up, id, NULL), -XEN_ENOENT, "one beyond");
}

static void test_optional(void)
{
	struct xen_platform_op platform = { .cmd = XENPF_get_cpuinfo,
					    .interface_version = XENPF_INTERFACE_VERSION };

	check_no_fifo();
	check_grants();
	check_eoi_page();
	check_possible();
	CHECK_EQ(hypercall2(__HYPERVISOR_tmem_op, 0, 0), -XEN_ENOSYS, "tmem");
	CHECK_EQ(hypercall2(__HYPERVISOR_xenpmu_op, 0, 0), -XEN_ENOSYS, "performance counters");
	CHECK_EQ(hypercall1(__HYPERVISOR_arch_0, 0), -XEN_ENOSYS, "machine checks");
	if (!(start_info->flags & SIF_PRIVILEGED))
		CHECK(HYPERVISOR_platform_op(&platform) < 0, "platform_op");
}

/* ---- from the builder's page tables to the kernel's own ---- */

static pte_t *first_top; /* the builder's */
static pte_t *old_l2;	 /* its table in slot 3 */
static pte_t *new_top, *new_l2, *new_l1;
static uint32_t new_va; /* what the kernel maps more than the builder did */

/* xen_map_identity_early(): a copy of the kernel's L2 table and one more L1 in it, not yet live. */
static void build_copy(void)
{
	unsigned int slot = table_index(VIRT_BASE, 2);

	first_top = mm_top_table();
	old_l2 = pfn_to_va(mfn_to_pfn(pte_mfn(first_top[SLOT3])));
	new_l2 = page_alloc();
	new_l1 = page_alloc();
	memcpy(new_l2, old_l2, PAGE_SIZE);
	while (new_l2[slot] & PTE_P)
		slot++;
	new_va = VIRT_BASE + slot * L2_SPAN;
	for (unsigned int i = 0; i < 16; i++)
		new_l1[i] = mfn_pte(pfn_to_mfn(i), PTE_KERNEL_RO);
	new_l2[slot] = own_pte(new_l1, PTE_TABLE);
	set_prot(new_l1, PTE_KERNEL_RO, "level 1 read-only");
}

/* 2.6.32: the copy of the top level gets its new entry by mmu_update, though nobody uses it yet. */
static void test_tables_2_6_32(void)
{
	build_copy();
	new_top = page_alloc();
	for (unsigned int i = 0; i < TOP_ENTRIES; i++)
		new_top[i] = first_top[i] & (PTE_FRAME | PTE_P);
	CHECK_EQ(mmu_write((uint64_t)va_to_mfn(new_top) << PAGE_SHIFT | SLOT3 * sizeof(pte_t),
			   own_pte(new_l2, PTE_P)),
		 0, "an entry of a plain page");
	CHECK_EQ(new_top[SLOT3], own_pte(new_l2, PTE_P), "that entry");
	set_prot(new_l2, PTE_KERNEL_RO, "level 2 read-only");
	set_prot(new_top, PTE_KERNEL_RO, "level 3 read-only");
	ext_now(MMUEXT_UNPIN_TABLE, first_top, "unpin the builder's");
	batch_ext(MMUEXT_NEW_BASEPTR, va_to_mfn(new_top));
	batch_issue("new base pointer");
	ext_now(MMUEXT_PIN_L3_TABLE, new_top, "pin the kernel's");
	CHECK_EQ(*(volatile uint32_t *)(new_va + 1 * PAGE_SIZE + 16),
		 *(volatile uint32_t *)((char *)pfn_to_va(1) + 16), "through the new tables");
}

/* xen_set_pte() into a live table: upper half, then lower; xen_pte_clear(): lower, then upper. */
static void test_live_stores(void)
{
	volatile uint32_t *word = (volatile uint32_t *)&new_l1[100];
	uint32_t *page = page_alloc(), *at = (uint32_t *)(new_va + 100 * PAGE_SIZE);
	pte_t pte = own_pte(page, PTE_KERNEL_RW);

	word[1] = HI32(pte);
	word[0] = LO32(pte);
	*at = 4711;
	CHECK_EQ(*page, 4711, "a word through the new entry");
	word[0] = 0;
	word[1] = 0;
	mmuext_one(MMUEXT_INVLPG_LOCAL, PTR32(at), 0);
	CHECK_EQ(new_l1[100], 0, "the cleared entry");
	page_free(page);
}

/* test_wp_bit() of 4.12 on, with empty_zero_page at a read-only address: the kernel wants a fault. */
static void test_wp(void)
{
	char *zero = page_alloc(), *at = (char *)(new_va + 101 * PAGE_SIZE);
	struct fault fault;

	CHECK_EQ(HYPERVISOR_update_va_mapping(PTR32(at), own_pte(zero, PTE_KERNEL_RO), UVMF_INVLPG),
		 0, "mapping");
	try_write(at, &fault);
	check_fault_error(&fault, X86_PF, PF_PRESENT | PF_WRITE, "a write");
	CHECK_EQ(HYPERVISOR_update_va_mapping(PTR32(at), 0, UVMF_INVLPG), 0, "unmapping");
	page_free(zero);
}

/*
 * 3.x on: pinned before it is used; and once more, the other way round, on the way from the
 * initial table to swapper_pg_dir (xen_write_cr3_init()). The builder's stands for the latter.
 */
static void test_tables_3_x(void)
{
	set_prot(first_top, PTE_KERNEL_RW, "the builder's table, not in use");
	set_prot(old_l2, PTE_KERNEL_RW, "its level 2");
	memcpy(old_l2, new_l2, PAGE_SIZE);
	for (unsigned int i = 0; i < SLOT3; i++)
		first_top[i] = new_top[i];
	first_top[SLOT3] = own_pte(old_l2, PTE_P);
	set_prot(old_l2, PTE_KERNEL_RO, "level 2 read-only");
	set_prot(first_top, PTE_KERNEL_RO, "level 3 read-only");
	batch_ext(MMUEXT_NEW_BASEPTR, va_to_mfn(first_top));
	batch_issue("new base pointer");
	ext_now(MMUEXT_PIN_L3_TABLE, first_top, "pin it");
	ext_now(MMUEXT_UNPIN_TABLE, new_top, "unpin the former");
	set_prot(new_top, PTE_KERNEL_RW, "the former writable");
	set_prot(new_l2, PTE_KERNEL_RW, "its level 2");
	memset(new_top, 0, PAGE_SIZE);
	memset(new_l2, 0, PAGE_SIZE);
	CHECK_EQ(*(volatile uint32_t *)(new_va + 1 * PAGE_SIZE + 16),
		 *(volatile uint32_t *)((char *)pfn_to_va(1) + 16), "through the last tables");
}

/* ---- a process ---- */

#define USER_VA 0x08048000u

static pte_t *mm_l1, *mm_l2;
static uint32_t *mm_page;

/* xen_pgd_pin() with a lock for each L1 table (SMP): each is pinned in the same batch. */
static void process_create(void)
{
	mm_l1 = page_alloc();
	mm_l2 = page_alloc();
	mm_page = page_alloc();
	memcpy(new_l2, old_l2, PAGE_SIZE);
	mm_l1[table_index(USER_VA, 1)] = own_pte(mm_page, PTE_USER_RW);
	mm_l2[table_index(USER_VA, 2)] = own_pte(mm_l1, PTE_TABLE);
	new_top[0] = own_pte(mm_l2, PTE_P);
	new_top[SLOT3] = own_pte(new_l2, PTE_P);
	batch_map(mm_l2, own_pte(mm_l2, PTE_KERNEL_RO), UVMF_NONE);
	batch_map(mm_l1, own_pte(mm_l1, PTE_KERNEL_RO), UVMF_NONE);
	batch_ext(MMUEXT_PIN_L1_TABLE, va_to_mfn(mm_l1));
	batch_map(new_top, own_pte(new_top, PTE_KERNEL_RO), UVMF_TLB_FLUSH);
	batch_map(new_l2, own_pte(new_l2, PTE_KERNEL_RO), UVMF_NONE);
	batch_ext(MMUEXT_PIN_L3_TABLE, va_to_mfn(new_top));
	batch_issue("xen_pgd_pin");
	batch_ext(MMUEXT_NEW_BASEPTR, va_to_mfn(new_top));
	batch_issue("switch_mm");
}

static void batch_preserving(uint64_t maddr, struct mmu_update *update, pte_t pte)
{
	struct multicall_entry *entry = batch_add(__HYPERVISOR_mmu_update);

	*update = (struct mmu_update){ .ptr = maddr | MMU_PT_UPDATE_PRESERVE_AD, .val = pte };
	entry->args[0] = PTR32(update);
	entry->args[1] = 1;
	entry->args[3] = DOMID_SELF;
}

/* fork() write-protects, a fault gives back, mprotect() commits, munmap() takes away. */
static void process_live(void)
{
	volatile pte_t *entry = &mm_l1[table_index(USER_VA, 1)];
	volatile uint32_t *word = (volatile uint32_t *)entry;
	uint64_t maddr = (uint64_t)va_to_mfn(mm_l1) << PAGE_SHIFT | table_index(USER_VA, 1) * 8;
	static struct mmu_update update;
	uint32_t low = 0;
	pte_t pte;

	*(volatile uint32_t *)USER_VA = 1;
	__asm__ __volatile__("lock btrl $1, %0" : "+m"(*word) : : "memory", "cc");
	CHECK(!(*entry & PTE_RW), "ptep_set_wrprotect");
	batch_ext(MMUEXT_TLB_FLUSH_LOCAL, 0);
	batch_issue("flush_tlb");
	CHECK_EQ(HYPERVISOR_update_va_mapping(USER_VA, own_pte(mm_page, PTE_USER_RW), UVMF_NONE), 0,
		 "set_pte_at");
	batch_preserving(maddr, &update, own_pte(mm_page, PTE_P | PTE_US));
	batch_issue("ptep_modify_prot_commit");
	CHECK_EQ(*entry & (PTE_RW | PTE_A | PTE_D), PTE_A | PTE_D, "accessed and dirty");
	pte = *entry;
	__asm__ __volatile__("xchgl %0, %1" : "+r"(low), "+m"(*word) : : "memory");
	CHECK_EQ(low, LO32(pte), "ptep_get_and_clear");
	word[1] = 0;
	CHECK_EQ(*entry, 0, "the entry");
	pte = own_pte(mm_page, PTE_USER_RW);
	__asm__ __volatile__("lock cmpxchg8b %0"
			     : "+m"(*entry)
			     : "a"(0), "d"(0), "b"(LO32(pte)), "c"(HI32(pte))
			     : "memory", "cc");
	CHECK_EQ(*entry, pte, "set_pte_atomic");
}

/* xen_exit_mmap(), then what is freed is written to as plain memory. */
static void process_exit(void)
{
	batch_ext(MMUEXT_NEW_BASEPTR, va_to_mfn(first_top));
	batch_issue("load_cr3");
	batch_ext(MMUEXT_UNPIN_TABLE, va_to_mfn(new_top));
	batch_map(new_l2, own_pte(new_l2, PTE_KERNEL_RW), UVMF_NONE);
	batch_map(mm_l2, own_pte(mm_l2, PTE_KERNEL_RW), UVMF_NONE);
	batch_ext(MMUEXT_UNPIN_TABLE, va_to_mfn(mm_l1));
	batch_map(mm_l1, own_pte(mm_l1, PTE_KERNEL_RW), UVMF_NONE);
	batch_map(new_top, own_pte(new_top, PTE_KERNEL_RW), UVMF_TLB_FLUSH);
	batch_issue("xen_pgd_unpin");
	memset(mm_l1, 0, PAGE_SIZE);
	memset(new_top, 0, PAGE_SIZE);
	page_free(mm_l1);
	page_free(mm_l2);
	page_free(mm_page);
}

static void test_process(void)
{
	for (unsigned int i = 0; i < 3 && test_ok(); i++) {
		process_create();
		process_live();
		process_exit();
	}
}

/* ---- the GDT ---- */

#define GDT_ENTRIES 32
#define TLS_MIN 6

/* Linux's, whose kernel segments claim level 0, and BIOS segments of bytes and 16 bits. */
static const uint64_t linux_gdt[GDT_ENTRIES] = {
	[TLS_MIN] = 0,
	[12] = 0x00cf9a000000ffffull, /* kernel code */
	[13] = 0x00cf92000000ffffull, /* kernel data */
	[14] = 0x00cffa000000ffffull, /* user code */
	[15] = 0x00cff2000000ffffull, /* user data */
	[18] = 0x00409a000000ffffull, /* PnP BIOS: 32-bit code, 16-bit code, data of no length */
	[19] = 0x00009a000000ffffull,
	[20] = 0x000092000000ffffull,
	[21] = 0x0000920000000000ull,
	[23] = 0x00409a000000ffffull, /* APM BIOS */
	[24] = 0x00009a000000ffffull,
	[25] = 0x004092000000ffffull,
	[26] = 0x00cf92000000ffffull, /* ESPFIX */
	[27] = 0x00cf92000000ffffull, /* per CPU */
	[28] = 0x0040900000000018ull, /* stack canary */
};

static uint64_t *gdt_page(void)
{
	uint64_t *gdt = page_alloc();

	memcpy(gdt, linux_gdt, sizeof(linux_gdt));
	return gdt;
}

/* xen_load_gdt_boot() for the one in the image, later xen_load_gdt() for the CPU's own. */
static void load_gdt(uint64_t *gdt)
{
	xen_pfn_t frame = va_to_mfn(gdt);

	set_prot(gdt, PTE_KERNEL_RO, "GDT read-only");
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, GDT_ENTRIES), 0, "set_gdt");
}

static uint64_t based(uint64_t descriptor, const void *base)
{
	uint64_t address = PTR32(base);

	return descriptor | (address & 0xffffff) << 16 | (address >> 24) << 56;
}

static void batch_tls(const uint64_t *gdt, unsigned int entry, uint64_t descriptor)
{
	uint64_t maddr = (uint64_t)va_to_mfn(gdt) << PAGE_SHIFT | entry * 8;
	struct multicall_entry *call = batch_add(__HYPERVISOR_update_descriptor);

	call->args[0] = LO32(maddr);
	call->args[1] = HI32(maddr);
	call->args[2] = LO32(descriptor);
	call->args[3] = HI32(descriptor);
}

static void test_gdt(void)
{
	uint64_t *boot = gdt_page(), *own = gdt_page();
	static uint32_t area[8] = { 0x1234, [5] = 0x5678 };
	uint32_t value;

	CHECK_EQ(HYPERVISOR_update_descriptor((uint64_t)va_to_mfn(boot) << PAGE_SHIFT | 28 * 8,
					      based(linux_gdt[28], area)),
		 0, "the canary's segment, in a plain page");
	load_gdt(boot);
	__asm__ __volatile__("movl %1, %%gs; movl %%gs:20, %0" : "=r"(value) : "r"(28 * 8));
	CHECK_EQ(value, 0x5678, "the stack canary");
	own[27] = based(linux_gdt[27], area);
	load_gdt(own);
	set_prot(boot, PTE_KERNEL_RW, "the first GDT is memory again");
	__asm__ __volatile__("movl %1, %%fs; movl %%fs:0, %0" : "=r"(value) : "r"(27 * 8));
	CHECK_EQ(value, 0x1234, "a variable of this CPU");
	__asm__ __volatile__("movl %0, %%gs" : : "r"(0));
	batch_tls(own, TLS_MIN, based(0x00cff2000000ffffull, area)); /* glibc's thread pointer */
	batch_tls(own, TLS_MIN + 1, 0);
	batch_tls(own, TLS_MIN + 2, 0);
	batch_issue("xen_load_tls");
	__asm__ __volatile__("movl %1, %%gs; movl %%gs:20, %0"
			     : "=r"(value)
			     : "r"(TLS_MIN * 8 + 3));
	CHECK_EQ(value, 0x5678, "thread-local");
	__asm__ __volatile__("movl %0, %%gs; movl %0, %%fs" : : "r"(0));
	CHECK_EQ(HYPERVISOR_set_gdt(NULL, 0), 0, "no GDT");
	set_prot(own, PTE_KERNEL_RW, "the GDT is memory again");
	page_free(boot);
	page_free(own);
}

static const struct test_case cases[] = {
	{ "oldlinux.early", test_early },
	{ "oldlinux.optional", test_optional },
	{ "oldlinux.gdt", test_gdt },
	{ "oldlinux.tables_2_6_32", test_tables_2_6_32 },
	{ "oldlinux.live_stores", test_live_stores },
	{ "oldlinux.wp", test_wp },
	{ "oldlinux.tables_3_x", test_tables_3_x },
	{ "oldlinux.process", test_process },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
