/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out at each allocation in turn, while a control domain makes another domain and while a guest sets
 * up what it needs: the call says so, and when the domain has gone, not a frame is missing. The
 * allocators' names lead here first (--wrap, see the Makefile).
 */
#include "tests/host/cmocka_all.h"

#include "hypercall/control.h"

#include "core/domain.h"
#include "core/errno.h"
#include "mm/page.h"
#include "tests/host/guest.h"
#include "tests/host/machine.h"

enum { CONTROL = 1, GUEST = 2, CHILD = 5 };
#define REFERENCE 9u
#define CHILD_PAGES 24u
#define MAX_ALLOCATIONS 200u

struct page_info *__real_alloc_pages(unsigned order, mfn_t max);
void *__real_heap_page_alloc(void);
void *__real_heap_alloc(size_t size);
struct page_info *__wrap_alloc_pages(unsigned order, mfn_t max);
void *__wrap_heap_page_alloc(void);
void *__wrap_heap_alloc(size_t size);

/* The allocation that fails, counted from now on; 0: none. */
static unsigned until_failure;
static bool failed;

static bool fails(void)
{
	if (!until_failure || --until_failure)
		return false;
	failed = true;
	return true;
}

struct page_info *__wrap_alloc_pages(unsigned order, mfn_t max)
{
	return fails() ? NULL : __real_alloc_pages(order, max);
}

void *__wrap_heap_page_alloc(void)
{
	return fails() ? NULL : __real_heap_page_alloc();
}

void *__wrap_heap_alloc(size_t size)
{
	return fails() ? NULL : __real_heap_alloc(size);
}

static struct guest *control, *guest;
static xen_pfn_t frames[CHILD_PAGES];

/* ---- what a control domain does ---- */

static long domctl(struct xen_domctl *op, uint32_t cmd)
{
	long rc;

	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = CHILD;
	rc = hypercall1(domctl, guest_arg(control, *op));
	guest_get(control, 0, op, sizeof(*op));
	return rc;
}

static long make(void)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 3,
						     .max_evtchn_port = 1023,
						     .max_grant_frames = -1,
						     .max_maptrack_frames = -1 } };

	return domctl(&op, XEN_DOMCTL_createdomain);
}

static long make_vcpus(void)
{
	struct xen_domctl op = { .u.max_vcpus.max = 3 };

	return domctl(&op, XEN_DOMCTL_max_vcpus);
}

static long limit_memory(void)
{
	struct xen_domctl op = { .u.max_mem.max_memkb = CHILD_PAGES * 4 };

	return domctl(&op, XEN_DOMCTL_max_mem);
}

/* As many as there are; too few are too little memory. */
static long populate(void)
{
	struct xen_memory_reservation r = { .nr_extents = CHILD_PAGES, .domid = CHILD };
	long rc;

	for (unsigned i = 0; i < CHILD_PAGES; i++)
		frames[i] = i;
	set_xen_guest_handle_raw(r.extent_start,
				 (void *)guest_put(control, 2048, frames, sizeof(frames)));
	rc = hypercall2(memory_op, XENMEM_populate_physmap, guest_arg(control, r));
	guest_get(control, 2048, frames, sizeof(frames));
	return rc == (long)CHILD_PAGES ? 0 : -ENOMEM;
}

static long give_ports(void)
{
	struct xen_domctl op = { .u.ioport_permission = {
					 .first_port = 0x60, .nr_ports = 4, .allow_access = 1 } };

	return domctl(&op, XEN_DOMCTL_ioport_permission);
}

/* More than one page of a domain's table holds (EVTCHNS_PER_PAGE). */
static long channels(struct guest *caller, domid_t dom, domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = remote };
	long rc = 0;

	for (unsigned i = 0; i < 300 && !rc; i++)
		rc = hypercall2(event_channel_op, EVTCHNOP_alloc_unbound, guest_arg(caller, op));
	return rc;
}

static long grant_frames(struct guest *caller, domid_t dom, uint32_t n)
{
	struct gnttab_setup_table op = { .dom = dom, .nr_frames = n };
	long rc;

	set_xen_guest_handle_raw(op.frame_list, (void *)guest_va(caller, 1));
	rc = hypercall3(grant_table_op, GNTTABOP_setup_table, guest_arg(caller, op), 1);
	guest_get(caller, 0, &op, sizeof(op));
	return rc ? rc : op.status == GNTST_okay ? 0 : -ENOMEM;
}

static long make_channels(void)
{
	return channels(control, CHILD, DOMID_SELF);
}

static long seed_grants(void)
{
	return grant_frames(control, CHILD, 2);
}

/* The simulated machine refuses all registers. */
static long set_registers(void)
{
	static vcpu_guest_context_t context;
	struct xen_domctl op = { 0 };
	long rc;

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_in_kernel | VGCF_online;
	context.ctrlreg[3] = xen_pfn_to_cr3(frames[0]);
	op.u.vcpucontext.ctxt.q = guest_put(control, 1024, &context, sizeof(context));
	rc = domctl(&op, XEN_DOMCTL_setvcpucontext);
	return rc == -EINVAL ? 0 : rc;
}

