/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: set-up, map and unmap. Tests of a known class of holes are
 * named after its Xen Security Advisory.
 */
#include <string.h>

#include "core/console.h"
#include "tests/unit/grant_test.h"

/* ---- tables ---- */

static void test_setup_table(void **state)
{
	struct pair *p = *state;
	struct guest *g = p->to;
	const uint32_t *frames = (void *)((char *)guest_page(g, 0) + 1024);
	struct gnttab_query_size size = { .dom = DOMID_SELF };

	assert_int_equal(setup_as(g, DOMID_SELF, 4), GNTST_okay);
	assert_int_equal(frames[3], grant_table_mfn(g->d, 3));
	/* The guest may map them writable, and make nothing else of them. */
	assert_int_equal(
		guest_update_va(guest_va(g, PLACE), pte_make(frames[0], PTE_P | PTE_RW), 0), 0);
	machine_check("a mapped grant table");
	assert_int_not_equal(guest_mmuext(g, MMUEXT_PIN_L1_TABLE, frames[1], 0), 0);
	/* Fewer are what there is. */
	assert_int_equal(setup_as(g, DOMID_SELF, 1), GNTST_okay);
	assert_int_equal(op1(g, GNTTABOP_query_size, &size, sizeof(size)), 0);
	assert_int_equal(size.status, GNTST_okay);
	assert_int_equal(size.nr_frames, 4);
	assert_int_equal(size.max_nr_frames, MAX_GRANT_FRAMES);
	assert_int_equal(setup_as(g, DOMID_SELF, MAX_GRANT_FRAMES + 1), GNTST_general_error);
	assert_int_equal(setup_as(g, 1, 1), GNTST_permission_denied);
	assert_int_equal(setup_as(g, 99, 1), GNTST_bad_domain);
	assert_int_equal(guest_unmap(g, PLACE), 0);
}

static void test_xsa26_255_384_486_501_version_1_only(void **state)
{
	struct pair *p = *state;
	struct gnttab_set_version set = { .version = 2 };
	struct gnttab_get_version get = { .dom = DOMID_SELF };

	assert_int_equal(op1(p->to, GNTTABOP_set_version, &set, sizeof(set)), -ENOSYS);
	set.version = 3;
	assert_int_equal(op1(p->to, GNTTABOP_set_version, &set, sizeof(set)), -EINVAL);
	set.version = 1;
	assert_int_equal(op1(p->to, GNTTABOP_set_version, &set, sizeof(set)), 0);
	assert_int_equal(op1(p->to, GNTTABOP_get_version, &get, sizeof(get)), 0);
	assert_int_equal(get.version, 1);
	assert_int_equal(hypercall3(grant_table_op, GNTTABOP_get_status_frames, guest_va(p->to, 0),
				    1),
			 -ENOSYS);
	/* And everything goes on. */
	assert_int_equal(setup_as(p->to, DOMID_SELF, 1), GNTST_okay);
}

static void test_xsa18_134_before_setup(void **state)
{
	struct pair *p = *state;
	struct gnttab_map_grant_ref op;

	assert_int_equal(hypercall3(grant_table_op, GNTTABOP_swap_grant_ref, guest_va(p->to, 0), 1),
			 -ENOSYS);
	op = map_place(p, PLACE, GNTMAP_host_map);
	assert_int_equal(op.status, GNTST_bad_gntref);
	op = map_at(p->to, guest_va(p->to, PLACE), GNTMAP_host_map, 1, ~0u);
	assert_int_equal(op.status, GNTST_bad_gntref);
	assert_int_equal(unmap(p->to, 0, 0, 0), GNTST_bad_handle);
	entry_of(p->from, 0);
	op = map_at(p->to, guest_va(p->to, PLACE), GNTMAP_host_map, 1, ~0u);
	assert_int_equal(op.status, GNTST_bad_gntref);
	op = map_at(p->to, guest_va(p->to, PLACE), GNTMAP_host_map, 1, GRANTS_PER_FRAME);
	assert_int_equal(op.status, GNTST_bad_gntref);
}

