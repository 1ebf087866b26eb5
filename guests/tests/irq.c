/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of devices as event channels (ABI: EVTCHNOP_bind_pirq in <xen/event_channel.h>,
 * <xen/physdev.h>): binding, the operations on numbers, and edge-triggered lines: the CMOS clock's
 * periodic interrupt, and the keyboard controller's as one that nobody serves. Level-triggered
 * ones are guests/tests/irqlevel.c's.
 */
#include "guests/pvrt/hw.h"
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#define NR_PIRQS 256
#define NO_SUCH_LINE 250
#define NO_SUCH_DOMAIN 0x1234
#define BAD_POINTER ((void *)HYPERVISOR_VIRT_START)

#define IRQ_PIT 0
#define IRQ_KEYBOARD 1
#define IRQ_CASCADE 2
#define IRQ_SERIAL 4
#define IRQ_RTC 8

static volatile unsigned int count;

/* --- The CMOS clock (MC146818A): rate 10 is 64 interrupts a second, 6 is 1024 --- */

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define RTC_A 0x0a
#define RTC_B 0x0b
#define RTC_C 0x0c
#define RTC_B_PERIODIC 0x40
#define RTC_C_PERIODIC 0x40
#define RATE_64 10
#define RATE_1024 6

static uint8_t cmos_read(uint8_t reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static void cmos_write(uint8_t reg, uint8_t value)
{
	outb(CMOS_INDEX, reg);
	outb(CMOS_DATA, value);
}

static void rtc_start(unsigned int rate)
{
	cmos_write(RTC_A, (uint8_t)((cmos_read(RTC_A) & 0xf0) | rate));
	cmos_write(RTC_B, cmos_read(RTC_B) | RTC_B_PERIODIC);
	cmos_read(RTC_C);
}

static void rtc_stop(void)
{
	cmos_write(RTC_B, cmos_read(RTC_B) & ~RTC_B_PERIODIC);
	cmos_read(RTC_C);
}

static void rtc_handler(evtchn_port_t port, void *data)
{
	(void)port, (void)data;
	if (cmos_read(RTC_C) & RTC_C_PERIODIC)
		count++;
}

static void test_periodic(void)
{
	uint64_t start, took;
	int port;

	if (!test_is_privileged())
		return;
	port = event_bind_pirq(IRQ_RTC, 0);
	if (!CHECK(port > 0, "bind_pirq: %d", port))
		return;
	event_bind(port, rtc_handler, NULL);
	count = 0;
	rtc_start(RATE_64);
	start = time_system_ns();
	events_wait_count(&count, 16, 5 * NS_PER_S);
	took = time_system_ns() - start;
	rtc_stop();
	event_unbind(port);
	event_close(port);
	CHECK(count >= 16, "%u interrupts in %llu ms", count, took / NS_PER_MS);
	CHECK(took > 150 * NS_PER_MS, "16 interrupts took only %llu ms", took / NS_PER_MS);
}

/* A masked port remembers one, and tells it when it is unmasked. */
static void test_masked(void)
{
	uint64_t end;
	int port;

	if (!test_is_privileged())
		return;
	port = event_bind_pirq(IRQ_RTC, 0);
	if (!CHECK(port > 0, "bind_pirq: %d", port))
		return;
	event_mask(port);
	count = 0;
	rtc_start(RATE_1024);
	events_wait_count(&count, 1, 20 * NS_PER_MS);
	for (end = time_system_ns() + NS_PER_S; !event_is_pending(port) && time_system_ns() < end;)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	CHECK(event_is_pending(port), "not pending after a second");
	CHECK_EQ(count, 0, "the handler ran");
	event_bind(port, rtc_handler, NULL);
	events_wait_count(&count, 1, NS_PER_S);
	CHECK(count >= 1, "the handler did not run");
	rtc_stop();
	event_unbind(port);
	event_close(port);
}

/* SCHEDOP_block and poll end when a device asks for it. */
static void test_wakes(void)
{
	struct sched_poll poll = { .nr_ports = 1 };
	evtchn_port_t ports[1];
	uint64_t start = time_system_ns();
	int port;

	if (!test_is_privileged())
		return;
	port = event_bind_pirq(IRQ_RTC, 0);
	if (!CHECK(port > 0, "bind_pirq: %d", port))
		return;
	event_mask(port);
	rtc_start(RATE_64);
	ports[0] = port;
	set_xen_guest_handle(poll.ports, ports);
	poll.timeout = start + 5 * NS_PER_S;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0, "poll");
	CHECK(event_is_pending(port), "not pending");
	CHECK(time_system_ns() - start < 4 * NS_PER_S, "the poll slept to its timeout");
	rtc_stop();
	event_close(port);
}