/* ---- what a guest does ---- */

static long open_channels(void)
{
	return channels(guest, DOMID_SELF, CONTROL);
}

static long open_grants(void)
{
	return grant_frames(guest, DOMID_SELF, 4);
}

/* Is as good as never refused: what cannot be kept is lost. */
static long say_something(void)
{
	static const char text[] = "not a frame is missing\n";

	return hypercall3(console_io, CONSOLEIO_write, sizeof(text) - 1, guest_arg(guest, text));
}

/* A page of the control domain's, in place of one of its own. */
static long map_grant(void)
{
	struct gnttab_map_grant_ref op = { .host_addr = guest_va(guest, 20),
					   .flags = GNTMAP_host_map,
					   .ref = REFERENCE,
					   .dom = CONTROL };
	long rc = hypercall3(grant_table_op, GNTTABOP_map_grant_ref, guest_arg(guest, op), 1);

	guest_get(guest, 0, &op, sizeof(op));
	return rc ? rc : op.status == GNTST_okay ? 0 : -ENOMEM;
}

static long exchange(void)
{
	struct xen_memory_exchange x = {
		.in = { .nr_extents = 4, .domid = DOMID_SELF },
		.out = { .nr_extents = 1, .extent_order = 2, .domid = DOMID_SELF }
	};
	xen_pfn_t in[4], out = 8;

	for (unsigned i = 0; i < 4; i++) {
		in[i] = guest->page[8 + i];
		guest_unmap(guest, 8 + i);
	}
	set_xen_guest_handle_raw(x.in.extent_start, (void *)guest_put(guest, 256, in, sizeof(in)));
	set_xen_guest_handle_raw(x.out.extent_start,
				 (void *)guest_put(guest, 512, &out, sizeof(out)));
	return hypercall2(memory_op, XENMEM_exchange, guest_arg(guest, x));
}

/* ---- each allocation in turn ---- */

/* The first step that fails ends it; 0: all did well. */
static long run(long (*const *steps)(void), unsigned n)
{
	long rc = 0;

	for (unsigned i = 0; i < n && !rc; i++)
		rc = steps[i]();
	until_failure = 0;
	return rc;
}

static void end_child(void)
{
	struct xen_domctl op = { 0 };
	long rc = domctl(&op, XEN_DOMCTL_destroydomain);

	assert_true(rc == 0 || rc == -ESRCH);
}

static void each_step_of_making_a_domain(void **state)
{
	static long (*const steps[])(void) = {
		make,	    make_vcpus,	   limit_memory, populate,
		give_ports, make_channels, seed_grants,	 set_registers,
	};
	unsigned n = 0;
	int before;

	(void)state;
	assert_int_equal(run(steps, ARRAY_SIZE(steps)), 0);
	end_child();
	before = machine_leaks();
	do {
		long rc;

		failed = false;
		until_failure = ++n;
		rc = run(steps, ARRAY_SIZE(steps));
		assert_int_equal(rc, failed ? -ENOMEM : 0);
		end_child();
		assert_int_equal(machine_leaks(), before);
		machine_check("after a shortage");
	} while (failed);
	assert_in_range(n, 40, MAX_ALLOCATIONS);
}

static bool some_of(long (*const *steps)(void), unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		long rc = steps[i]();

		/* A guest goes on after what it was refused. */
		assert_true(rc == 0 || rc == -ENOMEM);
	}
	until_failure = 0;
	return failed;
}

static void each_step_of_a_guest(void **state)
{
	static long (*const steps[])(void) = { open_channels, open_grants, say_something, map_grant,
					       exchange };
	unsigned n = 0;
	int before = 0;

	(void)state;
	do {
		guest = guest_create(GUEST, GUEST_ORDINARY, 64, 0);
		failed = false;
		until_failure = n;
		some_of(steps, ARRAY_SIZE(steps));
		guest_destroy(guest);
		machine_run(control->v);
		if (!n)
			before = machine_leaks();
		assert_int_equal(machine_leaks(), before);
		machine_check("after a shortage");
	} while (!n++ || failed);
	assert_in_range(n, 8, MAX_ALLOCATIONS);
}

/* The control domain grants one of its pages. */
static void grant_page(void)
{
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 1 };
	xen_pfn_t table;

	set_xen_guest_handle_raw(op.frame_list, (void *)guest_va(control, 1));
	assert_int_equal(
		hypercall3(grant_table_op, GNTTABOP_setup_table, guest_arg(control, op), 1), 0);
	memcpy(&table, guest_page(control, 1), sizeof(table));
	((grant_entry_v1_t *)machine_frame(table))[REFERENCE] = (grant_entry_v1_t){
		.flags = GTF_permit_access, .domid = GUEST, .frame = control->page[3]
	};
}

static int set_up(void **state)
{
	(void)state;
	machine_init();
	control = guest_create(CONTROL, GUEST_CONTROL, 64, 0);
	grant_page();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	guest_destroy(control);
	assert_int_equal(machine_leaks(), 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_step_of_making_a_domain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_step_of_a_guest, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