static void test_xsa24_odd_counts(void **state)
{
	static const uint32_t counts[] = { 0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0x08000000 };
	static const gva_t args[] = { 0, HV_START - 4, HV_START, 0xffffffff, GUEST_BASE };
	struct pair *p = *state;
	unsigned cmd, i, j;

	memset(guest_page(p->to, 0), 0xff, PAGE_SIZE);
	for (cmd = 0; cmd < 16; cmd++)
		for (i = 0; i < ARRAY_SIZE(counts); i++)
			for (j = 0; j < ARRAY_SIZE(args); j++) {
				long rc = hypercall3(grant_table_op, cmd, args[j], counts[i]);

				assert_true(rc <= 0);
				if ((int32_t)counts[i] < 0)
					assert_int_equal(rc, -EINVAL);
			}
}

/* ---- map and unmap ---- */

static void test_map_and_unmap(void **state)
{
	struct pair *p = *state;
	mfn_t frame = p->from->page[DATA];
	uint32_t refs = page_count(frame), word = 0xabcd;
	struct gnttab_map_grant_ref op;

	grant(p->from, REF, p->to, frame, 0);
	op = map_place(p, PLACE, GNTMAP_host_map);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(op.dev_bus_addr, (uint64_t)frame << PAGE_SHIFT);
	assert_int_equal(flags_of(p), GTF_reading | GTF_writing);
	machine_check("a map");
	assert_int_equal(machine_access(guest_va(p->to, PLACE), &word, 4, true), 0);
	assert_int_equal(*(uint32_t *)guest_page(p->from, DATA), word);
	assert_int_equal(unmap(p->to, op.handle, guest_va(p->to, PLACE), 0), GNTST_okay);
	assert_int_equal(flags_of(p), 0);
	assert_int_equal(page_count(frame), refs);
	assert_int_equal(machine_access(guest_va(p->to, PLACE), &word, 4, false), -EFAULT);
	assert_int_equal(unmap(p->to, op.handle, guest_va(p->to, PLACE), 0), GNTST_bad_handle);
}

static void test_read_only(void **state)
{
	struct pair *p = *state;
	uint32_t word = 1;
	struct gnttab_map_grant_ref op;

	grant(p->from, REF, p->to, p->from->page[DATA], GTF_readonly);
	op = map_place(p, PLACE, GNTMAP_host_map);
	assert_int_equal(op.status, GNTST_general_error);
	assert_int_equal(flags_of(p), 0);
	op = map_place(p, PLACE, GNTMAP_host_map | GNTMAP_readonly);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(flags_of(p), GTF_reading);
	assert_int_equal(machine_access(guest_va(p->to, PLACE), &word, 4, true), -EFAULT);
	assert_int_equal(machine_access(guest_va(p->to, PLACE), &word, 4, false), 0);
	assert_int_equal(unmap(p->to, op.handle, guest_va(p->to, PLACE), 0), GNTST_okay);
}

static void test_refusals(void **state)
{
	struct pair *p = *state;
	struct gnttab_map_grant_ref op;

	/* Granted to somebody else; nothing granted; a sub-page; not the granter's. */
	grant(p->from, REF, p->from, p->from->page[DATA], 0);
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_general_error);
	entry_of(p->from, REF)->flags = 0;
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_general_error);
	grant(p->from, REF, p->to, p->from->page[DATA], GTF_sub_page);
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_general_error);
	entry_of(p->from, REF)->flags = GTF_transitive;
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_general_error);
	grant(p->from, REF, p->to, p->to->page[DATA], 0);
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_bad_page);
	assert_int_equal(flags_of(p), 0);
	grant(p->from, REF, p->to, 1, 0);
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_bad_page);
	grant(p->from, REF, p->to, INVALID_MFN, 0);
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_bad_page);
	grant(p->from, REF, p->to, machine_ram_frames, 0);
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_bad_page);
	/* A page table may be read, not written. */
	grant(p->from, REF, p->to, p->from->page[p->from->l1[0]], 0);
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_general_error);
	assert_int_equal(flags_of(p), 0);
	op = map_place(p, PLACE, GNTMAP_host_map | GNTMAP_readonly);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(unmap(p->to, op.handle, guest_va(p->to, PLACE), 0), GNTST_okay);
	assert_int_equal(map_place(p, PLACE, 0).status, GNTST_bad_gntref);
	op = map_at(p->to, guest_va(p->to, PLACE), GNTMAP_host_map, DOMID_SELF, REF);
	assert_int_equal(op.status, GNTST_bad_domain);
}

