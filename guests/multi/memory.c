/* SPDX-License-Identifier: MIT */
/*
 * Memory of other domains: reservations, foreign maps, tables changed from
 * outside, and what is left of a dead one.
 */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"

#include <xen/memory.h>
#include <xen/vcpu.h>

static struct child a, b;

static int reservation(domid_t domid, unsigned int op, xen_pfn_t *list, unsigned int n,
		       unsigned int order)
{
	struct xen_memory_reservation res = { .domid = domid,
					      .nr_extents = n,
					      .extent_order = order };

	set_xen_guest_handle_raw(res.extent_start, list);
	return HYPERVISOR_memory_op(op, &res);
}

static int query(unsigned int op, domid_t domid)
{
	struct xen_memory_domain arg = { .domid = domid };

	return HYPERVISOR_memory_op(op, &arg);
}

void test_reservations(void)
{
	uint64_t before = free_frames();
	xen_pfn_t list[4] = { 100, 101, 102, 103 }, mfn;

	if (!child_make(&a, "block", 1))
		return;
	CHECK_EQ(query(XENMEM_current_reservation, a.id), 0, "pages of a new domain");
	CHECK_EQ(reservation(a.id, XENMEM_populate_physmap, list, 1, 0), 0,
		 "populate before max_mem");
	CHECK_EQ(domain_max_mem(a.id, 3 * 4), 0, "max_mem");
	CHECK_EQ(query(XENMEM_maximum_reservation, a.id), 3, "maximum");
	CHECK_EQ(reservation(a.id, XENMEM_populate_physmap, list, 4, 0), 3,
		 "extents populated of four");
	CHECK_EQ(mfn_to_pfn(list[2]), 102, "M2P entry of the third");
	CHECK_EQ(list[3], 103, "the fourth is as it was");
	CHECK_EQ(query(XENMEM_current_reservation, a.id), 3, "pages");
	CHECK_EQ(reservation(a.id, XENMEM_decrease_reservation, &list[1], 1, 0), 1, "decrease");
	CHECK_EQ(query(XENMEM_current_reservation, a.id), 2, "pages after decrease");
	CHECK_EQ(reservation(a.id, XENMEM_decrease_reservation, &list[1], 1, 0), 0,
		 "decrease it again");
	mfn = va_to_mfn(&a);
	CHECK_EQ(reservation(a.id, XENMEM_decrease_reservation, &mfn, 1, 0), 0,
		 "decrease by a frame of ours");
	CHECK_EQ(reservation(a.id, XENMEM_increase_reservation, &list[1], 1, 0), 1, "increase");
	CHECK_EQ(query(XENMEM_current_reservation, 0x7abc), -XEN_ESRCH,
		 "a domain that does not exist");
	child_destroy(&a);
	CHECK_EQ(free_frames(), before, "free frames");
}

/* ---- foreign maps ---- */

static int map_at(void *va, domid_t domid, unsigned long mfn, pte_t flags)
{
	return HYPERVISOR_update_va_mapping_otherdomain(PTR32(va), mfn_pte(mfn, flags),
							UVMF_INVLPG | UVMF_LOCAL, domid);
}

void test_foreign_maps(void)
{
	uint64_t before = free_frames();
	void *va = page_alloc();

	if (!child_make(&a, "spin", CHILD_STEPS) || !child_make(&b, "block", 2))
		return;
	child_wait_stage(&a, 1);
	CHECK_EQ(map_at(va, b.id, a.mfn[3], PTE_KERNEL_RW), -XEN_EBUSY,
		 "a frame of another than is named");
	CHECK_EQ(map_at(va, a.id, va_to_mfn(&a), PTE_KERNEL_RW), -XEN_EBUSY,
		 "our own frame, named as another's");
	CHECK_EQ(map_at(va, 0x7abc, a.mfn[3], PTE_KERNEL_RW), -XEN_ESRCH,
		 "a domain that does not exist");
	CHECK_EQ(map_at(va, a.id, a.mfn[a.top_pfn + 2], PTE_KERNEL_RW), -XEN_EBUSY,
		 "a page table of its, writable");
	CHECK_EQ(map_at(va, a.id, a.mfn[a.top_pfn + 2], PTE_KERNEL_RO), 0,
		 "a page table of its, read-only");
	CHECK_EQ(pte_mfn(((pte_t *)va)[5]), a.mfn[5], "what stands in it");
	check_audit("a table mapped from outside");
	child_destroy(&a);
	check_audit("a table of a dead domain mapped");
	CHECK_EQ(((pte_t *)va)[5] & PTE_P, PTE_P, "the frame changed when its domain died");
	foreign_unmap(va);
	child_destroy(&b);
	CHECK_EQ(free_frames(), before, "free frames");
}

