/* SPDX-License-Identifier: MIT */
/*
 * The smaller hypercalls: sched_op in both forms, console_io, nmi_op, physdev_op, platform_op, and
 * numbers that nobody has (ABI: <xen/sched.h>, <xen/nmi.h>, <xen/physdev.h>, CONSOLEIO_* in
 * <xen/xen.h>).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define BAD_POINTER ((void *)HYPERVISOR_VIRT_START)
#define NO_SUCH_DOMAIN 0x1234

/* --- Numbers --- */

static long raw(uint32_t number)
{
	struct hypercall_regs regs = { .eax = number };

	return hypercall_raw(&regs);
}

static void test_unknown_numbers(void)
{
	static const uint32_t numbers[] = {
		11,  25,  31,  34,   37,      38,	  39,	      40,	  41,	      42,
		43,  44,  45,  46,   47,      48,	  49,	      50,	  51,	      52,
		53,  54,  55,  56,   57,      58,	  59,	      60,	  61,	      62,
		63,  64,  65,  100,  126,     127,	  128,	      129,	  200,	      254,
		255, 256, 257, 1000, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		CHECK(raw(numbers[i]) == -XEN_ENOSYS, "number 0x%x: %ld", numbers[i],
		      raw(numbers[i]));
}

/* Registers that carry no result come back as they were. */
static void test_registers_kept(void)
{
	struct hypercall_regs regs = {
		.eax = 63, .ebx = 1, .ecx = 2, .edx = 3, .esi = 4, .edi = 5, .ebp = 6
	};

	hypercall_raw(&regs);
	CHECK_EQ(regs.esi, 4, "esi");
	CHECK_EQ(regs.edi, 5, "edi");
	CHECK_EQ(regs.ebp, 6, "ebp");
}

/* --- sched_op --- */

static void test_sched_yield(void)
{
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_yield, NULL), 0, "yield");
	CHECK_EQ(HYPERVISOR_sched_op_compat(SCHEDOP_yield, 0), 0, "yield, old form");
	CHECK_EQ(HYPERVISOR_sched_op(99, NULL), -XEN_ENOSYS, "operation 99");
	CHECK_EQ(HYPERVISOR_sched_op(-1, NULL), -XEN_ENOSYS, "operation -1");
	CHECK_EQ(HYPERVISOR_sched_op_compat(99, 0), -XEN_ENOSYS, "operation 99, old form");
	CHECK_EQ(HYPERVISOR_sched_op_compat(SCHEDOP_poll, 0), -XEN_ENOSYS, "poll, old form");
}

static void test_sched_block_compat(void)
{
	int port = event_bind_ipi(0);

	events_disable();
	event_unmask(port);
	event_send(port);
	CHECK_EQ(HYPERVISOR_sched_op_compat(SCHEDOP_block, 0), 0, "block with an event pending");
	CHECK_EQ(vcpu_info->evtchn_upcall_mask, 0, "mask after block");
	events_disable();
	event_close(port);
}

static void test_sched_shutdown_errors(void)
{
	struct sched_remote_shutdown remote = { .domain_id = NO_SUCH_DOMAIN };

	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_shutdown, BAD_POINTER), -XEN_EFAULT, "shutdown");
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_shutdown, NULL), -XEN_EFAULT, "shutdown");
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_shutdown_code, BAD_POINTER), -XEN_EFAULT, "code");
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, BAD_POINTER), -XEN_EFAULT, "remote");
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &remote), -XEN_ESRCH,
		 "remote, no such domain");
}

static void test_sched_watchdog(void)
{
	struct sched_watchdog dog = { .id = 0, .timeout = 600 };
	long id = HYPERVISOR_sched_op(SCHEDOP_watchdog, &dog);

	if (id == -XEN_ENOSYS) {
		test_skip("no watchdog");
		return;
	}
	CHECK(id > 0, "id %ld", id);
	dog.id = id;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_watchdog, &dog), 0, "poke");
	dog.timeout = 0;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_watchdog, &dog), 0, "destroy");
	CHECK(HYPERVISOR_sched_op(SCHEDOP_watchdog, &dog) < 0, "destroying it again");
	dog.id = ~0u;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_watchdog, &dog), -XEN_EINVAL, "id ~0");
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_watchdog, BAD_POINTER), -XEN_EFAULT, "bad pointer");
}

/* --- console_io --- */

static void test_console(void)
{
	char byte;

	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_write, 0, NULL), 0, "writing nothing");
	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_write, 1, BAD_POINTER), -XEN_EFAULT, "write");
	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_write, 1, NULL), -XEN_EFAULT, "write");
	CHECK_EQ(HYPERVISOR_console_io(99, 0, NULL), -XEN_ENOSYS, "command 99");
	if (!pv_is_privileged())
		return;
	CHECK(HYPERVISOR_console_io(CONSOLEIO_read, 1, &byte) >= 0, "read");
	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_read, 0, &byte), 0, "reading nothing");
}