/* What comes after close goes nowhere. */
static void test_unbind(void)
{
	int port, other;

	if (!test_is_privileged())
		return;
	port = event_bind_pirq(IRQ_RTC, 0);
	rtc_start(RATE_1024);
	CHECK_EQ(event_close(port), 0, "close");
	other = event_bind_ipi(0);
	CHECK_EQ(other, port, "the port is free again");
	event_mask(other);
	event_clear(other);
	cmos_read(RTC_C);
	time_delay_ns(10 * NS_PER_MS);
	CHECK(!event_is_pending(other), "an interrupt went to what is another channel now");
	event_close(other);
	rtc_stop();
	port = event_bind_pirq(IRQ_RTC, 0);
	CHECK(port > 0, "binding it again: %d", port);
	CHECK_EQ(event_close(port), 0, "close");
}

/* --- Binding --- */

static void test_bind(void)
{
	struct evtchn_status status;
	int port;

	if (!test_is_privileged())
		return;
	port = event_bind_pirq(IRQ_RTC, BIND_PIRQ__WILL_SHARE);
	CHECK(port > 0, "bind_pirq: %d", port);
	CHECK_EQ(event_bind_pirq(IRQ_RTC, BIND_PIRQ__WILL_SHARE), -XEN_EEXIST, "binding it twice");
	CHECK_EQ(event_status(port, &status), 0, "status");
	CHECK_EQ(status.status, EVTCHNSTAT_pirq, "status");
	CHECK_EQ(status.u.pirq, IRQ_RTC, "its number");
	CHECK_EQ(status.vcpu, 0, "vcpu");
	CHECK_EQ(event_send(port), -XEN_EINVAL, "sending to it");
	CHECK_EQ(event_close(port), 0, "close");
	CHECK_EQ(event_close(port), -XEN_EINVAL, "closing it again");
}

static void test_bind_errors(void)
{
	if (!test_is_privileged())
		return;
	CHECK_EQ(event_bind_pirq(NR_PIRQS, 0), -XEN_EINVAL, "a number beyond");
	CHECK_EQ(event_bind_pirq(~0u, 0), -XEN_EINVAL, "number ~0");
	CHECK_EQ(event_bind_pirq(NO_SUCH_LINE, 0), -XEN_EINVAL, "a line that is not there");
	CHECK_EQ(event_bind_pirq(IRQ_CASCADE, 0), -XEN_EINVAL, "the cascade");
	CHECK_EQ(event_bind_pirq(IRQ_PIT, 0), -XEN_EBUSY, "the hypervisor's timer");
	CHECK_EQ(event_bind_pirq(IRQ_SERIAL, 0), -XEN_EBUSY, "the hypervisor's serial line");
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, BAD_POINTER), -XEN_EFAULT,
		 "bad pointer");
}

/* --- physdev_op --- */

static void test_query(void)
{
	struct physdev_irq_status_query query = { .irq = IRQ_RTC };
	int port;

	if (!test_is_privileged())
		return;
	port = event_bind_pirq(IRQ_RTC, BIND_PIRQ__WILL_SHARE);
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_irq_status_query, &query), 0, "query");
	CHECK(query.flags & XENIRQSTAT_needs_eoi, "flags 0x%x", query.flags);
	CHECK(!(query.flags & XENIRQSTAT_shared), "shared with nobody: 0x%x", query.flags);
	event_close(port);
	query.irq = NR_PIRQS;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_irq_status_query, &query), -XEN_EINVAL, "beyond");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_irq_status_query, BAD_POINTER), -XEN_EFAULT,
		 "bad pointer");
}

