/* SPDX-License-Identifier: MIT */
/*
 * Calls that answer a question or set one thing, many of them for control domains only: the clock,
 * processors, a domain's memory map, where the machine-to-physical table is, memory calls that a PV
 * guest has no use for (ABI: <xen/platform.h>, <xen/memory.h>, <xen/sched.h>, <xen/vcpu.h>,
 * <xen/grant_table.h>).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define BAD_POINTER ((void *)HYPERVISOR_VIRT_START)
#define NO_SUCH_DOMAIN 0x1234
#define SOME_SECOND 1000000000u
#define NSEC_PER_SEC 1000000000u

/* --- platform_op --- */

static struct xen_platform_op platform_command(uint32_t cmd)
{
	struct xen_platform_op op;

	memset(&op, 0, sizeof(op));
	op.cmd = cmd;
	op.interface_version = XENPF_INTERFACE_VERSION;
	return op;
}

static void test_platform_order(void)
{
	struct xen_platform_op op = platform_command(0xffff);

	CHECK_EQ(HYPERVISOR_platform_op(BAD_POINTER), -XEN_EFAULT, "bad pointer");
	CHECK_EQ(HYPERVISOR_platform_op(&op), pv_is_privileged() ? -XEN_ENOSYS : -XEN_EPERM,
		 "an unknown command");
	op.interface_version++;
	CHECK_EQ(HYPERVISOR_platform_op(&op), -XEN_EACCES, "another version");
}

/* The wall clock says `seconds` about now. */
static void check_clock(uint32_t seconds, const char *what)
{
	uint64_t now = time_wallclock_base_ns() + time_system_ns();
	uint32_t found = (uint32_t)div_u64_u32(now, NSEC_PER_SEC, NULL);

	CHECK(found - seconds < 60, "%s: %u seconds instead of %u", what, found, seconds);
}

static void test_settime(void)
{
	struct xen_platform_op op = platform_command(XENPF_settime64);
	uint64_t now = time_wallclock_base_ns() + time_system_ns();
	uint32_t before = (uint32_t)div_u64_u32(now, NSEC_PER_SEC, NULL);

	op.u.settime64.secs = SOME_SECOND;
	op.u.settime64.system_time = time_system_ns();
	if (!pv_is_privileged()) {
		CHECK_EQ(HYPERVISOR_platform_op(&op), -XEN_EPERM, "settime64");
		return;
	}
	CHECK_EQ(HYPERVISOR_platform_op(&op), 0, "settime64");
	check_clock(SOME_SECOND, "settime64");
	op.u.settime64.mbz = 1;
	CHECK_EQ(HYPERVISOR_platform_op(&op), -XEN_EINVAL, "settime64 with a field that must be 0");
	op = platform_command(XENPF_settime32);
	op.u.settime32.secs = before;
	op.u.settime32.system_time = time_system_ns();
	CHECK_EQ(HYPERVISOR_platform_op(&op), 0, "settime32");
	check_clock(before, "settime32");
}

static void test_cpuinfo(void)
{
	struct xen_platform_op op = platform_command(XENPF_get_cpuinfo);

	if (!pv_is_privileged()) {
		CHECK_EQ(HYPERVISOR_platform_op(&op), -XEN_EPERM, "get_cpuinfo");
		return;
	}
	CHECK_EQ(HYPERVISOR_platform_op(&op), 0, "get_cpuinfo");
	CHECK_EQ(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE, "flags of processor 0");
	op.u.pcpu_info.xen_cpuid = op.u.pcpu_info.max_present + 1;
	CHECK_EQ(HYPERVISOR_platform_op(&op), 0, "get_cpuinfo");
	CHECK_EQ(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID, "flags of one too many");
}

/* --- memory_op --- */

static void test_machphys_mapping(void)
{
	struct xen_machphys_mapping where = { 0 };
	unsigned long pfn;

	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mapping, &where), 0, "machphys_mapping");
	CHECK_EQ(where.v_start, HYPERVISOR_VIRT_START, "start of the table");
	for (pfn = 0; pfn < start_info->nr_pages && test_ok(); pfn++)
		CHECK(pfn_to_mfn(pfn) <= where.max_mfn, "mfn 0x%lx", pfn_to_mfn(pfn));
	CHECK(where.v_end - where.v_start >= where.max_mfn * sizeof(uint32_t), "end of the table");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mapping, BAD_POINTER), -XEN_EFAULT,
		 "pointer");
}

struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

static long set_map(domid_t domain, const void *map, unsigned int entries)
{
	struct xen_foreign_memory_map op = { .domid = domain, .map.nr_entries = entries };

	set_xen_guest_handle(op.map.buffer, (void *)map);
	return HYPERVISOR_memory_op(XENMEM_set_memory_map, &op);
}