static void test_self_grant(void **state)
{
	struct pair *p = *state;
	struct guest *g = p->to;
	struct gnttab_map_grant_ref op;

	grant(g, REF, g, g->page[DATA], 0);
	op = map_at(g, guest_va(g, PLACE), GNTMAP_host_map, g->d->id, REF);
	assert_int_equal(op.status, GNTST_okay);
	machine_check("a self-grant");
	assert_int_equal(machine_translate(guest_va(g, PLACE), true), g->page[DATA]);
	assert_int_equal(unmap(g, op.handle, guest_va(g, PLACE), 0), GNTST_okay);
}

static void test_map_over_a_present_entry(void **state)
{
	struct pair *p = *state;
	uint32_t refs = page_count(p->to->page[PLACE]);
	struct gnttab_map_grant_ref op;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	op = map_place(p, PLACE, GNTMAP_host_map);
	assert_int_equal(op.status, GNTST_okay);
	/* Its place held the guest's own page. */
	assert_int_equal(page_count(p->to->page[PLACE]), refs - 1);
	assert_int_equal(unmap(p->to, op.handle, guest_va(p->to, PLACE), 0), GNTST_okay);
}

static void test_avail_bits_and_application_map(void **state)
{
	struct pair *p = *state;
	struct gnttab_map_grant_ref op;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	op = map_place(p, PLACE,
		       GNTMAP_host_map | GNTMAP_application_map | 2u << _GNTMAP_guest_avail0);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(guest_l1e(p->to, guest_va(p->to, PLACE)) & (PTE_US | PTE_AVAIL),
			 PTE_US | 0x400);
	assert_int_equal(unmap(p->to, op.handle, guest_va(p->to, PLACE), 0), GNTST_okay);
}

static void test_bad_places(void **state)
{
	static const uint64_t bad[] = { 0x1000, HV_START, 0xfffff000, 0x100000000ull | GUEST_BASE,
					~0ull };
	struct pair *p = *state;
	uint32_t refs = page_count(p->from->page[DATA]);
	unsigned i;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(map_at(p->to, bad[i], GNTMAP_host_map, 1, REF).status < 0);
	assert_int_equal(page_count(p->from->page[DATA]), refs);
	assert_int_equal(flags_of(p), 0);
}

static void test_contains_pte(void **state)
{
	struct pair *p = *state;
	uint64_t pte = guest_l1e_maddr(p->to, guest_va(p->to, PLACE));
	struct gnttab_map_grant_ref op;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	op = map_at(p->to, pte, GNTMAP_host_map | GNTMAP_contains_pte, 1, REF);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(machine_translate(guest_va(p->to, PLACE), true), p->from->page[DATA]);
	machine_check("a map by entry");
	assert_int_equal(unmap(p->to, op.handle, pte, 0), GNTST_okay);
	/* In a page that is no L1 table in use, of another domain, or nowhere. */
	op = map_at(p->to, (uint64_t)p->to->page[DATA] << PAGE_SHIFT,
		    GNTMAP_host_map | GNTMAP_contains_pte, 1, REF);
	assert_int_equal(op.status, GNTST_general_error);
	op = map_at(p->to, (uint64_t)p->to->page[p->to->l2] << PAGE_SHIFT,
		    GNTMAP_host_map | GNTMAP_contains_pte, 1, REF);
	assert_int_equal(op.status, GNTST_general_error);
	op = map_at(p->to, guest_l1e_maddr(p->from, guest_va(p->from, PLACE)),
		    GNTMAP_host_map | GNTMAP_contains_pte, 1, REF);
	assert_int_equal(op.status, GNTST_general_error);
	op = map_at(p->to, ~7ull, GNTMAP_host_map | GNTMAP_contains_pte, 1, REF);
	assert_int_equal(op.status, GNTST_general_error);
}

static void test_xsa227_entry_address_not_aligned(void **state)
{
	struct pair *p = *state;
	uint64_t pte = guest_l1e_maddr(p->to, guest_va(p->to, PLACE));
	unsigned i;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	for (i = 1; i < 8; i++)
		assert_true(map_at(p->to, pte + i, GNTMAP_host_map | GNTMAP_contains_pte, 1, REF)
				    .status < 0);
	assert_int_equal(pte_mfn(guest_l1e(p->to, guest_va(p->to, PLACE))), p->to->page[PLACE]);
}