static void test_eoi_errors(void)
{
	if (!test_is_privileged())
		return;
	CHECK_EQ(pirq_eoi(IRQ_RTC), 0, "a line that is not bound");
	CHECK_EQ(pirq_eoi(NR_PIRQS), -XEN_EINVAL, "a number beyond");
	CHECK_EQ(pirq_eoi(~0u), -XEN_EINVAL, "number ~0");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_eoi, BAD_POINTER), -XEN_EFAULT, "bad pointer");
}

static long map_line(domid_t domid, int type, int index, int pirq)
{
	struct physdev_map_pirq op = { .domid = domid, .type = type, .index = index, .pirq = pirq };
	long rc = HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &op);

	return rc ? rc : op.pirq;
}

static long unmap_line(domid_t domid, int pirq)
{
	struct physdev_unmap_pirq op = { .domid = domid, .pirq = pirq };

	return HYPERVISOR_physdev_op(PHYSDEVOP_unmap_pirq, &op);
}

static void test_map(void)
{
	const int gsi = MAP_PIRQ_TYPE_GSI;
	int port;

	if (!test_is_privileged())
		return;
	CHECK_EQ(map_line(DOMID_SELF, gsi, 12, -1), 12, "any number");
	CHECK_EQ(map_line(DOMID_SELF, gsi, 12, 12), 12, "its own number");
	CHECK_EQ(map_line(DOMID_SELF, gsi, 12, 13), -XEN_EINVAL, "another number");
	CHECK_EQ(map_line(DOMID_SELF, gsi, NO_SUCH_LINE, -1), -XEN_EINVAL, "no such line");
	CHECK_EQ(map_line(DOMID_SELF, gsi, -1, -1), -XEN_EINVAL, "line -1");
	CHECK_EQ(map_line(DOMID_SELF, MAP_PIRQ_TYPE_MSI, 12, -1), -XEN_EINVAL, "a message");
	CHECK_EQ(map_line(NO_SUCH_DOMAIN, gsi, 12, -1), -XEN_ESRCH, "no such domain");
	port = event_bind_pirq(12, 0);
	CHECK(port > 0, "bind_pirq: %d", port);
	CHECK_EQ(unmap_line(DOMID_SELF, 12), 0, "unmap");
	CHECK_EQ(unmap_line(DOMID_SELF, 12), -XEN_EINVAL, "unmapping it again");
	CHECK_EQ(unmap_line(DOMID_SELF, -1), -XEN_EINVAL, "unmapping -1");
	CHECK_EQ(unmap_line(NO_SUCH_DOMAIN, 12), -XEN_ESRCH, "no such domain");
	CHECK_EQ(event_close(port), 0, "closing the channel that lost its line");
}

static void test_free_pirq(void)
{
	struct physdev_get_free_pirq op = { .type = MAP_PIRQ_TYPE_GSI };
	long rc;

	if (!test_is_privileged())
		return;
	rc = HYPERVISOR_physdev_op(PHYSDEVOP_get_free_pirq, &op);
	if (rc == -XEN_ENOSPC) {
		test_skip("the 8259 has no lines above the ISA bus's");
		return;
	}
	CHECK_EQ(rc, 0, "get_free_pirq");
	CHECK_EQ(map_line(DOMID_SELF, MAP_PIRQ_TYPE_GSI, (int)op.pirq, -1), op.pirq, "mapping it");
	CHECK_EQ(unmap_line(DOMID_SELF, (int)op.pirq), 0, "unmap");
	op.type = MAP_PIRQ_TYPE_MSI;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_get_free_pirq, &op), -XEN_ENOSPC, "a message");
}