/* Tables changed from outside: an entry, the M2P, a pin. */
void test_foreign_tables(void)
{
	uint64_t before = free_frames();
	struct mmu_update update;
	struct mmuext_op op = { .cmd = MMUEXT_CLEAR_PAGE };
	void *page;

	if (!child_make(&a, "block", 3))
		return;
	update.ptr = ((uint64_t)a.mfn[a.top_pfn + 2] << PAGE_SHIFT) + 100 * sizeof(pte_t);
	update.val = 0;
	CHECK_EQ(HYPERVISOR_mmu_update(&update, 1, NULL, (a.id + 1u) << 16 | a.id), 0,
		 "clear an entry");
	update.val = mfn_pte(a.mfn[a.top_pfn + 1], PTE_KERNEL_RW);
	CHECK_EQ(HYPERVISOR_mmu_update(&update, 1, NULL, (a.id + 1u) << 16 | a.id), -XEN_EBUSY,
		 "a writable page table");
	update.val = mfn_pte(va_to_mfn(&a), PTE_KERNEL_RW);
	CHECK_EQ(HYPERVISOR_mmu_update(&update, 1, NULL, (a.id + 1u) << 16 | a.id), -XEN_EBUSY,
		 "a frame of ours");
	update.ptr = (uint64_t)a.mfn[100] << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
	update.val = 4321;
	CHECK_EQ(HYPERVISOR_mmu_update(&update, 1, NULL, a.id), 0, "M2P");
	CHECK_EQ(mfn_to_pfn(a.mfn[100]), 4321, "M2P entry");
	op.arg1.mfn = a.mfn[1];
	CHECK_EQ(HYPERVISOR_mmuext_op(&op, 1, NULL, a.id), 0, "clear a page");
	page = foreign_map(a.id, a.mfn[1], PTE_KERNEL_RO);
	CHECK(page && !*(uint32_t *)page, "it is not clear");
	if (page)
		foreign_unmap(page);
	check_audit("tables changed from outside");
	op.cmd = MMUEXT_UNPIN_TABLE;
	op.arg1.mfn = a.mfn[a.top_pfn];
	CHECK_EQ(HYPERVISOR_mmuext_op(&op, 1, NULL, a.id), 0, "unpin");
	CHECK_EQ(HYPERVISOR_mmuext_op(&op, 1, NULL, a.id), -XEN_EINVAL, "unpin again");
	op.cmd = MMUEXT_NEW_BASEPTR;
	CHECK_EQ(HYPERVISOR_mmuext_op(&op, 1, NULL, a.id), -XEN_EPERM,
		 "another's top level as ours");
	child_destroy(&a);
	CHECK_EQ(free_frames(), before, "free frames");
}

/* ---- frame types, hypercall page ---- */

void test_frame_info(void)
{
	xen_pfn_t list[5];
	struct xen_domctl op = { 0 };

	if (!child_make(&a, "block", 4))
		return;
	list[0] = a.mfn[a.top_pfn];
	list[1] = a.mfn[a.top_pfn + 1];
	list[2] = a.mfn[a.top_pfn + 2];
	list[3] = a.mfn[1];
	list[4] = va_to_mfn(&a);
	op.u.getpageframeinfo3.num = 5;
	set_xen_guest_handle_raw(op.u.getpageframeinfo3.array, list);
	CHECK_EQ(domctl(XEN_DOMCTL_getpageframeinfo3, a.id, &op), 0, "getpageframeinfo3");
	CHECK_EQ(list[0], XEN_DOMCTL_PFINFO_L3TAB | XEN_DOMCTL_PFINFO_LPINTAB, "the top level");
	CHECK_EQ(list[1], XEN_DOMCTL_PFINFO_L2TAB, "level 2");
	CHECK_EQ(list[2], XEN_DOMCTL_PFINFO_L1TAB, "level 1");
	CHECK_EQ(list[3], XEN_DOMCTL_PFINFO_NOTAB, "plain memory");
	CHECK_EQ(list[4], XEN_DOMCTL_PFINFO_XTAB, "a frame of ours");
	op.u.hypercall_init.gmfn = a.mfn[a.top_pfn];
	CHECK_EQ(domctl(XEN_DOMCTL_hypercall_init, a.id, &op), -XEN_EINVAL,
		 "hypercall page on a page table");
	child_destroy(&a);
}

/* ---- scrubbing ---- */