static void test_unmap_and_replace(void **state)
{
	struct pair *p = *state;
	struct guest *g = p->to;
	uint32_t refs = page_count(p->from->page[DATA]);
	struct gnttab_map_grant_ref op;
	struct gnttab_unmap_and_replace replace;

	grant(p->from, REF, g, p->from->page[DATA], 0);
	op = map_place(p, PLACE, GNTMAP_host_map);
	replace = (struct gnttab_unmap_and_replace){ .handle = op.handle,
						     .host_addr = guest_va(g, PLACE),
						     .new_addr = guest_va(g, PLACE2),
						     .status = 77 };
	assert_int_equal(op1(g, GNTTABOP_unmap_and_replace, &replace, sizeof(replace)), 0);
	assert_int_equal(replace.status, GNTST_okay);
	assert_int_equal(machine_translate(guest_va(g, PLACE), true), g->page[PLACE2]);
	assert_int_equal(machine_translate(guest_va(g, PLACE2), false), INVALID_MFN);
	assert_int_equal(page_count(p->from->page[DATA]), refs);
}

static void test_xsa218_224_236_394_counts_of_both_kinds(void **state)
{
	static const uint32_t kinds[] = { GNTMAP_host_map, GNTMAP_device_map,
					  GNTMAP_host_map | GNTMAP_device_map };
	struct pair *p = *state;
	mfn_t frame = p->from->page[DATA];
	uint32_t refs = page_count(frame), types = page_type_count(frame);
	uint64_t dev = (uint64_t)frame << PAGE_SHIFT;
	unsigned i, readonly, order;

	grant(p->from, REF, p->to, frame, 0);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		for (readonly = 0; readonly < 2; readonly++)
			for (order = 0; order < 2; order++) {
				struct gnttab_map_grant_ref op = map_place(
					p, PLACE, kinds[i] | (readonly ? GNTMAP_readonly : 0));

				assert_int_equal(op.status, GNTST_okay);
				machine_check("a map of some kind");
				/* In two steps, twice each. */
				assert_int_equal(unmap(p->to, op.handle, 0, 0), GNTST_okay);
				(void)unmap(p->to, op.handle, order ? 0 : guest_va(p->to, PLACE),
					    order ? dev : 0);
				(void)unmap(p->to, op.handle, order ? 0 : guest_va(p->to, PLACE),
					    order ? dev : 0);
				machine_check("half an unmap");
				(void)unmap(p->to, op.handle, order ? guest_va(p->to, PLACE) : 0,
					    order ? 0 : dev);
				(void)unmap(p->to, op.handle, order ? guest_va(p->to, PLACE) : 0,
					    order ? 0 : dev);
				assert_int_equal(unmap(p->to, op.handle, 0, 0), GNTST_bad_handle);
				assert_int_equal(page_count(frame), refs);
				assert_int_equal(page_type_count(frame), types);
				assert_int_equal(flags_of(p), 0);
			}
	assert_int_equal(unmap(p->to, 12345, 0, 0), GNTST_bad_handle);
	assert_int_equal(unmap(p->to, ~0u, 0, 0), GNTST_bad_handle);
}

static void test_xsa234_entry_changed_by_other_means(void **state)
{
	struct pair *p = *state;
	struct guest *g = p->to;
	mfn_t frame = p->from->page[DATA];
	uint32_t refs = page_count(frame);
	struct gnttab_map_grant_ref op;

	grant(p->from, REF, g, frame, 0);
	op = map_place(p, PLACE, GNTMAP_host_map | GNTMAP_readonly);
	/* No right is gained. */
	assert_int_not_equal(guest_set_l1e(g, guest_va(g, PLACE), pte_make(frame, PTE_P | PTE_RW)),
			     0);
	assert_int_not_equal(guest_set_l1e(g, guest_va(g, PLACE2), pte_make(frame, PTE_P)), 0);
	machine_check("attempts");
	/* The entry goes, and the handle cannot find it any more, but keeps the frame. */
	assert_int_equal(guest_set_l1e(g, guest_va(g, PLACE), 0), 0);
	assert_int_equal(unmap(g, op.handle, guest_va(g, PLACE), 0), GNTST_general_error);
	machine_check("a lost mapping");
	assert_int_equal(page_count(frame), refs + 1);
	/* Another entry of its own in that place is not taken for it. */
	assert_int_equal(guest_set_l1e(g, guest_va(g, PLACE), pte_make(g->page[DATA2], PTE_P)), 0);
	assert_int_equal(unmap(g, op.handle, guest_va(g, PLACE), 0), GNTST_general_error);
}

