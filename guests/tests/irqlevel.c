/* SPDX-License-Identifier: MIT */
/*
 * A level-triggered interrupt line (ABI: PHYSDEVOP_eoi in <xen/physdev.h>): an e1000 card's, whose
 * cause register can be written. Every case is skipped where the machine has no such card, so this
 * guest runs only where test_interrupts.py adds one.
 *
 * Boot: skip=qemu,bochs
 */
#include "guests/pvrt/hw.h"
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

static volatile unsigned int count;

/* --- The card: Intel's 82540EM --- */

#define E1000_ID 0x100e8086u
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_NO_INTX 0x0400u
#define PCI_BAR0 0x10

enum e1000_register { ICR = 0xc0, ICS = 0xc8, IMS = 0xd0, IMC = 0xd8 };
#define CAUSE_LINK 0x4u

static volatile uint32_t *e1000;
static uint32_t level_line; /* 0: not found yet */

static void e1000_write(enum e1000_register reg, uint32_t value)
{
	e1000[reg / 4] = value;
}

static uint32_t e1000_read(enum e1000_register reg)
{
	return e1000[reg / 4];
}

static bool e1000_open(void)
{
	uint32_t command;
	int slot;

	if (!test_is_privileged())
		return false;
	slot = pci_find(E1000_ID);
	if (slot < 0) {
		test_skip("no e1000 card in this machine");
		return false;
	}
	command = pci_read((uint8_t)slot, PCI_COMMAND) & 0xffff & ~PCI_COMMAND_NO_INTX;
	pci_write((uint8_t)slot, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	if (!e1000)
		e1000 = mm_map_frame(pci_read((uint8_t)slot, PCI_BAR0) >> PAGE_SHIFT,
				     PTE_KERNEL_RW | PTE_PCD | PTE_PWT);
	if (!CHECK(e1000 != NULL, "its registers cannot be mapped"))
		return false;
	e1000_write(IMC, ~0u);
	e1000_read(ICR);
	return true;
}

static void e1000_raise(void)
{
	e1000_write(IMS, CAUSE_LINK);
	e1000_write(ICS, CAUSE_LINK);
}

static void e1000_quiet(void)
{
	e1000_write(IMC, ~0u);
	e1000_read(ICR);
}

/* Which line the board has connected nobody reads here: try those that PCI devices get. */
static bool find_level_line(void)
{
	static const uint8_t candidates[] = { 20, 21, 22, 23, 16, 17, 18, 19, 11, 10, 9, 5 };
	int ports[ARRAY_SIZE(candidates)];
	size_t i;

	if (level_line)
		return true;
	for (i = 0; i < ARRAY_SIZE(candidates); i++)
		ports[i] = event_bind_pirq(candidates[i], 0);
	e1000_raise();
	time_delay_ns(2 * NS_PER_MS);
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	e1000_quiet();
	for (i = 0; i < ARRAY_SIZE(candidates); i++) {
		if (ports[i] > 0 && event_is_pending(ports[i]) && !level_line)
			level_line = candidates[i];
		if (ports[i] > 0)
			event_close(ports[i]);
	}
	CHECK(level_line != 0, "the card's interrupt arrives on no line");
	return level_line != 0;
}

static void serve_card(evtchn_port_t port, void *data)
{
	(void)port, (void)data;
	e1000_read(ICR);
	count++;
	pirq_eoi(level_line);
}

static void test_level(void)
{
	unsigned int i;
	int port;

	if (!e1000_open() || !find_level_line())
		return;
	port = event_bind_pirq(level_line, BIND_PIRQ__WILL_SHARE);
	if (!CHECK(port > 0, "bind_pirq: %d", port))
		return;
	event_bind(port, serve_card, NULL);
	count = 0;
	for (i = 1; i <= 100; i++) {
		e1000_raise();
		events_wait_count(&count, i, NS_PER_S);
		if (!CHECK_EQ(count, i, "interrupts"))
			break;
	}
	time_delay_ns(NS_PER_MS);
	CHECK_EQ(count, i - 1, "interrupts after the last");
	e1000_quiet();
	event_unbind(port);
	event_close(port);
}

/* Until the end of an interrupt is told, the line is silent, however the device shouts. */
static void test_no_eoi(void)
{
	int port;

	if (!e1000_open() || !find_level_line())
		return;
	port = event_bind_pirq(level_line, 0);
	event_mask(port);
	e1000_raise();
	time_delay_ns(NS_PER_MS);
	CHECK(event_clear(port), "the first one did not arrive");
	time_delay_ns(NS_PER_MS);
	CHECK(!event_is_pending(port), "a second one without an end of the first");
	CHECK_EQ(pirq_eoi(level_line), 0, "eoi");
	time_delay_ns(NS_PER_MS);
	CHECK(event_clear(port), "none after the end, although the device asks on");
	e1000_quiet();
	CHECK_EQ(pirq_eoi(level_line), 0, "eoi");
	time_delay_ns(NS_PER_MS);
	CHECK(!event_is_pending(port), "one although the device is quiet");
	event_close(port);
}

/* Closing a channel whose interrupt was not ended must not leave the line masked. */
static void test_close_at_work(void)
{
	int port;

	if (!e1000_open() || !find_level_line())
		return;
	port = event_bind_pirq(level_line, 0);
	event_mask(port);
	e1000_raise();
	time_delay_ns(NS_PER_MS);
	CHECK(event_is_pending(port), "the first one did not arrive");
	CHECK_EQ(event_close(port), 0, "close");
	port = event_bind_pirq(level_line, 0);
	event_mask(port);
	time_delay_ns(NS_PER_MS);
	CHECK(event_is_pending(port), "none after binding it again");
	e1000_quiet();
	event_close(port);
}

/* --- A storm --- */

static void ignore_card(evtchn_port_t port, void *data)
{
	(void)port, (void)data;
	count++;
	pirq_eoi(level_line);
}

/*
 * In each 10 ms at most 200 that follow at once are let through, and of those that are slower there
 * cannot be more than another 200.
 */
#define MOST_IN_A_STORM 400

static void test_storm(void)
{
	unsigned int stormed;
	unsigned int windows;
	uint64_t start;
	int port;

	if (!e1000_open() || !find_level_line())
		return;
	port = event_bind_pirq(level_line, 0);
	event_bind(port, ignore_card, NULL);
	count = 0;
	start = time_system_ns();
	e1000_raise();
	events_wait_count(&count, ~0u, 300 * NS_PER_MS);
	stormed = count;
	/* A busy host can stretch it. */
	windows = (uint32_t)div_u64_u32(time_system_ns() - start, 10 * NS_PER_MS, NULL) + 1;
	CHECK(stormed >= 200, "only %u interrupts: no storm", stormed);
	CHECK(stormed <= windows * MOST_IN_A_STORM, "%u interrupts in %u0 ms", stormed, windows);
	e1000_quiet();
	time_delay_ns(700 * NS_PER_MS);
	event_bind(port, serve_card, NULL);
	events_wait_count(&count, ~0u, NS_PER_MS);
	count = 0;
	e1000_raise();
	events_wait_count(&count, 1, NS_PER_S);
	CHECK_EQ(count, 1, "interrupts after the storm");
	e1000_quiet();
	event_unbind(port);
	event_close(port);
}

/* --- The page that says which lines need an end of interrupt; the last case: it is for good --- */

static void test_eoi_page(void)
{
	volatile uint32_t *page = page_alloc();
	struct physdev_pirq_eoi_gmfn op = { .gmfn = va_to_mfn((void *)page) };
	uint32_t word, bit;
	int port;

	if (!e1000_open() || !find_level_line())
		return;
	word = level_line / 32;
	bit = 1u << level_line % 32;
	port = event_bind_pirq(level_line, 0);
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &op), 0, "a page");
	CHECK(page[word] & bit, "a line that was bound before");
	event_close(port);
	CHECK(!(page[word] & bit), "a line that is closed");
	port = event_bind_pirq(level_line, 0);
	CHECK(page[word] & bit, "a line that was bound afterwards");
	event_close(port);
}

static const struct test_case cases[] = {
	{ "irqlevel.level", test_level },
	{ "irqlevel.no_eoi", test_no_eoi },
	{ "irqlevel.close_at_work", test_close_at_work },
	{ "irqlevel.storm", test_storm },
	{ "irqlevel.eoi_page", test_eoi_page },
};

int main(void)
{
	pv_set_iopl(3);
	return test_run(cases, ARRAY_SIZE(cases));
}