static void test_setup_gsi(void)
{
	struct physdev_setup_gsi op = { .gsi = 12, .triggering = 0, .polarity = 0 };

	if (!test_is_privileged())
		return;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_setup_gsi, &op), 0, "a line");
	op.gsi = NO_SUCH_LINE;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_setup_gsi, &op), -XEN_EINVAL, "no such line");
	op.gsi = -1;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_setup_gsi, &op), -XEN_EINVAL, "line -1");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_setup_gsi, BAD_POINTER), -XEN_EFAULT,
		 "bad pointer");
}

/* What a kernel reports about the machine is heard, and no more. */
static void test_reports(void)
{
	struct physdev_pci_device_add add = { .bus = 0, .devfn = 0 };
	struct physdev_manage_pci old = { .bus = 0, .devfn = 0 };
	struct physdev_pci_mmcfg_reserved mmcfg = { .end_bus = 1 };
	struct physdev_irq vector = { .irq = IRQ_RTC };

	if (!test_is_privileged())
		return;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_pci_device_add, &add), 0, "pci_device_add");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_manage_pci_add, &old), 0, "manage_pci_add");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_manage_pci_remove, &old), 0, "manage_pci_remove");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_pci_mmcfg_reserved, &mmcfg), 0, "mmcfg");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_alloc_irq_vector, &vector), 0, "alloc_irq_vector");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_restore_msi, &old), -XEN_ENOSYS, "restore_msi");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_pci_device_add, BAD_POINTER), -XEN_EFAULT,
		 "bad pointer");
}

/* --- A storm --- */

#define KBD_DATA 0x60
#define KBD_COMMAND 0x64
#define KBD_STATUS_OUTPUT 0x01
#define KBD_STATUS_INPUT 0x02
#define KBD_READ_CONFIG 0x20
#define KBD_WRITE_CONFIG 0x60
#define KBD_WRITE_OUTPUT 0xd2
#define KBD_CONFIG_INTERRUPT 0x01
#define KBD_CONFIG_DISABLED 0x10

static bool kbd_wait(uint8_t bit, bool set)
{
	unsigned int i;

	for (i = 0; i < 10000; i++)
		if (!(inb(KBD_COMMAND) & bit) == !set)
			return true;
	return false;
}

static bool kbd_send(uint16_t port, uint8_t value)
{
	if (!kbd_wait(KBD_STATUS_INPUT, false))
		return false;
	outb(port, value);
	return true;
}

static bool kbd_open(void)
{
	uint8_t config;

	while (inb(KBD_COMMAND) & KBD_STATUS_OUTPUT)
		inb(KBD_DATA);
	if (!kbd_send(KBD_COMMAND, KBD_READ_CONFIG) || !kbd_wait(KBD_STATUS_OUTPUT, true))
		return false;
	config = inb(KBD_DATA) & ~KBD_CONFIG_DISABLED;
	return kbd_send(KBD_COMMAND, KBD_WRITE_CONFIG) &&
	       kbd_send(KBD_DATA, config | KBD_CONFIG_INTERRUPT);
}

/* The controller is told to pretend that a key was pressed: one interrupt. */
static bool kbd_interrupt(void)
{
	if (!kbd_send(KBD_COMMAND, KBD_WRITE_OUTPUT) || !kbd_send(KBD_DATA, 0) ||
	    !kbd_wait(KBD_STATUS_OUTPUT, true))
		return false;
	inb(KBD_DATA);
	return true;
}

/* True when an interrupt arrives, within that time. */
static bool line_is_on(int port, uint64_t ns)
{
	bool arrived;

	event_clear(port);
	if (!kbd_send(KBD_COMMAND, KBD_WRITE_OUTPUT) || !kbd_send(KBD_DATA, 0))
		return false;
	time_delay_ns(ns);
	arrived = event_is_pending(port);
	inb(KBD_DATA);
	return arrived;
}