static void test_xsa230_316_marks_and_statuses(void **state)
{
	struct pair *p = *state;
	struct gnttab_map_grant_ref a, b, c;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	a = map_place(p, PLACE, GNTMAP_host_map | GNTMAP_readonly);
	assert_int_equal(flags_of(p), GTF_reading);
	b = map_place(p, PLACE2, GNTMAP_host_map);
	assert_int_equal(flags_of(p), GTF_reading | GTF_writing);
	c = map_place(p, DATA2, GNTMAP_host_map);
	assert_int_equal(unmap(p->to, b.handle, guest_va(p->to, PLACE2), 0), GNTST_okay);
	assert_int_equal(flags_of(p), GTF_reading | GTF_writing);
	assert_int_equal(unmap(p->to, c.handle, guest_va(p->to, DATA2), 0), GNTST_okay);
	assert_int_equal(flags_of(p), GTF_reading);
	assert_int_equal(unmap(p->to, a.handle, guest_va(p->to, PLACE), 0), GNTST_okay);
	assert_int_equal(flags_of(p), 0);
	/* A failed map leaves no mark. */
	assert_true(map_at(p->to, 0x1000, GNTMAP_host_map, 1, REF).status < 0);
	assert_int_equal(flags_of(p), 0);
}

static void test_xsa232_domains_without_a_table(void **state)
{
	static const domid_t ids[] = { DOMID_IO,   DOMID_XEN, DOMID_COW, DOMID_INVALID,
				       DOMID_IDLE, 5,	      0 };
	struct pair *p = *state;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(
			map_at(p->to, guest_va(p->to, PLACE), GNTMAP_host_map, ids[i], 0).status,
			GNTST_bad_domain);
}

static void test_xsa500_entry_changes_after_the_first_use(void **state)
{
	struct pair *p = *state;
	struct grant_entry_v1 *e;
	struct gnttab_map_grant_ref a, b;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	a = map_place(p, PLACE, GNTMAP_host_map | GNTMAP_readonly);
	assert_int_equal(a.status, GNTST_okay);
	/* The frame that counts is the one found first. */
	e = entry_of(p->from, REF);
	e->frame = p->from->page[DATA2];
	b = map_place(p, PLACE2, GNTMAP_host_map | GNTMAP_readonly);
	assert_int_equal(b.status, GNTST_okay);
	assert_int_equal(b.dev_bus_addr, a.dev_bus_addr);
	e->flags = 0;
	e->domid = 77;
	assert_int_equal(unmap(p->to, a.handle, guest_va(p->to, PLACE), 0), GNTST_okay);
	assert_int_equal(unmap(p->to, b.handle, guest_va(p->to, PLACE2), 0), GNTST_okay);
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map | GNTMAP_readonly).status,
			 GNTST_general_error);
}

static void test_xsa380_382_many_maps(void **state)
{
	struct pair *p = *state;
	struct gnttab_map_grant_ref op;
	unsigned n = 0, made = 0, ref;

	for (ref = 0; ref < GRANTS_PER_FRAME; ref++)
		grant(p->from, ref, p->to, p->from->page[DATA], 0);
	/* As many handles as an ordinary domain may have; each entry a few times. */
	for (;; made++) {
		op = map_at(p->to, 0, GNTMAP_device_map | GNTMAP_readonly, 1,
			    made % GRANTS_PER_FRAME);
		if (op.status != GNTST_okay)
			break;
		assert_int_equal(op.handle < 65536, true);
	}
	assert_int_equal(op.status, GNTST_no_space);
	assert_true(made >= 1024 && made <= 65536);
	machine_check("many handles");
	for (n = 0; n < made; n++)
		assert_int_equal(unmap(p->to, n, 0, (uint64_t)p->from->page[DATA] << PAGE_SHIFT),
				 GNTST_okay);
	assert_int_equal(page_count(p->from->page[DATA]), 2);
}