static void test_set_memory_map(void)
{
	static const struct e820_entry two[] = { { 0, 0xa0000, 1 }, { 0x100000, 1 << 20, 1 } };
	struct e820_entry found[4];
	struct xen_memory_map op = { .nr_entries = ARRAY_SIZE(found) };

	CHECK_EQ(set_map(DOMID_SELF, two, 100000), -XEN_EINVAL, "too many entries");
	CHECK_EQ(set_map(NO_SUCH_DOMAIN, two, 2), -XEN_ESRCH, "no such domain");
	CHECK_EQ(set_map(DOMID_SELF, BAD_POINTER, 2), -XEN_EFAULT, "bad list");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_set_memory_map, BAD_POINTER), -XEN_EFAULT, "pointer");
	CHECK_EQ(set_map(DOMID_SELF, two, 2), 0, "set_memory_map");
	set_xen_guest_handle(op.buffer, found);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_memory_map, &op), 0, "memory_map");
	CHECK_EQ(op.nr_entries, 2, "entries");
	CHECK(!memcmp(found, two, sizeof(two)), "the map is another one");
}

static void test_translated_only(void)
{
	struct xen_add_to_physmap add = { .domid = DOMID_SELF };
	struct xen_remove_from_physmap remove = { .domid = DOMID_SELF };
	struct xen_machphys_mfn_list list = { .max_extents = 1 };

	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_add_to_physmap, &add), -XEN_EACCES, "add");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_remove_from_physmap, &remove), -XEN_EACCES, "remove");
	add.domid = NO_SUCH_DOMAIN;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_add_to_physmap, &add), -XEN_ESRCH, "no such domain");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_add_to_physmap, BAD_POINTER), -XEN_EFAULT, "pointer");
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &list), -XEN_ENOSYS, "mfn list");
}

/* --- sched_op, vcpu_op, grant_table_op --- */

static long pin_override(int32_t cpu)
{
	struct sched_pin_override op = { .pcpu = cpu };

	return HYPERVISOR_sched_op(SCHEDOP_pin_override, &op);
}

static void test_pin_override(void)
{
	if (!pv_is_privileged()) {
		CHECK_EQ(pin_override(0), -XEN_EPERM, "pin");
		return;
	}
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_pin_override, BAD_POINTER), -XEN_EFAULT, "pointer");
	CHECK_EQ(pin_override(0x7fffffff), -XEN_EINVAL, "no such processor");
	CHECK_EQ(pin_override(-1), -XEN_EINVAL, "nothing to undo");
	CHECK_EQ(pin_override(0), 0, "pin");
	CHECK_EQ(pin_override(0), -XEN_EBUSY, "pin again");
	CHECK_EQ(pin_override(-1), 0, "undo");
}

static void test_physid(void)
{
	struct vcpu_get_physid op;

	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_get_physid, 0, &op), -XEN_EINVAL, "get_physid");
}

static void test_grant_dump(void)
{
	struct gnttab_dump_table op = { .dom = DOMID_SELF, .status = GNTST_general_error };

	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_dump_table, &op, 1), 0, "dump_table");
	CHECK_EQ(op.status, GNTST_okay, "status");
	op.dom = NO_SUCH_DOMAIN;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_dump_table, &op, 1), 0, "dump_table");
	CHECK_EQ(op.status, GNTST_bad_domain, "status for no such domain");
}

/* --- vm_assist --- */

static uint32_t iopl_in_frame(void)
{
	struct fault fault;

	TRY_ASM(&fault, "ud2", :);
	check_fault(&fault, X86_UD, "ud2");
	return (fault.frame.eflags & EFLAGS_IOPL) / EFLAGS_IOPL1;
}

static void test_architectural_iopl(void)
{
	struct physdev_set_iopl op = { .iopl = 3 };

	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &op), 0, "set_iopl");
	CHECK_EQ(iopl_in_frame(), 0, "level in a frame without the assistance");
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_architectural_iopl), 0, "on");
	CHECK_EQ(iopl_in_frame(), 3, "level in a frame with it");
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_disable, VMASST_TYPE_architectural_iopl), 0,
		 "off");
	op.iopl = 0;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &op), 0, "set_iopl back");
}

static const struct test_case cases[] = {
	{ "answers.platform_order", test_platform_order },
	{ "answers.settime", test_settime },
	{ "answers.cpuinfo", test_cpuinfo },
	{ "answers.machphys_mapping", test_machphys_mapping },
	{ "answers.set_memory_map", test_set_memory_map },
	{ "answers.translated_only", test_translated_only },
	{ "answers.pin_override", test_pin_override },
	{ "answers.physid", test_physid },
	{ "answers.grant_dump", test_grant_dump },
	{ "answers.architectural_iopl", test_architectural_iopl },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