static bool all_zero(domid_t domid, unsigned long mfn)
{
	const uint32_t *page = foreign_map(domid, mfn, PTE_KERNEL_RO);
	bool zero = true;
	unsigned int i;

	if (!page)
		return false;
	for (i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		zero &= page[i] == 0;
	foreign_unmap((void *)page);
	return zero;
}

/* What a dead domain wrote is in nobody's new memory (XSA-100). */
void test_scrubbed(void)
{
	unsigned int i;

	if (!child_make(&a, "fill", CHILD_STEPS - 1))
		return;
	a.mailbox->go = 60;
	CHECK_EQ(child_start(&a), 0, "unpause");
	child_wait_stage(&a, 2);
	child_destroy(&a);
	if (!child_make(&b, "block", 2))
		return;
	for (i = 0; i < b.pages && test_ok(); i++)
		CHECK(all_zero(b.id, b.mfn[i]), "frame 0x%lx is not zero", (unsigned long)b.mfn[i]);
	child_destroy(&b);
}

/* ---- exhaustion ---- */

/* All memory to one domain; it is refused more, and everything comes back. */
void test_exhaustion(void)
{
	static xen_pfn_t list[1024];
	uint64_t before = free_frames(), got = 0;
	unsigned int i;
	int n;

	if (!child_make(&a, "block", 1))
		return;
	CHECK_EQ(domain_max_mem(a.id, ~0ull >> 12), 0, "max_mem");
	do {
		for (i = 0; i < 1024; i++)
			list[i] = got + i;
		n = reservation(a.id, XENMEM_populate_physmap, list, 1024, 0);
		got += n > 0 ? n : 0;
	} while (n == 1024);
	CHECK(got > before - 64, "it got only %u pages of %u", (unsigned int)got,
	      (unsigned int)before);
	CHECK(child_create(&b, 1) == -XEN_ENOMEM, "a domain could be made without memory");
	child_destroy(&b);
	child_destroy(&a);
	CHECK_EQ(free_frames(), before, "free frames");
}

/* ---- how long a teardown holds up everybody else ---- */

#define LARGE_PAGES 15360
/* On a machine of 200 MHz or more; Bochs is slower, and waits longer. */
#define MAX_LATE_US 1000
#define MAX_LATE_CYCLES 200000

static volatile uint64_t fired;

static uint64_t max_late_ns(void)
{
	struct xen_sysctl op = { 0 };
	uint64_t slow;

	BUG_ON(sysctl(XEN_SYSCTL_physinfo, &op));
	slow = div_u64_u32(MAX_LATE_CYCLES * NS_PER_MS, op.u.physinfo.cpu_khz, NULL);
	return slow > MAX_LATE_US * NS_PER_US ? slow : MAX_LATE_US * NS_PER_US;
}

static void note_time(evtchn_port_t port, void *data)
{
	(void)port, (void)data;
	fired = time_system_ns();
}

static bool populate_large(struct child *c)
{
	static xen_pfn_t list[1024];
	unsigned int done, i;

	CHECK_EQ(domain_max_mem(c->id, LARGE_PAGES * 4), 0, "max_mem");
	for (done = 0; done < LARGE_PAGES && test_ok(); done += 1024) {
		for (i = 0; i < 1024; i++)
			list[i] = done + i;
		CHECK_EQ(reservation(c->id, XENMEM_populate_physmap, list, 1024, 0), 1024,
			 "populate");
	}
	return test_ok();
}

/* A timer that is due in the middle of the destruction of a large domain is not kept waiting. */
void test_latency(void)
{
	int port = event_bind_virq(VIRQ_TIMER, 0);
	uint64_t due = 0, end = 0;

	if (!CHECK(port > 0, "bind VIRQ_TIMER: %d", port))
		return;
	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	event_bind(port, note_time, NULL);
	events_enable();
	if (child_make(&a, "block", 1) && populate_large(&a)) {
		fired = 0;
		due = time_system_ns() + 300 * NS_PER_US;
		HYPERVISOR_set_timer_op(due);
		child_destroy(&a);
		end = time_system_ns();
	}
	events_disable();
	event_unbind(port);
	event_close(port);
	child_destroy(&a);
	if (!test_ok())
		return;
	if (!CHECK(fired && fired <= end, "no timer event before the end of the destruction"))
		return;
	CHECK(end - due > 500 * NS_PER_US, "the destruction took only %u us",
	      (unsigned int)(end - due) / 1000);
	CHECK(fired - due < max_late_ns(), "the event was %u us late",
	      (unsigned int)(fired - due) / 1000);
	pv_printf("timer event %u us late in %u us of destruction\n",
		  (unsigned int)(fired - due) / 1000, (unsigned int)(end - due) / 1000 + 300);
}