/* As fast as the controller can; returns how many the best 10 ms had. */
static unsigned int kbd_storm(int port, bool *off)
{
	unsigned int n, most = 0, round;

	*off = false;
	for (round = 0; round < 10 && !*off; round++) {
		uint64_t end = time_system_ns() + 10 * NS_PER_MS;

		for (n = 0; n < 1000 && time_system_ns() < end; n++)
			kbd_interrupt();
		*off = !line_is_on(port, NS_PER_MS);
		most = n > most ? n : most;
	}
	return most;
}

/* Interrupts that arrive in 10 ms when each is taken at once: a controller may answer late. */
static unsigned int kbd_rate(int port)
{
	uint64_t end = time_system_ns() + 10 * NS_PER_MS;
	unsigned int n = 0;

	while (time_system_ns() < end) {
		kbd_interrupt();
		n += event_clear(port);
	}
	return n;
}

static void test_edge_storm(void)
{
	unsigned int most, rate;
	bool off;
	int port;

	if (!test_is_privileged())
		return;
	if (!kbd_open()) {
		test_skip("no keyboard controller");
		return;
	}
	port = event_bind_pirq(IRQ_KEYBOARD, 0);
	if (!CHECK(port > 0, "bind_pirq: %d", port))
		return;
	event_mask(port);
	CHECK(line_is_on(port, 5 * NS_PER_MS), "the controller's interrupt does not arrive");
	rate = kbd_rate(port);
	if (rate < 400) {
		test_skip("this controller is slow: %u interrupts in 10 ms", rate);
		event_close(port);
		return;
	}
	most = kbd_storm(port, &off);
	CHECK(off, "the line is still on, after %u interrupts in 10 ms", most);
	time_delay_ns(NS_PER_S);
	CHECK(!off || event_is_pending(port), "what was lost meanwhile is not told");
	CHECK(line_is_on(port, 5 * NS_PER_MS), "the line stays off after a second");
	event_close(port);
}

/* --- The page that says which lines need an end of interrupt; the last case: it is for good --- */

static long set_eoi_page(unsigned long mfn)
{
	struct physdev_pirq_eoi_gmfn op = { .gmfn = mfn };

	return HYPERVISOR_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &op);
}

static bool needs_eoi(const volatile uint32_t *page, uint32_t pirq)
{
	return page[pirq / 32] >> pirq % 32 & 1;
}

static void test_eoi_page(void)
{
	volatile uint32_t *page = page_alloc();
	int port;

	if (!test_is_privileged())
		return;
	CHECK_EQ(set_eoi_page(~0ul), -XEN_EINVAL, "no such frame");
	CHECK_EQ(set_eoi_page(va_to_mfn((void *)start_info->pt_base)), -XEN_EINVAL, "a page table");
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, BAD_POINTER), -XEN_EFAULT,
		 "bad pointer");
	port = event_bind_pirq(IRQ_RTC, 0);
	CHECK_EQ(set_eoi_page(va_to_mfn((void *)page)), 0, "a page");
	CHECK_EQ(set_eoi_page(va_to_mfn((void *)page)), -XEN_EBUSY, "a second page");
	CHECK(!needs_eoi(page, IRQ_RTC), "an edge-triggered line");
	event_close(port);
}

static const struct test_case cases[] = {
	{ "irq.bind", test_bind },
	{ "irq.bind_errors", test_bind_errors },
	{ "irq.periodic", test_periodic },
	{ "irq.masked", test_masked },
	{ "irq.wakes", test_wakes },
	{ "irq.unbind", test_unbind },
	{ "irq.query", test_query },
	{ "irq.eoi_errors", test_eoi_errors },
	{ "irq.map", test_map },
	{ "irq.free_pirq", test_free_pirq },
	{ "irq.setup_gsi", test_setup_gsi },
	{ "irq.reports", test_reports },
	{ "irq.edge_storm", test_edge_storm },
	{ "irq.eoi_page", test_eoi_page },
};

int main(void)
{
	pv_set_iopl(3);
	return test_run(cases, ARRAY_SIZE(cases));
}