static void test_pins_of_an_entry_do_not_overflow(void **state)
{
	struct pair *p = *state;
	unsigned n = 0;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	while (map_at(p->to, 0, GNTMAP_device_map, 1, REF).status == GNTST_okay)
		n++;
	assert_true(n >= 127 && n < 256);
	machine_check("many pins");
}

static void test_unmap_flushes(void **state)
{
	struct pair *p = *state;
	uint32_t word = 5;
	struct gnttab_map_grant_ref op;

	grant(p->from, REF, p->to, p->from->page[DATA], 0);
	op = map_place(p, PLACE, GNTMAP_host_map);
	assert_int_equal(machine_access(guest_va(p->to, PLACE), &word, 4, true), 0);
	assert_int_equal(unmap(p->to, op.handle, guest_va(p->to, PLACE), 0), GNTST_okay);
	assert_int_equal(machine_access(guest_va(p->to, PLACE), &word, 4, true), -EFAULT);
}

/* ---- ends ---- */

/* Does the answer to debug key d contain this? */
static bool console_says(const char *text)
{
	static char ring[65536 + 1];
	uint32_t index = 0;

	console_ring_read(ring, 1, &index, true);
	debug_key('d');
	index = 0;
	ring[console_ring_read(ring, sizeof(ring) - 1, &index, false)] = '\0';
	return strstr(ring, text);
}

static void test_the_granter_dies_first(void **state)
{
	struct pair *p = *state;
	mfn_t frame = p->from->page[DATA];
	struct gnttab_map_grant_ref op;
	uint32_t word = 0x77;

	grant(p->from, REF, p->to, frame, 0);
	op = map_place(p, PLACE, GNTMAP_host_map);
	guest_destroy(p->from);
	p->from = NULL;
	machine_run(p->to->v);
	machine_check("the granter's end");
	assert_true(console_says("held by domain 2: 1 grants"));
	assert_int_equal(machine_access(guest_va(p->to, PLACE), &word, 4, true), 0);
	assert_int_equal(unmap(p->to, op.handle, guest_va(p->to, PLACE), 0), GNTST_okay);
	assert_int_equal(page_count(frame), 0);
}

static void test_the_mapper_dies_first(void **state)
{
	struct pair *p = *state;
	mfn_t frame = p->from->page[DATA];

	grant(p->from, REF, p->to, frame, 0);
	assert_int_equal(map_place(p, PLACE, GNTMAP_host_map).status, GNTST_okay);
	assert_int_equal(
		map_place(p, PLACE2, GNTMAP_host_map | GNTMAP_device_map | GNTMAP_readonly).status,
		GNTST_okay);
	guest_destroy(p->to);
	p->to = NULL;
	assert_int_equal(page_count(frame), 2);
	assert_int_equal(flags_of(p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_setup_table),
		PAIR_TEST(test_xsa26_255_384_486_501_version_1_only),
		PAIR_TEST(test_xsa18_134_before_setup),
		PAIR_TEST(test_xsa24_odd_counts),
		PAIR_TEST(test_map_and_unmap),
		PAIR_TEST(test_read_only),
		PAIR_TEST(test_refusals),
		PAIR_TEST(test_self_grant),
		PAIR_TEST(test_map_over_a_present_entry),
		PAIR_TEST(test_avail_bits_and_application_map),
		PAIR_TEST(test_bad_places),
		PAIR_TEST(test_contains_pte),
		PAIR_TEST(test_xsa227_entry_address_not_aligned),
		PAIR_TEST(test_unmap_and_replace),
		PAIR_TEST(test_xsa218_224_236_394_counts_of_both_kinds),
		PAIR_TEST(test_xsa234_entry_changed_by_other_means),
		PAIR_TEST(test_xsa230_316_marks_and_statuses),
		PAIR_TEST(test_xsa232_domains_without_a_table),
		PAIR_TEST(test_xsa500_entry_changes_after_the_first_use),
		PAIR_TEST(test_xsa380_382_many_maps),
		PAIR_TEST(test_pins_of_an_entry_do_not_overflow),
		PAIR_TEST(test_unmap_flushes),
		PAIR_TEST(test_the_granter_dies_first),
		PAIR_TEST(test_the_mapper_dies_first),
	};

	machine_ram_frames = 2048;
	machine_init();
	return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