/* Counts that overflow a signed length must end at the first byte that cannot be read. */
static void test_console_counts(void)
{
	static const uint32_t counts[] = { 0x7fffffff, 0x80000000, 0xffffffff };
	char *end = (char *)PTR32(page_alloc()) + PAGE_SIZE;
	size_t i;

	CHECK_EQ(mm_map(end, 0), 0, "unmapping the page behind");
	end[-1] = '\n';
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		CHECK(HYPERVISOR_console_io(CONSOLEIO_write, counts[i], end - 1) < 0, "count 0x%x",
		      counts[i]);
	CHECK_EQ(page_protect(end, PTE_KERNEL_RW), 0, "mapping it again");
}

/* --- nmi_op --- */

static unsigned int nmis;

static bool count_nmi(struct trap_frame *frame)
{
	(void)frame;
	nmis++;
	return true;
}

static void test_nmi_errors(void)
{
	CHECK_EQ(HYPERVISOR_nmi_op(99, NULL), -XEN_ENOSYS, "operation 99");
	CHECK_EQ(HYPERVISOR_nmi_op(XENNMI_unregister_callback, NULL), 0, "unregister");
	if (pv_is_privileged())
		CHECK_EQ(HYPERVISOR_nmi_op(XENNMI_register_callback, BAD_POINTER), -XEN_EFAULT,
			 "bad pointer");
}

static void test_nmi(void)
{
	struct xennmi_callback callback = { .handler_address = PTR32(nmi_entry) };
	long rc = HYPERVISOR_nmi_op(XENNMI_register_callback, &callback);

	if (!pv_is_privileged()) {
		CHECK_EQ(rc, -XEN_EINVAL, "for the initial domain only");
		return;
	}
	CHECK_EQ(rc, 0, "register");
	trap_set_hook(X86_NMI, count_nmi);
	trap_return_by_hypercall = 1; /* that is what ends an NMI */
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0, "send_nmi");
	HYPERVISOR_xen_version(XENVER_version, NULL);
	CHECK_EQ(nmis, 1, "NMIs");
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0, "send_nmi again");
	HYPERVISOR_xen_version(XENVER_version, NULL);
	CHECK_EQ(nmis, 2, "NMIs after the second");
	trap_return_by_hypercall = 0;
	trap_set_hook(X86_NMI, NULL);
	CHECK_EQ(HYPERVISOR_nmi_op(XENNMI_unregister_callback, NULL), 0, "unregister");
}

/* --- physdev_op and platform_op --- */

static void test_physdev(void)
{
	struct physdev_irq_status_query query = { .irq = ~0u };

	CHECK_EQ(HYPERVISOR_physdev_op(99, NULL), -XEN_ENOSYS, "operation 99");
	CHECK(HYPERVISOR_physdev_op(PHYSDEVOP_irq_status_query, &query) < 0, "irq ~0");
	CHECK(HYPERVISOR_physdev_op(PHYSDEVOP_irq_status_query, BAD_POINTER) < 0, "bad pointer");
}

/* An unprivileged domain may ask for its I/O level and bitmap, nothing else. */
static void test_physdev_unprivileged(void)
{
	static uint32_t arg[32];
	int cmd;

	if (pv_is_privileged()) {
		test_skip("for unprivileged domains");
		return;
	}
	for (cmd = 0; cmd < 40; cmd++) {
		long rc;

		if (cmd == PHYSDEVOP_set_iopl || cmd == PHYSDEVOP_set_iobitmap)
			continue;
		memset(arg, 0, sizeof(arg));
		rc = HYPERVISOR_physdev_op(cmd, arg);
		CHECK(rc < 0, "operation %d: %ld", cmd, rc);
	}
}

static void test_physdev_compat(void)
{
	struct physdev_op op = { .cmd = PHYSDEVOP_set_iopl };

	op.u.set_iopl.iopl = 4;
	CHECK(HYPERVISOR_physdev_op_compat(&op) < 0, "level 4, old form");
	op.cmd = 99;
	CHECK(HYPERVISOR_physdev_op_compat(&op) < 0, "operation 99, old form");
	CHECK(HYPERVISOR_physdev_op_compat(BAD_POINTER) < 0, "bad pointer, old form");
}

static void test_platform(void)
{
	static uint32_t op[64] = { 0xffffffff, 0xffffffff };

	CHECK(HYPERVISOR_platform_op(op) < 0, "an unknown version");
	CHECK(HYPERVISOR_platform_op(BAD_POINTER) < 0, "bad pointer");
}

static const struct test_case cases[] = {
	{ "misc.unknown_numbers", test_unknown_numbers },
	{ "misc.registers_kept", test_registers_kept },
	{ "misc.sched_yield", test_sched_yield },
	{ "misc.sched_block_compat", test_sched_block_compat },
	{ "misc.sched_shutdown_errors", test_sched_shutdown_errors },
	{ "misc.sched_watchdog", test_sched_watchdog },
	{ "misc.console", test_console },
	{ "misc.console_counts", test_console_counts },
	{ "misc.nmi_errors", test_nmi_errors },
	{ "misc.nmi", test_nmi },
	{ "misc.physdev", test_physdev },
	{ "misc.physdev_unprivileged", test_physdev_unprivileged },
	{ "misc.physdev_compat", test_physdev_compat },
	{ "misc.platform", test_platform },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
